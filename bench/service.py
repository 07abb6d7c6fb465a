"""The service that is measured: the commands of `silkgate run` in processes of their own, on a database of our own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg

from bench import machine
from silkgate.site import running as site
from silkgate.site import web
from silkgate.site.lifeline import VARIABLE as LIFELINE

ROOT = Path(__file__).resolve().parents[1]
WEB, ENGINE, COMMIT, LOG, REST, POSTGRESQL = "web", "engine", "commit", "log", "watch, folder", "PostgreSQL"
_PROGRAMS = (WEB, ENGINE, COMMIT, LOG, REST)
ROLES = (*_PROGRAMS, *[f"{POSTGRESQL} for {role}" for role in _PROGRAMS])
WRITERS = f"{POSTGRESQL}: writers, the rest"
_CLOCKED = (WEB, ENGINE)
_SAID = "service.log"
"""What the processes say, in their folder."""
_PATIENCE_SECONDS = 60


class Service(NamedTuple):
    """A running service and how to reach it."""

    host: str
    port: int
    url: str
    """Of its database."""
    processes: dict[str, list[subprocess.Popen[bytes]]]
    """By name, in order of start."""
    folder: Path
    """Where processes with clocks leave what they counted when they end."""

    def roles(self) -> dict[str, list[int]]:
        """Process numbers by role, and of the postmaster, whose other children are counted with it."""
        found: dict[str, list[int]] = {role: [] for role in ROLES}
        for name, processes in self.processes.items():
            role = name if name in ROLES else REST
            for process in processes:
                found[role].append(process.pid)
                # The engine hands its batches to a process of its own.
                found[COMMIT if role == ENGINE else role].extend(machine.descendants_of(process.pid))
        with psycopg.connect(self.url, autocommit=True, application_name="bench") as connection:
            rows = connection.execute("select pid, application_name from pg_stat_activity").fetchall()
            found[WRITERS] = [machine.parent_of(connection.info.backend_pid)]
        for pid, name in rows:
            program, _, role = name.partition(" ")
            if program == "silkgate":
                found[f"{POSTGRESQL} for {role if role in ROLES else REST}"].append(pid)
        return found

    def check(self) -> None:
        """Raise where a process has ended: what is measured is the service, not its restart."""
        for name, processes in self.processes.items():
            for process in processes:
                if process.poll() is not None:
                    said = (self.folder / _SAID).read_text(encoding="utf-8", errors="replace")[-3000:]
                    raise RuntimeError(f"a process of the service, {name}, ended with {process.returncode}:\n{said}")

    def clocks(self) -> Counter[str]:
        """Seconds by stage, of all processes that had clocks; once the service has ended."""
        clocks: Counter[str] = Counter()
        for file in self.folder.glob("*.clocks"):
            clocks.update(json.loads(file.read_text(encoding="utf-8")))
        return clocks


@contextmanager
def service(
    url: str, folder: Path, *, clocked: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """The processes that `silkgate run` starts, on the database at `url`; `settings` go into their environment."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.clocks"):
        old.unlink()
    # A home of its own: what the service keeps there belongs to one database.
    home = folder / f"home-{len(list(folder.glob('home-*')))}"
    environment = os.environ | {"DATABASE_URL": url, "SILKGATE_HOME": str(home), LIFELINE: "stdin"}
    environment |= dict(settings or {})
    with web.listen("127.0.0.1", 0) as listening, (folder / _SAID).open("wb") as said:
        host, port = listening.getsockname()[:2]
        running = Service(host, port, url, {}, folder)
        try:
            for number, program in enumerate(site.programs(listening.fileno())):
                role = program.name.split()[0]
                words = list(program.command)
                if clocked and role in _CLOCKED:
                    words = _with_clocks(words, role, folder / f"{number}.clocks")
                process = subprocess.Popen(
                    words,
                    cwd=ROOT,
                    env=environment | {"PGAPPNAME": f"silkgate {role}"},
                    pass_fds=tuple(program.descriptors),
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=said,
                    start_new_session=True,
                )
                running.processes.setdefault(role, []).append(process)
            _wait_until_ready(running)
            yield running
        finally:
            for processes in reversed(running.processes.values()):
                _end(processes)


def _with_clocks(words: Sequence[str], role: str, file: Path) -> list[str]:
    """`python -m silkgate …` as a process that has clocks around its stages."""
    return [sys.executable, "-m", "bench.clocked", role, str(file), *words[words.index("silkgate") + 1 :]]


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait_until_ready(running: Service) -> None:
    """Until the site answers and the engine has taken its first, empty look at the inbox."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        running.check()
        if get(running, "/health/ready") == http.HTTPStatus.OK:
            with psycopg.connect(running.url, autocommit=True) as connection:
                if connection.execute("select 1 from clearance_enginecursor where at is not null").fetchone():
                    return
        time.sleep(0.1)
    raise TimeoutError(f"the service was not ready within {_PATIENCE_SECONDS} s")


def get(running: Service, path: str) -> int:
    """The status of a page; 0 where nobody answers."""
    connection = http.client.HTTPConnection(running.host, running.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()
