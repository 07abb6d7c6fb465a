from django.db import migrations

FORWARD = """
create function ledger_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are only ever added', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;
create trigger append_only before update or delete or truncate on TABLE
    for each statement execute function ledger_refuse_change();
"""


class Migration(migrations.Migration):
    """What was recorded stays as it was recorded, whatever a program or a person at the prompt tries."""

    dependencies = (("ledger", "0001_initial"),)
    operations = (
        migrations.RunSQL(
            FORWARD.replace("TABLE", "ledger_transfer"),
            "drop function ledger_refuse_change() cascade",
        ),
    )
