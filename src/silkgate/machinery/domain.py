"""Words of the machine books: contract and machine, bill of materials, shipments of spare parts. No database here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from silkgate.kernel.text import Text

ACCOUNT = "spare"
"""Kind of the ledger accounts: how much of a part may still be sent without tax."""
BOOK_SUBJECT, SHIPMENT_SUBJECT = "machine_book", "spare_shipment"
"""What the journal calls them."""

DRAFT, DECLARED = "draft", "declared"
BOOK_STATES: Mapping[str, tuple[str, Text]] = {
    DRAFT: ("waiting", Text("填报中", "In preparation")),
    DECLARED: ("released", Text("已申报", "Declared")),
}
"""Mark and words. Parts can be imported while it is prepared; what is declared is not changed."""

FREE, REFUSED, CANCELLED = "free", "refused", "cancelled"
SHIPMENT_STATES: Mapping[str, tuple[str, Text]] = {
    FREE: ("released", Text("免税出口", "Leaves without tax")),
    REFUSED: ("refused", Text("不予免税", "Not without tax")),
    CANCELLED: ("returned", Text("已取消", "Cancelled")),
}

COLUMNS: dict[str, Text] = {
    "part_no": Text("零件号", "Part number"),
    "parent": Text("上级零件号", "Parent"),
    "name": Text("名称", "Name"),
    "gcode": Text("商品编码", "HS code"),
    "unit": Text("计量单位", "Unit"),
    "quantity": Text("数量", "Quantity"),
    "serial_nos": Text("序列号", "Serial numbers"),
    "unit_value": Text("单价", "Unit value"),
}
"""Columns of a bill of materials. `parent` is empty for what is built into the machine; `quantity`: in one parent."""

LINE_COLUMNS: dict[str, Text] = {
    "part_no": Text("零件号", "Part number"),
    "serial_no": Text("序列号", "Serial number"),
    "quantity": Text("数量", "Quantity"),
}
"""Columns of a shipment's table."""

CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD")
"""Of which 100 cents make one."""
MAX_LEVELS = 30
"""Of a bill of materials."""
MAX_SERIALS = 20_000
"""Of all parts of a bill."""
MAX_LINES = 500
"""Of one shipment."""
MAX_MACHINES = 200
"""Under one contract."""
MOST_E5 = 10**17
"""The largest quantity, in 0.00001 of a unit."""


class Machine(NamedTuple):
    """What a book says of its contract and of the machine that was exported under it."""

    contract_no: str
    buyer_name: str
    buyer_country: str
    """Customs code."""
    name: str
    model: str
    gcode: str
    serial_nos: tuple[str, ...]
    """One for each machine: several of one model may go under a contract."""
    value_cents: int
    """Of all machines, in 0.01 of the currency."""
    currency: str
    """ISO 4217."""
    declaration_no: str
    export_day: date
    warranty_months: int


class Component(NamedTuple):
    """One row of a bill of materials: what is built into a parent (empty: the machine), how much of it in each."""

    line: int
    parent_no: str
    part_no: str
    quantity_e5: int


class Part(NamedTuple):
    """A part, wherever it is built in."""

    part_no: str
    name: str
    gcode: str
    unit: str
    unit_value_cents: int
    serial_nos: tuple[str, ...]
    quantity_e5: int
    """In all machines of the book, over all places: 0.00001 of the unit, what is smaller is left out."""


class Bill(NamedTuple):
    """A bill of materials that was judged. Parts stand before the parts in them."""

    parts: tuple[Part, ...]
    components: tuple[Component, ...]


class Line(NamedTuple):
    """What is sent: so much of a part, or the one that takes the place of the part with this serial number."""

    part_no: str
    serial_no: str
    quantity_e5: int


class Asked(NamedTuple):
    """A shipment of spare parts as its sender announces it."""

    number: str
    contract_no: str
    day: date
    """On which it leaves."""
    lines: tuple[Line, ...]


def warranty_end(export_day: date, months: int) -> date:
    """The last day of the warranty: the same day of the month so many months on, or that month's last day.

    >>> warranty_end(date(2026, 1, 31), 1), warranty_end(date(2026, 11, 23), 12)
    (datetime.date(2026, 2, 28), datetime.date(2027, 11, 23))
    """
    years, month = divmod(export_day.month - 1 + months, 12)
    year, month = export_day.year + years, month + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(export_day.day, last))
