"""RFC 6962 Merkle trees: hashes, proofs and their verification.

What a tree holds is asked for by `Subtree`: a function that gives the hash over the leaves [start, end) of a perfect
subtree (their number is a power of two, `start` a multiple of it). So the same words prove over a list in memory and
over tiles in a database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")
"""The beginnings of all hashes: copied, because a fresh one costs as much again as what is hashed."""

Subtree = Callable[[int, int], bytes]


class ProofError(Exception):
    """The proof does not prove it; says why, in words for a log file."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf that holds `entry`."""
    hashed = _LEAF.copy()
    hashed.update(entry)
    return hashed.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node over its two children."""
    hashed = _NODE.copy()
    hashed.update(left + right)
    return hashed.digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Root over hashes whose number is a power of two, one row of the tree after the other."""
    row = list(hashes)
    while len(row) > 1:
        pairs = iter(row)
        row = [node_hash(left, right) for left, right in zip(pairs, pairs, strict=True)]
    return row[0]


def range_hash(start: int, end: int, subtree: Subtree) -> bytes:
    """MTH(D[start:end]) of RFC 6962; `start` is a multiple of the smallest power of two that holds the range."""
    count = end - start
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        return subtree(start, end)
    middle = start + _split(count)
    return node_hash(subtree(start, middle), range_hash(middle, end, subtree))


def in_memory(leaves: Sequence[bytes]) -> Subtree:
    """The subtrees over a sequence of leaf hashes."""
    return lambda start, end: perfect_root(leaves[start:end])


# --- Proofs ---------------------------------------------------------------------------------------------------------


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH of RFC 6962: the siblings from leaf `index` up to the root of the tree of `size` leaves."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_hash(middle, end, subtree))
            end = middle
        else:
            path.append(range_hash(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """PROOF of RFC 6962: that the tree of the first `old` leaves begins the tree of `size`. Empty where old is 0."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {old} leaves cannot begin one of {size}")
    if old == 0:
        return []
    path = []
    start, end = 0, size
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_hash(middle, end, subtree))
            end = middle
        else:
            path.append(range_hash(start, middle, subtree))
            start = middle
    if start:
        path.append(range_hash(start, end, subtree))  # the old tree's own last part; where it is all of it, it is known
    return path[::-1]


# --- Verification -----------------------------------------------------------------------------------------------------


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Leaf hash `leaf` stands at `index` in the tree of `size` with this `root` (RFC 9162 §2.1.3.2), or ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    _check_hashes(leaf, *proof)
    place, last, at = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if place & 1 or place == last:
            at = node_hash(sibling, at)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            at = node_hash(at, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if at != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """The tree of `old` leaves begins the tree of `size` (RFC 9162 §2.1.4.2), or ProofError. `old` is at least 1."""
    if old < 1:
        raise ProofError("consistency with an empty tree says nothing")
    verify_subtree_consistency(0, old, size, proof, old_root, root)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Leaf hash `leaf` stands at `index` in the subtree [start, end) with this `root`, or ProofError."""
    _check_subtree(start, end)
    verify_inclusion(index - start, end - start, leaf, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, proof: Sequence[bytes], part_root: bytes, root: bytes
) -> None:
    """The subtree [start, end) with `part_root` is part of the tree of `size` with `root`, or ProofError.

    An empty part is part of everything: then only the hash of nothing is looked at.
    """
    _check_subtree(start, end)
    if end > size:
        raise ProofError(f"leaves up to {end} are not in a tree of {size}")
    if start == end:
        if proof or part_root != EMPTY_ROOT:
            raise ProofError("nothing has the hash of nothing, and no proof")
        return
    _check_hashes(*(proof and (part_root, *proof)))
    first, last, total = start, end - 1, size - 1
    # Up to where the part's right edge leaves the whole tree's, or to the part's own root.
    while first != last and (last == total or last & 1):
        first, last, total = first >> 1, last >> 1, total >> 1
    rest = list(proof)
    if first == last:
        part = whole = part_root
    elif rest:
        part = whole = rest.pop(0)
    else:
        raise ProofError("the proof is too short")
    for sibling in rest:
        if total == 0:
            raise ProofError("the proof is too long")
        if last & 1 or last == total:
            if first < last:
                part = node_hash(sibling, part)
            whole = node_hash(sibling, whole)
            while not last & 1 and last:
                first, last, total = first >> 1, last >> 1, total >> 1
        else:
            whole = node_hash(whole, sibling)
        first, last, total = first >> 1, last >> 1, total >> 1
    if total:
        raise ProofError("the proof is too short")
    if part != part_root or whole != root:
        raise ProofError("the proof leads to another root")


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_subtree(start: int, end: int) -> None:
    if not 0 <= start <= end:
        raise ProofError(f"[{start}, {end}) is no range")
    if start != end and start % (1 << (end - start - 1).bit_length()):
        raise ProofError(f"[{start}, {end}) is no subtree")


def _check_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("a hash has 32 bytes")
