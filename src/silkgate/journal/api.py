"""The door of the journal: append events, read them, and the revisions of what rooms keep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from silkgate.kernel.rows import copy_rows

COLUMNS = "at, batch_no, actor, kind, subject_kind, subject_id, law_version, detail"


class Event(NamedTuple):
    """One decision as it was recorded."""

    id: int
    at: datetime
    batch_no: int | None
    actor: str
    kind: str
    subject_kind: str
    subject_id: int
    law_version: str
    detail: dict[str, Any]


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


def of_subject(cursor: Any, kind: str, number: int) -> list[Event]:
    """All events of one subject, oldest first."""
    cursor.execute(
        f"select id, {COLUMNS} from journal_event where subject_id = %s and subject_kind = %s order by id",  # noqa: S608
        (number, kind),
    )
    return [Event._make([*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()]


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
