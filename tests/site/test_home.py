"""The home, its secret key, the demo's numbers, and which database a URL means."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.site.database import django_database, url_of, without_password
from silkgate.site.demo import play
from silkgate.site.home import Home, current_home
from silkgate.site.problem import Problem
from silkgate.site.scratch import one_at_a_time, private_database


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(home.secret_key())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert len(keys[0]) >= 50
    assert home.secret_key_file.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.root.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("named", ["relative/home", "~/home", "/absolute/home"])
def test_a_named_home_is_made_absolute(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILKGATE_HOME", named)
    assert current_home().root.is_absolute()
    assert current_home().root.name == "home"


def test_without_a_name_it_is_var_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SILKGATE_HOME")
    assert current_home().root == Path(__file__).resolve().parents[2] / "var"


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        (
            "postgresql://u:p%40ss@db.example:5433/zone?sslmode=require",
            {"NAME": "zone", "USER": "u", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"},
        ),
        ("postgresql:///zone?host=/run/x%20y", {"NAME": "zone", "HOST": "/run/x y"}),
        ("postgres://u@localhost/zone", {"NAME": "zone", "USER": "u", "HOST": "localhost"}),
    ],
)
def test_a_url_in_django_s_words(url: str, settings: dict[str, str]) -> None:
    made = django_database(url)
    assert {name: made[name] for name in settings} == settings
    assert made["OPTIONS"] == ({"sslmode": "require"} if "sslmode" in url else {})


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="%/?#@:[]"), min_size=8))
def test_a_shown_url_never_holds_the_password(password: str) -> None:
    url = f"postgresql://clerk:{password}-secret@db.example:5433/zone"
    assert without_password(url) == "postgresql://clerk@db.example:5433/zone"


@pytest.mark.parametrize("url", ["", "zone", "mysql://h/d", "postgresql://h/d?bad=1"])
def test_what_is_no_url_is_a_problem(url: str) -> None:
    with pytest.raises(Problem, match="is not a PostgreSQL URL"):
        django_database(url)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("postgresql://u@/one?host=/run/x", "postgresql://u@/two?host=/run/x"),
        ("postgresql://u:p@h:1/one", "postgresql://u:p@h:1/two"),
        ("postgresql://h", "postgresql://h/two"),
    ],
)
def test_another_database_of_the_same_server(url: str, other: str) -> None:
    assert url_of(url, "two") == other


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_stays(database: str, database_server: str) -> None:
    with psycopg.connect(database_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE silkgate_private_left")
        with private_database(database_server) as url:
            names = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            assert "silkgate_private_left" not in names
            assert {psycopg.conninfo.conninfo_to_dict(one)["dbname"] for one in (database, url)} <= names


def test_whoever_comes_by_another_database_waits_for_who_is_at_work(
    database: str, database_server: str, wait_until: Callable[[Callable[[], bool]], bool]
) -> None:
    taken = threading.Event()

    def come_by_another() -> None:
        with one_at_a_time(database):
            taken.set()

    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = %s::oid"
    with psycopg.connect(database_server, autocommit=True) as connection, one_at_a_time(database_server):
        place = connection.execute("SELECT oid FROM pg_database WHERE datname = 'postgres'").fetchone()
        thread = threading.Thread(target=come_by_another)
        thread.start()
        assert place
        oid = place[0]
        assert wait_until(lambda: connection.execute(waiting, [oid]).fetchone() is not None)
        assert not taken.is_set()
    assert taken.wait(60)
    thread.join()


def test_the_demo_repeats_no_number_over_its_runs(tmp_path: Path) -> None:
    home = Home(tmp_path).prepare()
    for _ in range(2):
        assert play(home, 10_000, threading.Event(), count=5) == 5
    files = sorted(home.drop.glob("*.xml"))
    orders = [file for file in files if "CEB311" in file.read_text(encoding="utf-8", errors="replace")]
    assert len(files) >= 30
    assert len({file.read_bytes() for file in files}) == len(files)
    assert len(orders) >= 5
    assert not any((home.demo / "outgoing").iterdir())


def test_the_demo_stops_when_it_is_told(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert play(Home(tmp_path).prepare(), 1, stop) == 0
