"""Reads of the journal: events of one subject, events by their numbers, events behind a number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from silkgate.journal.domain import COLUMNS, Event


def of_subject(cursor: Any, kind: str, number: int) -> list[Event]:
    """All events of one subject, oldest first."""
    return _events(cursor, "subject_id = %s and subject_kind = %s order by id", (number, kind))


def events_after(cursor: Any, after: int, up_to: int, kinds: Sequence[str], *, limit: int) -> list[Event]:
    """Events of `kinds` with numbers above `after` and up to `up_to`, in order."""
    which = "id > %s and id <= %s and kind = any(%s) order by id limit %s"
    return _events(cursor, which, (after, up_to, list(kinds), limit))


def numbered(cursor: Any, numbers: Sequence[int]) -> dict[int, Event]:
    """Events by their numbers; who is absent is not there."""
    return {event.id: event for event in _events(cursor, "id = any(%s)", (list(numbers),))}


def _events(cursor: Any, which: str, values: tuple[Any, ...]) -> list[Event]:
    cursor.execute(f"select id, {COLUMNS} from journal_event where {which}", values)  # noqa: S608 - fixed texts
    return [Event._make([*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()]
