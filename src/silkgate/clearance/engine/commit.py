"""Decided batches are committed beside the engine: in a thread of it, or in a process of its own.

The process takes the writing of receipts and rows off the engine, which is the one part of the service that cannot be
multiplied. What it is sent is a batch as plain rows; what it answers is that the batch is durable. When the engine is
gone it finishes the batch that it has and leaves.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Protocol

import psycopg
from psycopg.conninfo import make_conninfo

from silkgate.clearance.engine.claim import write_for
from silkgate.clearance.engine.persist import BatchRows, decode_batch, encode_batch, write
from silkgate.kernel.memory import give_back_memory

_LENGTH = struct.Struct("<Q")
_DONE = b""


class CommitError(Exception):
    """A batch could not be written: the engine is ahead of the database and has to start again from it."""


class Committer(Protocol):
    """Where an engine hands its batches to."""

    def start(self, batch: BatchRows) -> None:
        """Begin to write a batch; the one before it must have been waited for."""

    def wait(self) -> None:
        """Until the batch that was begun is durable. Raises what went wrong."""

    def close(self) -> None:
        """Wait for nothing more, and leave."""


def prepare(connection: psycopg.Connection) -> psycopg.Connection:
    """A session of the engine: its statements look up single keys, whatever the planner knows of the tables."""
    connection.autocommit = True
    for method in ("seqscan", "hashjoin", "mergejoin"):
        connection.execute(f"set enable_{method} = off")
    return connection


class CommitThread:
    """Writes in a thread of this process."""

    def __init__(self, connect: Callable[[], psycopg.Connection], epoch: int) -> None:
        self._connection = _writer(connect(), epoch)
        self._thread = ThreadPoolExecutor(1, "engine-commit")
        self._in_flight: Future[None] | None = None

    def start(self, batch: BatchRows) -> None:
        self._in_flight = self._thread.submit(write, self._connection, batch)

    def wait(self) -> None:
        if self._in_flight is not None:
            in_flight, self._in_flight = self._in_flight, None
            in_flight.result()

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._connection.close()


class CommitProcess:
    """Writes in a process of its own, over a connection of its own to the same database as `like`."""

    def __init__(self, like: psycopg.Connection, epoch: int) -> None:
        words = like.info.get_parameters() | {"password": like.info.password, "application_name": "silkgate commit"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._waiting = False
        self._ask(f"{epoch} {make_conninfo('', **words)}".encode())
        self.wait()

    def start(self, batch: BatchRows) -> None:
        self._ask(encode_batch(batch))

    def wait(self) -> None:
        if self._waiting:
            self._waiting = False
            answer = _receive(self._from)
            if answer is None:
                raise CommitError(f"the process that commits has ended ({self._process.wait()})")
            if answer != _DONE:
                raise CommitError(answer.decode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._to.close()
        self._process.wait()
        self._from.close()

    def _ask(self, data: bytes) -> None:
        self._waiting = True
        try:
            _send(self._to, data)
        except BrokenPipeError as error:
            raise CommitError(f"the process that commits has ended ({self._process.wait()})") from error


def _writer(connection: psycopg.Connection, epoch: int) -> psycopg.Connection:
    write_for(prepare(connection), epoch)
    return connection


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next piece; None where the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Be the process that commits: first come the lease and the address of the database, then batch after batch."""
    first = _receive(requests)
    if first is None:
        return
    epoch, _, address = first.decode().partition(" ")
    try:
        connection = _writer(psycopg.connect(address), int(epoch))
        _send(answers, _DONE)
        while (data := _receive(requests)) is not None:
            write(connection, decode_batch(data))
            _send(answers, _DONE)
    except Exception as error:
        _send(answers, f"{type(error).__name__}: {error}".encode())
        raise
    connection.close()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the engine decides when to end
    gc.disable()  # rows hold no cycles
    give_back_memory()
    with contextlib.suppress(BrokenPipeError):
        serve(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))


if __name__ == "__main__":
    main()
