"""The sections of the bench: what is run for each, and what is kept of it for the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psycopg

from bench import checks, hostile, lists
from bench.databases import Databases
from bench.floor import Floor, floor
from bench.hostile import Seen
from bench.latency import Latency, latencies
from bench.measure import Run, run
from bench.options import Options
from bench.pages import Readers
from bench.replaying import Replay, replay
from bench.service import service
from bench.stream import Stream, made, make_exports
from bench.watching import share
from silkgate.site.traffic.zone import Zone

DOCUMENTS_PER_REQUEST = 4_000
GROWTH_FROM = 100_000
LOADS = (0.3, 0.8)
LATENCY_REQUESTS_PER_SECOND = 40
"""At the whole rate."""
DOCUMENTS_PER_PARCEL = 4
PLAIN = {"SILKGATE_NATIVE": "0"}
"""Leaves every compiled part unused."""
READING_SECONDS = 8.0


class Measured(NamedTuple):
    """Everything about one configuration. `name` such as `100 a message`."""

    name: str
    stream: Stream
    stored: int
    """Declarations in the database before each run."""
    runs: list[Run]
    wrong: list[str]
    """What the checks after the runs found; must be empty."""
    clocked: Run | None = None
    clocked_declarations: int = 0
    floor: Floor | None = None

    def us(self, seconds: float) -> float:
        """Microseconds for one declaration."""
        return seconds / self.stream.parcels * 1e6

    @property
    def rate(self) -> float:
        """Median of declarations a second."""
        return median(self.stream.parcels / one.seconds for one in self.runs)

    @property
    def cpu_us(self) -> float:
        """Median of processor microseconds for one declaration."""
        return median(self.us(one.cpu_seconds) for one in self.runs)


class Beside(NamedTuple):
    """People at pages and clearing beside each other. Rates in declarations a second, pages in seconds."""

    rates_alone: list[float]
    rates_beside: list[float]
    pages_alone: list[float]
    pages_beside: list[float]
    failed: list[tuple[str, int]]

    def page_ms(self, pages: list[float], part: float) -> float:
        """The time within which so many pages were there."""
        return share(pages, part) * 1e3


class Bench:
    """One session: a server, a zone, streams that are made once."""

    def __init__(self, options: Options, url: str, place: Path) -> None:
        self.options, self.place = options, place
        self.zone = Zone(seed=options.seed, as_of=datetime.now(UTC), keys_dir=place / "keys")
        self.zone.write(place / "zone")
        self.databases = Databases(url, place / "zone")
        self._streams: dict[tuple[int, int, int], Stream] = {}

    def stream(self, per_message: int, parcels: int, per_request: int = DOCUMENTS_PER_REQUEST) -> Stream:
        """Made where it is missing."""
        key = (per_message, parcels, per_request)
        if key not in self._streams:
            path = self.place / "-".join(map(str, key))
            self._streams[key] = made(
                path, self.zone, parcels, per_message=per_message, per_request=per_request, seed=self.options.seed
            )
        return self._streams[key]

    def forget(self, stream: Stream) -> None:
        """Its file is not needed any more."""
        self._streams = {key: other for key, other in self._streams.items() if other is not stream}
        stream.path.unlink(missing_ok=True)

    # -- sections ------------------------------------------------------------------------------------------------------

    def throughput(self, per_message: int) -> Iterator[Measured]:
        """Runs of one size of message; once after each run, and once more with clocks and floor."""
        whole = self.stream(per_message, self.options.parcels(per_message))
        measured = Measured(f"{per_message} a message", whole, self.options.stored, [], [])
        for _ in range(self.options.runs):
            measured = self._once(measured)
            yield measured
        part = self.part(per_message)
        with self.databases.fresh() as url:
            clocked = run(url, part, self.place / "service", clocked=True)
            yield measured._replace(clocked=clocked, clocked_declarations=part.parcels, floor=floor(url, part))
        self.forget(whole)

    def plain(self, per_message: int) -> Iterator[Measured]:
        """The same with nothing compiled: fewer and shorter runs."""
        name = f"{per_message} a message, nothing compiled"
        measured = Measured(name, self.part(per_message), self.options.stored, [], [])
        for _ in range(max(1, self.options.runs - 1)):
            measured = self._once(measured, PLAIN)
            yield measured

    def exports(self) -> Iterator[list[Measured]]:
        """Parcels that come in and parcels that go abroad, in turn, at 100 documents a message."""
        path, count = self.place / "exports", self.options.part(100)
        abroad = make_exports(
            path, self.zone, count, per_message=100, per_request=DOCUMENTS_PER_REQUEST, seed=self.options.seed
        )
        both = [
            Measured("imports", self.part(100), self.options.stored, [], []),
            Measured("exports", abroad, self.options.stored, [], []),
        ]
        for _ in range(self.options.runs):
            both = [self._once(one) for one in both]
            yield both
        path.unlink()

    def growth(self) -> Iterator[list[Measured]]:
        """Beside few and beside many stored declarations, in turn."""
        both = [
            Measured(f"{stored:,} stored", self.part(100), stored, [], [])
            for stored in (min(GROWTH_FROM, self.options.stored // 2), self.options.stored)
        ]
        for _ in range(max(1, self.options.runs - 1)):
            both = [self._once(one) for one in both]
            yield both
        self.databases.forget(both[0].stored)

    def latency(self, per_message: int, rate: float) -> list[Latency]:
        """Open loop at shares of `rate`, declarations a second, with requests of a few messages."""
        seconds = self.options.latency_seconds
        per_request = max(per_message, int(rate / LATENCY_REQUESTS_PER_SECOND * DOCUMENTS_PER_PARCEL))
        stream = self.stream(per_message, int(rate * sum(LOADS) * seconds * 1.1) + 500, per_request)
        with self.databases.fresh(self.options.stored) as url:
            told = latencies(
                url, stream, self.place / "service", rate=rate, loads=LOADS, seconds=seconds, stored=self.options.stored
            )
        self.forget(stream)
        return told

    def hostile(self) -> Iterator[Seen]:
        """Scene by scene."""
        flood = self.options.flood
        others = hostile.others(self.place, self.zone, int(hostile.PARCELS_PER_SECOND * self.options.scene_seconds))
        for scene in hostile.scenes(self.place, self.zone, flood, max(2_000, flood // 5)):
            yield hostile.play(self.databases, self.place / "service", scene, others)

    def beside(self) -> Beside:
        """Clearing alone, pages alone, both together; twice each."""
        part = self.part(100)
        rates: list[float] = []
        together: list[float] = []
        pages: list[float] = []
        readers: list[Readers] = []
        for _ in range(2):
            with self.databases.fresh() as url:
                rates.append(part.parcels / run(url, part, self.place / "service").seconds)
                with service(url, self.place / "service") as running, Readers(running) as alone:
                    alone.stop_after(READING_SECONDS)
                pages.extend(alone.seconds)

            def reading(running):  # type: ignore[no-untyped-def]
                readers.append(Readers(running))
                return readers[-1]

            with self.databases.fresh() as url:
                together.append(part.parcels / run(url, part, self.place / "service", beside=reading).seconds)
        failed = [one for reader in readers for one in reader.failed] + alone.failed
        return Beside(rates, together, pages, [one for reader in readers for one in reader.seconds], failed)

    def replay(self) -> Replay:
        """A run, then the whole of it again."""
        with self.databases.fresh() as url:
            run(url, self.part(100), self.place / "service")
            return replay(url)

    def lists(self) -> Iterator[lists.Asked]:
        """Each list and look-up of one firm beside all the others, over HTTP."""
        from django.conf import settings

        amounts = lists.Amounts(self.options.listed_enterprises, self.options.listed, self.options.listed)
        with self.databases.fresh(self.options.listed) as url:
            lists.fill(url, amounts)
            headers = lists.admit()
            # The session that was made here is read there.
            keys = {"SILKGATE_SECRET_KEY": settings.SECRET_KEY}
            with service(url, self.place / "service", settings=keys) as running:
                yield from lists.ask(running, headers, self.options.list_pages)

    def part(self, per_message: int) -> Stream:
        """The shorter stream, for what is not the main figure."""
        return self.stream(per_message, self.options.part(per_message))

    def _once(self, measured: Measured, settings: dict[str, str] | None = None) -> Measured:
        with self.databases.fresh(measured.stored) as url:
            one = run(url, measured.stream, self.place / "service", settings=settings)
            with psycopg.connect(url, autocommit=True) as connection:
                wrong = checks.after_run(connection, measured.stream, measured.stored)
        return measured._replace(runs=[*measured.runs, one], wrong=[*measured.wrong, *wrong])
