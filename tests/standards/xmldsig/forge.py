"""Material for signature tests: a message in plain form, keys made once, and ways to change what was signed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from functools import cache

from lxml import etree

from silkgate.standards.xmldsig import Certificate, Method, SigningKey, Verdict, verify
from silkgate.standards.xmldsig.algorithms import DSIG

CEB = "http://www.chinaport.gov.cn/ceb"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
METHODS = list(Method)
_SIGNATURE = re.compile(rb"<ds:Signature .*</ds:Signature>", re.DOTALL)


@cache
def key(name: str = "rsa") -> SigningKey:
    """`rsa…` gives an RSA key, `sm2…` an SM2 key; every name another one."""
    make = SigningKey.generate_rsa if name.startswith("rsa") else SigningKey.generate_sm2
    return make("4101980B01")


def key_for(method: Method, other: str = "") -> SigningKey:
    return key(("sm2" if method is Method.SM2_SM3 else "rsa") + other)


def message(*, xsi: bool = False, documents: int = 1) -> bytes:
    """A CEB621Message in plain form, as `canonical=True` asks for."""
    namespaces = f'xmlns:ceb="{CEB}"' + (f' xmlns:xsi="{XSI}"' if xsi else "")
    body = "\n".join(
        f"  <ceb:Inventory>\n    <ceb:orderNo>D{number:04}</ceb:orderNo>\n    <ceb:preNo></ceb:preNo>\n"
        "    <ceb:buyerName>张雨欣</ceb:buyerName>\n    <ceb:totalPrice>499</ceb:totalPrice>\n  </ceb:Inventory>"
        for number in range(documents)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<ceb:CEB621Message {namespaces} guid="C8BB436E-2F64-4390-A66E-2385C8E30F48" version="1.0">\n{body}\n'
        "  <ceb:BaseTransfer>\n    <ceb:copCode>4101980B01</ceb:copCode>\n  </ceb:BaseTransfer>\n</ceb:CEB621Message>"
    ).encode()


def signature_of(signed: bytes) -> bytes:
    found = _SIGNATURE.search(signed)
    assert found is not None
    return found[0]


def without_signature(signed: bytes) -> bytes:
    return _SIGNATURE.sub(b"", signed)


def forge(
    raw: bytes,
    signer: SigningKey,
    method: Method,
    *,
    change: Callable[[str], str] = lambda template: template,
    covered: Callable[[etree._Element], bytes] = lambda root: c14n(root),
    info: str | None = None,
    spread: bool = False,
) -> bytes:
    """Signs as one who owns `signer` could: `change` rewrites the Signature's text before it is signed, `covered` says
    what the digest is of. So the value always fits SignedInfo, and a refusal is about the form alone."""
    digest = base64.b64encode(method.digest(covered(etree.fromstring(raw)))).decode()
    if info is None:
        info = key_info(signer.certificate)
    text = change(
        f'<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo>'
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
        f'<ds:SignatureMethod Algorithm="{method.uri}"/><ds:Reference URI=""><ds:Transforms>'
        '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{method.digest_uri}"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>'
        f"</ds:SignedInfo><ds:SignatureValue>VALUE</ds:SignatureValue>{info}</ds:Signature>"
    )
    if spread:
        text = text.replace("><", ">\n<")
    end = raw.rindex(b"</")
    unsigned = raw[:end] + text.encode() + raw[end:]
    signed_info = etree.fromstring(unsigned).find(f".//{{{DSIG}}}SignedInfo")
    assert signed_info is not None
    value = base64.b64encode(signer.value(method, etree.tostring(signed_info, method="c14n"))).decode()
    return unsigned.replace(b"VALUE", value.encode())


def key_info(certificate: Certificate) -> str:
    shown = base64.b64encode(certificate.der).decode()
    return ("<ds:KeyInfo><ds:KeyName>1</ds:KeyName><ds:X509Data><ds:X509Certificate>"
            f"{shown}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", with_comments=False)


def both(raw: bytes, *filed: SigningKey) -> Verdict:
    """The verdict, which must not depend on the way to it. `canonical=True` is promised for plain messages only; it
    holds here because nothing but the Signature leaves plain form."""
    certificates = [signer.certificate for signer in filed or (key(),)]
    verdict = verify(raw, certificates)
    assert verify(raw, certificates, canonical=True) is verdict
    return verdict
