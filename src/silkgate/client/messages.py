"""Messages from plain data: what a firm's system knows of an order becomes the bytes that it sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

from silkgate.standards.ceb.message import Transfer
from silkgate.standards.ceb.write import compose
from silkgate.standards.xmldsig import SigningKey, method_for, sign

SIGNED = frozenset(("621", "623", "625", "711", "603", "607", "507", "509"))
"""Messages that carry a signature when they declare (`appStatus` 2); the last four are of export."""

Values = Mapping[str, str]
"""Values by element name, as the message specification writes them: `{"orderNo": "D1", "goodsValue": "100"}`."""


class Sender(NamedTuple):
    """Who sends: BaseTransfer of every message."""

    code: str
    name: str
    dxp_id: str


class Document(NamedTuple):
    """One document of a message: its head and, where its kind has them, its goods lines."""

    head: Values
    lines: Sequence[Values] = ()


def new_guid() -> str:
    """A guid as the specification asks for it: 36 characters, letters upper case."""
    return str(uuid4()).upper()


def message(kind: str, documents: Iterable[Document], sender: Sender, *, guid: str = "") -> bytes:
    """A message of `kind` ("311" order … "711" warehouse entry; "303" … "701" of export), unsigned; as bytes in UTF-8.

    A document without `guid`, `appType` or `appStatus` gets a new guid, 1 (new) and 2 (declared). ValueError says which
    element the specification does not know, or which value it does not allow.
    """
    made = [
        ({"guid": new_guid(), "appType": "1", "appStatus": "2", **document.head}, list(document.lines))
        for document in documents
    ]
    return compose(kind, guid or new_guid(), Transfer(sender.code, sender.name, "DXP", sender.dxp_id), made)


def signed(raw: bytes, key: SigningKey) -> bytes:
    """The message with an enveloped signature: rsa-sha256 for an RSA key, sm2-sm3 for an SM2 key.

    ValueError where it is signed already.
    """
    return sign(raw, key, method_for(key.certificate))
