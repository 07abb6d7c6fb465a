"""A whole service whose processes are killed while it works: database, web, engine, folder drop."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random

import psycopg

from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.problem import Problem

CHILDREN = Path(__file__).with_name("crash_children.py")
ROLES = ("engine", "web", "intake")
PATIENCE_SECONDS = 60


class Service:
    """Starts everything, restarts what has died, kills what it is told to."""

    def __init__(self, home: Path, server: EmbeddedPostgres, as_of: datetime) -> None:
        self.home, self.server = home, server
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.log = (home / "children.log").open("ab")
        self._zygote = subprocess.Popen(
            [sys.executable, CHILDREN, str(self.listening.fileno()), as_of.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
            env={**os.environ, "DATABASE_URL": server.url, "SILKGATE_HOME": str(home)},
            pass_fds=[self.listening.fileno()],
        )
        self.pids: dict[str, int] = {}
        self.starts = dict.fromkeys(ROLES, 0)
        self._stop = threading.Event()
        self._tending = threading.Thread(target=self._tend, daemon=True)

    def __enter__(self) -> Service:
        self._tending.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._tending.join()
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
                with suppress(Problem, psycopg.Error):  # killed again while it came up
                    self.server.start()
            for role in ROLES:
                if not alive(self.pids.get(role)):
                    self.pids[role] = self._fork(role)
                    self.starts[role] += 1

    def _fork(self, role: str) -> int:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{role}\n")
        return int(self._zygote.stdout.readline())

    # -- killing ---------------------------------------------------------------------------------------------------

    def kill(self, victim: str, random: Random) -> bool:
        """SIGKILL for a process of ours, a backend of the database or the database itself; whether it struck."""
        if victim == "database":
            pid = int((self.server.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        elif victim == "backend":
            with self.connect() as connection:
                rows = connection.execute(
                    "select pid from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
                ).fetchall()
            if not rows:
                return False
            pid = random.choice(rows)[0]
        elif victim == "commit":
            pid = self._commit_process()
        else:
            pid = self.pids.get(victim, 0)
        if not alive(pid):
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

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

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Rows, asked for again where the database dies in between."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self.connect() as connection:
                    return connection.execute(query, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise

    def post(self, raw: bytes) -> str:
        """Send a message until it is acknowledged; its name."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        told = ""
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(*self.listening.getsockname()[:2], timeout=10)
            try:
                connection.request("POST", "/api/v1/messages", raw, {"Content-Type": "application/xml"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == http.HTTPStatus.ACCEPTED:
                    (taken,) = json.loads(body)["messages"]
                    return str(taken["id"])
                told = f"{answer.status} {body[:200]!r}"
            except (OSError, http.client.HTTPException) as error:
                told = repr(error)
            finally:
                connection.close()
            time.sleep(0.05)
        raise AssertionError(f"not acknowledged within {PATIENCE_SECONDS} s: {told}; {self.last_words()}")

    def drop(self, name: str, raw: bytes) -> None:
        """Put a file into the folder drop as its readme says: under another name, then renamed."""
        partial = self.home / "drop" / f"{name}.part"
        partial.write_bytes(raw)
        partial.rename(self.home / "drop" / f"{name}.xml")

    def wait_until_quiet(self) -> None:
        """Everything dropped is taken, everything taken is answered, every receipt is where it belongs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            dropped = list((self.home / "drop").glob("*.xml"))
            ((messages, answers, last),) = self.ask(
                "select (select count(*) from exchange_message), (select count(*) from exchange_answer),"
                " (select coalesce(max(id), 0) from exchange_receipt)"
            )
            place = self.home / "drop" / "receipts" / ".place"
            written = int(place.read_text(encoding="ascii")) if place.exists() else 0
            if not dropped and messages == answers and written == last:
                return
            time.sleep(0.1)
        raise AssertionError(
            f"{len(dropped)} files to take, {messages} messages, {answers} answers, receipt {written} of {last};"
            f" {self.last_words()}"
        )

    def last_words(self) -> str:
        """What the processes last said, and where each of them stands."""
        for pid in self.pids.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)
        time.sleep(0.5)
        log = (self.home / "children.log").read_text(encoding="utf-8", errors="replace")
        database = self.server.log.read_text(encoding="utf-8", errors="replace")
        living = [role for role in ROLES if alive(self.pids.get(role))]
        return (
            f"starts {self.starts}, living {living}, tended {self._tending.is_alive()},"
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
