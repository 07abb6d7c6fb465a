"""`python -m bench.fairness`: what a flood of one sender costs another one, with shares and without, in one run.

One sends orders that nothing matches, as fast as they can be stored, and does not wait when it is told to. Another
sends the four messages of a parcel every 100 ms. What counts is its time from sending to the answer of the engine.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psycopg
from rich.console import Console
from rich.table import Table

from bench import processes
from bench.__main__ import loaded, server
from bench.processes import Signals
from silkgate.site.traffic.messages import message, messages, new_guid
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

EVERY_SECONDS = 0.1
PER_MESSAGE, PER_REQUEST = 100, 10
"""Of the flood: documents a message, messages a request."""
REFUSED_SECONDS = 0.01
_PATIENCE_SECONDS = 120


class Scene(NamedTuple):
    """What is tried. `max_backlog_documents` None: no shares; `floods`: whether there is a flood at all."""

    name: str
    floods: bool
    max_backlog_documents: int | None


class Seen(NamedTuple):
    """What came of it. One entry for each parcel of the other sender."""

    seconds: list[float]
    documents_ahead: list[int]
    flood_documents: int
    refusals: int


class Traffic(NamedTuple):
    """What is sent, made before any clock starts; the flood is examined already, so that only storing limits it."""

    flood: list[Any]
    parcels: list[list[bytes]]


def scene(url: str, what: Scene, traffic: Traffic) -> Seen:
    """Play one scene in a database that has a zone and nothing else."""
    from silkgate.exchange.api import Backlog, Quotas, Receiver

    limit = what.max_backlog_documents
    quotas = Quotas(limit, limit // 40) if limit else Quotas(10**9, 10**9)
    connect = lambda: psycopg.connect(url, autocommit=True)  # noqa: E731
    receiver = Receiver(connect)
    receiver.backlog = Backlog(connect, quotas=lambda: quotas)
    flood = _Flood(receiver, traffic.flood)
    sent: list[tuple[float, int]] = []
    with deciding(url):
        watch = _Watch(url)
        watch.start()
        if what.floods:
            flood.start()
            flood.under_way.wait()
        begin = time.monotonic()
        for number, raws in enumerate(traffic.parcels):
            time.sleep(max(0.0, begin + number * EVERY_SECONDS - time.monotonic()))
            start = time.monotonic()
            _, numbers = receiver.admit(raws, "http", "192.0.2.1")
            sent.append((start, numbers[-1]))
        flood.stop.set()
        answered = watch.wait_for(sent[-1][1])
        if what.floods:
            flood.join()
    receiver.close()
    with connect() as connection:
        ahead = [_documents_ahead(connection, number) for _, number in sent]
    seconds = [next(at for at, decided in answered if decided >= number) - start for start, number in sent]
    return Seen(seconds, ahead, flood.documents, flood.refusals)


class _Flood(threading.Thread):
    """Stores what was examined, and does not wait when it is told to."""

    def __init__(self, receiver: Any, received: Sequence[Any]) -> None:
        super().__init__(daemon=True)
        self.receiver, self.received = receiver, received
        self.stop, self.under_way = threading.Event(), threading.Event()
        self.documents = self.refusals = 0

    def run(self) -> None:
        from silkgate.exchange.api import Refused, charge

        rest = iter(self.received)
        while not self.stop.is_set() and (request := list(islice(rest, PER_REQUEST))):
            while not self.stop.is_set():
                try:
                    with self.receiver.backlog.place() as place:
                        place.take([charge(item) for item in request])
                        place.kept(self.receiver.keep(request))
                    self.documents += PER_REQUEST * PER_MESSAGE
                    break
                except Refused:
                    self.refusals += 1
                    self.under_way.set()
                    self.stop.wait(REFUSED_SECONDS)
        self.under_way.set()


class _Watch(threading.Thread):
    """Notes when the engine had answered up to which message."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("listen silkgate_decided")
        # Of its own, because a connection that asks something does not keep what it is notified of meanwhile.
        self._asking = psycopg.connect(url, autocommit=True)
        self._answered: list[tuple[float, int]] = []
        self._news = threading.Condition()
        self._last = False

    def run(self) -> None:
        while not self._last:
            for _ in self._connection.notifies(timeout=0.5, stop_after=1):
                break
            at = time.monotonic()
            row = self._asking.execute("select coalesce(max(message_id), 0) from exchange_answer").fetchone()
            assert row is not None
            with self._news:
                self._answered.append((at, row[0]))
                self._news.notify()
        self._connection.close()
        self._asking.close()

    def wait_for(self, number: int) -> list[tuple[float, int]]:
        with self._news:
            if not self._news.wait_for(
                lambda: bool(self._answered) and self._answered[-1][1] >= number, _PATIENCE_SECONDS
            ):
                raise TimeoutError(f"message {number} was not answered within {_PATIENCE_SECONDS} s")
        self._last = True
        return self._answered


@contextmanager
def deciding(url: str) -> Iterator[None]:
    """The engine of the service, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queues: list[Any] = [context.Queue() for _ in range(3)]
    signals = Signals(queues[0], context.Event(), queues[1], context.Event(), queues[2])
    engine = context.Process(target=processes.engine, args=(url, signals, False))
    engine.start()
    try:
        signals.ready.get(timeout=60)
        time.sleep(1)  # the engine turns to its first, empty look
        yield
    finally:
        signals.leave.set()
        signals.clocks.get(timeout=60)
        engine.join(60)


def _documents_ahead(connection: psycopg.Connection, number: int) -> int:
    """Documents that waited before a message when it was stored: stored before it and answered after that."""
    row = connection.execute(
        "select coalesce(sum(m.documents), 0) from exchange_message m join exchange_answer a on a.message_id = m.id"
        " join clearance_batch b on b.no = a.batch_no"
        " where m.id < %s and b.at > (select received_at from exchange_segment where id = %s / 4096)",
        (number, number),
    ).fetchone()
    assert row is not None
    return int(row[0])


def made(zone: Zone, flood_documents: int, parcels: int) -> Traffic:
    """The flood comes from a platform with which the other parcels have nothing to do."""
    from silkgate.exchange.api import examine

    drawn = Parcels(zone, 5, faults=0, late=0, dear=0)
    random = Random(5)
    theirs = [
        [item.raw for item in messages([parcel], zone, per_message=1, seed=parcel.number)]
        for parcel in islice(drawn, parcels)
    ]
    flooder = zone.in_role("area")[-1]
    flood = []
    for _ in range(flood_documents // PER_MESSAGE):
        orders = [parcel.order for parcel in islice(drawn, PER_MESSAGE)]
        raw = message(zone, orders, sender=flooder, guid=new_guid(random))
        flood.append(examine(raw, lambda code: (), max_message_bytes=10 * 2**20, channel="http"))
    return Traffic(flood, theirs)


def show(console: Console, seen: dict[str, Seen]) -> None:
    """A line for each scene; ratios to the first, in which nobody floods."""
    table = Table("", "flood stored", "refused", "ahead, median", "ahead, most", "median ms", "p95 ms", "times quiet")
    quiet = _share(next(iter(seen.values())).seconds, 0.5)
    for name, one in seen.items():
        middle, late = _share(one.seconds, 0.5), _share(one.seconds, 0.95)
        table.add_row(
            name,
            f"{one.flood_documents:,}",
            f"{one.refusals:,}",
            f"{_share(one.documents_ahead, 0.5):,.0f}",
            f"{max(one.documents_ahead):,}",
            f"{middle * 1e3:,.0f}",
            f"{late * 1e3:,.0f}",
            f"{middle / quiet:,.1f}",
        )
    console.print(table)


def _share(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(words: Sequence[str] | None = None) -> int:
    """Measure; 1 where shares did not bound what waits before the other sender."""
    parser = argparse.ArgumentParser(prog="python -m bench.fairness", description=__doc__)
    parser.add_argument("--flood", type=int, default=100_000, help="documents")
    parser.add_argument("--parcels", type=int, default=40, help="of the other sender, ten a second")
    parser.add_argument("--backlog", type=int, default=8_000, help="documents that may wait, where there are shares")
    parser.add_argument("--dir", type=Path, help="where to work: on the disk that is to be measured")
    chosen = parser.parse_args(words)
    console = Console()
    scenes = (
        Scene("nobody floods", False, None),
        Scene("flood, shares", True, chosen.backlog),
        Scene("flood, no shares", True, None),
    )
    seen: dict[str, Seen] = {}
    with tempfile.TemporaryDirectory(prefix="silkgate-bench-", dir=chosen.dir) as place, server(Path(place)) as url:
        zone = Zone(as_of=datetime.now(UTC))
        zone.write(Path(place) / "zone")
        with console.status("traffic is made"):
            traffic = made(zone, chosen.flood, chosen.parcels)
        for one in scenes:
            with console.status(one.name), loaded(url, Path(place)) as own:
                seen[one.name] = scene(own, one, traffic)
    show(console, seen)
    return 0 if max(seen["flood, shares"].documents_ahead) <= chosen.backlog else 1


if __name__ == "__main__":
    sys.exit(main())
