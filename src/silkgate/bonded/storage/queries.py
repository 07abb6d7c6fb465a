"""Reads of storage: what can be drawn, what was drawn and not declared, the storage book, lists by keyset."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from silkgate.bonded.storage.domain import COVER, DIRECTIONS, Stock, Taken
from silkgate.bonded.storage.models import StorageCover, StorageDeclaration, StorageDraw, StorageLetter, StorageLot
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.tariff.api import codes


def unit_words(unit: str) -> Text:
    """A customs unit as people know it."""
    return codes("units").get(unit, Text(unit, unit))


# --- For the acts -----------------------------------------------------------------------------------------------------


def stock(cursor: Any, owner_code: str, ems_no: str, items: Collection[str]) -> list[Stock]:
    """Lines of an owner's lots in a book that still hold any of `items`, in the order in which they entered."""
    cursor.execute(
        "select l.id, l.account_id, t.number, l.item_no, l.unit, a.capacity, a.used, l.statutory_e5, l.value_cents,"
        " l.duty_cents + l.consumption_tax_cents + l.value_added_tax_cents"
        " from bonded_storagelot t join bonded_storageline l on l.lot_id = t.id"
        " join ledger_account a on a.id = l.account_id"
        " where t.owner_code = %s and t.ems_no = %s and l.item_no = any(%s) and a.used < a.capacity"
        " order by t.entered_on, t.id, l.place",
        (owner_code, ems_no, sorted(items)),
    )
    return [Stock(*row) for row in cursor.fetchall()]


def undeclared(owner_code: str, ems_no: str, direction: str, month: date) -> list[Taken]:
    """What was drawn in a month and is not declared yet, in the order of drawing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select k.id, d.number, l.item_no, l.gcode, l.name, l.unit, l.unit1, l.origin, k.quantity_e5,"
            " k.statutory_e5, k.value_cents, k.guarantee_cents"
            " from bonded_storagedraw d join bonded_storagetaking k on k.draw_id = d.id and k.declaration_id is null"
            " join bonded_storageline l on l.id = k.line_id"
            " where d.owner_code = %s and d.ems_no = %s and d.direction = %s and d.month = %s order by k.id",
            (owner_code, ems_no, direction, month),
        )
        return [Taken(*row) for row in cursor.fetchall()]


def keepers(ems_no: str) -> set[str]:
    """Warehouses to which an account book is known to belong: by its item records, and by what is stored under it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "(select area_code from bonded_bookrecord where ems_no = %s limit 1)"
            " union (select warehouse_code from bonded_storagelot where ems_no = %s limit 1)",
            (ems_no, ems_no),
        )
        return {row[0] for row in cursor.fetchall()}


def warehouse_of(owner_code: str, ems_no: str) -> str:
    """The warehouse in which the owner's lots of a book lie."""
    found = StorageLot.objects.filter(owner_code=owner_code, ems_no=ems_no).values_list("warehouse_code", flat=True)
    return found.first() or ""


# --- What is open -----------------------------------------------------------------------------------------------------


class Open(NamedTuple):
    """What was drawn of a book in a month, in one direction, and is not declared yet."""

    owner_code: str
    ems_no: str
    month: date
    direction: str
    draws: int
    value_cents: int

    @property
    def direction_words(self) -> Text:
        """Where the goods went."""
        return DIRECTIONS[self.direction]


def open_periods(owner_code: str = "", *, before: date | None = None, ems_no: str = "", limit: int = 200) -> list[Open]:
    """Months with something to declare, oldest first; of one owner or of all, only those before `before`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select d.owner_code, d.ems_no, d.month, d.direction, count(distinct d.id), sum(k.value_cents)::bigint"
            " from bonded_storagetaking k join bonded_storagedraw d on d.id = k.draw_id"
            " where k.declaration_id is null and (%s = '' or d.owner_code = %s) and (%s = '' or d.ems_no = %s)"
            " and (%s::date is null or d.month < %s) group by 1, 2, 3, 4 order by 3, 1, 2, 4 limit %s",
            (owner_code, owner_code, ems_no, ems_no, before, before, limit),
        )
        return [Open(*row) for row in cursor.fetchall()]


# --- The storage book -------------------------------------------------------------------------------------------------


class BookLine(NamedTuple):
    """One item of the storage book: entered = declared + drawn and not declared + stock, in quantity and value."""

    ems_no: str
    item_no: str
    unit: str
    name: str
    entered_e5: int
    declared_e5: int
    drawn_e5: int
    stock_e5: int
    entered_cents: int
    declared_cents: int
    drawn_cents: int

    @property
    def stock_cents(self) -> int:
        """Value of what is there."""
        return self.entered_cents - self.declared_cents - self.drawn_cents

    @property
    def unit_words(self) -> Text:
        """The unit as people know it."""
        return unit_words(self.unit)


Key = tuple[str, str, str]
"""Book, item, unit."""


def book(owner_code: str, *, ems_no: str = "", after: Key | None = None, limit: int = 50) -> list[BookLine]:
    """The storage book of an owner, by book, item and unit, after a key. Stock is what the ledger holds."""
    first = after or ("", "", "")
    with connection.cursor() as cursor:
        cursor.execute(
            "select t.ems_no, l.item_no, l.unit, min(l.name), sum(a.capacity)::bigint,"
            " coalesce(sum(k.declared_e5), 0)::bigint, coalesce(sum(k.drawn_e5), 0)::bigint,"
            " sum(a.capacity - a.used)::bigint, sum(l.value_cents)::bigint,"
            " coalesce(sum(k.declared_cents), 0)::bigint, coalesce(sum(k.drawn_cents), 0)::bigint"
            " from bonded_storagelot t join bonded_storageline l on l.lot_id = t.id"
            " join ledger_account a on a.id = l.account_id left join lateral (select"
            " sum(quantity_e5) filter (where declaration_id is not null) as declared_e5,"
            " sum(quantity_e5) filter (where declaration_id is null) as drawn_e5,"
            " sum(value_cents) filter (where declaration_id is not null) as declared_cents,"
            " sum(value_cents) filter (where declaration_id is null) as drawn_cents"
            " from bonded_storagetaking where line_id = l.id) k on true"
            " where t.owner_code = %s and (%s = '' or t.ems_no = %s) and (t.ems_no, l.item_no, l.unit) > (%s, %s, %s)"
            " group by 1, 2, 3 order by 1, 2, 3 limit %s",
            (owner_code, ems_no, ems_no, *first, limit),
        )
        return [BookLine(*row) for row in cursor.fetchall()]


def books(owner_code: str) -> list[str]:
    """Account books under which an owner stores, or has stored."""
    found = StorageLot.objects.filter(owner_code=owner_code).values_list("ems_no", flat=True)
    return sorted(set(found.distinct()))


# --- Lots -------------------------------------------------------------------------------------------------------------


class LotLine(NamedTuple):
    """A lot in a list, with its sums."""

    id: int
    owner_code: str
    number: str
    warehouse_code: str
    ems_no: str
    entered_on: date
    limit_on: date
    lines: int
    value_cents: int
    guarantee_cents: int
    left_lines: int
    """Lines of which something is there."""

    @property
    def is_empty(self) -> bool:
        """Everything has left."""
        return self.left_lines == 0


class LotPage(NamedTuple):
    """One page of lots; `older` asks for the next one, None where the list ends."""

    lines: tuple[LotLine, ...]
    older: int | None


def lots(
    owner_code: str = "",
    *,
    overdue_on: date | None = None,
    untold: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> LotPage:
    """Lots, newest first: of one owner or of all; with `overdue_on` those whose stay had ended by then, not empty.

    `untold`: only those about which no case was raised yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select t.id, t.owner_code, t.number, t.warehouse_code, t.ems_no, t.entered_on, t.limit_on, s.*"
            " from bonded_storagelot t cross join lateral (select count(*), sum(l.value_cents)::bigint,"
            " sum(l.duty_cents + l.consumption_tax_cents + l.value_added_tax_cents)::bigint,"
            " count(*) filter (where a.used < a.capacity) as left_lines"
            " from bonded_storageline l join ledger_account a on a.id = l.account_id where l.lot_id = t.id) s"
            " where (%s = '' or t.owner_code = %s) and (%s::bigint is null or t.id < %s)"
            " and (%s::date is null or (t.limit_on < %s and s.left_lines > 0))"
            " and (not %s or t.late_told_on is distinct from t.limit_on) order by t.id desc limit %s",
            (owner_code, owner_code, before, before, overdue_on, overdue_on, untold, limit + 1),
        )
        found = [LotLine(*row) for row in cursor.fetchall()]
    return LotPage(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def lot(number: int) -> StorageLot | None:
    """A lot by our own number."""
    return StorageLot.objects.filter(id=number).first() if number < 2**63 else None


class Held(NamedTuple):
    """A line of a lot with what is left of it."""

    place: int
    item_no: str
    gcode: str
    name: str
    unit: str
    unit1: str
    origin: str
    quantity_e5: int
    used_e5: int
    statutory_e5: int
    value_cents: int
    duty_cents: int
    consumption_tax_cents: int
    value_added_tax_cents: int

    @property
    def left_e5(self) -> int:
        """What is still there."""
        return self.quantity_e5 - self.used_e5

    @property
    def unit_words(self) -> Text:
        """The unit as people know it."""
        return unit_words(self.unit)

    @property
    def guarantee_cents(self) -> int:
        """What the line binds."""
        return self.duty_cents + self.consumption_tax_cents + self.value_added_tax_cents


def lines_of(lot_id: int) -> list[Held]:
    """Lines of a lot, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select l.place, l.item_no, l.gcode, l.name, l.unit, l.unit1, l.origin, a.capacity, a.used,"
            " l.statutory_e5, l.value_cents, l.duty_cents, l.consumption_tax_cents, l.value_added_tax_cents"
            " from bonded_storageline l join ledger_account a on a.id = l.account_id"
            " where l.lot_id = %s order by l.place",
            (lot_id,),
        )
        return [Held(*row) for row in cursor.fetchall()]


def is_empty(lot_id: int) -> bool:
    """Whether everything of a lot has left."""
    return all(line.left_e5 == 0 for line in lines_of(lot_id))


class Shelf(NamedTuple):
    """An item of a book that can be drawn."""

    item_no: str
    unit: str
    name: str
    left_e5: int

    @property
    def unit_words(self) -> Text:
        """The unit as people know it."""
        return unit_words(self.unit)


def shelves(owner_code: str, ems_no: str, *, part: str = "", limit: int) -> list[Shelf]:
    """Items of an owner in a book of which something is left, by item; only those whose number has `part` in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select l.item_no, l.unit, min(l.name), sum(a.capacity - a.used)::bigint"
            " from bonded_storagelot t join bonded_storageline l on l.lot_id = t.id"
            " join ledger_account a on a.id = l.account_id"
            " where t.owner_code = %s and t.ems_no = %s and a.used < a.capacity"
            " and (%s = '' or strpos(upper(l.item_no), upper(%s)) > 0) group by 1, 2 order by 1, 2 limit %s",
            (owner_code, ems_no, part, part, limit),
        )
        return [Shelf(*row) for row in cursor.fetchall()]


# --- Draws and declarations -------------------------------------------------------------------------------------------


class Took(NamedTuple):
    """What a draw took of a line, and the declaration that has it."""

    draw_id: int
    draw: str
    direction: str
    drawn_at: Any
    lot_id: int
    lot: str
    item_no: str
    name: str
    unit: str
    quantity_e5: int
    value_cents: int
    guarantee_cents: int
    declaration_id: int | None

    @property
    def unit_words(self) -> Text:
        """The unit as people know it."""
        return unit_words(self.unit)


LATEST = 200
"""Takings of a lot that are shown."""


def taken_of(lot_id: int) -> list[Took]:
    """What was taken of a lot lately, newest first."""
    return takings(lot_id=lot_id, limit=LATEST)


def takings(*, lot_id: int | None = None, draw_id: int | None = None, limit: int | None = None) -> list[Took]:
    """What was taken of a lot, newest first, or by a draw."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select d.id, d.number, d.direction, d.drawn_at, t.id, t.number, l.item_no, l.name, l.unit, k.quantity_e5,"
            " k.value_cents, k.guarantee_cents, k.declaration_id"
            " from bonded_storagetaking k join bonded_storagedraw d on d.id = k.draw_id"
            " join bonded_storageline l on l.id = k.line_id join bonded_storagelot t on t.id = l.lot_id"
            " where (%s::bigint is null or t.id = %s) and (%s::bigint is null or d.id = %s)"
            " order by k.id desc limit %s",
            (lot_id, lot_id, draw_id, draw_id, limit),
        )
        return [Took(*row) for row in cursor.fetchall()]


def draw(number: int) -> StorageDraw | None:
    """A draw by our own number."""
    return StorageDraw.objects.filter(id=number).first() if number < 2**63 else None


def draws(owner_code: str, *, before: int | None = None, limit: int = 50) -> list[StorageDraw]:
    """Draws of an owner, newest first."""
    rows = StorageDraw.objects.filter(_below(before), owner_code=owner_code)
    return list(rows.order_by("-id")[:limit])


def declaration(number: int) -> StorageDeclaration | None:
    """A declaration by our own number."""
    return StorageDeclaration.objects.filter(id=number).first() if number < 2**63 else None


def declarations(owner_code: str, *, before: int | None = None, limit: int = 50) -> list[StorageDeclaration]:
    """Declarations of an owner, newest first."""
    rows = StorageDeclaration.objects.filter(_below(before), owner_code=owner_code)
    return list(rows.order_by("-id")[:limit])


def _below(before: int | None) -> Q:
    return Q() if before is None else Q(id__lt=before)


# --- Guarantees -------------------------------------------------------------------------------------------------------


def cover(owner_code: str) -> ledger.Balance | None:
    """The guarantee of an owner for what is stored; None: none was lodged and nothing entered."""
    return covers([owner_code]).get(owner_code)


def covers(owner_codes: Iterable[str]) -> dict[str, ledger.Balance]:
    """Guarantees by owner."""
    with connection.cursor() as cursor:
        found = ledger.balances(cursor, [(COVER, code) for code in owner_codes])
    return {code: balance for (_, code), balance in found.items()}


def letters(*, limit: int = 100) -> list[StorageLetter]:
    """Letters of guarantee, newest first."""
    return list(StorageLetter.objects.select_related("cover").order_by("-id")[:limit])


def owners(*, limit: int = 200) -> list[str]:
    """Whoever stores, or has a guarantee for it."""
    return list(StorageCover.objects.order_by("owner_code").values_list("owner_code", flat=True)[:limit])
