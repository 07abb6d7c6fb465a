"""The door of the journal: events, revisions of what rooms keep, and the verifiable log (`log_…`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from silkgate.journal.catalogue import SUBJECTS, TYPES, EventType, Member, Subject, event_type, subjects, subjects_of
from silkgate.journal.domain import COLUMNS, Event
from silkgate.journal.feed import settled
from silkgate.journal.log import BATCH, EVENT, Digest, Group, LogError, Range, digests, event_group, events_of_people
from silkgate.journal.log import SESSION as LOG_SESSION
from silkgate.journal.log import State as LogState
from silkgate.journal.log import append as log_append
from silkgate.journal.log import begin as log_begin
from silkgate.journal.log import checkpoints as log_checkpoints
from silkgate.journal.log import consistency as log_consistency
from silkgate.journal.log import keys as log_keys
from silkgate.journal.log import levels as log_levels
from silkgate.journal.log import newest_checkpoint as log_checkpoint
from silkgate.journal.log import place as log_place
from silkgate.journal.log import proof as log_proof
from silkgate.journal.log import ranges as log_ranges
from silkgate.journal.log import signed_at as log_signed_at
from silkgate.journal.log import signed_size as log_signed
from silkgate.journal.log import state as log_state
from silkgate.journal.log import stored_entries as log_entries
from silkgate.journal.log import stored_tiles as log_tiles
from silkgate.journal.log import tile as log_tile
from silkgate.journal.log import tree as log_tree
from silkgate.journal.queries import events_after, numbered, of_subject
from silkgate.kernel.rows import copy_rows


def append(cursor: psycopg.Cursor, rows: Sequence[Sequence[Any]]) -> None:
    """Add events inside the caller's transaction; a row has the values of `COLUMNS`, its detail as JSON text."""
    copy_rows(cursor, f"journal_event ({COLUMNS})", rows)


def record(
    cursor: Any, *, at: datetime, actor: str, kind: str, subject: tuple[str, int], detail: dict[str, Any]
) -> None:
    """Add one event that a person or a loader caused."""
    cursor.execute(
        f"insert into journal_event ({COLUMNS}) values (%s, null, %s, %s, %s, %s, '', %s)",  # noqa: S608 - fixed text
        (at, actor, kind, subject[0], subject[1], json.dumps(detail, ensure_ascii=False)),
    )


def bump(cursor: Any, topic: str) -> None:
    """Tell those who keep copies that what `topic` stands for has changed."""
    cursor.execute(
        "insert into journal_revision (topic, number) values (%s, 1)"
        " on conflict (topic) do update set number = journal_revision.number + 1",
        (topic,),
    )


def revisions(cursor: Any) -> dict[str, int]:
    """Current revision of every topic."""
    cursor.execute("select topic, number from journal_revision")
    return dict(cursor.fetchall())


__all__ = [
    "BATCH",
    "COLUMNS",
    "EVENT",
    "LOG_SESSION",
    "SUBJECTS",
    "TYPES",
    "Digest",
    "Event",
    "EventType",
    "Group",
    "LogError",
    "LogState",
    "Member",
    "Range",
    "Subject",
    "append",
    "bump",
    "digests",
    "event_group",
    "event_type",
    "events_after",
    "events_of_people",
    "log_append",
    "log_begin",
    "log_checkpoint",
    "log_checkpoints",
    "log_consistency",
    "log_entries",
    "log_keys",
    "log_levels",
    "log_place",
    "log_proof",
    "log_ranges",
    "log_signed",
    "log_signed_at",
    "log_state",
    "log_tile",
    "log_tiles",
    "log_tree",
    "numbered",
    "of_subject",
    "record",
    "revisions",
    "settled",
    "subjects",
    "subjects_of",
]
