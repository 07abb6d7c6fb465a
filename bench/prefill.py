"""Declarations that were cleared long ago: rows in every table that grows, with keys in no order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg

from silkgate.exchange.api import MESSAGES_PER_SEGMENT
from silkgate.journal import api as journal
from silkgate.site.traffic.drawing import SCATTER, SCATTERED
from silkgate.site.traffic.people import person

SEGMENTS_FROM = 1
_ACCOUNTS_FROM = 1_000_000
"""Above those that a zone opens."""
_PER_MESSAGE, _DOCUMENTS = 100, 4


def last_segment(count: int) -> int:
    """The number of the last segment that `count` stored declarations came in; a run's begin above it."""
    return SEGMENTS_FROM + _DOCUMENTS * count // _PER_MESSAGE // MESSAGES_PER_SEGMENT if count else 0


_KEY = f"lpad(mod(n::bigint * {SCATTER} + {SCATTERED // 2}, {SCATTERED})::text, 13, '0')"
"""Mixes with the traffic's own, which count from one, and meets none of them."""
_PAY_KEY = "to_char(date '2026-01-01' - n % 200, 'YYYYMMDD') || lpad(n::text, 14, '0')"
_AT = "now() - interval '1 day'"
_STATEMENTS = (
    "insert into clearance_order (ebp_code, order_no, message_id, position, app_time, draft)"
    " select '41019600P1', 'SG' || {key}, {message} + n / 25, n % 100, '20260101000000', false from {numbers}",
    "insert into clearance_payment (pay_code, pay_transaction_id, ebp_code, order_no, message_id, position, app_time,"
    " draft) select '41019800Y1', 'P' || {key}, '41019600P1', 'SG' || {key}, {message} + n / 25, n % 100,"
    " '20260101000000', false from {numbers}",
    "insert into clearance_waybill (logistics_code, logistics_no, message_id, position, app_time, draft)"
    " select '41019800L1', 'KG' || {key}, {message} + n / 25, n % 100, '20260101000000', false from {numbers}",
    "insert into clearance_declaration (id, ebp_code, order_no, logistics_code, logistics_no, ebc_code, agent_code,"
    " current, message_id, position, app_time, draft, state, reasons, findings, pre_no, invt_no, dutiable_cents,"
    " duty_cents, value_added_tax_cents, consumption_tax_cents, assessment, law_version, stored_at, decided_at,"
    " released_at)"
    " select n, '41019600P1', 'SG' || {key}, '41019800L1', 'KG' || {key}, '41019600E1', '41019800B1', true,"
    " {message} + n / 25, n % 100, '20260101000000', false, '800', '', '', 'B' || n, 'X' || {key}, 10000, 0, 910, 0,"
    " repeat('x', 420), 'law', {at}, {at}, {at} from {numbers}",
    "insert into exchange_answer (message_id, batch_no, kind, guid, digest, claims, outcome, reasons, findings)"
    " select {message} + n, 1, 'CEB621Message', upper(gen_random_uuid()::text), sha256('x'), true, 'accepted', '', ''"
    " from generate_series(0, {count} / 25) n",
    "insert into ledger_account (id, kind, key, capacity, used)"
    " select {account} + n, 'allowance', key, 2600000, 30000 from buyer",
    "insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
    " select {account} + n / 3, 'reserve', 10000, 'declaration', n, {at}"
    " from generate_series(0, {count} / 3 * 3 + 2) n",
    "insert into journal_event (at, batch_no, actor, kind, subject_kind, subject_id, law_version, detail)"
    " select {at}, 1, 'engine', 'declaration.released', 'declaration', n, 'law', '{{}}' from {numbers}",
)


_PLACES = (
    "select setval('ledger_account_id_seq', (select max(id) from ledger_account))",
    "insert into exchange_segment (id, received_at, messages, body, recognised)"
    " values ({segment}, {at}, 0, ''::bytea, ''::bytea)",
    "insert into clearance_batch (no, at, segment_first, segment_last, messages, documents, law_version)"
    " values (1, {at}, 1, {segment}, {count} / 25, {count} * 4, 'law')",
    "insert into clearance_enginecursor (id, segment_id, batch_no, declaration_id, serial, receipt_id)"
    " values (1, {segment}, 1, {count}, {count}, 0)",
    "update journal_logstate set batch_no = 1, event_id = (select max(id) from journal_event)",
    "insert into portal_position (id, arrived_segment, decided_segment, receipt, batch_no, event)"
    " select 1, {segment}, {segment}, 0, 1, max(id) from journal_event",
)
"""Engine, log and counters stand behind them; numbers go on above."""

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
            for statement in _PLACES:
                cursor.execute(statement.format(at=_AT, count=count, segment=last_segment(count)))
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _fill(url: str, table: str, statements: list[str], count: int) -> None:
    words = {"key": _KEY, "pay_key": _PAY_KEY, "at": _AT, "count": count, "numbers": f"generate_series(1, {count}) n"}
    words |= {"message": SEGMENTS_FROM * MESSAGES_PER_SEGMENT, "account": _ACCOUNTS_FROM}
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set maintenance_work_mem = '512MB'")
        kept = [row for query in (_CONSTRAINTS, _INDEXES) for row in connection.execute(query, (table,))]
        for drop, _ in kept:
            connection.execute(drop)
        if table == "ledger_account":
            _draw_buyers(connection, count // 3 + 1)
        for statement in statements:
            connection.execute(statement.format(**words))
        for _, make in kept:
            connection.execute(make)


def _draw_buyers(connection: psycopg.Connection, count: int) -> None:
    """Identity numbers of the kind that the traffic's buyers have, and of none of them."""
    connection.execute("create temporary table buyer (n bigint, key text)")
    with connection.cursor() as cursor, cursor.copy("copy buyer from stdin") as copy:
        for n in range(count):
            copy.write_row((n, f"{person(n).id_number[:-1]}Y/2026"))
