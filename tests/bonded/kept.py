"""A made-up trader, its warehouse, a small tariff, lots and orders for the tests of storage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from silkgate.bonded.storage import actions
from silkgate.bonded.storage.domain import EXPORT, NewDraw, NewLine, NewLot, Wanted
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import CHINA
from silkgate.registry import models as registry
from silkgate.standards import uscc
from silkgate.tariff import api as tariff

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
DAY = timedelta(days=1)
OWNER, OTHER = (first + uscc.check_character(first) for first in ("91410100MA3XK0101", "91410100MA3XK0102"))
WAREHOUSE, ANOTHER = "41014600W1", "41014600W2"
BOOK = "T4612W000101"
DRILL, PHONE, WINE, FREE = "8467210000", "8517130000", "2204210000", "4901990000"
"""Taxed by value; free of duty; with consumption tax by value; free of everything."""

CLERK = Actor("clerk", PERSON, 1, roles={OWNER: frozenset({"declarant"})})
OFFICER = Actor("officer", PERSON, 2, agency="customs", duties=frozenset({"declarations"}))

_COLUMNS = (
    "gcode", "name", "duty_rate", "vat_rate", "consumption_rate", "consumption_specific", "consumption_threshold",
    "unit1", "unit2", "listed_modes", "valid_from", "valid_to",
)  # fmt: skip
_RATES = (
    (DRILL, "电钻", "8%", "13%", "0%", "", "", "001", "035", "", "2024-01-01", "2026-12-31"),
    (DRILL, "电钻", "6%", "13%", "0%", "", "", "001", "035", "", "2027-01-01", ""),
    (PHONE, "手机", "0%", "13%", "0%", "", "", "001", "035", "", "2024-01-01", ""),
    (FREE, "图书", "0%", "0%", "0%", "", "", "001", "", "", "2024-01-01", ""),
    (WINE, "葡萄酒", "14%", "13%", "10%", "", "", "095", "", "", "2024-01-01", "2026-12-31"),
)


def firms() -> None:
    """On file: a trader, two warehouses, and somebody who is neither. The tariff of 2024 to 2026, and of 2027."""
    for code, name, roles in (
        (OWNER, "豫贸机电有限公司", ["ebc"]),
        (OTHER, "中原商贸有限公司", ["ebc"]),
        (WAREHOUSE, "新郑保税仓储有限公司", ["area"]),
        (ANOTHER, "航空港保税仓储有限公司", ["area"]),
    ):
        registry.Enterprise.objects.update_or_create(
            code=code, defaults={"name": name, "roles": roles, "credit_class": "B"}
        )
    tariff.load_tariff([dict(zip(_COLUMNS, row, strict=True)) for row in _RATES], "rates")


def line(item_no: str = "DRILL-18V", pieces: int = 100, yuan: int = 1_000, **changes: Any) -> NewLine:
    """100 drills for CNY 1,000; on them fall 80.00 of duty and 140.40 of value added tax."""
    made = NewLine(item_no, DRILL, "电钻", "001", pieces * 100_000, pieces * 100_000, "142", yuan * 100)
    return made._replace(**changes)


def lot(number: str = "LOT-1", *lines: NewLine, **changes: Any) -> NewLot:
    """A lot of the owner."""
    return NewLot(number, OWNER, WAREHOUSE, BOOK, lines or (line(),))._replace(**changes)


def order(number: str = "SO-1", pieces: int = 30, item_no: str = "DRILL-18V", **changes: Any) -> NewDraw:
    """An order of drills for export."""
    made = NewDraw(number, OWNER, BOOK, EXPORT, (Wanted(item_no, "001", pieces * 100_000),))
    return made._replace(**changes)


def lodge(yuan: int = 10_000, owner: str = OWNER, letter: str = "BOC-2026-001", at: datetime = NOW) -> None:
    """A guarantee."""
    actions.lodge_guarantee(OFFICER, owner, letter, yuan * 100, at=at)


def enter(new: NewLot | None = None, at: datetime = NOW) -> int:
    """A lot in storage; its number."""
    return actions.enter_lot(CLERK, new or lot(), at=at).pk


def drawn(new: NewDraw | None = None, at: datetime = NOW) -> int:
    """An order that was filled; its number."""
    return actions.draw(CLERK, new or order(), at=at).pk
