"""A replayed batch beside what was recorded of it, row for row and receipt for receipt, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from silkgate.clearance.engine.batch import answer_rows, event_rows
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.replay.recorded import Recorded, Rows
from silkgate.exchange.api import Outgoing

ANSWER = ("kind", "guid", "digest", "claims", "outcome", "reasons", "findings", "original_id")
EVENT = ("actor", "detail")
RECEIPT = ("documents", "recipient", "dxp_id", "body")
SHOWN_CHARACTERS = 120


class Difference(NamedTuple):
    """Something that came out otherwise than it was recorded."""

    batch_no: int
    """0: of the state at the end."""
    what: str
    """answer, event, receipt, instruction, declaration or balance."""
    subject: str
    recorded: str
    """What was recorded, as far as it differs; empty where there is nothing."""
    replayed: str


def compare(
    effects: Effects, outgoing: Sequence[Outgoing], recorded: Recorded, instructions: Sequence[tuple[int, str]]
) -> list[Difference]:
    """All differences of one batch; empty where it would write exactly what it wrote then."""
    no = effects.batch_no
    answers = [(row[0], *row[2:]) for row in answer_rows(effects)]
    events = [(*row[3:6], row[2], row[7]) for row in event_rows(effects, "")]
    then_events = [(*row[2:5], row[1], row[5]) for row in recorded.events(no)]
    receipts = [
        (item.message_id, item.kind, item.documents, item.recipient, item.dxp_id, item.body) for item in outgoing
    ]
    return [
        *differences(no, "answer", [row[1:] for row in recorded.answers(no)], answers, ("message",), ANSWER),
        *differences(no, "event", then_events, events, ("kind", "of", "number"), EVENT),
        *differences(no, "receipt", _receipts(recorded, no), receipts, ("message", "kind"), RECEIPT),
        *differences(no, "instruction", list(instructions), effects.instructions, ("number",), ("outcome",)),
    ]


def _receipts(recorded: Recorded, no: int) -> Rows:
    body = recorded.receipt_bodies(no)
    rows = []
    start = 0
    for _, message_id, kind, documents, recipient, dxp_id, length in recorded.receipts(no):
        rows.append((message_id, kind, documents, recipient, dxp_id, body[start : start + length]))
        start += length
    return rows


def differences(
    batch_no: int, what: str, recorded: Rows, replayed: Rows, key: Sequence[str], columns: Sequence[str]
) -> list[Difference]:
    """Rows that are not the same in both, by their key (the first values of a row) and its repetition."""
    if recorded == replayed:
        return []
    then, now = _numbered(recorded, len(key)), _numbered(replayed, len(key))
    found = []
    for place in dict.fromkeys([*then, *now]):
        before, after = then.get(place), now.get(place)
        if before != after:
            subject = " ".join(map(str, place[0])) + (f" ({place[1] + 1})" if place[1] else "")
            found.append(Difference(batch_no, what, subject, *_shown(before, after, columns)))
    if not found:
        found.append(Difference(batch_no, what, "", "order", "another order"))
    return found


def _numbered(rows: Rows, width: int) -> dict[tuple[tuple[Any, ...], int], tuple[Any, ...]]:
    seen: dict[tuple[Any, ...], int] = {}
    numbered = {}
    for row in rows:
        key = row[:width]
        seen[key] = seen.get(key, -1) + 1
        numbered[key, seen[key]] = row[width:]
    return numbered


def _shown(before: tuple[Any, ...] | None, after: tuple[Any, ...] | None, columns: Sequence[str]) -> tuple[str, str]:
    """Both sides, as far as they differ."""
    if before is None or after is None:
        return ("", _row(after, columns)) if before is None else (_row(before, columns), "")
    then, now = [], []
    for column, old, new in zip(columns, before, after, strict=True):
        if old != new:
            old_text, new_text = _text(old), _text(new)
            start = max(0, _common(old_text, new_text) - 30)
            then.append(f"{column}={old_text[start : start + SHOWN_CHARACTERS]}")
            now.append(f"{column}={new_text[start : start + SHOWN_CHARACTERS]}")
    return "; ".join(then), "; ".join(now)


def _row(row: tuple[Any, ...] | None, columns: Sequence[str]) -> str:
    shown = zip(columns, row or (), strict=False)
    return "; ".join([f"{column}={_text(value)[:SHOWN_CHARACTERS]}" for column, value in shown])


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)
