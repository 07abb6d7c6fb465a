"""A case folder, read into plain dicts and lists (contract §1)."""

from __future__ import annotations

import csv
import tomllib
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

CHINA = timezone(timedelta(hours=8))


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file, every cell stripped; an absent file has no rows."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [{name: (cell or "").strip() for name, cell in row.items()} for row in csv.DictReader(lines)]


def in_force(row: dict[str, str], day: date) -> bool:
    """Whether a row with valid_from and valid_to (both included, empty = open) is in force on a day."""
    since, until = row.get("valid_from", ""), row.get("valid_to", "")
    return (not since or date.fromisoformat(since) <= day) and (not until or day <= date.fromisoformat(until))


def limits_in_force(day: date) -> tuple[Decimal, Decimal]:
    """Single-transaction limit and yearly limit, CNY (contract §5)."""
    if day >= date(2019, 1, 1):
        return Decimal(5000), Decimal(26000)
    if day >= date(2016, 4, 8):
        return Decimal(2000), Decimal(20000)
    raise ValueError(f"no limits are known for {day}")


def read_case(folder: Path) -> dict[str, Any]:
    """Everything that a case says, with numbers as Decimal and the lists that are in force on its day."""
    head = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    as_of = datetime.fromisoformat(head["as_of"]).astimezone(CHINA)
    day = as_of.date()
    enterprises = {}
    for row in read_csv(folder / "enterprises.csv"):
        certificate = folder / "certs" / row["certificate"] if row["certificate"] else None
        enterprises[row["code"]] = {
            "roles": row["roles"].split(";"),
            "credit_class": row["credit_class"],
            "dxp_id": row["dxp_id"],
            "certificate": certificate.read_bytes() if certificate else b"",
        }
    tariff = {}
    for row in read_csv(folder / "tariff.csv"):
        if in_force(row, day):
            tariff[row["gcode"]] = {
                "duty": Decimal(row["duty_rate"]),
                "vat": Decimal(row["vat_rate"]),
                "consumption": Decimal(row["consumption_rate"]),
                "specific": Decimal(row.get("consumption_specific") or "0"),
                "threshold": Decimal(row.get("consumption_threshold") or "0"),
                "listed_modes": row["listed_modes"].split(";"),
            }
    books = {
        (row["ems_no"], row["item_record_no"]): {**row, "qty": Decimal(row["qty"])}
        for row in read_csv(folder / "books.csv")
    }
    policy = {"max_message_bytes": 10485760, "allow_1239": False, "random_inspection_rate": 0}
    policy.update(head.get("policy", {}))
    single, annual = limits_in_force(day)
    return {
        "customs_code": head["customs_code"],
        "as_of": as_of,
        "policy": policy,
        "single_limit": single,
        "annual_limit": annual,
        "enterprises": enterprises,
        "tariff": tariff,
        "prohibited": [row["gcode_prefix"] for row in read_csv(folder / "prohibited.csv") if in_force(row, day)],
        "books": books,
        "allowances": {
            (row["buyer_id_number"], row["year"]): Decimal(row["used"]) for row in read_csv(folder / "allowances.csv")
        },
        "guarantees": {row["assure_code"]: Decimal(row["balance"]) for row in read_csv(folder / "guarantees.csv")},
        "guarantees_checked": (folder / "guarantees.csv").exists(),
        "selection": read_csv(folder / "selection.csv"),
        "inbox": sorted((folder / "inbox").glob("*.xml"), key=lambda path: path.name),
    }
