from django.db import migrations, models


class Migration(migrations.Migration):
    """How far a carrier of messages has been read and written, and where messages without a sender came from."""

    dependencies = (("exchange", "0002_segments_stay_as_they_are"),)
    operations = (
        migrations.AlterField(
            "message",
            "channel",
            models.TextField(db_comment="http, folder, nats or cli"),
        ),
        migrations.CreateModel(
            name="CarrierPlace",
            fields=[
                (
                    "name",
                    models.TextField(
                        db_comment="stream, its identity, and the firm whose messages it carries",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "sequence",
                    models.BigIntegerField(
                        db_comment="of the last message that is in the inbox, or of the last receipt that left"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CarrierOrigin",
            fields=[
                ("message_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("code", models.TextField(db_comment="of the firm that published it")),
            ],
        ),
    )
