"""What must be equal in a database and in its restored copy: a list of named facts, read in one transaction.

To have one more thing compared, add a line to `FACTS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import psycopg
from psycopg import sql

from silkgate.journal.api import log_entries
from silkgate.kernel.text import Text
from silkgate.standards.tlog.merkle import leaf_hash, node_hash, perfect_root, range_hash


class Table(NamedTuple):
    """How many rows a table has, and a digest over all of their contents in whatever order they lie."""

    rows: int
    digest: str


class Fact(NamedTuple):
    """Something that a backup must keep: `read` gives its value as text, None where this release has no such thing."""

    name: str
    words: Text
    read: Callable[[psycopg.Connection], str | None]


class Facts(NamedTuple):
    """What a database held at one moment."""

    tables: dict[str, Table]
    values: dict[str, str]

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(table.rows for table in self.tables.values())


_PLAIN = """set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'iso_8601';
set local bytea_output = 'hex'; set local extra_float_digits = 1"""
"""The text of a row must not depend on who asks."""

_DIGEST = sql.SQL("""select count(*),
 coalesce(sum(('x' || left(digest, 16))::bit(64)::bigint::numeric), 0),
 coalesce(sum(('x' || substr(digest, 17, 16))::bit(64)::bigint::numeric), 0)
 from (select encode(sha256(convert_to(line::text, 'UTF8')), 'hex') as digest from {} line) lines""")
"""Sums over the rows' SHA-256, so that no sorting is needed."""

_RECOMPUTED = """(select a.id, a.kind, a.key, a.capacity, coalesce(t.used, 0) as used from ledger_account a
 left join (select account_id, sum(amount)::bigint as used from ledger_transfer group by account_id) t
 on t.account_id = a.id)"""


def read(connection: psycopg.Connection) -> Facts:
    """All facts of the connection's database; call it inside a transaction that sees one moment."""
    connection.execute(_PLAIN)
    tables = {name: Table(*_digest(connection, sql.SQL(name))) for name in _table_names(connection)}
    values = {fact.name: value for fact in FACTS if (value := fact.read(connection)) is not None}
    return Facts(tables, values)


def is_there(connection: psycopg.Connection, table: str) -> bool:
    """Whether the database has this table."""
    row = connection.execute("select to_regclass(%s)", [table]).fetchone()
    return row is not None and row[0] is not None


def _table_names(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname !~ '^(pg_|information_schema$)' order by 1"
    )
    return [row[0] for row in rows.fetchall()]


def _digest(connection: psycopg.Connection, source: sql.SQL) -> tuple[int, str]:
    row = connection.execute(_DIGEST.format(source)).fetchone()
    assert row is not None
    return row[0], hashlib.sha256(":".join(map(str, row)).encode()).hexdigest()[:32]


def _number(connection: psycopg.Connection, words: str) -> str:
    row = connection.execute(words).fetchone()  # type: ignore[call-overload]
    return "" if row is None or row[0] is None else str(row[0])


def _migrations(connection: psycopg.Connection) -> str | None:
    return str(len(applied_migrations(connection)))


def applied_migrations(connection: psycopg.Connection) -> list[str]:
    """`room.name` of every migration of the database, in name order."""
    if not is_there(connection, "django_migrations"):
        return []
    rows = connection.execute("select app || '.' || name from django_migrations order by 1").fetchall()
    return [row[0] for row in rows]


def _balances(connection: psycopg.Connection) -> str | None:
    """Balances computed anew from the transfers alone."""
    if not is_there(connection, "ledger_account"):
        return None
    count, digest = _digest(connection, sql.SQL(_RECOMPUTED))
    return f"{count} {digest}"


def _stored_balances(connection: psycopg.Connection) -> str | None:
    """Balances as the accounts say them; equal to the recomputed ones or somebody has reached past the ledger."""
    if not is_there(connection, "ledger_account"):
        return None
    count, digest = _digest(connection, sql.SQL("(select id, kind, key, capacity, used from ledger_account)"))
    return f"{count} {digest}"


def _journal(connection: psycopg.Connection) -> str | None:
    if not is_there(connection, "journal_event"):
        return None
    count, digest = _digest(connection, sql.SQL("journal_event"))
    last = _number(connection, "select max(id) from journal_event")
    return f"{count} {last} {digest}"


def _engine(connection: psycopg.Connection) -> str | None:
    if not is_there(connection, "clearance_enginecursor"):
        return None
    return _number(connection, "select string_agg(concat_ws('/', segment_id, batch_no, declaration_id, serial,"
                               " receipt_id), ' ' order by id) from clearance_enginecursor")  # fmt: skip


def _newest_checkpoint(connection: psycopg.Connection) -> tuple[int, bytes] | None:
    if not is_there(connection, "journal_logcheckpoint"):
        return None
    row = connection.execute("select size, root from journal_logcheckpoint order by size desc limit 1").fetchone()
    return (row[0], bytes(row[1])) if row else None


def _signed_log(connection: psycopg.Connection) -> str | None:
    """Size and root of the newest checkpoint, as it was signed and published."""
    newest = _newest_checkpoint(connection)
    return f"{newest[0]} {newest[1].hex()}" if newest else None


def _recomputed_log(connection: psycopg.Connection) -> str | None:
    """The same root, computed anew from the entries alone."""
    newest = _newest_checkpoint(connection)
    if newest is None:
        return None
    with connection.cursor() as cursor:

        def subtree(start: int, end: int) -> bytes:
            if end - start > _ENTRIES_AT_ONCE:
                half = (start + end) // 2
                return node_hash(subtree(start, half), subtree(half, end))
            entries = log_entries(cursor, start, end)
            return perfect_root([leaf_hash(entries[at : at + 32]) for at in range(0, 32 * (end - start), 32)])

        return f"{newest[0]} {range_hash(0, newest[0], subtree).hex()}"


_ENTRIES_AT_ONCE = 256

FACTS: tuple[Fact, ...] = (
    Fact("migrations", Text("表结构版本数", "Migrations"), _migrations),
    Fact("balances.recomputed", Text("由流水重算的余额", "Balances recomputed from transfers"), _balances),
    Fact("balances.stored", Text("账户所记余额", "Balances as stored"), _stored_balances),
    Fact("journal", Text("日志：条数、末号、摘要", "Journal: events, last number, digest"), _journal),
    Fact("log.signed", Text("已签发的日志根", "Root of the log as signed"), _signed_log),
    Fact("log.recomputed", Text("由条目重算的日志根", "Root of the log recomputed from its entries"), _recomputed_log),
    Fact("engine", Text("裁决引擎位置", "The engine's place"), _engine),
)
"""What is compared beyond the tables themselves."""


class Comparison(NamedTuple):
    """One line of a comparison."""

    name: str
    words: Text
    expected: str
    found: str

    @property
    def agrees(self) -> bool:
        """True where both are the same."""
        return self.expected == self.found


_TABLE_WORDS = Text("表{name}", "Table {name}")
_SOUND = (
    ("balances", Text("余额与流水相符", "Balances agree with transfers"), "balances.recomputed", "balances.stored"),
    (
        "log",
        Text("日志条目与签发的根相符", "Entries of the log agree with its signed root"),
        "log.recomputed",
        "log.signed",
    ),
)
"""Pairs of facts that must be equal within one database."""
SEQUENCES = Text("会重复发号的序列", "Sequences that would give a number twice")


def compare(expected: Facts, found: Facts) -> list[Comparison]:
    """Every table and every fact, what is missing on one side included; and that the balances are sound."""
    lines = []
    for name in sorted(expected.tables.keys() | found.tables.keys()):
        sides = [facts.tables.get(name) for facts in (expected, found)]
        told = [f"{table.rows:,} {table.digest}" if table else "—" for table in sides]
        shown = name.removeprefix("public.")
        words = Text(_TABLE_WORDS.zh.format(name=shown), _TABLE_WORDS.en.format(name=shown))
        lines.append(Comparison(f"table {name}", words, *told))
    for fact in FACTS:
        pair = [facts.values.get(fact.name) for facts in (expected, found)]
        if pair != [None, None]:
            lines.append(Comparison(fact.name, fact.words, *[value or "—" for value in pair]))
    for about, words, left, right in _SOUND:
        if left in found.values or right in found.values:
            pair = [found.values.get(left), found.values.get(right)]
            lines.append(Comparison(f"{about}.sound", words, *[value or "—" for value in pair]))
    return lines
