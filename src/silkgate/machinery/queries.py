"""Reads of machine books: what a contract promises, the tree of parts piece by piece, lists by keyset, the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, QuerySet

from silkgate.kernel.findings import Finding
from silkgate.ledger import api as ledger
from silkgate.machinery import models
from silkgate.machinery.domain import ACCOUNT, Line
from silkgate.machinery.rules import Built, Kept, Promised

TREE_ROWS = 200
"""Of a tree on one page; what lies deeper is opened by a link."""
CHILD_ROWS = 50
"""Of one parent on one page."""


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


# --- The tree ---------------------------------------------------------------------------------------------------------


class Node(NamedTuple):
    """A part in one place of the tree."""

    part: models.Part
    quantity_e5: int
    """In one parent."""
    left_e5: int
    children: tuple[Node, ...]
    hidden: int
    """How many components there are that this page does not show."""


class Branch(NamedTuple):
    """Components of a part (or of the machine), with what is in them, as far as one page holds."""

    nodes: tuple[Node, ...]
    after: int | None
    """Asks for the next components of the same parent; None: it ends."""


def branch(book: models.Book, parent: models.Part | None, *, after: int = 0) -> Branch:
    """The next components of `parent` (None: the machine) and, level by level, what is in them, up to 200 rows."""
    top = list(_components(book).filter(parent=parent, id__gt=after).order_by("id")[: CHILD_ROWS + 1])
    following = top[CHILD_ROWS - 1].pk if len(top) > CHILD_ROWS else None
    top = top[:CHILD_ROWS]
    below = _below(book, {row.part_id for row in top}, TREE_ROWS - len(top))
    seen = {row.part_id: row.part for ones in (top, *below.values()) for row in ones}
    counts = _counts(book, seen)
    left = left_e5(book, [part.part_no for part in seen.values()])
    opened = set[int]()

    def node(row: models.Component) -> Node:
        # What is built in at several places is opened at the first: a small bill may have a very large tree.
        there = [] if row.part_id in opened else below.get(row.part_id, [])
        opened.add(row.part_id)
        hidden = counts.get(row.part_id, 0) - len(there)
        return Node(row.part, row.quantity_e5, left[row.part.part_no], tuple(map(node, there)), hidden)

    return Branch(tuple(map(node, top)), following)


def _below(book: models.Book, level: set[int], room: int) -> dict[int, list[models.Component]]:
    """Components by the number of their parent, level by level down from the parents `level`, at most `room`."""
    below: dict[int, list[models.Component]] = {}
    while level and room > 0:
        rows = list(_components(book).filter(parent__in=level).order_by("parent_id", "id")[: room + 1])
        whole: dict[int, list[models.Component]] = {}
        for row in rows:
            whole.setdefault(row.parent_id or 0, []).append(row)
        cut = len(rows) > room
        if cut:
            # Of the last parent not all was read: its link opens it.
            whole.pop(rows[-1].parent_id or 0)
        below |= whole
        room -= sum(map(len, whole.values()))
        level = set() if cut else {row.part_id for ones in whole.values() for row in ones} - below.keys()
    return below


def _components(book: models.Book) -> QuerySet[models.Component]:
    return models.Component.objects.filter(book=book).select_related("part")


def _counts(book: models.Book, part_ids: Iterable[int]) -> dict[int, int]:
    counted = models.Component.objects.filter(book=book, parent__in=list(part_ids)).values("parent_id")
    return {row["parent_id"]: row["n"] for row in counted.annotate(n=Count("id"))}


def parents(part: models.Part) -> list[models.Component]:
    """Where a part is built in: its rows, the parent with each (none: the machine)."""
    rows = models.Component.objects.filter(part=part).select_related("parent").order_by("id")
    return list(rows[:CHILD_ROWS])


def serials(part: models.Part, *, after: int = 0, limit: int = 50) -> list[models.Serial]:
    """Serial numbers of a part with the shipments that replaced them, above number `after`."""
    rows = models.Serial.objects.filter(part=part, id__gt=after).select_related("replaced_by")
    return list(rows.order_by("id")[:limit])


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


def shipments_of(book: models.Book, limit: int = 20) -> list[models.Shipment]:
    """The latest shipments under a book's contract, newest first."""
    return list(models.Shipment.objects.filter(book=book).order_by("-id")[:limit])


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
