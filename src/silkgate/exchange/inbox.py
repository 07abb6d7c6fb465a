"""The inbox: received messages, durable before they are acknowledged, in one recorded order.

The database is the queue between intake and the engine. A segment's id is allotted under an advisory lock that is held
until commit: whoever has read segment n has read everything below n.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import psycopg
import zstandard

from silkgate.exchange.domain import MESSAGES_PER_SEGMENT, Found, Received
from silkgate.kernel.rows import copy_rows

SEGMENT_LOCK = 0x51_4B_47_01
NOTIFY_CHANNEL = "silkgate_inbox"

_compress = zstandard.ZstdCompressor(level=1)
_decompress = zstandard.ZstdDecompressor()
_encode_found = msgspec.msgpack.Encoder()
_decode_found = msgspec.msgpack.Decoder(list[Found])


class Segment(NamedTuple):
    """One segment as the engine reads it: what intake found in each of its messages."""

    id: int
    received_at: datetime
    found: list[Found]

    def message_id(self, place: int) -> int:
        return self.id * MESSAGES_PER_SEGMENT + place


def store(connection: psycopg.Connection, received: Sequence[Received], now: datetime) -> list[int]:
    """Keep messages, in their order, and return their ids. Durable when this returns: acknowledge after, not before.

    At most `MESSAGES_PER_SEGMENT` messages; the connection must not be inside a transaction.
    """
    if len(received) > MESSAGES_PER_SEGMENT:
        raise ValueError(f"a segment holds at most {MESSAGES_PER_SEGMENT} messages, not {len(received)}")
    body = _compress.compress(b"".join([item.raw for item in received]))
    recognised = _compress.compress(_encode_found.encode([item.found for item in received]))
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", (SEGMENT_LOCK,))
        cursor.execute(
            "insert into exchange_segment (id, received_at, messages, body, recognised)"
            " select coalesce(max(id), 0) + 1, %s, %s, %s, %s from exchange_segment returning id",
            (now, len(received), body, recognised),
            binary=True,
        )
        row = cursor.fetchone()
        assert row is not None
        first = row[0] * MESSAGES_PER_SEGMENT
        rows = []
        offset = 0
        for place, item in enumerate(received):
            found = item.found
            rows.append(
                (
                    first + place,
                    offset,
                    len(item.raw),
                    item.sha256,
                    found.kind,
                    found.guid,
                    found.sender,
                    found.document_count,
                    item.channel,
                )
            )
            offset += len(item.raw)
        copy_rows(
            cursor, 'exchange_message (id, "offset", length, sha256, kind, guid, sender, documents, channel)', rows
        )
        cursor.execute(f"notify {NOTIFY_CHANNEL}")
    return list(range(first, first + len(received)))


def segments_after(
    connection: psycopg.Connection, segment_id: int, *, limit: int, enough_bytes: int = 2**62
) -> list[Segment]:
    """Segments above `segment_id` in recorded order, at most `limit` of them.

    None is added to those that together have `enough_bytes` of compressed findings already.
    """
    rows = connection.execute(
        "select id, received_at, recognised from (select id, received_at, recognised,"
        " sum(octet_length(recognised)) over (order by id) - octet_length(recognised) as before from"
        " (select * from exchange_segment where id > %s order by id limit %s) n) c where before < %s order by id",
        (segment_id, limit, enough_bytes),
        binary=True,
    ).fetchall()
    return [Segment(row[0], row[1], _decode_found.decode(_decompress.decompress(row[2]))) for row in rows]


def found_in(connection: psycopg.Connection, segment_ids: Sequence[int]) -> dict[int, list[Found]]:
    """What intake found in the messages of some segments, by segment id."""
    rows = connection.execute(
        "select id, recognised from exchange_segment where id = any(%s)", (list(segment_ids),), binary=True
    ).fetchall()
    return {row[0]: _decode_found.decode(_decompress.decompress(row[1])) for row in rows}


def received_bytes(connection: psycopg.Connection, message_id: int) -> bytes | None:
    """The bytes of a message exactly as they were received; None where there is no such message."""
    row = connection.execute(
        'select s.body, m."offset", m.length from exchange_message m'
        " join exchange_segment s on s.id = m.id / %s where m.id = %s",
        (MESSAGES_PER_SEGMENT, message_id),
        binary=True,
    ).fetchone()
    if row is None:
        return None
    body, offset, length = row
    return _decompress.decompress(body)[offset : offset + length]
