from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "silkgate.drafts"
    label = "drafts"
