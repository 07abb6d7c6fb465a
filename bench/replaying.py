"""How fast `silkgate replay` goes over what a run has left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import NamedTuple


class Replay(NamedTuple):
    """One replay under the law of the day."""

    declarations: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    differences: int

    @property
    def per_second(self) -> float:
        return self.declarations / self.seconds


def replay(url: str) -> Replay:
    """Replay everything in the database at `url` with the command of the service."""
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(
            [sys.executable, "-m", "silkgate", "replay", "--json"], env=os.environ | {"DATABASE_URL": url}, stdout=told
        ) as process,
    ):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise RuntimeError(f"silkgate replay ended with {process.returncode}; its reason is above")
        told.seek(0)
        result = json.loads(told.read())
    return Replay(
        result["declarations"],
        result["seconds"],
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * 1024,
        result["compared"]["difference_count"],
    )
