"""`python -m bench.clocked ROLE FILE WORDS…`: a process of the service with clocks around its stages.

Runs `silkgate WORDS…`; leaves the seconds of each stage in FILE when it ends. What the engine starts gets clocks too.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.clocks import Clocks, on_commit, on_engine, on_intake

_STAGES = {"engine": on_engine, "commit": on_commit, "web": on_intake}


def main() -> None:
    role, file, *words = sys.argv[1:]
    from silkgate.clearance.engine import commit
    from silkgate.site import cli
    from silkgate.site.application import set_up

    set_up()
    clocks = Clocks()
    _STAGES[role](clocks)
    # The web server ends its process by the signal that it was sent, unless somebody else has taken that over.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    sys.argv = ["silkgate", *words]
    try:
        if role == "commit":
            commit.main()
        else:
            commit.subprocess = _with_clocks(file)  # type: ignore[assignment]
            cli.main()
    finally:
        Path(file).write_text(json.dumps(clocks.seconds), encoding="utf-8")


def _with_clocks(file: str) -> Any:
    """What the engine takes for `subprocess`."""
    words = [sys.executable, "-m", "bench.clocked", "commit", f"{file}.commit.clocks"]
    return SimpleNamespace(PIPE=subprocess.PIPE, Popen=lambda command, **options: subprocess.Popen(words, **options))


if __name__ == "__main__":
    main()
