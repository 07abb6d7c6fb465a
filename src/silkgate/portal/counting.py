"""Follows what was committed and counts it: arrivals, answers, receipts, decisions. Reads only what cannot change any
more, so any number of processes may write meanwhile, and a count that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from silkgate.exchange.api import MESSAGES_PER_SEGMENT

SEGMENTS_AT_ONCE = 500
BATCHES_AT_ONCE = 500
RECEIPTS_AT_ONCE = 50_000
KEPT = timedelta(days=40)
"""Minutes and beats older than this are of no use to any page."""

BOUNDS_SECONDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 600, 3_600, 86_400)
"""Upper bounds of the classes in which times are counted; the last class has none."""

DATABASE = "database"
"""The part that is at work whenever another can note that it is."""


class Passed(NamedTuple):
    """One thing that was committed: what is told of it in the log of the service."""

    event: str
    message: int
    fields: dict[str, Any]


class Counted(NamedTuple):
    """What one step has counted; `passed` is filled only where it was asked for."""

    anything: bool
    passed: list[Passed]


class _Place(NamedTuple):
    arrived: int
    decided: int
    receipt: int
    batch: int
    event: int


def step(connection: psycopg.Connection, *, tell: bool = False) -> Counted | None:
    """Count what was committed since, at most a few hundred segments of it. None where another process counts."""
    with connection.transaction(), connection.cursor() as cursor:
        place = _place(cursor)
        if place is None:
            return None
        goal = _goal(cursor, place)
        if goal == place:
            return Counted(False, [])
        values = {
            "segment": MESSAGES_PER_SEGMENT,
            "bounds": [float(bound) for bound in BOUNDS_SECONDS],
            **{f"{name}_from": value for name, value in place._asdict().items()},
            **{f"{name}_to": value for name, value in goal._asdict().items()},
        }
        for words in _COUNTS:
            cursor.execute(_ADD.replace("COUNTED", words), values)
        passed = _told(cursor, values) if tell else []
        cursor.execute(
            "update portal_position set arrived_segment = %s, decided_segment = %s, receipt = %s, batch_no = %s,"
            " event = %s where id = 1",
            goal,
        )
    return Counted(True, passed)


def prune(connection: psycopg.Connection, moment: datetime) -> None:
    """Forget minutes that nobody looks at any more."""
    for table in ("portal_minute", "portal_beat"):
        connection.execute(f"delete from {table} where minute < %s", [moment - KEPT])  # noqa: S608 - fixed text


def beat(connection: psycopg.Connection, part: str, moment: datetime) -> None:
    """Note that `part` is at work in this minute, and with it the database that the note is in."""
    connection.execute(
        "insert into portal_beat (part, minute) select part, %s from unnest(%s::text[]) part on conflict do nothing",
        [moment.replace(second=0, microsecond=0), [DATABASE, part]],
    )


def _place(cursor: psycopg.Cursor) -> _Place | None:
    cursor.execute("select from portal_position")
    if not cursor.rowcount:
        # Only where it is not there: one that another process holds would be waited for.
        cursor.execute(
            "insert into portal_position (id, arrived_segment, decided_segment, receipt, batch_no, event)"
            " values (1, 0, 0, 0, 0, 0) on conflict do nothing"
        )
    cursor.execute(
        "select arrived_segment, decided_segment, receipt, batch_no, event from portal_position where id = 1"
        " for update skip locked"
    )
    row = cursor.fetchone()
    return None if row is None else _Place(*row)


def _goal(cursor: psycopg.Cursor, place: _Place) -> _Place:
    """As far as everything is committed. The engine decides whole segments, one after the other, answers every message
    of them in one transaction with its receipts and decisions, and numbers batches and receipts without a gap in time.
    """
    cursor.execute(
        "select coalesce((select max(id) from exchange_segment), 0),"
        " coalesce((select max(message_id) / %s from exchange_answer), 0),"
        " coalesce((select max(id) from exchange_receipt), 0), coalesce((select max(no) from clearance_batch), 0)",
        [MESSAGES_PER_SEGMENT],
    )
    row = cursor.fetchone()
    assert row is not None
    arrived, decided, receipt, batch = row
    batch = min(batch, place.batch + BATCHES_AT_ONCE)
    cursor.execute(
        "select max(id) from journal_event where id > %s and batch_no > %s and batch_no <= %s",
        [place.event, place.batch, batch],
    )
    found = cursor.fetchone()
    assert found is not None
    return _Place(
        min(arrived, place.arrived + SEGMENTS_AT_ONCE),
        min(decided, place.decided + SEGMENTS_AT_ONCE),
        min(receipt, place.receipt + RECEIPTS_AT_ONCE),
        batch,
        found[0] or place.event,
    )


_ADD = """
with counted (minute, measure, label, amount) as (COUNTED), by_minute as (
    insert into portal_minute (minute, measure, label, amount)
    select minute, measure, label, amount from counted where measure not like '%%\\_within'
    on conflict (minute, measure, label) do update set amount = portal_minute.amount + excluded.amount
)
insert into portal_counter (measure, label, amount)
select measure, label, sum(amount)::bigint from counted group by 1, 2 order by 1, 2
on conflict (measure, label) do update set amount = portal_counter.amount + excluded.amount
"""

# Rows are summed up by segment and batch before anything is joined to them: of those there are few.

_ARRIVED = """
arrived as (
    select date_trunc('minute', s.received_at) as minute, m.* from (
        select id / %(segment)s as segment, kind, channel, count(*) as messages, sum(documents) as documents
        from exchange_message
        where id >= (%(arrived_from)s + 1) * %(segment)s and id < (%(arrived_to)s + 1) * %(segment)s group by 1, 2, 3
    ) m join exchange_segment s on s.id = m.segment
)"""

_ANSWERED = """
answered as (
    select date_trunc('minute', b.at) as minute, a.*, TIMES from (
        select message_id / %(segment)s as segment, batch_no, outcome, reasons, count(*) as times from exchange_answer
        where message_id >= (%(decided_from)s + 1) * %(segment)s
          and message_id < (%(decided_to)s + 1) * %(segment)s group by 1, 2, 3, 4
    ) a join exchange_segment s on s.id = a.segment join clearance_batch b on b.no = a.batch_no
)"""

_ISSUED = """
issued as (
    select date_trunc('minute', b.at) as minute, r.*, TIMES from (
        select message_id / %(segment)s as segment, segment_id as batch_no, kind, count(*) as times
        from exchange_receipt where id > %(receipt_from)s and id <= %(receipt_to)s group by 1, 2, 3
    ) r join exchange_segment s on s.id = r.segment join clearance_batch b on b.no = r.batch_no
)"""

_TIMES = """
 width_bucket(extract(epoch from greatest(b.at - s.received_at, interval '0'))::float8, %(bounds)s::float8[]) as within,
 (extract(epoch from greatest(b.at - s.received_at, interval '0')) * 1000)::bigint as ms"""

_COUNTS = tuple(words.replace("TIMES", _TIMES) for words in (
    f"""with {_ARRIVED}
    select minute, 'messages', channel || ' ' || kind, sum(messages)::bigint from arrived group by 1, 2, 3
    union all select minute, 'documents', kind, sum(documents)::bigint from arrived group by 1, 2, 3""",  # noqa: S608
    f"""with {_ANSWERED}
    select minute, 'outcomes', outcome, sum(times)::bigint from answered group by 1, 2, 3
    union all select minute, 'refusals', reason, sum(times)::bigint
        from answered, unnest(string_to_array(reasons, ';')) reason where reason <> '' group by 1, 2, 3
    union all select minute, 'decided_within', within::text, sum(times)::bigint from answered group by 1, 2, 3
    union all select minute, 'decided_ms', '', sum(ms * times)::bigint from answered group by 1, 2, 3""",  # noqa: S608
    f"""with {_ISSUED}
    select minute, 'receipts', kind, sum(times)::bigint from issued group by 1, 2, 3
    union all select minute, 'receipt_within', within::text, sum(times)::bigint from issued group by 1, 2, 3
    union all select minute, 'receipt_ms', '', sum(ms * times)::bigint from issued group by 1, 2, 3""",  # noqa: S608
    """with decided as (
        select date_trunc('minute', at) as minute, kind, detail from journal_event
        where id > %(event_from)s and id <= %(event_to)s and batch_no > %(batch_from)s and batch_no <= %(batch_to)s
          and subject_kind = 'declaration'
    )
    select minute, 'decisions', kind, count(*) from decided group by 1, 2, 3
    union all select minute, 'refusals', reason, count(*) from decided,
        unnest(array(select distinct found ->> 0 from jsonb_array_elements(detail::jsonb -> 'findings') found)) reason
        where kind = 'declaration.refused' group by 1, 2, 3""",
))  # fmt: skip


# --- For the log of the service -------------------------------------------------------------------------------------


def _told(cursor: psycopg.Cursor, values: dict[str, Any]) -> list[Passed]:
    passed = []
    for event, words in _TOLD.items():
        cursor.execute(words, values)
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        passed += [_passed(event, names, row) for row in cursor.fetchall()]
    return passed


def _passed(event: str, names: Sequence[str], row: Sequence[Any]) -> Passed:
    fields = dict(zip(names, row, strict=True))
    if "reasons" in fields:
        fields["reasons"] = [reason for reason in fields["reasons"].split(";") if reason]
    return Passed(event, fields.pop("message"), fields)


_TOLD = {
    "message.received": """select m.id as message, s.id as segment, m.kind, m.guid, m.sender, m.documents, m.channel,
            s.received_at
        from exchange_message m join exchange_segment s on s.id = m.id / %(segment)s
        where m.id >= (%(arrived_from)s + 1) * %(segment)s and m.id < (%(arrived_to)s + 1) * %(segment)s
        order by m.id""",
    "message.decided": """select a.message_id as message, a.batch_no as batch, a.outcome, a.reasons,
            b.at as decided_at, extract(epoch from b.at - s.received_at)::float8 as seconds
        from exchange_answer a join exchange_segment s on s.id = a.message_id / %(segment)s
        join clearance_batch b on b.no = a.batch_no
        where a.message_id >= (%(decided_from)s + 1) * %(segment)s
          and a.message_id < (%(decided_to)s + 1) * %(segment)s order by a.message_id""",
    "receipt.issued": """select r.message_id as message, r.id as receipt, r.kind, r.segment_id as batch, r.documents,
            r.recipient, extract(epoch from b.at - s.received_at)::float8 as seconds
        from exchange_receipt r join exchange_segment s on s.id = r.message_id / %(segment)s
        join clearance_batch b on b.no = r.segment_id
        where r.id > %(receipt_from)s and r.id <= %(receipt_to)s order by r.id""",
}
