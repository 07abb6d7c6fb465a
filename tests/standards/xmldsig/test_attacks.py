"""Attacks on signed messages, each with the verdict that it must get."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable

import pytest
from lxml import etree

from silkgate.standards.xmldsig import Method, Verdict, sign, verify
from silkgate.standards.xmldsig.algorithms import DSIG
from standards.xmldsig.forge import (
    METHODS,
    XSI,
    both,
    c14n,
    forge,
    key,
    key_for,
    key_info,
    message,
    signature_of,
    without_signature,
)

RSA = Method.RSA_SHA256
KEY_NAME_ALONE = "<ds:KeyInfo><ds:KeyName>7008</ds:KeyName></ds:KeyInfo>"
OPEN, CLOSE = b"<ceb:CEB621Message ", b"</ceb:CEB621Message>"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize("xsi", [False, True], ids=["ceb", "ceb and xsi"])
def test_an_honest_signature(method: Method, xsi: bool) -> None:
    signer = key_for(method)
    signed = sign(message(xsi=xsi), signer, method)
    assert without_signature(signed) == message(xsi=xsi)
    assert both(signed, signer) is Verdict.VALID
    assert both(signed, key("rsa other"), signer) is Verdict.VALID, "any of the filed certificates will do"
    assert both(signed, key("rsa other")) is Verdict.CERTIFICATE
    assert verify(signed, []) is verify(signed, [], canonical=True) is Verdict.CERTIFICATE


def test_no_signature() -> None:
    assert both(message()) is Verdict.ABSENT


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "value": lambda raw: raw.replace(b"499", b"1.0", 1),
    "attribute": lambda raw: raw.replace(b'version="1.0"', b'version="1.1"', 1),
    "white space between elements": lambda raw: raw.replace(b"\n  <ceb:Inv", b"\n<ceb:Inv", 1),
    "element renamed": lambda raw: raw.replace(b"ceb:preNo>", b"ceb:invtNo>"),
    "element removed": lambda raw: raw.replace(b"    <ceb:preNo></ceb:preNo>\n", b""),
    "white space added behind": lambda raw: raw.replace(CLOSE, b"\n" + CLOSE),
    "root renamed": lambda raw: raw.replace(b"CEB621Message", b"CEB625Message"),
    "namespace declared": lambda raw: raw.replace(b" guid=", f' xmlns:xsi="{XSI}" guid='.encode()),
    "digest": lambda raw: raw.replace(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA"),
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_document(method: Method, change: str) -> None:
    signed = CHANGES[change](sign(message(), key_for(method), method))
    assert both(signed, key_for(method)) is Verdict.INVALID


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("empty", lambda value: b""),
        ("one bit", lambda value: bytes([value[0] ^ 1]) + value[1:]),
        ("last bit", lambda value: value[:-1] + bytes([value[-1] ^ 1])),
        ("shorter", lambda value: value[:-1]),
        ("longer", lambda value: value + b"\0"),
        ("zeros", lambda value: bytes(len(value))),
        ("r and s swapped", lambda value: value[32:64] + value[:32] + value[64:]),
        ("DER", lambda value: bytes.fromhex("3044") + b"\x02\x20" + value[:32] + b"\x02\x20" + value[32:64]),
        ("s, n - s", lambda value: value[:32] + (
            (0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123 - int.from_bytes(value[32:64], "big"))
            % 2**256).to_bytes(32, "big") + value[64:]),
    ],
)
def test_a_changed_value(method: Method, name: str, value: Callable[[bytes], bytes]) -> None:
    signed = sign(message(), key_for(method), method)
    start = signed.index(b"<ds:SignatureValue>") + 19
    end = signed.index(b"</ds:SignatureValue>")
    changed = base64.b64encode(value(base64.b64decode(signed[start:end])))
    assert both(signed[:start] + changed + signed[end:], key_for(method)) is Verdict.INVALID


@pytest.mark.parametrize("value", [b"*", b"QUJ", b"&#65;", b"<x/>", b"<!-- -->", b"\x00"])
def test_a_value_that_is_not_base64(value: bytes) -> None:
    signed = sign(message(), key(), RSA)
    assert both(signed.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>" + value)) in (
        Verdict.VALID if value == b"<!-- -->" else Verdict.INVALID,)


def test_a_signature_of_another_document() -> None:
    signature = signature_of(sign(message(documents=2), key(), RSA))
    assert both(message().replace(CLOSE, signature + CLOSE)) is Verdict.INVALID


def test_two_signatures() -> None:
    signed = sign(message(), key(), RSA)
    twice = signed.replace(CLOSE, signature_of(signed) + CLOSE)
    assert verify(twice, [key().certificate]) is Verdict.INVALID
    forged = signature_of(sign(message(), key("rsa other"), RSA))
    for pair in (forged + signature_of(signed), signature_of(signed) + forged):
        assert verify(message().replace(CLOSE, pair + CLOSE), [key().certificate]) is Verdict.INVALID


def _children(raw: bytes) -> bytes:
    return raw[raw.index(b">", raw.index(OPEN)) + 1:raw.rindex(b"<")]


def _with_object(signature: bytes, document: bytes) -> bytes:
    return signature.replace(
        b"</ds:Signature>", b"<ds:Object>" + document[document.index(OPEN):] + b"</ds:Object></ds:Signature>")


FORGED = message().replace(b"499", b"1.0")
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "the signed document inside a forged one": lambda signed: FORGED.replace(
        CLOSE, b"<ceb:ExtendMessage>" + signed[signed.index(OPEN):] + b"</ceb:ExtendMessage>" + CLOSE),
    "the same, in Object": lambda signed: FORGED.replace(
        CLOSE, _with_object(signature_of(signed), without_signature(signed)) + CLOSE),
    "the signature on top, the signed document inside it": lambda signed: FORGED.replace(
        CLOSE, signature_of(signed) + signed[signed.index(OPEN):] + CLOSE),
    "the signature deeper": lambda signed: without_signature(signed).replace(
        b"</ceb:BaseTransfer>", signature_of(signed) + b"</ceb:BaseTransfer>"),
    "the signature deeper and on top": lambda signed: signed.replace(
        b"</ceb:BaseTransfer>", signature_of(signed) + b"</ceb:BaseTransfer>"),
    "the signature around the document": lambda signed: _with_object(signature_of(signed), FORGED),
    "a forged document before the signed one, under a new root": lambda signed: (
        OPEN + b'xmlns:ceb="http://www.chinaport.gov.cn/ceb">' + FORGED[FORGED.index(OPEN):]
        + signed[signed.index(OPEN):] + CLOSE),
    "forged children before the signed ones": lambda signed: signed.replace(
        b"\n  <ceb:Inventory>", _children(FORGED) + b"\n  <ceb:Inventory>", 1),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapping(wrapping: str) -> None:
    """XSW: nothing but the root document itself, signed as a whole, is ever VALID."""
    raw = WRAPPINGS[wrapping](sign(message(), key(), RSA))
    etree.fromstring(raw)
    assert verify(raw, [key().certificate]) in (Verdict.INVALID, Verdict.ABSENT)


def test_a_signed_payload_inside_is_content() -> None:
    """A Signature that is no child of the root is neither judged nor in the way; the root's own covers it."""
    payload = sign(message(), key("rsa other"), RSA)
    extension = b"<ceb:ExtendMessage>" + payload[payload.index(OPEN):] + b"</ceb:ExtendMessage>"
    raw = message().replace(CLOSE, extension + CLOSE)
    assert verify(raw, [key().certificate]) is Verdict.ABSENT
    signed = sign(raw, key(), RSA)
    assert verify(signed, [key().certificate]) is Verdict.VALID
    assert verify(signed.replace(b"499", b"1.0", 1), [key().certificate]) is Verdict.INVALID


def test_a_reference_to_an_id_that_covers_a_part() -> None:
    """The digest of the part fits: refused for its URI alone."""
    raw = message().replace(b"<ceb:BaseTransfer>", b'<ceb:BaseTransfer Id="signed">')
    signed = forge(raw, key(), RSA, change=lambda text: text.replace('URI=""', 'URI="#signed"'),
                   covered=lambda root: c14n(root[-1]))
    assert verify(signed, [key().certificate]) is Verdict.INVALID


def test_hmac_with_the_public_key() -> None:
    """Algorithm confusion: everyone knows the certificate, and a verifier that took it as an HMAC key would agree."""

    class HmacKey:
        certificate = key().certificate

        def value(self, method: Method, octets: bytes) -> bytes:
            return hmac.digest(self.certificate.der, octets, "sha1")

    for uri in (f"{DSIG}hmac-sha1", RSA.uri):
        raw = forge(message(), HmacKey(), RSA, change=lambda text, uri=uri: text.replace(RSA.uri, uri))  # type: ignore[arg-type]
        assert both(raw) is Verdict.INVALID


def test_a_method_of_another_kind_of_key() -> None:
    """An SM2 value under an RSA certificate and the other way round."""
    rsa, sm2 = key(), key("sm2")
    for method, signer, shown in ((RSA, rsa, sm2), (Method.SM2_SM3, sm2, rsa)):
        raw = forge(message(), signer, method, info=key_info(shown.certificate))
        assert both(raw, rsa, sm2) is Verdict.INVALID


def test_another_key_under_the_same_subject() -> None:
    mine, theirs = key(), key("rsa other")
    assert mine.certificate.subject == theirs.certificate.subject
    assert both(sign(message(), theirs, RSA), mine) is Verdict.CERTIFICATE


def test_the_filed_certificate_shown_over_anothers_signature() -> None:
    signed = sign(message(), key("rsa other"), RSA)
    shown = signed.replace(base64.b64encode(key("rsa other").certificate.der), base64.b64encode(key().certificate.der))
    assert shown != signed
    assert both(shown) is Verdict.INVALID


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize("info", ["", KEY_NAME_ALONE], ids=["no KeyInfo", "KeyName"])
def test_no_certificate_embedded(method: Method, info: str) -> None:
    """The filed ones verify; KeyName helps nobody."""
    signer = key_for(method)
    raw = forge(message(), signer, method, info=info)
    assert both(raw, key_for(method, " other"), signer) is Verdict.VALID
    assert both(raw, key_for(method, " other")) is Verdict.INVALID
    assert verify(raw, []) is verify(raw, [], canonical=True) is Verdict.CERTIFICATE
    assert verify(raw.replace(b"499", b"1.0"), []) is Verdict.INVALID
