"""The envelope of a terminal node, 202205 edition: read one, write one.

Source: the official schema 海关跨境终端节点报文定义202205.xsd, compared with ours in `tests/standards/dxp`.
A Signature over the envelope itself is allowed and not verified: what counts is the signature of the message inside.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from xml.sax.saxutils import escape

from lxml import etree

from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text

NAMESPACE = "http://www.chinaport.gov.cn/dxp"
_TAG = f"{{{NAMESPACE}}}"
_ROOT = f"{_TAG}DxpMsg"
_SHOWN_CHARS = 100


@dataclass(frozen=True, slots=True)
class Envelope:
    """One DxpMsg, with the business message in `data` exactly as it was wrapped."""

    cop_msg_id: str
    """The sender's own number of the envelope, 1 to 255 characters."""
    sender_id: str
    """DXP id of the sender, 1 to 16 characters."""
    receiver_ids: tuple[str, ...]
    """One to five DXP ids."""
    created: str
    """`CreatTime` as written, an xs:dateTime; see `created_at`."""
    msg_type: str
    """Agreed between the parties, for CEB the name of the root element; may be empty."""
    data: bytes

    @property
    def created_at(self) -> datetime | None:
        """`created` as an aware time, China time where it names no zone; None for times that Python cannot hold."""
        try:
            moment = datetime.fromisoformat(self.created)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


class EnvelopeRefused(ValueError):  # noqa: N818 - a refusal is an outcome, named as the receipts name it
    """The envelope cannot be opened. `code` is `format.schema`; `detail` says why in both languages."""

    def __init__(self, code: str, detail: Text) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail.en}"


def is_envelope(root: etree._Element) -> bool:
    """True where the root element is a DxpMsg."""
    return root.tag == _ROOT


def unwrap(root: etree._Element) -> Envelope:
    """Opens the envelope whose root element, read by `safexml.parse`, is `root`.

    Raises EnvelopeRefused `format.schema` where it breaks the schema of the terminal node or its Data is not base64.
    The message inside is not looked at.
    """
    schema = _schema()
    if not schema.validate(root):
        raise _refused(schema.error_log)
    head = root[0]
    try:
        data = binascii.a2b_base64("".join((root[1].text or "").split()), strict_mode=True)
    except ValueError:
        raise EnvelopeRefused("format.schema", Text("Data 不是 base64", "Data is not base64")) from None
    return Envelope(
        cop_msg_id=_text(head[0]),
        sender_id=_text(head[1]),
        receiver_ids=tuple(_text(receiver) for receiver in head[2]),
        created=_text(head[3]),
        msg_type=_text(head[4]),
        data=data,
    )


def wrap(
    message: bytes,
    *,
    cop_msg_id: str,
    sender_id: str,
    receiver_ids: Sequence[str],
    created: datetime,
    msg_type: str,
) -> bytes:
    """An envelope around `message`, UTF-8; `created` is an aware time and is written in China time, whole seconds.

    Raises ValueError where a value does not fit the schema (lengths as in `Envelope`) or `created` names no zone.
    """
    if created.tzinfo is None:
        raise ValueError("the creation time of an envelope needs a zone")
    for name, value, least, most in (
        ("cop_msg_id", cop_msg_id, 1, 255),
        ("msg_type", msg_type, 0, 30),
        ("sender_id", sender_id, 1, 16),
        *(("receiver_ids", receiver, 1, 16) for receiver in receiver_ids),
    ):
        if not least <= len(value) <= most:
            raise ValueError(f"{name} has {len(value)} characters, {least} to {most} are allowed")
    if not 1 <= len(receiver_ids) <= 5:
        raise ValueError("an envelope has one to five receivers")
    receivers = "".join(f"<dxp:ReceiverId>{escape(receiver)}</dxp:ReceiverId>" for receiver in receiver_ids)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<dxp:DxpMsg xmlns:dxp="{NAMESPACE}" ver="1.0"><dxp:TransInfo>'
        f"<dxp:CopMsgId>{escape(cop_msg_id)}</dxp:CopMsgId><dxp:SenderId>{escape(sender_id)}</dxp:SenderId>"
        f"<dxp:ReceiverIds>{receivers}</dxp:ReceiverIds>"
        f"<dxp:CreatTime>{created.astimezone(CHINA):%Y-%m-%dT%H:%M:%S}</dxp:CreatTime>"
        f"<dxp:MsgType>{escape(msg_type)}</dxp:MsgType></dxp:TransInfo>"
        f"<dxp:Data>{binascii.b2a_base64(message, newline=False).decode()}</dxp:Data></dxp:DxpMsg>"
    ).encode()


def _text(element: etree._Element) -> str:
    return "".join(element.itertext())


@cache
def _schema() -> etree.XMLSchema:
    with as_file(files("silkgate.standards")) as standards:
        return etree.XMLSchema(etree.parse(standards / "dxp" / "dxp.xsd"))


def _refused(log: etree._ListErrorLog) -> EnvelopeRefused:
    """The first objection of the schema: its line and the element."""
    entry = log[0] if len(log) else None
    if entry is None:
        return EnvelopeRefused("format.schema", Text("信封不符合终端节点报文结构", "the envelope breaks its schema"))
    name = (entry.path or "").rpartition("/")[2].rpartition(":")[2]
    return EnvelopeRefused("format.schema", Text(
        zh="信封不符合终端节点报文结构：第 {line} 行，{name}",
        en="the envelope breaks its schema: line {line}, {name}",
    ).format(line=entry.line, name=name[:_SHOWN_CHARS]))
