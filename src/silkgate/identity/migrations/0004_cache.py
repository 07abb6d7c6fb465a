from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's database cache: how often somebody has tried to sign in, which codes were used."""

    dependencies = [("identity", "0003_clients")]

    operations = [
        migrations.RunSQL(
            """CREATE UNLOGGED TABLE identity_cache (
                   cache_key varchar(255) PRIMARY KEY,
                   value text NOT NULL,
                   expires timestamptz NOT NULL
               );
               CREATE INDEX identity_cache_expires ON identity_cache (expires)""",
            "DROP TABLE identity_cache",
        ),
    ]
