"""Messages for tests: documents from plain fields, whole messages, signatures, envelopes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from . import intake, signatures
from .keys import Key

CEB_NS, DXP_NS = "http://www.chinaport.gov.cn/ceb", "http://www.chinaport.gov.cn/dxp"
DS_NS = "http://www.w3.org/2000/09/xmldsig#"
RECEIVER = "DXPEDCCEB0000002"
Fields = dict[str, Any]
METHODS = {
    # name: (SignatureMethod, DigestMethod)
    "rsa-sha1": ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    "rsa-sha256": (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ),
    "sm2-sm3": (signatures.SM2_SM3, signatures.SM3),
}


def fields_xml(fields: Fields) -> str:
    """Fields in the order given; None leaves a field out."""
    return "".join(
        f"<ceb:{name}>{escape(str(value))}</ceb:{name}>" for name, value in fields.items() if value is not None
    )


def document_xml(kind: str, head: Fields, items: Sequence[Fields] = ()) -> str:
    outer, head_name, item_name = intake.KINDS[kind]
    inner = fields_xml(head)
    if head_name:
        inner = f"<ceb:{head_name}>{inner}</ceb:{head_name}>"
    inner += "".join(f"<ceb:{item_name}>{fields_xml(item)}</ceb:{item_name}>" for item in items)
    return f"  <ceb:{outer}>{inner}</ceb:{outer}>\n"


def message_xml(
    kind: str, documents: Sequence[str], *, sender: str, dxp_id: str, guid: str, extension: str = ""
) -> bytes:
    """An unsigned message of ready documents (`document_xml`)."""
    transfer = fields_xml(
        {"copCode": sender, "copName": f"企业{sender}", "dxpMode": "DXP", "dxpId": dxp_id, "note": ""}
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ceb:CEB{kind}Message xmlns:ceb="{CEB_NS}" guid={quoteattr(guid)} version="1.0">\n'
        f"{''.join(documents)}  <ceb:BaseTransfer>{transfer}</ceb:BaseTransfer>{extension}\n"
        f"</ceb:CEB{kind}Message>"
    ).encode()


def hashed(method: str, data: bytes) -> bytes:
    if method == "sm2-sm3":
        return signatures.sm3(data)
    return (hashlib.sha1 if method == "rsa-sha1" else hashlib.sha256)(data).digest()


def method_of(key: Key) -> str:
    return "sm2-sm3" if key.kind == "sm2" else "rsa-sha256"


def signed(
    message: bytes,
    key: Key,
    *,
    method: str = "",
    embed: bool = True,
    uri: str = "",
    transforms: Sequence[str] = (signatures.ENVELOPED,),
    certificate: Key | None = None,
) -> bytes:
    """The message with an enveloped signature; the options make signatures that must not verify, too."""
    method = method or method_of(key)
    signature_method, digest_method = METHODS[method]
    closing = message.rindex(b"</")
    before, after = message[:closing], message[closing:]
    # What is signed is the document with the signature taken out, and that is the message as it stands here.
    digest = base64.b64encode(hashed(method, signatures.canonical(etree.fromstring(message).getroottree()))).decode()
    steps = "".join(f'<ds:Transform Algorithm="{step}"/>' for step in transforms)
    info = (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{signatures.C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{signature_method}"/>'
        f'<ds:Reference URI="{uri}"><ds:Transforms>{steps}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest_method}"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    opening = f'<ds:Signature xmlns:ds="{DS_NS}">'
    # Canonical form depends on the namespaces around it, so SignedInfo is put in its place before it is signed.
    placed = etree.fromstring(before + f"{opening}{info}</ds:Signature>".encode() + after)
    canonical = signatures.canonical(placed.find(f"{signatures.DS}Signature/{signatures.DS}SignedInfo"))
    value = base64.b64encode(key.sign(canonical, sha1=method == "rsa-sha1")).decode()
    shown = base64.b64encode((certificate or key).certificate_der).decode()
    info_of_key = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{shown}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        if embed
        else ""
    )
    signature = f"{opening}{info}<ds:SignatureValue>{value}</ds:SignatureValue>{info_of_key}</ds:Signature>"
    return before + signature.encode() + after


def enveloped(message: bytes, sender_id: str, message_type: str) -> bytes:
    """A DXP envelope around a message."""
    data = base64.b64encode(message).decode()
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<dxp:DxpMsg xmlns:dxp="{DXP_NS}" ver="1.0"><dxp:TransInfo><dxp:CopMsgId>{hashlib.md5(message).hexdigest()}'
        f"</dxp:CopMsgId><dxp:SenderId>{sender_id}</dxp:SenderId><dxp:ReceiverIds><dxp:ReceiverId>{RECEIVER}"
        "</dxp:ReceiverId></dxp:ReceiverIds><dxp:CreatTime>2026-06-18T07:00:00</dxp:CreatTime>"
        f"<dxp:MsgType>{message_type}</dxp:MsgType></dxp:TransInfo><dxp:Data>{data}</dxp:Data></dxp:DxpMsg>"
    ).encode()
