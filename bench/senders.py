"""Firms' programs: they post the bodies of a stream to the door, and wait when they are told to.

Everything is made and signed before; what they do is hand bytes from a file to a socket and read the answer.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from bench.service import Service
from bench.stream import Stream

_PATH = "/api/v1/messages"
_HEADERS = {"Content-Type": "application/vnd.silkgate.netstrings", "Host": "localhost"}
_PATIENCE_SECONDS = 120
_REFUSED_SECONDS = 0.02
"""After which somebody who does not obey comes back."""


class _Taken(msgspec.Struct):
    id: str


class _Acknowledgement(msgspec.Struct):
    messages: list[_Taken]


class Answer(NamedTuple):
    """What the door said to one request. `retry_after_seconds` is 0 where there is nothing to wait for."""

    status: int
    retry_after_seconds: int
    body: bytes

    def numbers(self) -> list[int]:
        """The numbers under which the messages of the request are kept."""
        told = msgspec.json.decode(self.body, type=_Acknowledgement)
        return [int(taken.id.partition("-")[0]) for taken in told.messages]


class Acknowledged(NamedTuple):
    """A request that was taken: when its answer was read (monotonic seconds), and the numbers of its messages."""

    sent_at: float
    at: float
    answer: Answer


class Senders(threading.Thread):
    """Posts requests of a stream over some connections. `pace` in requests a second; None: as fast as they are taken.

    An open loop with a pace: a request is due when it is due, however long the ones before it take. Who does not obey
    comes back at once when told to wait; `again` begins anew after the last request, until stopped.
    """

    def __init__(
        self, service: Service, stream: Stream, *, connections: int, pace: float | None = None, first: int = 0,
        requests: int | None = None, obeys: bool = True, again: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name="senders", daemon=True)
        self._service, self._stream, self._pace = service, stream, pace
        self._last = stream.requests if requests is None else min(stream.requests, first + requests)
        self._obeys, self._again = obeys, again
        self._next, self._lock = first, threading.Lock()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(connections)]
        self._first = first
        self.acknowledged: list[Acknowledged] = []
        self.refusals = 0
        self.stop = threading.Event()
        self.errors: list[BaseException] = []

    def run(self) -> None:
        self._begin = time.monotonic()
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        try:
            with self._stream.path.open("rb", buffering=0) as file:
                for number in self._numbers():
                    self._post(file, number)
        except BaseException as error:  # told to whoever waits for the senders
            self.errors.append(error)
            self.stop.set()

    def _numbers(self) -> Iterator[int]:
        while not self.stop.is_set():
            with self._lock:
                number = self._next
                self._next += 1
            if number >= self._last and not self._again:
                return
            if self._pace is not None:
                due = self._begin + (number - self._first) / self._pace
                if self.stop.wait(max(0.0, due - time.monotonic())):
                    return
            yield number

    def _post(self, file: object, number: int) -> None:
        place = number % self._stream.requests
        start, end = self._stream.offsets[place], self._stream.offsets[place + 1]
        while not self.stop.is_set():
            sent_at = time.monotonic()
            answer = post(self._service, file, start, end - start)
            if answer.status == HTTPStatus.ACCEPTED:
                self.acknowledged.append(Acknowledged(sent_at, time.monotonic(), answer))
                return
            if answer.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                raise RuntimeError(f"request {number} was answered {answer.status}: {answer.body[:500]!r}")
            self.refusals += 1
            self.stop.wait((answer.retry_after_seconds or 1) if self._obeys else _REFUSED_SECONDS)


def post(service: Service, file: object, offset: int, size_bytes: int) -> Answer:
    """Post a part of an open file over a connection of its own."""
    with _connected(service) as connection:
        connection.putrequest("POST", _PATH, skip_host=True, skip_accept_encoding=True)
        for name, value in (*_HEADERS.items(), ("Content-Length", str(size_bytes))):
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.sock is not None
        with suppress(BrokenPipeError, ConnectionResetError):  # answered before all of it was read
            connection.sock.sendfile(file, offset, size_bytes)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return Answer(answer.status, int(answer.headers.get("Retry-After") or 0), answer.read())


@contextmanager
def _connected(service: Service) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(service.host, service.port, timeout=_PATIENCE_SECONDS)
    try:
        yield connection
    finally:
        connection.close()


__all__ = ["Acknowledged", "Answer", "Senders", "post"]
