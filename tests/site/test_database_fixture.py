"""The `database` fixture keeps its word: each test has its own, and Django, psycopg and children see the same one."""

from __future__ import annotations

import os
import threading

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection

from conftest import NO_DATABASE
from silkgate.site.database import URL_VARIABLE, use_database
from silkgate.site.health import unapplied_migrations
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.scratch import empty_database
from washing import Laundry


@pytest.mark.parametrize("run", ["first", "second"])
def test_starts_empty_and_migrated_each_time(database: str, run: str) -> None:
    assert Group.objects.count() == 0
    assert unapplied_migrations() == []
    Group.objects.create(name=run)
    with psycopg.connect(os.environ["DATABASE_URL"]) as direct:
        assert direct.execute("SELECT name FROM auth_group").fetchall() == [(run,)]


def test_other_threads_see_it_too(database: str) -> None:
    names: list[str] = []
    Group.objects.create(name="officers")

    def read() -> None:
        names.extend(Group.objects.values_list("name", flat=True))
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert names == ["officers"]


def test_without_it_there_is_no_database() -> None:
    with pytest.raises(OperationalError):
        Group.objects.count()


def test_whoever_cuts_every_connection_does_not_take_the_database_of_the_next(
    embedded_server: EmbeddedPostgres | None,
) -> None:
    if embedded_server is None:
        pytest.skip("only databases of the embedded server are washed")
    laundry = Laundry(embedded_server.url, embedded_server.superuser_url)
    try:
        with psycopg.connect(laundry.take(), autocommit=True) as direct:
            direct.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        laundry.take_back()
        with empty_database(embedded_server.url):
            """Whoever makes one drops what nobody uses."""
        with psycopg.connect(laundry.take()) as direct:
            assert direct.execute("SELECT count(*) FROM auth_group").fetchone() == (0,)
        laundry.take_back()
    finally:
        laundry.drop()


def test_what_a_url_leaves_out_is_not_taken_from_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server by TCP with a password, then one by its socket: the second is not asked for at the port of the first."""
    monkeypatch.setenv(URL_VARIABLE, "")
    use_database("postgresql://zone:secret@db.example:6543/clearing?sslmode=require")
    use_database(NO_DATABASE)
    settings = connection.settings_dict
    assert (settings["HOST"], settings["NAME"]) == ("/nonexistent", "this_test_asked_for_no_database")
    assert not any(settings[name] for name in ("USER", "PASSWORD", "PORT"))
    assert settings["OPTIONS"] == {}
