"""Machine books with their parts; shipments of spare parts. How much of a part is left is a ledger account."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper


def _key(field: str) -> models.GeneratedField:
    """What the search compares: the field in capitals."""
    return models.GeneratedField(expression=Upper(field), output_field=models.TextField(), db_persist=True)


def _searched(name: str) -> models.Index:
    """Finds beginnings of `key`, whatever the database sorts by."""
    return models.Index(fields=["key"], opclasses=["text_pattern_ops"], name=name)


class Book(models.Model):
    """A contract of one exporter, the machines that went under it, and their warranty."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField(db_comment="exporter")
    contract_no = models.TextField()
    key = _key("contract_no")
    buyer_name = models.TextField()
    buyer_country = models.TextField(db_comment="customs code")
    name = models.TextField(db_comment="of the machine")
    model = models.TextField()
    gcode = models.TextField()
    serial_nos = ArrayField(models.TextField(), db_comment="one for each machine")
    value_cents = models.BigIntegerField(db_comment="of all machines, 0.01 of the currency")
    currency = models.TextField(db_comment="ISO 4217")
    declaration_no = models.TextField(db_comment="of the export declaration")
    export_day = models.DateField()
    warranty_months = models.IntegerField()
    state = models.TextField(db_comment="draft or declared")
    made_by = models.TextField(db_comment="user name or client")
    made_at = models.DateTimeField()
    declared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "contract_no"], name="machinery_book_of_contract"),
            models.CheckConstraint(
                condition=Q(state="draft", declared_at=None) | Q(state="declared", declared_at__isnull=False),
                name="machinery_book_state",
            ),
        )
        indexes = (
            models.Index(fields=["enterprise_code", "-id"], name="machinery_book_exporter"),
            _searched("machinery_book_search"),
            GinIndex(fields=["serial_nos"], name="machinery_book_machines"),
        )


class Part(models.Model):
    """A part of a book's machines, wherever it is built in."""

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(Book, models.PROTECT)
    part_no = models.TextField()
    key = _key("part_no")
    name = models.TextField()
    gcode = models.TextField()
    unit = models.TextField(db_comment="customs code")
    unit_value_cents = models.BigIntegerField(db_comment="0.01 of the book's currency")
    quantity_e5 = models.BigIntegerField(db_comment="in all machines, 0.00001 of the unit")
    has_serials = models.BooleanField()
    account_id = models.BigIntegerField(null=True, db_comment="ledger_account.id; null: not declared yet")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["book", "part_no"], name="machinery_part_once"),)
        indexes = (_searched("machinery_part_search"),)


class Component(models.Model):
    """One row of a bill of materials: a part in a parent, or in the machine."""

    id = models.BigAutoField(primary_key=True)
    book = models.ForeignKey(Book, models.PROTECT)
    parent = models.ForeignKey(Part, models.PROTECT, null=True, related_name="+", db_comment="null: the machine")
    part = models.ForeignKey(Part, models.PROTECT, related_name="+")
    quantity_e5 = models.BigIntegerField(db_comment="in one parent")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["book", "parent", "part"], nulls_distinct=False, name="machinery_component_once"
            ),
        )
        indexes = (models.Index(fields=["book", "parent", "id"], name="machinery_component_children"),)


class Serial(models.Model):
    """A built-in part with a serial number, and the shipment that brought what takes its place."""

    id = models.BigAutoField(primary_key=True)
    part = models.ForeignKey(Part, models.PROTECT)
    serial_no = models.TextField()
    key = _key("serial_no")
    replaced_by = models.ForeignKey("Shipment", models.PROTECT, null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["part", "serial_no"], name="machinery_serial_once"),)
        indexes = (_searched("machinery_serial_search"),)


class Shipment(models.Model):
    """Spare parts that their sender announced, and what was decided."""

    id = models.BigAutoField(primary_key=True)
    enterprise_code = models.TextField()
    number = models.TextField(db_comment="of the sender")
    digest = models.BinaryField(db_comment="SHA-256 of what was asked, to tell the same again from something else")
    contract_no = models.TextField()
    book = models.ForeignKey(Book, models.PROTECT, null=True, db_comment="null: no book of this contract was found")
    day = models.DateField(db_comment="on which it leaves")
    state = models.TextField(db_comment="free, refused or cancelled")
    findings = models.JSONField(db_comment="as lists: code, field, found, needed, line")
    made_by = models.TextField(db_comment="user name or client")
    made_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enterprise_code", "number"], name="machinery_shipment_once"),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(cancelled_at__isnull=False), name="machinery_shipment_cancelled"
            ),
        )
        indexes = (
            models.Index(fields=["enterprise_code", "-id"], name="machinery_shipment_sender"),
            models.Index(fields=["book", "-id"], name="machinery_shipment_book"),
        )


class ShipmentLine(models.Model):
    """One line of a shipment, as it was asked."""

    id = models.BigAutoField(primary_key=True)
    shipment = models.ForeignKey(Shipment, models.PROTECT)
    number = models.IntegerField(db_comment="from 1")
    part_no = models.TextField()
    serial_no = models.TextField()
    quantity_e5 = models.BigIntegerField()
    part = models.ForeignKey(Part, models.PROTECT, null=True, db_comment="null: not found")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["shipment", "number"], name="machinery_line_once"),)
