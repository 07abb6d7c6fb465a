from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    name = "silkgate.programmes"
    label = "programmes"

    def ready(self) -> None:
        from silkgate.programmes import workflows
        from silkgate.ui.context import FIRM, SERVICES, offer

        workflows.declare()
        offer("market", "服务市场", "Market of services", group=SERVICES, place=30)
        also = ("/market/enquire", "/market/enquiries", "/market/orders")
        offer(
            "market-desk",
            "询价和订单",
            "Enquiries and orders",
            group=FIRM,
            action="programmes.trade",
            place=50,
            also=also,
        )
        offer("market-offering", "提供的服务", "Services offered", group=FIRM, action="programmes.trade", place=51)
