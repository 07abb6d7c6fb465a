"""Declarations that were cleared long ago: rows in every table that grows, with keys in no order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from silkgate.journal import api as journal

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


_TABLES = tuple(statement.split()[2] for statement in _STATEMENTS)
_CONSTRAINTS = """
select format('alter table %%I drop constraint %%I', c.relname, k.conname),
  format('alter table %%I add constraint %%I %%s', c.relname, k.conname, pg_get_constraintdef(k.oid))
from pg_constraint k join pg_class c on c.oid = k.conrelid
where c.relname = %s and k.contype in ('p', 'u') and not c.relispartition
"""
_INDEXES = """
select format('drop index %%I', i.relname), replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ')
from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
where c.relname = %s and not c.relispartition and not exists (select from pg_constraint where conindid = i.oid)
"""


def prefill(url: str, count: int) -> None:
    """Store `count` declarations with their documents, allowances, transfers and events; the books stay balanced.

    Two connections, the largest table first; indexes are made when the rows are there.
    """
    by_table: dict[str, list[str]] = {}
    for table, statement in zip(_TABLES, _STATEMENTS, strict=True):
        by_table.setdefault(table, []).append(statement)
    order = sorted(by_table, key=lambda table: table != "clearance_declaration")
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_fill, url, table, by_table[table], count) for table in order]:
            done.result()
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            journal.log_begin(cursor)
            # The log begins behind them: no batch of this database has made these events.
            cursor.execute("update journal_logstate set event_id = (select max(id) from journal_event)")
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _fill(url: str, table: str, statements: list[str], count: int) -> None:
    words = {"key": _KEY, "at": _AT, "first": FIRST, "count": count, "numbers": f"generate_series(1, {count}) n"}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set maintenance_work_mem = '512MB'")
        kept = [row for query in (_CONSTRAINTS, _INDEXES) for row in connection.execute(query, (table,))]
        for drop, _ in kept:
            connection.execute(drop)
        for statement in statements:
            connection.execute(statement.format(**words))
        for _, make in kept:
            connection.execute(make)
