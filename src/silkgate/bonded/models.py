"""Bonded account books: what each item record stands for. Its quantity is a ledger account of kind stock."""

from django.db import models

from silkgate.bonded.storage.models import (
    StorageCover,
    StorageDeclaration,
    StorageDraw,
    StorageLate,
    StorageLetter,
    StorageLine,
    StorageLot,
    StorageTaking,
)

__all__ = [
    "BookRecord",
    "StorageCover",
    "StorageDeclaration",
    "StorageDraw",
    "StorageLate",
    "StorageLetter",
    "StorageLine",
    "StorageLot",
    "StorageTaking",
]


class BookRecord(models.Model):
    """One item record (料号) of an account book (账册)."""

    id = models.BigAutoField(primary_key=True)
    ems_no = models.TextField()
    item_record_no = models.TextField()
    area_code = models.TextField(db_comment="bonded warehouse that keeps the book")
    gcode = models.TextField()
    unit = models.TextField()

    class Meta:
        indexes = (models.Index(fields=["area_code", "id"], name="bonded_bookrecord_of_area"),)
        constraints = (models.UniqueConstraint(fields=["ems_no", "item_record_no"], name="bonded_book_record_once"),)
