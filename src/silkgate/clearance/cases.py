"""Example cases (contract §1): run a folder of messages through the real intake and engine, and compare.

The database that Django points at is the case's own: empty, private, gone afterwards (the caller sees to that).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.db import connection as django_connection

from silkgate.clearance.engine.run import Engine
from silkgate.clearance.zonefolder import FolderError, load_zone, read_zone_folder
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.clock import china_day
from silkgate.kernel.fixed import format_cents, format_e5
from silkgate.kernel.text import Text
from silkgate.tariff import api as tariff

DECLARATIONS = (
    "ebp_code", "order_no", "logistics_no", "invt_no", "status", "reasons",
    "dutiable_value", "customs_tax", "value_added_tax", "consumption_tax",
)  # fmt: skip
BALANCES = ("kind", "key", "balance")
MESSAGES = ("file", "message_type", "guid", "outcome", "reasons")
AMOUNTS = frozenset(("dutiable_value", "customs_tax", "value_added_tax", "consumption_tax", "balance"))
KEYS = {"declarations": ("ebp_code", "order_no"), "balances": ("kind", "key"), "messages": ("file",)}
MESSAGES_AT_ONCE = 200

Row = dict[str, str]


class CaseResult(NamedTuple):
    """What a case came to, and how it differs from what was expected (empty: equal, or nothing was expected)."""

    declarations: list[Row]
    balances: list[Row]
    messages: list[Row]
    receipts: int
    differences: list[str]


def run_case(case: Path, out: Path, connect: Any) -> CaseResult:
    """Run `case` in the private database that Django and `connect` point at; write the results under `out`.

    `connect` gives new psycopg connections to that database. Raises FolderError where the folder cannot be read.
    """
    folder = read_zone_folder(case)
    inbox = case / "inbox"
    if not inbox.is_dir():
        raise FolderError(str(inbox), Text("没有inbox目录", "there is no inbox folder"))
    load_zone(case, selection_key=bytes(32))
    files = sorted(inbox.glob("*.xml"), key=lambda file: file.name)
    with connect() as connection:
        connection.autocommit = True
        numbers = _take_in(connection, files, folder.as_of, folder.policy)
        with Engine(connect, lambda: folder.as_of) as engine:
            engine.drain()
        result = CaseResult(
            _declarations(connection), _balances(connection), _messages(connection, files, numbers), 0, []
        )
        receipts = _write_receipts(connection, out / "receipts")
    for name, columns in (("declarations", DECLARATIONS), ("balances", BALANCES), ("messages", MESSAGES)):
        _write_table(out / f"{name}.csv", columns, getattr(result, name))
    return result._replace(receipts=receipts, differences=compare(case / "expected", result))


def _take_in(connection: psycopg.Connection, files: Sequence[Path], as_of: datetime, policy: Any) -> list[int]:
    with django_connection.cursor() as cursor:
        filed = identity.certificates(cursor)
    limit = tariff.law_of(china_day(as_of), policy=policy).max_message_bytes
    numbers: list[int] = []
    for start in range(0, len(files), MESSAGES_AT_ONCE):
        received = [
            exchange.examine(file.read_bytes(), lambda code: filed.get(code, ()), max_message_bytes=limit)
            for file in files[start : start + MESSAGES_AT_ONCE]
        ]
        numbers.extend(exchange.store(connection, received, as_of))
    return numbers


def _declarations(connection: psycopg.Connection) -> list[Row]:
    rows = connection.execute(
        "select ebp_code, order_no, logistics_no, coalesce(invt_no, ''), state, reasons, dutiable_cents, duty_cents,"
        " value_added_tax_cents, consumption_tax_cents from clearance_declaration where current"
        " order by ebp_code, order_no"
    ).fetchall()
    return [
        dict(
            zip(
                DECLARATIONS,
                (*row[:6], *("" if cents is None else format_cents(cents) for cents in row[6:])),
                strict=True,
            )
        )
        for row in rows
    ]


def _balances(connection: psycopg.Connection) -> list[Row]:
    rows = connection.execute(
        "select kind, key, capacity, used from ledger_account where kind <> 'allowance' or used <> 0"
    ).fetchall()
    told = []
    for kind, key, capacity, used in rows:
        if kind == "allowance":
            told.append(("allowance_used", key, format_cents(used)))
        elif kind == "stock":
            told.append(("book_qty", key, format_e5(capacity - used)))
        else:
            told.append(("guarantee_balance", key, format_cents(capacity - used)))
    return [dict(zip(BALANCES, row, strict=True)) for row in sorted(told)]


def _messages(connection: psycopg.Connection, files: Sequence[Path], numbers: Sequence[int]) -> list[Row]:
    rows = connection.execute(
        "select message_id, kind, guid, outcome, reasons from exchange_answer where message_id = any(%s)",
        (list(numbers),),
    ).fetchall()
    answers = {row[0]: row[1:] for row in rows}
    return [
        dict(zip(MESSAGES, (file.name, *answers[number]), strict=True))
        for file, number in zip(files, numbers, strict=True)
    ]


def _write_receipts(connection: psycopg.Connection, folder: Path) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    receipts = exchange.all_receipts(connection, 0)
    for receipt in receipts:
        (folder / f"{receipt.id:06d}-{receipt.kind[3:6]}.xml").write_bytes(receipt.body)
    return len(receipts)


def _write_table(file: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def compare(expected: Path, result: CaseResult) -> list[str]:
    """Differences from the tables under `expected`, a readable line each. Rows are sets on the columns expected."""
    differences: list[str] = []
    for name, keys in KEYS.items():
        file = expected / f"{name}.csv"
        if not file.exists():
            continue
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            wanted = list(reader)
            columns = [column for column in (reader.fieldnames or []) if column]
        differences.extend(_compare_table(name, keys, columns, wanted, getattr(result, name)))
    return differences


def _compare_table(
    name: str, keys: Sequence[str], columns: Sequence[str], wanted: list[Row], got: list[Row]
) -> list[str]:
    by_key = {tuple(row.get(key) or "" for key in keys): row for row in got}
    differences = []
    for row in wanted:
        key = tuple(row.get(part) or "" for part in keys)
        label = f"{name} {' / '.join(key)}"
        other = by_key.pop(key, None)
        if other is None:
            differences.append(f"{label}: expected, not there")
            continue
        differences.extend(
            [
                f"{label}: {column} is {other.get(column, '')!r}, expected {row.get(column) or ''!r}"
                for column in columns
                if not _equal(column, row.get(column) or "", other.get(column, ""))
            ]
        )
    differences.extend([f"{name} {' / '.join(key)}: there, not expected" for key in by_key])
    return differences


def _equal(column: str, wanted: str, got: str) -> bool:
    if column in AMOUNTS and wanted and got:
        try:
            return Decimal(wanted) == Decimal(got)
        except InvalidOperation:
            return False
    return wanted == got
