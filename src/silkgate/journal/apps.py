from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "silkgate.journal"
    label = "journal"
