"""Why a message was not read: what the schema objects to, in words that a sender can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from lxml import etree

from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import GUID_LENGTH, VERSION_MAX_LENGTH, Field, MessageKind

FAULTS_MAX = 5
_FOUND_MAX_CHARACTERS = 100


class SchemaFault(NamedTuple):
    """One place where the message breaks the schema."""

    line: int
    """Line of the XML text, from 1."""
    element: str
    """Local name; `@name` appended where it is about an attribute."""
    found: str
    """The value or element found, shortened; "" where something is missing."""
    needed: Text


class Refused(Exception):  # noqa: N818  a refusal is an answer, not an error of the program
    """The message cannot be read; `text` says why, for people."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class UnknownMessage(Refused):
    """The root element is none of the messages asked for."""

    def __init__(self, root: str) -> None:
        self.root = root
        shown = root[:_FOUND_MAX_CHARACTERS]
        super().__init__(
            Text("不受理的报文：{root}", "not a message that is taken here: {root}").format(root=shown),
        )


class SchemaRefused(Refused):
    """The message is a known one and breaks the schema; `faults` are the first few."""

    def __init__(self, faults: tuple[SchemaFault, ...]) -> None:
        self.faults = faults
        super().__init__(
            Text(
                "；".join(_sentence(fault).zh for fault in faults) or "报文不符合规范",
                "; ".join(_sentence(fault).en for fault in faults) or "the message breaks the specification",
            )
        )


def _sentence(fault: SchemaFault) -> Text:
    if fault.found:
        form = Text("第{line}行 {element}：“{found}”，应为：{zh}", "line {line}, {element}: '{found}', needed: {en}")
    else:
        form = Text("第{line}行 {element}：应为：{zh}", "line {line}, {element}: needed: {en}")
    return form.format(
        line=fault.line, element=fault.element, found=fault.found, zh=fault.needed.zh, en=fault.needed.en
    )


_SUBJECT = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'(?:, attribute '(?:\{[^}]*\})?([^']*)')?")
_MISSING_ATTRIBUTE = re.compile(r"The attribute '([^']*)' is required")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_ATTRIBUTES = {
    "guid": Text(f"{GUID_LENGTH} 个字符", f"{GUID_LENGTH} characters"),
    "version": Text(f"1 至 {VERSION_MAX_LENGTH} 个字符", f"1 to {VERSION_MAX_LENGTH} characters"),
}
_ANYTHING = Text("符合报文规范的内容", "what the message specification asks for")
_NO_ATTRIBUTE = Text("无此属性", "no such attribute")


def schema_faults(root: Any, kind: MessageKind, log: Iterable[Any]) -> tuple[SchemaFault, ...]:
    """The first few entries of a validation's error log for the message `root`, one per place."""
    places: dict[tuple[str | None, str], Any] = {}
    for entry in islice(log, 20 * FAULTS_MAX):
        subject = _SUBJECT.search(entry.message)
        places.setdefault((entry.path, subject.group(2) or "" if subject else ""), entry)
    return tuple(_fault(root, kind, entry) for entry in islice(places.values(), FAULTS_MAX))


def _fault(root: Any, kind: MessageKind, entry: Any) -> SchemaFault:
    subject = _SUBJECT.search(entry.message)
    name, attribute = (subject.group(1), subject.group(2) or "") if subject else ("", "")
    missing = _MISSING_ATTRIBUTE.search(entry.message)
    if missing:
        attribute = missing.group(1)
    node = _locate(root, entry.path)
    if attribute:
        found = "" if node is None else node.get(attribute, "")
        unknown = _ANYTHING if missing else _NO_ATTRIBUTE
        needed = _ATTRIBUTES.get(attribute, unknown) if name == kind.root else unknown
        return SchemaFault(entry.line, f"{name}@{attribute}", _short(found), needed)
    expected = _EXPECTED.search(entry.message)
    if expected or "not expected" in entry.message:
        found = "" if "Missing child" in entry.message else name
        return SchemaFault(entry.line, name, found, _limit(node, kind) or _names(expected))
    field = _field(node, name, kind)
    found = "" if node is None else "".join(node.itertext())
    return SchemaFault(entry.line, name, _short(found), field.needed if field else _ANYTHING)


def _locate(root: Any, path: str | None) -> Any | None:
    if not path:
        return None
    names = {prefix: uri for prefix, uri in root.nsmap.items() if prefix}
    try:
        nodes = root.getroottree().xpath(path, namespaces=names)
    except etree.XPathError:
        return None  # a prefix declared further inside; the name and line are told all the same
    return nodes[0] if nodes else None


def _field(node: Any | None, name: str, kind: MessageKind) -> Field | None:
    parent = None if node is None else node.getparent()
    if parent is None:
        return None
    fields = kind.parts.get(etree.QName(parent).localname, ())
    return next((field for field in fields if field.name == name), None)


def _limit(node: Any | None, kind: MessageKind) -> Text | None:
    """Said where an element is refused because there are too many of it."""
    if node is None:
        return None
    name = etree.QName(node).localname
    limit = {kind.document: kind.documents_max, kind.line: kind.lines_max}.get(name)
    if limit is None or sum(1 for _ in node.itersiblings(node.tag, preceding=True)) < limit:
        return None
    return Text(f"最多 {limit} 个 {name}", f"at most {limit} {name}")


def _names(expected: re.Match[str] | None) -> Text:
    if expected is None:
        return Text("无此元素", "no such element")
    names = [re.sub(r"^\{[^}]*\}", "", name.strip()) for name in expected.group(1).split(", ")]
    return Text("、".join(names), ", ".join(names))


def _short(text: str) -> str:
    return text if len(text) <= _FOUND_MAX_CHARACTERS else text[:_FOUND_MAX_CHARACTERS] + "…"
