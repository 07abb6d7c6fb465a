from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "silkgate.casework"
    label = "casework"
