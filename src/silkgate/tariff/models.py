"""Dated rates and prohibitions. Rows are never edited: a change ends one period and begins the next."""

from django.db import models


class Rate(models.Model):
    """Rates of one commodity code over one period. Periods of one code never overlap (`sql/periods.sql`)."""

    id = models.BigAutoField(primary_key=True)
    gcode = models.TextField(db_comment="commodity code, digits only; ten in declarations")
    name = models.TextField(blank=True)
    duty_rate = models.DecimalField(max_digits=12, decimal_places=6, db_comment="fraction of the dutiable value")
    vat_rate = models.DecimalField(max_digits=12, decimal_places=6, db_comment="fraction")
    consumption_rate = models.DecimalField(max_digits=12, decimal_places=6, db_comment="fraction, below 1")
    consumption_specific = models.DecimalField(max_digits=20, decimal_places=6, db_comment="CNY per unit1")
    consumption_threshold = models.DecimalField(
        max_digits=22, decimal_places=8, db_comment="CNY per unit1 from which consumption tax applies; 0: always"
    )
    unit1 = models.TextField(blank=True, db_comment="first statutory unit, customs code")
    unit2 = models.TextField(blank=True, db_comment="second statutory unit, customs code; empty: none")
    listed_modes = models.TextField(blank=True, db_comment="9610;1210 as on the retail import list; empty: not on it")
    valid_from = models.DateField(db_comment="first day in force")
    valid_to = models.DateField(null=True, db_comment="last day in force, included; null: open")
    source = models.TextField(db_comment="where the row was read")
    verified = models.BooleanField(db_comment="whether the rates were read in a source")

    class Meta:
        db_table = "tariff_rate"
        indexes = (models.Index(fields=("gcode", "valid_from"), name="tariff_rate_code"),)
        constraints = (
            models.CheckConstraint(name="tariff_rate_digits", condition=models.Q(gcode__regex=r"^[0-9]{2,18}$")),
            models.CheckConstraint(
                name="tariff_rate_not_negative",
                condition=models.Q(
                    duty_rate__gte=0,
                    vat_rate__gte=0,
                    consumption_rate__gte=0,
                    consumption_rate__lt=1,
                    consumption_specific__gte=0,
                    consumption_threshold__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="tariff_rate_period",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.gcode} {self.valid_from}"


class Prohibited(models.Model):
    """Goods under a prefix that may not enter as retail imports over one period."""

    id = models.BigAutoField(primary_key=True)
    gcode_prefix = models.TextField(db_comment="leading digits of the commodity code")
    reason = models.TextField(db_comment="as the declarant reads it")
    valid_from = models.DateField(db_comment="first day in force")
    valid_to = models.DateField(null=True, db_comment="last day in force, included; null: open")

    class Meta:
        db_table = "tariff_prohibited"
        constraints = (
            models.CheckConstraint(
                name="tariff_prohibited_digits", condition=models.Q(gcode_prefix__regex=r"^[0-9]{2,18}$")
            ),
            models.CheckConstraint(
                name="tariff_prohibited_period",
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=models.F("valid_from")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.gcode_prefix} {self.valid_from}"


class Revision(models.Model):
    """One row whose token is new after every change of the tables above (triggers of `sql/revision.sql`)."""

    id = models.SmallIntegerField(primary_key=True, db_comment="always 1")
    token = models.UUIDField(db_comment="new at every change; what was read under one token belongs together")

    class Meta:
        db_table = "tariff_revision"
        constraints = (models.CheckConstraint(name="tariff_revision_one_row", condition=models.Q(id=1)),)

    def __str__(self) -> str:
        return str(self.token)
