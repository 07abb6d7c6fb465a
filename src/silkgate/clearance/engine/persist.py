"""After a batch is decided: all its effects in one transaction. Any error means: start again from the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import psycopg

from silkgate.clearance.domain import DeclarationEntry, DocumentEntry
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.rows import write_assessment
from silkgate.exchange.api import Outgoing, write_answers, write_receipts
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.rows import copy_rows
from silkgate.ledger import api as ledger

DECLARATION_COLUMNS = (
    "id, ebp_code, order_no, logistics_code, logistics_no, ebc_code, agent_code, current, message_id, position,"
    " app_time, draft, state, reasons, findings, pre_no, invt_no, dutiable_cents, duty_cents, value_added_tax_cents,"
    " consumption_tax_cents, assessment, law_version, stored_at, decided_at, released_at"
)
_SET = ", ".join(
    f"{column} = n.{column}"
    for column in DECLARATION_COLUMNS.split(", ")
    if column not in ("id", "ebp_code", "order_no")
)

_encode_json = msgspec.json.Encoder().encode

TABLES = {
    "order": ("clearance_order", ("ebp_code", "order_no"), ()),
    "payment": ("clearance_payment", ("pay_code", "pay_transaction_id"), ("ebp_code", "order_no")),
    "waybill": ("clearance_waybill", ("logistics_code", "logistics_no"), ()),
    "status": ("clearance_waybillstatus", ("logistics_code", "logistics_no"), ()),
    "entry": ("clearance_warehouseentry", ("operator_code", "cop_no"), ()),
}
"""Kind of document: its table, key columns, columns beside the common ones."""


def answer_rows(effects: Effects) -> list[tuple[Any, ...]]:
    """What became of the messages of a batch, as rows of `exchange.outbox.ANSWER_COLUMNS`."""
    return [
        (
            answer.message_id,
            effects.batch_no,
            answer.kind,
            answer.guid,
            answer.digest,
            answer.claims,
            answer.outcome,
            answer.reasons,
            findings_text(answer.findings),
            answer.original_id,
        )
        for answer in effects.answers
    ]


def event_rows(effects: Effects, law_version: str) -> list[tuple[Any, ...]]:
    """The journal entries of a batch, as rows of `journal.api.COLUMNS`."""
    at = effects.at.isoformat()
    return [
        (
            at,
            effects.batch_no,
            event.actor,
            event.kind,
            event.subject_kind,
            event.subject_id,
            law_version,
            json_text(event.detail),
        )
        for event in effects.events
    ]


class BatchRows:
    """The effects of a batch as rows, made while the state still stands at this batch: safe to write from a thread."""

    def __init__(
        self, effects: Effects, outgoing: list[Outgoing], *, law_version: str, segments: Sequence[int], messages: int,
        documents: int, declaration_id: int, serial: int, receipt_id: int, segment_id: int,
    ) -> None:  # fmt: skip
        self.batch_no, self.at, self.law_version = effects.batch_no, effects.at, law_version
        self.outgoing = outgoing
        self.first_receipt_id = receipt_id - len(outgoing) + 1
        self.answers = answer_rows(effects)
        self.documents = {kind: _document_rows(kind, changed) for kind, changed in effects.documents.items() if changed}
        superseded = set(effects.superseded)
        self.new: list[tuple[Any, ...]] = []
        self.changed: list[tuple[Any, ...]] = []
        for entry, existed in effects.declarations.values():
            row = declaration_row(entry, entry.id not in superseded)
            (self.changed if existed else self.new).append(row)
            entry.stored = True
        self.superseded = [number for number in effects.superseded if number not in effects.declarations]
        self.deleted = effects.deleted_declarations
        self.accounts = [
            ledger.NewAccount(account.id, kind, key, account.capacity) for kind, key, account in effects.new_accounts
        ]
        self.capacities = effects.capacities
        self.moves = effects.transfers
        self.events = event_rows(effects, law_version)
        self.tally = dict(effects.tally)
        self.instructions = effects.instructions
        self.batch = (
            effects.batch_no,
            effects.at,
            segments[0] if segments else None,
            segments[-1] if segments else None,
            messages,
            documents,
            law_version,
        )
        self.cursor = (segment_id, effects.batch_no, declaration_id, serial, receipt_id, effects.at)


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
        write_receipts(cursor, batch.batch_no, batch.first_receipt_id, batch.outgoing)
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
            " receipt_id = %s, at = %s where id = 1 and batch_no = %s",
            (*batch.cursor, batch.batch_no - 1),
        )
        if cursor.rowcount != 1:
            raise AnotherEngineError(f"batch {batch.batch_no}: the cursor is not at {batch.batch_no - 1} any more")
        cursor.execute("notify silkgate_decided")


class AnotherEngineError(Exception):
    """Another engine has moved the cursor: this one must not write."""


def findings_text(findings: Sequence[Any]) -> str:
    """Findings as JSON text; empty where there are none."""
    return json_text([finding.to_list() for finding in findings[:100]]) if findings else ""


def json_text(value: Any) -> str:
    """Plain data as JSON; numbers of any size."""
    try:
        return _encode_json(value).decode()
    except OverflowError:
        return json.dumps(value, ensure_ascii=False)


def _document_rows(kind: str, changed: dict[Any, tuple[DocumentEntry | None, bool]]) -> tuple[list[Any], list[Any]]:
    """(keys whose rows go, rows that come); a changed document is both."""
    gone, fresh = [], []
    payment = kind == "payment"
    for key, (entry, existed) in changed.items():
        if existed:
            gone.append(key)
        if entry is not None:
            row = (*key, entry.message_id, entry.position, entry.app_time, entry.draft)
            fresh.append((*row, *entry.order_key) if payment else row)
    return gone, fresh


def declaration_row(entry: DeclarationEntry, current: bool) -> tuple[Any, ...]:
    """A declaration as a row of `DECLARATION_COLUMNS`."""
    assessment = entry.assessment
    amounts: tuple[Any, ...] = (None, None, None, None, None)
    if assessment is not None:
        dutiable = duty = value_added = consumption = 0
        for line in assessment.lines:
            dutiable += line.dutiable_cents
            duty += line.duty_cents
            value_added += line.value_added_tax_cents
            consumption += line.consumption_tax_cents
        amounts = (dutiable, duty, value_added, consumption, write_assessment(assessment))
    return (
        entry.id,
        *entry.key,
        *entry.waybill_key,
        entry.ebc_code,
        entry.agent_code,
        current,
        entry.message_id,
        entry.position,
        entry.app_time,
        entry.draft,
        entry.state,
        ";".join(entry.reasons),
        findings_text(entry.findings),
        entry.pre_no,
        entry.invt_no,
        *amounts,
        entry.law_version,
        _stamp(entry.stored_at),
        _stamp(entry.decided_at),
        _stamp(entry.released_at),
    )


@lru_cache(maxsize=4096)
def _stamp(moment: datetime | None) -> str | None:
    """A time as COPY takes it: few are different, as all of a batch have its time."""
    return None if moment is None else moment.isoformat()


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
