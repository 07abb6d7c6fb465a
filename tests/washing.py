"""Databases for tests, washed after each instead of dropped and made again.

To copy the template takes longer than to empty the tables that a test has filled. What cannot be made as it was
(somebody altered a table, a function, a setting) is dropped, and the next test gets a new copy. Every test sees a name
that none has seen before it, so nothing that a process keeps by name outlives its test.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from uuid import uuid4

import psycopg
from psycopg import sql

from silkgate.site import scratch
from silkgate.site.database import url_of

SHAPE = """
    select md5(string_agg(line, e'\n' order by line collate "C")) from (
        select concat_ws('|', 'c', relname, relkind, relpersistence, reloptions::text, relnatts, relchecks)
          from pg_class where relnamespace = 'public'::regnamespace
        union all select concat_ws('|', 'a', attrelid, attnum, attname, atttypid, atttypmod, attnotnull,
                                   atthasdef, attisdropped)
          from pg_attribute join pg_class on pg_class.oid = attrelid
         where relnamespace = 'public'::regnamespace and attnum > 0
        union all select concat_ws('|', 'f', proname, md5(prosrc)) from pg_proc
         where pronamespace = 'public'::regnamespace
        union all select concat_ws('|', 't', tgrelid, tgname, tgenabled) from pg_trigger
        union all select concat_ws('|', 'k', conrelid, conname, convalidated) from pg_constraint
        union all select concat_ws('|', 'i', indexrelid, indisvalid) from pg_index
        union all select concat_ws('|', 'n', nspname) from pg_namespace where nspname !~ '^pg_'
        union all select concat_ws('|', 's', setconfig::text) from pg_db_role_setting
         where setdatabase = (select oid from pg_database where datname = current_database())
    ) lines(line)
"""
"""Of one database and of copies of one template, in which a table keeps its number."""
FILLED = """
    select oid::regclass::text from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
"""
SEQUENCES = "select quote_ident(sequencename), last_value from pg_sequences where schemaname = 'public'"


class Pristine(NamedTuple):
    """What a copy of the template is like before anybody used it."""

    shape: str
    rows: dict[str, bytes]
    """By table, as COPY writes them; tables without a row are left out."""
    digests: dict[str, str | None]
    """Of those rows."""
    sequences: dict[str, int | None]


def pristine(connection: psycopg.Connection) -> Pristine:
    """As it is now."""
    filled = {name: _rows(connection, name) for name in _column(connection, FILLED)}
    rows = {name: found for name, found in filled.items() if found}
    return Pristine(_shape(connection), rows, _digests(connection, rows), _sequences(connection))


def wash(connection: psycopg.Connection, was: Pristine) -> bool:
    """Make the database as it was; False where that cannot be. The connection is a superuser's, the caller commits."""
    if _shape(connection) != was.shape:
        return False
    connection.execute("set local lock_timeout = '3s'")
    # What is only ever added, in production, may go here.
    connection.execute("set local session_replication_role = replica")
    filled = set(_column(connection, FILLED))
    emptied = sorted((filled - was.rows.keys()) | _changed(connection, was))
    if emptied:
        connection.execute(f"truncate only {', '.join(emptied)} cascade")  # type: ignore[call-overload]
    # Those that were emptied with the others, too.
    for name in _changed(connection, was):
        with connection.cursor().copy(f"copy {name} from stdin") as copy:  # type: ignore[arg-type]
            copy.write(was.rows[name])
    for name, value in _sequences(connection).items():
        if value != was.sequences[name]:
            ending = "restart" if was.sequences[name] is None else f"restart with {was.sequences[name]}"
            connection.execute(f"alter sequence {name} {ending}")  # type: ignore[call-overload]
            if was.sequences[name] is not None:
                connection.execute(f"select nextval('{name}')")  # type: ignore[call-overload]
    return True


def _shape(connection: psycopg.Connection) -> str:
    return str(_column(connection, SHAPE)[0])


def _sequences(connection: psycopg.Connection) -> dict[str, int | None]:
    return dict(connection.execute(SEQUENCES).fetchall())


def _rows(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"copy {table} to stdout") as copy:  # type: ignore[arg-type]
        return b"".join(bytes(block) for block in copy)


def _changed(connection: psycopg.Connection, was: Pristine) -> set[str]:
    """Tables whose rows are not those that they had."""
    return {name for name, digest in _digests(connection, was.rows).items() if digest != was.digests[name]}


def _digests(connection: psycopg.Connection, names: Iterable[str]) -> dict[str, str | None]:
    # Made in the database: to fetch the rows themselves after every test takes longer than all the rest.
    digest = """md5(string_agg(t::text, e'\n' order by t::text collate "C"))"""
    each = (f"select '{name}', {digest} from {name} t" for name in names)
    return dict(connection.execute(" union all ".join(each)).fetchall())  # type: ignore[call-overload]


def _column(connection: psycopg.Connection, words: str) -> list[str]:
    return [row[0] for row in connection.execute(words).fetchall()]  # type: ignore[call-overload]


class Laundry:
    """Gives a database to each test, one at a time, and takes it back."""

    def __init__(self, server_url: str, superuser_url: str) -> None:
        self._server_url, self._superuser_url = server_url, superuser_url
        self._name = ""
        self._holder: psycopg.Connection | None = None
        self._was: Pristine | None = None

    def take(self) -> str:
        """URL of a database that is as a new one, under a name of its own."""
        name = f"silkgate_private_{uuid4().hex[:12]}"
        with psycopg.connect(self._server_url, autocommit=True) as connection, scratch.one_at_a_time(self._server_url):
            if (holder := self._living_holder()) is not None:
                holder.close()
                words = sql.SQL("alter database {} rename to {}")
                connection.execute(words.format(sql.Identifier(self._name), sql.Identifier(name)))
            else:
                scratch.sweep(connection)
                scratch.create(connection, name, scratch.template(connection, self._server_url))
            url = url_of(self._server_url, name)
            # As long as somebody is connected to it nobody takes it for a leftover.
            self._name, self._holder = name, psycopg.connect(url, autocommit=True)
        if self._was is None:
            with psycopg.connect(url_of(self._superuser_url, name)) as connection:
                self._was = pristine(connection)
        return url

    def take_back(self) -> None:
        """Wash it, or drop it."""
        assert self._was is not None
        clean = False
        try:
            with psycopg.connect(url_of(self._superuser_url, self._name)) as connection:
                others = (
                    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and pid <> all(%s)"
                )
                assert self._holder is not None
                ours = [connection.info.backend_pid, self._holder.info.backend_pid]
                connection.execute(others, (self._name, ours))
                clean = wash(connection, self._was)
        except psycopg.Error:
            clean = False
        if not clean:
            self.drop()

    def _living_holder(self) -> psycopg.Connection | None:
        # A test that cuts every connection cuts this one too, and from then on the database looks like a leftover:
        # whoever made a private one meanwhile has dropped it.
        try:
            if self._holder is not None:
                self._holder.execute("select 1")
        except psycopg.OperationalError:
            self.drop()
        return self._holder

    def drop(self) -> None:
        """Let the database go."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None
            with psycopg.connect(self._server_url, autocommit=True) as connection:
                scratch.drop(connection, self._name, force=True)
