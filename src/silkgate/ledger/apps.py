from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "silkgate.ledger"
    label = "ledger"
