"""Declarations that were cleared long ago: rows in every table that grows, with keys in no order."""

from __future__ import annotations

import psycopg

FIRST = 10_000_000_000
"""Numbers of declarations, messages and accounts begin here, above those that a run gives."""

_KEY = "upper(substr(md5(n::text), 1, 16))"
_AT = "now() - interval '1 day'"
_STATEMENTS = (
    "insert into clearance_order (ebp_code, order_no, message_id, position, app_time, draft)"
    " select '41019600P1', 'O' || {key}, {first} + n / 100, n % 100, '20260101000000', false from {numbers}",
    "insert into clearance_payment (pay_code, pay_transaction_id, ebp_code, order_no, message_id, position, app_time,"
    " draft) select '41019800Y1', 'P' || {key}, '41019600P1', 'O' || {key}, {first} + n / 100, n % 100,"
    " '20260101000000', false from {numbers}",
    "insert into clearance_waybill (logistics_code, logistics_no, message_id, position, app_time, draft)"
    " select '41019800L1', 'W' || {key}, {first} + n / 100, n % 100, '20260101000000', false from {numbers}",
    "insert into clearance_declaration (id, ebp_code, order_no, logistics_code, logistics_no, ebc_code, agent_code,"
    " current, message_id, position, app_time, draft, state, reasons, findings, pre_no, invt_no, dutiable_cents,"
    " duty_cents, value_added_tax_cents, consumption_tax_cents, assessment, law_version, stored_at, decided_at,"
    " released_at)"
    " select {first} + n, '41019600P1', 'O' || {key}, '41019800L1', 'W' || {key}, '41019600E1', '41019800B1', true,"
    " {first} + n / 100, n % 100, '20260101000000', false, '800', '', '', 'B' || n, 'X' || {key}, 10000, 0, 910, 0,"
    " repeat('x', 420), 'law', {at}, {at}, {at} from {numbers}",
    "insert into exchange_answer (message_id, batch_no, kind, guid, digest, claims, outcome, reasons, findings)"
    " select {first} + n, 0, 'CEB621Message', gen_random_uuid()::text, sha256('x'), true, 'accepted', '', ''"
    " from generate_series(0, {count} / 25) n",
    "insert into ledger_account (id, kind, key, capacity, used)"
    " select {first} + n, 'allowance', {key}, 2600000, 30000 from generate_series(0, {count} / 3) n",
    "insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
    " select {first} + n / 3, 'reserve', 10000, 'declaration', {first} + n, {at}"
    " from generate_series(0, {count} / 3 * 3 + 2) n",
    "insert into journal_event (at, batch_no, actor, kind, subject_kind, subject_id, law_version, detail)"
    " select {at}, 0, 'engine', 'declaration.released', 'declaration', {first} + n, 'law', '{{}}' from {numbers}",
)


def prefill(url: str, count: int) -> None:
    """Store `count` declarations with their documents, allowances, transfers and events; the books stay balanced."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _STATEMENTS:
            words = {"key": _KEY, "at": _AT, "first": FIRST, "count": count}
            connection.execute(statement.format(numbers=f"generate_series(1, {count}) n", **words))
        connection.execute("analyze")
