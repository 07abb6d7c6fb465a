"""Events in the order of their numbers, for those who follow with a cursor: nothing is ever skipped.

A number is given when a row is inserted and seen when its transaction commits, so a higher one may be seen first. Who
inserts holds a lock on the table from before the number is given until the end of the transaction; so once those have
gone who held one after the last number was read, nothing at or below that number can still appear.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from silkgate.journal.domain import COLUMNS, Event

WAIT_SECONDS, TRIES = 0.01, 100


def settled(cursor: Any, wait: Callable[[float], Any]) -> int | None:
    """A number up to which every event that will ever exist can be seen; None: somebody writes for over a second.

    Call it outside of a transaction, or in one that sees what others commit meanwhile.
    """
    cursor.execute("select pg_sequence_last_value(pg_get_serial_sequence('journal_event', 'id')::regclass)")
    last = cursor.fetchone()[0] or 0
    writing = _writers(cursor)
    for _ in range(TRIES):
        if not writing:
            return int(last)
        wait(WAIT_SECONDS)
        writing &= _writers(cursor)
    return None


def _writers(cursor: Any) -> set[str]:
    cursor.execute(
        "select virtualtransaction from pg_locks where locktype = 'relation' and mode = 'RowExclusiveLock' and granted"
        " and relation = 'journal_event'::regclass and pid <> pg_backend_pid()"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    return {row[0] for row in cursor.fetchall()}


def events_after(cursor: Any, after: int, up_to: int, kinds: Sequence[str], *, limit: int) -> list[Event]:
    """Events of `kinds` with numbers above `after` and up to `up_to`, in order."""
    cursor.execute(
        f"select id, {COLUMNS} from journal_event where id > %s and id <= %s and kind = any(%s) order by id limit %s",  # noqa: S608
        (after, up_to, list(kinds), limit),
    )
    return [Event._make([*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()]


def numbered(cursor: Any, numbers: Sequence[int]) -> dict[int, Event]:
    """Events by their numbers; who is absent is not there."""
    cursor.execute(f"select id, {COLUMNS} from journal_event where id = any(%s)", (list(numbers),))  # noqa: S608
    return {row[0]: Event._make([*row[:-1], json.loads(row[-1])]) for row in cursor.fetchall()}
