"""The embedded server: starts anywhere, survives everything, is shared by all and ends with its last user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

import silkgate
from silkgate.site.postgres import EmbeddedPostgres, binaries, places, postmaster
from silkgate.site.postgres.account import Account, run_as, server_account
from silkgate.site.problem import Problem

QUICK = {"fsync": "off", "shared_buffers": "32MB"}
IS_ROOT = os.geteuid() == 0
WaitUntil = Callable[[Callable[[], bool]], bool]
ATTACH = """
import sys
from pathlib import Path
from silkgate.site.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), {"fsync": "off", "shared_buffers": "32MB"})
print(server.start(), flush=True)
print(server.data, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    made = EmbeddedPostgres(open_folder / "pg", QUICK)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def untouched_server() -> Iterator[EmbeddedPostgres]:
    with tempfile.TemporaryDirectory(prefix="sg-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "pg", QUICK) as made:
            yield made


def setting(server: EmbeddedPostgres, name: str) -> str:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return row[0]


def attach(area: Path) -> subprocess.Popen[str]:
    """Another process that uses the server until its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", ATTACH, str(area)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def leave(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("lc_messages", "C"),
        ("data_checksums", "on"),
        ("synchronous_commit", "on"),
        ("jit", "off"),
        ("max_connections", "60"),
        ("shared_buffers", "32MB"),
        ("is_superuser", "off"),
    ],
)
def test_settings(untouched_server: EmbeddedPostgres, name: str, value: str) -> None:
    assert setting(untouched_server, name) == value


def test_what_is_committed_survives_a_restart_and_a_kill(server: EmbeddedPostgres, wait_until: WaitUntil) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    server.stop()
    assert not server.is_running()
    server.start()
    pid = postmaster.recorded_pid(server.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_running())
    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_it_ends_when_its_only_user_is_killed(open_folder: Path, wait_until: WaitUntil) -> None:
    process = attach(open_folder / "pg")
    server = EmbeddedPostgres(open_folder / "pg")
    assert first_line(process).startswith("postgresql://")
    assert server.is_running()
    process.kill()
    process.wait()
    assert wait_until(lambda: not server.is_running())


def test_many_start_at_once_and_the_last_to_leave_stops_it(open_folder: Path) -> None:
    area = open_folder / "pg"
    processes = [attach(area) for _ in range(4)]
    assert {first_line(process) for process in processes} == {EmbeddedPostgres(area).url}
    server = EmbeddedPostgres(area)
    pid = postmaster.recorded_pid(server.data)
    for process in processes[:-1]:
        leave(process)
        assert postmaster.recorded_pid(server.data) == pid
        assert server.is_running()
    leave(processes[-1])
    assert not server.is_running()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["with some spaces"], id="spaces"),
        pytest.param(["跨境电商 综合试验区"], id="chinese"),
        pytest.param(["quote ' and $(echo) and `echo`"], id="shell"),
        pytest.param(["a-long-name-of-a-folder-in-a-checkout"] * 5, id="longer than a socket's path may be"),
    ],
)
def test_any_path_will_do(open_folder: Path, words: list[str]) -> None:
    area = open_folder.joinpath(*words) / "pg"
    with EmbeddedPostgres(area, QUICK) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = places.recorded(area).sockets
        assert len(os.fsencode(sockets / places.SOCKET_FILE)) <= places.MAX_SOCKET_PATH_BYTES
        assert sockets.stat().st_mode & 0o077 == 0
    if not sockets.is_relative_to(area):
        sockets.rmdir()


def test_a_pid_file_whose_process_is_now_somebody_else_is_no_obstacle(server: EmbeddedPostgres) -> None:
    file = server.data / "postmaster.pid"
    left = file.read_text(encoding="utf-8").split("\n")
    server.stop()
    # As a machine leaves it that lost its power: the number is this very test's now.
    file.write_text("\n".join([str(os.getpid()), *left[1:]]), encoding="utf-8")
    owner = server.data.stat()
    os.chown(file, owner.st_uid, owner.st_gid)
    assert not server.is_running()
    server.start()
    assert setting(server, "cluster_name") == "silkgate"


def test_a_socket_folder_that_was_swept_away_is_made_anew(server: EmbeddedPostgres) -> None:
    shutil.rmtree(places.recorded(server.area).sockets)
    server.start()
    assert setting(server, "cluster_name") == "silkgate"


def test_data_of_another_version_is_told_in_a_sentence(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.data / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(Problem, match="was written by PostgreSQL 9"):
        server.start()


def test_a_setting_that_postgresql_refuses_is_told_with_its_reason(open_folder: Path) -> None:
    server = EmbeddedPostgres(open_folder / "pg", QUICK | {"max_connections": "none"})
    with pytest.raises(Problem, match=r"does not start: .*configuration file"):
        server.start()
    server.stop()


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(open_folder: Path) -> None:
    (open_folder / "file").touch()
    with pytest.raises(Problem, match="cannot be used: Not a directory"):
        EmbeddedPostgres(open_folder / "file" / "pg").start()


# --- As root, as an ordinary user --------------------------------------------------------------------------------


@pytest.mark.skipif(not IS_ROOT, reason="only root hands the server to another account")
def test_as_root_it_runs_as_another_account_and_widens_nothing(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "pg", QUICK) as server:
        data = server.data
        assert data.stat().st_uid != 0
        assert not data.is_relative_to(private)
        assert private.stat().st_mode & 0o777 == 0o700
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = places.recorded(private / "pg").sockets
    shutil.rmtree(data.parent)
    sockets.rmdir()


@pytest.mark.skipif(not IS_ROOT, reason="only root hands the server to another account")
def test_programs_that_the_account_cannot_reach_are_copied_once(open_folder: Path) -> None:
    closed = open_folder / "closed" / "site-packages"
    closed.parent.mkdir(mode=0o700)
    newest = binaries.installed()[0]
    package = newest.bin.parent.parent
    shutil.copytree(newest.bin.parent, closed / package.name / newest.bin.parent.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs", symlinks=True)
    hidden = newest._replace(bin=closed / package.name / newest.bin.parent.name / "bin")
    account = server_account(open_folder / "none")
    copies = open_folder / "copies"
    copies.mkdir(mode=0o711)
    first = binaries.reachable(hidden, account, copies)
    assert first.bin.is_relative_to(copies)
    assert run_as(account, [first.program("initdb"), "--version"]).returncode == 0
    made_at = first.program("postgres").stat().st_ctime_ns
    assert binaries.reachable(hidden, account, copies) == first
    assert first.program("postgres").stat().st_ctime_ns == made_at


def _python_for(account: Account) -> tuple[str, str] | None:
    """An interpreter, and its PYTHONPATH, that the account can run this project with."""
    base = f"{sys.version_info.major}.{sys.version_info.minor}"
    path = os.pathsep.join([str(Path(silkgate.__file__).parents[1]), str(Path(psycopg.__file__).parents[1])])
    for python in (sys.executable, f"/usr/bin/python{base}", f"/usr/local/bin/python{base}"):
        words = [python, "-c", "import psycopg, silkgate.site.postgres"]
        if Path(python).exists() and run_as(account, words, {"PYTHONPATH": path}).returncode == 0:
            return python, path
    return None


@pytest.mark.skipif(not IS_ROOT, reason="everything above ran as an ordinary user")
def test_an_ordinary_user_needs_nobody(open_folder: Path) -> None:
    entry = pwd.getpwnam("nobody")
    account = Account("nobody", entry.pw_uid, entry.pw_gid)
    found = _python_for(account)
    if found is None:
        pytest.skip("no Python that an ordinary user of this machine may run this project with")
    own = open_folder / "own"
    own.mkdir()
    os.chown(own, account.uid, account.gid)
    process = subprocess.Popen(
        [found[0], "-c", ATTACH, str(own / "pg")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": found[1]},
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    url = first_line(process)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert (own / "pg" / "data").stat().st_uid == account.uid
    # Root later uses it as its owner would, and leaves it to him.
    with EmbeddedPostgres(own / "pg") as server:
        assert server.url == url
    assert (own / "pg" / "data").stat().st_uid == account.uid
    leave(process)
