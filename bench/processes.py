"""The processes that are measured: intake and engine, the code of the service fed from a file."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Any, NamedTuple

import psycopg

from bench.clocks import Clocks, on_engine, on_intake
from bench.stream import Stream

MAX_MESSAGE_BYTES = 10 * 2**20
AHEAD_SEGMENTS = 8
"""Intake takes nothing more while so many segments wait for the engine, as the service's own limit of backlog does."""
_PAUSE_SECONDS = 0.005


class Signals(NamedTuple):
    """How the processes of a run and its conductor talk."""

    ready: Queue[str]
    go: Event
    """The clock starts."""
    taken: Queue[int]
    """From each intake process: the last segment that it stored."""
    decided: Any
    """Shared number: the last segment that the engine has decided."""
    leave: Event
    """Processor time has been read; go."""
    clocks: Queue[dict[str, float]]


def _now() -> datetime:
    return datetime.now(UTC)


def intake(url: str, stream: Stream, next_request: Any, signals: Signals, clocked: bool) -> None:
    """Take in requests until none is left: read, examine, store in segments; what is stored is durable."""
    from silkgate.exchange import inbox, receiver
    from silkgate.exchange import intake as stages
    from silkgate.identity.api import CertificateDirectory

    clocks = Clocks()
    if clocked:
        on_intake(clocks)
    with psycopg.connect(url, autocommit=True, application_name="bench intake") as connection:
        certificates = CertificateDirectory(connection.cursor, _now)
        certificates("")
        signals.ready.put("intake")
        signals.go.wait()
        last = 0
        while True:
            with next_request.get_lock():
                number = next_request.value
                next_request.value += 1
            if number >= stream.requests:
                break
            examined = [
                stages.examine(raw, certificates, max_message_bytes=MAX_MESSAGE_BYTES, channel="http")
                for raw in stream.request(number)
            ]
            for piece in receiver.pieces(examined):
                last = inbox.store(connection, piece, _now())[-1] // inbox.MESSAGES_PER_SEGMENT
            while last - signals.decided.value > AHEAD_SEGMENTS:
                time.sleep(_PAUSE_SECONDS)
        signals.taken.put(last)
        signals.leave.wait()
        signals.clocks.put(dict(clocks.seconds))


def engine(url: str, signals: Signals, clocked: bool) -> None:
    """The engine as `silkgate worker` runs it, until told to leave."""
    from silkgate.site.application import set_up

    set_up()
    from silkgate.clearance.api import run_engine
    from silkgate.tariff import api as tariff

    clocks = Clocks()
    if clocked:
        on_engine(clocks)
    tariff.cards()
    stop = threading.Event()
    working = threading.Thread(
        target=run_engine, args=(stop, lambda: psycopg.connect(url, application_name="bench engine"))
    )
    working.start()
    signals.ready.put("engine")
    signals.leave.wait()
    stop.set()
    working.join()
    signals.clocks.put(dict(clocks.seconds))
