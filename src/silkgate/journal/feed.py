"""How far events may be followed in the order of their numbers, so that nothing is ever skipped.

A number is given when a row is inserted and seen when its transaction commits, so a higher one may be seen first. Who
inserts holds a lock on the table from before the number is given until the end of the transaction; so once those have
gone who held one after the last number was read, nothing at or below that number can still appear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
