import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    """An index by subject that costs next to nothing, and room on each page for accounts to change in place."""

    dependencies = (("ledger", "0002_append_only"),)
    operations = (
        migrations.RemoveIndex(model_name="transfer", name="ledger_transfer_reference"),
        migrations.AddIndex(
            model_name="transfer",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["reference_id"], name="ledger_transfer_subject"),
        ),
        migrations.RunSQL(
            "alter table ledger_account set (fillfactor = 80)", "alter table ledger_account reset (fillfactor)"
        ),
    )
