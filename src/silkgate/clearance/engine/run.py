"""The engine's loop and its transactions. Everything impure about the decider is here.

One engine writes, held by an advisory lock and by the cursor row, which every batch must find where it left it. A batch
is decided while the one before it is being committed; order is kept, and any error of a write ends the process, because
memory is ahead of the database then. A restart needs nothing but the database.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

import psycopg

from silkgate.clearance.domain import OfficerInstruction
from silkgate.clearance.engine.decide import decide, messages_of, read_reference
from silkgate.clearance.engine.persist import AnotherEngineError, BatchRows, write
from silkgate.clearance.engine.prefetch import Prefetch
from silkgate.clearance.engine.state import CACHE_CAPACITY, State
from silkgate.exchange.api import NOTIFY_CHANNEL, segments_after
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.tariff import api as tariff

log = logging.getLogger("silkgate.engine")

ENGINE_LOCK = 0x51_4B_47_02
SEGMENTS_PER_BATCH = 64
ENOUGH_BYTES = 512 * 1024
"""Of compressed findings, 4,000 to 16,000 documents: a larger batch costs memory and time, and saves little."""
INSTRUCTION_CHANNEL = "silkgate_instruction"
IDLE_SECONDS = 1.0

Connect = Callable[[], psycopg.Connection]


class EngineBusyError(Exception):
    """Another engine is at work on this database."""


class Engine:
    """Decides what the inbox holds, batch by batch. Use as a context manager."""

    def __init__(
        self, connect: Connect, clock: Callable[[], datetime], *, cache_capacity: int = CACHE_CAPACITY
    ) -> None:
        self._connect, self._clock = connect, clock
        self.state = State(cache_capacity)
        self._revisions: dict[str, int] | None = None
        self._in_flight: Future[None] | None = None

    def __enter__(self) -> Engine:
        self._writer = self._connect()
        self._reader = self._connect()
        for connection in (self._writer, self._reader):
            connection.autocommit = True
            connection.execute("set enable_seqscan = off")
            connection.execute("set enable_hashjoin = off")
            connection.execute("set enable_mergejoin = off")
        row = self._writer.execute("select pg_try_advisory_lock(%s)", (ENGINE_LOCK,)).fetchone()
        assert row is not None
        if not row[0]:
            self._close()
            raise EngineBusyError("another engine is at work on this database")
        self._writer.execute(
            "insert into clearance_enginecursor (id, segment_id, batch_no, declaration_id, serial, receipt_id)"
            " values (1, 0, 0, 0, 0, 0) on conflict do nothing"
        )
        row = self._writer.execute(
            "select segment_id, batch_no, declaration_id, serial, receipt_id from clearance_enginecursor where id = 1"
        ).fetchone()
        assert row is not None
        state = self.state
        state.segment_id, state.batch_no, state.declaration_id, state.serial, state.receipt_id = row
        self._prefetch = Prefetch(self._reader, state)
        self._thread = ThreadPoolExecutor(1, "engine-commit")
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            if exception[0] is None:
                self.settle()
                # The server may take a moment to notice that a session has ended; the next engine need not wait.
                self._writer.execute("select pg_advisory_unlock(%s)", (ENGINE_LOCK,))
        finally:
            self._thread.shutdown(wait=True)
            self._close()

    def _close(self) -> None:
        for connection in (self._writer, self._reader):
            connection.close()

    # -- loop --------------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event, *, after_batch: Callable[[int], None] | None = None) -> None:
        """Decide until `stop` is set, woken by what arrives."""
        listener = self._connect()
        listener.autocommit = True
        with contextlib.closing(listener):
            listener.execute(f"listen {NOTIFY_CHANNEL}")
            listener.execute(f"listen {INSTRUCTION_CHANNEL}")
            while not stop.is_set():
                messages = self.step()
                if messages:
                    if after_batch:
                        after_batch(messages)
                    continue
                self.settle()
                self._writer.execute("update clearance_enginecursor set at = %s where id = 1", (self._clock(),))
                for _ in _notices(listener, IDLE_SECONDS):
                    break

    def drain(self) -> int:
        """Decide everything that the inbox holds now; how many messages and instructions that were."""
        total = 0
        while count := self.step():
            total += count
        self.settle()
        return total

    def settle(self) -> None:
        """Wait until every decided batch is committed."""
        if self._in_flight is not None:
            in_flight, self._in_flight = self._in_flight, None
            in_flight.result()

    # -- one batch ---------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Decide one batch; how many messages and instructions it had (0: there was nothing to do)."""
        state = self.state
        segments = segments_after(self._reader, state.segment_id, limit=SEGMENTS_PER_BATCH, enough_bytes=ENOUGH_BYTES)
        instructions = self._instructions()
        if not segments and not instructions:
            return 0
        self._refresh()
        at = self._clock()
        law = tariff.law_of(china_day(at), policy=self._reference.policy)
        version = f"{law.version}.{law.tariff_version}"
        messages = messages_of(segments)
        answering = decide(state, self._prefetch, self._reference, law, at, messages, instructions)
        effects = answering.effects
        outgoing = answering.messages()
        state.receipt_id += len(outgoing)
        if segments:
            state.segment_id = segments[-1].id
        batch = BatchRows(
            effects,
            outgoing,
            law_version=version,
            segments=[segment.id for segment in segments],
            messages=len(messages),
            documents=sum([len(documents) for _, _, documents in messages]),
            declaration_id=state.declaration_id,
            serial=state.serial,
            receipt_id=state.receipt_id,
            segment_id=state.segment_id,
        )
        self.settle()
        self._in_flight = self._thread.submit(write, self._writer, batch)
        if instructions:
            self.settle()  # an instruction must be seen as carried out before the next look for open ones
        state.rotate()
        return len(messages) + len(instructions)

    def _instructions(self) -> list[OfficerInstruction]:
        rows = self._reader.execute(
            "select id, declaration_id, state, reason, officer from clearance_instruction where batch_no is null"
            " order by id limit 100"
        ).fetchall()
        return [OfficerInstruction(*row) for row in rows]

    def _refresh(self) -> None:
        """Read again what rooms keep, where it has changed."""
        with self._reader.cursor() as cursor:
            revisions = journal.revisions(cursor)
            if revisions == self._revisions:
                return
            self._reference = read_reference(cursor)
            if self._revisions is not None and revisions.get("bonded.books") != self._revisions.get("bonded.books"):
                self.settle()
                self.state.books.now.clear()
                self.state.books.before.clear()
                self.state.accounts.now.clear()
                self.state.accounts.before.clear()
            self._revisions = revisions


def _notices(connection: psycopg.Connection, timeout_seconds: float) -> Iterator[Any]:
    """Notifications until the time is up."""
    try:
        yield from connection.notifies(timeout=timeout_seconds, stop_after=1)
    except psycopg.OperationalError:
        log.warning("the listening connection was lost")
        raise


__all__ = ["AnotherEngineError", "Engine", "EngineBusyError"]
