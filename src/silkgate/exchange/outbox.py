"""The outbox: what became of each message, and the receipts that left, kept as they were sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg
import zstandard

from silkgate.kernel.rows import copy_rows

_compress = zstandard.ZstdCompressor(level=1)
_decompress = zstandard.ZstdDecompressor()

ANSWER_COLUMNS = "message_id, batch_no, kind, guid, digest, claims, outcome, reasons, findings, original_id"
RECEIPT_COLUMNS = 'id, message_id, segment_id, "offset", length, kind, documents, recipient, dxp_id'


class Outgoing(NamedTuple):
    """A receipt message on its way out, and the received message that it answers."""

    message_id: int
    kind: str
    documents: int
    recipient: str
    dxp_id: str
    body: bytes


class Answer(NamedTuple):
    """What became of a message."""

    message_id: int
    outcome: str
    reasons: str
    findings: str
    original_id: int | None


class StoredReceipt(NamedTuple):
    """A receipt message as it was sent."""

    id: int
    message_id: int
    kind: str
    documents: int
    recipient: str
    body: bytes


def write_answers(cursor: psycopg.Cursor, rows: Sequence[Sequence[Any]]) -> None:
    """Record what became of messages, inside the caller's transaction. Columns as `ANSWER_COLUMNS`."""
    copy_rows(cursor, f"exchange_answer ({ANSWER_COLUMNS})", rows)


def write_receipts(cursor: psycopg.Cursor, batch_no: int, first_id: int, outgoing: Sequence[Outgoing]) -> None:
    """Keep the receipts of a batch, numbered from `first_id`, inside the caller's transaction."""
    if not outgoing:
        return
    body = _compress.compress(b"".join([item.body for item in outgoing]))
    cursor.execute("insert into exchange_receiptsegment (id, body) values (%s, %s)", (batch_no, body), binary=True)
    rows = []
    offset = 0
    for number, item in enumerate(outgoing, first_id):
        length = len(item.body)
        rows.append(
            (number, item.message_id, batch_no, offset, length, item.kind, item.documents, item.recipient, item.dxp_id)
        )
        offset += length
    copy_rows(cursor, f"exchange_receipt ({RECEIPT_COLUMNS})", rows)


def answers_for(connection: psycopg.Connection, message_ids: Sequence[int]) -> dict[int, Answer]:
    """What became of some messages; those not decided yet are absent."""
    rows = connection.execute(
        "select message_id, outcome, reasons, findings, original_id from exchange_answer where message_id = any(%s)",
        (list(message_ids),),
    ).fetchall()
    return {row[0]: Answer(*row) for row in rows}


def receipts_of(connection: psycopg.Connection, message_id: int) -> list[StoredReceipt]:
    """All receipts that answer a message, oldest first. A duplicate gets those of the message that it repeats."""
    return _read(
        connection,
        "where message_id = coalesce((select original_id from exchange_answer where message_id = %s), %s)",
        (message_id, message_id),
        None,
    )


def receipts_for(connection: psycopg.Connection, recipient: str, after_id: int, *, limit: int) -> list[StoredReceipt]:
    """Receipts for an enterprise above number `after_id`, in order."""
    return _read(connection, "where recipient = %s and id > %s", (recipient, after_id), limit)


def all_receipts(connection: psycopg.Connection, after_id: int, *, limit: int | None = None) -> list[StoredReceipt]:
    """Receipts above number `after_id`, in order, whoever they are for."""
    return _read(connection, "where id > %s", (after_id,), limit)


def receipts_numbered(connection: psycopg.Connection, numbers: Sequence[int]) -> list[StoredReceipt]:
    """The receipts with these numbers, in order."""
    return _read(connection, "where id = any(%s)", (list(numbers),), None) if numbers else []


def receipt_named(connection: psycopg.Connection, name: str) -> StoredReceipt | None:
    """The receipt named `<number>-<first 16 hexadecimal digits of its SHA-256>`; None where the digest is another's."""
    number, _, digest = name.partition("-")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    found = _read(connection, "where id = %s", (int(number),), None)
    return found[0] if found and sha256(found[0].body).hexdigest()[:16] == digest else None


def _read(connection: psycopg.Connection, where: str, values: Sequence[Any], limit: int | None) -> list[StoredReceipt]:
    rows = connection.execute(
        f'select id, message_id, kind, documents, recipient, segment_id, "offset", length from exchange_receipt {where}'  # noqa: S608 - fixed texts
        f" order by id limit {limit or 'all'}",
        values,
    ).fetchall()
    bodies = receipt_bodies(connection, {row[5] for row in rows})
    return [
        StoredReceipt(number, message_id, kind, documents, recipient, bodies[segment][offset : offset + length])
        for number, message_id, kind, documents, recipient, segment, offset, length in rows
    ]


def receipt_bodies(connection: psycopg.Connection | psycopg.Cursor, segment_ids: Collection[int]) -> dict[int, bytes]:
    """The receipts of these segments, one after the other, by number of the segment; absent where there is none."""
    rows = connection.execute(
        "select id, body from exchange_receiptsegment where id = any(%s)", (list(segment_ids),), binary=True
    ).fetchall()
    return {row[0]: _decompress.decompress(row[1]) for row in rows}
