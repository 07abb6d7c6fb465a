"""Firms that send over HTTP and by folder until all is acknowledged, some of it twice, out of order, or cut off."""

from __future__ import annotations

import http.client
import io
import json
import queue
import socket
import struct
import threading
import time
import zipfile
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from random import Random
from typing import NamedTuple

from torture.service import PATIENCE_SECONDS, Service

XML, NETSTRINGS, ZIP = "application/xml", "application/vnd.silkgate.netstrings", "application/zip"
FOLDER, FOLDER_ZIP = "folder", "folder zip"
WAYS = (XML, XML, NETSTRINGS, ZIP, FOLDER, FOLDER, FOLDER_ZIP)
"""How a sending goes, each as often as it stands here."""
SINGLE = (XML, FOLDER)
CUT_IN_REQUEST, CUT_BEFORE_ANSWER = "connection cut within the request", "connection cut before the answer"
_REFUSALS = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
_TWICE, _LATER = 0.05, 0.05
"""Share of sendings that are sent again, and that are held back until others have passed them."""
_OVERTAKEN_BY = 4
_LARGE_BYTES = 100_000
_AT_ONCE_SECONDS = 0.05
_RESET = struct.pack("ii", 1, 0)


class Sending(NamedTuple):
    """Messages that go together."""

    number: int
    way: str
    raws: Sequence[bytes]

    def body(self) -> bytes:
        """As it goes over the wire or into a file."""
        if self.way in SINGLE:
            return self.raws[0]
        if self.way == NETSTRINGS:
            return b"".join([b"%d:%s," % (len(raw), raw) for raw in self.raws])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number, raw in enumerate(self.raws):
                # The same document a hundred times would be packed so tightly that the archive is refused as a bomb.
                packing = zipfile.ZIP_DEFLATED if len(raw) < _LARGE_BYTES else zipfile.ZIP_STORED
                archive.writestr(f"{number:04d}.xml", raw, packing)
        return packed.getvalue()


class Acknowledged(NamedTuple):
    """A message that the service said it has."""

    name: str
    raw: bytes
    at: float
    """Monotonic seconds."""

    @property
    def number(self) -> int:
        """Its place in the recorded order."""
        return int(self.name.partition("-")[0])


class Senders:
    """Threads that send what is put to them. Use as a context manager: the end waits until all is taken."""

    def __init__(self, service: Service, count: int, random: Random) -> None:
        self._service = service
        self._work: queue.Queue[Sending | None] = queue.Queue(maxsize=2 * count)
        self._threads = [
            threading.Thread(target=self._send_all, args=(Random(random.random()),), daemon=True) for _ in range(count)
        ]
        self.cuts: deque[str] = deque()
        """Connections that shall be cut next."""
        self.acknowledged: list[Acknowledged] = []
        self.dropped: dict[str, Sending] = {}
        """By name of the file."""
        self.told: Counter[str] = Counter()
        """Answers other than the acknowledgement: status and code."""
        self.wrong: list[str] = []
        """Answers that nobody should get."""
        self.twice = self.later = 0
        self.failures: list[BaseException] = []

    def __enter__(self) -> Senders:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        for _ in self._threads:
            self.put(None)
        for thread in self._threads if kind is None and not self.failures else []:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def put(self, sending: Sending | None) -> None:
        """Have it sent; waits for a sender that is free."""
        while not self.failures:
            with suppress(queue.Full):
                self._work.put(sending, timeout=1)
                return

    def _send_all(self, random: Random) -> None:
        held: deque[tuple[int, Sending]] = deque()
        count = 0
        try:
            while (sending := self._work.get()) is not None:
                count += 1
                if random.random() < _LATER:
                    held.append((count + _OVERTAKEN_BY, sending))
                    self.later += 1
                else:
                    self._send(sending, random)
                while held and held[0][0] <= count:
                    self._send(held.popleft()[1], random)
            for _, sending in held:
                self._send(sending, random)
        except BaseException as error:
            self.failures.append(error)
            raise

    def _send(self, sending: Sending, random: Random) -> None:
        if sending.way in (FOLDER, FOLDER_ZIP):
            self._drop(sending)
            return
        body = sending.body()
        with suppress(IndexError):
            self._cut(self.cuts.popleft(), sending.way, body)
        self._post(sending, body)
        if random.random() < _TWICE:
            self.twice += 1
            self._post(sending, body)

    def _drop(self, sending: Sending) -> None:
        name = f"{sending.number:06d}.{'zip' if sending.way == FOLDER_ZIP else 'xml'}"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self._service.drop(name, sending.body())
            except OSError:  # the disk is full: the firm tries again, as it would with its own
                if time.monotonic() > deadline:
                    raise
                time.sleep(_AT_ONCE_SECONDS)
            else:
                self.dropped[name] = sending
                return

    def _post(self, sending: Sending, body: bytes) -> None:
        """Until it is acknowledged."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        told = ""
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(*self._service.address, timeout=20)
            try:
                connection.request("POST", "/api/v1/messages", body, {"Content-Type": sending.way})
                answer = connection.getresponse()
                data = answer.read()
                if answer.status == HTTPStatus.ACCEPTED:
                    names = [str(taken["id"]) for taken in json.loads(data)["messages"]]
                    at = time.monotonic()
                    self.acknowledged += [
                        Acknowledged(name, raw, at) for name, raw in zip(names, sending.raws, strict=True)
                    ]
                    return
                told = self._refused(answer, data)
            except (OSError, http.client.HTTPException) as error:
                told = repr(error)
            finally:
                connection.close()
            time.sleep(_AT_ONCE_SECONDS)
        raise AssertionError(f"not acknowledged within {PATIENCE_SECONDS} s: {told}; {self._service.last_words()}")

    def _refused(self, answer: http.client.HTTPResponse, data: bytes) -> str:
        """Note an answer that is no acknowledgement: it says what is the matter, and when to come again."""
        code = ""
        with suppress(ValueError, AttributeError):
            code = json.loads(data).get("code", "")
        told = f"{answer.status} {code}"
        self.told[told] += 1
        if answer.status not in _REFUSALS or not code or not (answer.headers["Retry-After"] or "").isdigit():
            self.wrong.append(f"{told}: {data[:300]!r}, Retry-After {answer.headers['Retry-After']!r}")
        return told

    def _cut(self, where: str, way: str, body: bytes) -> None:
        """Begin to send, and tear the connection."""
        head = (
            "POST /api/v1/messages HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {way}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        with suppress(OSError), socket.create_connection(self._service.address, timeout=5) as cut:
            if where == CUT_IN_REQUEST:
                cut.sendall(head + body[: len(body) // 2])
            else:
                cut.sendall(head + body)
            cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
