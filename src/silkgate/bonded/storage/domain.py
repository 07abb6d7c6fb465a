"""Words of storage: lots, draws, consolidated declarations. Quantities in 0.00001 of a unit, money in cents CNY."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff.api import Taxes

STOCK, COVER = "storage", "storage_guarantee"
"""Kinds of ledger account: goods of one line of a lot (in and out), and an owner's guarantee for what is stored.

Clearance keeps accounts of kind `guarantee` in memory and alone moves them: storage has a kind of its own.
"""

LOT, DRAW, DECLARATION, GUARANTEE = "storage_lot", "storage_draw", "storage_declaration", "storage_guarantee"
"""What the journal and transfers call them."""

IMPORT, EXPORT = "import", "export"
DIRECTIONS = {
    EXPORT: Text("出境（出口申报）", "Out of the country (export)"),
    IMPORT: Text("出区内销（进口申报）", "Into the home market (import)"),
}
"""Where goods go that are drawn; import taxes fall due on those alone that come into the home market."""


class NewLine(NamedTuple):
    """Goods of one line of a lot that is to be entered."""

    item_no: str
    """The owner's own number of the goods, by which orders draw."""
    gcode: str
    name: str
    unit: str
    quantity_e5: int
    statutory_e5: int
    """Quantity in the tariff's first unit."""
    origin: str
    value_cents: int


class NewLot(NamedTuple):
    """A lot that is to be entered."""

    number: str
    """The owner's own number of the lot."""
    owner_code: str
    warehouse_code: str
    ems_no: str
    lines: Sequence[NewLine]


class Wanted(NamedTuple):
    """Goods that an order takes; `lot`: of that lot only, else first in first out."""

    item_no: str
    unit: str
    quantity_e5: int
    lot: str = ""


class NewDraw(NamedTuple):
    """An order or delivery that draws on lots."""

    number: str
    """The sender's own number; sent again, nothing is drawn twice."""
    owner_code: str
    ems_no: str
    direction: str
    lines: Sequence[Wanted]


class Stock(NamedTuple):
    """A line of a lot as it stands when something is to be taken of it."""

    line_id: int
    account_id: int
    lot: str
    item_no: str
    unit: str
    quantity_e5: int
    used_e5: int
    statutory_e5: int
    value_cents: int
    guarantee_cents: int

    @property
    def left_e5(self) -> int:
        """What is still there."""
        return self.quantity_e5 - self.used_e5


class Taking(NamedTuple):
    """A part of a line that leaves, with its share of the line's statutory quantity, value and guarantee."""

    line_id: int
    account_id: int
    quantity_e5: int
    statutory_e5: int
    value_cents: int
    guarantee_cents: int


NO_TAXES = Taxes(0, 0, 0)


class Taken(NamedTuple):
    """Something that was drawn and is to be declared."""

    taking_id: int
    draw: str
    item_no: str
    gcode: str
    name: str
    unit: str
    unit1: str
    origin: str
    quantity_e5: int
    statutory_e5: int
    value_cents: int
    guarantee_cents: int


class DeclaredLine(NamedTuple):
    """A line of a consolidated declaration: everything of one code, unit and origin."""

    gnum: int
    gcode: str
    name: str
    items: tuple[str, ...]
    unit: str
    quantity_e5: int
    unit1: str
    statutory_e5: int
    origin: str
    value_cents: int
    taxes: Taxes
    rates_e6: tuple[int, int, int]
    """Duty, consumption tax, value added tax; in 0.000001."""


class Consolidated(NamedTuple):
    """A consolidated declaration as it would be, or was, made."""

    lines: tuple[DeclaredLine, ...]
    draws: tuple[str, ...]
    """Numbers of the orders whose goods it declares."""
    taking_ids: tuple[int, ...]
    guarantee_cents: int
    """What it releases."""

    @property
    def value_cents(self) -> int:
        """Of all lines."""
        return sum(line.value_cents for line in self.lines)

    @property
    def taxes(self) -> Taxes:
        """Of all lines."""
        return Taxes._make(sum(parts) for parts in zip(*(line.taxes for line in self.lines), strict=True))


class Problem(NamedTuple):
    """What is wrong with something that was typed or sent, and where."""

    field: str
    """Its name, as `quantity` or, of a line, `lines/0/quantity`; empty: the whole."""
    what: Text
    found: str = ""


class RefusedError(ValueError):
    """Something is not done: `problems` say what cannot be read, `findings` which rule it breaks."""

    def __init__(self, problems: Sequence[Problem] = (), findings: Sequence[Finding] = ()) -> None:
        self.problems, self.findings = tuple(problems), tuple(findings)
        super().__init__("; ".join([*(one.what.en for one in self.problems), *(one.code for one in self.findings)]))


class NotThereError(LookupError):
    """There is no such lot, draw or declaration."""


def month_of(day: date) -> date:
    """The first day of the month of `day`: what is drawn in one month is declared together."""
    return day.replace(day=1)
