"""`silkgate restore`: first into a database beside the one in use, then, when all is proved equal, in its place."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from silkgate.site import scratch
from silkgate.site.application import migrate, set_up
from silkgate.site.backup import archive, facts
from silkgate.site.backup.programs import programs_for, reason, start
from silkgate.site.database import url_of, use_database
from silkgate.site.home import Home
from silkgate.site.problem import Problem
from silkgate.site.running import is_running

REPLACED = "_replaced"
"""Ending of the name under which the data that was there before stays until the next restore."""

_TIMEOUT_OF_17 = b"SET transaction_timeout = 0;\n"
_HEAD_LINES = 40


class Restored(NamedTuple):
    """What a restore came to."""

    manifest: archive.Manifest
    lines: list[facts.Comparison]
    migrated: list[str]
    kept_as: str
    """Name of the database with the data that was there before; empty where there was none."""
    seconds: float


class Copy(NamedTuple):
    """A backup restored into a database of its own, which is gone after the block that asked for it."""

    database: scratch.EmptyDatabase
    lines: list[facts.Comparison]
    restore_seconds: float
    compare_seconds: float


def restore(home: Home, url: str, source: Path, *, force: bool) -> Restored:
    """Put the backup `source` in the place of the database at `url` and of the files of `home`.

    Where anything is wrong, Problem is raised and everything stays as it was. Data that is there is replaced only with
    `force`, and stays beside it under another name.
    """
    started = time.monotonic()
    address = is_running(home)
    if address:
        raise Problem(
            f"丝关正在{address}运行，请先停止再恢复。", f"Silkgate runs at {address}. Stop it before you restore."
        )
    with archive.opened(source, home.root) as backup:
        _refuse_unknown_migrations(backup)
        if not force:
            _refuse_data(url)
        _refuse_users(url)
        with restored_copy(url, backup, name=name_beside(url)) as copy:
            wrong = [line for line in copy.lines if not line.agrees]
            if wrong:
                raise _different(source, wrong[0])
            migrated = _brought_up_to_date(copy.database.url, url)
            with _staged_files(backup, home) as put_in_place:
                kept_as = _take_the_place(url, copy.database)
                put_in_place()
        return Restored(backup.manifest, copy.lines, migrated, kept_as, time.monotonic() - started)


def name_beside(url: str) -> str:
    """Name of the database that is about to take the place of the one at `url`.

    No operator would choose it, for one that a killed restore left under this name is dropped by the next.
    """
    return f"silkgate_restored_{hashlib.sha256(str(conninfo_to_dict(url)['dbname']).encode()).hexdigest()[:12]}"


@contextmanager
def restored_copy(url: str, backup: archive.Backup, name: str = "") -> Iterator[Copy]:
    """The backup in a fresh database on the server of `url`, compared with its manifest.

    Whoever means to rename it gives it a `name`: nobody may be connected to it then, and what is private and unused is
    dropped by the next who makes one.
    """
    with scratch.empty_database(url, name) as empty:
        started = time.monotonic()
        _load(backup, empty.url)
        loaded = time.monotonic()
        with psycopg.connect(empty.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            found = facts.read(connection)
            sequences = _sequences_behind(connection)
        lines = facts.compare(backup.manifest.facts, found)
        lines.append(facts.Comparison("sequences", facts.SEQUENCES, "0", str(sequences)))
        yield Copy(empty, lines, loaded - started, time.monotonic() - loaded)


def _load(backup: archive.Backup, url: str) -> None:
    """All of the dump. Raises Problem where any of it failed; the database is then good for nothing."""
    chosen = programs_for(backup.manifest.dumped_by_major)
    with tempfile.TemporaryFile() as unpacked_words, tempfile.TemporaryFile() as loaded_words:
        unpacking = subprocess.Popen(
            [chosen.bin / "pg_restore", "--no-owner", "--no-privileges", "--file=-", backup.folder / archive.DUMP],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=unpacked_words,
        )  # fmt: skip
        loading = start(
            chosen.bin / "psql", url, ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=loaded_words,
        )  # fmt: skip
        assert unpacking.stdout is not None
        assert loading.stdin is not None
        try:
            with suppress(BrokenPipeError):  # psql has stopped; its words say why
                for _ in range(_HEAD_LINES):
                    line = unpacking.stdout.readline()
                    # Programs of 17 and later set it; a server before 17 does not know it.
                    if line != _TIMEOUT_OF_17:
                        loading.stdin.write(line)
                shutil.copyfileobj(unpacking.stdout, loading.stdin, 2**20)
                loading.stdin.close()
            loading.wait()
        finally:
            unpacking.stdout.close()
            for process in (loading, unpacking):
                if process.poll() is None:
                    process.terminate()
                process.wait()
        failed = loaded_words if loading.returncode else unpacked_words if unpacking.returncode else None
        if failed is not None:
            failed.seek(0)
            why = reason(failed.read())
            raise Problem(
                f"备份无法载入数据库：{why}。原有数据未动。",
                f"The backup cannot be loaded into the database: {why}. What was there is untouched.",
            )


def _sequences_behind(connection: psycopg.Connection) -> int:
    """How many sequences would give a number again that their table holds already."""
    rows = connection.execute(
        """select format('%I.%I', n.nspname, s.relname), format('%I.%I', n.nspname, t.relname), quote_ident(a.attname)
           from pg_class s join pg_depend d on d.objid = s.oid and d.deptype in ('a', 'i')
           join pg_class t on t.oid = d.refobjid join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
           join pg_namespace n on n.oid = s.relnamespace where s.relkind = 'S'"""
    ).fetchall()
    behind = 0
    for sequence, table, column in rows:
        words = sql.SQL("select coalesce(max({}), 0) > (select last_value from {}) from {}")
        row = connection.execute(words.format(sql.SQL(column), sql.SQL(sequence), sql.SQL(table))).fetchone()
        assert row is not None
        behind += bool(row[0])
    return behind


# --- What is refused ----------------------------------------------------------------------------------------------


def _refuse_unknown_migrations(backup: archive.Backup) -> None:
    from django.db.migrations.loader import MigrationLoader

    set_up()
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    unknown = [name for name in backup.manifest.migrations if name not in known]
    if unknown:
        raise Problem(
            f"备份由较新的版本{backup.manifest.silkgate}制作（本版本不认识{unknown[0]}）。请用该版本恢复。",
            f"The backup was made by a later release, {backup.manifest.silkgate}; this one does not know {unknown[0]}. "
            "Restore it with that one.",
        )


def _refuse_data(url: str) -> None:
    if _has_data(url):
        raise Problem(
            "数据库中已有数据。确要替换，请加--force；原有数据会改名保留。",
            "There is data in the database. Add --force to replace it; what is there stays under another name.",
        )


def _has_data(url: str) -> bool:
    """Whether anything but what `silkgate migrate` itself writes is there."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname !~"
            " '^(pg_|information_schema$)' and tablename not in"
            " ('django_migrations', 'django_content_type', 'auth_permission')"
        ).fetchall()
        for (name,) in rows:
            found = connection.execute(sql.SQL("select exists (select from {})").format(sql.SQL(name))).fetchone()
            if found is not None and found[0]:
                return True
    return False


def _refuse_users(url: str) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend'"
        ).fetchone()
    if row is not None and row[0]:
        raise Problem(
            f"还有{row[0]}个连接在使用数据库。请先停止网页、接入和引擎。",
            f"{row[0]} connections use the database. Stop web, intake and engine first.",
        )


def _different(source: Path, line: facts.Comparison) -> Problem:
    return Problem(
        f"备份{source}恢复后与其清单不符（{line.words.zh}），原有数据未动。",
        f"What the backup {source} gives is not what its manifest says ({line.words.en}); what was there is untouched.",
    )


# --- Into its place -----------------------------------------------------------------------------------------------


def _brought_up_to_date(restored_url: str, url: str) -> list[str]:
    """Migrations that the restored data lacked; the process uses the database at `url` again afterwards."""
    use_database(restored_url)
    try:
        set_up()
        return migrate()
    finally:
        use_database(url)


@contextmanager
def _staged_files(backup: archive.Backup, home: Home) -> Iterator[Callable[[], None]]:
    """The backup's files on the disk of `home`, so that putting them in place is a rename each."""
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=home.root) as name:
        staged, saved = Path(name), backup.folder / archive.HOME
        files = [path.relative_to(saved) for path in sorted(saved.rglob("*")) if path.is_file()]
        for file in files:
            (staged / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(saved / file, staged / file)
            (staged / file).chmod(0o600)

        def put_in_place() -> None:
            for file in files:
                (home.root / file).parent.mkdir(parents=True, exist_ok=True)
                (staged / file).replace(home.root / file)

        yield put_in_place


def _take_the_place(url: str, restored: scratch.EmptyDatabase) -> str:
    """Give `restored` the name of the database at `url`; returns what the old one is called now, if it had data."""
    current = str(conninfo_to_dict(url)["dbname"])
    replaced = f"{current}{REPLACED}"
    had_data = _has_data(url)
    restored.let_go()
    with _beside(url, current) as connection:
        drop = sql.SQL("drop database if exists {}").format(sql.Identifier(replaced))
        rename = sql.SQL("alter database {} rename to {}")
        try:
            connection.execute(drop)
            with connection.transaction():
                connection.execute(rename.format(sql.Identifier(current), sql.Identifier(replaced)))
                connection.execute(rename.format(sql.Identifier(restored.name), sql.Identifier(current)))
            if not had_data:
                connection.execute(drop)
        except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege) as error:
            told = " ".join(str(error).split())
            raise Problem(
                f"恢复好的数据库无法就位：{told}。原有数据未动。",
                f"The restored database cannot take its place: {told}. What was there is untouched.",
            ) from error
    return replaced if had_data else ""


@contextmanager
def _beside(url: str, current: str) -> Iterator[psycopg.Connection]:
    """A connection to another database of the same server: one in use cannot be renamed."""
    for name in ("postgres", "template1"):
        if name == current:
            continue
        with suppress(psycopg.OperationalError):
            connection = psycopg.connect(url_of(url, name), autocommit=True)
            break
    else:
        raise Problem(
            "无法连接同一服务器上的postgres或template1数据库，而恢复需要它。",
            "Neither database, postgres or template1, of the same server can be reached, and a restore needs one.",
        )
    try:
        yield connection
    finally:
        connection.close()
