"""Plays made traffic of the demo zone into the folder drop, as firms' own systems would put it there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from silkgate.kernel.clock import CHINA
from silkgate.site.home import Home
from silkgate.site.traffic.exports import ExportParcels
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

_ROUND = 200
"""Parcels for which numbers are set aside at once; a player that is killed leaves a gap and repeats none."""
_FAULTS = 0.2
_LATE = 0.1
_LATE_BY = 12
_MAX_WAITING_FILES = 400
_MESSAGES_PER_EXPORT = 16
"""Messages of imports, four a parcel, between one parcel that goes abroad and the next."""
_PARCELS_PER_BILL = 3


def demo_zone(home: Home, moment: datetime) -> Zone:
    """The zone that the demo plays in; its firms' keys are kept in the home."""
    return Zone(as_of=moment.astimezone(CHINA), keys_dir=home.demo / "keys")


def play(home: Home, parcels_per_second: float, stop: threading.Event, count: int | None = None) -> int:
    """Put parcels' messages into the drop folder at an even pace until `stop` or `count`; returns how many parcels."""
    home.drop.mkdir(parents=True, exist_ok=True)
    outgoing = home.demo / "outgoing"
    outgoing.mkdir(parents=True, exist_ok=True)
    played = 0
    while not stop.is_set() and (count is None or played < count):
        size = _ROUND if count is None else min(_ROUND, count - played)
        played += _play_round(home, outgoing, size, parcels_per_second, stop)
    return played


def _play_round(home: Home, outgoing: Path, size: int, parcels_per_second: float, stop: threading.Event) -> int:
    start = _set_aside(home.demo / "next_number", size)
    moment = datetime.now(tz=CHINA)
    made = Parcels(
        demo_zone(home, moment),
        seed=start,
        start=start,
        clock=moment,
        per_second=parcels_per_second,
        faults=_FAULTS,
        late=_LATE,
    )
    pace = _Pace(islice(made, size), home.drop, parcels_per_second, stop)
    stream = messages(pace, made.zone, per_message=1, seed=start, late_by=_LATE_BY, enveloped=0.25)
    for number, message in enumerate(_with_exports(stream, ExportParcels(made.zone, start, at=moment), start)):
        name = f"demo-{start:09d}-{number:05d}-{message.kind}.xml"
        (outgoing / name).write_bytes(message.raw)
        # Renamed into place, so that intake never sees half a file.
        (outgoing / name).replace(home.drop / name)
    return pace.count


def _with_exports(stream: Iterator[Traffic], exports: ExportParcels, start: int) -> Iterator[Traffic]:
    """The stream, and among it parcels that go abroad; a few at a time arrive at the supervised site and leave."""
    number, on_their_way = start, []
    for count, imported in enumerate(stream, start=1):
        yield imported
        if count % _MESSAGES_PER_EXPORT:
            continue
        parcel = exports.parcel(number)
        yield from exports.messages([parcel])
        on_their_way.append(parcel.logistics_no)
        number += 1
        if len(on_their_way) > _PARCELS_PER_BILL:
            # The one just sent stays behind: it may not have been decided on yet.
            *leaving, last = on_their_way
            on_their_way = [last]
            for code in ("607", "507", "509"):
                yield exports.transport(code, f"ZB{number:09d}", leaving)


class _Pace:
    """Lets parcels through at an even pace, and none while intake is far behind."""

    def __init__(self, parcels: Iterator, drop: Path, per_second: float, stop: threading.Event) -> None:
        self._parcels = parcels
        self._drop = drop
        self._interval_seconds = 1 / per_second
        self._stop = stop
        self._due = time.monotonic()
        self.count = 0

    def __iter__(self) -> Iterator:
        for parcel in self._parcels:
            while sum(1 for _ in self._drop.iterdir()) > _MAX_WAITING_FILES and not self._stop.wait(1):
                self._due = time.monotonic()
            if self._stop.wait(max(0.0, self._due - time.monotonic())):
                return
            self._due = max(self._due + self._interval_seconds, time.monotonic() - 1)
            self.count += 1
            yield parcel


def _set_aside(file: Path, count: int) -> int:
    """The first of `count` numbers that nobody gets again."""
    first = int(file.read_text(encoding="ascii")) if file.exists() else 1
    fresh = file.with_suffix(".new")
    fresh.write_text(str(first + count), encoding="ascii")
    fresh.replace(file)
    return first
