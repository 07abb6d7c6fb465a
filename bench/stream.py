"""The traffic of a run, made before any clock starts: framed messages on disk, and what must become of them."""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from silkgate.site.traffic.drawing import Parcel
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

FAULTS, LATE = 0.05, 0.02
"""Shares of all parcels: refused or never complete; with a companion that comes after the declaration."""
_LENGTH = struct.Struct("<I")


class Expected(NamedTuple):
    """What the generator knows of the outcome."""

    messages: int
    size_bytes: int
    documents: Counter[str]
    """By kind, such as CEB311Message."""
    declarations: Counter[tuple[str, str]]
    """By status and reason."""


class Stream(NamedTuple):
    """Framed messages in a file: each a length of four bytes and the message."""

    path: Path
    offsets: Sequence[int]
    """Where the frames of each request begin, and the end of the last."""
    parcels: int
    per_message: int
    expected: Expected

    def request(self, number: int) -> list[bytes]:
        """The messages of one request."""
        start, end = self.offsets[number], self.offsets[number + 1]
        with self.path.open("rb") as file:
            file.seek(start)
            return list(unframed(file.read(end - start)))

    @property
    def requests(self) -> int:
        return len(self.offsets) - 1


def unframed(data: bytes) -> Iterator[bytes]:
    """The messages of some frames."""
    at = 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        yield data[at : at + length]
        at += length


def make(path: Path, zone: Zone, parcels: int, *, per_message: int, per_request: int, seed: int) -> Stream:
    """Write the messages of `parcels` parcels of `zone`; a request holds about `per_request` documents."""
    outcomes: Counter[tuple[str, str]] = Counter()
    documents: Counter[str] = Counter()
    offsets = array("Q", [0])
    in_request = count = size = 0
    drawn = _counted(islice(Parcels(zone, seed, faults=FAULTS, late=LATE), parcels), outcomes)
    traffic: Iterable[Traffic] = messages(drawn, zone, per_message=per_message, seed=seed)
    with path.open("wb") as file:
        for item in traffic:
            if in_request >= per_request:
                offsets.append(file.tell())
                in_request = 0
            file.write(_LENGTH.pack(len(item.raw)) + item.raw)
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
