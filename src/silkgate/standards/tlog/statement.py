"""What the leaves of a Silkgate log say. The log itself holds only the SHA-256 of each statement.

A statement is a JSON object on one line. It carries a salt, so that nobody can find out by trying what a leaf of the
public log says; whoever has a right to a receipt gets its statement, salt included, with the proof.
"""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any

from silkgate.standards.tlog.merkle import ProofError

RECEIPT = "silkgate.receipt/v1"
BATCH = "silkgate.batch/v1"
EVENT = "silkgate.event/v1"
SALT_KEY_BYTES = 32
_SALT_BYTES = 16
_MOST_BYTES = 16 * 1024


def salt(key: bytes, words: str) -> str:
    """The salt of the statement that `words` name: 32 hexadecimal digits, the same each time, unknown without `key`."""
    salted = _keyed(key).copy()
    salted.update(words.encode())
    return salted.hexdigest()


def receipt(
    number: int, batch: int, kind: str, recipient: str, message: int, message_sha256: bytes, body: bytes, salted: str
) -> bytes:
    """That receipt `number` of this kind, with these bytes, was given to `recipient` in answer to a message."""
    return (
        f'{{"type":"{RECEIPT}","receipt":{number},"batch":{batch},"kind":{_quoted(kind)},'
        f'"recipient":{_quoted(recipient)},"message":{message},"message_sha256":"{message_sha256.hex()}",'
        f'"sha256":"{sha256(body).hexdigest()}","salt":"{salted}"}}'
    ).encode()


def batch(number: int, receipts: int, events: int, events_sha256: str, salted: str) -> bytes:
    """That a batch of decisions had so many receipts, whose leaves stand before this one, and these journal events."""
    return (
        f'{{"type":"{BATCH}","batch":{number},"receipts":{receipts},"events":{events},"sha256":"{events_sha256}",'
        f'"salt":"{salted}"}}'
    ).encode()


def event(number: int, event_sha256: str, salted: str) -> bytes:
    """That this event stands in the journal; for events that no batch of decisions caused."""
    return f'{{"type":"{EVENT}","event":{number},"sha256":"{event_sha256}","salt":"{salted}"}}'.encode()


def entry(statement: bytes) -> bytes:
    """What the log holds of a statement: its SHA-256."""
    return sha256(statement).digest()


def read(statement: bytes) -> dict[str, Any]:
    """The members of a receipt's statement, each of its type. Raises ProofError."""
    if len(statement) > _MOST_BYTES:
        raise ProofError(f"a statement has at most {_MOST_BYTES} bytes")
    try:
        said = json.loads(statement.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ProofError("the statement is no JSON object in UTF-8") from error
    if not isinstance(said, dict) or {name: type(value) for name, value in said.items()} != _MEMBERS:
        raise ProofError("the statement has other members than a receipt's")
    if said["type"] != RECEIPT:
        raise ProofError(f"the statement is not of type {RECEIPT}")
    return said


_MEMBERS = {
    "type": str,
    "receipt": int,
    "batch": int,
    "kind": str,
    "recipient": str,
    "message": int,
    "message_sha256": str,
    "sha256": str,
    "salt": str,
}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProofError("the statement names a member twice")
    return found


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=_SALT_BYTES)


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return json.dumps(text)
