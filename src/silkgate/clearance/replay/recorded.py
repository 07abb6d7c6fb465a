"""What was recorded, read beside a replay: one snapshot of the database, read-only, in the order of the batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import psycopg
import zstandard

from silkgate.clearance.domain import OfficerInstruction
from silkgate.exchange.api import Segment, segments_after
from silkgate.kernel.clock import CHINA

ROWS_AT_ONCE = 2_000
BODIES_AT_ONCE = 4

_decompress = zstandard.ZstdDecompressor().decompress

_BATCHES = (
    "select no, at, segment_first, segment_last, messages, documents, law_version from clearance_batch"
    " where no <= %s order by no"
)
_INSTRUCTIONS = (
    "select batch_no, id, declaration_id, state, reason, officer, outcome from clearance_instruction"
    " where batch_no <= %s order by batch_no, id"
)
_ANSWERS = (
    "select batch_no, message_id, kind, guid, digest, claims, outcome, reasons, findings, original_id"
    " from exchange_answer where batch_no between %s and %s order by message_id"
)
_EVENTS = (
    "select batch_no, actor, kind, subject_kind, subject_id, detail from journal_event"
    " where batch_no between %s and %s order by id"
)
_RECEIPTS = (
    "select segment_id, message_id, kind, documents, recipient, dxp_id, length from exchange_receipt"
    " where segment_id between %s and %s order by id"
)
_BODIES = "select id, body from exchange_receiptsegment where id between %s and %s order by id"
_DECISIONS = (
    "select e.batch_no, d.ebp_code, d.order_no, e.kind, e.detail,"
    " d.duty_cents + d.value_added_tax_cents + d.consumption_tax_cents"
    " from journal_event e join clearance_declaration d on d.id = e.subject_id"
    " where e.batch_no between %s and %s and e.subject_kind = 'declaration' order by e.id"
)

Rows = list[tuple[Any, ...]]


class Batch(NamedTuple):
    """A batch as the engine recorded it."""

    no: int
    at: datetime
    segment_first: int | None
    segment_last: int | None
    messages: int
    documents: int
    law_version: str


class Span(NamedTuple):
    """Which batches are compared; those before `first` are only replayed."""

    first: int
    last: int
    messages: int
    """Of all batches up to the last."""
    to_the_present: bool
    """Nothing was decided after it (when the snapshot was taken)."""


@contextmanager
def snapshot(connect: Callable[[], psycopg.Connection]) -> Iterator[psycopg.Connection]:
    """A connection that sees one moment of the database and cannot write."""
    connection = connect()
    try:
        connection.autocommit = False
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection
    finally:
        connection.close()


def days(connection: psycopg.Connection) -> tuple[date, date] | None:
    """First and last day (UTC+8) of which batches are recorded; None where nothing was decided yet."""
    row = connection.execute("select min(at), max(at) from clearance_batch").fetchone()
    assert row is not None
    if row[0] is None:
        return None
    return row[0].astimezone(CHINA).date(), row[1].astimezone(CHINA).date()


def span(connection: psycopg.Connection, first: date, last: date) -> Span | None:
    """The batches of the days `first` to `last` (UTC+8, both included); None where there are none."""
    begin = datetime.combine(first, time(), CHINA)
    end = datetime.combine(last + timedelta(days=1), time(), CHINA)
    row = connection.execute(
        "select min(no) filter (where at >= %(begin)s and at < %(end)s),"
        " max(no) filter (where at >= %(begin)s and at < %(end)s), max(no) from clearance_batch",
        {"begin": begin, "end": end},
    ).fetchone()
    assert row is not None
    if row[0] is None:
        return None
    total = connection.execute("select sum(messages) from clearance_batch where no <= %s", (row[1],)).fetchone()
    assert total is not None
    return Span(row[0], row[1], int(total[0]), row[1] == row[2])


def last_serial(connection: psycopg.Connection) -> int:
    """The highest serial of a declaration's number that was ever given."""
    row = connection.execute("select serial from clearance_enginecursor where id = 1").fetchone()
    return row[0] if row else 0


class Recorded:
    """What was recorded of the batches of a span, each kind read once, forwards: ask for batches in their order."""

    def __init__(self, connection: psycopg.Connection, span: Span) -> None:
        self._connection, self._span = connection, span
        within = (span.first, span.last)
        self._instructions = self._by_batch(_INSTRUCTIONS, (span.last,))
        self.answers = self._by_batch(_ANSWERS, within)
        self.events = self._by_batch(_EVENTS, within)
        self.receipts = self._by_batch(_RECEIPTS, within)
        self.decisions = self._by_batch(_DECISIONS, within)
        self._bodies = self._by_batch(_BODIES, within, BODIES_AT_ONCE)

    def batches(self) -> Iterator[Batch]:
        """Every batch from the first of all to the last of the span."""
        for row in self._stream(_BATCHES, (self._span.last,), ROWS_AT_ONCE):
            yield Batch(*row)

    def segments(self, batch: Batch) -> list[Segment]:
        """The segments of the inbox that a batch decided."""
        if batch.segment_first is None or batch.segment_last is None:
            return []
        count = batch.segment_last - batch.segment_first + 1
        return segments_after(self._connection, batch.segment_first - 1, limit=count)

    def instructions(self, batch_no: int) -> list[tuple[OfficerInstruction, str]]:
        """Officers' instructions that a batch carried out, and what it noted as their outcome."""
        return [(OfficerInstruction(*row[1:6]), row[6]) for row in self._instructions(batch_no)]

    def receipt_bodies(self, batch_no: int) -> bytes:
        """The receipts of a batch, one after the other."""
        return b"".join([_decompress(row[1]) for row in self._bodies(batch_no)])

    def _by_batch(self, query: str, values: Sequence[Any], at_once: int = ROWS_AT_ONCE) -> Callable[[int], Rows]:
        return ByBatch(self._stream(query, values, at_once)).of

    def _stream(self, query: str, values: Sequence[Any], at_once: int) -> Iterator[tuple[Any, ...]]:
        """Rows from a cursor of the server, opened when the first one is asked for."""
        name = f"replay_{id(query)}"
        with self._connection.cursor(name) as cursor:
            cursor.itersize = at_once
            cursor.execute(query, values, binary=True)
            yield from cursor


class ByBatch:
    """Rows whose first value is the number of their batch, in its order."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, lambda row: row[0])
        self._next: tuple[int, Rows] | None = None
        self._ended = False

    def of(self, batch_no: int) -> Rows:
        """The rows of a batch; those of batches before it that nobody asked for are passed over."""
        while not self._ended:
            if self._next is None:
                number, rows = next(self._groups, (None, ()))
                if number is None:
                    self._ended = True
                    break
                self._next = number, list(rows)
            if self._next[0] > batch_no:
                break
            number, found = self._next
            self._next = None
            if number == batch_no:
                return found
        return []
