"""Signed notes, cosignatures, checkpoints and proof files: the examples of the specifications, and what is refused."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from silkgate.standards.tlog.merkle import ProofError
from silkgate.standards.tlog.note import COSIGNATURE, NoteError, Signer, open_note, read_key
from silkgate.standards.tlog.proof import (
    Checkpoint,
    Consistency,
    Proof,
    read_checkpoint,
    read_consistency,
    read_proof,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE_NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
EXAMPLE_CHECKPOINT = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 \
jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""
"""Source: c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature (C2SP @5ba5ee8)."""

LOG = Signer("silkgate/test", bytes(range(32)))
WITNESS = Signer("witness.example/w", bytes(range(1, 33)), COSIGNATURE)
STRANGER = Signer("silkgate/test", bytes(32))
CHECKPOINT = Checkpoint("silkgate/test", 5, bytes(range(32)))
SIGNED = LOG.sign(CHECKPOINT.text())


def test_the_example_of_the_specification_holds() -> None:
    key = read_key(EXAMPLE_KEY)
    assert str(key) == EXAMPLE_KEY
    note = open_note(EXAMPLE_NOTE.encode(), [key])
    assert note.text == "This is an example message.\n"
    assert [one.key for one in note.verified] == [key]


def test_the_checkpoint_of_the_specification_is_read() -> None:
    checkpoint, note = read_checkpoint(EXAMPLE_CHECKPOINT.encode())
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20_852_163
    assert note.verified == ()
    assert note.text == checkpoint.text()


def test_a_key_says_itself_as_text() -> None:
    assert read_key(str(LOG.key)) == LOG.key
    assert read_key(f" {WITNESS.key}\n") == WITNESS.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+530d903a",
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY[:-1],
        EXAMPLE_KEY.replace("foo", "f o"),
        EXAMPLE_KEY.replace("+Aek", "+Bek"),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        EXAMPLE_KEY + "!",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_key(text)


def test_signed_and_cosigned() -> None:
    both = WITNESS.cosign(SIGNED, 1_800_000_000)
    note = open_note(both.encode(), [LOG.key, WITNESS.key])
    assert [(one.key, one.at) for one in note.verified] == [(LOG.key, None), (WITNESS.key, 1_800_000_000)]
    assert open_note(both.encode(), [WITNESS.key]).verified[0].key == WITNESS.key
    assert open_note(both.encode(), []).verified == ()


def test_a_stranger_of_the_same_name_is_passed_over() -> None:
    assert open_note(STRANGER.sign(CHECKPOINT.text()).encode(), [LOG.key]).verified == ()


@settings(deadline=None)
@given(st.integers(0, len(SIGNED.encode()) - 1), st.integers(0, 7))
def test_a_turned_bit_is_never_taken_for_signed(place: int, bit: int) -> None:
    raw = bytearray(SIGNED.encode())
    raw[place] ^= 1 << bit
    try:
        note = open_note(bytes(raw), [LOG.key])
    except NoteError:
        return
    assert note.verified == ()  # the name or the id of the key was hit


_LINE = SIGNED.split("\n\n")[1]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"text\n",
        b"text\n\n",
        b"text\n\nline\n",
        SIGNED.encode()[:-1],
        SIGNED.encode() + b"x",
        SIGNED.replace("— ", "- ").encode(),
        SIGNED.replace("\n\n", "\n").encode(),
        SIGNED.encode() + b"\xff\n",
        SIGNED.replace("5", "\t").encode(),
        SIGNED.replace("silkgate/test\n5", "silkgate/test\n6").encode(),
        (SIGNED + _LINE * 64).encode(),
        b"x" * 300_000,
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— name ====\n".encode(),
    ],
    ids=range(16),
)
def test_what_is_no_signed_note_is_refused(raw: bytes) -> None:
    with pytest.raises(NoteError):
        open_note(raw, [LOG.key])


@pytest.mark.parametrize("text", ["no line feed", "a\tb\n", "a\r\n"])
def test_only_lines_of_text_are_signed(text: str) -> None:
    with pytest.raises(NoteError):
        LOG.sign(text)


ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"silkgate/test\n05\n{ROOT}\n",
        f"silkgate/test\n-5\n{ROOT}\n",
        f"silkgate/test\n٥\n{ROOT}\n",
        "silkgate/test\n5\nAAAA\n",
        f"silkgate/test\n5\n{ROOT}\nextension\n",
        f"\n5\n{ROOT}\n",
        "silkgate/test\n5\n",
        f"silkgate/test\n5\n{ROOT[:-2]}B=\n",
        "silkgate/test\n",
    ],
)
def test_what_is_no_checkpoint_is_refused_though_it_is_signed(text: str) -> None:
    with pytest.raises(ProofError):
        read_checkpoint(LOG.sign(text).encode(), [LOG.key])


PROOF = Proof(b'{"a":1}', 3, (bytes(32), bytes(range(32))), SIGNED.encode())


@pytest.mark.parametrize(
    "proof", [PROOF, PROOF._replace(extra=b""), PROOF._replace(path=()), PROOF._replace(leaf_index=0)]
)
def test_a_proof_comes_back_as_it_was_written(proof: Proof) -> None:
    assert read_proof(proof.text().encode()) == proof


@pytest.mark.parametrize("path", [(), (bytes(32),), (bytes(32),) * 3])
def test_a_consistency_proof_comes_back_as_it_was_written(path: tuple[bytes, ...]) -> None:
    consistency = Consistency(2, path, SIGNED.encode())
    assert read_consistency(consistency.text().encode()) == consistency


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROOF.text().replace("@v1", "@v2"),
        PROOF.text().replace("index 3", "index 03"),
        PROOF.text().replace("index 3\n", ""),
        PROOF.text().replace("extra ", "extra  "),
        PROOF.text().replace("\n\n", "\n"),
        PROOF.text().replace("AAAA", "AAA", 1),
        "old 2\n\n",
        Proof(b"", 0, (bytes(32),) * 65, b"").text(),
        "x" * 600_000,
    ],
    ids=range(10),
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        read_checkpoint(read_proof(text.encode()).checkpoint)


@pytest.mark.parametrize("text", ["", "old 02\n\nx", "new 2\n\nx", "old 2\nAAA=\n\nx", "old 2\n"])
def test_what_is_no_consistency_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        read_consistency(text.encode())
