from django.db import migrations

FORWARD = """
create trigger append_only before update or delete or truncate on casework_step
    for each statement execute function journal_refuse_change();
"""


class Migration(migrations.Migration):
    """A step stays as it was made: who decided what, for which reason, on which rule."""

    dependencies = (("casework", "0001_initial"), ("journal", "0002_append_only"))
    operations = (migrations.RunSQL(FORWARD, "drop trigger append_only on casework_step"),)
