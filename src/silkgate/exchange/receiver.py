"""Receiving: stages of intake, then one commit for all that arrived meanwhile, then the acknowledgement."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from django.conf import settings
from django.db import connection as django_connection

from silkgate.exchange import inbox, intake
from silkgate.exchange.backlog import Backlog, charge
from silkgate.exchange.domain import MESSAGES_PER_SEGMENT, Received
from silkgate.identity.api import CertificateDirectory

DOCUMENTS_PER_SEGMENT = 8_000
BYTES_PER_SEGMENT = 32 * 2**20


def now() -> datetime:
    """The time of receipt. One of the few places where Silkgate asks what time it is."""
    return datetime.now(UTC)


def max_message_bytes() -> int:
    """Size limit of one message, from the installation's settings."""
    return int(settings.MAX_MESSAGE_BYTES)


def connect() -> psycopg.Connection:
    """A connection of our own to the database that Django uses."""
    parameters = django_connection.get_connection_params()
    return psycopg.connect(
        **{name: value for name, value in parameters.items() if name not in ("cursor_factory", "context")},
        autocommit=True,
    )


def pieces(received: Iterable[Received]) -> Iterable[list[Received]]:
    """`received` in segments of bounded size, in order."""
    piece: list[Received] = []
    documents = size = 0
    for item in received:
        if piece and (
            len(piece) == MESSAGES_PER_SEGMENT
            or documents + item.found.document_count > DOCUMENTS_PER_SEGMENT
            or size + len(item.raw) > BYTES_PER_SEGMENT
        ):
            yield piece
            piece, documents, size = [], 0, 0
        piece.append(item)
        documents += item.found.document_count
        size += len(item.raw)
    if piece:
        yield piece


class Receiver:
    """Takes messages in, from any number of threads. Bytes are examined in the caller's thread; one thread commits.

    Whatever arrives while a commit is under way goes into the next one together: the more arrives, the cheaper it is.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection] = connect) -> None:
        self._connect = connect
        self.backlog = Backlog(connect)
        self._certificates = CertificateDirectory(self._cursor, now)
        self._waiting: queue.SimpleQueue[tuple[list[Received], Future[list[int]]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._commit_all, name="inbox-commit", daemon=True)
        self._thread.start()

    def examine(self, raw: bytes, channel: str) -> Received:
        """The stages of intake over one message, with no effect."""
        return intake.examine(raw, self._certificates, max_message_bytes=max_message_bytes(), channel=channel)

    @contextmanager
    def _cursor(self) -> Iterator[psycopg.Cursor]:
        """A cursor on a connection of its own: a lost connection does not outlive one look."""
        with self._connect() as connection, connection.cursor() as cursor:
            yield cursor

    def keep(self, received: list[Received]) -> list[int]:
        """Keep examined messages; their numbers, once durable. Raises what the database says, keeping nothing."""
        future: Future[list[int]] = Future()
        self._waiting.put((received, future))
        return future.result()

    def admit(self, raws: Iterable[bytes], channel: str, origin: str) -> tuple[list[Received], list[int]]:
        """Examine and keep messages in their order, all of them or none; with their numbers, once durable.

        `origin` is the address that they came from. Raises backlog.Refused where a sender has no room for its
        messages; its room is looked at whenever its documents have doubled, because what is refused shall cost little.
        """
        received: list[Received] = []
        charges: list[tuple[str, int]] = []
        counted: dict[str, int] = {}
        looked: dict[str, int] = {}
        for raw in raws:
            item = self.examine(raw, channel)
            account, documents = charged = charge(item, origin)
            counted[account] = total = counted.get(account, 0) + documents
            if total > 2 * looked.get(account, 0):
                looked[account] = total
                self.backlog.check(account, total)
            received.append(item)
            charges.append(charged)
        with self.backlog.place() as place:
            place.take(charges)
            numbers = self.keep(received)
            place.kept(numbers)
        return received, numbers

    def close(self) -> None:
        """Commit what waits, then let go."""
        self._waiting.put(None)
        self._thread.join()
        self.backlog.close()

    def _commit_all(self) -> None:
        connection: psycopg.Connection | None = None
        while True:
            work = [self._waiting.get()]
            while not self._waiting.empty() and len(work) < MESSAGES_PER_SEGMENT:
                work.append(self._waiting.get())
            requests = [item for item in work if item is not None]
            if requests:
                try:
                    if connection is None or connection.closed:
                        connection = self._connect()
                    self._commit(connection, requests)
                except Exception as error:
                    for _, future in requests:
                        future.set_exception(error)
                    if connection is not None and not isinstance(error, psycopg.DataError):
                        connection.close()
            if len(requests) < len(work):
                if connection is not None:
                    connection.close()
                return

    def _commit(self, connection: psycopg.Connection, requests: list[tuple[list[Received], Future[list[int]]]]) -> None:
        """One transaction for all requests, so that none of them is kept by half."""
        numbers: list[int] = []
        with connection.transaction():
            for piece in pieces(item for received, _ in requests for item in received):
                numbers.extend(inbox.store(connection, piece, now()))
        start = 0
        for received, future in requests:
            future.set_result(numbers[start : start + len(received)])
            start += len(received)


_shared: Receiver | None = None
_shared_lock = threading.Lock()


def shared_receiver() -> Receiver:
    """The receiver of this process."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Receiver()
        return _shared


def forget_shared_receiver() -> None:
    """Close the receiver of this process; the next use makes a new one. For tests and for a change of database."""
    global _shared
    with _shared_lock:
        if _shared is not None:
            _shared.close()
            _shared = None


__all__ = ["Receiver", "connect", "forget_shared_receiver", "max_message_bytes", "now", "pieces", "shared_receiver"]
