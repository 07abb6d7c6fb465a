from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "silkgate.exchange"
    label = "exchange"

    def ready(self) -> None:
        from silkgate.ui.context import FIRM, offer

        offer("webhooks", "事件推送", "Webhooks", group=FIRM, action="exchange.webhooks", place=80)
