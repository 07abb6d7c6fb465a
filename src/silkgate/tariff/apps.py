from django.apps import AppConfig


class TariffConfig(AppConfig):
    name = "silkgate.tariff"
    label = "tariff"
