"""Reading XML from strangers: caps first, then a hardened lxml parser.

For messages that the plain-form recogniser does not take. What is refused and why is listed in `Limits` and in
`tests/standards/safexml` (payloads XA-01 … XA-34). Three stages, each linear in the size of the message:

1. `_is_plain`: byte counts that *prove* that every cap except depth holds (most messages end here);
2. `_scan`: otherwise expat walks the message and stops at the first breach, before any tree is built;
3. lxml builds the tree without comments and with CDATA merged, so that `.text` is always the whole text.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pyexpat import ExpatError, ParserCreate

from lxml import etree

from silkgate.kernel.text import Text

XINCLUDE = "http://www.w3.org/2001/XInclude"
_BOM = b"\xef\xbb\xbf"
_LIBXML2_TEXT_MAX = 10_000_000
"""libxml2 refuses longer text nodes unless told otherwise; an envelope's Data may be longer within the body limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one message. All are checked before the tree is handed out."""

    max_bytes: int = 10 * 1024 * 1024
    """Size of the message in bytes, checked before anything is read."""
    max_depth: int = 64
    max_elements: int = 300_000
    """More than the fullest valid message has (100 declarations of 99 lines: about 265 000); its tree takes 150 MB."""
    max_attributes_per_element: int = 64
    """Namespace declarations count as attributes here."""
    max_attributes: int = 100_000
    """In the whole document, which bounds memory: a tree needs some 200 bytes for each."""
    max_namespace_declarations: int = 32
    """In the whole document: inclusive C14N is quadratic in them."""
    max_name_chars: int = 256
    max_text_chars: int = 1_000_000
    """One text node or attribute value. The Data of a DXP envelope is held to `max_bytes` alone."""


class XmlRefused(ValueError):  # noqa: N818 - a refusal is an outcome, named as the receipts name it
    """The message is not read further. `code` is `format.size` or `format.xml`; `detail` says why in both languages."""

    def __init__(self, code: str, detail: Text) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail.en}"


def parse(raw: bytes, limits: Limits = Limits()) -> etree._Element:
    """The root element of a message, without comments, read within `limits`.

    Raises XmlRefused: `format.size` where `raw` is longer than `limits.max_bytes`; `format.xml` where it is not
    well-formed, not UTF-8, carries a DOCTYPE, a processing instruction or XInclude, or breaks a cap.
    """
    check_size(raw, limits)
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw:
        raise _refused("编码必须是 UTF-8", "the encoding must be UTF-8")
    scanned = not _is_plain(raw, limits)
    if scanned:
        _scan(raw, limits)
    # Only what the scan has already bounded may pass libxml2's own limits.
    parser = _PARSERS.of_long_text if scanned and len(raw) > _LIBXML2_TEXT_MAX else _PARSERS.ordinary
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise _refused("不是格式良好的 XML（第 {line} 行第 {column} 列，解析器代码 {code}）",
                       "not well-formed XML (line {line}, column {column}, parser code {code})",
                       line=line, column=column, code=error.code) from None
    if root.getroottree().docinfo.doctype:
        raise _no_doctype()
    if next(root.iter(f"{{{XINCLUDE}}}*"), None) is not None:
        raise _no_xinclude()
    if not scanned and _too_deep(limits.max_depth)(root):
        raise _deeper_than(limits)
    return root


def check_size(raw: bytes, limits: Limits = Limits()) -> None:
    """Raises XmlRefused `format.size` where `raw` is too long; for callers that want to know before they go on."""
    if len(raw) > limits.max_bytes:
        raise XmlRefused("format.size", Text(
            zh="报文 {found} 字节，超过上限 {limit} 字节", en="the message has {found} bytes, the limit is {limit}",
        ).format(found=len(raw), limit=limits.max_bytes))


def _parser(*, huge_tree: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        attribute_defaults=False, huge_tree=huge_tree, remove_comments=True, remove_pis=True, strip_cdata=True,
        recover=False, collect_ids=False,
    )


class _Parsers(threading.local):
    """One pair a thread: a parser serves one at a time, and making one costs as much as reading a small message."""

    def __init__(self) -> None:
        self.ordinary = _parser(huge_tree=False)
        self.of_long_text = _parser(huge_tree=True)


_PARSERS = _Parsers()
_DEPTH_TESTS: dict[int, Callable[[etree._Element], object]] = {}


def _too_deep(max_depth: int) -> Callable[[etree._Element], object]:
    """A test for an element below `max_depth`; libxml2 itself stops at 256 levels, so the walk is bounded."""
    if max_depth not in _DEPTH_TESTS:
        _DEPTH_TESTS[max_depth] = etree.XPath(f"boolean({'/*' * (max_depth + 1)})")
    return _DEPTH_TESTS[max_depth]


# -- 1. what byte counts can prove

_SPACE = rb"[ \t\r\n]"
_DECLARATION = re.compile(
    rb"<\?xml" + _SPACE + rb"+version" + _SPACE + rb"*=" + _SPACE + rb"*(?:'1\.0'|\"1\.0\")"
    rb"(?:" + _SPACE + rb"+encoding" + _SPACE + rb"*=" + _SPACE + rb"*(?:'[Uu][Tt][Ff]-8'|\"[Uu][Tt][Ff]-8\"))?"
    rb"(?:" + _SPACE + rb"+standalone" + _SPACE + rb"*=" + _SPACE + rb"*(?:'(?:yes|no)'|\"(?:yes|no)\"))?"
    + _SPACE + rb"*\?>"
)
_MAY_BEGIN_VALUE = (b'"', b"'", b" ", b"\t", b"\r", b"\n")
_NAME_START = re.compile(rb"[\s<>\"']")
_NAMESPACE_DECLARATION = re.compile(
    rb"xmlns(?::[^\s=]{1,256})?" + _SPACE + rb"*=" + _SPACE + rb"*(?:\"([^\"<&]*)\"|'([^'<&]*)')")


def _is_plain(raw: bytes, limits: Limits) -> bool:
    """True only where bytes alone prove that there is no DOCTYPE, comment, CDATA or processing instruction, no XInclude
    namespace and that every cap except depth holds. False proves nothing: then the scan decides."""
    start = len(_BOM) if raw.startswith(_BOM) else 0
    if raw.startswith(b"<?", start):
        declaration = _DECLARATION.match(raw, start)
        if declaration is None:
            return False
        start = declaration.end()
    return (
        not _has(raw, b"!", b"<!", start)
        and not _has(raw, b"?", b"<?", start)
        and raw.count(b"<") <= limits.max_elements
        and _attributes_are_few(raw, start, limits)
        and _namespaces_are_few(raw, limits)
        and not _has_long_tag_name(raw, start, limits.max_name_chars)
        and (len(raw) <= limits.max_text_chars or _long_text(limits.max_text_chars).search(raw, start) is None)
    )


def _has(raw: bytes, byte: bytes, mark: bytes, start: int) -> bool:
    """Whether `mark` occurs. Its rarer byte is looked for first: many a "<" makes the search for both slow."""
    return raw.find(byte, start) >= 0 and raw.find(mark, start) >= 0


def _attributes_are_few(raw: bytes, start: int, limits: Limits) -> bool:
    """Every attribute needs a "=": so few of them are within the cap even if all stood on one element."""
    if raw.count(b"=", start) > limits.max_attributes_per_element:
        return False
    at = raw.find(b"=", start)
    while at >= 0:
        if raw[at + 1 : at + 2] in _MAY_BEGIN_VALUE:
            before = raw[max(start, at - limits.max_name_chars) : at]
            # A space before "=" would hide how long the name before it is.
            if before[-1:].isspace() or (len(before) == limits.max_name_chars and not _NAME_START.search(before)):
                return False
        at = raw.find(b"=", at + 1)
    return True


def _namespaces_are_few(raw: bytes, limits: Limits) -> bool:
    at, found = raw.find(b"xmlns"), 0
    while at >= 0:
        declaration = _NAMESPACE_DECLARATION.match(raw, at)
        found += 1
        if declaration is None or found > limits.max_namespace_declarations:
            return False
        if XINCLUDE.encode() in (declaration[1], declaration[2]):
            return False
        at = raw.find(b"xmlns", at + 5)
    return True


_PATTERNS: dict[tuple[str, int], re.Pattern[bytes]] = {}


def _has_long_tag_name(raw: bytes, start: int, chars: int) -> bool:
    """Both searches are anchored at "<", so they are linear; the first is the faster and seldom finds anything."""
    return (
        _pattern("tag", chars, rb"<[^>]{%d}" % (chars + 1)).search(raw, start) is not None
        and _pattern("name", chars, rb"<[^ \t\r\n<>]{%d}" % (chars + 1)).search(raw, start) is not None
    )


def _long_text(chars: int) -> re.Pattern[bytes]:
    return _pattern("text", chars, rb"<[^<]{%d}" % (chars + 1))


def _pattern(kind: str, chars: int, source: bytes) -> re.Pattern[bytes]:
    if (kind, chars) not in _PATTERNS:
        _PATTERNS[kind, chars] = re.compile(source)
    return _PATTERNS[kind, chars]


# -- 2. the scan


def _scan(raw: bytes, limits: Limits) -> None:
    """Walks the message with expat and raises XmlRefused at the first breach; builds nothing."""
    parser = ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.ordered_attributes = True
    scan = _Scan(limits)
    parser.XmlDeclHandler = scan.declaration
    parser.StartDoctypeDeclHandler = scan.doctype
    parser.ProcessingInstructionHandler = scan.instruction
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    try:
        parser.Parse(raw, True)
    except ExpatError as error:
        raise _refused("不是格式良好的 XML（第 {line} 行第 {column} 列）",
                       "not well-formed XML (line {line}, column {column})",
                       line=error.lineno, column=error.offset + 1) from None


class _Scan:
    """Counters of one walk, named after the caps."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.path: list[str] = []
        self.elements = self.attributes = self.namespaces = self.chars = 0
        self.max_chars = limits.max_text_chars

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if version != "1.0":
            raise _refused("只接受 XML 1.0", "only XML 1.0 is accepted")
        if encoding is not None and encoding.upper() != "UTF-8":
            raise _refused("编码必须是 UTF-8", "the encoding must be UTF-8")

    def doctype(self, *_: object) -> None:
        raise _no_doctype()

    def instruction(self, *_: object) -> None:
        raise _refused("不接受处理指令", "processing instructions are not accepted")

    def start(self, name: str, attributes: list[str]) -> None:
        limits = self.limits
        self.elements += 1
        if self.elements > limits.max_elements:
            raise _over("元素个数", "elements", limits.max_elements)
        if len(attributes) > 2 * limits.max_attributes_per_element:
            raise _over("单个元素的属性个数", "attributes of one element", limits.max_attributes_per_element)
        self.path.append(name)
        if len(self.path) > limits.max_depth:
            raise _deeper_than(limits)
        if len(name) > limits.max_name_chars:
            raise _name_too_long(limits)
        if attributes:
            self.check_attributes(attributes[::2], attributes[1::2])
        self.chars = 0
        self.max_chars = limits.max_bytes if self.in_envelope_data() else limits.max_text_chars

    def check_attributes(self, names: list[str], values: list[str]) -> None:
        limits = self.limits
        self.attributes += len(names)
        if self.attributes > limits.max_attributes:
            raise _over("属性总数", "attributes", limits.max_attributes)
        if max(map(len, names)) > limits.max_name_chars:
            raise _name_too_long(limits)
        if max(map(len, values)) > limits.max_text_chars:
            raise _over("属性值长度", "characters of an attribute", limits.max_text_chars)
        for name, value in zip(names, values, strict=True):
            if name.startswith("xmlns"):
                self.namespaces += 1
                if self.namespaces > limits.max_namespace_declarations:
                    raise _over("命名空间声明个数", "namespace declarations", limits.max_namespace_declarations)
                if value == XINCLUDE:
                    raise _no_xinclude()

    def in_envelope_data(self) -> bool:
        return len(self.path) == 2 and [name.rpartition(":")[2] for name in self.path] == ["DxpMsg", "Data"]

    def end(self, name: str) -> None:
        self.path.pop()
        self.chars = 0
        self.max_chars = self.limits.max_text_chars

    def text(self, chunk: str) -> None:
        self.chars += len(chunk)
        if self.chars > self.max_chars:
            raise _over("文本长度", "characters of text", self.max_chars)


# -- refusals


def _refused(zh: str, en: str, /, **values: object) -> XmlRefused:
    return XmlRefused("format.xml", Text(zh, en).format(**values))


def _no_doctype() -> XmlRefused:
    return _refused("不接受 DOCTYPE 与实体声明", "DOCTYPE and entity declarations are not accepted")


def _no_xinclude() -> XmlRefused:
    return _refused("不接受 XInclude", "XInclude is not accepted")


def _deeper_than(limits: Limits) -> XmlRefused:
    return _over("嵌套层数", "levels of nesting", limits.max_depth)


def _name_too_long(limits: Limits) -> XmlRefused:
    return _over("名称长度", "characters of a name", limits.max_name_chars)


def _over(zh: str, en: str, limit: int) -> XmlRefused:
    return _refused("{zh}超过上限 {limit}", "more {en} than the limit of {limit}", zh=zh, en=en, limit=limit)
