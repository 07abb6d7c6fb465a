"""Who the engine is: a lease with a number that only grows, so that whoever lost it cannot write any more.

A claim succeeds where the engine before has ended (its session's lock is free) or has not been heard of for as long as
its lease ran. It gives the next number; every write of an engine names its own number and finds nothing to write to
when that is no longer the last one. Time is the database's, so the clocks of hosts do not matter.
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

ENGINE_LOCK, WRITER_LOCK = 0x51_4B_47_02, 0x51_4B_47_03
"""With the number of the lease: held by the engine's session, and by the one that writes for it, while they live."""
LEASE_SECONDS = 15


class EngineBusyError(Exception):
    """Another engine is at work on this database."""


class AnotherEngineError(Exception):
    """Another engine has taken over: this one must not write."""


class Claim(NamedTuple):
    """A lease, and where the work was left."""

    epoch: int
    lease_seconds: int
    segment_id: int
    batch_no: int
    declaration_id: int
    serial: int
    receipt_id: int


def claim(connection: psycopg.Connection, lease_seconds: int = LEASE_SECONDS) -> Claim:
    """Become the engine, for as long as this connection's session lives and the lease is renewed.

    What the engine before has not committed by now is undone. Raises EngineBusyError where it is at work.
    """
    with connection.transaction():
        connection.execute(
            "insert into clearance_enginecursor (id, segment_id, batch_no, declaration_id, serial, receipt_id, epoch)"
            " values (1, 0, 0, 0, 0, 0, 0) on conflict do nothing"
        )
    with connection.transaction():
        before, expired = _one(
            connection,
            "select epoch, coalesce(leased_until < clock_timestamp(), true) from clearance_enginecursor where id = 1",
        )
        _end(connection, before, expired)
        epoch, *place = _one(
            connection,
            "select epoch, segment_id, batch_no, declaration_id, serial, receipt_id"
            " from clearance_enginecursor where id = 1 for update",
        )
        if epoch != before:
            raise EngineBusyError("another engine was faster")
        connection.execute("select pg_advisory_lock(%s, %s)", (ENGINE_LOCK, epoch + 1))
        connection.execute(
            "update clearance_enginecursor set epoch = %s,"
            " leased_until = clock_timestamp() + make_interval(secs => %s) where id = 1",
            (epoch + 1, lease_seconds),
        )
    return Claim(epoch + 1, lease_seconds, *place)


def _end(connection: psycopg.Connection, epoch: int, expired: bool) -> None:
    """End what is left of the engine with this lease: one that stands still may hold rows that the next one needs."""
    (free,) = _one(connection, "select pg_try_advisory_xact_lock(%s, %s)", ENGINE_LOCK, epoch)
    if not free and not expired:
        raise EngineBusyError("another engine is at work on this database")
    connection.execute(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid in (%s, %s)"
        " and objid = %s and objsubid = 2 and pid <> pg_backend_pid()"
        " and database = (select oid from pg_database where datname = current_database())",
        (ENGINE_LOCK, WRITER_LOCK, epoch),
    )


def _one(connection: psycopg.Connection, query: str, *values: object) -> Any:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row


def renew(connection: psycopg.Connection, held: Claim, at: datetime) -> None:
    """Say that the engine is there, although it has nothing to write. Raises AnotherEngineError."""
    renewed = connection.execute(
        "update clearance_enginecursor set at = %s, leased_until = clock_timestamp() + make_interval(secs => %s)"
        " where id = 1 and epoch = %s",
        (at, held.lease_seconds, held.epoch),
    )
    if renewed.rowcount != 1:
        raise AnotherEngineError(f"lease {held.epoch} has ended: another engine has taken over")


def leave(connection: psycopg.Connection, held: Claim) -> None:
    """End the lease. The server may take a moment to notice that a session has ended; the next need not wait for it."""
    with contextlib.suppress(psycopg.Error):
        connection.execute("select pg_advisory_unlock(%s, %s)", (ENGINE_LOCK, held.epoch))


def write_for(connection: psycopg.Connection, epoch: int) -> None:
    """This session writes for the engine with that lease, and is ended with it."""
    connection.execute("select pg_advisory_lock(%s, %s)", (WRITER_LOCK, epoch))
