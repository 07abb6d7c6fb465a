"""Where the processor time of our own code goes: clocks around stages, for an extra run whose rate is not counted."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from threading import get_ident
from typing import Any

_now = time.thread_time_ns


class Clocks:
    """Exclusive processor time per stage; a stage inside another one is taken off the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside: dict[int, list[int]] = {}

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function` with a clock on it."""

        @wraps(function)
        def clocked(*arguments: Any, **named: Any) -> Any:
            stack = self._stack()
            stack.append(0)
            start = _now()
            try:
                return function(*arguments, **named)
            finally:
                taken = _now() - start
                self.seconds[stage] += (taken - stack.pop()) / 1e9
                if stack:
                    stack[-1] += taken

        return clocked

    def put(self, stage: str, owner: Any, name: str) -> None:
        """A clock around `owner.name`, from now on in this process."""
        setattr(owner, name, self.around(stage, getattr(owner, name)))

    def _stack(self) -> list[int]:
        """The time already counted inside each open stage of this thread."""
        return self._inside.setdefault(get_ident(), [])


def on_intake(clocks: Clocks) -> None:
    """Clocks on the stages of intake; everything else of a web process is the door."""
    from silkgate.exchange import inbox, intake

    clocks.put("recognise", intake, "recognise")
    clocks.put("verify", intake.xmldsig, "verify")
    clocks.put("records", intake, "verify")
    clocks.put("store", inbox, "store")
    inbox._compress = _Compressor(clocks, inbox._compress)


def on_engine(clocks: Clocks) -> None:
    """Clocks on the stages of the engine."""
    from silkgate.clearance.engine import commit, decide, run

    clocks.put("read", run, "segments_after")
    clocks.put("decode", run, "messages_of")
    clocks.put("prefetch", run.Prefetch, "__call__")
    clocks.put("take", decide.Taking, "message")
    clocks.put("decide", decide.Settling, "settle")
    clocks.put("rows", run, "batch_rows")
    clocks.put("hand over", commit, "encode_batch")


def on_commit(clocks: Clocks) -> None:
    """Clocks on the stages of the process that commits."""
    from silkgate.clearance.engine import commit, persist
    from silkgate.exchange import outbox

    clocks.put("hand over", commit, "decode_batch")
    clocks.put("receipts", persist, "outgoing")
    clocks.put("persist", commit, "write")
    outbox._compress = _Compressor(clocks, outbox._compress)


class _Compressor:
    """A compressor with a clock on it."""

    def __init__(self, clocks: Clocks, compressor: Any) -> None:
        self.compress = clocks.around("compress", compressor.compress)
