"""Keys and self-signed certificates for tests: RSA and SM2, made once and kept in the machine's temporary folder."""

from __future__ import annotations

import base64
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from tongsuopy.crypto import hashes as sm_hashes
from tongsuopy.crypto import serialization as sm_serialization
from tongsuopy.crypto.asymciphers import ec as sm_ec

SM2_WITH_SM3 = bytes.fromhex("300a06082a811ccf55018375")
RSA_WITH_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
SM2_KEY = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
COMMON_NAME = bytes.fromhex("0603550403")


class Key(NamedTuple):
    """A private key with its certificate; `kind` is rsa or sm2."""

    kind: str
    private: Any
    certificate_der: bytes

    @property
    def certificate_pem(self) -> bytes:
        lines = base64.encodebytes(self.certificate_der).replace(b"\n", b"")
        body = b"\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
        return b"-----BEGIN CERTIFICATE-----\n" + body + b"\n-----END CERTIFICATE-----\n"

    def sign(self, data: bytes, *, sha1: bool = False) -> bytes:
        """A signature value as XML-DSig carries it: PKCS#1 v1.5, or r‖s in 64 bytes."""
        if self.kind == "rsa":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA1() if sha1 else hashes.SHA256())
        return raw_pair(self.private.sign(data, sm_ec.ECDSA(sm_hashes.SM3())))


def raw_pair(der_signature: bytes) -> bytes:
    return b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der_signature))


def der(tag: int, *parts: bytes) -> bytes:
    """One DER element."""
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def certificate(name: str, kind: str, private: Any) -> bytes:
    """A self-signed certificate in DER; written out by hand because no library here makes SM2 certificates."""
    if kind == "rsa":
        info = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    else:
        numbers = private.public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        info = der(0x30, SM2_KEY, der(0x03, b"\x00", point))
    algorithm = RSA_WITH_SHA256 if kind == "rsa" else SM2_WITH_SM3
    subject = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0C, name.encode()))))
    validity = der(0x30, der(0x17, b"150101000000Z"), der(0x17, b"450101000000Z"))
    serial = der(0x02, b"\x01" + base64.b32encode(name.encode())[:7])
    body = der(0x30, der(0xA0, der(0x02, b"\x02")), serial, algorithm, subject, validity, subject, info)
    signed = Key(kind, private, b"")
    value = private.sign(body, sm_ec.ECDSA(sm_hashes.SM3())) if kind == "sm2" else signed.sign(body)
    return der(0x30, body, algorithm, der(0x03, b"\x00", value))


@cache
def key(name: str, kind: str = "rsa") -> Key:
    """The key of a name: the same on every call, and from run to run as long as the temporary folder lasts."""
    folder = Path(tempfile.gettempdir()) / f"oracle-keys-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept = folder / f"{name}-{kind}.pem"
    if not kept.exists():
        fresh = folder / f"{kept.name}.{os.getpid()}"
        fresh.write_bytes(new_private(kind))
        fresh.replace(kept)
    private = (
        serialization.load_pem_private_key(kept.read_bytes(), None)
        if kind == "rsa"
        else sm_serialization.load_pem_private_key(kept.read_bytes(), None)
    )
    return Key(kind, private, certificate(name, kind, private))


def new_private(kind: str) -> bytes:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    return sm_ec.generate_private_key(sm_ec.SM2()).private_bytes(
        sm_serialization.Encoding.PEM,
        sm_serialization.PrivateFormat.PKCS8,
        sm_serialization.NoEncryption(),
    )
