"""Reads of the inbox and the outbox for pages: lists, one message with its answer, one receipt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from silkgate.exchange.domain import MESSAGES_PER_SEGMENT
from silkgate.kernel.findings import Finding


class MessageLine(NamedTuple):
    """A message as a row of a list. `outcome` is `received` until the engine has answered."""

    id: int
    kind: str
    guid: str
    sender: str
    documents: int
    channel: str
    received_at: datetime
    outcome: str
    reasons: tuple[str, ...]


class StoredMessage(NamedTuple):
    """One message with what became of it."""

    line: MessageLine
    length_bytes: int
    sha256: str
    findings: tuple[Finding, ...]
    original_id: int | None
    """Of a duplicate: the message that it repeats."""
    batch_no: int | None


_COLUMNS = """m.id, m.kind, m.guid, m.sender, m.documents, m.channel, s.received_at,
 coalesce(a.outcome, 'received'), coalesce(a.reasons, '')"""
_TABLES = """from exchange_message m
 join exchange_segment s on s.id = m.id / %(segment)s
 left join exchange_answer a on a.message_id = m.id"""
WINDOW_SEGMENTS = 2_000
"""How many segments one page of a filtered list looks at, so that its cost does not grow with the inbox."""


def _line(row: Sequence[Any]) -> MessageLine:
    number, kind, guid, sender, documents, channel, at, outcome, reasons = row
    given = tuple(reason for reason in reasons.split(";") if reason)
    return MessageLine(number, kind, guid, sender, documents, channel, at, outcome, given)


def newest_messages(
    *, outcome: str = "", before: int | None = None, limit: int = 50
) -> tuple[tuple[MessageLine, ...], int | None]:
    """Messages below number `before`, newest first, and where the next page begins (None: nothing older)."""
    with connection.cursor() as cursor:
        if before is None:
            cursor.execute("select coalesce(max(id), 0) + 1 from exchange_message")
            before = cursor.fetchone()[0]
        bottom = max(before - WINDOW_SEGMENTS * MESSAGES_PER_SEGMENT, 0)
        cursor.execute(
            f"select {_COLUMNS} {_TABLES} where m.id < %(before)s and m.id >= %(bottom)s"
            " and (%(outcome)s = '' or coalesce(a.outcome, 'received') = %(outcome)s) "
            " order by m.id desc limit %(limit)s",
            {
                "segment": MESSAGES_PER_SEGMENT,
                "before": before,
                "bottom": bottom,
                "outcome": outcome,
                "limit": limit + 1,
            },
        )
        lines = tuple(_line(row) for row in cursor.fetchall())
    if len(lines) > limit:
        return lines[:limit], lines[limit - 1].id
    return lines, bottom or None


def stored_message(number: int) -> StoredMessage | None:
    """The message with this number; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_COLUMNS}, m.length, encode(m.sha256, 'hex'), a.findings, a.original_id, a.batch_no"
            f" {_TABLES} where m.id = %(number)s",
            {"segment": MESSAGES_PER_SEGMENT, "number": number},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    findings = tuple(Finding(*found) for found in msgspec.json.decode(row[11])) if row[11] else ()
    return StoredMessage(_line(row[:9]), row[9], row[10], findings, row[12], row[13])


def with_guid(guid: str, *, limit: int = 20) -> tuple[int, ...]:
    """Numbers of messages that were answered under this guid, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select message_id from exchange_answer where guid = %s order by message_id desc limit %s", (guid, limit)
        )
        return tuple(row[0] for row in cursor.fetchall())


SCAN = 20_000
"""How many messages one page of an organisation's list looks at: intake keeps no index by sender, so that it stays
fast, and a page costs the same however many messages there are."""


_BEYOND = 1 << 62
"""Above the number of any message."""


def _first_from(cursor: Any, moment: datetime) -> int:
    """The lowest number that a message received at `moment` or later may have."""
    cursor.execute("select min(id) from exchange_segment where received_at >= %s", (moment,))
    first = cursor.fetchone()[0]
    return _BEYOND if first is None else int(first) * MESSAGES_PER_SEGMENT


def messages_of(
    senders: Sequence[str] | None,
    *,
    outcome: str = "",
    before: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> tuple[tuple[MessageLine, ...], tuple[str, ...], int | None]:
    """Messages of `senders` (None: of all) below number `before`, newest first; their SHA-256; where the next page
    begins (None: nothing older). `since`, `until`: received at that time or later, and before that time.
    """
    bottom = 0
    with connection.cursor() as cursor:
        if since is not None:
            bottom = _first_from(cursor, since)
        if until is not None:
            before = min(before or _BEYOND, _first_from(cursor, until))
        given = {"before": before or _BEYOND, "bottom": bottom, "scan": SCAN, "segment": MESSAGES_PER_SEGMENT}
        cursor.execute(
            "select min(id), count(*) from (select id from exchange_message where id < %(before)s and id >= %(bottom)s"
            " order by id desc limit %(scan)s) looked_at",
            given,
        )
        lowest, looked_at = cursor.fetchone()
        if not looked_at:
            return (), (), None
        cursor.execute(
            f"select {_COLUMNS}, encode(m.sha256, 'hex') {_TABLES} where m.id < %(before)s and m.id >= %(lowest)s"
            " and (%(all)s or m.sender = any(%(senders)s))"
            " and (%(outcome)s = '' or coalesce(a.outcome, 'received') = %(outcome)s)"
            " order by m.id desc limit %(limit)s",
            {
                **given,
                "lowest": lowest,
                "all": senders is None,
                "senders": list(senders or ()),
                "outcome": outcome,
                "limit": limit + 1,
            },
        )
        rows = cursor.fetchall()
    lines = tuple(_line(row[:9]) for row in rows[:limit])
    digests = tuple(row[9] for row in rows[:limit])
    if len(rows) > limit:
        return lines, digests, lines[-1].id
    return lines, digests, lowest if looked_at == SCAN else None


class ReceiptLine(NamedTuple):
    """A receipt as a row of a list."""

    id: int
    message_id: int
    kind: str
    documents: int
    recipient: str


def receipts_to(recipients: Sequence[str], *, after: int = 0, limit: int = 50) -> tuple[ReceiptLine, ...]:
    """Receipts for any of `recipients` above number `after`, oldest first. Each recipient is one walk in its index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.* from unnest(%(recipients)s::text[]) as one(code) cross join lateral"
            " (select id, message_id, kind, documents, recipient from exchange_receipt"
            " where recipient = one.code and id > %(after)s order by id limit %(limit)s) r"
            " order by r.id limit %(limit)s",
            {"recipients": list(recipients), "after": after, "limit": limit},
        )
        return tuple(ReceiptLine(*row) for row in cursor.fetchall())


def received_at(numbers: Iterable[int]) -> dict[int, datetime]:
    """When messages came in, by number."""
    wanted = list(numbers)
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, received_at from exchange_segment where id = any(%s)",
            ([number // MESSAGES_PER_SEGMENT for number in wanted],),
        )
        times = dict(cursor.fetchall())
    return {
        number: times[number // MESSAGES_PER_SEGMENT] for number in wanted if number // MESSAGES_PER_SEGMENT in times
    }
