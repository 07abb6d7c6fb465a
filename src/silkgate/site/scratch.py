"""Private databases: empty, migrated, there for one case or one test, gone afterwards.

They are copies of a template that is migrated once per release, which makes a new one in about 50 ms.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from silkgate.site.application import migrate, set_up
from silkgate.site.database import url_of, use_database
from silkgate.site.problem import Problem


class EmptyDatabase:
    """A database that is nobody's yet. `let_go` before it is renamed: a database in use cannot be."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.url = url
        # As long as somebody is connected to it nobody takes it for a leftover.
        self._holder = psycopg.connect(url, autocommit=True)

    def let_go(self) -> None:
        """Leave it."""
        self._holder.close()


_PREFIX = "silkgate_private_"
_TEMPLATE = "silkgate_template_"
_LOCK = 0x51_1C_6A_7F
_EVERYWHERE = "postgres"
"""Database that every server has from its beginning."""


@contextmanager
def private_database(server_url: str) -> Iterator[str]:
    """A private database on the server of `server_url`, in use by Django for the time of the block; yields its URL.

    Django stays pointed at it after the block, so that a later query fails instead of reaching other data.
    """
    name = f"{_PREFIX}{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        url = url_of(server_url, name)
        with one_at_a_time(server_url):
            sweep(connection)
            create(connection, name, template(connection, server_url))
            # As long as somebody is connected to it nobody takes it for a leftover.
            holder = psycopg.connect(url, autocommit=True)
        try:
            use_database(url)
            set_up()
            yield url
        finally:
            holder.close()
            drop(connection, name, force=True)


@contextmanager
def empty_database(server_url: str, name: str = "") -> Iterator[EmptyDatabase]:
    """A database without tables on the server of `server_url`; gone after the block, unless it was renamed in it.

    With a `name` of its own nobody takes it for a leftover, not even while nobody is connected to it; what a killed
    process left under this name is dropped first. Raises Problem where somebody uses that.
    """
    named, name = bool(name), name or f"{_PREFIX}{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection, one_at_a_time(server_url):
        sweep(connection)
        if named:
            _drop_leftover(connection, name)
        create(connection, name, "template0")
        empty = EmptyDatabase(name, url_of(server_url, name))
    try:
        yield empty
    finally:
        empty.let_go()
        with psycopg.connect(server_url, autocommit=True) as connection:
            drop(connection, name, force=True)


@contextmanager
def one_at_a_time(server_url: str) -> Iterator[None]:
    """Nobody else sweeps, copies or renames databases on the server meanwhile, whichever of them `server_url` names."""
    with _meeting_place(server_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        # Given back with the connection.
        yield


def _meeting_place(server_url: str) -> psycopg.Connection:
    # An advisory lock is of one database: whoever came by another would not be kept out.
    try:
        return psycopg.connect(url_of(server_url, _EVERYWHERE), autocommit=True)
    except psycopg.OperationalError:
        # Taken away or closed to us: then at least those who came by the same one.
        return psycopg.connect(server_url, autocommit=True)


def _drop_leftover(connection: psycopg.Connection, name: str) -> None:
    try:
        drop(connection, name, force=False)
    except psycopg.errors.ObjectInUse as error:
        raise Problem(
            f"数据库{name}正被使用：可能另一个恢复正在进行。请等它结束，或断开连接后再试。",
            f"The database {name} is in use: another restore may be at work. Wait for it, or disconnect its users.",
        ) from error


def template(connection: psycopg.Connection, server_url: str) -> str:
    """Name of the migrated database of this release; made where it is missing."""
    name = _TEMPLATE + _release()
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return name
    unfinished = f"{_PREFIX}{uuid4().hex[:12]}"
    create(connection, unfinished, "template0")
    use_database(url_of(server_url, unfinished))
    set_up()
    migrate()
    use_database(url_of(server_url, name))
    words = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    connection.execute(words.format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


@functools.cache
def _release() -> str:
    """Changes whenever a migration does, ours or those of the packages that have tables."""
    digest = hashlib.sha256()
    for package in ("silkgate", "django", "allauth", "oauth2_provider"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for file in sorted(Path(spec.origin).parent.glob("**/migrations/*.py")):
            digest.update(file.name.encode() + file.read_bytes())
        for file in sorted(Path(spec.origin).parent.glob("*/sql/**/*.sql")):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def sweep(connection: psycopg.Connection) -> None:
    """Drop what killed processes and earlier releases left."""
    # A database in use is not even asked to go: PostgreSQL would wait five seconds for its users first.
    words = """SELECT datname FROM pg_database d
               WHERE (datname LIKE %s OR (datname LIKE %s AND datname <> %s))
                 AND NOT EXISTS (SELECT 1 FROM pg_stat_activity a WHERE a.datid = d.oid)"""
    current = _TEMPLATE + _release()
    rows = connection.execute(words, [_PREFIX + "%", _TEMPLATE + "%", current]).fetchall()
    for (name,) in rows:
        with suppress(psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):
            drop(connection, name, force=False)


def create(connection: psycopg.Connection, name: str, template: str) -> None:
    """Make a database as a copy of another. Raises Problem where the account may not."""
    try:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        if connection.execute("SHOW fsync").fetchone() == ("off",):
            # Copied as files in half the time; a server that writes to its disk would have to write all of it first.
            words += sql.SQL(" STRATEGY FILE_COPY")
        connection.execute(words)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Problem(
            "DATABASE_URL的账户无权创建数据库，而此命令需要一个私有数据库。请授予CREATEDB，或取消DATABASE_URL以使用内置数据库。",
            "The account of DATABASE_URL may not create databases, and this command needs a private one. "
            "Grant it CREATEDB, or unset DATABASE_URL to use the embedded database.",
        ) from error


def drop(connection: psycopg.Connection, name: str, *, force: bool) -> None:
    """Let a database go; with `force` whoever uses it is sent away first. Raises ObjectInUse without."""
    words = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    if force:
        try:
            connection.execute(words + sql.SQL(" WITH (FORCE)"))
        except psycopg.errors.InsufficientPrivilege:
            # An autovacuum worker, which is not ours to end: the plain form asks it to go, but nobody else.
            ours = (
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
            )
            connection.execute(ours, [name])
        else:
            return
    connection.execute(words)
