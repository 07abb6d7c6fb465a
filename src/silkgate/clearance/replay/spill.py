"""A dictionary that may outgrow memory: sorted runs in a temporary file that nobody else sees and that goes with us.

Written seldom and in bulk, asked mostly for keys that were never kept. So a run is written once, in order, in blocks,
and is not merged with others; filters in memory (Bloom, two bits a key) say which runs need not be looked at.
"""

from __future__ import annotations

import os
import tempfile
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

FILTER_BITS = 2**26
BITS_PER_KEY = 16
ITEMS_PER_BLOCK = 16

_NOT_THERE = object()

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class _Filter:
    """Says of a key that it was never added, or that it may have been."""

    __slots__ = ("bits", "mask")

    def __init__(self, size: int) -> None:
        """`size` in bits: a power of two from 8 on."""
        self.mask = size - 1
        self.bits = bytearray(size >> 3)

    def add(self, keys: Iterable[Hashable]) -> None:
        bits, mask = self.bits, self.mask
        for key in keys:
            number = hash(key)
            one, other = number & mask, number >> 32 & mask
            bits[one >> 3] |= 1 << (one & 7)
            bits[other >> 3] |= 1 << (other & 7)

    def perhaps(self, keys: Iterable[K]) -> list[K]:
        """Those of `keys` that may have been added."""
        bits, mask = self.bits, self.mask
        found = []
        for key in keys:
            number = hash(key)
            one = number & mask
            if bits[one >> 3] >> (one & 7) & 1:
                other = number >> 32 & mask
                if bits[other >> 3] >> (other & 7) & 1:
                    found.append(key)
        return found


class _Run:
    """Where the blocks of one sorted run lie, and the first key of each; the block that was read last."""

    __slots__ = ("filter", "firsts", "items", "place", "starts")

    def __init__(self, count: int) -> None:
        self.filter = _Filter(1 << max(3, (count * BITS_PER_KEY - 1).bit_length()))
        self.firsts: list[Any] = []
        self.starts: list[int] = []
        self.place = -1
        self.items: dict[Any, Any] = {}

    def read(self, file: int, key: Any) -> Any:
        """What the run has under `key`, or _NOT_THERE."""
        place = bisect_right(self.firsts, key) - 1
        if place < 0:
            return _NOT_THERE
        if place != self.place:
            start, end = self.starts[place : place + 2]
            items = _decode(os.pread(file, end - start, start))
            tuples = isinstance(key, tuple)
            self.items = {tuple(other): value for other, value in items} if tuples else dict(items)
            self.place = place
        return self.items.get(key, _NOT_THERE)


class Spill(Generic[K]):
    """Plain values (texts, numbers, bytes, tuples of them) by keys of one kind: texts, numbers, or tuples of texts."""

    def __init__(self, *, filter_bits: int = FILTER_BITS) -> None:
        if filter_bits < 8 or filter_bits & (filter_bits - 1):
            raise ValueError(f"filter_bits is a power of two from 8 on, not {filter_bits}")
        self._filter = _Filter(filter_bits)
        self._runs: list[_Run] = []
        self._file = tempfile.TemporaryFile(prefix="silkgate-replay-")  # noqa: SIM115 - closed by close()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def keep(self, items: Mapping[K, Any]) -> None:
        """Keep all items, over what their keys had before. None: there is nothing under the key any more."""
        gone = set(self._filter.perhaps([key for key, value in items.items() if value is None]))
        rows = sorted([row for row in items.items() if row[1] is not None or row[0] in gone])
        if not rows:
            return
        run = _Run(len(rows))
        file = self._file
        start = file.tell()
        for place in range(0, len(rows), ITEMS_PER_BLOCK):
            block = rows[place : place + ITEMS_PER_BLOCK]
            run.firsts.append(block[0][0])
            run.starts.append(start)
            start += file.write(_encode(block))
        run.starts.append(start)
        file.flush()
        keys = [key for key, _ in rows]
        run.filter.add(keys)
        self._filter.add(keys)
        self._runs.append(run)

    def get(self, key: K) -> Any:
        """What was kept under `key` last, tuples as lists; None where nothing was."""
        return dict(self.found([key])).get(key)

    def found(self, keys: Iterable[K]) -> list[tuple[K, Any]]:
        """Those of `keys` under which something is kept, each with it, in their order."""
        if not self._runs:
            return []
        return [(key, value) for key in self._filter.perhaps(keys) if (value := self._read(key)) is not None]

    def _read(self, key: K) -> Any:
        for run in reversed(self._runs):
            if run.filter.perhaps((key,)) and (value := run.read(self._file.fileno(), key)) is not _NOT_THERE:
                return value
        return None
