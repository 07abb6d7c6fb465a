"""What to mend in a signature: which digest differs, which certificate was used, what is not of the profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.standards import dxp, safexml
from silkgate.standards.xmldsig import Certificate
from silkgate.standards.xmldsig.diagnosis import diagnose
from silkgate.testbench.domain import Fix


def missing_fix(finding: Any, facts: Any, raw: bytes) -> list[Fix]:
    """No signature at all."""
    return [
        Fix(
            "在根元素末尾加入对整份报文的enveloped签名（URI为空，C14N 1.0，rsa-sha256、rsa-sha1或sm2-sm3）；"
            "Python客户端用silkgate.client.signed(报文, 私钥)。",
            "Put an enveloped signature over the whole message (URI empty, C14N 1.0, rsa-sha256, rsa-sha1 or sm2-sm3)"
            " at the end of the root; in the Python client: silkgate.client.signed(message, key).",
            "Signature",
        )
    ]


def invalid_fix(raw: bytes) -> list[Fix]:
    """A signature that does not verify."""
    found = diagnose(_message(raw))
    if found is None:
        return [Fix("报文中没有可以读取的签名。", "There is no signature that can be read.", "Signature")]
    if not found.profile_holds:
        return [_profile(found)]
    if found.digest_computed != found.digest_stated:
        return [
            Fix(
                f"签名后内容被改动过：DigestValue写的是{found.digest_stated}，按收到的字节算得{found.digest_computed}。"
                "签名之后不要再排版、增删空格或改栏目，然后重新签名。",
                f"The message was changed after it was signed: DigestValue says {found.digest_stated}, the bytes that"
                f" came give {found.digest_computed}. Sign last: no formatting, no spaces, no changes afterwards.",
                "DigestValue",
                found.digest_computed,
            )
        ]
    if found.value_holds is False:
        return [
            Fix(
                "摘要相符，但SignatureValue不是由所附证书的私钥对SignedInfo作出的；"
                "检查私钥与证书是否配对，SignedInfo是否先按C14N 1.0规范化再签名。",
                "The digest agrees, but SignatureValue was not made with the key of the certificate embedded: check"
                " that the two are a pair, and that SignedInfo is canonicalised (C14N 1.0) before it is signed.",
                "SignatureValue",
            )
        ]
    return [
        Fix(
            "摘要和签名值都相符，但签名结构不合规定：检查KeyInfo只含一个X509Certificate，没有多余的元素和属性。",
            "Digest and value hold, but the structure is not of the profile: KeyInfo holds one X509Certificate, and"
            " nothing has further elements or attributes.",
            "KeyInfo",
        )
    ]


def _profile(found: Any) -> Fix:
    if found.method is None:
        said = " / ".join(one or "-" for one in found.algorithms)
        return Fix(
            f"签名算法和摘要算法应为rsa-sha256与sha256、rsa-sha1与sha1，或sm2-sm3与sm3，现为{said}。",
            f"The methods are rsa-sha256 with sha256, rsa-sha1 with sha1, or sm2-sm3 with sm3; they are {said}.",
            "SignatureMethod",
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        )
    if found.uri != "":
        return Fix(
            "Reference的URI应为空（签整份报文）。",
            "URI of Reference is empty: the whole message is signed.",
            "Reference",
        )
    return Fix(
        "Transforms应只有enveloped-signature（其后可有C14N 1.0），CanonicalizationMethod应为C14N 1.0。",
        "Transforms has enveloped-signature alone (C14N 1.0 may follow); CanonicalizationMethod is C14N 1.0.",
        "Transforms",
    )


def certificate_fix(raw: bytes, known: Sequence[Certificate]) -> list[Fix]:
    """A good signature by a certificate that is not on file."""
    found = diagnose(_message(raw))
    used = found.embedded.fingerprint if found and found.embedded else ""
    if not known:
        return [
            Fix(
                f"贵单位没有备案证书，测试台上也没有：请把证书{used[:16]}…上传到测试台，或在备案中登记。",
                f"No certificate of yours is on file or on the bench: upload {used[:16]}… to the bench, or file it.",
                "X509Certificate",
            )
        ]
    listed = ", ".join(f"{one.fingerprint[:16]}…" for one in known)
    return [
        Fix(
            f"所用证书的SHA-256指纹是{used[:16]}…，备案的是{listed}：换用备案证书签名，或上传这张证书。",
            f"The certificate used has the SHA-256 {used[:16]}…, those on file are {listed}: sign with one of these, or"
            " upload this one.",
            "X509Certificate",
            known[0].fingerprint,
        )
    ]


def _message(raw: bytes) -> bytes:
    """The business message, out of its envelope where it has one."""
    try:
        root = safexml.parse(raw)
        return dxp.unwrap(root).data if dxp.is_envelope(root) else raw
    except (safexml.XmlRefused, dxp.EnvelopeRefused):
        return raw
