from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    name = "silkgate.casework"
    label = "casework"

    def ready(self) -> None:
        from silkgate.ui.context import FIRM, OFFICE, offer

        offer("work", "待办", "Work list", group=OFFICE, action="casework.work", place=10)
        offer("cases", "我的事项", "Our cases", group=FIRM, action="casework.own", place=10)
