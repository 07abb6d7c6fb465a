from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "silkgate.registry"
    label = "registry"

    def ready(self) -> None:
        from silkgate.identity.api import ON_FILE
        from silkgate.registry import workflows
        from silkgate.ui.context import FIRM, OFFICE, offer

        workflows.declare()
        also = ("/goods", "/permits")
        offer("registry-filings", "企业备案", "Filing", group=FIRM, action="registry.filings", place=15, also=also)
        also = ("/classes", "/permits")
        offer(
            "registry-register", "企业名录", "Register", group=OFFICE, action="registry.register", place=30, also=also
        )
        ON_FILE.append(_is_on_file)


def _is_on_file(code: str) -> bool:
    """Whoever registers an organisation by a code of this zone has to show first who they are."""
    from silkgate.registry.models import Enterprise

    return Enterprise.objects.filter(code=code).exists()
