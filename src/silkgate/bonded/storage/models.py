"""Goods in storage. What is left of a line, and of a guarantee, are accounts of the ledger."""

from django.db import models
from django.db.models import Q


class StorageCover(models.Model):
    """The guarantee of an owner for what is stored; its row is locked by whoever changes anything of that owner."""

    id = models.BigAutoField(primary_key=True)
    owner_code = models.TextField(unique=True)
    account_id = models.BigIntegerField(unique=True, db_comment="ledger_account.id: cents CNY")


class StorageLetter(models.Model):
    """A letter of guarantee that was lodged; all of an owner's together are the capacity of the account."""

    id = models.BigAutoField(primary_key=True)
    cover = models.ForeignKey(StorageCover, models.PROTECT)
    number = models.TextField(db_comment="of the bank's or insurer's letter")
    amount_cents = models.BigIntegerField()
    lodged_by = models.TextField(db_comment="user name")
    lodged_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["number"], name="bonded_storageletter_once"),
            models.CheckConstraint(condition=Q(amount_cents__gt=0), name="bonded_storageletter_something"),
        )


class StorageLot(models.Model):
    """Goods that entered storage together."""

    id = models.BigAutoField(primary_key=True)
    owner_code = models.TextField()
    number = models.TextField(db_comment="the owner's own")
    warehouse_code = models.TextField()
    ems_no = models.TextField(db_comment="account book of the warehouse")
    entered_on = models.DateField(db_comment="day in China, of whose tariff duty and taxes are")
    limit_on = models.DateField(db_comment="last day of its stay")
    late_told_on = models.DateField(null=True, db_comment="limit_on about which a case was raised; null: none")
    tariff_version = models.TextField()
    content = models.TextField(db_comment="SHA-256 of what was sent, to know it when it is sent again")
    entered_by = models.TextField(db_comment="user name or client")
    entered_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["owner_code", "ems_no", "entered_on", "id"], name="bonded_storagelot_fifo"),
            models.Index(fields=["owner_code", "-id"], name="bonded_storagelot_of_owner"),
            models.Index(fields=["limit_on", "id"], name="bonded_storagelot_limit"),
            models.Index(fields=["ems_no"], name="bonded_storagelot_book"),
        )
        constraints = (models.UniqueConstraint(fields=["owner_code", "number"], name="bonded_storagelot_once"),)


class StorageLine(models.Model):
    """Goods of one line of a lot. Never changed: what leaves is a transfer of its account."""

    id = models.BigAutoField(primary_key=True)
    lot = models.ForeignKey(StorageLot, models.PROTECT, related_name="lines")
    place = models.IntegerField(db_comment="within the lot, from 1")
    item_no = models.TextField()
    gcode = models.TextField(db_comment="ten digits, in the tariff on the day of entry")
    name = models.TextField()
    unit = models.TextField(db_comment="customs code")
    unit1 = models.TextField(db_comment="first statutory unit of the code on the day of entry")
    origin = models.TextField(db_comment="customs code of the country")
    quantity_e5 = models.BigIntegerField(db_comment="0.00001 of the unit")
    statutory_e5 = models.BigIntegerField(db_comment="0.00001 of unit1")
    value_cents = models.BigIntegerField(db_comment="CNY")
    duty_cents = models.BigIntegerField(db_comment="what would fall due on the day of entry")
    consumption_tax_cents = models.BigIntegerField()
    value_added_tax_cents = models.BigIntegerField()
    account_id = models.BigIntegerField(unique=True, db_comment="ledger_account.id: 0.00001 of the unit")

    class Meta:
        indexes = (models.Index(fields=["item_no", "lot"], name="bonded_storageline_item"),)
        constraints = (
            models.UniqueConstraint(fields=["lot", "place"], name="bonded_storageline_place"),
            models.CheckConstraint(
                condition=Q(quantity_e5__gt=0, statutory_e5__gt=0, value_cents__gt=0, duty_cents__gte=0)
                & Q(consumption_tax_cents__gte=0, value_added_tax_cents__gte=0),
                name="bonded_storageline_amounts",
            ),
        )

    @property
    def guarantee_cents(self) -> int:
        """What the line binds: everything that would fall due."""
        return self.duty_cents + self.consumption_tax_cents + self.value_added_tax_cents


class StorageDraw(models.Model):
    """An order or delivery that took goods out of storage."""

    id = models.BigAutoField(primary_key=True)
    owner_code = models.TextField()
    ems_no = models.TextField()
    number = models.TextField(db_comment="the sender's own")
    direction = models.TextField(db_comment="import or export")
    month = models.DateField(db_comment="first day of the month in which it was drawn")
    content = models.TextField(db_comment="SHA-256 of what was sent, to know it when it is sent again")
    drawn_by = models.TextField(db_comment="user name or client")
    drawn_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["owner_code", "ems_no", "month"], name="bonded_storagedraw_period"),
            models.Index(fields=["owner_code", "-id"], name="bonded_storagedraw_of_owner"),
        )
        constraints = (models.UniqueConstraint(fields=["owner_code", "number"], name="bonded_storagedraw_once"),)


class StorageDeclaration(models.Model):
    """A consolidated declaration of what was drawn in a month. Never changed."""

    id = models.BigAutoField(primary_key=True)
    owner_code = models.TextField()
    warehouse_code = models.TextField()
    ems_no = models.TextField()
    direction = models.TextField(db_comment="import or export")
    month = models.DateField(db_comment="first day of the month of drawing")
    due_on = models.DateField(db_comment="last day in time")
    declared_on = models.DateField(db_comment="day in China, of whose tariff the taxes are")
    tariff_version = models.TextField()
    data = models.JSONField(db_comment="the data set as it was declared")
    value_cents = models.BigIntegerField()
    tax_cents = models.BigIntegerField()
    guarantee_cents = models.BigIntegerField(db_comment="released by it")
    declared_by = models.TextField(db_comment="user name or client")
    declared_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["owner_code", "-id"], name="bonded_storagedecl_of_owner"),)


class StorageTaking(models.Model):
    """What a draw took of a line. It is declared once, and is not changed otherwise."""

    id = models.BigAutoField(primary_key=True)
    draw = models.ForeignKey(StorageDraw, models.PROTECT, related_name="takings")
    line = models.ForeignKey(StorageLine, models.PROTECT, related_name="takings")
    quantity_e5 = models.BigIntegerField(db_comment="0.00001 of the line's unit")
    statutory_e5 = models.BigIntegerField()
    value_cents = models.BigIntegerField()
    guarantee_cents = models.BigIntegerField(db_comment="its part of what the line binds")
    declaration = models.ForeignKey(
        StorageDeclaration, models.PROTECT, null=True, related_name="takings", db_comment="null: not declared yet"
    )

    class Meta:
        indexes = (
            models.Index(fields=["draw"], condition=Q(declaration__isnull=True), name="bonded_storagetaking_open"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity_e5__gt=0, statutory_e5__gte=0, value_cents__gte=0, guarantee_cents__gte=0),
                name="bonded_storagetaking_amounts",
            ),
        )


class StorageLate(models.Model):
    """A month of a book that was not declared in time, and the case about it."""

    id = models.BigAutoField(primary_key=True)
    owner_code = models.TextField()
    ems_no = models.TextField()
    month = models.DateField()
    case_id = models.BigIntegerField(unique=True, db_comment="casework_case.id")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner_code", "ems_no", "month"], name="bonded_storagelate_once"),
        )
