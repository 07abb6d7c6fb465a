"""The algorithms that a message may name. A name that is not here is refused, so no HMAC can be slipped in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import Enum

from cryptography.hazmat.primitives import hashes

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DSIG}enveloped-signature"
_CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"


def _sha1(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha1()  # noqa: S324 - the specification's own method
    for part in parts:
        digest.update(part)
    return digest.digest()


def _sha256(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _sm3(*parts: bytes | memoryview) -> bytes:
    # Not hashlib: whether it knows SM3 depends on the OpenSSL that Python was built with.
    digest = hashes.Hash(hashes.SM3())
    for part in parts:
        digest.update(part)
    return digest.finalize()


class Method(Enum):
    """A signature method with the one digest method that goes with it."""

    RSA_SHA1 = ("rsa-sha1", f"{DSIG}rsa-sha1", f"{DSIG}sha1")
    RSA_SHA256 = (
        "rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256",
    )
    SM2_SM3 = ("sm2-sm3", f"{_CHINAPORT}sm2-sm3", f"{_CHINAPORT}sm3")

    def __init__(self, title: str, uri: str, digest_uri: str) -> None:
        self.title = title
        self.uri = uri
        self.digest_uri = digest_uri
        self.digest: Callable[..., bytes] = {"rsa-sha1": _sha1, "rsa-sha256": _sha256, "sm2-sm3": _sm3}[title]

    # Enum's own hash goes through Python code; methods are keys of the tables of the fast path.
    __hash__ = object.__hash__


BY_URI: dict[tuple[str, str], Method] = {(method.uri, method.digest_uri): method for method in Method}
"""The method for (SignatureMethod, DigestMethod). Other pairs are refused, a weak digest under a strong name too."""
