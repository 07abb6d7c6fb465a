"""What the kernel counts: processor time and memory of processes, and how busy the machine is with others."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Cpu(NamedTuple):
    """Processor time of a process, in seconds: its own, and that of its children that have ended."""

    own: float
    ended_children: float


def cpu_of(pid: int) -> Cpu:
    """Processor time of a process so far; zero where it is gone."""
    try:
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return Cpu(0, 0)
    ticks = [int(field) * _TICK_SECONDS for field in fields[11:15]]
    return Cpu(ticks[0] + ticks[1], ticks[2] + ticks[3])


def parent_of(pid: int) -> int:
    """The process that started `pid`."""
    return int((_PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2].split()[1])


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that live."""
    return [int(child) for child in (_PROC / f"{pid}/task/{pid}/children").read_text().split()]


def descendants_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that live, and theirs."""
    try:
        children = children_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [one for child in children for one in (child, *descendants_of(child))]


def busy_seconds() -> float:
    """Processor time that all cores together have spent on anything, since the machine started."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) * _TICK_SECONDS


def pss_bytes(pids: Iterable[int]) -> int:
    """Memory of some processes together; what they share counts once."""
    total = 0
    for pid in pids:
        try:
            rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(rollup.split("\nPss:", 1)[1].split(maxsplit=1)[0]) * 1024
    return total


class MemoryWatch:
    """Samples the memory of processes until it is left; `peak_bytes` is the highest sum seen."""

    def __init__(self, pids: Callable[[], Iterable[int]], every_seconds: float = 4.0) -> None:
        self._pids, self._every, self._stop = pids, every_seconds, Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self._sample()

    def _sample(self) -> None:
        self.peak_bytes = max(self.peak_bytes, pss_bytes(self._pids()))


def pace_milliseconds() -> float:
    """Processor time of a fixed piece of Python: what figures of another hour or machine have to be held against."""
    start = time.thread_time()
    counts: dict[int, str] = {}
    for i in range(200_000):
        key = i * 7_919 % 50_021
        counts[key] = f"{counts.get(key, '')[-3:]}/{i}"
    return (time.thread_time() - start) * 1000


def fsync_milliseconds(folder: Path, count: int = 200) -> float:
    """Median time of writing 8 KiB and waiting until they are on disk."""
    taken = []
    descriptor = os.open(folder / "fsync", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(count):
            start = time.perf_counter()
            os.pwrite(descriptor, b"x" * 8192, 0)
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
    return sorted(taken)[count // 2] * 1000


def file_system(folder: Path) -> str:
    """The type of the file system that holds `folder`."""
    best, kind = "", "unknown"
    for line in (_PROC / "mounts").read_text().splitlines():
        _, mounted, found, *_ = line.split()
        if folder.resolve().is_relative_to(mounted) and len(mounted) >= len(best):
            best, kind = mounted, found
    return kind


def description() -> dict[str, str]:
    """What the figures were measured on."""
    lines = (_PROC / "cpuinfo").read_text().splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": f"{len(os.sched_getaffinity(0))} × {cpu}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
