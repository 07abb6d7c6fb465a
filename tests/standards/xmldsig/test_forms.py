"""Forms of a signature: which are of the profile, and which serialisations of the document count as the same.

Every signature here is made by the filed key and its value fits, so that the form alone decides.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import partial

import pytest
from lxml import etree

from silkgate.standards import safexml
from silkgate.standards.xmldsig import Method, Verdict, sign, verify
from silkgate.standards.xmldsig.algorithms import C14N, DSIG, ENVELOPED
from standards.xmldsig.forge import METHODS, both, c14n, forge, key, key_for, message, signature_of

RSA = Method.RSA_SHA256
OPEN, CLOSE = b"<ceb:CEB621Message ", b"</ceb:CEB621Message>"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def _replace(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


TRANSFORM = f'<ds:Transform Algorithm="{ENVELOPED}"/>'
BEHIND_TRANSFORM = f"{TRANSFORM}</ds:Transforms>"
REFUSED_FORMS: dict[str, Callable[[str], str]] = {
    "no transforms": _replace(f"<ds:Transforms>{BEHIND_TRANSFORM}", ""),
    "empty transforms": _replace(TRANSFORM, ""),
    "XPath added": _replace(
        TRANSFORM, TRANSFORM + '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        "<ds:XPath>not(ancestor-or-self::*[local-name()='Inventory'])</ds:XPath></ds:Transform>"),
    "XSLT added": _replace(
        TRANSFORM, TRANSFORM + '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
    "enveloped twice": _replace(TRANSFORM, TRANSFORM * 2),
    "C14N before enveloped": _replace(TRANSFORM, f'<ds:Transform Algorithm="{C14N}"/>{TRANSFORM}'),
    "C14N twice": _replace(TRANSFORM, TRANSFORM + f'<ds:Transform Algorithm="{C14N}"/>' * 2),
    "C14N instead of enveloped": _replace(ENVELOPED, C14N),
    "exclusive C14N added": _replace(TRANSFORM, TRANSFORM + f'<ds:Transform Algorithm="{EXCLUSIVE}"/>'),
    "C14N with comments": _replace(f'Method Algorithm="{C14N}"', f'Method Algorithm="{C14N}#WithComments"'),
    "exclusive C14N": _replace(f'Method Algorithm="{C14N}"', f'Method Algorithm="{EXCLUSIVE}"'),
    "C14N 1.1": _replace(f'Method Algorithm="{C14N}"', 'Method Algorithm="http://www.w3.org/2006/12/xml-c14n11"'),
    "URI of an Id": _replace('URI=""', 'URI="#signed"'),
    "URI of the root": _replace('URI=""', 'URI="#xpointer(/)"'),
    "URI of a file": _replace('URI=""', 'URI="file:///etc/passwd"'),
    "no URI": _replace(' URI=""', ""),
    "Type": _replace('URI=""', f'URI="" Type="{DSIG}Object"'),
    "two references": lambda text: text.replace(
        "</ds:SignedInfo>", text[text.index("<ds:Reference"):text.index("</ds:SignedInfo>")] + "</ds:SignedInfo>"),
    "no reference": lambda text: text[:text.index("<ds:Reference")] + text[text.index("</ds:SignedInfo>"):],
    "HMAC": _replace(RSA.uri, f"{DSIG}hmac-sha1"),
    "HMAC with SHA-256": _replace(RSA.uri, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
    "DSA": _replace(RSA.uri, f"{DSIG}dsa-sha1"),
    "ECDSA": _replace(RSA.uri, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    "RSA-PSS": _replace(RSA.uri, "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"),
    "RSA with MD5": _replace(RSA.uri, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
    "no method": _replace(RSA.uri, ""),
    "parameter of the method": _replace(
        f'"{RSA.uri}"/>', f'"{RSA.uri}"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>'),
    "another digest": _replace(RSA.digest_uri, Method.RSA_SHA1.digest_uri),
    "Object": _replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
    "two values": _replace("<ds:KeyInfo>", "<ds:SignatureValue>QUJD</ds:SignatureValue><ds:KeyInfo>"),
    "text": _replace("<ds:SignatureValue>", "text<ds:SignatureValue>"),
    "xml:lang": _replace("<ds:Signature ", '<ds:Signature xml:lang="zh" '),
    "KeyValue": _replace("</ds:KeyInfo>", "<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue></ds:KeyInfo>"),
    "RetrievalMethod": _replace("</ds:KeyInfo>", '<ds:RetrievalMethod URI="http://127.0.0.1/"/></ds:KeyInfo>'),
    "an element of another namespace": _replace("<ds:KeyInfo>", '<ds:KeyInfo><x xmlns="urn:x"/>'),
    "two certificates": lambda text: text.replace(
        "</ds:X509Data>", text[text.index("<ds:X509Cert"):text.index("</ds:X509Data>")] + "</ds:X509Data>"),
    "a broken certificate": _replace("<ds:X509Certificate>", "<ds:X509Certificate>AAAA"),
    "an empty certificate": lambda text: (
        text[: text.index("<ds:X509Certificate>") + 20] + text[text.index("</ds:X509Cert") :]),
}


@pytest.mark.parametrize("form", REFUSED_FORMS)
def test_forms_that_are_not_of_the_profile(form: str) -> None:
    """Signed by the filed key, the value fits, and refused all the same."""
    assert both(forge(message(), key(), RSA, change=REFUSED_FORMS[form])) is Verdict.INVALID


ACCEPTED_FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "C14N as second transform": _replace(TRANSFORM, TRANSFORM + f'<ds:Transform Algorithm="{C14N}"/>'),
    "empty elements in two tags": lambda text: re.sub(r'<(ds:\w+)( Algorithm="[^"]*")/>', r"<\1\2></\1>", text),
    "another prefix": lambda text: re.sub(r"(</?|xmlns:)ds\b", r"\1dsig", text),
    "the default namespace": lambda text: text.replace("<ds:", "<").replace("</ds:", "</").replace("xmlns:ds", "xmlns"),
    "an Id that nothing refers to": _replace("<ds:Signature ", '<ds:Signature Id="s" '),
    "namespaces on SignedInfo": _replace(
        "<ds:SignedInfo>", f'<ds:SignedInfo xmlns:ceb="http://www.chinaport.gov.cn/ceb" xmlns:ds="{DSIG}">'),
    "no KeyName": lambda text: text.replace("<ds:KeyName>1</ds:KeyName>", ""),
    "issuer and serial beside the certificate": _replace(
        "<ds:X509Certificate>", "<ds:X509IssuerSerial><ds:X509IssuerName>x</ds:X509IssuerName>"
        "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial><ds:X509Certificate>"),
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize("spread", [False, True], ids=["one line", "many lines"])
@pytest.mark.parametrize("form", ACCEPTED_FORMS)
def test_forms_that_serialisers_differ_in(form: str, spread: bool, method: Method) -> None:
    raw = forge(message(), key_for(method), method, change=ACCEPTED_FORMS[form], spread=spread)
    assert both(raw, key_for(method)) is Verdict.VALID


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
def test_the_digest_method_belongs_to_the_signature_method(method: Method) -> None:
    """Every other pairing is refused, though its digest and value fit: no weak digest under a strong name."""
    for other in METHODS:
        if other is not method:
            named = forge(message(), key_for(method), method, change=_replace(method.digest_uri, other.digest_uri))
            fitting = forge(message(), key_for(method), method, change=partial(_redigested, method, other))
            assert both(named, key_for(method)) is both(fitting, key_for(method)) is Verdict.INVALID


def _redigested(method: Method, other: Method, text: str) -> str:
    octets = c14n(etree.fromstring(message()))
    mine, theirs = (base64.b64encode(each.digest(octets)).decode() for each in (method, other))
    assert mine in text
    return text.replace(mine, theirs).replace(method.digest_uri, other.digest_uri)


NOT_CANONICAL: dict[str, tuple[Callable[[bytes], bytes], Verdict]] = {
    "attribute order": (lambda raw: raw.replace(
        b'guid="C8BB436E-2F64-4390-A66E-2385C8E30F48" version="1.0"',
        b'version="1.0" guid="C8BB436E-2F64-4390-A66E-2385C8E30F48"'), Verdict.VALID),
    "quotes": (lambda raw: raw.replace(b'version="1.0"', b"version='1.0'", 1), Verdict.VALID),
    "empty element in one tag": (lambda raw: raw.replace(b"<ceb:preNo></ceb:preNo>", b"<ceb:preNo/>"), Verdict.VALID),
    "space in a tag": (lambda raw: raw.replace(b"<ceb:orderNo>", b"<ceb:orderNo >"), Verdict.VALID),
    "reference": (lambda raw: raw.replace(b"499", b"4&#57;9"), Verdict.VALID),
    "CDATA": (lambda raw: raw.replace(b"499", b"<![CDATA[499]]>"), Verdict.VALID),
    "line ends": (lambda raw: raw.replace(b"\n", b"\r\n"), Verdict.VALID),
    "declaration removed": (lambda raw: raw[raw.index(OPEN):], Verdict.VALID),
    "byte-order mark": (lambda raw: b"\xef\xbb\xbf" + raw, Verdict.VALID),
    "comment between elements": (lambda raw: raw.replace(b"<ceb:preNo>", b"<!-- x --><ceb:preNo>"), Verdict.VALID),
    "comment in a value": (lambda raw: raw.replace(b"499", b"4<!-- x -->99"), Verdict.VALID),
    "tab for spaces": (lambda raw: raw.replace(b"\n    <ceb:pre", b"\n\t<ceb:pre"), Verdict.INVALID),
    "carriage return as a reference": (lambda raw: raw.replace(b"\n  <ceb:Inv", b"&#13;\n  <ceb:Inv"), Verdict.INVALID),
    "prefix": (lambda raw: raw.replace(b"ceb:", b"c:").replace(b"xmlns:ceb", b"xmlns:c"), Verdict.INVALID),
    "processing instruction": (lambda raw: raw + b"<?x y?>", Verdict.INVALID),
    "DOCTYPE": (lambda raw: raw.replace(OPEN, b"<!DOCTYPE x>" + OPEN, 1), Verdict.INVALID),
    "xml: attribute on the root": (lambda raw: raw.replace(b" guid=", b' xml:lang="zh" guid=', 1), Verdict.INVALID),
}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
@pytest.mark.parametrize("change", NOT_CANONICAL)
def test_another_serialisation(change: str, method: Method) -> None:
    """What C14N removes does not count, everything else does. None of these is in plain form: only the tree decides."""
    apply, expected = NOT_CANONICAL[change]
    signed = sign(message(), key_for(method), method)
    changed = apply(signed)
    assert changed != signed
    assert verify(changed, [key_for(method).certificate]) is expected


def test_a_comment_does_not_truncate_what_is_read() -> None:
    """The reader sees the text that the signature covers: whole."""
    signed = sign(message(), key(), RSA)
    cut = signed.replace(b"4101980B01</ceb:copCode>", b"4101980<!-- -->B01</ceb:copCode>")
    assert verify(cut, [key().certificate]) is Verdict.VALID
    assert safexml.parse(cut).findtext("{*}BaseTransfer/{*}copCode") == "4101980B01"


def test_namespaces_of_the_root_count_in_signed_info() -> None:
    """Inclusive C14N copies them in: a declaration added to the root after signing breaks the value, even where the
    digest is made to fit again."""
    declared = message().replace(b" guid=", b' xmlns:foo="urn:foo" guid=')
    signed = sign(declared, key(), RSA)
    assert verify(signed, [key().certificate]) is Verdict.VALID
    moved = declared.replace(CLOSE, signature_of(sign(message(), key(), RSA)) + CLOSE)
    assert verify(moved, [key().certificate]) is Verdict.INVALID


def test_default_namespace_messages() -> None:
    """Receipts and some programs use no prefix."""
    raw = message().replace(b"xmlns:ceb", b"xmlns").replace(b"ceb:", b"")
    signed = sign(raw, key(), RSA)
    assert verify(signed, [key().certificate]) is Verdict.VALID
    assert verify(signed.replace(b"499", b"1.0"), [key().certificate]) is Verdict.INVALID


def test_what_cannot_be_parsed_is_invalid() -> None:
    assert verify(b"", []) is verify(b"<a>", [key().certificate], canonical=True) is Verdict.INVALID
