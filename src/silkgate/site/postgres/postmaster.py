"""The server process behind a data directory, told apart from strangers and from the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_FAST_SECONDS = 60


def recorded_pid(data: Path) -> int | None:
    """The process id in `postmaster.pid`; None without the file, which may be older than the machine's last start."""
    try:
        return int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_running(data: Path) -> bool:
    """True where the recorded process lives and is PostgreSQL in this very directory."""
    pid = recorded_pid(data)
    return pid is not None and _is_server_of(pid, data)


def stop(data: Path) -> None:
    """Fast shutdown and wait; after a minute the immediate one, which crash recovery repairs."""
    pid = recorded_pid(data)
    if pid is None or not _is_server_of(pid, data):
        return
    for how in (signal.SIGINT, signal.SIGQUIT):
        with suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + _FAST_SECONDS
        while time.monotonic() < deadline:
            if not _is_server_of(pid, data):
                return
            time.sleep(0.02)


def retire_stale_pid(data: Path) -> None:
    """Make a `postmaster.pid` harmless whose process id now belongs to a stranger or to a corpse nobody has buried.

    PostgreSQL looks only whether such a process exists and would refuse to start. The rest of the file stays: its key
    lets PostgreSQL see whether children of the dead server still use the data, and that look must not be lost.
    """
    pid = recorded_pid(data)
    if pid is None or not _exists(pid) or _is_server_of(pid, data):
        return
    with subprocess.Popen(["/bin/sh", "-c", ":"]) as gone:
        gone.wait()
    file = data / "postmaster.pid"
    rest = file.read_text(encoding="utf-8").split("\n", 1)[1]
    with file.open("r+", encoding="utf-8") as same:
        same.write(f"{gone.pid}\n{rest}")
        same.truncate()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_server_of(pid: int, data: Path) -> bool:
    process = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return _is_postgres_by_ps(pid)
    try:
        state = (process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        return state not in "ZX" and (process / "cwd").readlink() == data.resolve()
    except OSError:
        return False


def _is_postgres_by_ps(pid: int) -> bool:
    answer = subprocess.run(["ps", "-o", "stat=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    words = answer.stdout.split(None, 1)
    return len(words) == 2 and "Z" not in words[0] and "postgres" in words[1]
