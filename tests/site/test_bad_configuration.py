"""Bad configuration is told in one clear sentence: by `silkgate doctor`, and by whatever cannot work with it."""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import ProgrammingError

import system_postgres
from silkgate.site import doctor, moment
from silkgate.site.application import application
from silkgate.site.database import url_of
from silkgate.site.problem import Problem
from silkgate.site.scratch import drop, empty_database
from silkgate.site.trouble import as_problem

# --- The situations, each as an installation finds itself in it ------------------------------------------------------


class Situation(NamedTuple):
    """Environment that differs from a sound installation's, and the words after `silkgate` that cannot work in it."""

    environment: dict[str, str]
    command: tuple[str, ...] = ("migrate",)


class Making(NamedTuple):
    """What situations are made of."""

    server_url: str
    folder: Path
    stack: ExitStack


def nobody_listens(making: Making) -> Situation:
    return Situation({"DATABASE_URL": "postgresql://bob:hunter2@127.0.0.1:1/zone"})


def wrong_password(making: Making) -> Situation:
    return Situation({"DATABASE_URL": making.server_url.replace("//", "//nobody:hunter2@", 1).replace("silkgate@", "")})


def not_postgresql(making: Making) -> Situation:
    return Situation({"DATABASE_URL": "mysql://bob:hunter2@127.0.0.1/zone"})


def an_old_server(making: Making) -> Situation:
    port = making.stack.enter_context(server_that_says("14.12"))
    return Situation({"DATABASE_URL": f"postgresql://bob:hunter2@127.0.0.1:{port}/zone"})


def a_database_without_chinese(making: Making) -> Situation:
    name = f"sg_latin_{uuid4().hex[:8]}"
    connection = making.stack.enter_context(psycopg.connect(making.server_url, autocommit=True))
    connection.execute(f"create database {name} template template0 encoding 'LATIN1' locale 'C'")  # type: ignore[call-overload]
    making.stack.callback(drop, connection, name, force=True)
    return Situation({"DATABASE_URL": url_of(making.server_url, name)})


def no_tables(making: Making) -> Situation:
    empty = making.stack.enter_context(empty_database(making.server_url))
    return Situation({"DATABASE_URL": empty.url}, ("check", __file__))


def no_space(making: Making) -> Situation:
    home = making.stack.enter_context(small_disk(making.folder / "small"))
    return Situation({"DATABASE_URL": "", "SILKGATE_HOME": str(home)})


def no_right_to_write(making: Making) -> Situation:
    (making.folder / "file").touch()
    return Situation({"SILKGATE_HOME": str(making.folder / "file" / "home")})


def no_number(making: Making) -> Situation:
    return Situation({"SILKGATE_MAX_BACKLOG_DOCUMENTS": "many"})


def port_taken(making: Making) -> Situation:
    taken = making.stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return Situation({}, ("serve", "--port", str(taken.getsockname()[1])))


def foreign_address(making: Making) -> Situation:
    return Situation({}, ("serve", "--host", "203.0.113.1", "--port", "8600"))


def half_a_provider(making: Making) -> Situation:
    return Situation({"SILKGATE_OIDC_URL": "https://id.example", "SILKGATE_OIDC_SECRET": "hunter2"})


def a_provider_in_the_clear(making: Making) -> Situation:
    values = {"URL": "http://id.example", "CLIENT_ID": "silkgate", "SECRET": "hunter2"}
    return Situation({f"SILKGATE_OIDC_{name}": value for name, value in values.items()})


def mail_from_nowhere(making: Making) -> Situation:
    return Situation({"SILKGATE_MAIL_URL": "imap://bob:hunter2@mail.example"})


def no_such_form_of_log(making: Making) -> Situation:
    return Situation({"SILKGATE_LOG": "xml"})


SITUATIONS: dict[Callable[[Making], Situation], tuple[str, str, str]] = {
    # What the command says in English, in Chinese, and the doctor's check that says it (empty: not the doctor's).
    nobody_listens: ("bob@127.0.0.1:1/zone, cannot be reached", "无法连接DATABASE_URL所指的数据库", "database"),
    wrong_password: ("cannot be reached", "无法连接DATABASE_URL所指的数据库", "database"),
    not_postgresql: ("is not a PostgreSQL URL", "不是有效的PostgreSQL地址", "database"),
    an_old_server: ("is PostgreSQL 14; 15 or later is needed", "需要15或更新的版本", "database"),
    a_database_without_chinese: ("has the encoding LATIN1, which does not hold Chinese", "放不下中文", "database"),
    no_tables: ("Run silkgate migrate", "请运行silkgate migrate", "migrations"),
    no_space: ("disk", "磁盘", "disk"),
    no_right_to_write: ("cannot be made: Not a directory", "无法创建数据目录", "home"),
    no_number: ("SILKGATE_MAX_BACKLOG_DOCUMENTS must be a whole number, not 'many'", "应为正整数", ""),
    port_taken: ("is taken or cannot be used", "已被占用或不可用", ""),
    foreign_address: ("is taken or cannot be used", "已被占用或不可用", ""),
    half_a_provider: ("The identity provider also needs SILKGATE_OIDC_CLIENT_ID", "还缺少SILKGATE_OIDC_CLIENT_ID", ""),
    a_provider_in_the_clear: ("SILKGATE_OIDC_URL must be https://", "SILKGATE_OIDC_URL应为https://地址", ""),
    mail_from_nowhere: ("SILKGATE_MAIL_URL must look like smtp://", "SILKGATE_MAIL_URL应形如smtp://", ""),
    no_such_form_of_log: ("SILKGATE_LOG must be text or json, not 'xml'", "SILKGATE_LOG应为text或json", ""),
}  # fmt: skip


@contextmanager
def server_that_says(version: str) -> Iterator[int]:
    """A port that speaks PostgreSQL's protocol just far enough to be asked for its version, which nobody installs."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!i", len(body) + 4) + body

    ready = message(b"Z", b"I")
    status = [("server_version", version), ("server_encoding", "UTF8"), ("client_encoding", "UTF8")]
    hello = message(b"R", struct.pack("!i", 0))
    hello += b"".join(message(b"S", f"{name}\0{value}\0".encode()) for name, value in status) + ready

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                with client:
                    while data := client.recv(4096):
                        if data[4:8] == struct.pack("!HH", 1234, 5679):
                            client.sendall(b"N")  # no TLS
                        elif data[:1] == b"Q":
                            client.sendall(message(b"C", b"SELECT 0\0") + ready)
                        elif data[:1] != b"X":
                            client.sendall(hello)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own with room for next to nothing."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(folder)], check=False)
    if mounted.returncode != 0:
        pytest.skip("a file system of its own needs the right to mount one (run as root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def making(database_server: str, open_folder: Path) -> Iterator[Making]:
    with ExitStack() as stack:
        yield Making(database_server, open_folder, stack)


def silkgate(situation: Situation, language: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", language, *words],
        env=os.environ | situation.environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_it_is_told_in_one_sentence(making: Making, situation: Callable[[Making], Situation]) -> None:
    english, chinese, check = SITUATIONS[situation]
    made = situation(making)
    made = made._replace(environment={"DATABASE_URL": making.server_url, **made.environment})
    for language, sentence in (("en", english), ("zh", chinese)):
        outcome = silkgate(made, language, *made.command)
        assert outcome.returncode == 2, outcome.stderr
        assert sentence in outcome.stderr
        assert outcome.stderr.count("\n") == 1, outcome.stderr
        assert "hunter2" not in outcome.stdout + outcome.stderr
    if check:
        outcome = silkgate(made, "en", "doctor", "--json")
        assert outcome.returncode == 1, outcome.stderr
        wrong = {one["check"]: one["en"] for one in json.loads(outcome.stdout)["checks"] if one["state"] == "wrong"}
        assert english in wrong.get(check, ""), wrong


# --- Time ------------------------------------------------------------------------------------------------------------


class _Clock(datetime):
    """A clock that its battery has left."""

    @classmethod
    def now(cls, tz=None):  # type: ignore[override]
        return datetime(1970, 1, 1, 0, 5, tzinfo=UTC)


def test_a_clock_that_cannot_be_right_stops_everything(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moment, "datetime", _Clock)
    with pytest.raises(Problem, match="The clock says 1970-01-01, which cannot be"), application():
        pass
    wrong = {one.check: one.text.en for one in doctor.examine() if one.state is doctor.State.WRONG}
    assert "1970-01-01" in wrong["clock"]


def test_messages_of_tomorrow_mean_a_wrong_clock(database: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    segment = apps.get_model("exchange", "Segment")
    segment.objects.create(id=1, received_at=later, messages=0, body=b"", recognised=b"")
    wrong = {one.check: one.text for one in doctor.examine() if one.state is doctor.State.WRONG}
    assert "which is yet to come: the clock was wrong or is" in wrong["database clock"].en
    assert "请校时" in wrong["database clock"].zh


# --- Releases --------------------------------------------------------------------------------------------------------


def test_tables_of_a_later_release_are_a_note(database: str) -> None:
    """The old release goes on while the new one takes over, so this is no fault."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into django_migrations (app, name, applied) values ('ledger', '9999_later', now()),"
            " ('of_another_program', '0001_initial', now())"
        )
    found = {one.check: one for one in doctor.examine()}["migrations"]
    assert found.state is doctor.State.NOTE
    assert "A later release has changed the tables (ledger.9999_later)" in found.text.en


def test_a_copy_that_only_reads_is_not_taken_for_the_primary(open_folder: Path) -> None:
    if system_postgres.newest_bin() is None:
        pytest.skip(system_postgres.ABSENT)
    with system_postgres.server({"wal_level": "replica", "shared_buffers": "32MB", "fsync": "off"}) as made:
        copy = made.own(made.data.parent / "copy")
        made.run("pg_basebackup", f"--pgdata={copy}", "--checkpoint=fast", f"--dbname={made.superuser_url}")
        made.stop()
        made.data.rename(made.data.parent / "primary")
        copy.rename(made.data)
        (made.data / "standby.signal").touch()
        made.start()
        outcome = silkgate(Situation({"DATABASE_URL": made.url}), "en", "migrate")
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1), outcome.stderr
    assert "is a read-only copy. DATABASE_URL must name the primary" in outcome.stderr


# --- What the machine or the database refuses meanwhile --------------------------------------------------------------


def wrapped(cause: BaseException) -> ProgrammingError:
    """As Django hands on what the driver says."""
    error = ProgrammingError("…")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/var/x"), "The disk is full (/var/x)"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "The file system is read-only (/x)"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "Permission denied (/x)"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many open files"),
        (psycopg.errors.DiskFull("could not extend file"), "The database's disk is full"),
        (wrapped(psycopg.errors.UndefinedTable("relation …")), "Run silkgate migrate"),
        (wrapped(psycopg.errors.UndefinedColumn("column …")), "Run silkgate migrate"),
        (psycopg.errors.InsufficientPrivilege("permission denied for x"), "lacks a right: permission denied"),
        (psycopg.errors.TooManyConnections("sorry, too many clients already"), "Raise max_connections"),
        (psycopg.errors.ReadOnlySqlTransaction("cannot execute"), "must name the primary"),
        (psycopg.OperationalError("server closed it\nunexpectedly"), "is away: server closed it."),
    ],
)  # fmt: skip
def test_what_is_refused_meanwhile_is_told(error: Exception, sentence: str) -> None:
    problem = as_problem(error)
    assert problem is not None
    assert sentence in problem.text.en
    assert not problem.text.zh.isascii()
    assert "\n" not in problem.text.zh + problem.text.en


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), FileNotFoundError(errno.ENOENT, "x", "y"),
                                   psycopg.errors.CheckViolation("x")])  # fmt: skip
def test_faults_of_the_program_are_not_talked_away(error: Exception) -> None:
    assert as_problem(error) is None
