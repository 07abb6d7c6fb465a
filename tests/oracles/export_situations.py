"""Running a hand-made situation of exports: what a test sends, and what is seen of it."""

from __future__ import annotations

from typing import Any

from .zone import CaseWriter

FIRST = "46122026E000000001"
SECOND = "46122026E000000002"
COMPANIONS = ("303", "505")
RECEIPT_DAY = "2024-12-14T10:00:00+08:00"
"""The last day on which a receipt of money is needed."""


def send_export(writer: CaseWriter, parcel: dict[str, dict[str, Any]], kinds: tuple[str, ...] = COMPANIONS) -> None:
    """The companions (or the kinds given) and then the list, each in a message of its own."""
    for kind in (*kinds, "603"):
        writer.send(parcel[kind])
