"""Merkle trees against the public vectors and against the naive account; every proof that was touched is refused."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.tlog.merkle import (
    ProofError,
    consistency_proof,
    in_memory,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from standards.tlog import naive

VECTORS = Path(__file__).with_name("vectors")
CASES = [
    (kind.stem, name, case)
    for kind in sorted(VECTORS.glob("*.json"))
    for name, case in json.loads(kind.read_text(encoding="utf-8")).items()
]

# --- Public vectors ---------------------------------------------------------------------------------------------------

EIGHT = [bytes.fromhex(h) for h in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Source: transparency-dev/merkle @417fb0c."""


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_the_published_roots(size: int, root: str) -> None:
    leaves = [leaf_hash(entry) for entry in EIGHT[:size]]
    assert range_hash(0, size, in_memory(leaves)).hex() == root


def test_the_published_hashes_of_a_leaf_and_a_node() -> None:
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


def test_all_518_public_cases_are_here() -> None:
    assert len(CASES) == 518


def _verify(kind: str, case: dict[str, Any]) -> None:
    proof = [b64decode(one) for one in case["proof"] or []]
    if kind == "inclusion":
        verify_inclusion(case["leafIdx"], case["treeSize"], b64decode(case["leafHash"]), proof, b64decode(case["root"]))
    elif kind == "consistency":
        verify_consistency(case["size1"], case["size2"], proof, b64decode(case["root1"]), b64decode(case["root2"]))
    elif kind == "subtreeinclusion":
        verify_subtree_inclusion(
            case["leafIdx"], case["start"], case["end"], b64decode(case["leafHash"]), proof, b64decode(case["root"])
        )
    else:
        verify_subtree_consistency(
            case["start"], case["end"], case["size"], proof, b64decode(case["root1"]), b64decode(case["root2"])
        )


@pytest.mark.parametrize(("kind", "name", "case"), CASES, ids=[f"{kind}/{name}" for kind, name, _ in CASES])
def test_a_public_case(kind: str, name: str, case: dict[str, Any]) -> None:
    if case["wantErr"]:
        with pytest.raises(ProofError):
            _verify(kind, case)
    else:
        _verify(kind, case)


# --- The naive account ------------------------------------------------------------------------------------------------

MOST = 300
ENTRIES = [number.to_bytes(2, "big") for number in range(MOST)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


@pytest.mark.parametrize("size", [*range(1, 70), 100, 127, 128, 129, 255, 256, 257, 299, 300])
def test_proofs_are_those_of_the_rfc_and_hold(size: int) -> None:
    leaves, entries = LEAVES[:size], ENTRIES[:size]
    root = naive.mth(entries)
    subtree = in_memory(leaves)
    assert range_hash(0, size, subtree) == root
    places = range(size) if size < 70 else sorted({0, 1, size // 3, size // 2, size - 2, size - 1})
    for index in places:
        proof = inclusion_proof(index, size, subtree)
        assert proof == naive.path(index, entries)
        verify_inclusion(index, size, leaves[index], proof, root)
        old = index + 1
        proof = consistency_proof(old, size, subtree)
        assert proof == naive.proof(old, entries)
        verify_consistency(old, size, proof, naive.mth(entries[:old]), root)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_proof_holds_for_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size - 1))
    subtree = in_memory(LEAVES[:size])
    root, old_root = range_hash(0, size, subtree), range_hash(0, old, subtree)
    path, link = inclusion_proof(index, size, subtree), consistency_proof(old, size, subtree)
    verify_inclusion(index, size, LEAVES[index], path, root)
    verify_consistency(old, size, link, old_root, root)
    other = data.draw(st.integers(0, MOST - 1).filter(lambda n: n != index))
    for wrong in data.draw(st.lists(st.sampled_from(_touched(path)), min_size=1, max_size=3)):
        with pytest.raises(ProofError):
            verify_inclusion(index, size, LEAVES[index], wrong, root)
    with pytest.raises(ProofError):
        verify_inclusion(index, size, LEAVES[other], path, root)
    with pytest.raises(ProofError):
        verify_inclusion(other, size, LEAVES[index], path, root)
    for wrong in data.draw(st.lists(st.sampled_from(_touched(link)), min_size=1, max_size=3)):
        with pytest.raises(ProofError):
            verify_consistency(old, size, wrong, old_root, root)
    with pytest.raises(ProofError):
        verify_consistency(old, size, link, root, root)
    with pytest.raises(ProofError):
        verify_consistency(old, size, link, old_root, old_root)


def _touched(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with a bit turned, a hash too many, too few, or two exchanged."""
    wrong = [[*proof, bytes(32)], [bytes(32), *proof], proof[:-1], proof[1:]] if proof else [[bytes(32)]]
    for place, one in enumerate(proof):
        turned = bytes([one[0] ^ 1]) + one[1:]
        wrong += [[*proof[:place], turned, *proof[place + 1 :]], [*proof[:place], one[:-1], *proof[place + 1 :]]]
    wrong += [[*proof[:p], proof[p + 1], proof[p], *proof[p + 2 :]] for p in range(len(proof) - 1)]
    return wrong


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(index, size, in_memory(LEAVES))
    with pytest.raises(ProofError):
        verify_inclusion(index, size, LEAVES[0], [], LEAVES[0])


def test_a_larger_tree_begins_no_smaller_one() -> None:
    with pytest.raises(ValueError, match="cannot begin"):
        consistency_proof(4, 3, in_memory(LEAVES))
