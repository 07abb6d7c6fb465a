"""Reads of machine books: what a contract promises, lists by keyset, the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection

from silkgate.kernel.findings import Finding
from silkgate.ledger import api as ledger
from silkgate.machinery import models
from silkgate.machinery.domain import ACCOUNT, Line
from silkgate.machinery.rules import Built, Kept, Promised

# --- What is promised -------------------------------------------------------------------------------------------------


def promised(book: models.Book, lines: Sequence[Line]) -> Promised:
    """What the book says of the parts and serial numbers that the lines name."""
    numbers = {line.serial_no for line in lines if line.serial_no}
    built: dict[str, list[Built]] = {}
    found = models.Serial.objects.filter(part__book=book, serial_no__in=numbers).select_related("part", "replaced_by")
    for serial in found:
        by = serial.replaced_by.number if serial.replaced_by else ""
        built.setdefault(serial.serial_no, []).append(Built(serial.part.part_no, by))
    wanted = {line.part_no for line in lines} | {one.part_no for ones in built.values() for one in ones}
    parts = list(models.Part.objects.filter(book=book, part_no__in=wanted))
    left = left_e5(book, [part.part_no for part in parts])
    return Promised(
        book.export_day,
        book.warranty_months,
        {part.part_no: Kept(left[part.part_no], part.has_serials) for part in parts},
        built,
    )


def left_e5(book: models.Book, part_nos: Iterable[str]) -> dict[str, int]:
    """What may still be sent of parts, by part number; nothing of a book that is not declared."""
    keys = {part_no: (ACCOUNT, f"{book.pk}/{part_no}") for part_no in part_nos}
    with connection.cursor() as cursor:
        found = ledger.balances(cursor, keys.values())
    return {part_no: found[key].capacity - found[key].used if key in found else 0 for part_no, key in keys.items()}


def parts_named(book: models.Book, part_nos: Iterable[str]) -> dict[str, models.Part]:
    """Parts of a book by part number."""
    return {part.part_no: part for part in models.Part.objects.filter(book=book, part_no__in=set(part_nos))}


# --- Parts and components ---------------------------------------------------------------------------------------------


def parts_page(book: models.Book, *, after: int = 0, limit: int = 50) -> list[models.Part]:
    """Parts of a book in the order of its tree, above number `after`."""
    return list(models.Part.objects.filter(book=book, id__gt=after).order_by("id")[:limit])


def components(book: models.Book, *, after: int = 0, limit: int = 50) -> list[models.Component]:
    """Rows of a book's bill in the order in which they were imported, above number `after`."""
    rows = models.Component.objects.filter(book=book, id__gt=after).select_related("parent", "part")
    return list(rows.order_by("id")[:limit])


# --- Lists ------------------------------------------------------------------------------------------------------------


def books(code: str = "", *, before: int | None = None, limit: int = 50) -> list[models.Book]:
    """Books, newest first: of the exporter `code`, or (empty) of all."""
    return _newest(models.Book.objects.all(), code, before, limit)


def shipments(code: str = "", *, state: str = "", before: int | None = None, limit: int = 50) -> list[models.Shipment]:
    """Shipments, newest first: of the exporter `code` or (empty) of all, in `state` where given."""
    rows = models.Shipment.objects.all()
    return _newest(rows.filter(state=state) if state else rows, code, before, limit)


def _newest(rows: Any, code: str, before: int | None, limit: int) -> list[Any]:
    if code:
        rows = rows.filter(enterprise_code=code)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def lines(shipment: models.Shipment) -> list[models.ShipmentLine]:
    """Lines of a shipment in their order."""
    return list(models.ShipmentLine.objects.filter(shipment=shipment).select_related("part").order_by("number"))


def findings(shipment: models.Shipment) -> tuple[Finding, ...]:
    """What was found against a shipment."""
    return tuple(Finding(*found) for found in shipment.findings)


# --- Search -----------------------------------------------------------------------------------------------------------

CONTRACT, PART, SERIAL, MACHINE = "contract", "part", "serial", "machine"


class Hit(NamedTuple):
    """Something whose number begins with what was looked for."""

    kind: str
    number: str
    book: models.Book
    part: models.Part | None


def search(typed: str, codes: Sequence[str] | None, *, limit: int = 50) -> list[Hit]:
    """Contracts, machines, parts and serial numbers that begin with `typed` (case does not count; machines: equal).

    `codes`: of these exporters only; None: of all. Whole numbers stand before beginnings.
    """
    typed = typed.replace("\0", "")
    if not typed:
        return []

    def mine(rows: Any, exporter: str) -> Any:
        return rows if codes is None else rows.filter(**{f"{exporter}__in": list(codes)})

    found: list[Hit] = []
    contracts = models.Book.objects.filter(key__startswith=typed.upper())
    found += [
        Hit(CONTRACT, row.contract_no, row, None)
        for row in mine(contracts, "enterprise_code").order_by("key", "id")[:limit]
    ]
    machines = models.Book.objects.filter(serial_nos__contains=[typed])
    found += [Hit(MACHINE, typed, row, None) for row in mine(machines, "enterprise_code").order_by("id")[:limit]]
    parts = models.Part.objects.filter(key__startswith=typed.upper()).select_related("book")
    found += [
        Hit(PART, row.part_no, row.book, row)
        for row in mine(parts, "book__enterprise_code").order_by("key", "id")[:limit]
    ]
    numbers = models.Serial.objects.filter(key__startswith=typed.upper()).select_related("part__book")
    found += [
        Hit(SERIAL, row.serial_no, row.part.book, row.part)
        for row in mine(numbers, "part__book__enterprise_code").order_by("key", "id")[:limit]
    ]
    found.sort(key=lambda hit: (hit.number.upper() != typed.upper(), hit.number, hit.book.pk))
    return found[:limit]
