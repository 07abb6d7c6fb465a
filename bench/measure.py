"""One run: the service, the senders at its door, the clock around them, and what the kernel counted meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

import psycopg

from bench import machine
from bench.senders import Senders
from bench.service import POSTGRESQL, WRITERS, Service, service
from bench.stream import Stream

CONNECTIONS = 4
_PATIENCE_SECONDS = 300


class Run(NamedTuple):
    """What one run came to. Processor time in seconds by role, memory in bytes."""

    seconds: float
    cpu: dict[str, float]
    senders_seconds: float
    """Processor time of the load generator and of measuring: not ours."""
    others_share: float
    """Of the machine's busy processor time, what was neither ours nor the load generator's."""
    peak_bytes: int
    clocks: dict[str, float]
    wal_bytes: int
    stored_bytes: int
    """By which the database has grown."""
    pace_milliseconds: float
    """Of the machine, just before and just after."""
    refusals: int
    """Requests that were told to wait and came again."""

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())


class Counted:
    """What the kernel counts for the processes of a service while the block runs."""

    def __init__(self, running: Service) -> None:
        self._running = running
        self.roles = running.roles()

    @contextmanager
    def counting(self) -> Iterator[None]:
        busy, before, own = machine.busy_seconds(), self._cpu(), time.process_time()
        with machine.MemoryWatch(self._pids) as memory:
            yield
        # Connections that were opened meanwhile have roles too.
        opened = self._running.roles()
        self.roles = {role: sorted({*self.roles[role], *opened[role]}) for role in opened}
        after = self._cpu()
        self.cpu = {role: after[role] - before[role] for role in after}
        self.senders_seconds = time.process_time() - own
        self.others_share = max(
            0.0, 1 - (sum(self.cpu.values()) + self.senders_seconds) / (machine.busy_seconds() - busy)
        )
        self.peak_bytes = memory.peak_bytes

    def _cpu(self) -> dict[str, float]:
        used = {role: sum(machine.cpu_of(pid).own for pid in pids) for role, pids in self.roles.items()}
        (postmaster,) = self.roles[WRITERS]
        named = {pid for pids in self.roles.values() for pid in pids}
        # Whoever else the postmaster started: WAL writer, checkpointer, autovacuum, those that have come and gone.
        used[WRITERS] += machine.cpu_of(postmaster).ended_children
        used[WRITERS] += sum(machine.cpu_of(pid).own for pid in machine.children_of(postmaster) if pid not in named)
        return used

    def _pids(self) -> list[int]:
        (postmaster,) = self.roles[WRITERS]
        ours = [pid for role, pids in self.roles.items() if POSTGRESQL not in role for pid in pids]
        return [*ours, postmaster, *machine.children_of(postmaster)]


def run(
    url: str,
    stream: Stream,
    folder: Path,
    *,
    clocked: bool = False,
    settings: Mapping[str, str] | None = None,
    beside: Callable[[Service], AbstractContextManager[object]] = lambda running: nullcontext(),
) -> Run:
    """Take a stream through the door and the engine in the database at `url`, which has a zone and received nothing.

    What `beside` makes of the service is entered for the time of the clock.
    """
    with service(url, folder, clocked=clocked, settings=settings) as running:
        counted = Counted(running)
        with psycopg.connect(url, autocommit=True, application_name="bench") as connection:
            connection.execute("checkpoint")
            connection.execute("listen silkgate_decided")
            pace, wal, stored = machine.pace_milliseconds(), _wal(connection), _number(connection, _SIZE)
            senders = Senders(running, stream, connections=CONNECTIONS)
            with counted.counting(), beside(running):
                start = time.perf_counter()
                senders.start()
                until_decided(connection, running, senders)
                seconds = time.perf_counter() - start
                # Whatever the service still owes for what was decided is counted too.
                _until(connection, running, "select batch_no from journal_logstate", _BATCH)
            wal, stored = _wal(connection) - wal, _number(connection, _SIZE) - stored
            pace = (pace + machine.pace_milliseconds()) / 2
    return Run(
        seconds,
        counted.cpu,
        counted.senders_seconds,
        counted.others_share,
        counted.peak_bytes,
        dict(running.clocks()),
        wal,
        stored,
        pace,
        senders.refusals,
    )


def until_decided(connection: psycopg.Connection, running: Service, senders: Senders) -> None:
    """Until the senders are done and the engine has decided all that was taken, its cursor committed with the rest."""
    while senders.is_alive():
        senders.join(0.1)
        running.check()
    if senders.errors:
        raise senders.errors[0]
    _until(connection, running, "select segment_id from clearance_enginecursor", _SEGMENT)


_SEGMENT = "select coalesce(max(id), 0) from exchange_segment"
_SIZE = "select pg_database_size(current_database())"
_BATCH = "select batch_no from clearance_enginecursor"


def _until(connection: psycopg.Connection, running: Service, what: str, wanted: str) -> None:
    """Until a number of the database has come to where another one stands."""
    goal = _number(connection, wanted)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _number(connection, what) < goal:
        running.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come to {goal} within {_PATIENCE_SECONDS} s")
        for _ in connection.notifies(timeout=0.02, stop_after=1):
            break


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _wal(connection: psycopg.Connection) -> int:
    return _number(connection, "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
