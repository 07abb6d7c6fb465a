"""One PostgreSQL server of a home: made, started, shared by every process that asks, ended with its last user."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg
from psycopg import sql

from silkgate.site.postgres import configuration, places, postmaster
from silkgate.site.postgres.account import Account, give, run_as, server_account
from silkgate.site.postgres.binaries import Binaries, choose, reachable
from silkgate.site.problem import Problem

START_SECONDS = 300
"""A long crash recovery is waited for; giving up early would only start it again."""

ROLE = "silkgate"
DATABASE = "silkgate"
_SUPERUSER = "postgres"
_MAX_LOG_BYTES = 10 * 1024 * 1024
_GUARDIAN = Path(__file__).with_name("guardian.py")
_RETRY_WORDS = ("pre-existing shared memory block", "is still in use")


class State(Enum):
    """What a connection attempt tells of the server."""

    ABSENT = "absent"
    BUSY = "busy"
    READY = "ready"


class EmbeddedPostgres:
    """The server whose files live in `area`. Several processes, and several objects, may use one area at once.

    `start` attaches to a running server or starts one and returns its URL; it may be called again at any time and then
    restarts a server that died. `stop` leaves; the last one to leave, or to be killed, ends the server. Everything that
    a person can mend is raised as Problem. `overrides` are settings of `postgresql.conf` for a server started here.
    """

    def __init__(self, area: Path, overrides: Mapping[str, str] | None = None) -> None:
        self.area = area.absolute()
        self.overrides = dict(overrides or {})
        self._users: int | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL of the application's database for its own role, which is no superuser."""
        return self._url(ROLE, DATABASE)

    @property
    def superuser_url(self) -> str:
        """URL for maintenance by hand: `psql "$url"`."""
        return self._url(_SUPERUSER, "postgres")

    @property
    def data(self) -> Path:
        """The data directory."""
        return places.recorded(self.area).data

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.area / "postgres.log"

    def start(self) -> str:
        """Attach or start; returns `url` of a server that has answered `SELECT 1`."""
        self._prepare_area()
        with self._mutex():
            if self._users is None:
                self._users = self._open_lock("users.lock")
                # Waits for a guardian that is just ending the server for want of users.
                fcntl.flock(self._users, fcntl.LOCK_SH)
            if self._state() is not State.READY:
                self._launch()
        return self.url

    def stop(self) -> None:
        """Leave. Returns when the server is down, or at once where others still use it."""
        if self._users is None:
            return
        os.close(self._users)
        self._users = None
        with self._mutex():
            last = self._open_lock("users.lock")
            try:
                if _try_lock(last, fcntl.LOCK_EX):
                    postmaster.stop(self.data)
                elif not _try_lock(last, fcntl.LOCK_SH):
                    # The guardian has it and is ending the server: done when it lets go.
                    fcntl.flock(last, fcntl.LOCK_SH)
            finally:
                os.close(last)
        if self._guardian is not None and not postmaster.is_running(self.data):
            self._guardian.wait()
            self._guardian = None

    def is_running(self) -> bool:
        """True while the server's process lives; cheap enough to ask every moment."""
        return postmaster.is_running(self.data)

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- starting ------------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        known = places.recorded(self.area)
        if postmaster.is_running(known.data):
            if self._has_socket() and self._wait_until_settled() is State.READY:
                return
            # It runs but cannot be reached: its socket was swept away with the temporary directory.
            postmaster.stop(known.data)
        account = server_account(known.data)
        binaries = choose(known.data)
        settled = places.settle(self.area, account)
        binaries = reachable(binaries, account, settled.data.parent)
        if not (settled.data / "PG_VERSION").exists():
            self._create(settled.data, binaries, account)
        configuration.write(settled.data, settled.sockets, self.overrides)
        self._rotate_log()
        for attempt in range(6):
            postmaster.retire_stale_pid(settled.data)
            problem = self._spawn(settled.data, binaries, account)
            if problem is None:
                break
            if attempt == 5 or not any(word in problem for word in _RETRY_WORDS):
                raise Problem(
                    f"内置数据库无法启动：{problem}（日志：{self.log}）",
                    f"The embedded database does not start: {problem} (log: {self.log})",
                )
            # Backends of a server killed a moment ago are still leaving its shared memory.
            time.sleep(1)
        self._create_role_and_database()

    def _create(self, data: Path, binaries: Binaries, account: Account | None) -> None:
        partial = data.with_name("data.new")
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir()
        give(account, partial)
        command: list[str | Path] = [binaries.program("initdb"), "-D", partial, "-U", _SUPERUSER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"]
        if self.overrides.get("fsync") == "off":
            command.append("--no-sync")
        outcome = run_as(account, command)
        if outcome.returncode != 0:
            shutil.rmtree(partial, ignore_errors=True)
            reason = _last_line(outcome.stderr)
            raise Problem(
                f"无法在{data}创建数据库：{reason}。请检查磁盘空间和目录权限。",
                f"The database cannot be made in {data}: {reason}. Check disk space and the directory's permissions.",
            )
        partial.rename(data)

    def _spawn(self, data: Path, binaries: Binaries, account: Account | None) -> str | None:
        """Start the guardian and wait for the first answer; returns the server's own reason where there is none."""
        log_start = self.log.stat().st_size if self.log.exists() else 0
        uid, gid = (account.uid, account.gid) if account else (-1, -1)
        command = [sys.executable, "-I", "-S", _GUARDIAN, binaries.program("postgres"), data, self.log]
        self._guardian = subprocess.Popen(
            [str(word) for word in [*command, self.area / "users.lock", uid, gid]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # The terminal's Ctrl-C is for us to handle; the database goes last.
            start_new_session=True,
        )
        if self._wait_until_settled() is State.READY:
            return None
        with self.log.open("rb") as file:
            file.seek(log_start)
            return _reason(file.read().decode("utf-8", "replace"))

    def _wait_until_settled(self) -> State:
        """READY as soon as the server answers; ABSENT when it has ended or the time is over."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            state = self._state()
            if state is State.READY:
                return state
            guarded = self._guardian is not None and self._guardian.poll() is None
            if state is State.ABSENT and not guarded and not self._is_coming_up():
                return state
            time.sleep(0.03)
        return State.ABSENT

    def _is_coming_up(self) -> bool:
        return self._has_socket() and self.is_running()

    def _has_socket(self) -> bool:
        return (places.recorded(self.area).sockets / places.SOCKET_FILE).exists()

    def _create_role_and_database(self) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                role = sql.Identifier(ROLE)
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
                connection.execute(sql.SQL("GRANT pg_monitor, pg_checkpoint TO {}").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                words = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
                connection.execute(words.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))

    # --- small parts ---------------------------------------------------------------------------------------------

    def _state(self) -> State:
        if not self._has_socket():
            return State.ABSENT
        try:
            with psycopg.connect(self.superuser_url, connect_timeout=10, autocommit=True) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError as error:
            words = str(error)
            if "starting up" in words or "shutting down" in words or "recovery" in words:
                return State.BUSY
            if "too many clients" in words or "connection slots" in words:
                return State.READY
            return State.ABSENT
        return State.READY

    def _url(self, role: str, database: str) -> str:
        host = quote(str(places.recorded(self.area).sockets), safe="/")
        return f"postgresql://{role}@/{database}?host={host}"

    def _prepare_area(self) -> None:
        try:
            self.area.mkdir(parents=True, exist_ok=True)
            if self.area.stat().st_uid == os.geteuid():
                # The server's account passes through to its own directories and can list nothing.
                self.area.chmod(0o711)
        except OSError as error:
            raise Problem(
                f"无法使用目录{self.area}：{error.strerror}。请检查权限，或另设SILKGATE_HOME。",
                f"The directory {self.area} cannot be used: {error.strerror}. "
                "Check its permissions or name another SILKGATE_HOME.",
            ) from error

    @contextmanager
    def _mutex(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        descriptor = self._open_lock("lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        try:
            return os.open(self.area / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Problem(
                f"无法打开{self.area / name}：{error.strerror}。"
                "该目录可能属于其他用户，请以该用户运行，或另设SILKGATE_HOME。",
                f"{self.area / name} cannot be opened: {error.strerror}. The directory may belong to another user: "
                "run as that user or name another SILKGATE_HOME.",
            ) from error

    def _rotate_log(self) -> None:
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > _MAX_LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _reason(log: str) -> str:
    """The sentence in which PostgreSQL says why it gave up."""
    for line in log.splitlines():
        for mark in ("FATAL:", "PANIC:"):
            if mark in line:
                return line.split(mark, 1)[1].strip()
    return _last_line(log)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
