"""Writing a signature as the specification's example and the card middleware do: compact, on one line."""

from __future__ import annotations

import binascii

from lxml import etree

from silkgate.standards import safexml
from silkgate.standards.xmldsig.algorithms import C14N, DSIG, ENVELOPED, Method
from silkgate.standards.xmldsig.certificate import Certificate
from silkgate.standards.xmldsig.signing_key import SigningKey


def sign(raw: bytes, key: SigningKey, method: Method) -> bytes:
    """The message with a Signature as the last child of its root; no other byte is changed.

    Raises XmlRefused where `raw` cannot be read safely, ValueError where it is signed already or `method` does not go
    with the key.
    """
    octets = octets_to_sign(raw, key.certificate, method)
    return with_value(raw, key.certificate, method, key.value(method, octets))


def method_for(certificate: Certificate) -> Method:
    """What the key of a certificate signs with today: sm2-sm3 for SM2, rsa-sha256 for RSA."""
    return Method.SM2_SM3 if certificate.is_sm2 else Method.RSA_SHA256


def octets_to_sign(raw: bytes, certificate: Certificate, method: Method) -> bytes:
    """The canonical SignedInfo of `raw`, for a key that is elsewhere. Errors as in `sign`."""
    signature = safexml.parse(with_value(raw, certificate, method, b"")).find(f"{{{DSIG}}}Signature")
    if signature is None:  # what looked like the end tag stands in a comment
        raise ValueError("the end tag of the root was not found")
    return etree.tostring(signature[0], method="c14n", with_comments=False)


def with_value(raw: bytes, certificate: Certificate, method: Method, value: bytes) -> bytes:
    """The message with a Signature that has this value; whether it verifies is not asked. Errors as in `sign`."""
    root = safexml.parse(raw)
    if root.find(f"{{{DSIG}}}Signature") is not None:
        raise ValueError("the message is signed already")
    digest = method.digest(etree.tostring(root, method="c14n", with_comments=False))
    end = raw.rfind(b"</")
    if end < 0:
        raise ValueError("the root has no end tag")
    return raw[:end] + _signature(certificate, method, digest, value) + raw[end:]


def _signature(certificate: Certificate, method: Method, digest: bytes, value: bytes) -> bytes:
    return (
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{method.uri}"/><ds:Reference URI=""><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"/></ds:Transforms><ds:DigestMethod Algorithm="{method.digest_uri}"/>'
        f"<ds:DigestValue>{_base64(digest)}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        f"<ds:SignatureValue>{_base64(value)}</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:KeyName>{certificate.serial}</ds:KeyName><ds:X509Data>"
        f"<ds:X509Certificate>{_base64(certificate.der)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</ds:Signature>"
    ).encode("ascii")


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")
