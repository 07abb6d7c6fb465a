from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    name = "silkgate.programmes"
    label = "programmes"

    def ready(self) -> None:
        from silkgate.programmes import workflows

        workflows.declare()
