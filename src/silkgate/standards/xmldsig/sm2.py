"""SM2 signatures (GB/T 32918.2) through tongsuopy; the only module that knows it, so that a device can take its place.

The user id is the default of GM/T 0009, 1234567812345678, which the library applies.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from tongsuopy.crypto import _serialization, hashes, serialization
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InternalError, InvalidSignature

VALUE_BYTES = 64
_SM2_WITH_SM3 = ec.ECDSA(hashes.SM3())


def public_key(point: bytes) -> Any:
    """The key for an uncompressed point (65 octets, 0x04 first); ValueError where it is not on the curve."""
    if len(point) != 65 or point[0] != 4:
        raise ValueError("an SM2 key is an uncompressed point of 65 octets")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), point)


def verify(key: Any, value: bytes, octets: bytes) -> bool:
    """True where `value` (r‖s) signs `octets`."""
    if len(value) != VALUE_BYTES:
        return False
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), octets, _SM2_WITH_SM3)
    except (InvalidSignature, InternalError, ValueError):
        return False
    return True


def generate_private_key() -> Any:
    return ec.generate_private_key(ec.SM2())


def sign_der(key: Any, octets: bytes) -> bytes:
    """The signature as certificates carry it: a DER sequence of r and s."""
    return bytes(key.sign(octets, _SM2_WITH_SM3))


def sign(key: Any, octets: bytes) -> bytes:
    """The signature as messages carry it: r‖s, 64 octets."""
    r, s = decode_dss_signature(sign_der(key, octets))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def point_of(private_key: Any) -> bytes:
    """The uncompressed point that belongs to a private key."""
    return bytes(private_key.public_key().public_bytes(
        _serialization.Encoding.X962, _serialization.PublicFormat.UncompressedPoint))


def private_key_to_pem(key: Any) -> bytes:
    """PKCS #8, not encrypted."""
    return bytes(key.private_bytes(
        _serialization.Encoding.PEM, _serialization.PrivateFormat.PKCS8, _serialization.NoEncryption()))


def private_key_from_pem(pem: bytes) -> Any:
    return serialization.load_pem_private_key(pem, None)
