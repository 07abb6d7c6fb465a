"""The effects of a decided batch as plain rows, for `persist` to write wherever that happens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from silkgate.clearance.domain import IMPORT, DeclarationEntry, DocumentEntry
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.claim import Claim
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.persist import BatchRows
from silkgate.clearance.engine.receipts import count
from silkgate.clearance.engine.rows import write_assessment
from silkgate.clearance.engine.state import State
from silkgate.ledger import api as ledger

_encode_json = msgspec.json.Encoder().encode


def batch_rows(
    answering: Answering,
    state: State,
    held: Claim,
    *,
    law_version: str,
    segments: Sequence[int],
    messages: int,
    documents: int,
) -> BatchRows:
    """The rows of a batch that was just decided; `state` stands at its end and counts its receipts from now on."""
    effects = answering.effects
    groups = answering.groups()
    first_receipt_id = state.receipt_id + 1
    state.receipt_id += count(groups)
    superseded = set(effects.superseded)
    new: list[Any] = []
    changed: list[Any] = []
    for entry, existed in effects.declarations.values():
        row = declaration_row(entry, entry.id not in superseded)
        (changed if existed else new).append(row)
        entry.stored = True
    return BatchRows(
        batch_no=effects.batch_no,
        at=effects.at,
        groups=groups,
        guids=answering.guids(),
        first_receipt_id=first_receipt_id,
        answers=answer_rows(effects),
        documents={kind: _document_rows(kind, changes) for kind, changes in effects.documents.items() if changes},
        new=new,
        changed=changed,
        superseded=[number for number in effects.superseded if number not in effects.declarations],
        deleted=effects.deleted_declarations,
        accounts=[
            ledger.NewAccount(account.id, kind, key, account.capacity) for kind, key, account in effects.new_accounts
        ],
        capacities=effects.capacities,
        moves=effects.transfers,
        events=event_rows(effects, law_version),
        tally=dict(effects.tally),
        instructions=effects.instructions,
        batch=(
            effects.batch_no,
            effects.at,
            segments[0] if segments else None,
            segments[-1] if segments else None,
            messages,
            documents,
            law_version,
        ),
        cursor=(
            state.segment_id, effects.batch_no, state.declaration_id, state.serial, state.receipt_id, effects.at,
        ),
        epoch=held.epoch,
        lease_seconds=held.lease_seconds,
    )  # fmt: skip


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
        text = write_assessment(assessment)
        amounts = (dutiable, duty, value_added, consumption, text) if entry.kind == IMPORT else (*amounts[:4], text)
    return (
        entry.id,
        *entry.key,
        *entry.waybill_key,
        entry.ebc_code,
        entry.agent_code,
        entry.kind,
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
