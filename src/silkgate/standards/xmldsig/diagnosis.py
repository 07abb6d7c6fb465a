"""What exactly is wrong with a signature: for whoever has to mend it. `verify` judges; this only explains."""

from __future__ import annotations

import binascii
from typing import NamedTuple

from lxml import etree

from silkgate.standards import safexml
from silkgate.standards.xmldsig.algorithms import BY_URI, C14N, DSIG, ENVELOPED, Method
from silkgate.standards.xmldsig.certificate import Certificate
from silkgate.standards.xmldsig.claim import certificate_from_base64
from silkgate.standards.xmldsig.verify import octets_without

_DS = f"{{{DSIG}}}"


class Diagnosis(NamedTuple):
    """What the first Signature of a message says, beside what would be right."""

    signatures: int
    """Signature elements directly under the root; one is right."""
    method: Method | None
    """None: the pair of algorithms is not of the profile."""
    algorithms: tuple[str, str]
    """SignatureMethod and DigestMethod as they stand."""
    uri: str | None
    """Of the reference; empty is right."""
    transforms: tuple[str, ...]
    canonicalization: str
    digest_stated: str
    digest_computed: str
    """base64, over the document without its signature; empty where the digest method is not known."""
    embedded: Certificate | None
    value_holds: bool | None
    """Whether SignatureValue is that of the embedded certificate's key; None where there is none to try."""

    @property
    def profile_holds(self) -> bool:
        """Whether reference, transforms and canonicalization are those of the profile."""
        return (
            self.uri == ""
            and self.transforms in ((ENVELOPED,), (ENVELOPED, C14N))
            and self.canonicalization == C14N
            and self.method is not None
        )


def diagnose(raw: bytes) -> Diagnosis | None:
    """What the signature of a message says; None where there is none, or the message cannot be read."""
    try:
        root = safexml.parse(raw)
    except safexml.XmlRefused:
        return None
    signatures = root.findall(f"{_DS}Signature")
    if not signatures:
        return None
    signature = signatures[0]
    info = signature.find(f"{_DS}SignedInfo")
    algorithms = _algorithm(signature, "SignatureMethod"), _algorithm(signature, "DigestMethod")
    method = BY_URI.get(algorithms)
    reference = signature.find(f".//{_DS}Reference")
    computed = method.digest(octets_without(root, signature)) if method else b""
    embedded = certificate_from_base64("".join(_text(signature, "X509Certificate").split()).encode("ascii", "ignore"))
    return Diagnosis(
        signatures=len(signatures),
        method=method,
        algorithms=algorithms,
        uri=None if reference is None else reference.get("URI"),
        transforms=tuple(one.get("Algorithm", "") for one in signature.iterfind(f".//{_DS}Transform")),
        canonicalization=_algorithm(signature, "CanonicalizationMethod"),
        digest_stated="".join(_text(signature, "DigestValue").split()),
        digest_computed=binascii.b2a_base64(computed, newline=False).decode("ascii"),
        embedded=embedded,
        value_holds=_holds(signature, info, method, embedded),
    )


def _holds(
    signature: etree._Element, info: etree._Element | None, method: Method | None, embedded: Certificate | None
) -> bool | None:
    if embedded is None or method is None or info is None:
        return None
    try:
        value = binascii.a2b_base64("".join(_text(signature, "SignatureValue").split()), strict_mode=True)
    except ValueError:
        return False
    return embedded.key.verify(method, value, etree.tostring(info, method="c14n", with_comments=False))


def _algorithm(signature: etree._Element, name: str) -> str:
    found = signature.find(f".//{_DS}{name}")
    return "" if found is None else found.get("Algorithm", "")


def _text(signature: etree._Element, name: str) -> str:
    return signature.findtext(f".//{_DS}{name}") or ""
