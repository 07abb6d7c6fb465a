"""Signatures in the exact form that honest senders write, read from the raw bytes: no tree, no canonicalisation.

If the octets of a canonical message without its Signature have the signed digest, they *are* what was signed.
SignedInfo is rebuilt in canonical form from a template. The form allows what serialisers differ in and what cannot
change the outcome: `<x/>` or `<x></x>` for empty elements. Anything else is None, and the tree decides.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from typing import Final

from silkgate.standards.xmldsig.algorithms import BY_URI, C14N, DSIG, ENVELOPED, Method
from silkgate.standards.xmldsig.claim import Claim, certificate_from_base64, decode_base64

_CEB = "http://www.chinaport.gov.cn/ceb"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TAIL_BYTES = 8192
"""A Signature with an embedded certificate has 2 to 3 KB; a longer one is left to the tree."""
_HASHES_MAX = 64


class Unsigned:
    """The message is canonical and names the signature namespace nowhere."""


UNSIGNED: Final = Unsigned()

_ROOT = re.compile(
    rb"(?:<\?xml [^>]*\?>)?[ \t\r\n]*"
    rb'<(ceb:CEB[0-9]{3}Message) xmlns:ceb="%s"( xmlns:xsi="%s")? guid="[^"<&]*" version="[^"<&]*">'
    % (re.escape(_CEB.encode()), re.escape(_XSI.encode()))
)


def _empty(name: str, algorithm: str, *, exact: bool = True) -> bytes:
    value = re.escape(algorithm.encode()) if exact else algorithm.encode()
    return rb'<ds:%s Algorithm="%s"(?:/>|></ds:%s>)' % (name.encode(), value, name.encode())


_ANY = '([^"<&]*)'
_SIGNATURE = re.compile(
    rb'<ds:Signature xmlns:ds="%s"><ds:SignedInfo>' % re.escape(DSIG.encode())
    + _empty("CanonicalizationMethod", C14N)
    + _empty("SignatureMethod", _ANY, exact=False)
    + rb'<ds:Reference URI=""><ds:Transforms>'
    + _empty("Transform", ENVELOPED)
    + rb"(%s)?</ds:Transforms>" % _empty("Transform", C14N)
    + _empty("DigestMethod", _ANY, exact=False)
    + rb"<ds:DigestValue>([^<]*)</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    rb"<ds:SignatureValue>([^<]*)</ds:SignatureValue>"
    rb"(?:<ds:KeyInfo>(?:<ds:KeyName>[ -%'-;=?-~]*</ds:KeyName>)?"
    rb"(?:<ds:X509Data><ds:X509Certificate>([^<]*)</ds:X509Certificate></ds:X509Data>)?</ds:KeyInfo>)?"
    rb"</ds:Signature></(ceb:CEB[0-9]{3}Message)>[ \t\r\n]*"
)


def _signed_info(method: Method, *, xsi: bool, second_transform: bool) -> tuple[bytes, bytes]:
    """The canonical SignedInfo around the digest value: namespaces in scope, sorted, empty elements opened."""

    def empty(name: str, algorithm: str) -> str:
        return f'<ds:{name} Algorithm="{algorithm}"></ds:{name}>'

    text = (
        f'<ds:SignedInfo xmlns:ceb="{_CEB}" xmlns:ds="{DSIG}"' + (f' xmlns:xsi="{_XSI}"' if xsi else "") + ">"
        + empty("CanonicalizationMethod", C14N) + empty("SignatureMethod", method.uri)
        + '<ds:Reference URI=""><ds:Transforms>'
        + empty("Transform", ENVELOPED) + (empty("Transform", C14N) if second_transform else "")
        + "</ds:Transforms>" + empty("DigestMethod", method.digest_uri)
        + "<ds:DigestValue>|</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    before, _, after = text.partition("|")
    return before.encode(), after.encode()


_METHODS = {(uri.encode(), digest_uri.encode()): method for (uri, digest_uri), method in BY_URI.items()}
_TEMPLATES = {
    (method, xsi, second): _signed_info(method, xsi=xsi, second_transform=second)
    for method in Method for xsi in (False, True) for second in (False, True)
}


def raw_octets(raw: bytes) -> Claim | Unsigned | None:
    """The claim of a canonical message in the exact form with an agreeing digest; UNSIGNED; or None: undecided.

    Only for messages that are canonical as `verify` says; takes time linear in the size of `raw`, most of it the hash.
    """
    root = _ROOT.match(raw)
    if root is None:
        return None
    start = raw.rfind(b"<ds:Signature ", max(0, len(raw) - _TAIL_BYTES))
    if start < 0:
        return None if _names_dsig(raw, root.end(), len(raw)) else UNSIGNED
    signature = _SIGNATURE.fullmatch(raw, start)
    if signature is None or start < root.end() or _names_dsig(raw, root.end(), start):
        return None
    method_uri, second, digest_uri, digest, value, embedded, name = signature.groups()
    method = _METHODS.get((method_uri, digest_uri))
    if method is None or name != root[1]:
        return None
    found = method.digest(memoryview(raw)[root.start(1) - 1 : start], b"</" + name + b">")
    if b2a_base64(found, newline=False) != digest:
        return None
    certificate = None
    if embedded is not None:
        certificate = certificate_from_base64(embedded)
        if certificate is None:
            return None
    try:
        decoded = decode_base64(value)
    except ValueError:
        return None
    before, after = _TEMPLATES[method, root[2] is not None, second is not None]
    return Claim(method, decoded, before + digest + after, certificate)


def _names_dsig(raw: bytes, start: int, end: int) -> bool:
    """Whether the signature namespace may stand between `start` and `end`; canonical form writes it literally."""
    at = raw.find(b"#", start, end)
    for _ in range(_HASHES_MAX):
        if at < 0:
            return False
        if raw.endswith(b"xmldsig#", start, at + 1):
            return True
        at = raw.find(b"#", at + 1, end)
    return raw.find(b"xmldsig#", at, end) >= 0
