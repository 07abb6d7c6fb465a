"""The stages that a received message goes through before it is stored. One function a stage, each with its own type.

    bytes ── identify ──> business message ── recognise ──> documents ── verify ──> Received

A stage that fails ends the message with a finding of its own; nothing here has an effect, so any number of processes
may do it, and `silkgate check` does it for anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from lxml import etree

from silkgate.exchange.documents import KINDS, SHAPES, WANTED, encode
from silkgate.exchange.domain import ABSENT, Found, Received
from silkgate.exchange.exports import CHECKED
from silkgate.kernel.text import Text
from silkgate.standards import dxp, safexml, xmldsig
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.fast import fast_recogniser
from silkgate.standards.ceb.message import Packed
from silkgate.standards.ceb.read import Message, Reader, SchemaRefused, UnknownMessage
from silkgate.standards.ceb.recognise import Recogniser

CEB_NAMESPACE = "http://www.chinaport.gov.cn/ceb"
EXCERPT_CHARACTERS = 20_000
GUID_CHARACTERS = 200
"""Of a guid that breaks the schema, which allows 36: enough for its sender to find the message again."""

Certificates = Callable[[str], Sequence[xmldsig.Certificate]]
"""The certificates filed for a sender's code."""


class Refused(Exception):  # noqa: N818 - the word of the field
    """A stage of intake ends here. `code` is the slug of the rule, `detail` what was found."""

    def __init__(self, code: str, detail: Text, *, kind: str = "Unknown", guid: str = "") -> None:
        super().__init__(detail.en)
        self.code, self.detail, self.kind, self.guid = code, detail, kind, guid


class Identified(NamedTuple):
    """A business message taken out of its envelope, if it had one."""

    message: bytes
    root: etree._Element | None
    """Parsed already; None where the recogniser should look first."""
    envelope_sender: str | None
    envelope_id: str


class Recognised(NamedTuple):
    """A business message that keeps the schema, the documents it carries as records."""

    identified: Identified
    message: Packed
    wide: bool
    """The records hold numbers beyond 64 bits; see `documents.encode`."""
    canonical: bool
    """As `Message.canonical`."""
    root: etree._Element | None


_LIMITS = safexml.Limits()
_fast_recogniser = fast_recogniser(SHAPES)
_recogniser = Recogniser(WANTED)
_reader = Reader(WANTED)


@cache
def _checking_reader() -> Reader:
    """Made when it is first asked for: the service itself does not read what it does not take."""
    return Reader({code: (kind.head_elements, kind.line_elements) for code, kind in CHECKED.items()})


def examine(
    raw: bytes, certificates: Certificates, *, max_message_bytes: int, channel: str = "cli", checking: bool = False
) -> Received:
    """All stages over one received message. Never raises for what the bytes contain.

    `checking`: messages that the service does not take are read, too; otherwise they are refused as it does.
    """
    sha256 = hashlib.sha256(raw).digest()
    envelope_id = ""
    try:
        identified = identify(raw, max_message_bytes)
        envelope_id = identified.envelope_id
        recognised = recognise(identified, max_message_bytes, checking=checking)
    except Refused as refused:
        return Received(raw, sha256, _refusal(raw, sha256, refused, envelope_id), channel)
    return Received(raw, sha256, verify(recognised, certificates, sha256), channel)


def identify(raw: bytes, max_message_bytes: int) -> Identified:
    """bytes → Identified. Refused: format.size, format.xml, and format.schema for a broken envelope."""
    if len(raw) > max_message_bytes:
        raise Refused(
            "format.size",
            Text(
                f"报文{len(raw)}字节，上限{max_message_bytes}字节",
                f"{len(raw)} bytes, at most {max_message_bytes} are taken",
            ),
        )
    if raw.find(b"DxpMsg", 0, 2048) < 0:
        return Identified(raw, None, None, "")
    root = _parse(raw, max_message_bytes)
    if not dxp.is_envelope(root):
        return Identified(raw, root, None, "")
    try:
        envelope = dxp.unwrap(root)
    except dxp.EnvelopeRefused as refused:
        raise Refused(refused.code, refused.detail) from refused
    return Identified(envelope.data, None, envelope.sender_id, envelope.cop_msg_id)


def recognise(identified: Identified, max_message_bytes: int, *, checking: bool = False) -> Recognised:
    """Identified → Recognised. Refused: format.xml, format.unknown, format.schema.

    The recognisers take messages in plain form, first the compiled one where there is one; everything else is decided
    by the parser and the schema.
    """
    if identified.root is None:
        if _fast_recogniser is not None and (packed := _fast_recogniser.recognise(identified.message)) is not None:
            return Recognised(identified, packed, False, True, None)
        if (message := _recogniser.recognise(identified.message)) is not None:
            return _packed(identified, message, None)
    root = identified.root if identified.root is not None else _parse(identified.message, max_message_bytes)
    name = etree.QName(root)
    kind = name.localname if name.namespace == CEB_NAMESPACE and _is_message_name(name.localname) else "Unknown"
    guid = root.get("guid", "")[:GUID_CHARACTERS]
    code = kind[3:6] if kind != "Unknown" else ""
    if code in CHECKED and not checking:
        raise _not_yet(code, kind, guid)
    if code not in KINDS and code not in CHECKED:
        raise _unknown(kind, guid)
    reader = _reader if code in KINDS else _checking_reader()
    try:
        return _packed(identified, reader.read(root), root)
    except UnknownMessage as refused:
        raise _unknown(kind, guid) from refused
    except SchemaRefused as refused:
        raise Refused("format.schema", refused.text, kind=kind, guid=guid) from refused


def _packed(identified: Identified, message: Message, root: etree._Element | None) -> Recognised:
    documents = message.documents
    records, wide = encode(message.code, documents)
    packed = Packed(message.code, message.guid, message.version, message.transfer, len(documents), records, False)
    return Recognised(identified, packed, wide, message.canonical, root)


def verify(recognised: Recognised, certificates: Certificates, sha256: bytes) -> Found:
    """Recognised → Found, with the verdict on the signature that the message carries."""
    identified, message, wide, canonical, root = recognised
    transfer = message.transfer
    if message.unsigned:
        verdict = xmldsig.Verdict.ABSENT
    else:
        verdict = xmldsig.verify(identified.message, certificates(transfer.cop_code), root=root, canonical=canonical)
    raw = identified.envelope_sender is None
    return Found(
        kind=f"CEB{message.code}Message",
        code=message.code,
        guid=message.guid,
        digest=sha256 if raw else hashlib.sha256(identified.message).digest(),
        sender=transfer.cop_code,
        dxp_id=transfer.dxp_id,
        envelope_sender=identified.envelope_sender,
        envelope_id=identified.envelope_id,
        signature=verdict.value,
        documents=message.records,
        wide=wide,
        document_count=message.document_count,
    )


def _parse(raw: bytes, max_message_bytes: int) -> etree._Element:
    try:
        return safexml.parse(raw, replace(_LIMITS, max_bytes=max_message_bytes))
    except safexml.XmlRefused as refused:
        raise Refused(refused.code, refused.detail) from refused


def _is_message_name(name: str) -> bool:
    return len(name) == 13 and name.startswith("CEB") and name.endswith("Message") and name[3:6].isdigit()


def _unknown(kind: str, guid: str) -> Refused:
    return Refused(
        "format.unknown",
        Text(f"报文类型为{kind}", f"its kind is {kind}"),
        kind=kind,
        guid=guid,
    )


def _not_yet(code: str, kind: str, guid: str) -> Refused:
    """A message that is known, but nothing here decides on it."""
    name = MESSAGES[code].name
    return Refused(
        "format.unknown",
        Text(
            f"{kind}（{name.zh}）本区的服务暂不受理，其中单证均未登记；可用silkgate check或测试台校验",
            f"{kind} ({name.en}) is not taken by this zone's service yet, which has"
            " recorded none of its documents; silkgate check and the test bench validate them",
        ),
        kind=kind,
        guid=guid,
    )


def _refusal(raw: bytes, sha256: bytes, refused: Refused, envelope_id: str) -> Found:
    return Found(
        kind=refused.kind,
        code="",
        guid=refused.guid,
        digest=sha256,
        sender="",
        dxp_id="",
        envelope_sender=None,
        envelope_id=envelope_id,
        signature=ABSENT,
        documents=b"",
        wide=False,
        document_count=0,
        refusal=refused.code,
        detail_zh=refused.detail.zh[:2000],
        detail_en=refused.detail.en[:2000],
        excerpt=raw[: EXCERPT_CHARACTERS * 4].decode("utf-8", "replace")[:EXCERPT_CHARACTERS],
    )
