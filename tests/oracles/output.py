"""The tables of contract §1 as rows, and their comparison."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from . import export_keys
from .casefolder import read_csv

Row = dict[str, str]
TABLES = ("declarations", "balances", "messages")
NUMBERS = ("dutiable_value", "customs_tax", "value_added_tax", "consumption_tax", "balance")
UNREADABLE = ("format.xml", "format.size", "format.unknown")
AMOUNTS = {
    "dutiable_value": "value",
    "customs_tax": "duty",
    "value_added_tax": "vat",
    "consumption_tax": "consumption",
}


class Outcome(NamedTuple):
    """What is seen of a run from outside: rows with exactly the columns of contract §1."""

    declarations: list[Row]
    balances: list[Row]
    messages: list[Row]


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def quantity(amount: Decimal) -> str:
    """Plain digits without trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def declaration_rows(world: dict[str, Any]) -> list[Row]:
    return [declaration_row(declaration) for declaration in world["shelves"]["621"].values()]


def declaration_row(declaration: dict[str, Any]) -> Row:
    head, row = declaration["head"], declaration["row"]
    assessed = declaration.get("assessed", {}).values()
    amounts = {
        column: money(sum((line["taken"][name] for line in assessed), Decimal(0))) if assessed else ""
        for column, name in AMOUNTS.items()
    }
    return {
        "ebp_code": export_keys.platform(head) if declaration["kind"] == "603" else head["ebpCode"],
        "order_no": head["orderNo"],
        "logistics_no": head["logisticsNo"],
        "invt_no": row["invt_no"],
        "status": row["status"],
        "reasons": ";".join(row["reasons"]),
        **amounts,
    }


def balance_rows(world: dict[str, Any]) -> list[Row]:
    used = {f"{buyer}/{year}": money(amount) for (buyer, year), amount in world["allowances"].items() if amount}
    stock = {"/".join(record): quantity(book["qty"]) for record, book in world["books"].items()}
    guarantees = {code: money(balance) for code, balance in world["guarantees"].items()}
    kinds = {"allowance_used": used, "book_qty": stock, "guarantee_balance": guarantees}
    return [
        {"kind": kind, "key": key, "balance": balance}
        for kind, balances in kinds.items()
        for key, balance in balances.items()
    ]


# --- Comparison --------------------------------------------------------------------------------------------------


def as_number(cell: str) -> str:
    try:
        return str(Decimal(cell).normalize() + 0)
    except InvalidOperation:
        return cell


def comparable(rows: list[Row], columns: list[str]) -> Counter[tuple[tuple[str, str], ...]]:
    return Counter(
        tuple((name, as_number(row.get(name, "")) if name in NUMBERS else row.get(name, "")) for name in columns)
        for row in rows
    )


def shown(row: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(f"{name}={cell}" for name, cell in row if cell)


def readable(row: Row) -> Row:
    """A message that could not be read has no type and no guid to compare."""
    if row.get("reasons") in UNREADABLE:
        return {name: "" if name in ("message_type", "guid") else cell for name, cell in row.items()}
    return row


def differences(expected: list[Row], found: list[Row], table: str) -> list[str]:
    """Rows of one table that only one side has, on the columns of the expected side."""
    columns = list(expected[0]) if expected else list(found[0]) if found else []
    wanted, got = (comparable([readable(row) for row in rows], columns) for rows in (expected, found))
    missing = [f"{table}: missing  {shown(row)}" for row in sorted((wanted - got).elements())]
    surplus = [f"{table}: not expected  {shown(row)}" for row in sorted((got - wanted).elements())]
    return missing + surplus


def read_outcome(folder: Path) -> Outcome:
    """The three tables of an `expected/` or an output folder."""
    return Outcome(*(read_csv(folder / f"{table}.csv") for table in TABLES))


def compare(expected: Outcome, found: Outcome) -> list[str]:
    return [
        line
        for table, wanted, got in zip(TABLES, expected, found, strict=True)
        for line in differences(wanted, got, table)
    ]
