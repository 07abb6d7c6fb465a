"""A backup gives back what it took, all of it or nothing, and the drill notices whatever is not equal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg import sql

from silkgate.site import backup
from silkgate.site.backup import archive, facts, restoring
from silkgate.site.database import url_of, use_database
from silkgate.site.home import Home
from silkgate.site.problem import Problem
from silkgate.site.scratch import EmptyDatabase, drop, empty_database

WaitUntil = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder with keys in it, and things that a backup leaves out."""
    home = Home(tmp_path / "home").prepare()
    home.demo.mkdir()
    home.secret_key_file.write_text("the secret")
    (home.demo / "firm.key").write_text("a firm's key")
    home.drop.mkdir()
    (home.drop / "copy.xml").write_text("<a/>")
    return home


@pytest.fixture
def cleared(database: str, tmp_path: Path) -> str:
    """URL of a database in which a whole case was cleared and its log sealed."""
    from clearance.rig import case_folders, connector
    from exchange.logbook import sealing
    from silkgate.clearance.api import run_case

    run_case(case_folders()[0], tmp_path / "case", connector(database))
    with sealing(database, tmp_path / "published") as sealer:
        assert sealer.drain() > 0
    return database


@pytest.fixture
def place(database_server: str) -> Iterator[str]:
    """URL of a database that a restore may replace: without tables, and nobody in it."""
    name = f"sg_place_{uuid4().hex[:8]}"
    with psycopg.connect(database_server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield url_of(database_server, name)
        for leaving in (name, f"{name}{restoring.REPLACED}", restoring.name_beside(url_of(database_server, name))):
            drop(connection, leaving, force=True)


def facts_of(url: str) -> facts.Facts:
    with psycopg.connect(url) as connection:
        return facts.read(connection)


def names_of_databases(url: str) -> set[str]:
    """Those on the server, but for the private ones: other tests run beside this one."""
    return {name for name, _used in _databases(url) if not name.startswith("silkgate_private_")}


def databases_are_as_before(url: str, before: set[str]) -> bool:
    """None fewer and none more, a private one that nobody uses neither: another test may be about to drop that."""
    return before == {name for name, used in _databases(url) if not (used and name.startswith("silkgate_private_"))}


def _databases(url: str) -> list[tuple[str, bool]]:
    words = "select datname, datname in (select datname from pg_stat_activity) from pg_database"
    with psycopg.connect(url) as connection:
        return connection.execute(words).fetchall()


# --- The drill ----------------------------------------------------------------------------------------------------


def test_the_drill_restores_everything_and_leaves_nothing(cleared: str, home: Home, wait_until: WaitUntil) -> None:
    before = names_of_databases(cleared)
    result = backup.drill(home, cleared)
    assert result.passed, [line for line in result.lines if not line.agrees]
    checked = {line.name for line in result.lines}
    assert checked >= {"balances.recomputed", "balances.stored", "balances.sound", "journal", "log.signed",
                       "log.sound", "engine", "sequences"}  # fmt: skip
    for table in ("journal_event", "ledger_transfer", "exchange_segment", "clearance_declaration"):
        assert f"table public.{table}" in checked
        assert result.manifest.facts.tables[f"public.{table}"].rows > 0
    assert wait_until(lambda: databases_are_as_before(cleared, before))
    assert not list(home.root.glob(".*"))


DAMAGE = {
    "a row is missing": ("delete from exchange_receipt where id = (select min(id) from exchange_receipt)",
                         {"table public.exchange_receipt"}),
    "a value is another": ("update clearance_declaration set pre_no = 'x' || pre_no",
                           {"table public.clearance_declaration"}),
    "a balance is another": ("update ledger_account set used = used + 1 where used < capacity",
                             {"table public.ledger_account", "balances.stored", "balances.sound"}),
    "a transfer is missing": (
        "alter table ledger_transfer disable trigger all;"
        " delete from ledger_transfer where id = (select max(id) from ledger_transfer where amount <> 0)",
        {"table public.ledger_transfer", "balances.recomputed", "balances.sound"}),
    "history was changed": ("alter table journal_event disable trigger all;"
                            " update journal_event set actor = 'nobody' where id = (select min(id) from journal_event)",
                            {"table public.journal_event", "journal"}),
    "an entry of the log is another": (
        "alter table journal_logtile disable trigger all;"
        " update journal_logtile set hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) where level = -1",
        {"table public.journal_logtile", "log.recomputed", "log.sound"}),
    "the engine stands elsewhere": ("update clearance_enginecursor set serial = serial + 1",
                                    {"table public.clearance_enginecursor", "engine"}),
    "a table is missing": ("drop table risk_selection cascade" , {"table public.risk_selection"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def some_table_of_risk() -> str:
    from django.apps import apps

    return next(model._meta.db_table for model in apps.get_app_config("risk").get_models())


@pytest.mark.parametrize("kind", DAMAGE)
def test_every_damage_is_named(cleared: str, kind: str, some_table_of_risk: str) -> None:
    words, named = DAMAGE[kind]
    expected = facts_of(cleared)
    with psycopg.connect(cleared) as connection:
        connection.execute(words.replace("risk_selection", some_table_of_risk))
    found = facts.compare(expected, facts_of(cleared))
    wrong = {line.name for line in found if not line.agrees}
    assert wrong == {name.replace("risk_selection", some_table_of_risk) for name in named}


def test_it_sees_one_moment_while_others_write(cleared: str, home: Home) -> None:
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(cleared, autocommit=True) as connection:
            connection.execute("create temporary table of_one_session (id bigint)")  # nobody else's business
            while not stop.is_set():
                with connection.transaction():
                    connection.execute(
                        "with a as (insert into ledger_account (kind, key, capacity, used)"
                        " values ('stock', gen_random_uuid()::text, 10, 10) returning id)"
                        " insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
                        " select id, 'open', 10, 'test', 0, now() from a"
                    )
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        result = backup.drill(home, cleared)
    finally:
        stop.set()
        writer.join()
    assert result.passed, [line for line in result.lines if not line.agrees]
    now = facts_of(cleared).tables["public.ledger_transfer"].rows
    assert now > result.manifest.facts.tables["public.ledger_transfer"].rows


# --- Backup and restore -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
@pytest.mark.parametrize("secrets", [True, False])
def test_a_restored_backup_is_what_was_saved(cleared: str, home: Home, place: str, name: str, secrets: bool) -> None:
    target = home.root.parent / name
    saved = backup.save(home, cleared, target, secrets=secrets)
    assert saved.manifest.facts == facts_of(cleared)
    assert [path.name for path in target.parent.iterdir() if "unfinished" in path.name] == []
    assert target.stat().st_mode & 0o077 == 0, "keys and personal data are nobody else's"

    other = Home(home.root.parent / "other").prepare()
    restored = backup.restore(other, place, target, force=False)
    assert (restored.kept_as, restored.migrated) == ("", [])
    assert facts_of(place) == saved.manifest.facts
    files = {path.relative_to(other.root).as_posix() for path in other.root.rglob("*") if path.is_file()}
    assert files == ({"secret_key", "demo/firm.key"} if secrets else set())


def test_data_that_is_there_is_replaced_only_by_force_and_kept(cleared: str, home: Home, place: str) -> None:
    target = home.root.parent / "backup"
    saved = backup.save(home, cleared, target, secrets=True)
    home.secret_key_file.write_text("a later secret")
    with psycopg.connect(place) as connection:
        connection.execute("create table portal_notes (words text)")
        connection.execute("insert into portal_notes values ('mine')")
    with pytest.raises(Problem, match="Add --force"):
        backup.restore(home, place, target, force=False)
    assert home.secret_key_file.read_text() == "a later secret"

    kept_as = backup.restore(home, place, target, force=True).kept_as
    assert facts_of(place) == saved.manifest.facts
    assert home.secret_key_file.read_text() == "the secret"
    with psycopg.connect(url_of(place, kept_as)) as connection:
        assert connection.execute("select words from portal_notes").fetchall() == [("mine",)]
    backup.restore(home, place, target, force=True)  # once more: the place of what was kept is taken by then
    assert facts_of(url_of(place, kept_as)) == saved.manifest.facts


def test_a_database_in_use_is_not_replaced(cleared: str, home: Home, place: str) -> None:
    target = home.root.parent / "backup"
    backup.save(home, cleared, target, secrets=False)
    with psycopg.connect(place), pytest.raises(Problem, match="1 connections use the database"):
        backup.restore(home, place, target, force=True)


def test_whoever_sweeps_leftovers_meanwhile_takes_nothing_away(
    cleared: str, home: Home, place: str, database_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To be renamed, a database must be left by everybody: at that moment it looks like what a killed process left."""
    target = home.root.parent / "backup"
    saved = backup.save(home, cleared, target, secrets=False)
    let_go, swept = EmptyDatabase.let_go, []

    def then_somebody_makes_a_private_one(leaving: EmptyDatabase) -> None:
        let_go(leaving)
        if leaving.name == restoring.name_beside(place) and not swept:
            swept.append(leaving.name)
            with empty_database(database_server):
                pass

    monkeypatch.setattr(EmptyDatabase, "let_go", then_somebody_makes_a_private_one)
    backup.restore(home, place, target, force=False)
    assert swept
    assert facts_of(place) == saved.manifest.facts


def test_what_a_killed_restore_left_is_not_in_the_way(cleared: str, home: Home, place: str) -> None:
    target = home.root.parent / "backup"
    saved = backup.save(home, cleared, target, secrets=False)
    left = restoring.name_beside(place)
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(left)))
    with psycopg.connect(url_of(place, left)), pytest.raises(Problem, match="another restore may be at work"):
        backup.restore(home, place, target, force=False)
    backup.restore(home, place, target, force=False)
    assert facts_of(place) == saved.manifest.facts
    assert left not in names_of_databases(place)


def test_an_earlier_release_is_brought_up_to_date(database_server: str, home: Home, place: str) -> None:
    from django.core.management import call_command

    target = home.root.parent / "backup"
    with empty_database(database_server) as earlier:
        use_database(earlier.url)
        call_command("migrate", verbosity=0)
        call_command("migrate", "ledger", "0002", verbosity=0)
        backup.save(home, earlier.url, target, secrets=False)
        use_database(database_server)
    restored = backup.restore(home, place, target, force=False)
    assert restored.migrated[0] == "ledger.0003_cheaper_posting"
    assert {name.partition(".")[0] for name in restored.migrated} == {"ledger"}


def cut_off(folder: Path) -> None:
    dump = folder / archive.DUMP
    dump.write_bytes(dump.read_bytes()[:-100])


def flip_a_byte(folder: Path) -> None:
    dump = folder / archive.DUMP
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)


def lose_the_manifest(folder: Path) -> None:
    (folder / archive.MANIFEST).unlink()


def lose_a_key(folder: Path) -> None:
    (folder / archive.HOME / "secret_key").unlink()


def say_in_the_manifest(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def said(folder: Path) -> None:
        told = json.loads((folder / archive.MANIFEST).read_bytes())
        change(told)
        (folder / archive.MANIFEST).write_text(json.dumps(told))

    return said


def half_a_dump_that_its_manifest_believes(folder: Path) -> None:
    """As if pg_dump itself had written nonsense: digests agree, PostgreSQL's own programs do not."""
    dump = folder / archive.DUMP
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    file = archive.listed(folder)[archive.DUMP]
    say_in_the_manifest(lambda told: told["files"].update({archive.DUMP: msgspec.to_builtins(file)}))(folder)


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut off": (cut_off, "database.dump is not what was written"),
    "one bit": (flip_a_byte, "database.dump is not what was written"),
    "no manifest": (lose_the_manifest, "manifest.json: No such file"),
    "a key is missing": (lose_a_key, "home/secret_key is missing"),
    "no manifest but words": (lambda folder: (folder / archive.MANIFEST).write_text("[]") and None, "is not whole"),
    "another format": (say_in_the_manifest(lambda told: told.update(format=9)), "has the format 9"),
    "outside": (say_in_the_manifest(lambda told: told["files"].update({"../x": [0, ""]})), "../x is missing"),
    "a later release": (
        say_in_the_manifest(lambda told: told["migrations"].append("ledger.9999_later")),
        "does not know ledger.9999_later",
    ),
    "rows fewer than it says": (
        say_in_the_manifest(lambda told: told["facts"][0]["public.ledger_account"].__setitem__(0, 10**6)),
        "not what its manifest says (Table ledger_account",
    ),
    "a dump that cannot be loaded": (half_a_dump_that_its_manifest_believes, "cannot be loaded into the database"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_backup_that_is_not_whole_changes_nothing(
    cleared: str, home: Home, place: str, kind: str, wait_until: WaitUntil
) -> None:
    target = home.root.parent / "backup"
    backup.save(home, cleared, target, secrets=True)
    home.secret_key_file.write_text("a later secret")
    with psycopg.connect(place) as connection:
        connection.execute("create table portal_notes (words text)")
        connection.execute("insert into portal_notes values ('mine')")
    before, databases = facts_of(place), names_of_databases(place)

    spoil, sentence = BROKEN[kind]
    spoil(target)
    with pytest.raises(Problem) as refused:
        backup.restore(home, place, target, force=True)
    assert sentence in refused.value.text.en
    assert not refused.value.text.zh.isascii()
    assert facts_of(place) == before
    assert home.secret_key_file.read_text() == "a later secret"
    assert wait_until(lambda: databases_are_as_before(place, databases))
    assert not list(home.root.glob(".*"))


def test_a_tar_can_put_nothing_outside(cleared: str, home: Home, place: str, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    backup.save(home, cleared, target, secrets=True)
    with tarfile.open(target, "a") as tar:
        link = tarfile.TarInfo("home/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("../escaped"))
    other = Home(tmp_path / "other").prepare()
    backup.restore(other, place, target, force=False)
    assert not list(tmp_path.rglob("escaped"))
    assert not (other.root / "link").exists()


def test_what_is_there_is_never_overwritten_by_a_backup(cleared: str, home: Home, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="does not belong into the home folder"):
        backup.save(home, cleared, home.root / "backup", secrets=False)
    (tmp_path / "mine").touch()
    with pytest.raises(Problem, match="is there already"):
        backup.save(home, cleared, tmp_path / "mine", secrets=False)


# --- The commands -------------------------------------------------------------------------------------------------


def silkgate(home: Home, url: str, language: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", language, *map(str, words)],
        env=os.environ | {"DATABASE_URL": url, "SILKGATE_HOME": str(home.root), "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_commands_speak_both_languages(cleared: str, home: Home, place: str, tmp_path: Path) -> None:
    made = silkgate(home, cleared, "en", "backup", tmp_path / "b.tar")
    assert (made.returncode, made.stderr) == (0, "")
    assert "It holds keys and personal data" in made.stdout
    drilled = silkgate(home, cleared, "zh", "drill", tmp_path / "b.tar")
    assert drilled.returncode == 0, drilled.stderr
    assert "演练通过" in drilled.stdout
    assert "由流水重算的余额" in drilled.stdout
    report = json.loads(silkgate(home, cleared, "en", "drill", tmp_path / "b.tar", "--json").stdout)
    assert report["passed"]
    assert report["seconds"]["restore"] > 0
    restored = silkgate(home, place, "zh", "restore", tmp_path / "b.tar")
    assert restored.returncode == 0, restored.stderr
    assert "与清单一致" in restored.stdout
    again = silkgate(home, place, "en", "restore", tmp_path / "b.tar")
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
