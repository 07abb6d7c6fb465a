"""The engine's loop and its transactions. Everything impure about the decider is here.

One engine writes, held by its lease and by the cursor row, which every batch must find where it left it. A batch
is decided while the one before it is being committed; order is kept, and any error of a write ends the process, because
memory is ahead of the database then. A restart needs nothing but the database.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg

from silkgate.clearance.domain import OfficerInstruction
from silkgate.clearance.engine.ahead import NOTHING_AHEAD, ReadingAhead
from silkgate.clearance.engine.batch import batch_rows
from silkgate.clearance.engine.claim import LEASE_SECONDS, AnotherEngineError, EngineBusyError, claim, leave, renew
from silkgate.clearance.engine.commit import CommitProcess, Committer, CommitThread, prepare
from silkgate.clearance.engine.decide import decide, messages_of, read_reference
from silkgate.clearance.engine.needs import Messages
from silkgate.clearance.engine.prefetch import Prefetch
from silkgate.clearance.engine.state import CACHE_CAPACITY, State
from silkgate.exchange.api import NOTIFY_CHANNEL, segments_after
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.tariff import api as tariff

log = logging.getLogger("silkgate.engine")

SEGMENTS_PER_BATCH = 64
ENOUGH_BYTES = 512 * 1024
"""Of compressed findings, 4,000 to 16,000 documents: a larger batch costs memory and time, and saves little."""
INSTRUCTION_CHANNEL = "silkgate_instruction"
IDLE_SECONDS = 1.0

Connect = Callable[[], psycopg.Connection]


class Taken(NamedTuple):
    """Segments taken from the inbox for one batch, and their messages."""

    segments: list[int]
    messages: Messages


class Engine:
    """Decides what the inbox holds, batch by batch. Use as a context manager."""

    def __init__(
        self,
        connect: Connect,
        clock: Callable[[], datetime],
        *,
        cache_capacity: int = CACHE_CAPACITY,
        commit_process: bool = False,
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self._connect, self._clock = connect, clock
        self._lease_seconds = lease_seconds
        self._commit_process = commit_process
        """Write batches in a process of its own: worth its start where an engine works for long."""
        self.state = State(cache_capacity)
        self._revisions: dict[str, int] | None = None
        self._upcoming: Taken | None = None

    def __enter__(self) -> Engine:
        with contextlib.ExitStack() as opened:
            self._reader = prepare(self._connect())
            opened.callback(self._reader.close)
            self._held = claim(self._reader, self._lease_seconds)
            opened.callback(leave, self._reader, self._held)
            self._committer: Committer = (
                CommitProcess(self._reader, self._held.epoch)
                if self._commit_process
                else CommitThread(self._connect, self._held.epoch)
            )
            opened.callback(self._committer.close)
            self._reading_ahead = ReadingAhead(prepare(self._connect()))
            opened.callback(self._reading_ahead.close)
            self._stand()
            self._opened = opened.pop_all()
        return self

    def _stand(self) -> None:
        """Take up the work where the database says that it was left."""
        held, state = self._held, self.state
        state.segment_id, state.batch_no = held.segment_id, held.batch_no
        state.declaration_id, state.serial, state.receipt_id = held.declaration_id, held.serial, held.receipt_id
        self._prefetch = Prefetch(self._reader, state)

    def __exit__(self, *exception: object) -> None:
        with self._opened:
            if exception[0] is None:
                self.settle()

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
                renew(self._reader, self._held, self._clock())
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
        self._committer.wait()

    # -- one batch ---------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Decide one batch; how many messages and instructions it had (0: there was nothing to do)."""
        state = self.state
        taken, self._upcoming = self._upcoming or self._take(state.segment_id), None
        instructions = self._instructions()
        if not taken.messages and not instructions:
            return 0
        self._prefetch.ahead = self._reading_ahead.take()
        self._refresh()
        at = self._clock()
        law = tariff.law_of(china_day(at), policy=self._reference.policy)
        version = f"{law.version}.{law.tariff_version}"
        messages = taken.messages
        if messages:
            self._look_ahead(taken.segments[-1], law.day)
        answering = decide(state, self._prefetch, self._reference, law, at, messages, instructions)
        if taken.segments:
            state.segment_id = taken.segments[-1]
        batch = batch_rows(
            answering,
            state,
            self._held,
            law_version=version,
            segments=taken.segments,
            messages=len(messages),
            documents=sum([len(documents) for _, _, documents in messages]),
        )
        self.settle()
        self._committer.start(batch)
        if instructions:
            self.settle()  # an instruction must be seen as carried out before the next look for open ones
        state.rotate()
        return len(messages) + len(instructions)

    def _take(self, after_segment_id: int) -> Taken:
        """What the inbox holds above a segment, as much as makes a batch."""
        segments = segments_after(self._reader, after_segment_id, limit=SEGMENTS_PER_BATCH, enough_bytes=ENOUGH_BYTES)
        return Taken([segment.id for segment in segments], messages_of(segments))

    def _look_ahead(self, segment_id: int, day: date) -> None:
        """Take the next batch already, and have read for it what this one does not know."""
        upcoming = self._take(segment_id)
        if upcoming.messages:
            self._upcoming = upcoming
            self._reading_ahead.start(self.state, upcoming.messages, day)

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
                self._prefetch.ahead = NOTHING_AHEAD
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
