"""Several processes as one: what crashes comes back, what is told to end ends, nothing outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from silkgate.site.supervisor import Program, Supervisor

WaitUntil = Callable[[Callable[[], bool]], bool]

PATIENT = "from silkgate.site import lifeline; lifeline.hold(); e = lifeline.stop_event(); print('up'); e.wait()"
DEAF = "import signal, threading; signal.signal(15, signal.SIG_IGN); print('up'); threading.Event().wait()"
FINISHES = "print('done')"
CRASHES = "import sys; print('up'); sys.exit(3)"


class Log:
    """What children have said."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.lines.append((name, line))

    def count(self, name: str, line: str) -> int:
        return self.lines.count((name, line))


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def supervise(log: Log) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def start(*programs: Program) -> Supervisor:
        supervisor = Supervisor(programs, log)
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield start
    for supervisor in made:
        supervisor.kill()


def is_alive(pid: int) -> bool:
    """False for a zombie too: a machine's init may be slow to bury it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def program(name: str, code: str, *, may_finish: bool = False) -> Program:
    return Program(name, [sys.executable, "-c", code], may_finish=may_finish)


def test_a_killed_child_comes_back(supervise: Callable[..., Supervisor], log: Log, wait_until: WaitUntil) -> None:
    supervisor = supervise(program("a", PATIENT), program("b", PATIENT))
    assert wait_until(lambda: log.count("a", "up") + log.count("b", "up") == 2)
    before = supervisor.pids()
    os.kill(before["a"], signal.SIGKILL)

    def is_back() -> bool:
        supervisor.tend()
        return log.count("a", "up") == 2

    assert wait_until(is_back)
    assert supervisor.pids()["a"] != before["a"]
    assert supervisor.pids()["b"] == before["b"]
    assert ("a", "ended (Killed); starts again in 0.5 s") in log.lines


def test_one_that_is_restarted_ends_in_order_and_is_back_at_once(
    supervise: Callable[..., Supervisor], log: Log, wait_until: WaitUntil
) -> None:
    supervisor = supervise(program("a", PATIENT), program("b", PATIENT))
    assert wait_until(lambda: log.count("a", "up") + log.count("b", "up") == 2)
    before = supervisor.pids()
    supervisor.restart("a")
    after = supervisor.pids()
    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert not is_alive(before["a"])
    assert wait_until(lambda: log.count("a", "up") == 2)
    assert not any("ended" in line for _, line in log.lines)


def test_one_that_keeps_crashing_waits_longer_each_time(
    supervise: Callable[..., Supervisor], log: Log, wait_until: WaitUntil
) -> None:
    supervisor = supervise(program("c", CRASHES))

    def crashed_three_times() -> bool:
        supervisor.tend()
        return log.count("c", "ended (exit code 3); starts again in 2 s") == 1

    assert wait_until(crashed_three_times)
    delays = [line for name, line in log.lines if "starts again" in line]
    assert [line.split(" in ")[1] for line in delays] == ["0.5 s", "1 s", "2 s"]


@pytest.mark.parametrize(("may_finish", "runs"), [(True, 1), (False, 2)])
def test_an_end_with_code_0_is_final_where_it_is_meant(
    supervise: Callable[..., Supervisor], log: Log, wait_until: WaitUntil, may_finish: bool, runs: int
) -> None:
    supervisor = supervise(program("d", FINISHES, may_finish=may_finish), program("e", FINISHES))

    def other_ran_twice() -> bool:
        supervisor.tend()
        return log.count("e", "done") == 2 and log.count("d", "done") == runs

    assert wait_until(other_ran_twice)


def test_stop_ends_them_last_started_first_and_kills_the_deaf(
    supervise: Callable[..., Supervisor], log: Log, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("silkgate.site.supervisor.STOP_SECONDS", 0.5)
    supervisor = supervise(program("a", PATIENT), program("deaf", DEAF))
    assert wait_until(lambda: log.count("a", "up") + log.count("deaf", "up") == 2)
    pids = supervisor.pids()
    supervisor.stop()
    assert ("deaf", "does not end; killed after 0.5 s") in log.lines
    assert not any(is_alive(pid) for pid in pids.values())
    supervisor.tend()
    assert supervisor.pids() == {}


def test_children_end_with_a_parent_that_is_killed(wait_until: WaitUntil) -> None:
    parent_code = f"""
import sys, threading
from silkgate.site.supervisor import Program, Supervisor
said = []
supervisor = Supervisor([Program("a", [sys.executable, "-c", {PATIENT!r}])], lambda name, line: said.append(line))
supervisor.start()
while not said:
    threading.Event().wait(0.02)
print(supervisor.pids()["a"], flush=True)
threading.Event().wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: not is_alive(child))
