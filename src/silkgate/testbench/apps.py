from django.apps import AppConfig


class TestbenchConfig(AppConfig):
    name = "silkgate.testbench"
    label = "testbench"

    def ready(self) -> None:
        from silkgate.ui.context import SERVICES, offer

        offer("testbench", "测试台", "Test bench", group=SERVICES, place=40)
