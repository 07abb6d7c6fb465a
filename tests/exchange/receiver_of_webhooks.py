"""A receiver of webhooks over a real socket, which can be told how to behave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Receiver:
    """Keeps what it gets. `behave` is asked before each answer and may do anything with the handler."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.got: list[Got] = []
        self.behave: Callable[[BaseHTTPRequestHandler], int | None] = lambda handler: 204

    def answers(self, *statuses: int) -> None:
        """Answer with these, one after the other, and with the last of them from then on."""
        left = list(statuses)
        self.behave = lambda handler: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """On loopback, for the time of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status = made.behave(self)
            if status is not None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if 300 <= status < 400:
                    self.send_header("Location", f"{made.url}/elsewhere")
                self.end_headers()

        def log_message(self, *given: object) -> None:
            """Nothing on the terminal of a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    # How often it looks whether it is to end: half a second, its own choice, passes in every test.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
