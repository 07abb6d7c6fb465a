"""Records as the engine's judges see them: one purchase whose four documents agree, to be changed field by field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from silkgate.exchange.api import Declaration, DeclarationLine, Order, OrderLine, Payment, Waybill
from silkgate.tariff.api import DatedRate, Law, Rate, law_of_rows

DAY = date(2026, 6, 18)
BUYER = "11010519491231002X"
T = TypeVar("T", bound=msgspec.Struct)


def e5(number: str) -> int:
    """A decimal as an integer of 0.00001."""
    return int(Decimal(number).scaleb(5))


def cents(number: str) -> int:
    """Money as an integer of 0.01."""
    return int(Decimal(number).scaleb(2))


def changed(record: T, **changes: Any) -> T:
    """The record with other values; amounts may be given as texts."""
    fields = {
        name: e5(value) if name.endswith("_e5") and isinstance(value, str) else value for name, value in changes.items()
    }
    return msgspec.structs.replace(record, **fields)


def declaration_line(gnum: int = 1, price: str = "100", **changes: Any) -> DeclarationLine:
    line = DeclarationLine(gnum, f"R{gnum}", "3304990029", "502", e5("2"), "011", e5("0.1"), e5(price))
    return changed(line, **changes)


def declaration(prices: Sequence[str] = ("100",), **changes: Any) -> Declaration:
    """A declaration in mode 1210 with one line for each price, numbered from 1."""
    made = Declaration(
        "1", "20260618090000", "2", "D1", "EBP", "EBC", "KG1", "LOG", "C1", "EBP", "EMS1", "4612", "1", BUYER, "张三",
        "AGENT", "AREA", "仓库", "1210", "", "", "", 0, 0,
        [declaration_line(gnum, price) for gnum, price in enumerate(prices, start=1)],
    )  # fmt: skip
    return changed(made, **changes)


def order_line(gnum: int = 1, price: str = "100", **changes: Any) -> OrderLine:
    return changed(OrderLine(gnum, "011", e5("2"), e5(price) // 2, e5(price), "502"), **changes)


def order(prices: Sequence[str] = ("100",), **changes: Any) -> Order:
    """The order that `declaration` of the same prices agrees with."""
    total = sum(map(e5, prices))
    made = Order(
        "1", "20260618080000", "2", "D1", "EBP", "EBC", total, 0, 0, 0, total, "张三", BUYER, "", "李四", "139", "郑州",
        [order_line(gnum, price) for gnum, price in enumerate(prices, start=1)],
    )  # fmt: skip
    return changed(made, **changes)


def payment(amount: str = "100", **changes: Any) -> Payment:
    made = Payment("1", "20260618080000", "2", "PAY", "P1", "D1", "EBP", BUYER, "张三", e5(amount))
    return changed(made, **changes)


def waybill(**changes: Any) -> Waybill:
    return changed(Waybill("1", "20260618080000", "2", "LOG", "KG1", "D1", 0, 0, "李四", "郑州", "139"), **changes)


def rate(
    *,
    gcode: str = "3304990029",
    duty: str = "0",
    vat: str = "0.13",
    consumption: str = "0",
    specific: str = "0",
    threshold: str = "0",
    modes: Sequence[str] = ("1210", "9610"),
) -> Rate:
    """A rate; decimal fractions, CNY per unit1."""
    e6 = [int(Decimal(number).scaleb(6)) for number in (duty, vat, consumption, specific)]
    return Rate(gcode, "货物", *e6, int(Decimal(threshold).scaleb(8)), "035", "", frozenset(modes), "test", True)


def law(*rates: Rate, day: date = DAY, **policy: object) -> Law:
    """The law of a day with these rates."""
    return law_of_rows(day, rates=[DatedRate(one, date(2016, 4, 8), None) for one in rates], policy=policy)
