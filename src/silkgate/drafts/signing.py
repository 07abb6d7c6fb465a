"""Signing where the private key is elsewhere: what is to be signed goes out, the value of the signature comes back."""

from __future__ import annotations

import binascii
import contextlib
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from silkgate.kernel.text import Text
from silkgate.standards import xmldsig
from silkgate.standards.xmldsig import Certificate, Method

MAX_VALUE_BYTES = 2_048
"""Of a signature: RSA-8192 gives 1,024, in base64 a third more."""
_SM2_PART_BYTES = 32


class SignatureRefusedError(Exception):
    """A signature cannot be used; `text` says why and what to do."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class ToSign(NamedTuple):
    """What a key is to sign, and how that is done elsewhere."""

    certificate: Certificate
    method: Method
    octets: bytes
    """The canonical SignedInfo."""

    @property
    def digest(self) -> str:
        """Of `octets`, in hexadecimal, to compare by eye."""
        return self.method.digest(self.octets).hex()

    @property
    def command(self) -> str:
        """How OpenSSL signs the file with the octets, `signedinfo.xml`, with the key in `key.pem`."""
        if self.method is Method.SM2_SM3:
            return (
                "openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678"
                " -inkey key.pem -in signedinfo.xml -out signature.bin"
            )
        return "openssl dgst -sha256 -sign key.pem -out signature.bin signedinfo.xml"


def to_sign(raw: bytes, certificate: Certificate) -> ToSign:
    """What is to be signed of the unsigned message `raw` with the key of `certificate`."""
    method = xmldsig.method_for(certificate)
    return ToSign(certificate, method, xmldsig.octets_to_sign(raw, certificate, method))


def assembled(raw: bytes, certificate: Certificate, given: bytes) -> bytes:
    """The message with the signature value that came back. Raises SignatureRefusedError where it does not verify."""
    request = to_sign(raw, certificate)
    value = _value(given, request.method)
    if not certificate.key.verify(request.method, value, request.octets):
        raise SignatureRefusedError(
            Text(
                "签名与所选证书或本单证不符。请确认私钥与证书是一对，并对本页提供的signedinfo.xml签名。",
                "The signature does not fit this certificate and this document. Use the key that belongs to the"
                " certificate, and sign the signedinfo.xml of this page.",
            )
        )
    signed = xmldsig.with_value(raw, certificate, request.method, value)
    if xmldsig.verify(signed, [certificate]) is not xmldsig.Verdict.VALID:
        raise ValueError("a signature that verifies must make a message that does")
    return signed


def _value(given: bytes, method: Method) -> bytes:
    """The value from what was uploaded: raw bytes or base64; of SM2 also the DER that OpenSSL writes."""
    if not given.strip():
        told = Text("没有签名。请粘贴或上传签名。", "There is no signature. Paste or upload it.")
        raise SignatureRefusedError(told)
    if len(given) > MAX_VALUE_BYTES:
        told = Text("文件太大，不是签名值。", "The file is too large to be the value of a signature.")
        raise SignatureRefusedError(told)
    value = given
    with contextlib.suppress(ValueError):  # not base64: the bytes themselves
        value = binascii.a2b_base64(b"".join(given.split()), strict_mode=True)
    if method is Method.SM2_SM3 and value[:1] == b"\x30" and len(value) != 2 * _SM2_PART_BYTES:
        with contextlib.suppress(ValueError, OverflowError):  # refused by what verifies
            r, s = decode_dss_signature(value)
            value = r.to_bytes(_SM2_PART_BYTES, "big") + s.to_bytes(_SM2_PART_BYTES, "big")
    return value
