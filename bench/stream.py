"""The traffic of a run, made before any clock starts: bodies of requests on disk, and what must become of them."""

from __future__ import annotations

import shutil
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from silkgate.site.traffic.drawing import SCATTER, SCATTERED, Parcel
from silkgate.site.traffic.exports import ExportParcel, ExportParcels
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone
from silkgate.standards.netstrings import as_netstrings, netstrings

FAULTS, LATE = 0.05, 0.02
"""Shares of all parcels: refused or never complete; with a companion that comes after the declaration."""
MESSAGES_PER_REQUEST = 1_000
"""The door takes no more."""


class Expected(NamedTuple):
    """What the generator knows of the outcome."""

    messages: int
    size_bytes: int
    documents: Counter[str]
    """By kind, such as CEB311Message."""
    declarations: Counter[tuple[str, str]]
    """By status and reason."""

    def and_also(self, other: Expected) -> Expected:
        """Both together."""
        return Expected(
            self.messages + other.messages,
            self.size_bytes + other.size_bytes,
            self.documents + other.documents,
            self.declarations + other.declarations,
        )


class Stream(NamedTuple):
    """The bodies of requests one after the other in a file, each a row of messages as netstrings."""

    path: Path
    offsets: Sequence[int]
    """Where the body of each request begins, and the end of the last."""
    parcels: int
    per_message: int
    expected: Expected

    def request(self, number: int) -> list[bytes]:
        """The messages of one request."""
        start, end = self.offsets[number], self.offsets[number + 1]
        with self.path.open("rb") as file:
            file.seek(start)
            return list(netstrings(file.read(end - start)))

    @property
    def requests(self) -> int:
        return len(self.offsets) - 1


def made(path: Path, zone: Zone, parcels: int, *, per_message: int, per_request: int, seed: int) -> Stream:
    """As `make`, by two processes: the second half has other buyers and other numbers. The zone's keys must be kept."""
    half = parcels // 2
    shares = ((seed, 1, parcels - half), (seed + 1, parcels - half + 1, half))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        parts = [
            pool.submit(
                _part, path.with_suffix(f".{own}"), _Likeness.of(zone), count, per_message, per_request, own, start
            )
            for own, start, count in shares
        ]
        streams = [part.result() for part in parts]
    return _joined(path, streams)


class _Likeness(NamedTuple):
    """What it takes to make the same zone in another process."""

    seed: int
    as_of: datetime
    keys_dir: Path

    @classmethod
    def of(cls, zone: Zone) -> _Likeness:
        assert zone.keys_dir is not None
        return cls(zone.seed, zone.as_of, zone.keys_dir)


def _part(
    path: Path, like: _Likeness, parcels: int, per_message: int, per_request: int, seed: int, start: int
) -> Stream:
    zone = Zone(seed=like.seed, as_of=like.as_of, keys_dir=like.keys_dir)
    return make(path, zone, parcels, per_message=per_message, per_request=per_request, seed=seed, start=start)


def _joined(path: Path, streams: Sequence[Stream]) -> Stream:
    """One behind the other, in the file of the first."""
    first, *others = streams
    offsets, expected = array("Q", first.offsets), first.expected
    with first.path.open("ab") as into:
        for other in others:
            begin = offsets[-1]
            offsets.extend(begin + offset for offset in other.offsets[1:])
            with other.path.open("rb") as rest:
                shutil.copyfileobj(rest, into, 2**20)
            other.path.unlink()
            expected = expected.and_also(other.expected)
    first.path.rename(path)
    return Stream(path, offsets, sum(stream.parcels for stream in streams), first.per_message, expected)


def make(
    path: Path, zone: Zone, parcels: int, *, per_message: int, per_request: int, seed: int, start: int = 1
) -> Stream:
    """Write the messages of `parcels` parcels of `zone`; a request holds about `per_request` documents.

    `start` is the number of the first parcel.
    """
    outcomes: Counter[tuple[str, str]] = Counter()
    drawn = _counted(islice(Parcels(zone, seed, start=start, faults=FAULTS, late=LATE), parcels), outcomes)
    traffic: Iterable[Traffic] = messages(drawn, zone, per_message=per_message, seed=seed)
    return _written(path, traffic, parcels, per_message, per_request, outcomes)


def _written(
    path: Path,
    traffic: Iterable[Traffic],
    parcels: int,
    per_message: int,
    per_request: int,
    outcomes: Counter[tuple[str, str]],
) -> Stream:
    """The traffic as bodies of requests in a file; `outcomes` is complete once it was."""
    documents: Counter[str] = Counter()
    offsets = array("Q", [0])
    in_request = messages_in_request = written = size = 0
    with path.open("wb") as file:
        for item in traffic:
            if in_request >= per_request or messages_in_request == MESSAGES_PER_REQUEST:
                offsets.append(file.tell())
                in_request = messages_in_request = 0
            file.write(as_netstrings([item.raw]))
            messages_in_request += 1
            documents[item.kind] += item.documents
            in_request += item.documents
            written += 1
            size += len(item.raw)
        offsets.append(file.tell())
    return Stream(path, offsets, parcels, per_message, Expected(written, size, documents, outcomes))


def make_exports(path: Path, zone: Zone, parcels: int, *, per_message: int, per_request: int, seed: int) -> Stream:
    """As `make`, of parcels that go abroad: nobody holds them, and as many go wrong as of those that come in."""
    outcomes: Counter[tuple[str, str]] = Counter()
    drawn = _counted_exports(ExportParcels(zone, seed), parcels, outcomes)
    return _written(path, _export_messages(drawn, zone, per_message), parcels, per_message, per_request, outcomes)


def _counted_exports(
    made: ExportParcels, parcels: int, outcomes: Counter[tuple[str, str]]
) -> Iterator[tuple[ExportParcel, ExportParcels]]:
    """Every twentieth is wrong in one of three ways."""
    looked_at = {value for kind, value, _ in made.zone.selection if kind == "ebc_code"}
    prefixes = tuple(value for kind, value, _ in made.zone.selection if kind == "gcode_prefix")
    # In no order, as those of imports are: numbers that follow each other would be easy on the indexes.
    candidates = (made.parcel(number * SCATTER % SCATTERED) for number in count(1))
    unseen = (
        parcel
        for parcel in candidates
        if parcel.declared[0]["ebcCode"] not in looked_at
        and not any(line["gcode"].startswith(prefixes) for line in parcel.declared[1])
    )
    for place, parcel in enumerate(islice(unseen, parcels), start=1):
        outcome = ("800", "")
        if place % 20 == 0:
            outcome = _spoilt(parcel, place // 20 % 3)
        outcomes[outcome] += 1
        yield parcel, made


def _spoilt(parcel: ExportParcel, way: int) -> tuple[str, str]:
    """Make the parcel wrong; what becomes of it."""
    if way == 0:
        parcel.waybill["grossWeight"] = "99"
        return "100", "match.parcel"
    if way == 1:
        parcel.order[0]["goodsValue"] = "0.5"
        return "100", "match.order_sum"
    parcel.declared[0]["netWeight"] = "99"
    return "100", "field.amount"


def _export_messages(
    drawn: Iterable[tuple[ExportParcel, ExportParcels]], zone: Zone, per_message: int
) -> Iterator[Traffic]:
    """Each message is sent when it is full, the rest at the end, lists last."""
    waiting: dict[tuple[str, str], list[Any]] = {}
    made: ExportParcels | None = None
    for parcel, made in drawn:
        for code, sender, document in made.parts(parcel):
            documents = waiting.setdefault((code, sender), [])
            documents.append(document)
            if len(documents) == per_message:
                yield made.message(code, zone.enterprise(sender), waiting.pop((code, sender)))
    for (code, sender), documents in sorted(waiting.items()):
        assert made is not None
        yield made.message(code, zone.enterprise(sender), documents)


def _counted(parcels: Iterable[Parcel], outcomes: Counter[tuple[str, str]]) -> Iterator[Parcel]:
    for parcel in parcels:
        outcomes[parcel.status, parcel.fault] += 1
        yield parcel
