"""Tiles (c2sp.org/tlog-tiles): a tree as pieces of 256 hashes, their addresses, growth and proofs over them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from silkgate.standards.tlog.merkle import (
    HASH_BYTES,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    perfect_root,
    range_hash,
)

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level under which the entries themselves are kept; in an address it is the word `entries`."""
TOP_LEVEL = 63
_MOST_TILES = 1 << 55


class Tile(NamedTuple):
    """Where a tile stands, and how many hashes of it are asked for (1 to 256)."""

    level: int
    number: int
    width: int


Fetch = Callable[[int, int], bytes]
"""The hashes of tile (level, number), one after the other: as many as there are, never fewer than the tree needs."""


class MissingTileError(Exception):
    """A tile is not there, or holds fewer hashes than the tree needs."""


_ADDRESS = re.compile(r"(entries|0|[1-9]\d?)/((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


def address(tile: Tile) -> str:
    """Address of a tile below `tile/`: `<level>/<number in groups of three>[.p/<width>]`."""
    digits = str(tile.number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    level = "entries" if tile.level == ENTRIES else str(tile.level)
    partial = "" if tile.width == WIDTH else f".p/{tile.width}"
    return f"{level}/" + "".join(f"x{group}/" for group in groups[:-1]) + groups[-1] + partial


def tile_at(path: str) -> Tile | None:
    """The tile that an address names; None where it is none, or not the one way to write it."""
    found = _ADDRESS.fullmatch(path)
    if found is None:
        return None
    level, groups, width = found.groups()
    tile = Tile(
        ENTRIES if level == "entries" else int(level),
        int(groups.replace("/", "").replace("x", "")),
        int(width) if width else WIDTH,
    )
    in_bounds = tile.level <= TOP_LEVEL and tile.number < _MOST_TILES and tile.width <= WIDTH
    return tile if in_bounds and address(tile) == path else None


def width_in(size: int, level: int, number: int) -> int:
    """How many hashes tile (level, number) has in a tree of `size` leaves: 0 to 256."""
    at_level = size >> (HEIGHT * max(level, 0))
    return min(max(at_level - number * WIDTH, 0), WIDTH)


def bundle(entries: bytes) -> bytes:
    """An entry bundle: each entry of 32 bytes behind its length as two bytes."""
    prefix = HASH_BYTES.to_bytes(2, "big")
    return b"".join([prefix + entry for entry in hashes_of(entries)])


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]


def grown(size: int, entries: Sequence[bytes], fetch: Fetch) -> dict[tuple[int, int], bytes]:
    """The tiles, by (level, number), that change when a tree of `size` leaves gets these entries of 32 bytes."""
    made = _row(ENTRIES, size, b"".join(entries), fetch)
    level, count = 0, size
    fresh = [leaf_hash(entry) for entry in entries]
    while fresh:
        row = _row(level, count, b"".join(fresh), fetch)
        made |= row
        # Only a full tile is hashed into the level above.
        fresh = [perfect_root(hashes_of(tile)) for tile in row.values() if len(tile) == WIDTH * HASH_BYTES]
        level, count = level + 1, count >> HEIGHT
    return made


def _row(level: int, count: int, fresh: bytes, fetch: Fetch) -> dict[tuple[int, int], bytes]:
    """The tiles of one level that change when `fresh` hashes come behind the first `count`."""
    number, inside = divmod(count, WIDTH)
    data = _cut(fetch(level, number), inside, level, number) + fresh if inside else fresh
    full = WIDTH * HASH_BYTES
    return {(level, number + i // full): data[i : i + full] for i in range(0, len(data), full)}


def _cut(tile: bytes, width: int, level: int, number: int) -> bytes:
    if len(tile) < width * HASH_BYTES:
        raise MissingTileError(f"tile {level}/{number} has {len(tile) // HASH_BYTES} hashes, {width} are needed")
    return tile[: width * HASH_BYTES]


class Tree:
    """A tree of `size` leaves over tiles; each tile is fetched once."""

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._fetch = fetch
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The root hash."""
        return range_hash(0, self.size, self.subtree)

    def inclusion(self, index: int) -> list[bytes]:
        """The inclusion proof of leaf `index`. Raises ValueError where it is not in the tree."""
        return inclusion_proof(index, self.size, self.subtree)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree of `old` leaves begins this one. Raises ValueError where it cannot."""
        return consistency_proof(old, self.size, self.subtree)

    def subtree(self, start: int, end: int) -> bytes:
        """Hash over the leaves [start, end) of a perfect subtree. Raises MissingTileError."""
        level, rest = divmod((end - start).bit_length() - 1, HEIGHT)
        number, place = divmod(start >> (HEIGHT * level), WIDTH)
        tile = self._tiles.get((level, number))
        if tile is None:
            tile = self._tiles[level, number] = self._fetch(level, number)
        stop = place + (1 << rest)
        return perfect_root(hashes_of(_cut(tile, stop, level, number)[place * HASH_BYTES :]))
