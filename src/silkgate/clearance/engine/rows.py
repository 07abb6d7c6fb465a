"""The engine's reads: one statement a table, each for a set of keys; and a declaration's row as an entry.

Every statement starts from the keys and looks each up by index, which is why the engine's session switches other plans
off (see `run`). Key columns come first in keyed reads, last in listed reads, which go through a hash of one key column:
half the index (decisions/0014).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from silkgate.clearance.domain import Assessment, DeclarationEntry
from silkgate.kernel.findings import Finding
from silkgate.kernel.rows import TEXTS

_DOCUMENT = "d.message_id, d.position, d.app_time, d.draft"
_KEYS = f"unnest({TEXTS}, {TEXTS})"

CLAIMS = (
    f"select a.guid, a.kind, a.message_id, a.digest from {_KEYS} as k(guid, kind)"  # noqa: S608
    " join exchange_answer a on a.guid = k.guid and a.kind = k.kind and a.claims"
)
ORDERS = (
    f"select d.ebp_code, d.order_no, {_DOCUMENT} from {_KEYS} as k(ebp_code, order_no)"  # noqa: S608
    " join clearance_order d using (order_no, ebp_code)"
)
WAYBILLS = (
    f"select d.logistics_code, d.logistics_no, {_DOCUMENT} from {_KEYS} as k(logistics_code, logistics_no)"  # noqa: S608
    " join clearance_waybill d using (logistics_no, logistics_code)"
)
STATUSES = (
    f"select d.logistics_code, d.logistics_no, {_DOCUMENT} from {_KEYS} as k(logistics_code, logistics_no)"  # noqa: S608
    " join clearance_waybillstatus d using (logistics_no, logistics_code)"
)
TRANSPORTS = (
    f"select d.party_code, d.document_no, {_DOCUMENT} from {_KEYS} as k(party_code, document_no)"  # noqa: S608
    " join clearance_transportdocument d using (document_no, party_code)"
)
_PAYMENT = f"d.pay_code, d.pay_transaction_id, {_DOCUMENT}, d.ebp_code, d.order_no"
PAYMENTS = (
    f"select {_PAYMENT} from {_KEYS} as k(pay_code, pay_transaction_id)"  # noqa: S608
    " join clearance_payment d using (pay_transaction_id, pay_code)"
)
PAYMENTS_OF_ORDERS = (
    f"select {_PAYMENT} from {_KEYS} as k(ebp_code, order_no)"  # noqa: S608
    " join clearance_payment d on hashtextextended(d.order_no, 0) = hashtextextended(k.order_no, 0)"
    " and d.order_no = k.order_no and d.ebp_code = k.ebp_code order by d.message_id, d.position"
)
WAREHOUSE_ENTRIES = (
    f"select d.operator_code, d.cop_no, {_DOCUMENT} from {_KEYS} as k(operator_code, cop_no)"  # noqa: S608
    " join clearance_warehouseentry d using (cop_no, operator_code)"
)
DECLARATION = (
    "d.ebp_code, d.order_no, d.id, d.message_id, d.position, d.app_time, d.draft, d.ebc_code, d.agent_code, d.state,"
    " d.reasons, d.findings, d.pre_no, d.invt_no, d.assessment, d.law_version, d.stored_at, d.decided_at,"
    " d.released_at, d.kind,"
    " d.logistics_code, d.logistics_no"
)
"""Columns of a declaration in the order that `declaration_entry` reads."""
DECLARATIONS = (
    f"select {DECLARATION} from {_KEYS} as k(ebp_code, order_no)"  # noqa: S608
    " join clearance_declaration d on d.order_no = k.order_no and d.ebp_code = k.ebp_code and d.current"
)
DECLARATIONS_OF_WAYBILLS = (
    f"select {DECLARATION} from {_KEYS} as k(logistics_code, logistics_no)"  # noqa: S608
    " join clearance_declaration d on hashtextextended(d.logistics_no, 0) = hashtextextended(k.logistics_no, 0)"
    " and d.logistics_no = k.logistics_no and d.logistics_code = k.logistics_code order by d.id"
)
DECLARATIONS_BY_INVT_NO = f"select {DECLARATION} from clearance_declaration d where d.invt_no = any(%s)"  # noqa: S608
DECLARATIONS_BY_ID = f"select {DECLARATION} from clearance_declaration d where d.id = any(%s)"  # noqa: S608


decode_assessment = msgspec.json.Decoder(Assessment).decode
_encode_assessment = msgspec.json.Encoder().encode


def declaration_entry(row: Sequence[Any]) -> DeclarationEntry:
    """A row of the declaration reads as an entry; its record is still to be read from the inbox."""
    entry = DeclarationEntry(
        row[2], (row[0], row[1]), (row[20], row[21]), None, row[3], row[4], row[5], row[6], row[19]
    )
    entry.ebc_code, entry.agent_code, entry.state = row[7], row[8], row[9]
    entry.reasons = tuple(row[10].split(";")) if row[10] else ()
    entry.findings = [Finding(*finding) for finding in json.loads(row[11])] if row[11] else []
    entry.pre_no, entry.invt_no = row[12], row[13]
    entry.assessment = read_assessment(row[14]) if row[14] else None
    entry.law_version = row[15]
    entry.stored_at, entry.decided_at, entry.released_at = row[16], row[17], row[18]
    entry.stored = True
    return entry


def write_assessment(assessment: Assessment) -> str:
    """An assessment as JSON text; numbers of any size."""
    try:
        return _encode_assessment(assessment).decode()
    except OverflowError:
        return json.dumps(msgspec.to_builtins(assessment))


def read_assessment(text: str) -> Assessment:
    """The assessment that `write_assessment` wrote."""
    try:
        return decode_assessment(text)
    except msgspec.ValidationError:
        return msgspec.convert(json.loads(text), Assessment)
