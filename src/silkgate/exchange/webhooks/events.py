"""What is told of an event: CloudEvents 1.0 as JSON, with nothing that names a person."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from silkgate.journal import api as journal
from silkgate.journal.api import Event, Subject

SPAN = 20_000
"""How many numbers of the journal one look goes through, so that it costs the same however long the journal is."""
TRIAL = 0
"""Number of the event that a trial delivers."""
_TRIAL_TYPE = "webhook.trial"


class Found(NamedTuple):
    """An event with what it is about."""

    event: Event
    subject: Subject


def name(number: int) -> str:
    """The name of an event outside."""
    return f"evt-{number}"


def look(cursor: Any, after: int, kinds: Sequence[str], horizon: int, *, limit: int = SPAN) -> tuple[list[Found], int]:
    """Events of `kinds` after number `after` that somebody owns, and the number up to which was looked."""
    top = min(horizon, after + SPAN)
    events = journal.events_after(cursor, after, top, kinds, limit=limit)
    if len(events) == limit:
        top = events[-1].id
    about = journal.subjects_of(cursor, events)
    return [Found(event, subject) for event, subject in zip(events, about, strict=True) if subject], max(top, after)


def horizon(cursor: Any, lowest: int) -> int:
    """Up to which number events are sure to stay in their order; `lowest` where that cannot be told now."""
    found = journal.settled(cursor, time.sleep)
    return lowest if found is None else found


def told(found: Found) -> dict[str, Any]:
    """The members of an event as CloudEvents has them."""
    event, subject = found
    return _members(event.id, event.kind, event.at, subject.address, journal.TYPES[event.kind].data(event.detail))


def trial(webhook: int, at: datetime) -> dict[str, Any]:
    """What a trial of the webhook with the number `webhook` delivers."""
    return _members(TRIAL, _TRIAL_TYPE, at, f"/api/v1/webhooks/{webhook}", {})


def _members(number: int, kind: str, at: datetime, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name(number),
        "source": "/api/v1/events",
        "type": kind,
        "time": at.isoformat(),
        "subject": subject,
        "datacontenttype": "application/json",
        "data": data,
    }
