from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "silkgate.portal"
    label = "portal"
