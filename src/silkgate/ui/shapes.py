"""What the recurring shapes are fed with: frozen values in, templates under `templates/ui/shapes/` out. No Django."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.ui.formats import Part, differing_parts


class Law(NamedTuple):
    """Where a rule is written: notice and article, in force since, and the page that explains it."""

    name: Text
    since: date | None = None
    href: str = ""
    verified: bool = True


class Reason(NamedTuple):
    """One finding as the declarant reads it. `element` is the message's element name, `field` its name in words."""

    code: str
    rule: Text
    field: Text | None = None
    element: str = ""
    line: int | None = None
    found: Text | str = ""
    needed: Text | str = ""
    law: Law | None = None
    nearest: Text | None = None
    help_href: str = ""
    """Address of the page that explains the rule at length."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision panel: what was decided, why, by whom and when, and where it can be proved."""

    status: str
    summary: Text
    reasons: tuple[Reason, ...] = ()
    who: Text | None = None
    when: datetime | None = None
    proof_href: str = ""


class Source(NamedTuple):
    """One of the documents that are compared; `missing` where it has not arrived."""

    name: Text
    number: str = ""
    href: str = ""
    missing: bool = False


class Cell(NamedTuple):
    """One value of one document; empty parts where the document has no such field."""

    parts: tuple[Part, ...] = ()
    differs: bool = False


class ComparisonRow(NamedTuple):
    """One field across the documents."""

    name: Text
    cells: tuple[Cell, ...]
    element: str = ""

    @property
    def differs(self) -> bool:
        """Whether any document departs from the others."""
        return any(cell.differs for cell in self.cells)


class ComparisonGroup(NamedTuple):
    """Fields under one heading, for example one goods line."""

    name: Text
    rows: tuple[ComparisonRow, ...]


class Comparison(NamedTuple):
    """Documents side by side."""

    sources: tuple[Source, ...]
    groups: tuple[ComparisonGroup, ...]
    goods: tuple[ComparisonGroup, ...] = ()
    """Goods lines, a group each, all with the same fields; shown with a row per document and a column per field."""

    @property
    def differences(self) -> int:
        """How many fields differ."""
        return sum(row.differs for group in (*self.groups, *self.goods) for row in group.rows)


def compare(
    name: Text,
    values: tuple[str | None, ...],
    element: str = "",
    *,
    reference: int | None = None,
    same: Callable[[str, str], bool] = operator.eq,
    shown: Callable[[str], Text | str] | None = None,
) -> ComparisonRow:
    """A row of a comparison: values that depart from the reference are marked in place.

    `reference` is the place of the value that the rule holds the others to; where that document has none, the first
    value given. `same` says what counts as equal (12 and 12.00 are one number). `shown` changes how a value is
    written after it was compared (masked, with its unit); then a difference marks all of it. None is a document
    without that field, which neither agrees nor differs.
    """
    anchor = values[reference] if reference is not None else None
    if anchor is None:
        anchor = next((value for value in values if value is not None), "")
    cells = []
    for value in values:
        if value is None:
            cells.append(Cell())
        elif same(value, anchor):
            cells.append(Cell((Part(shown(value) if shown else value, False),)))
        elif shown:
            cells.append(Cell((Part(shown(value), True),), True))
        else:
            cells.append(Cell(differing_parts(value, anchor) if value else (), True))
    return ComparisonRow(name, tuple(cells), element)


class MoneyLine(NamedTuple):
    """One row of a money table: base × rate = amount, with the law that says so."""

    name: Text
    amount_cents: int
    base_cents: int | None = None
    rate: str = ""
    working: str = ""
    law: Law | None = None
    note: Text | None = None


class MoneyGroup(NamedTuple):
    """The rows of one goods line; their amounts add up to `total_cents` where given."""

    name: Text
    lines: tuple[MoneyLine, ...]
    code: str = ""


class MoneySum(NamedTuple):
    """A sum that visibly adds up: its parts are shown."""

    name: Text
    parts_cents: tuple[int, ...]
    strong: bool = False

    @property
    def total_cents(self) -> int:
        """What the parts add up to; never given separately, so that it cannot disagree."""
        return sum(self.parts_cents)


class MoneyTable(NamedTuple):
    """Tax explained line by line."""

    caption: Text
    groups: tuple[MoneyGroup, ...]
    sums: tuple[MoneySum, ...]


class Event(NamedTuple):
    """One entry of a timeline."""

    when: datetime
    what: Text
    who: Text | None = None
    detail: Text | None = None
    mark: str = ""
    href: str = ""


class Balance(NamedTuple):
    """An account's balance in one unit (`_e5` or cents alike): used + reserved + free = whole."""

    name: Text
    used: int
    reserved: int
    free: int
    used_text: str
    reserved_text: str
    free_text: str

    @property
    def whole(self) -> int:
        """All there is."""
        return self.used + self.reserved + self.free

    def permille(self, part: int) -> int:
        """`part` of the whole in thousandths; 0 where there is nothing at all."""
        return 1000 * part // self.whole if self.whole > 0 else 0


class Chip(NamedTuple):
    """A filter that lives in the URL; `total` where it is known cheaply."""

    name: Text
    href: str
    chosen: bool = False
    total: int | None = None
    mark: str = ""


class Pager(NamedTuple):
    """Keyset pages: addresses of the first page (empty while on it) and of the next (empty where the list ends)."""

    first_href: str = ""
    next_href: str = ""


class Bar(NamedTuple):
    """One bar of a chart."""

    name: Text
    value: int
    value_text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars with their table; the table says the same to those who cannot see the bars."""

    title: Text
    label_name: Text
    value_name: Text
    bars: tuple[Bar, ...] = field(default=())

    @property
    def greatest(self) -> int:
        """The longest bar's value, at least 1 so that lengths can be computed."""
        return max((bar.value for bar in self.bars), default=0) or 1
