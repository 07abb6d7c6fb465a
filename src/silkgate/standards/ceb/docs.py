"""The reference page of the messages, rendered from the catalogue: `docs/reference/messages.md`.

`python -m silkgate.standards.ceb.docs` in the root of the project writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import MESSAGES, SUBSCRIBERS_MAX, TRADES, Field, MessageKind, Trade, kinds_of

PAGE = Path("docs/reference/messages.md")

_INTRODUCTION = """\
# 进出口报文 Messages of import and export

由`src/silkgate/standards/ceb/`中的`catalogue.csv`和`messages.csv`生成，请勿手工修改；
改动后运行`python -m silkgate.standards.ceb.docs`。元素名、中文名、长度和位数出自
《海关跨境电商统一版系统企业对接报文规范》（202205版）及其进口、出口报文定义。
Rendered from `catalogue.csv` and `messages.csv` in `src/silkgate/standards/ceb/`; do not edit by hand. After a change
run `python -m silkgate.standards.ceb.docs`. Element names, Chinese names, lengths and digits are those of the message
specification, 202205 edition, and of its import and export schemas.

格式：C14 恰为14个字符，C..60 至多60个字符，C.. 不限；N19,5 至多19位数字，其中小数至多5位；
N9 至多9位整数，N 为32位整数。必填栏：● 必填，○ 可省略；标“空”者内容可以为空。
Format: C14 exactly 14 characters, C..60 at most 60, C.. any number; N19,5 a number of at most 19 digits of which at
most 5 are decimals; N9 a whole number of at most 9 digits, N a 32-bit whole number. Required: ● yes, ○ may be left
out; where it says 空 the element may be empty.

签名：与官方定义的唯一差别是，621、623、625、711 缺少签名不算报文格式错误，而以业务代码答复。
Signature: in one thing our schema differs from the official one. A missing signature in 621, 623, 625 or 711 is no
error of form; it is answered with a business code.
出口报文在官方定义中都可以不签名；规范正文要求507、509、603、607在申报时签名。
In the export schema every signature is optional; the text of the specification asks for one in 507, 509, 603 and 607
that are declared.

空元素：标明“空即”的元素留空时取所列的值；标明“空格不计”的元素，首尾空格不计，连续空格计作一个。
Empty elements: where it says 空即, an empty element has the value named. White space: where it says 空格不计, spaces at
the ends do not count, and several together count as one.
"""

_SIGNATURES = {
    "none": Text("无", "none"),
    "optional": Text("可选", "optional"),
    "required": Text("申报时必需", "required to declare"),
}
_TRADES: dict[Trade, Text] = {"import": Text("进口", "import"), "export": Text("出口", "export")}


def render_messages_page() -> str:
    """The page as Markdown, both languages, one table for each message."""
    overviews = (_overview(trade) for trade in TRADES)
    commons = (_common(trade) for trade in TRADES)
    parts = [_INTRODUCTION, *overviews, *(_message(kind) for kind in MESSAGES.values()), *commons]
    return "\n".join(parts)


def _overview(trade: Trade) -> str:
    words = _TRADES[trade]
    rows = [
        f"## {words.zh}报文一览 Overview of {words.en}",
        "",
        "| 报文 code | 名称 name | 单证 document | 每报文 per message | 表体 lines | 回执 receipt | 发送方 sender "
        "| 签名 signature |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in kinds_of(trade):
        cells = (
            f"[{kind.code}](#{_anchor(kind)})",
            _both(kind.name),
            f"`{kind.document}`",
            _up_to(kind.documents_max),
            f"`{kind.line}` {_up_to(kind.lines_max, kind.lines_min)}" if kind.line else "–",
            kind.receipt or "–",
            _both(kind.sender),
            _both(_SIGNATURES[kind.signature]),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _message(kind: MessageKind) -> str:
    parts = [f"## {kind.root} {kind.name.zh}", "", _both(kind.name), ""]
    parts += [_table(kind.head or kind.document, kind.head_fields)]
    if kind.line:
        parts += [_table(kind.line, kind.line_fields)]
    return "\n".join(parts)


_ENDS: dict[Trade, Text] = {
    "import": Text("ExtendMessage 至多一个，签名", "at most one ExtendMessage, the signature"),
    "export": Text("签名，ExtendMessage 至多一个", "the signature, at most one ExtendMessage"),
}


def _common(trade: Trade) -> str:
    words, ends = _TRADES[trade], _ENDS[trade]
    kind = kinds_of(trade)[0]
    return "\n".join(
        [
            f"## {words.zh}报文的公共部分 Common parts of {words.en}",
            "",
            f"企业发送的报文在单证之后依次为：BaseTransfer 一个，BaseSubscribe 至多{SUBSCRIBERS_MAX}个，{ends.zh}。",
            "In messages sent by enterprises there follow the documents: one BaseTransfer, at most "
            f"{SUBSCRIBERS_MAX} BaseSubscribe, {ends.en}.",
            "",
            _table("BaseTransfer", kind.transfer_fields),
            _table("BaseSubscribe", kind.subscribe_fields),
            _table("ExtendMessage", kind.extend_fields),
        ]
    )


def _table(part: str, fields: Sequence[Field]) -> str:
    rows = [
        f"`{part}`",
        "",
        "| 元素 element | 中文 | English | 格式 format | 必填 required | 代码表 code table | 说明 note |",
        "|---|---|---|---|---|---|---|",
    ]
    for field in fields:
        notes = [f"固定 fixed: {field.fixed}"] if field.fixed else []
        if field.default:
            notes.append(f"空即 empty means: {field.default}")
        if field.collapsed:
            notes.append("空格不计 spaces do not count")
        if field.note.zh:
            notes.append(_both(field.note))
        empty = field.type == "string" and field.min_length == 0 and not field.fixed
        cells = (
            f"`{field.name}`",
            field.label.zh,
            field.label.en,
            field.format,
            ("●" if field.required else "○") + (" 空" if empty else ""),
            field.code_table,
            "；".join(notes),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} · {text.en}"


def _up_to(limit: int | None, least: int = 1) -> str:
    return "1" if limit == least == 1 else f"{least}..{limit or '∞'}"


def _anchor(kind: MessageKind) -> str:
    return f"{kind.root} {kind.name.zh}".lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(render_messages_page(), encoding="utf-8")
