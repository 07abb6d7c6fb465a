from django.apps import AppConfig


class BondedConfig(AppConfig):
    name = "silkgate.bonded"
    label = "bonded"

    def ready(self) -> None:
        from silkgate.bonded.storage import workflows
        from silkgate.ui.context import FIRM, OFFICE, offer

        workflows.declare()
        offer("storage", "暂存与分送集报", "Storage", group=FIRM, action="bonded.storage.own", place=35)
        also = ("/storage/guarantees",)
        offer(
            "storage-watch",
            "暂存监管",
            "Goods in storage",
            group=OFFICE,
            action="bonded.storage.watch",
            place=35,
            also=also,
        )
