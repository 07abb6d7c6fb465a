from django.db import migrations


class Migration(migrations.Migration):
    """Segments are compressed already: the database need not try again (its pglz costs more than all our own work)."""

    dependencies = (("exchange", "0001_initial"),)
    operations = (
        migrations.RunSQL(
            """
            alter table exchange_segment alter column body set storage external,
                alter column recognised set storage external;
            alter table exchange_receiptsegment alter column body set storage external;
            """,
            migrations.RunSQL.noop,
        ),
    )
