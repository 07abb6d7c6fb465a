"""Public keys behind one method: does this value sign these octets? SM2 is kept in `sm2.py`, behind the same method."""

from __future__ import annotations

from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from silkgate.standards.xmldsig import der, sm2
from silkgate.standards.xmldsig.algorithms import Method

RSA_BITS_MIN, RSA_BITS_MAX = 1024, 8192
"""1024 is what the 2018 edition still names; the upper end bounds the time that a stranger's certificate can cost."""
RSA_EXPONENT_BITS_MAX = 33
"""65537 has 17; a long exponent makes verifying as slow as signing."""
_EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
_SM2_CURVE = bytes.fromhex("2a811ccf5501822d")
_PADDING = padding.PKCS1v15()
RSA_HASHES: dict[Method, hashes.HashAlgorithm] = {
    Method.RSA_SHA1: hashes.SHA1(),  # noqa: S303 - the specification's own method
    Method.RSA_SHA256: hashes.SHA256(),
}


class PublicKey(Protocol):
    """A key that can judge a signature value."""

    def verify(self, method: Method, value: bytes, octets: bytes) -> bool:
        """True where `value` is this key's signature over `octets`; False for a method of another kind of key."""
        ...


class RsaPublicKey:
    """RSA with PKCS #1 v1.5 padding."""

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._verify = key.verify

    def verify(self, method: Method, value: bytes, octets: bytes) -> bool:
        algorithm = RSA_HASHES.get(method)
        if algorithm is None:
            return False
        try:
            self._verify(value, octets, _PADDING, algorithm)
        except (InvalidSignature, ValueError):
            return False
        return True


class Sm2PublicKey:
    """SM2 with SM3 and the default user id; values are r‖s, 64 octets."""

    def __init__(self, point: bytes) -> None:
        self._key = sm2.public_key(point)

    def verify(self, method: Method, value: bytes, octets: bytes) -> bool:
        return method is Method.SM2_SM3 and sm2.verify(self._key, value, octets)


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """The key of a certificate; ValueError where it is neither RSA of a usable size nor SM2."""
    point = _sm2_point(certificate.tbs_certificate_bytes)
    if point is not None:
        return Sm2PublicKey(point)
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        raise ValueError("the certificate's key is neither RSA nor SM2") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the certificate's key is neither RSA nor SM2")
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise ValueError(f"an RSA key of {key.key_size} bits is not accepted")
    if key.public_numbers().e.bit_length() > RSA_EXPONENT_BITS_MAX:
        raise ValueError("an RSA key with so long an exponent is not accepted")
    return RsaPublicKey(key)


def _sm2_point(tbs: bytes) -> bytes | None:
    """The uncompressed point of an SM2 key in a TBSCertificate (RFC 5280 §4.1), None for another kind of key.

    `cryptography` reads certificates but not keys on this curve, hence the few steps by hand.
    """
    _, start, end = der.read(tbs)
    fields = [contents for tag, contents in der.children(tbs, start, end) if tag != der.CONTEXT_0]
    key_info = fields[5]
    algorithm, key = (contents for _, contents in der.children(key_info, 0, len(key_info)))
    names = [contents for _, contents in der.children(algorithm, 0, len(algorithm))]
    if names != [_EC_PUBLIC_KEY, _SM2_CURVE]:
        return None
    return key[1:]
