"""A receipt, its proof and a checkpoint: when it holds, and the sentence for everything that keeps it from holding."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.tlog import statement
from silkgate.standards.tlog.merkle import ProofError, in_memory, leaf_hash, range_hash
from silkgate.standards.tlog.merkle import consistency_proof as consistency_path
from silkgate.standards.tlog.merkle import inclusion_proof as inclusion_path
from silkgate.standards.tlog.note import COSIGNATURE, Signer
from silkgate.standards.tlog.proof import Checkpoint, Consistency, Proof
from silkgate.standards.tlog.verify import verify_receipt

LOG = Signer("silkgate/test", bytes(range(32)))
WITNESS = Signer("witness.example/w", bytes(range(1, 33)), COSIGNATURE)
OTHER = Signer("silkgate/other", bytes(range(2, 34)))
RECEIPTS = [f"<CEB622Message>{n}</CEB622Message>".encode() for n in range(20)]
STATEMENTS = [
    statement.receipt(
        n, 7, "CEB622Message", 'A"\n企业', 4096 + n, bytes(32), body, statement.salt(bytes(32), f"receipt {n}")
    )
    for n, body in enumerate(RECEIPTS)
]
LEAVES = [leaf_hash(statement.entry(one)) for one in STATEMENTS]
SUBTREE = in_memory(LEAVES)


def checkpoint(size: int, signer: Signer = LOG) -> bytes:
    return signer.sign(Checkpoint(signer.key.name, size, range_hash(0, size, SUBTREE)).text()).encode()


def proof(index: int, size: int, **changed: Any) -> bytes:
    path = tuple(inclusion_path(index, size, SUBTREE))
    return Proof(STATEMENTS[index], index, path, checkpoint(size))._replace(**changed).text().encode()


def consistency(old: int, new: int) -> bytes:
    return Consistency(old, tuple(consistency_path(old, new, SUBTREE)), checkpoint(new)).text().encode()


KEY = str(LOG.key)


@settings(deadline=None)
@given(st.integers(1, 20), st.data())
def test_a_receipt_in_the_log_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    verdict = verify_receipt(RECEIPTS[index], proof(index, size), checkpoint(size), [KEY])
    assert verdict.holds, verdict.text
    assert verdict.said == {
        "type": "silkgate.receipt/v1", "receipt": index, "batch": 7, "kind": "CEB622Message", "recipient": 'A"\n企业',
        "message": 4096 + index, "message_sha256": bytes(32).hex(), "sha256": sha256(RECEIPTS[index]).hexdigest(),
        "salt": statement.salt(bytes(32), f"receipt {index}"),
    }  # fmt: skip
    assert "签名有效" in verdict.text.zh
    assert "signature of silkgate/test holds" in verdict.text.en


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_a_proof_for_another_size_holds_with_a_link(shown: int, trusted: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, shown - 1))
    link = consistency(min(shown, trusted), max(shown, trusted))
    assert verify_receipt(RECEIPTS[index], proof(index, shown), checkpoint(trusted), [KEY], link).holds


def test_without_a_key_it_says_that_nobody_vouches() -> None:
    verdict = verify_receipt(RECEIPTS[3], proof(3, 9), checkpoint(9))
    assert verdict.holds
    assert "not authenticated" in verdict.text.en
    assert "签名未核对" in verdict.text.zh


def test_a_witness_is_believed_and_its_time_told() -> None:
    cosigned = WITNESS.cosign(checkpoint(9).decode(), 1_800_000_000).encode()
    verdict = verify_receipt(RECEIPTS[3], proof(3, 9), cosigned, [KEY, str(WITNESS.key)])
    assert verdict.holds
    assert "2027-01-15 08:00:00 UTC" in verdict.text.en


_FORKED = LOG.sign(Checkpoint("silkgate/test", 9, bytes(32)).text()).encode()
_LYING = STATEMENTS[3].replace(sha256(RECEIPTS[3]).hexdigest().encode(), sha256(b"forged").hexdigest().encode())

WRONG = {
    "the receipt was changed": (b"forged", proof(3, 9), checkpoint(9), [KEY], None, "not the one of the proof"),
    "the proof is another's": (RECEIPTS[3], proof(4, 9), checkpoint(9), [KEY], None, "not the one of the proof"),
    "the statement lies": (b"forged", proof(3, 9, extra=_LYING), checkpoint(9), [KEY], None, "not in this log"),
    "another place": (RECEIPTS[3], proof(3, 9, leaf_index=4), checkpoint(9), [KEY], None, "not in this log"),
    "no path": (RECEIPTS[3], proof(3, 9, path=()), checkpoint(9), [KEY], None, "too short"),
    "a forked log": (RECEIPTS[3], proof(3, 9), _FORKED, [KEY], None, "different roots"),
    "another log": (RECEIPTS[3], proof(3, 9), checkpoint(9, OTHER), [str(OTHER.key)], None, "point of silkgate/other"),
    "not signed": (RECEIPTS[3], proof(3, 9), checkpoint(9), [str(OTHER.key)], None, "does not carry"),
    "no witness": (RECEIPTS[3], proof(3, 9), checkpoint(9), [KEY, str(WITNESS.key)], None, "does not carry"),
    "forged signature": (
        RECEIPTS[3], proof(3, 9), checkpoint(9).replace(b"\n9\n", b"\n8\n"), [KEY], None, "checkpoint does not hold"),
    "no link": (RECEIPTS[3], proof(3, 9), checkpoint(12), [KEY], None, "/log/consistency/9"),
    "a link from elsewhere": (RECEIPTS[3], proof(3, 9), checkpoint(12), [KEY], consistency(8, 12), "begins at 8"),
    "a link to elsewhere": (RECEIPTS[3], proof(3, 9), checkpoint(12), [KEY], consistency(9, 13), "does not hold"),
    "no proof": (RECEIPTS[3], b"hello", checkpoint(9), [KEY], None, "cannot be read"),
    "no checkpoint": (RECEIPTS[3], proof(3, 9), b"hello", [KEY], None, "checkpoint does not hold"),
    "no key": (RECEIPTS[3], proof(3, 9), checkpoint(9), ["hello"], None, "key cannot be used"),
    "no link at all": (RECEIPTS[3], proof(3, 9), checkpoint(12), [KEY], b"hello", "consistency proof does not hold"),
    "nothing": (b"", b"", b"", [], None, "does not hold"),
}  # fmt: skip


@pytest.mark.parametrize(("receipt", "shown", "trusted", "keys", "link", "words"), WRONG.values(), ids=WRONG)
def test_what_does_not_hold_says_why_in_both_languages(
    receipt: bytes, shown: bytes, trusted: bytes, keys: list[str], link: bytes | None, words: str
) -> None:
    verdict = verify_receipt(receipt, shown, trusted, keys, link)
    assert not verdict.holds
    assert words in verdict.text.en
    assert any("\u4e00" <= character <= "\u9fff" for character in verdict.text.zh)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_whatever_is_handed_in_gets_an_answer(receipt: bytes, shown: bytes, trusted: bytes) -> None:
    assert not verify_receipt(receipt, shown, trusted).holds


@pytest.mark.parametrize(
    "changed",
    [
        b"", b"[]", b"null", b"\xff", b"{}", b"[" * 10_000, b"x" * 20_000,
        STATEMENTS[0].replace(b'"receipt":0', b'"receipt":"0"'),
        STATEMENTS[0].replace(b'"receipt":0', b'"receipt":0,"receipt":0'),
        STATEMENTS[0].replace(b"receipt/v1", b"batch/v1"), STATEMENTS[0].replace(b'"batch":7', b'"batch":true'),
        statement.batch(7, 1, 2, "ab", "cd"), statement.event(7, "ab", "cd"),
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_statement_of_a_receipt_is_refused(changed: bytes) -> None:
    with pytest.raises(ProofError):
        statement.read(changed)


def test_statements_of_batches_and_events_are_json_too() -> None:
    assert json.loads(statement.batch(7, 1, 2, "ab", "cd")) == {
        "type": "silkgate.batch/v1", "batch": 7, "receipts": 1, "events": 2, "sha256": "ab", "salt": "cd",
    }  # fmt: skip
    assert json.loads(statement.event(7, "ab", "cd"))["event"] == 7


def test_a_salt_is_the_same_for_the_same_words_and_key_only() -> None:
    key, other = bytes(32), bytes(31) + b"1"
    salts = [statement.salt(key, "receipt 1"), statement.salt(key, "receipt 2"), statement.salt(other, "receipt 1")]
    assert len(set(salts)) == 3
    assert statement.salt(key, "receipt 1") == salts[0]
