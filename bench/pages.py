"""People who look at pages while declarations are cleared."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus

from bench.service import Service, get

PAGES = ("/", "/messages", "/declarations", "/rules", "/search?q=41019600P1")
PER_SECOND = 10
_THREADS = 4


class Readers:
    """Ask for pages at a steady pace while the block runs. Use as a context manager."""

    def __init__(self, running: Service) -> None:
        self._running = running
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=(number,), daemon=True) for number in range(_THREADS)]
        self.seconds: list[float] = []
        """Of each page, from asking to the last byte."""
        self.failed: list[tuple[str, int]] = []

    def __enter__(self) -> Readers:
        self._begin = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def stop_after(self, seconds: float) -> None:
        """Let them read so long."""
        self._stop.wait(seconds)

    def _read(self, number: int) -> None:
        while not self._stop.is_set():
            due = self._begin + number / PER_SECOND
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            path = PAGES[number % len(PAGES)]
            start = time.monotonic()
            status = get(self._running, path)
            self.seconds.append(time.monotonic() - start)
            if status != HTTPStatus.OK:
                self.failed.append((path, status))
            number += _THREADS
