"""A dictionary that may outgrow memory: on disk, in a temporary file that nobody else sees and that goes with us."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

FILTER_BITS = 2**28
MEMORY_KIB = 128 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Spill:
    """Plain values (texts, numbers, bytes, times, tuples of them) by text.

    Most keys that are asked for were never kept: a Bloom filter in memory (two bits a key) says so without a look at
    the file. It only ever spares looks; what it cannot rule out is looked up.
    """

    def __init__(self, *, filter_bits: int = FILTER_BITS) -> None:
        if filter_bits < 8 or filter_bits & (filter_bits - 1):
            raise ValueError(f"filter_bits is a power of two from 8 on, not {filter_bits}")
        self._mask = filter_bits - 1
        self._filter = bytearray(filter_bits >> 3)
        self.empty = True
        """Nothing was ever kept."""
        self._file = sqlite3.connect("", isolation_level=None)  # the empty name: a private temporary file
        for setting in ("journal_mode = off", "synchronous = off", f"cache_size = -{MEMORY_KIB}"):
            self._file.execute(f"pragma {setting}")
        self._file.execute("create table kept (key text primary key, value blob not null) without rowid")

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _perhaps(self, key: str) -> bool:
        bits = hash(key)
        first, second = bits & self._mask, bits >> 32 & self._mask
        return bool(self._filter[first >> 3] >> (first & 7) & 1 and self._filter[second >> 3] >> (second & 7) & 1)

    def get(self, key: str) -> Any:
        """What was kept under `key` last, tuples as lists; None where nothing was."""
        if not self._perhaps(key):
            return None
        row = self._file.execute("select value from kept where key = ?", (key,)).fetchone()
        return _decode(row[0]) if row else None

    def keep(self, items: Mapping[str, Any]) -> None:
        """Keep all items, over what their keys had before. None: there is nothing under the key any more."""
        rows = [
            (key, _encode(value)) for key, value in sorted(items.items()) if value is not None or self._perhaps(key)
        ]
        mask, bits_of = self._mask, self._filter
        for key, _ in rows:
            bits = hash(key)
            for bit in (bits & mask, bits >> 32 & mask):
                bits_of[bit >> 3] |= 1 << (bit & 7)
        self.empty = self.empty and not rows
        self._file.execute("begin")
        self._file.executemany("insert or replace into kept values (?, ?)", rows)
        self._file.execute("commit")
