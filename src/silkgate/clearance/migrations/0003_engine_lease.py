from django.db import migrations, models


class Migration(migrations.Migration):
    """The engine holds a lease with a number that only grows: see decisions/0015."""

    dependencies = (("clearance", "0002_smaller_indexes"),)
    operations = (
        migrations.AddField(
            model_name="enginecursor",
            name="epoch",
            field=models.BigIntegerField(default=0, db_default=0, db_comment="number of the engine's lease"),
        ),
        migrations.AddField(
            model_name="enginecursor",
            name="leased_until",
            field=models.DateTimeField(null=True, db_comment="when another engine may take over"),
        ),
    )
