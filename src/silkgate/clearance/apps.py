from django.apps import AppConfig


class ClearanceConfig(AppConfig):
    name = "silkgate.clearance"
    label = "clearance"

    def ready(self) -> None:
        from silkgate.clearance.consumer import objections
        from silkgate.ui.context import OFFICE, OPEN, offer

        offer("declarations", "清单", "Declarations", group=OPEN, place=20)
        offer("officer", "关员工作台", "Officer’s desk", group=OFFICE, action="clearance.decide", place=20)
        offer("allowance", "我的年度额度", "My yearly allowance", place=45)
        objections.declare()
