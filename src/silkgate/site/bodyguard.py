"""Bounds what request bodies may cost before anything looks into them: size, time to arrive, all of them together.

An ASGI wrapper, because Django reads the whole body before its first middleware runs. A refusal is a problem document
(RFC 9457) in both languages.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from silkgate.kernel.text import Text
from silkgate.ui import problems

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_DRAIN_SECONDS = 2.0
_RETRY_SECONDS = 5

_BAD_LENGTH = Text("Content-Length头无效，应为一个非负整数。", "Content-Length is not one non-negative integer.")
_TOO_LARGE = Text(
    "请求体超过{limit}字节的上限。请把报文分成几个请求发送。",
    "The request body is over the limit of {limit} bytes. Send the messages in several requests.",
)
_TOO_SLOW = Text(
    "请求体未在{limit}秒内完整到达。请重新发送，同一报文重复发送不会重复处理。",
    "The request body did not arrive within {limit} seconds. Send it again; a repeated message has no second effect.",
)
_TOO_MANY = Text(
    "平台正在接收的请求体合计超过{limit}字节，本请求未接收。请在{seconds}秒后重新发送。",
    "The request bodies that are being taken in are over {limit} bytes together; this one was not taken. "
    "Send it again after {seconds} seconds.",
)
_CODES = {400: "request.unreadable", 408: "request.timeout", 413: "request.too_large", 503: "request.unavailable"}


class _Refused(Exception):  # noqa: N818 - travels through Django to the guard, nobody else sees it
    def __init__(self, status: int, detail: Text) -> None:
        super().__init__(detail.en)
        self.status = status
        self.detail = detail


class BodyGuard:
    """Answers 413 past `max_body_bytes`, 408 past `max_body_seconds` for a whole body, 400 for a nonsensical length.

    503 with Retry-After while the bodies of all requests that are not answered yet hold `max_bytes_at_once`: many large
    requests together would otherwise fill the memory.
    """

    def __init__(
        self, application: Application, *, max_body_bytes: int, max_body_seconds: float, max_bytes_at_once: int
    ) -> None:
        self.application = application
        self.max_body_bytes = max_body_bytes
        self.max_body_seconds = max_body_seconds
        self.max_bytes_at_once = max_bytes_at_once
        self.bytes_now = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._guard(scope, receive, send)
        else:
            raise ValueError(f"unsupported connection type {scope['type']}")

    async def _guard(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        started = False

        async def noted_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        body = _Body(self, receive)
        try:
            self._check_length(scope)
            await self.application(scope, body.receive, noted_send)
        except _Refused as refusal:
            if started:
                raise
            if refusal.status in (413, 503):
                await body.drain()
            await _send_problem(send, refusal)
        finally:
            body.release()

    def _check_length(self, scope: MutableMapping[str, Any]) -> None:
        stated = {value for name, value in scope["headers"] if name.lower() == b"content-length"}
        if not stated:
            return
        text = stated.pop()
        if stated or not text.isdigit():
            raise _Refused(400, _BAD_LENGTH)
        if len(text) > 18 or int(text) > self.max_body_bytes:
            raise _too_large(self.max_body_bytes)


class _Body:
    """One request's body on its way in, and until the answer is out."""

    def __init__(self, guard: BodyGuard, receive: Receive) -> None:
        self._guard = guard
        self._receive = receive
        self._max_bytes = guard.max_body_bytes
        self._max_seconds = guard.max_body_seconds
        self._deadline = asyncio.get_running_loop().time() + self._max_seconds
        self._received_bytes = 0
        self._held_bytes = 0
        self._complete = False

    async def receive(self) -> Message:
        """The next message, as ASGI says; raises _Refused where size or time is over."""
        if self._complete:
            # Waiting for the client to hang up is not waiting for its body.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._next()
        except TimeoutError:
            raise _Refused(408, _TOO_SLOW.format(limit=f"{self._max_seconds:g}")) from None
        if self._received_bytes > self._max_bytes:
            raise _too_large(self._max_bytes)
        self._hold(len(message.get("body", b"")))
        return message

    def _hold(self, size_bytes: int) -> None:
        """Count what is kept in memory from now on; a request alone always finds room."""
        guard = self._guard
        limit = guard.max_bytes_at_once
        if guard.bytes_now + size_bytes > limit and guard.bytes_now > self._held_bytes:
            raise _Refused(503, _TOO_MANY.format(limit=limit, seconds=_RETRY_SECONDS))
        guard.bytes_now += size_bytes
        self._held_bytes += size_bytes

    def release(self) -> None:
        """The request is answered: its body is forgotten."""
        self._guard.bytes_now -= self._held_bytes
        self._held_bytes = 0

    async def drain(self) -> None:
        """Read on for a moment: a client that is still sending would lose our answer with the reset connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._complete and self._received_bytes <= 2 * self._max_bytes:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message


def _too_large(max_bytes: int) -> _Refused:
    return _Refused(413, _TOO_LARGE.format(limit=max_bytes))


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    """Django knows no lifespan events; there is nothing to prepare, and servers want to hear so."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _send_problem(send: Send, refusal: _Refused) -> None:
    problem = problems.document(_CODES[refusal.status], refusal.detail)
    body = json.dumps(problem, ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/problem+json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refusal.status == 503:
        headers.append((b"retry-after", str(_RETRY_SECONDS).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
