"""Checkpoints (c2sp.org/tlog-checkpoint), offline proofs (c2sp.org/tlog-proof), consistency proofs.

The last have the form of a request to a witness (c2sp.org/tlog-witness): `old <size>`, the hashes, an empty line, the
checkpoint. So what our log gives out can be handed to any witness as it is.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from silkgate.standards.tlog.merkle import HASH_BYTES, ProofError
from silkgate.standards.tlog.note import MAX_NOTE_BYTES, Note, NoteError, VerifierKey, decode, open_note

_HEADER = "c2sp.org/tlog-proof@v1"
_NUMBER = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_MOST_HASHES = 64
MAX_PROOF_BYTES = 2 * MAX_NOTE_BYTES


class Checkpoint(NamedTuple):
    """The state of a log: its name, how many leaves, their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def read_checkpoint(raw: bytes, keys: Sequence[VerifierKey] = ()) -> tuple[Checkpoint, Note]:
    """The checkpoint in a signed note, and whose signatures held. Raises ProofError.

    A checkpoint of ours has three lines; extension lines, which no monitor can check, are refused.
    """
    try:
        note = open_note(raw, keys)
        lines = note.text[:-1].split("\n")
        if len(lines) != 3 or not lines[0]:
            raise ProofError("a checkpoint has three lines: name, size, root")
        checkpoint = Checkpoint(lines[0], number(lines[1]), _hash(lines[2]))
    except NoteError as error:
        raise ProofError(str(error)) from error
    return checkpoint, note


class Proof(NamedTuple):
    """That a leaf stands in a log, and what the leaf's owner needs to say what it holds."""

    extra: bytes
    leaf_index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note, byte for byte."""

    def text(self) -> str:
        """The proof as a file."""
        extra = f"extra {b64encode(self.extra).decode()}\n" if self.extra else ""
        return f"{_HEADER}\n{extra}index {self.leaf_index}\n{_lines(self.path)}\n{self.checkpoint.decode()}"


def read_proof(raw: bytes) -> Proof:
    """The proof in a file. Raises ProofError."""
    head, checkpoint = _halves(raw)
    lines = head.split("\n")
    if lines.pop(0) != _HEADER:
        raise ProofError(f"a proof begins with {_HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _decoded(lines.pop(0)[6:])
    if not lines or not lines[0].startswith("index "):
        raise ProofError("a proof says the leaf's index")
    return Proof(extra, number(lines.pop(0)[6:]), _path(lines), checkpoint)


class Consistency(NamedTuple):
    """That the log of `old` leaves is the beginning of the log of the checkpoint."""

    old: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def text(self) -> str:
        """The proof as a witness takes it."""
        return f"old {self.old}\n{_lines(self.path)}\n{self.checkpoint.decode()}"


def read_consistency(raw: bytes) -> Consistency:
    """The consistency proof in a file. Raises ProofError."""
    head, checkpoint = _halves(raw)
    lines = head.split("\n")
    if not lines[0].startswith("old "):
        raise ProofError("a consistency proof begins with the old size")
    return Consistency(number(lines[0][4:]), _path(lines[1:]), checkpoint)


def number(text: str) -> int:
    """A whole number in decimal digits with no leading zero. Raises ProofError."""
    if not _NUMBER.fullmatch(text):
        raise ProofError("this is no whole number as one writes it")
    return int(text)


def _halves(raw: bytes) -> tuple[str, bytes]:
    if len(raw) > MAX_PROOF_BYTES:
        raise ProofError(f"a proof has at most {MAX_PROOF_BYTES} bytes")
    head, parted, checkpoint = raw.partition(b"\n\n")
    if not parted:
        raise ProofError("a proof ends in an empty line and the checkpoint")
    try:
        return head.decode(), checkpoint
    except UnicodeDecodeError as error:
        raise ProofError("a proof is UTF-8") from error


def _lines(path: Sequence[bytes]) -> str:
    return "".join(f"{b64encode(one).decode()}\n" for one in path)


def _path(lines: Sequence[str]) -> tuple[bytes, ...]:
    if len(lines) > _MOST_HASHES:
        raise ProofError("the proof is too long")
    return tuple(_hash(line) for line in lines)


def _hash(text: str) -> bytes:
    data = _decoded(text)
    if len(data) != HASH_BYTES:
        raise ProofError("a hash has 32 bytes")
    return data


def _decoded(text: str) -> bytes:
    try:
        return decode(text)
    except NoteError as error:
        raise ProofError(str(error)) from error
