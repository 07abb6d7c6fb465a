"""Speaks to clamd, or to whatever speaks as it does: INSTREAM over a Unix socket or TCP.

Protocol: the manual page clamd(8), "COMMANDS": `zINSTREAM\\0`, then chunks, each behind its length (4 bytes,
big-endian), then a length of 0; the answer ends with a zero byte.
"""

from __future__ import annotations

import socket
import struct

SECONDS = 30.0
"""For connecting, and for each answer."""
_CHUNK_BYTES = 64 * 1024
_LONGEST_ANSWER_BYTES = 4_096


class ScannerError(RuntimeError):
    """The scanner answered, but with no verdict."""


def scan(address: str, content: bytes) -> str:
    """What the scanner found in `content`, by its name; empty: nothing.

    `address`: path of a Unix socket, or `host:port`. Raises OSError where nobody answers in time, ScannerError for an
    answer that is no verdict.
    """
    with _connected(address) as connection:
        connection.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), _CHUNK_BYTES):
            chunk = content[start : start + _CHUNK_BYTES]
            connection.sendall(struct.pack(">I", len(chunk)) + chunk)
        connection.sendall(struct.pack(">I", 0))
        answer = _answer(connection)
    words = answer.removeprefix("stream:").strip()
    if words == "OK":
        return ""
    if words.endswith(" FOUND"):
        return words.removesuffix(" FOUND")
    raise ScannerError(words or "no answer")


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SECONDS)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        raise ScannerError(f"{address!r} is neither the path of a socket nor host:port")
    return socket.create_connection((host.strip("[]"), int(port)), SECONDS)


def _answer(connection: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER_BYTES:
        part = connection.recv(_LONGEST_ANSWER_BYTES)
        if not part:
            break
        answer += part
    return answer.split(b"\0")[0].decode("utf-8", "replace").strip()
