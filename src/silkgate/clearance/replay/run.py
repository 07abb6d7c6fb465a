"""Runs recorded batches through the engine again and says what came out otherwise."""

from __future__ import annotations

import functools
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import psycopg

from silkgate.clearance.domain import OfficerInstruction
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.decide import decide, messages_of, read_reference
from silkgate.clearance.engine.receipts import outgoing
from silkgate.clearance.replay import recorded as database
from silkgate.clearance.replay.comparing import Difference, compare
from silkgate.clearance.replay.ending import compare_end
from silkgate.clearance.replay.past import CAPACITY, PastState
from silkgate.clearance.replay.recall import Recall
from silkgate.clearance.replay.recorded import Batch, Recorded, Span
from silkgate.clearance.replay.trial import Change, Changed, MessageChange, Outcomes, TrialRecall, TrialState
from silkgate.kernel.clock import china_day
from silkgate.tariff import api as tariff

Connect = Callable[[], psycopg.Connection]
Progress = Callable[[int, int], None]
"""Called with messages replayed and messages in all."""


class NothingToReplayError(LookupError):
    """No batch was decided on the days asked for; `days` are the first and the last on which there were some."""

    def __init__(self, days: tuple[date, date] | None) -> None:
        self.days = days
        super().__init__("no batch was decided on these days")


class Compared(NamedTuple):
    """What the comparison came to: differences under the law of their day, changes under a changed law."""

    difference_count: int = 0
    differences: Sequence[Difference] = ()
    """The first of them."""
    decided: int = 0
    """Orders whose declaration was decided in the span."""
    tax_recorded_cents: int = 0
    tax_replayed_cents: int = 0
    changes: Sequence[Change] = ()
    changed: Sequence[Changed] = ()
    """The first declarations whose outcome changed."""
    message_changes: Sequence[MessageChange] = ()


class Replayed(NamedTuple):
    """What a replay did and what it came to."""

    first: date
    last: date
    batches: int
    messages: int
    """In the batches compared."""
    declarations: int
    """Stored in all batches replayed, those before the first day included."""
    other_law: int
    """Batches compared that were decided when the law files or the tariff were not what they are now for that day."""
    to_the_present: bool
    """Nothing was decided after the last day."""
    seconds: float
    compared: Compared


def replay(
    connect: Connect,
    *,
    first: date | None = None,
    last: date | None = None,
    trial: tariff.Trial | None = None,
    progress: Progress = lambda done, total: None,
    examples: int = 20,
    capacity: int = CAPACITY,
) -> Replayed:
    """Replay the days `first` to `last` (UTC+8; otherwise the first and the last recorded), and compare.

    Nothing is written, and but for the tariff all is read in one snapshot: the database may be read-only and in
    service. Days before `first` are replayed too, in silence. With a `trial` it changes the law of every day of the
    span, and outcomes are compared order by order; without one everything is compared byte for byte.
    `capacity` bounds what stays in memory, `examples` what is listed. Raises NothingToReplayError; LookupError where no
    zone is loaded.
    """
    started = time.monotonic()
    with database.snapshot(connect) as connection, _no_collector():
        days = database.days(connection)
        span = database.span(connection, first or days[0], last or days[1]) if days else None
        if days is None or span is None:
            raise NothingToReplayError(days)
        replayed = _replayed(connection, span, trial, progress, capacity, examples)
    return replayed._replace(first=first or days[0], last=last or days[1], seconds=time.monotonic() - started)


def _replayed(
    connection: psycopg.Connection,
    span: Span,
    trial: tariff.Trial | None,
    progress: Progress,
    capacity: int,
    examples: int,
) -> Replayed:
    """The result, but for days and time. The state is let go of here, before the collector could look at it."""
    run = _Run(connection, span)
    side = _ChangedLaw(run, trial, capacity, examples) if trial else _SameLaw(run, capacity, examples)
    try:
        run.all(side, progress)
        compared = side.compared()
    finally:
        side.close()
    return Replayed(
        date.min,
        date.max,
        run.batches,
        run.messages,
        side.state.stored,
        run.other_law,
        span.to_the_present,
        0.0,
        compared,
    )


@contextmanager
def _no_collector() -> Iterator[None]:
    """The engine's records hold no cycles; the collector would only walk them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Run:
    """Recorded batches, one after the other, decided again."""

    def __init__(self, connection: psycopg.Connection, span: Span) -> None:
        self.connection, self.span = connection, span
        self.recorded = Recorded(connection, span)
        with connection.cursor() as cursor:
            self.reference = read_reference(cursor)
        self.law_of = functools.cache(functools.partial(tariff.law_of, policy=self.reference.policy))
        self.batches = self.messages = self.other_law = 0

    def all(self, side: _SameLaw | _ChangedLaw, progress: Progress) -> None:
        done = 0
        state = side.state
        for batch in self.recorded.batches():
            within = batch.no >= self.span.first
            day = china_day(batch.at)
            law = side.law(day) if within else self.law_of(day)
            then = self.recorded.instructions(batch.no)
            instructions = side.instructions([instruction for instruction, _ in then])
            messages = messages_of(self.recorded.segments(batch))
            state.batch_no = batch.no - 1
            answering = decide(state, side.recall, self.reference, law, batch.at, messages, instructions)
            if within:
                self.batches += 1
                self.messages += batch.messages
                today = self.law_of(day)
                self.other_law += f"{today.version}.{today.tariff_version}" != batch.law_version
                side.compare(batch, answering, [(one.id, came_to) for one, came_to in then])
            state.written(answering.effects)
            state.rotate()
            done += batch.messages
            progress(done, self.span.messages)


class _SameLaw:
    """The law of their day: everything that a batch would write, beside everything that it wrote."""

    def __init__(self, run: _Run, capacity: int, examples: int) -> None:
        self._run, self._examples = run, examples
        self.state = PastState(capacity)
        self.recall = Recall(run.connection, self.state)
        self.law = run.law_of
        self._count = 0
        self._first: list[Difference] = []

    def close(self) -> None:
        self.state.close()

    def instructions(self, given: list[OfficerInstruction]) -> list[OfficerInstruction]:
        return given

    def compare(self, batch: Batch, answering: Answering, instructions: list[tuple[int, str]]) -> None:
        receipts = outgoing(answering.groups(), answering.guids())
        self._found(compare(answering.effects, receipts, self._run.recorded, instructions))

    def compared(self) -> Compared:
        if self._run.span.to_the_present:
            self._found(compare_end(self._run.connection, self.recall))
        return Compared(self._count, self._first)

    def _found(self, differences: Iterator[Difference] | list[Difference]) -> None:
        for difference in differences:
            self._count += 1
            if len(self._first) < self._examples:
                self._first.append(difference)


class _ChangedLaw:
    """A trial: what each order comes to, beside what it came to."""

    def __init__(self, run: _Run, trial: tariff.Trial, capacity: int, examples: int) -> None:
        self._run, self._examples = run, examples
        self.state = TrialState(capacity)
        self.state.serial = database.last_serial(run.connection)
        self.recall = TrialRecall(run.connection, self.state)
        self.law = functools.cache(functools.partial(tariff.law_of, policy=run.reference.policy, trial=trial))
        self.instructions = self.recall.translated
        self._outcomes = Outcomes()

    def close(self) -> None:
        self.state.close()
        self._outcomes.close()

    def compare(self, batch: Batch, answering: Answering, instructions: list[tuple[int, str]]) -> None:
        recorded = self._run.recorded
        self._outcomes.add(recorded.decisions(batch.no), recorded.answers(batch.no), answering.effects)

    def compared(self) -> Compared:
        decided, tax_recorded_cents, tax_replayed_cents = self._outcomes.totals()
        return Compared(
            decided=decided,
            tax_recorded_cents=tax_recorded_cents,
            tax_replayed_cents=tax_replayed_cents,
            changes=self._outcomes.changes(),
            changed=self._outcomes.changed(self._examples),
            message_changes=self._outcomes.message_changes(),
        )
