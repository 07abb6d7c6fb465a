"""Signatures of webhooks as the Standard Webhooks specification has them (version 1, symmetric): pure.

The signed text is `<webhook-id>.<webhook-timestamp>.<body>`, the signature `v1,` and the base64 of its HMAC-SHA256; the
header may hold several, separated by spaces. A secret is written `whsec_` and base64.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_SECONDS = 300


class WrongSignatureError(ValueError):
    """These bytes do not come from who holds the secret, or not now."""


def written(secret: bytes) -> str:
    """A secret as people and programs are shown it."""
    return PREFIX + b64encode(secret).decode()


def read(text: str) -> bytes:
    """The secret that is written as `text`. Raises ValueError."""
    try:
        return b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook secret is whsec_ and base64") from error


def sign(secret: bytes, name: str, timestamp: int, body: bytes) -> str:
    """The signature of a delivery `name` at `timestamp` (seconds since 1970)."""
    signed = f"{name}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(secret, signed, sha256)).decode()


def verify(secrets: Iterable[bytes], name: str, timestamp: str, signatures: str, body: bytes, now: float) -> None:
    """Raises WrongSignatureError unless one of `signatures` is that of one of `secrets`, made within five minutes."""
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise WrongSignatureError("the timestamp is not now")
    wanted = [sign(secret, name, int(timestamp), body).encode() for secret in secrets]
    given = [signature.encode() for signature in signatures.split(" ")]
    if not any(hmac.compare_digest(one, other) for one in wanted for other in given):
        raise WrongSignatureError("no signature fits")
