from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations


class Migration(migrations.Migration):
    """Transfers are found by account through a summary of pages: nothing to keep in order when one is added."""

    dependencies = (("ledger", "0003_cheaper_posting"),)
    operations = (
        migrations.RemoveIndex(model_name="transfer", name="ledger_transfer_account"),
        migrations.AddIndex(
            model_name="transfer",
            index=BrinIndex(
                fields=["account_id"],
                name="ledger_transfer_of_account",
                opclasses=["int8_bloom_ops"],
                autosummarize=True,
                pages_per_range=32,
            ),
        ),
    )
