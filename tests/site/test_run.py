"""`silkgate run` as its user meets it: one program that starts, heals, stops and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from silkgate.site.home import Home
from silkgate.site.postgres import EmbeddedPostgres, postmaster

WaitUntil = Callable[[Callable[[], bool]], bool]
CHILDREN = {
    "engine": "worker --role engine",
    "intake": "worker --role intake",
    "watch": "worker --role watch",
    "log": "worker --role log",
    "webhooks": "worker --role webhooks",
    "web": "serve",
}


class Running:
    """A `silkgate run` in a home of its own, and what it prints."""

    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SILKGATE_", "DATABASE_URL"))
        } | {"SILKGATE_HOME": str(home), "SILKGATE_LANG": "en", "COLUMNS": "200"}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "silkgate", "run", "--port", "0", "--per-second", "5", "--end-with-parent"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(iter(self.process.stdout.readline, ""))

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def port(self) -> int:
        found = re.search(r"ready: http://127\.0\.0\.1:(\d+)", self.output)
        return int(found.group(1)) if found else 0

    def is_ready(self) -> bool:
        if not self.port:
            return False
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def child(self, name: str) -> int:
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # it, or as a zombie its words, may be gone by now
                if CHILDREN[name] in " ".join(process.cmdline()):
                    return process.pid
        return 0

    def silkgate(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "silkgate", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def running(open_folder: Path, wait_until: WaitUntil) -> Iterator[Running]:
    started = Running(open_folder / "home")
    assert wait_until(started.is_ready), started.output
    yield started
    if started.process.poll() is None:
        started.process.terminate()
        started.process.wait(60)
    wait_until(lambda: not EmbeddedPostgres(started.home.postgres).is_running())


def test_it_plays_heals_and_stops(running: Running, wait_until: WaitUntil) -> None:
    taken = running.home.drop / "taken"
    assert wait_until(lambda: any(taken.rglob("*.xml"))), "demo traffic goes through the real intake"
    assert wait_until(lambda: any((running.home.drop / "receipts").rglob("*CEB622Message.xml")))

    second = running.silkgate("run")
    assert (second.returncode, second.stderr.count("\n")) == (2, 1)
    assert f"already runs in {running.home.root} (http://127.0.0.1:{running.port})" in second.stderr

    for name in CHILDREN:
        before = running.child(name)
        os.kill(before, signal.SIGKILL)
        assert wait_until(lambda name=name, before=before: running.child(name) not in (0, before)), name
    assert wait_until(running.is_ready)

    processes = {name: running.child(name) for name in CHILDREN}
    restarted = running.silkgate("restart")
    assert restarted.returncode == 0, restarted.stderr
    assert wait_until(lambda: all(running.child(name) not in (0, was) for name, was in processes.items()))
    assert wait_until(running.is_ready)

    data = EmbeddedPostgres(running.home.postgres).data
    before = postmaster.recorded_pid(data)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: postmaster.recorded_pid(data) != before and running.is_ready()), running.output

    children = psutil.Process(running.process.pid).children(recursive=True)
    asked_at = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    running.process.send_signal(signal.SIGINT)  # as make passes on what its child has got from the terminal already
    assert running.process.wait(60) == 0, running.output
    assert time.monotonic() - asked_at < 20
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert not postmaster.is_running(data)
    assert running.lines[-1] == "All stopped; the data stays.\n"


def test_nothing_outlives_it_when_it_is_killed(running: Running, wait_until: WaitUntil) -> None:
    children = psutil.Process(running.process.pid).children(recursive=True)
    assert len(children) > len(CHILDREN)
    running.process.kill()
    running.process.wait()
    assert wait_until(lambda: not any(c.is_running() and c.status() != psutil.STATUS_ZOMBIE for c in children))
    alone = running.silkgate("restart")
    assert (alone.returncode, alone.stderr) == (2, f"No Silkgate runs in {running.home.root}: nothing to restart.\n")
    # The next run continues with the same data.
    again = Running(running.home.root)
    try:
        assert wait_until(again.is_ready), again.output
    finally:
        again.process.terminate()
        assert again.process.wait(60) == 0


def test_a_port_that_was_asked_for_and_is_taken_is_told_in_one_sentence(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = subprocess.run(
            [sys.executable, "-m", "silkgate", "--lang", "en", "run", "--port", str(port)],
            env=os.environ | {"SILKGATE_HOME": str(open_folder / "home")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"Port 127.0.0.1:{port} is taken")
    assert outcome.stderr.count("\n") == 1
