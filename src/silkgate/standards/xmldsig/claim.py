"""What both readers of a signature hand to the judge."""

from __future__ import annotations

import binascii
from functools import lru_cache
from typing import NamedTuple

from silkgate.standards.xmldsig.algorithms import Method
from silkgate.standards.xmldsig.certificate import MAX_DER_BYTES, Certificate


class Claim(NamedTuple):
    """A signature whose digest agrees with the document: left to judge is whose key made `value` over `octets`."""

    method: Method
    value: bytes
    octets: bytes
    """The canonical SignedInfo."""
    embedded: Certificate | None


def decode_base64(text: bytes | str) -> bytes:
    """Base64 without a stray character; ValueError otherwise."""
    return binascii.a2b_base64(text, strict_mode=True)


@lru_cache(maxsize=4096)
def certificate_from_base64(text: bytes) -> Certificate | None:
    """The certificate a message embeds, None where it cannot be read. Cached: senders embed the same one each time."""
    if len(text) > 2 * MAX_DER_BYTES:
        return None
    try:
        return Certificate.from_der(decode_base64(text))
    except ValueError:
        return None
