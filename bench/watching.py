"""When the engine had decided up to which segment, as anybody sees it who listens."""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Sequence

import psycopg

_PATIENCE_SECONDS = 120


class Watch(threading.Thread):
    """Notes what the engine has committed while the block runs. Use as a context manager."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._listening = psycopg.connect(url, autocommit=True, application_name="bench")
        self._listening.execute("listen silkgate_decided")
        # Of its own, because a connection that asks something does not keep what it is notified of meanwhile.
        self._asking = psycopg.connect(url, autocommit=True, application_name="bench")
        self._at: list[float] = []
        self._segments: list[int] = []
        self._news = threading.Condition()
        self._last = False

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._last = True
        self.join()
        self._listening.close()
        self._asking.close()

    def run(self) -> None:
        while not self._last:
            for _ in self._listening.notifies(timeout=0.2, stop_after=1):
                break
            row = self._asking.execute("select segment_id from clearance_enginecursor").fetchone()
            at = time.monotonic()
            with self._news:
                if row and (not self._segments or row[0] > self._segments[-1]):
                    self._at.append(at)
                    self._segments.append(row[0])
                    self._news.notify_all()

    def wait_for(self, segment: int) -> None:
        """Until the engine has decided that segment."""
        with self._news:
            if not self._news.wait_for(lambda: self._segments and self._segments[-1] >= segment, _PATIENCE_SECONDS):
                raise TimeoutError(f"segment {segment} was not decided within {_PATIENCE_SECONDS} s")

    def decided_at(self, segment: int) -> float:
        """Monotonic seconds at which that segment was seen to be decided."""
        return self._at[bisect.bisect_left(self._segments, segment)]


def share(values: Sequence[float], part: float) -> float:
    """The value below which `part` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
