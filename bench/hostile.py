"""Hostile load through the door: what it takes of memory, and what it costs a sender who does nothing wrong.

The other sender sends the four messages of a parcel every 100 ms; what counts is its time from sending to the answer
of the engine. The hostile one sends as fast as it can and does not wait when it is told to.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.databases import Databases
from bench.measure import Counted
from bench.senders import Senders
from bench.service import service
from bench.stream import Expected, Stream
from bench.watching import Watch, share
from silkgate.exchange.api import MESSAGES_PER_SEGMENT
from silkgate.site.traffic.messages import message, messages, new_guid
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone
from silkgate.standards.netstrings import as_netstrings

PARCELS_PER_SECOND = 10
CONNECTIONS = 2
"""Of the hostile sender."""
PER_MESSAGE, PER_REQUEST = 100, 10
LARGEST_BYTES = 10 * 2**20
NO_QUOTAS = {"SILKGATE_MAX_BACKLOG_DOCUMENTS": "1000000000", "SILKGATE_MIN_SHARE_DOCUMENTS": "1000000000"}
_GUID = re.compile(rb'guid="([^"]{36})"')


class Scene(NamedTuple):
    """What is tried: who floods with what, under which settings of the service."""

    name: str
    flood: Stream | None
    settings: dict[str, str]
    for_ever: bool = False
    """Begins anew after its last message."""


class Seen(NamedTuple):
    """What came of it."""

    name: str
    seconds: list[float]
    """Of each parcel of the other sender, from sending to the answer of the engine."""
    flood_documents: int
    """Of the hostile sender, that were taken."""
    flood_bytes: int
    refusals: int
    peak_bytes: int
    others_share: float

    def wait_ms(self, part: float) -> float:
        """The time within which so many parcels were answered."""
        return share(self.seconds, part) * 1e3


def scenes(place: Path, zone: Zone, documents: int, backlog: int) -> list[Scene]:
    """Nobody floods; unmatched orders, `documents` of a million; one key for ever; largest messages.

    `backlog` is the quota: as much smaller than the default as `documents` is smaller than a million.
    """
    quotas = {"SILKGATE_MAX_BACKLOG_DOCUMENTS": str(backlog), "SILKGATE_MIN_SHARE_DOCUMENTS": str(backlog // 40)}
    parcels, random = Parcels(zone, 5, start=10_000_000, faults=0, late=0, dear=0), Random(5)
    sender = zone.in_role("area")[-1]

    def orders() -> bytes:
        return message(
            zone, [parcel.order for parcel in islice(parcels, PER_MESSAGE)], sender=sender, guid=new_guid(random)
        )

    def renamed(raw: bytes) -> bytes:
        return _GUID.sub(b'guid="' + new_guid(random).encode() + b'"', raw, count=1)

    unmatched = [orders() for _ in range(documents // PER_MESSAGE)]
    same = [renamed(unmatched[0]) for _ in range(documents // PER_MESSAGE)]
    largest = [_padded(renamed(raw)) for raw in unmatched[:12]]
    return [
        Scene("nobody floods", None, quotas),
        Scene("unmatched orders", _written(place / "unmatched", unmatched, PER_REQUEST), quotas),
        Scene("unmatched orders, no quotas", _written(place / "unmatched-too", unmatched, PER_REQUEST), NO_QUOTAS),
        Scene("one key for ever", _written(place / "same", same, PER_REQUEST), quotas, True),
        Scene("messages of 10 MiB", _written(place / "largest", largest, 6), quotas, True),
    ]


def _padded(raw: bytes) -> bytes:
    """The same message in as many bytes as one may have: blanks before its last tag, which no recogniser expects."""
    head, mark, tail = raw.rpartition(b"</")
    return head + b" " * (LARGEST_BYTES - len(raw)) + mark + tail


def _written(path: Path, raws: Sequence[bytes], per_request: int) -> Stream:
    offsets = array("Q", [0])
    with path.open("wb") as file:
        for start in range(0, len(raws), per_request):
            file.write(as_netstrings(raws[start : start + per_request]))
            offsets.append(file.tell())
    nothing: Iterable[tuple[str, str]] = ()
    return Stream(path, offsets, 0, PER_MESSAGE, Expected(len(raws), offsets[-1], Counter(), Counter(nothing)))


def others(place: Path, zone: Zone, parcels: int) -> Stream:
    """What the other sender sends: the four messages of one parcel in each request."""
    path, offsets = place / "others", array("Q", [0])
    drawn = Parcels(zone, 5, start=20_000_000, faults=0, late=0, dear=0)
    with path.open("wb") as file:
        for parcel in islice(drawn, parcels):
            file.write(
                as_netstrings([item.raw for item in messages([parcel], zone, per_message=1, seed=parcel.number)])
            )
            offsets.append(file.tell())
    return Stream(path, offsets, parcels, 1, Expected(4 * parcels, offsets[-1], Counter(), Counter()))


def play(databases: Databases, folder: Path, scene: Scene, parcels: Stream) -> Seen:
    """One scene, with a service and a database of its own."""
    with databases.fresh() as url, service(url, folder, settings=scene.settings) as running, Watch(url) as watch:
        flood = scene.flood and Senders(
            running, scene.flood, connections=CONNECTIONS, obeys=False, again=scene.for_ever
        )
        sending = Senders(running, parcels, connections=8, pace=PARCELS_PER_SECOND)
        counted = Counted(running)
        with counted.counting():
            if flood:
                flood.start()
            sending.start()
            sending.join()
            if flood:
                flood.stop.set()
                flood.join()
            for one in (flood, sending):
                if one and one.errors:
                    raise one.errors[0]
            done = [
                (taken.sent_at, taken.answer.numbers()[-1] // MESSAGES_PER_SEGMENT) for taken in sending.acknowledged
            ]
            watch.wait_for(max(segment for _, segment in done))
        taken = len(flood.acknowledged) if flood else 0
        per_request = scene.flood.expected.size_bytes / scene.flood.requests if scene.flood else 0
        in_request = scene.flood.expected.messages / scene.flood.requests * PER_MESSAGE if scene.flood else 0
        return Seen(
            scene.name,
            [watch.decided_at(segment) - sent_at for sent_at, segment in done],
            int(taken * in_request),
            int(taken * per_request),
            flood.refusals if flood else 0,
            counted.peak_bytes,
            counted.others_share,
        )
