"""Request bodies are bounded before anything reads them. Seen from a socket."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
import uvicorn

from silkgate.site.bodyguard import BodyGuard

LIMIT_BYTES = 100_000
LIMIT_SECONDS = 0.5


class Answer(NamedTuple):
    status: int
    headers: str
    body: bytes


class Site:
    """A guarded application that answers with the length of the body it was given, and counts the bodies."""

    def __init__(self) -> None:
        self.bodies = 0
        self.port = 0

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        self.bodies += 1
        body = str(length).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, *pieces: bytes) -> Answer:
        with self.open() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), head.decode().lower(), body)


def post(*headers: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]).encode()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    made = Site()
    guarded = BodyGuard(
        made.application, max_body_bytes=LIMIT_BYTES, max_body_seconds=LIMIT_SECONDS, max_bytes_at_once=8 * LIMIT_BYTES
    )
    listening = socket.create_server(("127.0.0.1", 0))
    made.port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(guarded, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield made
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.mark.parametrize("length", [0, 1, LIMIT_BYTES])
def test_a_body_up_to_the_limit_passes(site: Site, length: int) -> None:
    answer = site.ask(post(f"Content-Length: {length}"), b"x" * length)
    assert (answer.status, answer.body) == (200, str(length).encode())


def test_a_chunked_body_passes(site: Site) -> None:
    chunks = b"5\r\nhello\r\n" + b"3\r\nyou\r\n" + b"0\r\n\r\n"
    answer = site.ask(post("Transfer-Encoding: chunked"), chunks)
    assert (answer.status, answer.body) == (200, b"8")


@pytest.mark.parametrize(
    ("request_pieces", "status"),
    [
        pytest.param(
            [post(f"Content-Length: {LIMIT_BYTES + 1}"), b"x" * (LIMIT_BYTES + 1)], 413, id="stated too large"
        ),
        pytest.param([post("Content-Length: 999999999999999999")], 413, id="absurdly large"),
        pytest.param(
            [post("Transfer-Encoding: chunked"), b"1adb0\r\n" + b"x" * 0x1ADB0 + b"\r\n0\r\n\r\n"],
            413,
            id="chunked, found too large",
        ),
        pytest.param([post("Content-Length: 10"), b"x"], 408, id="rest never comes"),
        pytest.param([post("Transfer-Encoding: chunked"), b"5\r\nhel"], 408, id="chunk never ends"),
    ],
)
def test_what_is_refused_says_why_in_both_languages(site: Site, request_pieces: list[bytes], status: int) -> None:
    before = site.bodies
    answer = site.ask(*request_pieces)
    assert answer.status == status
    assert "application/problem+json" in answer.headers
    problem = json.loads(answer.body)
    assert problem["status"] == status
    assert not problem["detail_zh"].isascii()
    assert problem["detail"].isascii()
    assert site.bodies == before


def test_one_byte_at_a_time_ends_at_the_limit_of_the_whole_body(site: Site) -> None:
    with site.open() as connection:
        connection.sendall(post("Content-Length: 1000"))
        connection.settimeout(0.05)
        received = b""
        for _ in range(200):
            try:
                connection.sendall(b"x")
                received = connection.recv(65536)
                break
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("length", ["abc", "-1", "1, 2", "+5", "１"])
def test_a_length_that_is_no_number_is_refused(site: Site, length: str) -> None:
    before = site.bodies
    # No body is sent: unread bytes would make the server's close a reset, which may overtake the answer.
    assert site.ask(post(f"Content-Length: {length}"), b"").status == 400
    assert site.bodies == before


def test_a_client_that_leaves_in_the_middle_has_no_effect(site: Site) -> None:
    before = site.bodies
    with site.open() as connection:
        connection.sendall(post("Content-Length: 10") + b"half")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)
    assert site.bodies == before


def test_more_than_was_stated_is_not_part_of_the_body(site: Site) -> None:
    answer = site.ask(post("Content-Length: 4"), b"wordand more")
    assert (answer.status, answer.body) == (200, b"4")


# --- Many at once --------------------------------------------------------------------------------------------------


class Request:
    """One request whose body arrives when it is told to, driven by hand through a guard."""

    def __init__(self, guard: BodyGuard) -> None:
        self.sent: list[dict[str, Any]] = []
        self._pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task = asyncio.ensure_future(guard({"type": "http", "headers": []}, self._pieces.get, self._send))

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    async def arrive(self, size_bytes: int, *, more: bool = True) -> None:
        """A piece of the body; returns when the guard has had its turn."""
        await self._pieces.put({"type": "http.request", "body": b"x" * size_bytes, "more_body": more})
        while not self._pieces.empty():
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def status(self) -> int:
        """Of the answer."""
        await self._task
        return self.sent[0]["status"]


def guarding(max_bytes_at_once: int) -> BodyGuard:
    return BodyGuard(
        Site().application, max_body_bytes=LIMIT_BYTES, max_body_seconds=60, max_bytes_at_once=max_bytes_at_once
    )


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Plays a scene in a thread of its own: a browser test of the same process keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scene()).result()


def test_bodies_together_have_a_limit_and_room_comes_back() -> None:
    async def scene() -> None:
        guard = guarding(100)
        first, second, third = Request(guard), Request(guard), Request(guard)
        await first.arrive(60)
        await second.arrive(40)
        await third.arrive(1, more=False)
        assert await third.status() == 503
        headers = dict(third.sent[0]["headers"])
        assert int(headers[b"retry-after"]) > 0
        problem = json.loads(third.sent[1]["body"])
        assert problem["status"] == 503
        assert not problem["detail_zh"].isascii()
        assert problem["detail"].isascii()
        # Those that were let in are served, and then there is room for others.
        await first.arrive(0, more=False)
        assert await first.status() == 200
        again = Request(guard)
        await again.arrive(60, more=False)
        assert await again.status() == 200
        await second.arrive(0, more=False)
        assert await second.status() == 200
        assert guard.bytes_now == 0

    play(scene)


def test_a_request_alone_is_not_refused_for_its_size() -> None:
    async def scene() -> None:
        guard = guarding(10)
        alone = Request(guard)
        await alone.arrive(8)
        await alone.arrive(8, more=False)
        assert await alone.status() == 200
        assert guard.bytes_now == 0

    play(scene)
