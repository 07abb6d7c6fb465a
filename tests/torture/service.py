"""A whole service whose processes are killed while it works: database, web, engine, folder drop, log."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem
from torture.disk import SmallDisk

CHILDREN = Path(__file__).with_name("children.py")
ROLES = ("engine", "web", "web 2", "intake", "log")
PATIENCE_SECONDS = 90
MIN_FREE_DISK_MB = 24
LOOK_SECONDS = 0.1


class Service:
    """Starts everything, restarts what has died, breaks what it is told to."""

    def __init__(self, home: Path, server: EmbeddedPostgres, as_of: datetime, disk: SmallDisk | None = None) -> None:
        self.home, self.server, self.disk = home, server, disk
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        host, port = self.listening.getsockname()[:2]
        self.address: tuple[str, int] = (host, port)
        self._output = home.parent.with_name("children.log")
        self.log = self._output.open("ab")
        settings = {"SILKGATE_HOME": str(home), "DATABASE_URL": server.url}
        if disk is not None:
            settings["SILKGATE_MIN_FREE_DISK_MB"] = str(MIN_FREE_DISK_MB)
        self._zygote = subprocess.Popen(
            [sys.executable, CHILDREN, str(self.listening.fileno()), as_of.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
            env=os.environ | settings,
            pass_fds=[self.listening.fileno()],
        )
        self.pids: dict[str, int] = {}
        self.starts: Counter[str] = Counter()
        self.answered: list[tuple[float, int]] = []
        """When (monotonic seconds), and the number of the last message that was answered by then."""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._tend, self._look)]

    def __enter__(self) -> Service:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(20)
        self._zygote.stdout.close()
        self.listening.close()
        self.log.close()

    def _tend(self) -> None:
        """What `silkgate run` does: the database comes first, then whoever has died starts again."""
        while not self._stop.wait(0.02):
            if not self.server.is_running():
                with suppress(Problem, psycopg.Error):  # killed again while it came up, or no room for its recovery
                    self.server.start()
            for role in ROLES:
                if not alive(self.pids.get(role)):
                    self.pids[role] = self._fork(role)
                    self.starts[role] += 1

    def _look(self) -> None:
        """Note how far the engine has come."""
        connection: psycopg.Connection | None = None
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if connection is None or connection.closed:
                    connection = psycopg.connect(self.server.url, autocommit=True, connect_timeout=5)
                row = connection.execute("select coalesce(max(message_id), 0) from exchange_answer").fetchone()
                assert row is not None
                if not self.answered or row[0] > self.answered[-1][1]:
                    self.answered.append((time.monotonic(), row[0]))
            except psycopg.Error:
                if connection is not None:
                    connection.close()
        if connection is not None:
            connection.close()

    def _fork(self, role: str) -> int:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{role}\n")
        return int(self._zygote.stdout.readline())

    # -- breaking --------------------------------------------------------------------------------------------------

    def victim(self, name: str, random: Random) -> int:
        """The process id of who is meant; 0 where there is none now."""
        if name == "database":
            with suppress(OSError, ValueError):
                return int((self.server.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
            return 0
        if name == "backend":
            with suppress(psycopg.Error), psycopg.connect(self.server.url, connect_timeout=5) as connection:
                rows = connection.execute(
                    "select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
                ).fetchall()
                return int(random.choice(rows)[0]) if rows else 0
            return 0
        if name == "commit":
            return self._commit_process()
        if name == "web":
            name = random.choice(("web", "web 2"))
        return self.pids.get(name, 0)

    def send_signal(self, name: str, number: signal.Signals, random: Random) -> int:
        """Send a signal to a process of ours, a backend of the database or the database itself; whom it struck."""
        pid = self.victim(name, random)
        if not alive(pid):
            return 0
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return pid
        return 0

    def _commit_process(self) -> int:
        """The only child of the engine; 0 while there is none."""
        engine = self.pids.get("engine", 0)
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in Path(f"/proc/{engine}/task").iterdir():
                for child in (thread / "children").read_text(encoding="ascii").split():
                    return int(child)
        return 0

    # -- use -------------------------------------------------------------------------------------------------------

    def connect(self) -> psycopg.Connection:
        """A connection, as soon as there is one to be had."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return psycopg.connect(self.server.url, autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows, asked for again where the database dies in between."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self.connect() as connection:
                    return connection.execute(query, values).fetchall()
            except psycopg.Error:
                if time.monotonic() > deadline:
                    raise

    def drop(self, name: str, data: bytes) -> None:
        """Put a file into the folder drop as its readme says: under another name, then renamed. Raises OSError."""
        partial = self.home / "drop" / f"{name}.part"
        partial.write_bytes(data)
        partial.rename(partial.with_suffix(""))

    def wait_until_quiet(self) -> None:
        """Everything dropped is taken, everything taken answered, receipts are where they belong, the log is sealed."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            dropped = [*(self.home / "drop").glob("*.xml"), *(self.home / "drop").glob("*.zip")]
            ((messages, answers, last, unsealed),) = self.ask(
                "select (select count(*) from exchange_message), (select count(*) from exchange_answer),"
                " (select coalesce(max(id), 0) from exchange_receipt),"
                " (select greatest((select max(id) from exchange_receiptsegment),"
                " (select max(batch_no) from journal_event)) - (select batch_no from journal_logstate))"
            )
            place = self.home / "drop" / "receipts" / ".place"
            written = int(place.read_text(encoding="ascii")) if place.exists() else 0
            if not dropped and messages == answers and written == last and unsealed == 0:
                return
            time.sleep(0.1)
        raise AssertionError(
            f"{len(dropped)} files to take, {messages} messages, {answers} answers, receipt {written} of {last},"
            f" {unsealed} batches to seal; {self.last_words()}"
        )

    def last_words(self) -> str:
        """What the processes last said, and where each of them stands."""
        for pid in self.pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(0.5)
        log = self._output.read_text(encoding="utf-8", errors="replace")
        database = self.server.log.read_text(encoding="utf-8", errors="replace")
        living = [role for role in ROLES if alive(self.pids.get(role))]
        return (
            f"starts {dict(self.starts)}, living {living}, tended {self._threads[0].is_alive()},"
            f" database {self.server.is_running()}\n{log[-6000:]}\n{database[-1000:]}"
        )


def alive(pid: int | None) -> bool:
    """Whether there is such a process; those of ours leave no zombies."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
