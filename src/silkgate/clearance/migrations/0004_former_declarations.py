from django.db import migrations, models


class Migration(migrations.Migration):
    """Who searches for an order finds what was declared again as well; there are few of those, so the index is small."""

    dependencies = (("clearance", "0003_engine_lease"),)
    operations = (
        migrations.AddIndex(
            model_name="declaration",
            index=models.Index(
                condition=models.Q(("current", False)), fields=["order_no"], name="clearance_declaration_former"
            ),
        ),
    )
