from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "silkgate.exchange"
    label = "exchange"
