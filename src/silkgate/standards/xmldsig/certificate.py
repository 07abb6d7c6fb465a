"""Certificates as data: what they say, their fingerprint, and a key that can judge. Trust is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from silkgate.standards.xmldsig.keys import PublicKey, Sm2PublicKey, public_key_of

MAX_DER_BYTES = 16 * 1024
"""Real ones have 1 to 2 KB; a message may embed what it likes, and readings are cached."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One X.509 certificate with an RSA or SM2 key. Equal where the DER is equal; pickles as its DER."""

    der: bytes
    fingerprint: str = field(compare=False)
    """SHA-256 of the DER, lower-case hexadecimal."""
    serial: int = field(compare=False)
    subject: str = field(compare=False)
    """RFC 4514 text. For people only: never a key, anyone can write any subject."""
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    """Aware times, UTC. Whether the day is within them is the caller's question: this room knows no day."""
    key: PublicKey = field(compare=False, repr=False)

    @staticmethod
    def from_der(der: bytes) -> Certificate:
        """Reads a certificate, cached. ValueError where it cannot be read or its key is neither RSA nor SM2."""
        if len(der) > MAX_DER_BYTES:
            raise ValueError(f"a certificate of {len(der)} bytes is not read")
        return _read(der)

    @staticmethod
    def from_pem(pem: bytes) -> Certificate:
        """Reads the first certificate of a PEM text; ValueError as in `from_der`."""
        return Certificate.from_der(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))

    @property
    def is_sm2(self) -> bool:
        """Whether its key is SM2; else it is RSA."""
        return isinstance(self.key, Sm2PublicKey)

    def __reduce__(self) -> tuple[Callable[[bytes], Certificate], tuple[bytes]]:
        return Certificate.from_der, (self.der,)


@lru_cache(maxsize=4096)
def _read(der: bytes) -> Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from None
    return Certificate(
        der=der,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        serial=certificate.serial_number,
        subject=certificate.subject.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=public_key_of(certificate),
    )
