from django.apps import AppConfig


class RiskConfig(AppConfig):
    name = "silkgate.risk"
    label = "risk"
