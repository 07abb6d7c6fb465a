"""Running a hand-made situation: what a test sends, and what is seen of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import parcels
from .clearing import run_case
from .output import Outcome
from .zone import CaseWriter

FIRST = "46122026I000000001"
SECOND = "46122026I000000002"
COMPANIONS = ("311", "411", "511")


def send_parcel(writer: CaseWriter, parcel: dict[str, dict[str, Any]], kinds: tuple[str, ...] = COMPANIONS) -> None:
    """The companions (or the kinds given) and then the declaration, each in a message of its own."""
    for kind in (*kinds, "621"):
        writer.send(parcel[kind])


def outcome_of(writer: CaseWriter) -> Outcome:
    return run_case(writer.finish())


def new(folder: Path, **tables: Any) -> CaseWriter:
    """A fresh case; tables and `policy` may be given."""
    writer = CaseWriter(folder / "case")
    writer.policy = tables.pop("policy", {})
    writer.tables.update(tables)
    return writer


def states(outcome: Outcome) -> dict[str, str]:
    """Order number (its last digit) to `status reason;reason`."""
    return {
        row["order_no"].removeprefix("D2606").lstrip("0"): " ".join(filter(None, [row["status"], row["reasons"]]))
        for row in outcome.declarations
    }


def answers(outcome: Outcome) -> list[str]:
    """`outcome reason;reason` of each message."""
    return [" ".join(filter(None, [row["outcome"], row["reasons"]])) for row in outcome.messages]


def last(outcome: Outcome) -> str:
    return answers(outcome)[-1]


def balance(outcome: Outcome, kind: str, start: str) -> str:
    """The one balance of a kind whose key contains `start`; "" where there is none."""
    found = [row["balance"] for row in outcome.balances if row["kind"] == kind and start in row["key"]]
    assert len(found) <= 1, f"{start} names {len(found)} balances"
    return found[0] if found else ""


def changed(parcel: dict[str, Any], kind: str, item: int = 0, /, **fields: Any) -> dict[str, Any]:
    """The parcel with one document changed, in its head or in one item."""
    document = parcel[kind]
    fresh = parcels.with_item(document, item, **fields) if item else parcels.again(document, **fields)
    return {**parcel, kind: fresh}
