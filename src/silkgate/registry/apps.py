from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "silkgate.registry"
    label = "registry"
