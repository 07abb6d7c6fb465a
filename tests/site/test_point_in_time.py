"""What docs/operating.md says of going back to a point in time, done with the PostgreSQL that the machine has."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import system_postgres
from silkgate.site.application import migrate, set_up
from silkgate.site.backup import facts
from silkgate.site.database import url_of, use_database
from system_postgres import SystemPostgres


@pytest.fixture
def server() -> Iterator[tuple[SystemPostgres, Path]]:
    """A server that keeps its log in an archive, with the zone's database; and the archive."""
    if system_postgres.newest_bin() is None:
        pytest.skip(system_postgres.ABSENT)
    settings = {"wal_level": "replica", "archive_mode": "on", "shared_buffers": "32MB"}
    with system_postgres.server(settings) as made:
        archive = made.own(made.data.parent / "archive")
        part = f"{archive}/%f.part"
        command = f"test ! -f {archive}/%f && cp %p {part} && mv {part} {archive}/%f"
        with psycopg.connect(made.superuser_url, autocommit=True) as connection:
            connection.execute(f"alter system set archive_command = '{command}'")  # type: ignore[call-overload]
            connection.execute("select pg_reload_conf()")
            connection.execute(f"create database zone owner {system_postgres.ROLE}")  # type: ignore[call-overload]
        yield made, archive


def post(url: str, count: int) -> None:
    """So many accounts, each with the transfer that opened it, and an event of the journal."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "with a as (insert into ledger_account (kind, key, capacity, used)"
            " select 'stock', gen_random_uuid()::text, 10, 10 from generate_series(1, %s) returning id)"
            " insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
            " select id, 'open', 10, 'test', 0, now() from a",
            [count],
        )
        connection.execute(
            "insert into journal_event (at, actor, kind, subject_kind, subject_id, law_version, detail)"
            " values (now(), 'test', 'stock.opened', 'stock', 0, '', '{}')"
        )


def one(url: str, words: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(words).fetchone()  # type: ignore[call-overload]
        assert row is not None
        return str(row[0])


@pytest.mark.parametrize("by", ["time", "lsn"])
def test_a_server_goes_back_to_the_moment_before_a_mistake(
    server: tuple[SystemPostgres, Path], by: str, wait_until: Callable[[Callable[[], bool]], bool]
) -> None:
    made, archive = server
    url = url_of(made.url, "zone")
    use_database(url)
    set_up()
    migrate()
    post(url, 100)
    base = made.own(made.data.parent / "base")
    made.run("pg_basebackup", f"--pgdata={base}", "--checkpoint=fast", "--wal-method=none",
             f"--dbname={made.superuser_url}")  # fmt: skip

    post(url, 50)  # after the base backup, so only the archive holds it
    with psycopg.connect(url) as connection:
        expected = facts.read(connection)
    wanted = one(url, "select clock_timestamp()" if by == "time" else "select pg_current_wal_lsn()")

    post(url, 25)
    with psycopg.connect(url) as connection:
        connection.execute("delete from clearance_declaration")
        connection.execute("alter table ledger_transfer disable trigger all")
        connection.execute("delete from ledger_transfer")
    last = one(made.superuser_url, "select pg_walfile_name(pg_switch_wal())")
    assert wait_until((archive / last).exists), "the log is in the archive"

    made.stop("immediate")
    shutil.rmtree(made.data)  # the disk is gone
    base.rename(made.data)
    made.configure(
        {
            "restore_command": f"cp {archive}/%f %p",
            f"recovery_target_{by}": wanted,
            "recovery_target_action": "promote",
        }
    )
    (made.data / "recovery.signal").touch()
    made.start()
    assert wait_until(lambda: one(made.superuser_url, "select pg_is_in_recovery()") == "False")

    with psycopg.connect(url) as connection:
        found = facts.read(connection)
    assert [line for line in facts.compare(expected, found) if not line.agrees] == []
    assert found.tables["public.ledger_transfer"].rows == 150
    post(url, 1)  # and it writes again
