"""Bodies of storage over HTTP. Quantities and money are decimals as text, money in CNY, units and countries customs
codes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from silkgate.bonded.storage import dataset
from silkgate.bonded.storage.domain import NewDraw, NewLine, NewLot, Wanted
from silkgate.bonded.storage.models import StorageDeclaration, StorageDraw, StorageLot
from silkgate.bonded.storage.queries import BookLine, Held, LotLine, Open, Took
from silkgate.bonded.storage.rules import MOST_LINES
from silkgate.kernel.fixed import e5, format_cents, format_e5
from silkgate.ui.schemas import In, Out

Quantity = Annotated[str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,5})?$")]
Money = Annotated[str, Field(pattern=r"^[0-9]{1,11}(\.[0-9]{1,2})?$")]
Own = Annotated[str, Field(min_length=1, max_length=40)]
Code = Annotated[str, Field(min_length=1, max_length=40)]
MonthText = Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
BookNo = Annotated[str, Field(pattern=r"^[0-9A-Z]{12}$")]
Direction = Literal["export", "import"]


def cents(text: str) -> int:
    """Money as text in cents.

    >>> cents("12.5"), cents("0.01")
    (1250, 1)
    """
    return e5(text) // 1_000


class StorageLineIn(In):
    """Goods of one line."""

    item_no: Own
    """The owner's own number of the goods, by which orders draw."""
    gcode: Annotated[str, Field(max_length=20)]
    """Ten digits, in the tariff of the day."""
    name: Annotated[str, Field(max_length=250)]
    unit: Annotated[str, Field(max_length=10)]
    quantity: Quantity
    statutory_quantity: Quantity
    """In the tariff's first unit."""
    origin: Annotated[str, Field(max_length=10)]
    value: Money


class LotIn(In):
    """A lot to enter."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "number": "LOT-2026-118",
                    "warehouse": "41014600W1",
                    "book": "T4612W000101",
                    "lines": [
                        {
                            "item_no": "DRILL-18V",
                            "gcode": "8467210000",
                            "name": "手提式电钻",
                            "unit": "001",
                            "quantity": "100",
                            "statutory_quantity": "100",
                            "origin": "142",
                            "value": "23500.00",
                        }
                    ],
                }
            ]
        }
    )
    organisation: Code
    """Code of the owner."""
    number: Own
    """The owner's own; the same lot sent again enters once."""
    warehouse: Code
    book: Annotated[str, Field(max_length=20)]
    lines: Annotated[list[StorageLineIn], Field(min_length=1, max_length=MOST_LINES)]

    def value(self) -> NewLot:
        """As the room has it."""
        lines = tuple(
            NewLine(
                line.item_no,
                line.gcode,
                line.name,
                line.unit,
                e5(line.quantity),
                e5(line.statutory_quantity),
                line.origin,
                cents(line.value),
            )
            for line in self.lines
        )
        return NewLot(self.number, self.organisation, self.warehouse, self.book, lines)


class WantedIn(In):
    """Goods that an order takes."""

    item_no: Own
    unit: Annotated[str, Field(max_length=10)]
    quantity: Quantity
    lot: Annotated[str, Field(max_length=40)] = ""
    """Of this lot only; empty: first in, first out."""


class DrawIn(In):
    """An order or delivery that draws on storage."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "number": "SO-20261123-7",
                    "book": "T4612W000101",
                    "direction": "export",
                    "lines": [{"item_no": "DRILL-18V", "unit": "001", "quantity": "30"}],
                }
            ]
        }
    )
    organisation: Code
    number: Own
    """The sender's own; the same order sent again draws once."""
    book: Annotated[str, Field(max_length=20)]
    direction: Direction
    lines: Annotated[list[WantedIn], Field(min_length=1, max_length=MOST_LINES)]

    def value(self) -> NewDraw:
        """As the room has it."""
        lines = tuple(Wanted(line.item_no, line.unit, e5(line.quantity), line.lot) for line in self.lines)
        return NewDraw(self.number, self.organisation, self.book, self.direction, lines)


class DeclareIn(In):
    """A month to declare together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "book": "T4612W000101",
                    "direction": "export",
                    "month": "2026-11",
                }
            ]
        }
    )
    organisation: Code
    book: BookNo
    direction: Direction
    month: MonthText
    """In which it was drawn."""


class LotLineOut(Out):
    """A lot in a list."""

    id: int
    number: str
    organisation: str
    warehouse: str
    book: str
    entered_on: date
    limit_on: date
    """Last day of its stay."""
    lines: int
    value: str
    guarantee: str
    """What it bound when it entered."""
    empty: bool
    href: str


class HeldOut(Out):
    """A line of a lot with what is left of it."""

    place: int
    item_no: str
    gcode: str
    name: str
    unit: str
    origin: str
    quantity: str
    drawn: str
    left: str
    statutory_unit: str
    statutory_quantity: str
    value: str
    duty: str
    consumption_tax: str
    value_added_tax: str


class TookOut(Out):
    """What an order took of a lot."""

    draw: str
    lot: str
    item_no: str
    unit: str
    quantity: str
    value: str
    guarantee: str
    declaration: int | None
    """Null: not declared yet."""


class LotOut(Out):
    """A lot with its lines and what was drawn of it, newest first."""

    id: int
    number: str
    organisation: str
    warehouse: str
    book: str
    entered_on: date
    limit_on: date
    tariff_version: str
    lines: list[HeldOut]
    draws: list[TookOut]
    href: str


class DrawOut(Out):
    """A draw with what it took."""

    id: int
    number: str
    organisation: str
    book: str
    direction: Direction
    month: str
    drawn_at: datetime
    takings: list[TookOut]
    href: str


class BookLineOut(Out):
    """An item of the storage book: entered = declared + drawn + stock, always."""

    book: str
    item_no: str
    unit: str
    name: str
    entered: str
    declared: str
    drawn: str
    """And not declared yet."""
    stock: str
    entered_value: str
    declared_value: str
    drawn_value: str
    stock_value: str


class OpenOut(Out):
    """A month with something to declare."""

    book: str
    month: str
    direction: Direction
    draws: int
    value: str
    due_on: date


class StorageDeclarationOut(Out):
    """A consolidated declaration."""

    id: int
    number: str
    organisation: str
    book: str
    direction: Direction
    month: str
    due_on: date
    declared_on: date
    value: str
    tax: str
    guarantee_released: str
    href: str


class StorageDeclarationFull(StorageDeclarationOut):
    """A consolidated declaration with its data set."""

    data: dict[str, Any]


def lot_line(one: LotLine) -> dict[str, Any]:
    """A `LotLineOut`."""
    return {
        "id": one.id,
        "number": one.number,
        "organisation": one.owner_code,
        "warehouse": one.warehouse_code,
        "book": one.ems_no,
        "entered_on": one.entered_on,
        "limit_on": one.limit_on,
        "lines": one.lines,
        "value": format_cents(one.value_cents),
        "guarantee": format_cents(one.guarantee_cents),
        "empty": one.is_empty,
        "href": f"/api/v1/storage/lots/{one.id}",
    }


def lot(row: StorageLot, lines: list[Held], taken: list[Took]) -> dict[str, Any]:
    """A `LotOut`."""
    return {
        "id": row.pk,
        "number": row.number,
        "organisation": row.owner_code,
        "warehouse": row.warehouse_code,
        "book": row.ems_no,
        "entered_on": row.entered_on,
        "limit_on": row.limit_on,
        "tariff_version": row.tariff_version,
        "lines": [_held(line) for line in lines],
        "draws": [_took(one) for one in taken],
        "href": f"/api/v1/storage/lots/{row.pk}",
    }


def _held(line: Held) -> dict[str, Any]:
    return {
        "place": line.place,
        "item_no": line.item_no,
        "gcode": line.gcode,
        "name": line.name,
        "unit": line.unit,
        "origin": line.origin,
        "quantity": format_e5(line.quantity_e5),
        "drawn": format_e5(line.used_e5),
        "left": format_e5(line.left_e5),
        "statutory_unit": line.unit1,
        "statutory_quantity": format_e5(line.statutory_e5),
        "value": format_cents(line.value_cents),
        "duty": format_cents(line.duty_cents),
        "consumption_tax": format_cents(line.consumption_tax_cents),
        "value_added_tax": format_cents(line.value_added_tax_cents),
    }


def _took(one: Took) -> dict[str, Any]:
    return {
        "draw": one.draw,
        "lot": one.lot,
        "item_no": one.item_no,
        "unit": one.unit,
        "quantity": format_e5(one.quantity_e5),
        "value": format_cents(one.value_cents),
        "guarantee": format_cents(one.guarantee_cents),
        "declaration": one.declaration_id,
    }


def draw(row: StorageDraw, taken: list[Took]) -> dict[str, Any]:
    """A `DrawOut`."""
    return {
        "id": row.pk,
        "number": row.number,
        "organisation": row.owner_code,
        "book": row.ems_no,
        "direction": row.direction,
        "month": f"{row.month:%Y-%m}",
        "drawn_at": row.drawn_at,
        "takings": [_took(one) for one in taken],
        "href": f"/api/v1/storage/draws/{row.pk}",
    }


def book_line(one: BookLine) -> dict[str, Any]:
    """A `BookLineOut`."""
    return {
        "book": one.ems_no,
        "item_no": one.item_no,
        "unit": one.unit,
        "name": one.name,
        "entered": format_e5(one.entered_e5),
        "declared": format_e5(one.declared_e5),
        "drawn": format_e5(one.drawn_e5),
        "stock": format_e5(one.stock_e5),
        "entered_value": format_cents(one.entered_cents),
        "declared_value": format_cents(one.declared_cents),
        "drawn_value": format_cents(one.drawn_cents),
        "stock_value": format_cents(one.stock_cents),
    }


def open_period(one: Open, due_on: date) -> dict[str, Any]:
    """An `OpenOut`."""
    return {
        "book": one.ems_no,
        "month": f"{one.month:%Y-%m}",
        "direction": one.direction,
        "draws": one.draws,
        "value": format_cents(one.value_cents),
        "due_on": due_on,
    }


def declaration(row: StorageDeclaration) -> dict[str, Any]:
    """A `StorageDeclarationOut`."""
    return {
        "id": row.pk,
        "number": dataset.number(row),
        "organisation": row.owner_code,
        "book": row.ems_no,
        "direction": row.direction,
        "month": f"{row.month:%Y-%m}",
        "due_on": row.due_on,
        "declared_on": row.declared_on,
        "value": format_cents(row.value_cents),
        "tax": format_cents(row.tax_cents),
        "guarantee_released": format_cents(row.guarantee_cents),
        "href": f"/api/v1/storage/declarations/{row.pk}",
    }
