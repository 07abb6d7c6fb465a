"""What the tests of the ground floor share."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

WaitUntil = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may pass through, with a short path; pytest's own is closed and long."""
    folder = Path(tempfile.mkdtemp(prefix="sg-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def wait_until() -> WaitUntil:
    """Call it with a condition: True as soon as that holds, False when it has not held for 90 seconds."""

    def wait(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.02)
        return False

    return wait
