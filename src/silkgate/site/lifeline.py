"""Ties a child process to the one that started it: it ends when its parent does, however that ended.

The parent holds the writing end of the child's standard input and never writes. When the parent is gone, killed or
not, the system closes that end and the child reads the end of the file. Unlike parent-death signals it works on every
Unix.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

VARIABLE = "SILKGATE_LIFELINE"
_GRACE_SECONDS = 10
_IMPATIENT_SECONDS = 2
_STDIN = 0


def hold() -> None:
    """In a child that was started with a lifeline: end with the parent. Does nothing elsewhere."""
    if os.environ.pop(VARIABLE, "") == "stdin":
        threading.Thread(target=_end_with_parent, name="lifeline", daemon=True).start()


def stop_event() -> threading.Event:
    """An event that SIGTERM, SIGINT and SIGHUP set; one more, two seconds later, ends the process at once."""
    event = threading.Event()
    first_at = 0.0

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal first_at
        now = time.monotonic()
        # make and timeout pass a signal on that the whole group has got already: that is still the first one.
        if event.is_set() and now - first_at > _IMPATIENT_SECONDS:
            os._exit(128 + number)
        first_at = first_at or now
        event.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    # nohup means it.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, on_signal)
    return event


def _end_with_parent() -> None:
    # Read past Python's own stdin: a buffer locked by this thread would abort the interpreter at its end.
    while os.read(_STDIN, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE_SECONDS)
    os._exit(1)
