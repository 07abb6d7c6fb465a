"""Words that several pages of the portal share."""

from __future__ import annotations

from collections.abc import Iterable

from silkgate.exchange.api import MessageLine
from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.tariff.api import Card, cards

OUTCOMES = {
    "": (Text("全部", "All"), ""),
    "received": (Text("已收到", "Received"), "waiting"),
    "accepted": (Text("已接收", "Accepted"), "released"),
    "rejected": (Text("拒收", "Rejected"), "refused"),
    "duplicate": (Text("重复", "Duplicate"), "returned"),
}
"""Filters of messages by what became of them, with their marks; "" is no filter."""


def kind_name(kind: str) -> Text:
    """A kind of message in words; the kind itself where it is not known."""
    known = MESSAGES.get(kind[3:6]) if kind.startswith("CEB") else None
    return known.name if known else Text("无法识别", "Not recognised")


MessageRow = tuple[MessageLine, Text, list[Card | None]]


def message_rows(lines: Iterable[MessageLine]) -> list[MessageRow]:
    """Messages for `portal/message_lines.html`: each with its kind in words and the cards of what was found."""
    return [(line, kind_name(line.kind), [cards().get(slug) for slug in line.reasons]) for line in lines]
