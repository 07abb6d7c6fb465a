from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "silkgate.portal"
    label = "portal"

    def ready(self) -> None:
        from silkgate.ui.context import FIRM, OFFICE, OPEN, offer

        offer("services", "办事指南", "Service guide", place=10)
        own = "portal.declarations"
        offer("my-declarations", "我的清单", "Our declarations", group=FIRM, action=own, place=25)
        offer("my-messages", "我的报文", "Our messages", group=FIRM, action=own, place=30)
        offer("my-balances", "我的余额", "Our balances", group=FIRM, action="portal.balances", place=35)
        offer("live", "实时通关", "Live clearance", group=OPEN, place=10)
        offer("messages", "报文", "Messages", group=OPEN, place=30)
        offer("rules", "规则", "Rules", group=OPEN, place=40)
        offer("log", "验证回执", "Verify a receipt", group=OPEN, place=50)
        offer("help", "帮助", "Help", group=OPEN, place=55, also=("/problems",))
        offer("status", "运行状态", "Service status", group=OPEN, place=60)
        offer("operations", "运行监测", "Operations", group=OFFICE, action="portal.operations", place=40)
