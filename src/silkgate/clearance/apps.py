from django.apps import AppConfig


class ClearanceConfig(AppConfig):
    name = "silkgate.clearance"
    label = "clearance"
