"""What is done to the service, and how long until it worked again."""

from __future__ import annotations

import os
import signal
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from typing import NamedTuple

from torture.disk import SmallDisk
from torture.senders import CUT_BEFORE_ANSWER, CUT_IN_REQUEST, Senders
from torture.service import MIN_FREE_DISK_MB, Service, alive

KILLED = {
    "web": "web killed",
    "engine": "engine killed",
    "commit": "process that commits killed",
    "log": "log sealer killed",
    "intake": "folder intake killed",
    "backend": "database backend killed",
    "database": "database killed (postmaster)",
}
PAUSED = "a process or backend paused (SIGSTOP)"
FULL, ALMOST_FULL = "disk full", "disk almost full"
SHARES = {
    **{KILLED[name]: share for name, share in zip(KILLED, (8, 8, 5, 3, 4, 4, 3), strict=True)},
    PAUSED: 4,
    CUT_IN_REQUEST: 4,
    CUT_BEFORE_ANSWER: 4,
    FULL: 1,
    ALMOST_FULL: 1,
}
"""How often each comes among others."""
_PAUSE_SECONDS = (0.2, 2.0)
_FULL_SECONDS = (0.5, 2.0)
_TOLD_SECONDS = 15.0
_NO_VICTIM_SECONDS = 0.1


class Fault(NamedTuple):
    """Something that was done."""

    kind: str
    at: float
    """Monotonic seconds; of what lasts, its end."""


def deck(faults: int, random: Random, *, with_disk: bool) -> list[str]:
    """So many faults in a random order; each kind is among them, as its share says."""
    shares = {kind: share for kind, share in SHARES.items() if with_disk or kind not in (FULL, ALMOST_FULL)}
    kinds = list(shares)
    drawn = [*kinds, *random.choices(kinds, list(shares.values()), k=faults)][:faults]
    random.shuffle(drawn)
    return drawn


class Injector:
    """A thread that plays a deck, one fault after another. `over` is set when it is through, or has failed."""

    def __init__(
        self, service: Service, senders: Senders, drawn: Sequence[str], random: Random, longest_wait_seconds: float
    ) -> None:
        self._service, self._senders, self._drawn, self._random = service, senders, drawn, random
        self._longest = longest_wait_seconds
        self.done: list[Fault] = []
        self.over = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._play, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the end. Raises what went wrong."""
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _play(self) -> None:
        try:
            for kind in self._drawn:
                time.sleep(self._random.uniform(0.0, self._longest))
                while not self._strike(kind):
                    if self._senders.failures:
                        return
                    time.sleep(_NO_VICTIM_SECONDS)
                self.done.append(Fault(kind, time.monotonic()))
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.over.set()

    def _strike(self, kind: str) -> bool:
        """Whether there was somebody to strike."""
        for name, killed in KILLED.items():
            if kind == killed:
                return self._service.send_signal(name, signal.SIGKILL, self._random) != 0
        if kind == PAUSED:
            return self._pause()
        if kind in (CUT_IN_REQUEST, CUT_BEFORE_ANSWER):
            self._senders.cuts.append(kind)
            return True
        assert self._service.disk is not None
        return self._fill(self._service.disk, almost=kind == ALMOST_FULL)

    def _pause(self) -> bool:
        name = self._random.choice([name for name in KILLED if name != "database"])
        pid = self._service.send_signal(name, signal.SIGSTOP, self._random)
        if not pid:
            return False
        time.sleep(self._random.uniform(*_PAUSE_SECONDS))
        if alive(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return True

    def _fill(self, disk: SmallDisk, *, almost: bool) -> bool:
        """Until senders were told, and a moment longer."""
        try:
            before = self._told(almost)
            disk.fill(MIN_FREE_DISK_MB * 2**20 // 2 if almost else 0)
            deadline = time.monotonic() + _TOLD_SECONDS
            while self._told(almost) == before and time.monotonic() < deadline:
                time.sleep(_NO_VICTIM_SECONDS)
            time.sleep(self._random.uniform(*_FULL_SECONDS))
        finally:
            disk.make_room()
        return True

    def _told(self, almost: bool) -> int:
        told = self._senders.told
        return told["503 exchange.disk"] if almost else told.total()


def recovery_seconds(fault: Fault, senders: Senders, service: Service) -> float | None:
    """From the fault until a message that was acknowledged after it was answered too; None where none came after it."""
    acknowledged = sorted(senders.acknowledged, key=lambda one: one.at)
    place = bisect_right([one.at for one in acknowledged], fault.at)
    if place == len(acknowledged):
        return None
    wanted = acknowledged[place].number
    looked = bisect_left([number for _, number in service.answered], wanted)
    if looked == len(service.answered):
        return None
    return max(service.answered[looked][0], acknowledged[place].at) - fault.at
