"""The reference page of the import messages, rendered from the catalogue: `docs/reference/messages.md`.

`python -m silkgate.standards.ceb.docs` in the root of the project writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import (
    EXTEND_FIELDS,
    MESSAGES,
    SUBSCRIBE_FIELDS,
    SUBSCRIBERS_MAX,
    TRANSFER_FIELDS,
    Field,
    MessageKind,
)

PAGE = Path("docs/reference/messages.md")

_INTRODUCTION = """\
# 进口报文 Import messages

由`src/silkgate/standards/ceb/`中的`catalogue.csv`和`messages.csv`生成，请勿手工修改；
改动后运行`python -m silkgate.standards.ceb.docs`。元素名、中文名、长度和位数出自
《海关跨境电商统一版系统企业对接报文规范》（202205版）及其进口报文定义。
Rendered from `catalogue.csv` and `messages.csv` in `src/silkgate/standards/ceb/`; do not edit by hand. After a change
run `python -m silkgate.standards.ceb.docs`. Element names, Chinese names, lengths and digits are those of the message
specification, 202205 edition, and of its import schema.

格式：C14 恰为14个字符，C..60 至多60个字符，C.. 不限；N19,5 至多19位数字，其中小数至多5位；
N9 至多9位整数，N 为32位整数。必填栏：● 必填，○ 可省略；标“空”者内容可以为空。
Format: C14 exactly 14 characters, C..60 at most 60, C.. any number; N19,5 a number of at most 19 digits of which at
most 5 are decimals; N9 a whole number of at most 9 digits, N a 32-bit whole number. Required: ● yes, ○ may be left
out; where it says 空 the element may be empty.

签名：与官方定义的唯一差别是，621、623、625、711 缺少签名不算报文格式错误，而以业务代码答复。
Signature: in one thing our schema differs from the official one. A missing signature in 621, 623, 625 or 711 is no
error of form; it is answered with a business code.
"""

_SIGNATURES = {
    "none": Text("无", "none"),
    "optional": Text("可选", "optional"),
    "required": Text("申报时必需", "required to declare"),
}


def render_messages_page() -> str:
    """The page as Markdown, both languages, one table for each message."""
    parts = [_INTRODUCTION, _overview(), *(_message(kind) for kind in MESSAGES.values()), _common()]
    return "\n".join(parts)


def _overview() -> str:
    rows = [
        "## 一览 Overview",
        "",
        "| 报文 code | 名称 name | 单证 document | 每报文 per message | 表体 lines | 回执 receipt | 发送方 sender "
        "| 签名 signature |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in MESSAGES.values():
        cells = (
            f"[{kind.code}](#{_anchor(kind)})",
            _both(kind.name),
            f"`{kind.document}`",
            _up_to(kind.documents_max),
            f"`{kind.line}` {_up_to(kind.lines_max)}" if kind.line else "–",
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


def _common() -> str:
    return "\n".join(
        [
            "## 公共部分 Common parts",
            "",
            "企业发送的报文在单证之后依次为：BaseTransfer 一个，BaseSubscribe 至多"
            f"{SUBSCRIBERS_MAX}个，ExtendMessage 至多一个，签名。",
            "In messages sent by enterprises there follow the documents: one BaseTransfer, at most "
            f"{SUBSCRIBERS_MAX} BaseSubscribe, at most one ExtendMessage, the signature.",
            "",
            _table("BaseTransfer", TRANSFER_FIELDS),
            _table("BaseSubscribe", SUBSCRIBE_FIELDS),
            _table("ExtendMessage", EXTEND_FIELDS),
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


def _up_to(limit: int | None) -> str:
    return "1..∞" if limit is None else "1" if limit == 1 else f"1..{limit}"


def _anchor(kind: MessageKind) -> str:
    return f"{kind.root} {kind.name.zh}".lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(render_messages_page(), encoding="utf-8")
