"""After a batch is decided: all its effects in one transaction. Any error means: start again from the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from silkgate.clearance.engine.claim import AnotherEngineError
from silkgate.clearance.engine.receipts import Guids, outgoing
from silkgate.exchange.api import write_answers, write_receipts
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.rows import copy_rows
from silkgate.ledger import api as ledger

DECLARATION_COLUMNS = (
    "id, ebp_code, order_no, logistics_code, logistics_no, ebc_code, agent_code, kind, current, message_id,"
    " position, app_time, draft, state, reasons, findings, pre_no, invt_no, dutiable_cents, duty_cents,"
    " value_added_tax_cents, consumption_tax_cents, assessment, law_version, stored_at, decided_at, released_at"
)
_SET = ", ".join(
    f"{column} = n.{column}"
    for column in DECLARATION_COLUMNS.split(", ")
    if column not in ("id", "ebp_code", "order_no")
)

TABLES = {
    "order": ("clearance_order", ("ebp_code", "order_no"), ()),
    "payment": ("clearance_payment", ("pay_code", "pay_transaction_id"), ("ebp_code", "order_no")),
    "waybill": ("clearance_waybill", ("logistics_code", "logistics_no"), ()),
    "status": ("clearance_waybillstatus", ("logistics_code", "logistics_no"), ()),
    "entry": ("clearance_warehouseentry", ("operator_code", "cop_no"), ()),
    "transport": ("clearance_transportdocument", ("party_code", "document_no"), ()),
}
"""Kind of document: its table, key columns, columns beside the common ones."""


class BatchRows(msgspec.Struct, array_like=True, gc=False):
    """The effects of a batch as plain rows: safe to write from another thread, or to send to another process."""

    batch_no: int
    at: datetime
    groups: list[Any]
    """Receipts, as `receipts.Group`."""
    guids: Guids
    first_receipt_id: int
    answers: list[Any]
    documents: dict[str, tuple[list[Any], list[Any]]]
    """By kind: keys whose rows go, rows that come."""
    new: list[Any]
    changed: list[Any]
    superseded: list[int]
    deleted: list[int]
    accounts: list[ledger.NewAccount]
    capacities: dict[int, int]
    moves: list[Any]
    events: list[Any]
    tally: dict[str, int]
    instructions: list[Any]
    batch: tuple[Any, ...]
    cursor: tuple[Any, ...]
    epoch: int
    """Of the lease under which it was decided."""
    lease_seconds: int


encode_batch = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(BatchRows).decode


def write(connection: psycopg.Connection, batch: BatchRows) -> None:
    """Write one batch in one transaction. Raises whatever the database says; nothing is written then."""
    with connection.transaction(), connection.cursor() as cursor:
        write_answers(cursor, batch.answers)
        for kind, (gone, fresh) in batch.documents.items():
            table, keys, extra = TABLES[kind]
            if gone:
                _delete(cursor, table, keys, gone)
            columns = ", ".join((*keys, "message_id", "position", "app_time", "draft", *extra))
            copy_rows(cursor, f"{table} ({columns})", fresh)
        if batch.deleted:
            cursor.execute("delete from clearance_declaration where id = any(%s)", (batch.deleted,))
        if batch.superseded:
            cursor.execute("update clearance_declaration set current = false where id = any(%s)", (batch.superseded,))
        if batch.changed:
            _update_declarations(cursor, batch.changed)
        copy_rows(cursor, f"clearance_declaration ({DECLARATION_COLUMNS})", batch.new)
        ledger.raise_capacities(cursor, batch.capacities)
        ledger.post(cursor, batch.moves, reference_kind="declaration", at=batch.at, opened=batch.accounts)
        journal.append(cursor, batch.events)
        write_receipts(cursor, batch.batch_no, batch.first_receipt_id, outgoing(batch.groups, batch.guids))
        if batch.tally:
            _count(cursor, batch)
        for number, outcome in batch.instructions:
            cursor.execute(
                "update clearance_instruction set batch_no = %s, outcome = %s where id = %s",
                (batch.batch_no, outcome, number),
            )
        cursor.execute(
            "insert into clearance_batch (no, at, segment_first, segment_last, messages, documents, law_version)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            batch.batch,
        )
        cursor.execute(
            "update clearance_enginecursor set segment_id = %s, batch_no = %s, declaration_id = %s, serial = %s,"
            " receipt_id = %s, at = %s, leased_until = clock_timestamp() + make_interval(secs => %s)"
            " where id = 1 and batch_no = %s and epoch = %s",
            (*batch.cursor, batch.lease_seconds, batch.batch_no - 1, batch.epoch),
        )
        if cursor.rowcount != 1:
            raise AnotherEngineError(
                f"batch {batch.batch_no}, lease {batch.epoch}: another engine has taken over, or moved the cursor"
            )
        cursor.execute("notify silkgate_decided")


def _delete(cursor: psycopg.Cursor, table: str, keys: Sequence[str], gone: Sequence[Sequence[str]]) -> None:
    unnest = ", ".join(["%s::text[]"] * len(keys))
    same = " and ".join(f"t.{key} = k.{key}" for key in keys)
    cursor.execute(
        f"delete from {table} t using unnest({unnest}) as k({', '.join(keys)}) where {same}",  # noqa: S608 - fixed names
        tuple(map(list, zip(*gone, strict=True))),
    )


def _update_declarations(cursor: psycopg.Cursor, rows: Sequence[Sequence[Any]]) -> None:
    """Changed rows go into a table of the session, then over the old ones by number."""
    cursor.execute(
        "create temp table if not exists changed_declaration (like clearance_declaration) on commit delete rows"
    )
    copy_rows(cursor, f"changed_declaration ({DECLARATION_COLUMNS})", rows)
    cursor.execute(f"update clearance_declaration d set {_SET} from changed_declaration n where d.id = n.id")  # noqa: S608
    if cursor.rowcount != len(rows):
        raise AnotherEngineError(f"{len(rows)} declarations to change, {cursor.rowcount} found")


def _count(cursor: psycopg.Cursor, batch: BatchRows) -> None:
    day = china_day(batch.at)
    measures = sorted(batch.tally)
    cursor.execute(
        "insert into clearance_tally (day, measure, amount) select %s, * from unnest(%s::text[], %s::bigint[])"
        " on conflict (day, measure) do update set amount = clearance_tally.amount + excluded.amount",
        (day, measures, [batch.tally[measure] for measure in measures]),
    )
