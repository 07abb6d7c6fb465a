"""The verdict on a message's signature.

Two ways to it. `fast.raw_octets` recognises the exact form that honest senders write and hashes the bytes as they are;
what it does not recognise, and every digest that does not agree, goes through `_claim`, which reads the structure and
canonicalises. Only Signature children of the root count: any other is content, which the root's signature covers.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from enum import Enum

from lxml import etree

from silkgate.standards import safexml
from silkgate.standards.xmldsig import fast
from silkgate.standards.xmldsig.algorithms import BY_URI, C14N, DSIG, ENVELOPED
from silkgate.standards.xmldsig.certificate import Certificate
from silkgate.standards.xmldsig.claim import Claim, certificate_from_base64, decode_base64

_DS = f"{{{DSIG}}}"
_XML = "{http://www.w3.org/XML/1998/namespace}"


class Verdict(Enum):
    """What a message's signature is worth."""

    ABSENT = "absent"
    """The root has no Signature child."""
    VALID = "valid"
    """It covers the whole document and verifies with a filed certificate."""
    INVALID = "invalid"
    """It does not verify or is not of the profile: several, other transforms, references, algorithms or key forms."""
    CERTIFICATE = "certificate"
    """It verifies with the certificate it embeds, and that is not filed; or it embeds none and none is filed."""


def verify(
    raw: bytes, filed: Sequence[Certificate], *, root: etree._Element | None = None, canonical: bool = False
) -> Verdict:
    """Judges the signature of the message `raw`.

    `filed` are the sender's certificates on file. `root`, where the caller has it, is what `safexml.parse(raw)` gave.
    `canonical=True` is the caller's promise that the message is in plain form: without prolog and Signature it is byte
    for byte its own inclusive C14N 1.0, and holds no other Signature. The dates of certificates are not looked at.
    """
    if canonical:
        claim = fast.raw_octets(raw)
        if claim is fast.UNSIGNED:
            return Verdict.ABSENT
        if isinstance(claim, Claim):
            return _judge(claim, filed)
    if root is None:
        try:
            root = safexml.parse(raw)
        except safexml.XmlRefused:
            return Verdict.INVALID
    return _by_tree(root, filed)


def _judge(claim: Claim, filed: Sequence[Certificate]) -> Verdict:
    method, value, octets, embedded = claim
    if embedded is not None:
        if not embedded.key.verify(method, value, octets):
            return Verdict.INVALID
        return Verdict.VALID if embedded in filed else Verdict.CERTIFICATE
    if not filed:
        return Verdict.CERTIFICATE
    if any(certificate.key.verify(method, value, octets) for certificate in filed):
        return Verdict.VALID
    return Verdict.INVALID


def _by_tree(root: etree._Element, filed: Sequence[Certificate]) -> Verdict:
    if root.getparent() is not None:
        return Verdict.INVALID
    signatures = root.findall(f"{_DS}Signature")
    if not signatures:
        return Verdict.ABSENT
    if len(signatures) > 1:
        return Verdict.INVALID
    try:
        claim = _claim(root, signatures[0])
    except (_NotOfTheProfile, ValueError, etree.C14NError):
        return Verdict.INVALID
    return _judge(claim, filed)


class _NotOfTheProfile(Exception):  # noqa: N818 - never leaves this module
    pass


def _require(holds: bool) -> None:
    if not holds:
        raise _NotOfTheProfile


def _claim(root: etree._Element, signature: etree._Element) -> Claim:
    """Reads a signature strictly and checks its digest; raises where anything is not exactly as the profile says."""
    # C14N 1.0 hands the xml: attributes of ancestors down to SignedInfo; messages have none, so none are accepted.
    _require(not any(name.startswith(_XML) for element in (root, signature) for name in element.attrib))
    signed_info, value, *key_info = _parts(signature, "SignedInfo", "SignatureValue", optional="KeyInfo")
    method_of_c14n, method_of_signature, reference = _parts(
        signed_info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    _require(_algorithm(method_of_c14n) == C14N)
    _require(reference.get("URI") == "")
    transforms, method_of_digest, digest_value = _parts(
        reference, "Transforms", "DigestMethod", "DigestValue", attributes={"URI", "Id"})
    names = [_algorithm(transform) for transform in _children(transforms, {"Transform"})]
    _require(names in ([ENVELOPED], [ENVELOPED, C14N]))
    method = BY_URI.get((_algorithm(method_of_signature), _algorithm(method_of_digest)))
    if method is None or method.digest(octets_without(root, signature)) != _base64(digest_value):
        raise _NotOfTheProfile
    return Claim(
        method=method,
        value=_base64(value),
        octets=etree.tostring(signed_info, method="c14n", with_comments=False),
        embedded=_embedded(key_info[0]) if key_info else None,
    )


def octets_without(root: etree._Element, signature: etree._Element) -> bytes:
    """The canonical document less its Signature: the text after a removed element stays, as the transform says."""
    copy = deepcopy(root)
    removed = copy[root.index(signature)]
    before = removed.getprevious()
    if removed.tail and before is not None:
        before.tail = (before.tail or "") + removed.tail
    elif removed.tail:
        copy.text = (copy.text or "") + removed.tail
    copy.remove(removed)
    return etree.tostring(copy, method="c14n", with_comments=False)


def _embedded(key_info: etree._Element) -> Certificate | None:
    """The one certificate of KeyInfo, None where there is none. KeyName is not used: anyone can write any.

    Other ways to name a key (KeyValue, RetrievalMethod, several certificates) are not of the profile.
    """
    texts = [
        _base64_text(entry)
        for data in _children(key_info, {"KeyName", "X509Data"})
        if data.tag == f"{_DS}X509Data"
        for entry in _children(data, {"X509Certificate", "X509IssuerSerial", "X509SubjectName", "X509SKI"})
        if entry.tag == f"{_DS}X509Certificate"
    ]
    _require(len(texts) <= 1)
    if not texts:
        return None
    certificate = certificate_from_base64(texts[0])
    _require(certificate is not None)
    return certificate


def _parts(
    element: etree._Element, *names: str, optional: str = "", attributes: frozenset[str] | set[str] = frozenset({"Id"})
) -> list[etree._Element]:
    """The children, which are exactly `names` in this order and perhaps `optional` after them."""
    found = _children(element, {*names, optional})
    _require([child.tag for child in found[: len(names)]] == [_DS + name for name in names])
    _require([child.tag for child in found[len(names) :]] in ([], [_DS + optional]))
    _require(set(element.keys()) <= attributes)
    return found


def _children(element: etree._Element, names: set[str]) -> list[etree._Element]:
    """The children, all elements with one of `names` in the signature's namespace and only white space between them."""
    found = list(element)
    _require(all(child.tag in {_DS + name for name in names} for child in found))
    _require(not any((text or "").strip() for text in (element.text, *(child.tail for child in found))))
    return found


def _algorithm(element: etree._Element) -> str:
    """The one attribute of an empty method element: parameters, such as a truncated HMAC's length, are not accepted."""
    _require(element.keys() == ["Algorithm"] and not _children(element, set()))
    return element.get("Algorithm", "")


def _base64_text(element: etree._Element) -> bytes:
    _require(len(element) == 0)
    return "".join((element.text or "").split()).encode("ascii")


def _base64(element: etree._Element) -> bytes:
    return decode_base64(_base64_text(element))
