"""Words of the exchange: what intake found in a message, and the refusals of its stages."""

from __future__ import annotations

from typing import Any

import msgspec

from silkgate.exchange.documents import Document, decode

MESSAGES_PER_SEGMENT = 4096
"""A message's id is its segment's id times this, plus its place."""

ABSENT, VALID, INVALID, CERTIFICATE = "absent", "valid", "invalid", "certificate"
"""Signature verdicts: none there; by the filed certificate; does not verify; verifies, but by another one."""


class Found(msgspec.Struct, array_like=True, gc=False):
    """What the stages of intake found in one message, kept beside its bytes; the engine judges from this alone.

    `refusal` is the slug of the format rule that ended intake, or empty. `documents` are the records of
    `exchange.documents`, encoded; `wide` tells how.
    """

    kind: str
    """Root name such as CEB621Message; Unknown where it could not be read."""
    code: str
    """"621"; empty where refused."""
    guid: str
    digest: bytes
    """SHA-256 of the business message (of the received bytes where there is none)."""
    sender: str
    dxp_id: str
    envelope_sender: str | None
    """SenderId of the DXP envelope; None where the message came raw."""
    envelope_id: str
    """CopMsgId of the envelope; empty where the message came raw."""
    signature: str
    documents: bytes
    wide: bool
    document_count: int
    refusal: str = ""
    detail_zh: str = ""
    detail_en: str = ""
    excerpt: str = ""
    """Of a refused message: its text (at most 20,000 characters) for the CEB900 that answers it."""

    def records(self) -> list[Any]:
        """The documents in the order of the message."""
        return decode(self.code, self.documents, wide=self.wide) if self.code else []


class Received(msgspec.Struct, gc=False):
    """One message on its way into the inbox: its bytes and what was found in them."""

    raw: bytes
    sha256: bytes
    found: Found
    channel: str


__all__ = ["ABSENT", "CERTIFICATE", "INVALID", "MESSAGES_PER_SEGMENT", "VALID", "Document", "Found", "Received"]
