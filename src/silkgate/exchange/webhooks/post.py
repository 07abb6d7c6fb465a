"""One call of a webhook: to the address that was checked, no redirects, with limits of time and size."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import NamedTuple

from silkgate.exchange.webhooks.guard import AddressRefusedError, Target, target

CALL_SECONDS = 10.0
"""For all of it: connection, request, answer."""


class Outcome(NamedTuple):
    """What came of a call."""

    status: int | None
    """None: there was no answer."""
    reason: str
    """Empty where it arrived."""

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _Pinned(http.client.HTTPConnection):
    """To an address that was checked, whatever its name means by now."""

    def __init__(self, to: Target, seconds: float, context: ssl.SSLContext | None) -> None:
        super().__init__(to.host, to.port, timeout=seconds)
        self._to, self._context = to, context

    def connect(self) -> None:
        """Open the connection, with TLS where there is a context."""
        plain = socket.create_connection((self._to.address, self._to.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self._to.host) if self._context else plain


def call(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float = CALL_SECONDS,
    context: ssl.SSLContext | None = None,
) -> Outcome:
    """POST `body` to `url`. `context`: other certificates than the system's to trust, for https."""
    try:
        to = target(url)
    except AddressRefusedError as error:
        return Outcome(None, str(error))
    connection = _Pinned(to, seconds, (context or ssl.create_default_context()) if to.https else None)
    # A server that sends a byte now and then would keep each single read within its time.
    over = threading.Event()
    end = threading.Timer(seconds, _cut, [connection, over])
    end.start()
    try:
        connection.request("POST", to.path, body, dict(headers))
        # Only the status counts: nothing of the answer's body is read.
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        late = over.is_set() or isinstance(error, TimeoutError)
        return _late(seconds) if late else Outcome(None, f"{type(error).__name__}: {error}"[:200])
    finally:
        end.cancel()
        connection.close()
    if over.is_set():
        # The status had come, its end had not: a connection that is cut looks like an end.
        return _late(seconds)
    return Outcome(status, "" if 200 <= status < 300 else f"HTTP {status}")


def _late(seconds: float) -> Outcome:
    return Outcome(None, f"no answer within {seconds:g} s")


def _cut(connection: _Pinned, over: threading.Event) -> None:
    over.set()
    opened = connection.sock
    if opened is not None:
        try:
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself
