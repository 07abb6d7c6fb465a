"""One run: the processes, the clock around them, and what the kernel counted meanwhile."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from typing import Any, NamedTuple

import psycopg

from bench import machine, processes
from bench.processes import Signals
from bench.stream import Stream

INTAKES = 2
_PATIENCE_SECONDS = 900


class Run(NamedTuple):
    """What one run came to. Processor time in seconds by role, memory in bytes."""

    seconds: float
    cpu: dict[str, float]
    others_share: float
    """Of the machine's busy processor time, what was not ours."""
    peak_bytes: int
    clocks: dict[str, float]
    wal_bytes: int
    pace_milliseconds: float
    """Of the machine, just before and just after."""


def run(url: str, stream: Stream, *, clocked: bool = False) -> Run:
    """Take a stream through intake and engine in the database at `url`, which has a zone and nothing else."""
    context = multiprocessing.get_context("spawn")
    queues: list[Any] = [context.Queue() for _ in range(3)]
    signals = Signals(queues[0], context.Event(), queues[1], context.Value("Q", 0), context.Event(), queues[2])
    next_request = context.Value("Q", 0)
    workers = [
        context.Process(target=processes.intake, args=(url, stream, next_request, signals, clocked))
        for _ in range(INTAKES)
    ]
    decider = context.Process(target=processes.engine, args=(url, signals, clocked))
    started = [*workers, decider]
    for process in started:
        process.start()
    try:
        with psycopg.connect(url, autocommit=True, application_name="bench conductor") as connection:
            for _ in started:
                signals.ready.get(timeout=60)
            time.sleep(1)  # the engine turns to its first, empty look
            connection.execute("checkpoint")
            connection.execute("listen silkgate_decided")
            roles = _roles(connection, [p.pid or 0 for p in workers], decider.pid or 0)
            wal = _wal(connection)
            pace = machine.pace_milliseconds()
            busy, before = machine.busy_seconds(), _cpu(roles)
            own = time.process_time()
            with machine.MemoryWatch(lambda: _pids(roles)) as memory:
                start = time.perf_counter()
                signals.go.set()
                _follow(connection, signals)
                end = time.perf_counter()
            used = {role: after - before[role] for role, after in _cpu(roles).items()}
            own = time.process_time() - own
            busy = machine.busy_seconds() - busy
            wal = _wal(connection) - wal
            pace = (pace + machine.pace_milliseconds()) / 2
        signals.leave.set()
        clocks: Counter[str] = Counter()
        for _ in started:
            clocks.update(signals.clocks.get(timeout=60))
    finally:
        signals.leave.set()
        for process in started:
            process.join(60)
    others = max(0.0, 1 - (sum(used.values()) + own) / busy)
    return Run(end - start, used, others, memory.peak_bytes, dict(clocks), wal, pace)


def _follow(connection: psycopg.Connection, signals: Signals) -> None:
    """Tell intake how far the engine is, until intake has stored everything and the engine has decided all of it.

    The engine's cursor is committed with everything before it.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    stored: list[int] = []
    while time.monotonic() < deadline:
        for _ in connection.notifies(timeout=0.1, stop_after=1):
            break
        row = connection.execute("select segment_id from clearance_enginecursor").fetchone()
        assert row is not None
        signals.decided.value = row[0]
        while not signals.taken.empty():
            stored.append(signals.taken.get())
        if len(stored) == INTAKES and row[0] >= max(stored):
            return
    raise TimeoutError(f"not everything was decided within {_PATIENCE_SECONDS} s")


def _wal(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint").fetchone()
    assert row is not None
    return int(row[0])


# --- Who is who ----------------------------------------------------------------------------------------------------


def _roles(connection: psycopg.Connection, intakes: list[int], engine: int) -> dict[str, list[int]]:
    """Process numbers by role; the last one is the postmaster, whose other children are counted with it."""
    rows = connection.execute("select pid, application_name from pg_stat_activity").fetchall()
    backends = {name: [pid for pid, other in rows if other == name] for name in ("bench intake", "bench engine")}
    stat = connection.execute("select pg_backend_pid()").fetchone()
    assert stat is not None
    return {
        "intake": intakes,
        "engine": [engine],
        "PostgreSQL for intake": backends["bench intake"],
        "PostgreSQL for the engine": backends["bench engine"],
        "PostgreSQL writers": [machine.parent_of(stat[0])],
    }


def _cpu(roles: dict[str, list[int]]) -> dict[str, float]:
    used = {role: sum(machine.cpu_of(pid).own for pid in pids) for role, pids in roles.items()}
    (postmaster,) = roles["PostgreSQL writers"]
    named = {pid for pids in roles.values() for pid in pids}
    # Whoever else the postmaster started: WAL writer, checkpointer, autovacuum, those that have come and gone.
    used["PostgreSQL writers"] += machine.cpu_of(postmaster).ended_children
    used["PostgreSQL writers"] += sum(
        machine.cpu_of(pid).own for pid in machine.children_of(postmaster) if pid not in named
    )
    return used


def _pids(roles: dict[str, list[int]]) -> list[int]:
    (postmaster,) = roles["PostgreSQL writers"]
    return [*roles["intake"], *roles["engine"], postmaster, *machine.children_of(postmaster)]
