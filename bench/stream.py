"""The traffic of a run, made before any clock starts: bodies of requests on disk, and what must become of them."""

from __future__ import annotations

import shutil
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from silkgate.site.traffic.drawing import Parcel
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
    documents: Counter[str] = Counter()
    offsets = array("Q", [0])
    in_request = messages_in_request = count = size = 0
    drawn = _counted(islice(Parcels(zone, seed, start=start, faults=FAULTS, late=LATE), parcels), outcomes)
    traffic: Iterable[Traffic] = messages(drawn, zone, per_message=per_message, seed=seed)
    with path.open("wb") as file:
        for item in traffic:
            if in_request >= per_request or messages_in_request == MESSAGES_PER_REQUEST:
                offsets.append(file.tell())
                in_request = messages_in_request = 0
            file.write(as_netstrings([item.raw]))
            messages_in_request += 1
            documents[item.kind] += item.documents
            in_request += item.documents
            count += 1
            size += len(item.raw)
        offsets.append(file.tell())
    return Stream(path, offsets, parcels, per_message, Expected(count, size, documents, outcomes))


def _counted(parcels: Iterable[Parcel], outcomes: Counter[tuple[str, str]]) -> Iterator[Parcel]:
    for parcel in parcels:
        outcomes[parcel.status, parcel.fault] += 1
        yield parcel
