from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "silkgate.drafts"
    label = "drafts"

    def ready(self) -> None:
        from silkgate.ui.context import FIRM, offer

        offer("drafts", "手工申报", "Declare by hand", group=FIRM, action="drafts.list", place=20)
