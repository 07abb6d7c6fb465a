"""What a read CEB message is: plain tuples, the same from every reader."""

from __future__ import annotations

from typing import NamedTuple


class Transfer(NamedTuple):
    """BaseTransfer without its note; all "" in messages that have none."""

    cop_code: str = ""
    cop_name: str = ""
    dxp_mode: str = ""
    dxp_id: str = ""


TRANSFER_NAMES = ("copCode", "copName", "dxpMode", "dxpId")
"""The elements of `Transfer`, in its order."""


class Subscriber(NamedTuple):
    """One BaseSubscribe: what a third party wants (`ALL`, `DATA`, `RET`) and its DXP address."""

    status: str
    dxp_address: str


class Document(NamedTuple):
    """Values in the order that the reader was asked for; an absent or empty element is ""."""

    head: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


class Message(NamedTuple):
    """One CEB message that passed the schema."""

    code: str
    guid: str
    version: str
    transfer: Transfer
    documents: list[Document]
    canonical: bool
    """True: the bytes of the root element, without its Signature, are known to be their own C14N 1.0 form."""
    subscribers: tuple[Subscriber, ...] = ()


class Packed(NamedTuple):
    """One CEB message in plain form, its documents already packed into the records that were asked for."""

    code: str
    guid: str
    version: str
    transfer: Transfer
    document_count: int
    records: bytes
    """MessagePack: an array with an array of values for each document."""
    unsigned: bool
    """True: known to carry no Signature."""
