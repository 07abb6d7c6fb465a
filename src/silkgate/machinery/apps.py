from django.apps import AppConfig


class MachineryConfig(AppConfig):
    name = "silkgate.machinery"
    label = "machinery"
