from django.apps import AppConfig


class BondedConfig(AppConfig):
    name = "silkgate.bonded"
    label = "bonded"
