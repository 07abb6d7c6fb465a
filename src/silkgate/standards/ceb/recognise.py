"""The fast reader of messages in plain form: regular expressions made from the catalogue, one for each message part.

Plain form is what a serialiser writes that uses nothing special: UTF-8 without byte-order mark, the prefix `ceb`
declared on the root (and perhaps `xsi`), no other attributes, comments, CDATA, references, carriage returns or
self-closing tags outside the signature, whitespace only between elements, plain numbers, at most 100 documents of at
most 100 lines, no BaseSubscribe and no ExtendMessage. A signature, if any, is on one line. What is not in plain form is
no error: `recognise` answers None and `read.Reader` decides.

Two guarantees, held by the differential tests: every message recognised here passes the schema and gives the same
values through `read.Reader`; and its root element without the Signature is byte for byte its own C14N 1.0 form. All
repeats are possessive, so the time is linear in the size of the message whatever it contains.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Sequence
from typing import NamedTuple

from silkgate.standards.ceb.catalogue import (
    GUID_LENGTH,
    MESSAGES,
    NAMESPACE,
    SIGNATURE_NAMESPACE,
    VERSION_MAX_LENGTH,
    Field,
    MessageKind,
)
from silkgate.standards.ceb.message import TRANSFER_NAMES, Document, Message, Transfer
from silkgate.standards.ceb.read import Wanted

DOCUMENTS_MAX = 100
LINES_MAX = 100
INT_DIGITS_MAX = 9
"""Any nine digits fit into 32 bits."""

_SPACE = r"[ \t\n]*+"
_INDENT = r"\n?+ *+"
"""What pretty printers write: tried first, because runs of one character cost half as much to match."""
_CHARACTER = r"[^<>&\x00-\x1f]"
_ATTRIBUTE = r"[^<>&\"\x00-\x1f]"
_NOT_XML = ("\ufffe", "\uffff")
"""The only characters outside the controls that XML forbids (UTF-8 has no surrogates); kept out of the patterns because
a character set that reaches beyond Latin 1 takes a hundred times as long to compile."""

_DECLARATION = (
    r"""<\?xml version=(?:"1\.0"|'1\.0')(?: encoding=(?:"(?:UTF|utf)-8"|'(?:UTF|utf)-8'))?+"""
    r"""(?: standalone=(?:"(?:yes|no)"|'(?:yes|no)'))?+ ?+\?>"""
)
_HEADER = re.compile(
    rf"(?:{_DECLARATION})?+{_SPACE}<ceb:CEB([0-9]{{3}})Message"
    rf' xmlns:ceb="{re.escape(NAMESPACE)}"(?: xmlns:xsi="http://www\.w3\.org/2001/XMLSchema-instance")?+'
    rf' guid="({_ATTRIBUTE}{{{GUID_LENGTH}}}+)" version="({_ATTRIBUTE}{{1,{VERSION_MAX_LENGTH}}}+)">{_SPACE}'
)

Values = tuple[str, ...]


class _Plan(NamedTuple):
    """The compiled patterns of one message."""

    kind: MessageKind
    head: re.Pattern[str]
    """From the start tag of a document to the end of its head; to the end of the document where it has no lines."""
    line: re.Pattern[str] | None
    """One line, and in its last group the end tag of the document where that follows."""
    end: re.Pattern[str] | None
    """The end tag of the document, where it may have no lines."""
    trailer: re.Pattern[str]
    order_head: Callable[[Values], Values] | None
    order_line: Callable[[Values], Values] | None
    documents_max: int
    lines_max: int


class Recogniser:
    """Recognises the messages named in `wanted`; safe to share between threads."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = {code: (MESSAGES[code], *names) for code, names in wanted.items()}
        self._plans: dict[tuple[str, str], _Plan] = {}
        for code in wanted:
            self._plan(code, _INDENT)

    def recognise(self, raw: bytes) -> Message | None:
        """The message, or None where it is not in plain form (which says nothing about its validity)."""
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        header = _HEADER.match(text)
        if header is None or any(character in text for character in _NOT_XML):
            return None
        code, guid, version = header.groups()
        if code not in self._wanted:
            return None
        body = _body(text, header.end(), self._plan(code, _INDENT)) or _body(
            text, header.end(), self._plan(code, _SPACE)
        )
        if body is None:
            return None
        documents, transfer = body
        return Message(code, guid, version, transfer, documents, True)

    def _plan(self, code: str, space: str) -> _Plan:
        plan = self._plans.get((code, space))
        if plan is None:
            plan = self._plans[code, space] = _plan(*self._wanted[code], space=space)
        return plan


def patterns(code: str, head_names: Sequence[str], line_names: Sequence[str]) -> list[str]:
    """The regular expressions by which a message is recognised, for those who want to check them."""
    found = [_HEADER.pattern]
    for space in (_INDENT, _SPACE):
        plan = _plan(MESSAGES[code], head_names, line_names, space)
        found += [pattern.pattern for pattern in (plan.head, plan.line, plan.end, plan.trailer) if pattern is not None]
    return found


def _body(text: str, at: int, plan: _Plan) -> tuple[list[Document], Transfer] | None:
    sort = _without_lines if plan.line is None else _with_lines
    found = sort(text, at, plan)
    if found is None:
        return None
    documents, at = found
    trailer = plan.trailer.fullmatch(text, at)
    if trailer is None:
        return None
    if not plan.kind.inbound:
        return documents, Transfer()
    cop_code, cop_name, dxp_mode, dxp_id, *binaries = trailer.groups("")
    if not all(map(_is_base64, binaries)):
        return None
    return documents, Transfer(cop_code, cop_name, dxp_mode, dxp_id)


def _without_lines(text: str, at: int, plan: _Plan) -> tuple[list[Document], int] | None:
    match, order = plan.head.match, plan.order_head
    documents = []
    while (found := match(text, at)) is not None:
        at = found.end()
        head = found.groups("")
        documents.append(Document(head if order is None else order(head), ()))
    return (documents, at) if 1 <= len(documents) <= plan.documents_max else None


def _with_lines(text: str, at: int, plan: _Plan) -> tuple[list[Document], int] | None:
    assert plan.line is not None
    match_head, match_line, order, order_line = plan.head.match, plan.line.match, plan.order_head, plan.order_line
    documents = []
    while (found := match_head(text, at)) is not None:
        at = found.end()
        head = found.groups("")
        lines: list[Values] = []
        last = ""
        if plan.end is not None and (ended := plan.end.match(text, at)) is not None:
            at, last = ended.end(), ended.group()
        while not last:
            line = match_line(text, at)
            if line is None:
                return None
            at = line.end()
            values = line.groups("")
            last = values[-1]
            lines.append(values[:-1] if order_line is None else order_line(values))
        if len(lines) > plan.lines_max:
            return None
        documents.append(Document(head if order is None else order(head), tuple(lines)))
    return (documents, at) if 1 <= len(documents) <= plan.documents_max else None


def _is_base64(text: str) -> bool:
    """Whether an encoder would have written exactly this; true of "", which stands for an absent value."""
    try:
        return b2a_base64(a2b_base64(text), newline=False).decode("ascii") == text
    except ValueError:
        return False


def _plan(kind: MessageKind, head_names: Sequence[str], line_names: Sequence[str], space: str) -> _Plan:
    opening = f"<ceb:{kind.document}>{space}"
    closing = f"</ceb:{kind.document}>{space}"
    fields = _fields(kind.head_fields, head_names, space)
    head = opening + (f"<ceb:{kind.head}>{space}{fields}</ceb:{kind.head}>{space}" if kind.head else fields)
    line = end = None
    if kind.line:
        fields = _fields(kind.line_fields, line_names, space)
        line = re.compile(f"<ceb:{kind.line}>{space}{fields}</ceb:{kind.line}>{space}({closing})?+")
        end = None if kind.lines_min else re.compile(closing)
    else:
        head += closing
    return _Plan(
        kind=kind,
        head=re.compile(head),
        line=line,
        end=end,
        trailer=re.compile(_trailer(kind, space)),
        order_head=_order(kind.head_fields, head_names),
        order_line=_order(kind.line_fields, line_names),
        documents_max=min(kind.documents_max or DOCUMENTS_MAX, DOCUMENTS_MAX),
        lines_max=min(kind.lines_max or LINES_MAX, LINES_MAX),
    )


def _fields(fields: Sequence[Field], wanted: Sequence[str], space: str) -> str:
    return "".join(_field(field, field.name in wanted, space) for field in fields)


def _field(field: Field, captured: bool, space: str) -> str:
    value = _value(field)
    element = f"<ceb:{field.name}>" + (f"({value})" if captured else value) + f"</ceb:{field.name}>{space}"
    return element if field.required else f"(?:{element})?+"


def _value(field: Field) -> str:
    if field.fixed:
        return re.escape(field.fixed)
    if field.type == "decimal":
        assert field.total_digits is not None
        assert field.fraction_digits is not None
        whole = field.total_digits - field.fraction_digits
        return rf"-?+[0-9]{{1,{whole}}}+(?:\.[0-9]{{1,{field.fraction_digits}}}+)?+"
    if field.type == "int":
        digits = min(field.total_digits or INT_DIGITS_MAX, INT_DIGITS_MAX)
        return rf"(?:0|-?+[1-9][0-9]{{0,{digits - 1}}}+)"
    most = "" if field.max_length is None else field.max_length
    if field.collapsed:
        return f"(?! )(?:(?! [ <]){_CHARACTER}){{{field.min_length},{most}}}+"
    return f"{_CHARACTER}{{{field.min_length},{most}}}+"


def _order(fields: Sequence[Field], wanted: Sequence[str]) -> Callable[[Values], Values] | None:
    """How to bring values in the order of the schema into the order wanted; None where they are."""
    captured = [field.name for field in fields if field.name in wanted]
    if captured == list(wanted):
        return None
    places = [captured.index(name) for name in wanted]
    return lambda values: tuple([values[place] for place in places])


def _trailer(kind: MessageKind, space: str) -> str:
    closing = f"</ceb:{kind.root}>{_SPACE}"
    if not kind.inbound:
        return closing
    transfer = _fields(kind.transfer_fields, TRANSFER_NAMES, space)
    return f"<ceb:BaseTransfer>{space}{transfer}</ceb:BaseTransfer>{space}(?:{_signature()}{space})?+{closing}"


def _signature() -> str:
    """The signature on one line, three groups: digest, signature value, certificate; their content is checked after."""
    binary = r"([^<]++)"
    digest = f"<ds:DigestValue>{binary}</ds:DigestValue>"
    reference = (
        f'<ds:Reference URI=""><ds:Transforms>(?:{_method("Transform")}){{1,4}}+</ds:Transforms>'
        f"{_method('DigestMethod')}{digest}</ds:Reference>"
    )
    name = f"<ds:KeyName>{_CHARACTER}*+</ds:KeyName>"
    certificate = f"<ds:X509Data><ds:X509Certificate>{binary}</ds:X509Certificate></ds:X509Data>"
    return (
        f'<ds:Signature xmlns:ds="{re.escape(SIGNATURE_NAMESPACE)}"><ds:SignedInfo>'
        f"{_method('CanonicalizationMethod')}{_method('SignatureMethod')}{reference}</ds:SignedInfo>"
        f"<ds:SignatureValue>{binary}</ds:SignatureValue>"
        f"<ds:KeyInfo>(?=<ds:[KX])(?:{name})?+(?:{certificate})?+</ds:KeyInfo></ds:Signature>"
    )


def _method(name: str) -> str:
    uri = r"http://www\.(?:w3\.org|chinaport\.gov\.cn)/[0-9A-Za-z/-]++(?:#[0-9A-Za-z-]++)?+"
    return f'<ds:{name} Algorithm="{uri}"(?:/>|></ds:{name}>)'
