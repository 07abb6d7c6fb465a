"""The web server: uvicorn as we run it, and the port it listens on."""

from __future__ import annotations

import asyncio
import os
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from silkgate.site.problem import Problem

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8600
_PORTS_TRIED = 20
_MAX_CONNECTIONS = 512
_HEADER_SECONDS = 20
_LAST_REQUEST_SECONDS = 3
"""How long a connection that has asked for nothing yet may still do so when the server is ending."""


class HeaderDeadlineProtocol(H11Protocol):
    """HTTP/1.1 that gives a request's headers 20 seconds; uvicorn alone would wait for them for ever.

    When the server ends, uvicorn closes every connection on which no answer is under way, so also those whose first
    request is still on its way: these are answered too, that nobody is turned away by a restart.
    """

    _deadline: asyncio.TimerHandle | None = None
    _leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Stop the clock once the headers are whole; start it with the first byte of the next request."""
        super().data_received(data)
        if self._leaving and self.cycle is not None:
            self.cycle.keep_alive = False
        self._watch()

    def shutdown(self) -> None:
        """The server ends: answer what was asked, and who is about to ask for the first time; then close."""
        if self.cycle is None:
            self._leaving = True
            self.loop.call_later(_LAST_REQUEST_SECONDS, self._close_if_waiting)
        else:
            super().shutdown()

    def _watch(self) -> None:
        waiting = self.cycle is None or self.cycle.response_complete
        if waiting and self._deadline is None:
            self._deadline = self.loop.call_later(_HEADER_SECONDS, self._close_if_waiting)
        elif not waiting and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close_if_waiting(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def server() -> uvicorn.Server:
    """The site's server; run it with the sockets that it shall listen on."""
    from silkgate.site.asgi import application

    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=HeaderDeadlineProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_graceful_shutdown=5,
        )
    )


def processes() -> int:
    """How many web processes share the port: one a core, at most two; `SILKGATE_WEB_PROCESSES` overrides."""
    named = os.environ.get("SILKGATE_WEB_PROCESSES", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    return min(2, os.cpu_count() or 1)


def listen(host: str, port: int | None) -> socket.socket:
    """A socket listening on `port`, or without one on the first free port from 8600. Raises Problem."""
    if port is not None:
        found = _bound(host, port)
        if found is None:
            raise Problem(
                f"端口{host}:{port}已被占用或不可用。请换一个端口，或停止占用它的程序。",
                f"Port {host}:{port} is taken or cannot be used. Choose another one or stop the program that has it.",
            )
        return found
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
        found = _bound(host, candidate)
        if found is not None:
            return found
    last = DEFAULT_PORT + _PORTS_TRIED - 1
    raise Problem(
        f"{host}的端口{DEFAULT_PORT}至{last}都被占用。请用--port指定一个空闲端口。",
        f"The ports {DEFAULT_PORT} to {last} of {host} are all taken. Name a free one with --port.",
    )


def address(listening: socket.socket) -> str:
    """What to type into a browser."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def _bound(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError:
        return None
