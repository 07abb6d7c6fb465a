"""Runs several processes as one: starts them, shows what they say, restarts what crashes, stops all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from silkgate.site.lifeline import VARIABLE

STOP_SECONDS = 6
"""For each child between the request to end and the kill."""

_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 30.0
_STABLE_SECONDS = 60.0

Say = Callable[[str, str], None]
"""Called with a child's name and one line of its output."""


@dataclass(frozen=True)
class Program:
    """What to run: `command` as words, `descriptors` that it inherits, whether an end with code 0 is meant."""

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()
    may_finish: bool = False


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started_at: float = 0.0
    delay_seconds: float = _FIRST_DELAY_SECONDS
    due_at: float = 0.0
    finished: bool = False
    restarts: int = field(default=0)


class Supervisor:
    """Keeps `programs` running until `stop`. They are started in the given order and stopped in the reverse one."""

    def __init__(self, programs: Sequence[Program], say: Say) -> None:
        self._children = [_Child(program) for program in programs]
        self._say = say

    def start(self) -> None:
        """Start every program."""
        for child in self._children:
            self._start(child)

    def tend(self) -> None:
        """Notice who has died and restart whose waiting time is over; call it every moment."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._note_end(child, child.process.returncode, now)
            if child.process is None and not child.finished and now >= child.due_at:
                child.restarts += 1
                self._start(child)

    def stop(self) -> None:
        """End every child, the last started first; what does not end in time is killed."""
        for child in reversed(self._children):
            child.finished = True
            self._end(child)

    def restart(self, name: str) -> None:
        """End one program in order and start it again at once, as its command says now."""
        for child in self._children:
            if child.program.name == name and not child.finished:
                self._end(child)
                child.delay_seconds = _FIRST_DELAY_SECONDS
                self._start(child)

    def kill(self) -> None:
        """End every child at once."""
        for child in self._children:
            child.finished = True
            if child.process is not None:
                child.process.kill()

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run now, by name."""
        return {child.program.name: child.process.pid for child in self._children if child.process is not None}

    def _end(self, child: _Child) -> None:
        process = child.process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._say(child.program.name, f"does not end; killed after {STOP_SECONDS} s")
            process.kill()
            process.wait()
        self._close(child)

    def _start(self, child: _Child) -> None:
        child.process = subprocess.Popen(
            list(child.program.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {VARIABLE: "stdin", "PYTHONUNBUFFERED": "1"},
            pass_fds=tuple(child.program.descriptors),
            # The terminal's Ctrl-C comes to us alone, so that we decide the order in which things end.
            start_new_session=True,
        )
        child.started_at = time.monotonic()
        child.reader = threading.Thread(target=self._read, args=(child.program.name, child.process), daemon=True)
        child.reader.start()

    def _note_end(self, child: _Child, code: int, now: float) -> None:
        self._close(child)
        if code == 0 and child.program.may_finish:
            child.finished = True
            return
        if now - child.started_at > _STABLE_SECONDS:
            child.delay_seconds = _FIRST_DELAY_SECONDS
        child.due_at = now + child.delay_seconds
        self._say(child.program.name, f"ended ({_told(code)}); starts again in {child.delay_seconds:g} s")
        child.delay_seconds = min(2 * child.delay_seconds, _LONGEST_DELAY_SECONDS)

    def _close(self, child: _Child) -> None:
        process, child.process = child.process, None
        if child.reader is not None:
            # A grandchild may hold the pipe open; its words are not worth waiting for.
            child.reader.join(1)
        if process is not None and process.stdin is not None:
            process.stdin.close()

    def _read(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._say(name, line.decode("utf-8", "replace").rstrip())


def _told(code: int) -> str:
    if code < 0:
        return signal.strsignal(-code) or f"signal {-code}"
    return f"exit code {code}"
