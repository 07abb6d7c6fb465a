"""What to mend in a message that intake cannot read: its size, its XML, its kind, its elements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import islice, pairwise
from typing import Any

from lxml import etree

from silkgate.exchange import api as exchange
from silkgate.standards import dxp, safexml
from silkgate.standards.ceb.catalogue import GUID_LENGTH, MESSAGES, NAMESPACE, Field, MessageKind
from silkgate.testbench.checking import business_root
from silkgate.testbench.domain import Fix
from silkgate.testbench.nearness import closest

FIXES_MAX = 5
LIKENESS = 0.6
"""Of names that may be mistyped: below it they are taken for different ones."""
_EXCERPT = 60
_INBOUND = {kind.root: kind for kind in MESSAGES.values() if kind.inbound}
_TAKEN = [root for root, kind in _INBOUND.items() if kind.code in exchange.KINDS]


def size_fix(finding: Any, facts: Any, raw: bytes) -> list[Fix]:
    """Too large: into how many messages."""
    limit = facts.law.max_message_bytes
    parts = -(-len(raw) // limit)
    return [
        Fix(
            f"分成至少{parts}份报文，每份不超过{limit}字节、100份单证。",
            f"Make at least {parts} messages of it, each of at most {limit} bytes and 100 documents.",
        )
    ]


def xml_fix(finding: Any, facts: Any, raw: bytes) -> list[Fix]:
    """Not well formed: the line where reading ends; or something that is not taken."""
    try:
        etree.fromstring(raw, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        lines = raw.decode("utf-8", "replace").splitlines()
        text = lines[line - 1].strip()[:_EXCERPT] if 0 < line <= len(lines) else ""
        return [
            Fix(
                f"第{line}行无法读取：{error.msg}。该行内容：{text}。特殊字符写作&amp;、&lt;，编码用UTF-8。",
                f"Line {line} cannot be read: {error.msg}. It says: {text}. Write &amp; and &lt; for special"
                " characters, and use UTF-8.",
            )
        ]
    except ValueError:
        pass
    return [
        Fix(
            "删去DOCTYPE、实体和处理指令；只用元素、属性和文字。",
            "Leave out DOCTYPE, entities and processing instructions: elements, attributes and text only.",
        )
    ]


def unknown_fix(finding: Any, facts: Any, raw: bytes) -> list[Fix]:
    """Not a message that is taken: the closest name, or the namespace."""
    try:
        name = etree.QName(business_root(raw))
    except (safexml.XmlRefused, dxp.EnvelopeRefused):
        name = etree.QName("Unknown")
    if name.localname in _INBOUND and name.namespace == NAMESPACE:
        return [
            Fix(
                "报文类型无须更正：此类报文暂不受理，测试台只按规范校验，结果列在下面。",
                "The kind needs no change: such messages are not taken yet. The bench checks them against the"
                " specification, and what it finds stands beside this.",
            )
        ]
    if name.localname in _INBOUND:
        return [
            Fix(
                f"根元素的命名空间应为{NAMESPACE}，现为{name.namespace or '空'}。",
                f"The root's namespace is {NAMESPACE}, not {name.namespace or 'empty'}.",
                name.localname,
                NAMESPACE,
            )
        ]
    near = closest(name.localname, _TAKEN, LIKENESS) or "CEB311Message"
    listed = "、".join(_TAKEN)
    return [
        Fix(
            f"根元素“{name.localname}”不受理，最相近的是{near}；受理的有{listed}。",
            f"The root {name.localname!r} is not taken, the closest is {near}; taken are {', '.join(_TAKEN)}.",
            name.localname,
            near,
        )
    ]


def schema_fixes(finding: Any, facts: Any, raw: bytes) -> list[Fix]:
    """Breaks the schema: the first places, each with the element to add, move, rename, or the value that fits."""
    try:
        root = business_root(raw)
    except (safexml.XmlRefused, dxp.EnvelopeRefused):
        return [Fix("DXP信封不合规定，请按规范重新封装。", "The DXP envelope breaks its schema: wrap it as it says.")]
    kind = _INBOUND.get(etree.QName(root).localname)
    found = list(islice(_faults(root, kind), FIXES_MAX)) if kind else []
    return found or [Fix(f"按“{finding.found}”更正。", f"Mend it as it says: {finding.needed}.")]


def _faults(root: Any, kind: MessageKind) -> Iterator[Fix]:
    guid = root.get("guid", "")
    if len(guid) != GUID_LENGTH:
        yield Fix(
            f"根元素的guid应为{GUID_LENGTH}个字符，现为{len(guid)}个。",
            f"guid of the root has {GUID_LENGTH} characters, not {len(guid)}.",
            "guid",
        )
    if not root.get("version"):
        yield Fix("根元素缺少version，填1.0。", "The root has no version: 1.0.", "version", "1.0")
    documents = [child for child in root if _name(child) == kind.document]
    if not documents:
        yield Fix(f"根元素下应有{kind.document}元素。", f"Under the root stands {kind.document}.", kind.document)
    for document in documents:
        heads = [child for child in document if _name(child) == kind.head] if kind.head else [document]
        if not heads:
            yield Fix(f"{kind.document}下缺少{kind.head}。", f"{kind.document} has no {kind.head}.", kind.head)
        for head in heads[:1]:
            yield from _part(head, kind.head or kind.document, kind.head_fields)
        if kind.line:
            lines = [child for child in document if _name(child) == kind.line]
            if len(lines) < kind.lines_min:
                yield Fix(f"{kind.document}下缺少{kind.line}。", f"{kind.document} has no {kind.line}.", kind.line)
            for line in lines:
                yield from _part(line, kind.line, kind.line_fields)
    signatures = sum(_name(child) == "Signature" for child in root)
    if signatures > 1:
        yield Fix(
            f"根元素下有{signatures}个签名，只能有一个；请删去多余的。",
            f"There are {signatures} signatures under the root: keep one.",
            "Signature",
        )
    transfers = [child for child in root if _name(child) == "BaseTransfer"]
    if not transfers:
        yield Fix(
            "根元素下缺少BaseTransfer，应在单证之后。",
            "The root has no BaseTransfer; it comes after the documents.",
            "BaseTransfer",
        )
    for transfer in transfers:
        yield from _part(transfer, "BaseTransfer", kind.transfer_fields)


def _part(part: Any, name: str, fields: Sequence[Field]) -> Iterator[Fix]:
    """Children of one part against the catalogue: unknown, twice, out of order, missing; then their values."""
    by_name = {field.name: field for field in fields}
    order = list(by_name)
    children = [child for child in part if isinstance(child.tag, str)]
    names = [_name(child) for child in children]
    for child in children:
        if _name(child) not in by_name:
            near = closest(_name(child), by_name, LIKENESS)
            yield Fix(
                f"{_at(child)}{name}中没有元素{_name(child)}" + (f"，是否应为{near}？" if near else "，请删去。"),
                f"{_at(child, 'en')}{name} has no element {_name(child)}"
                + (f"; is {near} meant?" if near else ": leave it out."),
                _name(child),
                near,
            )
    known = [one for one in names if one in by_name]
    for one in dict.fromkeys(known):
        if known.count(one) > 1:
            yield Fix(
                f"{name}中{one}出现{known.count(one)}次，只留一个。", f"{one} stands {known.count(one)} times.", one
            )
    for before, after in pairwise(known):
        if order.index(before) > order.index(after):
            yield Fix(f"{name}中{after}应在{before}之前。", f"In {name}, {after} comes before {before}.", after, before)
            break
    for field in fields:
        if field.required and field.name not in names:
            place = order.index(field.name)
            behind = next((one for one in reversed(order[:place]) if one in names), "")
            yield Fix(
                f"{name}缺少{field.name}（{field.label.zh}，{field.needed.zh}）"
                + (f"，加在{behind}之后。" if behind else "，放在最前。"),
                f"{name} has no {field.name} ({field.label.en}, {field.needed.en}): "
                + (f"put it after {behind}." if behind else "put it first."),
                field.name,
                field.fixed,
            )
    for child in children:
        misfit = by_name.get(_name(child))
        if misfit is not None and (fix := _value(child, misfit)):
            yield fix


def _value(child: Any, field: Field) -> Fix | None:
    """The value that fits, where one can be made of what stands there."""
    text = field.normalised("".join(child.itertext()))
    value = _fitting(text or field.default, field)
    if value is None or value == text:
        return None
    return Fix(
        f"{_at(child)}{field.name}（{field.label.zh}）应为{field.needed.zh}，现为“{text[:_EXCERPT]}”"
        + (f"；可改为{value}。" if value else "。"),
        f"{_at(child, 'en')}{field.name} ({field.label.en}) is {text[:_EXCERPT]!r}, needed: {field.needed.en}"
        + (f"; {value} would fit." if value else "."),
        field.name,
        value,
    )


def _fitting(text: str, field: Field) -> str | None:
    """`text` as the field can hold it; "" where nothing can be made of it; None where the field takes anything."""
    if field.fixed:
        return field.fixed if text or field.required else text
    if field.type == "string":
        if field.max_length is not None and len(text) > field.max_length:
            return text[: field.max_length]
        return "" if len(text) < field.min_length and (text or field.required) else text
    if field.type in ("decimal", "int"):
        if not text and not field.required:
            return text
        return _number(text.strip(), field)
    return None


def _number(text: str, field: Field) -> str:
    plain = re.sub(r"[,\s，¥￥元]", "", text)
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return ""
    if not value.is_finite():
        return ""
    places = field.fraction_digits or 0 if field.type == "decimal" else 0
    if "e" not in plain.lower() and -value.as_tuple().exponent <= places:  # type: ignore[operator]
        return plain
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).normalize():f}"


def _at(child: Any, language: str = "zh") -> str:
    return f"第{child.sourceline}行：" if language == "zh" else f"line {child.sourceline}: "


def _name(child: Any) -> str:
    return etree.QName(child).localname if isinstance(child.tag, str) else ""
