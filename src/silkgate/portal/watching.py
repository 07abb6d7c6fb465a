"""Reads for the status page, the operators' page and monitoring: availability, backlog, latency, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from silkgate.exchange.api import MESSAGES_PER_SEGMENT
from silkgate.kernel.text import Text
from silkgate.portal import counting

PARTS: dict[str, Text] = {
    "web": Text("网页与接口", "Web and interface"),
    "engine": Text("裁决引擎", "Clearance engine"),
    "intake": Text("投递目录接入", "Intake of the folder drop"),
    "nats": Text("NATS接入", "Intake through NATS"),
    "watch": Text("计数与监测", "Counting and watching"),
    "log": Text("可验证日志", "Verifiable log"),
    "webhooks": Text("事件推送", "Webhooks"),
    counting.DATABASE: Text("数据库", "Database"),
}
"""What is watched, in words. A part that was never started here is not shown."""

WINDOWS: tuple[tuple[Text, timedelta], ...] = (
    (Text("24小时", "24 hours"), timedelta(hours=24)),
    (Text("7天", "7 days"), timedelta(days=7)),
    (Text("30天", "30 days"), timedelta(days=30)),
)
FRESH = timedelta(minutes=2)
"""A part that was seen at work within this time is at work."""
LATE = timedelta(minutes=5)
"""What has waited longer for the engine is marked."""
_MINUTE = timedelta(minutes=1)


# --- Availability ---------------------------------------------------------------------------------------------------


class Share(NamedTuple):
    """Of `minutes` whole minutes `seen` have a beat."""

    seen: int
    minutes: int

    @property
    def per_100k(self) -> int | None:
        """Thousandths of a per cent, rounded down so that nothing is called whole that is not; None: no minute yet."""
        return self.seen * 100_000 // self.minutes if self.minutes else None


class PartStatus(NamedTuple):
    """One part of the service."""

    name: str
    words: Text
    at_work: bool
    seen_at: datetime
    """The last minute in which it was at work."""
    shares: tuple[Share, ...]
    """In the order of WINDOWS."""


class Status(NamedTuple):
    """How the service stands, and since when that is measured (None: not yet)."""

    parts: tuple[PartStatus, ...]
    since: datetime | None


def status(moment: datetime) -> Status:
    """Availability of each part: the share of whole minutes in which it was seen at work.

    A window begins with the first minute that was ever measured where that is later. The database is at work in every
    minute in which anybody could note anything in it.
    """
    now = moment.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute("select min(minute) from portal_beat where part = %s", [counting.DATABASE])
        since = cursor.fetchone()[0]
        if since is None:
            return Status((), None)
        seen_at = dict(beats())
        starts = [max(now - length, since) for _, length in WINDOWS]
        counted: dict[tuple[str, datetime], int] = {}
        for start in set(starts):
            cursor.execute(
                "select part, count(*) from portal_beat where part = any(%s) and minute >= %s and minute < %s"
                " group by part",
                [list(PARTS), start, now],
            )
            counted |= {(part, start): minutes for part, minutes in cursor.fetchall()}
    parts = tuple(
        PartStatus(
            name,
            words,
            moment - seen_at[name] < FRESH,
            seen_at[name],
            tuple(Share(counted.get((name, start), 0), (now - start) // _MINUTE) for start in starts),
        )
        for name, words in PARTS.items()
        if name in seen_at
    )
    return Status(parts, since)


# --- What waits -----------------------------------------------------------------------------------------------------


class Waiting(NamedTuple):
    """Everything that the engine has not decided yet."""

    messages: int
    documents: int
    oldest_at: datetime | None
    senders: tuple[tuple[str, int], ...]
    """Who has most waiting: code (empty: could not be read) and documents."""
    companions: int
    """Declarations whose order, payment or waybill has not arrived."""
    companions_oldest_at: datetime | None
    held: int
    """Declarations in the hands of officers."""
    held_oldest_at: datetime | None

    def is_late(self, moment: datetime) -> bool:
        """Whether the oldest has waited for the engine longer than LATE."""
        return self.oldest_at is not None and moment - self.oldest_at > LATE


def waiting(*, senders: int = 10) -> Waiting:
    """What waits at this moment: for the engine, for companion documents, for an officer."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(message_id) / %s, 0) from exchange_answer", [MESSAGES_PER_SEGMENT])
        first = (cursor.fetchone()[0] + 1) * MESSAGES_PER_SEGMENT
        cursor.execute(
            "select sender, count(*), sum(greatest(documents, 1))::bigint from exchange_message where id >= %s"
            " group by 1 order by 3 desc, 1",
            [first],
        )
        rows = cursor.fetchall()
        cursor.execute(
            "select min(received_at) from (select received_at from exchange_segment where id >= %s order by id limit 1)"
            " oldest",
            [first // MESSAGES_PER_SEGMENT],
        )
        oldest = cursor.fetchone()[0]
        cursor.execute("select count(*), min(stored_at) from clearance_declaration where state = '2'")
        companions, companions_oldest = cursor.fetchone()
        cursor.execute("select count(*), min(decided_at) from clearance_declaration where state in ('300', '500')")
        held, held_oldest = cursor.fetchone()
    return Waiting(
        messages=sum(row[1] for row in rows),
        documents=sum(row[2] for row in rows),
        oldest_at=oldest,
        senders=tuple((row[0], row[2]) for row in rows[:senders]),
        companions=companions,
        companions_oldest_at=companions_oldest,
        held=held,
        held_oldest_at=held_oldest,
    )


# --- How long it took -----------------------------------------------------------------------------------------------


class Stage(NamedTuple):
    """Times of one stage, over the newest things that passed it. Milliseconds; None where nothing passed."""

    words: Text
    passed: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    max_ms: int | None


NEWEST = 5_000
"""How many of the newest rows a stage is measured over."""

_STAGES: tuple[tuple[Text, str], ...] = (
    (
        Text("收到报文→裁决", "Message received → decided"),
        """select b.at - s.received_at as took from (
            select message_id, batch_no from exchange_answer order by message_id desc limit %(newest)s
        ) a join exchange_segment s on s.id = a.message_id / %(segment)s join clearance_batch b on b.no = a.batch_no""",
    ),
    (
        Text("收到报文→发出回执", "Message received → receipt issued"),
        """select b.at - s.received_at as took from (
            select message_id, segment_id from exchange_receipt order by id desc limit %(newest)s
        ) r join exchange_segment s on s.id = r.message_id / %(segment)s
        join clearance_batch b on b.no = r.segment_id""",
    ),
    (
        Text("清单入库→齐单裁决", "Declaration stored → complete and decided"),
        """select decided_at - stored_at as took from (
            select stored_at, decided_at from clearance_declaration order by id desc limit %(newest)s
        ) d where decided_at is not null""",
    ),
    (
        Text("选中布控→放行", "Held → released"),
        """select released_at - decided_at as took from (
            select decided_at, released_at from clearance_declaration order by id desc limit %(newest)s
        ) d where released_at > decided_at""",
    ),
)
_PERCENTILES = """
select count(*), percentile_disc(0.5) within group (order by ms), percentile_disc(0.95) within group (order by ms),
 percentile_disc(0.99) within group (order by ms), max(ms)
from (select (extract(epoch from greatest(took, interval '0')) * 1000)::bigint as ms from ({took}) stage) times
"""


def stages() -> tuple[Stage, ...]:
    """Latency by stage over the newest things that passed each."""
    measured = []
    with connection.cursor() as cursor:
        for words, took in _STAGES:
            cursor.execute(_PERCENTILES.format(took=took), {"newest": NEWEST, "segment": MESSAGES_PER_SEGMENT})
            measured.append(Stage(words, *cursor.fetchone()))
    return tuple(measured)


# --- What passed ----------------------------------------------------------------------------------------------------


class Arrived(NamedTuple):
    """What arrived and what was decided in one minute."""

    minute: datetime
    messages: int
    documents: int
    decided: int


def arrivals(moment: datetime, minutes: int = 60) -> tuple[Arrived, ...]:
    """The last whole `minutes`, oldest first, none left out."""
    end = moment.replace(second=0, microsecond=0)
    start = end - minutes * _MINUTE
    with connection.cursor() as cursor:
        cursor.execute(
            "select minute, measure, sum(amount)::bigint from portal_minute where minute >= %s and minute < %s"
            " and measure in ('messages', 'documents', 'outcomes') group by 1, 2",
            [start, end],
        )
        counted = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
    every = (start + place * _MINUTE for place in range(minutes))
    return tuple(
        Arrived(minute, *(counted.get((minute, name), 0) for name in ("messages", "documents", "outcomes")))
        for minute in every
    )


def refusals(moment: datetime, hours: int = 24) -> tuple[tuple[str, int], ...]:
    """Reasons for which messages and declarations were refused lately, most frequent first: slug and how often."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select label, sum(amount)::bigint from portal_minute where measure = 'refusals' and minute >= %s"
            " group by 1 order by 2 desc, 1",
            [moment - timedelta(hours=hours)],
        )
        return tuple(cursor.fetchall())


def counters() -> dict[str, dict[str, int]]:
    """Everything counted since the beginning: measure to label to amount."""
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute("select measure, label, amount from portal_counter order by 1, 2")
        for measure, label, amount in cursor.fetchall():
            found.setdefault(measure, {})[label] = amount
    return found


def beats() -> Sequence[tuple[str, datetime]]:
    """Every part that was ever seen, with the last minute in which it was."""
    with connection.cursor() as cursor:
        # A look at the end of the index for each.
        cursor.execute(
            "select part, seen.at from unnest(%s::text[]) part,"
            " lateral (select max(minute) as at from portal_beat b where b.part = part.part) seen"
            " where seen.at is not null order by part",
            [list(PARTS)],
        )
        return cursor.fetchall()
