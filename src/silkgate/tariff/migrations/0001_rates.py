from importlib.resources import files

from django.db import migrations, models


def _sql(name: str) -> list[str]:
    """A script as one statement list: handed to the server as it stands, functions and all."""
    return [files("silkgate.tariff.sql").joinpath(name).read_text(encoding="utf-8")]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Prohibited',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('gcode_prefix', models.TextField(db_comment='leading digits of the commodity code')),
                ('reason', models.TextField(db_comment='as the declarant reads it')),
                ('valid_from', models.DateField(db_comment='first day in force')),
                ('valid_to', models.DateField(db_comment='last day in force, included; null: open', null=True)),
            ],
            options={
                'db_table': 'tariff_prohibited',
                'constraints': [models.CheckConstraint(condition=models.Q(('gcode_prefix__regex', '^[0-9]{2,18}$')), name='tariff_prohibited_digits'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='tariff_prohibited_period')],
            },
        ),
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('gcode', models.TextField(db_comment='commodity code, digits only; ten in declarations')),
                ('name', models.TextField(blank=True)),
                ('duty_rate', models.DecimalField(db_comment='fraction of the dutiable value', decimal_places=6, max_digits=12)),
                ('vat_rate', models.DecimalField(db_comment='fraction', decimal_places=6, max_digits=12)),
                ('consumption_rate', models.DecimalField(db_comment='fraction, below 1', decimal_places=6, max_digits=12)),
                ('consumption_specific', models.DecimalField(db_comment='CNY per unit1', decimal_places=6, max_digits=20)),
                ('consumption_threshold', models.DecimalField(db_comment='CNY per unit1 from which consumption tax applies; 0: always', decimal_places=8, max_digits=22)),
                ('unit1', models.TextField(blank=True, db_comment='first statutory unit, customs code')),
                ('unit2', models.TextField(blank=True, db_comment='second statutory unit, customs code; empty: none')),
                ('listed_modes', models.TextField(blank=True, db_comment='9610;1210 as on the retail import list; empty: not on it')),
                ('valid_from', models.DateField(db_comment='first day in force')),
                ('valid_to', models.DateField(db_comment='last day in force, included; null: open', null=True)),
                ('source', models.TextField(db_comment='where the row was read')),
                ('verified', models.BooleanField(db_comment='whether the rates were read in a source')),
            ],
            options={
                'db_table': 'tariff_rate',
                'indexes': [models.Index(fields=['gcode', 'valid_from'], name='tariff_rate_code')],
                'constraints': [models.CheckConstraint(condition=models.Q(('gcode__regex', '^[0-9]{2,18}$')), name='tariff_rate_digits'), models.CheckConstraint(condition=models.Q(('consumption_rate__gte', 0), ('consumption_rate__lt', 1), ('consumption_specific__gte', 0), ('consumption_threshold__gte', 0), ('duty_rate__gte', 0), ('vat_rate__gte', 0)), name='tariff_rate_not_negative'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='tariff_rate_period')],
            },
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.SmallIntegerField(db_comment='always 1', primary_key=True, serialize=False)),
                ('token', models.UUIDField(db_comment='new at every change; what was read under one token belongs together')),
            ],
            options={
                'db_table': 'tariff_revision',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='tariff_revision_one_row')],
            },
        ),
        migrations.RunSQL(_sql("periods.sql"), _sql("periods_down.sql")),
        migrations.RunSQL(_sql("revision.sql"), _sql("revision_down.sql")),
    ]
