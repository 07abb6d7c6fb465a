"""The engine as a process of its own, and a folder of messages cleared from the command line."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import psycopg

from silkgate.clearance.engine.run import Engine, EngineBusyError
from silkgate.exchange import api as exchange

log = logging.getLogger("silkgate.engine")

RETRY_SECONDS = 1.0
FILES_AT_ONCE = 100


def now() -> datetime:
    """The engine's clock in service: one of the few places where Silkgate asks what time it is."""
    return datetime.now(UTC)


def run_engine(stop: threading.Event, connect: Callable[[], psycopg.Connection] = exchange.connect) -> None:
    """Be the engine of this database until `stop`. Waits while another one is; raises what it cannot mend itself."""
    told = False
    while not stop.is_set():
        try:
            with Engine(connect, now, commit_process=True) as engine:
                gc.collect()
                gc.freeze()
                gc.disable()  # the engine's records hold no cycles; the collector would only walk them
                engine.run(stop)
            return
        except EngineBusyError:
            if not told:
                log.warning("另一个引擎正在工作，等待中 / another engine is at work, waiting")
                told = True
            stop.wait(RETRY_SECONDS)


class Cleared(NamedTuple):
    """What came of a folder of messages."""

    messages: int
    documents: int
    outcomes: Counter[str]
    reasons: Counter[str]
    states: Counter[str]
    receipts: int
    seconds: float


def clear_folder(
    folder: Path, receipts: Path, *, progress: Callable[[str, int, int], None], stop: threading.Event | None = None
) -> Cleared:
    """Take in every *.xml of `folder` in the order of their names, wait until all are decided, write their receipts.

    Uses the engine that is at work, or is it itself where there is none. `progress(stage, done, total)` is called with
    the stages take, decide and receipts.
    """
    started = time.monotonic()
    files = sorted(file for file in folder.iterdir() if file.suffix == ".xml" and file.is_file())
    receiver = exchange.Receiver()
    numbers: list[int] = []
    documents = 0
    try:
        for start in range(0, len(files), FILES_AT_ONCE):
            received = [receiver.examine(file.read_bytes(), "cli") for file in files[start : start + FILES_AT_ONCE]]
            documents += sum(item.found.document_count for item in received)
            numbers.extend(receiver.keep(received))
            progress("take", len(numbers), len(files))
    finally:
        receiver.close()
    with exchange.connect() as connection:
        _wait_for_answers(connection, numbers, progress, stop or threading.Event())
        answers = exchange.answers_for(connection, numbers)
        written = _write_receipts(connection, numbers, receipts, progress)
        states = _states(connection, numbers)
    return Cleared(
        len(numbers),
        documents,
        Counter(answer.outcome for answer in answers.values()),
        Counter(reason for answer in answers.values() for reason in answer.reasons.split(";") if reason),
        states,
        written,
        time.monotonic() - started,
    )


def _wait_for_answers(
    connection: psycopg.Connection, numbers: list[int], progress: Callable[[str, int, int], None], stop: threading.Event
) -> None:
    while not stop.is_set():
        try:
            with Engine(exchange.connect, now) as engine:
                while engine.step():
                    progress("decide", _answered(connection, numbers), len(numbers))
        except EngineBusyError:
            stop.wait(0.1)
        answered = _answered(connection, numbers)
        progress("decide", answered, len(numbers))
        if answered == len(numbers):
            return


def _answered(connection: psycopg.Connection, numbers: list[int]) -> int:
    row = connection.execute("select count(*) from exchange_answer where message_id = any(%s)", (numbers,)).fetchone()
    assert row is not None
    return row[0]


def _write_receipts(
    connection: psycopg.Connection, numbers: Iterable[int], folder: Path, progress: Callable[[str, int, int], None]
) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    listed = list(numbers)
    written = 0
    for done, number in enumerate(listed, 1):
        for receipt in exchange.receipts_of(connection, number):
            (folder / f"{receipt.id:012d}-{receipt.kind}.xml").write_bytes(receipt.body)
            written += 1
        progress("receipts", done, len(listed))
    return written


def _states(connection: psycopg.Connection, numbers: list[int]) -> Counter[str]:
    rows = connection.execute(
        "select state, count(*) from clearance_declaration where message_id = any(%s) and current group by state",
        (numbers,),
    ).fetchall()
    return Counter(dict(rows))
