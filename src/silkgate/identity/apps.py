from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "silkgate.identity"
    label = "identity"
