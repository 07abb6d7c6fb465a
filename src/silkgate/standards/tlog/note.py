"""Signed notes (c2sp.org/signed-note) with Ed25519, and the cosignatures of witnesses (c2sp.org/tlog-cosignature)."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = 0x01
"""Ed25519 over the note's text."""
COSIGNATURE = 0x04
"""Ed25519 of a witness, over a time and a checkpoint's text."""

MAX_NOTE_BYTES = 256 * 1024
MAX_SIGNATURES = 64
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_NAME = re.compile(r"[^\s+]+")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(Exception):
    """A note, a key or a signature that is not to be believed; says why, in words for a log file."""


class VerifierKey(NamedTuple):
    """Who signs: name, what kind of signature, public key."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line names the key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as text (vkey): `<name>+<id in hex>+<base64 of kind and key>`."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"


class Verified(NamedTuple):
    """A signature that held: whose, and when, where the signer is a witness (seconds since 1970)."""

    key: VerifierKey
    at: int | None


class Note(NamedTuple):
    """The text of a note, up to and with its last line feed, and whose signatures of it held."""

    text: str
    verified: tuple[Verified, ...]


def key_name(name: str) -> str:
    """`name` where it may name a key, else NoteError: not empty, no spaces, no plus."""
    if not _NAME.fullmatch(name) or not name.isprintable():
        raise NoteError(f"{name!r} cannot name a key")
    return name


def read_key(text: str) -> VerifierKey:
    """The key that a vkey says. Raises NoteError."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise NoteError("a key is written name+id+base64")
    material = decode(parts[2])
    if len(material) != 1 + _KEY_BYTES or material[0] not in (SIGNATURE, COSIGNATURE):
        raise NoteError("the key is not Ed25519, of a log or a witness")
    key = VerifierKey(key_name(parts[0]), material[0], material[1:])
    if parts[1] != key.id.hex():
        raise NoteError("the key's id is not its own")
    return key


class Signer:
    """A name with its Ed25519 private key, from 32 bytes."""

    def __init__(self, name: str, seed: bytes, kind: int = SIGNATURE) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(key_name(name), kind, self._private.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The note of `text`, which ends in a line feed, with our signature."""
        if not text.endswith("\n") or _CONTROLS.search(text):
            raise NoteError("a note is lines of text, each ended by a line feed")
        return f"{text}\n{self._line(self._private.sign(text.encode()))}"

    def cosign(self, note: str, at: int) -> str:
        """`note`, a signed checkpoint, with our word as a witness that we saw it at `at`, seconds since 1970."""
        text = note.rpartition("\n\n")[0] + "\n"
        signed = self._private.sign(_seen(text, at))
        return note + self._line(at.to_bytes(8, "big") + signed)

    def _line(self, signature: bytes) -> str:
        return f"— {self.key.name} {b64encode(self.key.id + signature).decode()}\n"


def open_note(raw: bytes, keys: Sequence[VerifierKey]) -> Note:
    """The note in `raw` and which of `keys` have signed it.

    Raises NoteError where it is no note, or where the signature of a known key does not hold. Signatures of other keys
    are passed over: without keys the text alone is read, and nobody vouches.
    """
    text, lines = _parted(raw)
    by_name = {(key.name, key.id): key for key in keys}
    verified: dict[VerifierKey, Verified] = {}
    for line in lines:
        found = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if found is None:
            raise NoteError("a signature line cannot be read")
        signature = decode(found[2])
        if len(signature) < 5:
            raise NoteError("a signature is too short")
        key = by_name.get((found[1], signature[:4]))
        if key is not None:
            verified[key] = Verified(key, _check(key, text, signature[4:]))
    return Note(text, tuple(verified.values()))


def _parted(raw: bytes) -> tuple[str, list[str]]:
    if len(raw) > MAX_NOTE_BYTES:
        raise NoteError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        note = raw.decode()
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error
    if _CONTROLS.search(note):
        raise NoteError("a note has no control characters")
    text, parted, signatures = note.rpartition("\n\n")
    if not parted or not signatures.endswith("\n"):
        raise NoteError("a note is text, an empty line, and signatures, each on its line")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"a note has at most {MAX_SIGNATURES} signatures")
    return text + "\n", lines


def _check(key: VerifierKey, text: str, signature: bytes) -> int | None:
    """The time of a cosignature, None of another signature. Raises NoteError where it does not hold."""
    at, message = None, text.encode()
    if key.kind == COSIGNATURE:
        at = int.from_bytes(signature[:8], "big")
        message, signature = _seen(text, at), signature[8:]
    try:
        if len(signature) != _SIGNATURE_BYTES or (at or 0) >= 1 << 63:
            raise NoteError(f"the signature of {key.name} has another form")
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NoteError(f"the signature of {key.name} does not hold") from error
    return at


def _seen(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def decode(text: str) -> bytes:
    """Base64 in its one canonical form. Raises NoteError."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("this is not base64") from error
    if b64encode(data).decode() != text:
        raise NoteError("this is not base64 as one writes it")
    return data
