"""What the machine asks for at least: the same bytes recognised once, the same rows copied once, nothing else."""

from __future__ import annotations

import time
from typing import NamedTuple

import psycopg
from psycopg import sql

from bench import machine
from bench.stream import Stream

TABLES = (
    "exchange_segment",
    "exchange_message",
    "exchange_answer",
    "exchange_receipt",
    "exchange_receiptsegment",
    "clearance_order",
    "clearance_payment",
    "clearance_waybill",
    "clearance_declaration",
    "ledger_account",
    "ledger_transfer",
    "journal_event",
)
"""Every table that grows with the declarations."""


class Floor(NamedTuple):
    """Processor microseconds for one declaration."""

    recognise_us: float
    copy_us: float

    @property
    def total_us(self) -> float:
        return self.recognise_us + self.copy_us


def floor(url: str, stream: Stream) -> Floor:
    """Measured on the stream and on the rows that a run of it has left in the database at `url`."""
    return Floor(_recognise(stream), _copy(url) / stream.parcels * 1e6)


def _recognise(stream: Stream, at_most_requests: int = 12) -> float:
    """The recogniser alone over a part of the requests from all over the stream, on one core."""
    from silkgate.exchange.documents import WANTED
    from silkgate.standards.ceb.recognise import Recogniser

    recogniser = Recogniser(WANTED)
    step = max(1, stream.requests // at_most_requests)
    size, seconds = 0, 0.0
    for number in range(0, stream.requests, step):
        raws = stream.request(number)
        start = time.process_time()
        for raw in raws:
            recogniser.recognise(raw)
        seconds += time.process_time() - start
        size += sum(map(len, raws))
    return seconds / size * stream.expected.size_bytes / stream.parcels * 1e6


def _copy(url: str) -> float:
    """Seconds of processor time, client and server, to copy every row once into tables without an index."""
    used = 0.0
    with psycopg.connect(url, autocommit=True) as source, psycopg.connect(url, autocommit=True) as target:
        backend = target.info.backend_pid
        for name in TABLES:
            table, copy = sql.Identifier(name), sql.Identifier("bench_floor")
            target.execute(sql.SQL("drop table if exists {}").format(copy))
            target.execute(sql.SQL("create table {} (like {} including storage)").format(copy, table))
            before, server = time.thread_time(), machine.cpu_of(backend).own
            reading = 0.0
            with (
                target.cursor() as cursor,
                source.cursor() as rows,
                cursor.copy(sql.SQL("copy {} from stdin (format binary)").format(copy)) as into,
                rows.copy(sql.SQL("copy {} to stdout (format binary)").format(table)) as out,
            ):
                start = time.thread_time()
                while data := out.read():
                    reading += time.thread_time() - start
                    into.write(data)
                    start = time.thread_time()
                reading += time.thread_time() - start
            used += time.thread_time() - before - reading + machine.cpu_of(backend).own - server
    return used
