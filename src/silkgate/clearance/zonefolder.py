"""A zone as a folder of tables (contract §1): read it, and load it through the rooms' doors."""

from __future__ import annotations

import csv
import secrets
import tomllib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.db import connection, transaction

from silkgate.bonded import api as bonded
from silkgate.identity import api as identity
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.registry import api as registry
from silkgate.risk import api as risk
from silkgate.tariff import api as tariff

T = TypeVar("T")


class FolderError(ValueError):
    """A zone's folder cannot be read: which file, which line, what is wrong."""

    def __init__(self, where: str, what: Text) -> None:
        self.text = Text(f"{where}：{what.zh}", f"{where}: {what.en}")
        super().__init__(self.text.en)


class ZoneFolder(NamedTuple):
    """What case.toml says, and where the tables lie."""

    path: Path
    name: str
    customs_code: str
    as_of: datetime
    policy: dict[str, Any]


def read_zone_folder(path: Path) -> ZoneFolder:
    """Read case.toml. Raises FolderError."""
    file = path / "case.toml"
    try:
        words = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FolderError(
            str(file), Text(f"无法读取（{error.strerror}）", f"cannot be read ({error.strerror})")
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FolderError(str(file), Text(f"不是有效的TOML：{error}", f"is not TOML: {error}")) from error
    try:
        as_of = words["as_of"]
        as_of = as_of if isinstance(as_of, datetime) else datetime.fromisoformat(as_of)
        if as_of.tzinfo is None:
            raise ValueError("as_of")
        customs_code = str(words["customs_code"])
        if len(customs_code) != 4:
            raise ValueError("customs_code")
        return ZoneFolder(path, str(words.get("zone", "")), customs_code, as_of, dict(words.get("policy", {})))
    except KeyError as error:
        raise FolderError(str(file), Text(f"缺少{error.args[0]}", f"{error.args[0]} is missing")) from error
    except (TypeError, ValueError) as error:
        what = Text(f"取值不可用：{error}", f"a value cannot be used: {error}")
        raise FolderError(str(file), what) from error


def load_zone(path: Path, *, selection_key: bytes | None = None) -> ZoneFolder:
    """Load a zone's folder into this installation, all or nothing. Raises FolderError and the rooms' own errors."""
    folder = read_zone_folder(path)
    day = china_day(folder.as_of)
    limit_cents = tariff.law_of_rows(day, policy=folder.policy).annual_limit_cents
    with transaction.atomic(), connection.cursor() as cursor:
        enterprises = _table(path, "enterprises.csv", _enterprise)
        registry.file_enterprises(cursor, [enterprise for enterprise, _ in enterprises], at=folder.as_of)
        for enterprise, certificate in enterprises:
            if certificate:
                _file_certificate(cursor, path, enterprise.code, certificate)
        guarantees = (path / "guarantees.csv").exists()
        registry.set_zone(
            cursor,
            registry.ZoneRecord(
                folder.name, folder.customs_code, guarantees, selection_key or secrets.token_bytes(32), folder.policy
            ),
        )
        with (path / "tariff.csv").open(encoding="utf-8-sig", newline="") as file:
            tariff.load_tariff(csv.DictReader(file), "tariff.csv")
        if (path / "prohibited.csv").exists():
            with (path / "prohibited.csv").open(encoding="utf-8-sig", newline="") as file:
                tariff.load_prohibited(csv.DictReader(file), "prohibited.csv")
        bonded.enter_records(cursor, _table(path, "books.csv", _book), at=folder.as_of)
        allowances = _table(path, "allowances.csv", _allowance)
        balances = _table(path, "guarantees.csv", _guarantee)
        _open_accounts(cursor, allowances, balances, limit_cents, folder.as_of)
        risk.set_rules(cursor, _table(path, "selection.csv", _selection_rule))
        journal.record(
            cursor,
            at=folder.as_of,
            actor="load",
            kind="zone.loaded",
            subject=("zone", 1),
            detail={"name": folder.name, "enterprises": len(enterprises)},
        )
    return folder


def _open_accounts(
    cursor: Any, allowances: list[tuple[str, int]], guarantees: list[tuple[str, int]], limit_cents: int, at: datetime
) -> None:
    ids = ledger.allot_ids(cursor, len(allowances) + len(guarantees)) if allowances or guarantees else []
    accounts = []
    for key, used in allowances:
        accounts.append(ledger.NewAccount(ids.pop(), "allowance", key, max(limit_cents, used), used))
    for key, capacity in guarantees:
        accounts.append(ledger.NewAccount(ids.pop(), "guarantee", key, capacity))
    ledger.open_accounts(cursor, accounts, at=at)


def _file_certificate(cursor: Any, path: Path, code: str, name: str) -> None:
    file = path / "certs" / name
    try:
        identity.file_certificate(cursor, code, file.read_bytes())
    except (OSError, ValueError) as error:
        raise FolderError(
            str(file), Text(f"无法作为证书读取：{error}", f"cannot be read as a certificate: {error}")
        ) from error


def _table(path: Path, name: str, read: Callable[[dict[str, str]], T]) -> list[T]:
    """The rows of a table; an absent file has none."""
    file = path / name
    if not file.exists():
        if name == "enterprises.csv":
            raise FolderError(str(file), Text("文件不存在", "there is no such file"))
        return []
    rows = []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), 2):
            try:
                rows.append(read({key: (value or "").strip() for key, value in row.items() if key}))
            except (KeyError, ValueError, InvalidOperation) as error:
                what = Text(f"第{number}行不可用：{error}", f"line {number} cannot be used: {error}")
                raise FolderError(str(file), what) from error
    return rows


def _scaled(text: str, places: int) -> int:
    value = Decimal(text).scaleb(places)
    if value != value.to_integral_value() or value < 0:
        raise ValueError(f"{text}: at most {places} decimals, not negative")
    return int(value)


def _enterprise(row: dict[str, str]) -> tuple[registry.Enterprise, str]:
    roles = frozenset(role.strip() for role in row["roles"].split(";") if role.strip())
    enterprise = registry.Enterprise(
        row["code"], row["name"], roles, row.get("credit_class", ""), row.get("dxp_id", "")
    )
    return enterprise, row.get("certificate", "")


def _book(row: dict[str, str]) -> tuple[bonded.BookRecord, int]:
    record = bonded.BookRecord(row["ems_no"], row["item_record_no"], row["area_code"], row["gcode"], row["unit"])
    return record, _scaled(row["qty"], 5)


def _allowance(row: dict[str, str]) -> tuple[str, int]:
    return f"{row['buyer_id_number']}/{row['year']}", _scaled(row["used"], 2)


def _guarantee(row: dict[str, str]) -> tuple[str, int]:
    return row["assure_code"], _scaled(row["balance"], 2)


def _selection_rule(row: dict[str, str]) -> risk.SelectionRule:
    return risk.SelectionRule(row["kind"], row["value"], row["action"])
