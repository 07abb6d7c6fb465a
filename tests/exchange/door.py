"""The HTTP door as a sender's program uses it."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

MESSAGES = "/api/v1/messages"
BOUNDARY = "a-line-that-no-message-holds"


class Answer(NamedTuple):
    """An answer over HTTP."""

    status: int
    kind: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def taken(self) -> list[dict[str, Any]]:
        """What was acknowledged."""
        assert self.status == http.client.ACCEPTED, (self.status, self.body[:500])
        return list(self.json()["messages"])

    def problem(self) -> str:
        """The code of an error that is told in both languages."""
        told = self.json()
        assert self.kind == "application/problem+json"
        assert told["status"] == self.status
        assert told["title"]
        assert told["title_zh"]
        return str(told["code"])


class Door:
    """Talks to the site at `address` over a new connection each time, so any number of threads may use it."""

    def __init__(self, address: str) -> None:
        url = urlsplit(address)
        self.host, self.port = url.hostname or "", url.port

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers.get_content_type(), answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, body: bytes, kind: str = "application/xml") -> Answer:
        return self.ask("POST", MESSAGES, body, kind)

    def post_parts(self, parts: Iterable[bytes]) -> Answer:
        """Several files as multipart/form-data."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="m"; filename="f"\r\n\r\n'.encode()
        body = b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
        return self.post(body, f"multipart/form-data; boundary={BOUNDARY}")

    def receipts(self, message: dict[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
        """Whether a message was decided, and its receipts."""
        answer = self.get(message["receipts"])
        assert answer.status == http.client.OK
        told = answer.json()
        return told["decided"], told["receipts"]


def zipped(members: Iterable[tuple[str, bytes]]) -> bytes:
    """An ordinary archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return made.getvalue()
