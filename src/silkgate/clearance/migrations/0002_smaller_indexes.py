from django.db import migrations, models

from silkgate.clearance.models import hashed


class Migration(migrations.Migration):
    """Two indexes that need not be unique hold a hash of one column instead of two texts: see decisions/0014."""

    dependencies = (("clearance", "0001_initial"),)
    operations = (
        migrations.RemoveIndex(model_name="payment", name="clearance_payment_order"),
        migrations.AddIndex(
            model_name="payment", index=models.Index(hashed("order_no"), name="clearance_payment_of_order")
        ),
        migrations.RemoveIndex(model_name="declaration", name="clearance_declaration_waybill"),
        migrations.AddIndex(
            model_name="declaration", index=models.Index(hashed("logistics_no"), name="clearance_declaration_parcel")
        ),
    )
