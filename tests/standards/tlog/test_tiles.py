"""Tiles: addresses as the specification writes them, growth in any steps, roots and proofs over them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.tlog import merkle
from silkgate.standards.tlog.tiles import (
    ENTRIES,
    WIDTH,
    MissingTileError,
    Tile,
    Tree,
    address,
    bundle,
    grown,
    hashes_of,
    tile_at,
    width_in,
)

ADDRESSES = {
    "0/000": Tile(0, 0, 256),
    "0/x001/x234/067": Tile(0, 1_234_067, 256),
    "1/999.p/17": Tile(1, 999, 17),
    "63/x001/000.p/255": Tile(63, 1000, 255),
    "entries/x273/000": Tile(ENTRIES, 273_000, 256),
    "entries/000.p/1": Tile(ENTRIES, 0, 1),
}


@pytest.mark.parametrize(("path", "tile"), ADDRESSES.items())
def test_an_address_names_one_tile(path: str, tile: Tile) -> None:
    assert tile_at(path) == tile
    assert address(tile) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/0",
        "0/00",
        "0/0000",
        "0/x000/000",
        "0/001/000",
        "0/x001/x000",
        "00/000",
        "01/000",
        "64/000",
        "-1/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/300",
        "0/000.p/01",
        "0/000.p/",
        "0/000.p/1/",
        "data/000",
        "0/٠٠٠",
        "0/000\n",
        "/".join(["0", *["x999"] * 6, "999"]),
        "0/" + "x001/" * 7 + "000",
    ],
)
def test_what_is_no_address_names_none(path: str) -> None:
    assert tile_at(path) is None


def test_the_worked_example_of_the_specification() -> None:
    """70,000 leaves: 273 full and one 112-wide tile, one full and one 17-wide, one 1-wide."""
    size = 70_000
    assert [width_in(size, 0, n) for n in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [width_in(size, 1, n) for n in (0, 1, 2)] == [256, 17, 0]
    assert [width_in(size, 2, n) for n in (0, 1)] == [1, 0]
    assert width_in(size, 3, 0) == 0
    assert (width_in(256, 0, 0), width_in(256, 1, 0)) == (256, 1)


MOST = 70_000
ALL_ENTRIES = [number.to_bytes(32, "big") for number in range(MOST)]
LEAVES = [merkle.leaf_hash(entry) for entry in ALL_ENTRIES]


class Store(dict[tuple[int, int], bytes]):
    """Tiles in memory, grown in steps; a tile is only ever added to."""

    size = 0

    def fetch(self, level: int, number: int) -> bytes:
        return self.get((level, number), b"")

    def grow(self, count: int) -> None:
        made = grown(self.size, ALL_ENTRIES[self.size : self.size + count], self.fetch)
        for place, tile in made.items():
            assert tile.startswith(self.fetch(*place))
        self.update(made)
        self.size += count


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0, 1, 2, 100, 255, 256, 257, 1000]), min_size=1, max_size=12), st.data())
def test_a_tree_grown_in_steps_is_the_tree(steps: list[int], data: st.DataObject) -> None:
    store = Store()
    for count in steps:
        store.grow(count)
    size = store.size
    whole = merkle.in_memory(LEAVES[:size])
    tree = Tree(size, store.fetch)
    assert tree.root() == merkle.range_hash(0, size, whole)
    for (level, number), tile in store.items():
        assert len(tile) == 32 * width_in(size, level, number) > 0
    if not size:
        return
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    assert tree.inclusion(index) == merkle.inclusion_proof(index, size, whole)
    assert tree.consistency(old) == merkle.consistency_proof(old, size, whole)
    earlier = Tree(max(old, 1), store.fetch)  # over tiles that have grown since
    assert earlier.root() == merkle.range_hash(0, max(old, 1), whole)


def test_three_levels() -> None:
    store = Store()
    for count in (65_535, 1, 1, MOST - 65_537):
        store.grow(count)
    assert {level for level, _ in store} == {ENTRIES, 0, 1, 2}
    tree = Tree(MOST, store.fetch)
    assert tree.root() == merkle.range_hash(0, MOST, merkle.in_memory(LEAVES))
    for index in (0, 65_535, 65_536, MOST - 1):
        merkle.verify_inclusion(index, MOST, LEAVES[index], tree.inclusion(index), tree.root())


def test_a_tile_that_is_too_short_is_not_taken_for_a_tree() -> None:
    store = Store()
    store.grow(300)
    store[0, 0] = store[0, 0][:-32]
    with pytest.raises(MissingTileError):
        Tree(300, store.fetch).inclusion(254)
    store[0, 1] = b""
    with pytest.raises(MissingTileError):
        grown(300, ALL_ENTRIES[300:301], store.fetch)


def test_a_bundle_gives_the_entries_with_their_lengths() -> None:
    entries = ALL_ENTRIES[:3]
    data = bundle(b"".join(entries))
    assert data == b"".join(b"\0\x20" + entry for entry in entries)
    assert hashes_of(b"".join(entries)) == entries
    assert WIDTH == 256
