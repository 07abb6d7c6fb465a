"""Writers: receipts (`write`, and compiled for many at a time `writer`) and inbound messages (`compose`).

Receipts have the prefix of the official samples: none in import, `ceb` in export; inbound messages are in plain form
(see `recognise`). Layout: one document a line, no whitespace inside. Characters that XML does not allow become U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress

from silkgate.standards.ceb.catalogue import GUID_LENGTH, MESSAGES, NAMESPACE, Field, MessageKind
from silkgate.standards.ceb.message import Transfer

Content = tuple[Mapping[str, str], Sequence[Mapping[str, str]]]
"""One document: head values by element name, and the same for each of its lines."""

_VERSION = "1.0"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CDATA_FIELDS = frozenset({"oriBizMessage"})  # 202205 asks for a CDATA section there

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[\x00-\x1f<>&\ud800-\udfff\ufffe\uffff]")
_SPECIAL_BYTES = bytes(range(0x20)) + b"<>&"
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_INT = re.compile(r"-?[0-9]+")
_INT_MAX = 2**31 - 1


def write(code: str, guid: str, documents: Iterable[Mapping[str, str] | Content]) -> bytes:
    """A message of customs (312 … 900, 304 … 792). A document without lines may be given as its head values alone.

    An optional field that is absent or "" is left out, one of fixed value may be. Raises ValueError where a name, a
    value or a number of documents is not what the catalogue says.
    """
    kind = _kind(code, inbound=False)
    contents = [(document, ()) if isinstance(document, Mapping) else document for document in documents]
    return _message(kind, guid, contents, trailer="")


def compose(code: str, guid: str, transfer: Transfer, documents: Iterable[Content]) -> bytes:
    """An inbound message (311 … 711, 303 … 701) in plain form, unsigned. Optional fields and errors as in `write`."""
    kind = _kind(code, inbound=True)
    sender = {
        "copCode": transfer.cop_code,
        "copName": transfer.cop_name,
        "dxpMode": transfer.dxp_mode,
        "dxpId": transfer.dxp_id,
    }
    trailer = f"<ceb:BaseTransfer>{_part(kind.transfer_fields, sender, 'ceb:')}</ceb:BaseTransfer>\n"
    return _message(kind, guid, list(documents), trailer=trailer)


def fitted(code: str, field: str, text: str) -> str:
    """`text` as the head field `field` of message `code` can hold it: cut, with an ellipsis, where it is too long."""
    limit = next(known.max_length for known in MESSAGES[code].head_fields if known.name == field)
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def _message(kind: MessageKind, guid: str, contents: Sequence[Content], trailer: str) -> bytes:
    _check_count(kind.document, len(contents), kind.documents_max)
    body = "".join(_document(kind, head, lines, _prefix(kind)) for head, lines in contents)
    return (_opening(kind) % _attribute(guid) + body + trailer + _closing(kind)).encode()


def _prefix(kind: MessageKind) -> str:
    return "ceb:" if kind.inbound or kind.trade == "export" else ""


def _opening(kind: MessageKind) -> str:
    prefix = _prefix(kind)
    declared = f'xmlns:ceb="{NAMESPACE}" xmlns:xsi="{_XSI}"' if prefix else f'xmlns="{NAMESPACE}"'
    return f'{_DECLARATION}<{prefix}{kind.root} {declared} guid="%s" version="{_VERSION}">\n'


def _closing(kind: MessageKind) -> str:
    return f"</{_prefix(kind)}{kind.root}>\n"


def _document(kind: MessageKind, head: Mapping[str, str], lines: Sequence[Mapping[str, str]], prefix: str) -> str:
    if kind.line:
        _check_count(kind.line, len(lines), kind.lines_max, kind.lines_min)
    elif lines:
        raise ValueError(f"{kind.root} has no lines")
    inner = _part(kind.head_fields, head, prefix)
    if kind.head:
        inner = f"<{prefix}{kind.head}>{inner}</{prefix}{kind.head}>"
    for line in lines:
        inner += f"<{prefix}{kind.line}>{_part(kind.line_fields, line, prefix)}</{prefix}{kind.line}>"
    return f"<{prefix}{kind.document}>{inner}</{prefix}{kind.document}>\n"


def _part(fields: Sequence[Field], values: Mapping[str, str], prefix: str) -> str:
    unknown = values.keys() - {field.name for field in fields}
    if unknown:
        raise ValueError(f"fields that the catalogue does not have: {sorted(unknown)}")
    elements = []
    for field in fields:
        value = values.get(field.name, "") or field.fixed
        if not value and not field.required:
            continue
        _check_value(field, value)
        elements.append(_element(field.name, prefix) % _encode(field.name, value))
    return "".join(elements)


def _element(name: str, prefix: str) -> str:
    content = "<![CDATA[%s]]>" if name in _CDATA_FIELDS else "%s"
    return f"<{prefix}{name}>{content}</{prefix}{name}>"


def _encode(name: str, value: str) -> str:
    return _cdata(value) if name in _CDATA_FIELDS else _escape(value)


def _escape(value: str) -> str:
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return _FORBIDDEN.sub("\ufffd", value)


def _cdata(value: str) -> str:
    """The inside of a CDATA section; what cannot stand in one is written between two sections."""
    value = value.replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    return _FORBIDDEN.sub("\ufffd", value)


def _attribute(guid: str) -> str:
    if len(guid) != GUID_LENGTH or _SPECIAL.search(guid) or '"' in guid:
        raise ValueError(f"a message guid has {GUID_LENGTH} plain characters: {guid!r}")
    return guid


def _check_count(element: str, count: int, limit: int | None, least: int = 1) -> None:
    if count < least or (limit is not None and count > limit):
        raise ValueError(f"{count} {element}, needed: {least} to {limit or 'any number'}")


def _check_value(field: Field, value: str) -> None:
    if not _fits(field, value):
        raise ValueError(f"{field.name} is {value[:100]!r}, needed: {field.needed.en}")


def _fits(field: Field, value: str) -> bool:
    if field.fixed:
        return value == field.fixed
    if field.type == "string":
        length = len(field.normalised(value))
        return field.min_length <= length and (field.max_length is None or length <= field.max_length)
    if field.type == "int":
        if not _INT.fullmatch(value) or not -_INT_MAX <= int(value) <= _INT_MAX:
            return False
        return field.total_digits is None or len(str(abs(int(value)))) <= field.total_digits
    if field.type == "decimal":
        number = _DECIMAL.fullmatch(value)
        if number is None:
            return False
        whole, fraction = number.group(1).lstrip("0"), (number.group(2) or "").rstrip("0")
        assert field.total_digits is not None
        assert field.fraction_digits is not None
        return len(fraction) <= field.fraction_digits and len(whole) + len(fraction) <= field.total_digits
    return False


def _kind(code: str, *, inbound: bool) -> MessageKind:
    kind = MESSAGES.get(code)
    if kind is None or kind.inbound is not inbound:
        raise ValueError(f"{code} is not {'an inbound message' if inbound else 'a receipt'}")
    return kind


Row = Sequence[str]
Rows = Sequence[Row]
RowsWithLines = Sequence[tuple[Row, Rows]]


def writer(code: str, fields: Sequence[str]) -> Callable[[str, Rows], bytes]:
    """A compiled writer of receipts without lines: `(guid, rows) -> bytes`, one document for each row.

    A row has the values of `fields`, in that order; "" leaves an optional field out. The values are not checked: they
    must fit the catalogue (`write` checks). Raises ValueError where `fields` are not the message's, or the number of
    rows is not allowed.
    """
    kind = _kind(code, inbound=False)
    if kind.line:
        raise ValueError(f"{kind.root} has lines: use writer_with_lines")
    prefix = _prefix(kind)
    start, end = (f"<{prefix}{kind.document}>", f"</{prefix}{kind.document}>\n")
    if kind.head:
        start, end = f"{start}<{prefix}{kind.head}>", f"</{prefix}{kind.head}>{end}"
    part = _FastPart(kind.head_fields, fields, prefix, start, end)
    opening, closing = _opening(kind), _closing(kind)

    def write_rows(guid: str, rows: Rows) -> bytes:
        _check_count(kind.document, len(rows), kind.documents_max)
        plain = _is_plain("".join(["".join(row) for row in rows]))
        return f"{opening % _attribute(guid)}{''.join([part.write(row, plain) for row in rows])}{closing}".encode()

    return write_rows


def writer_with_lines(
    code: str, fields: Sequence[str], line_fields: Sequence[str]
) -> Callable[[str, RowsWithLines], bytes]:
    """As `writer`, for those that have lines (816, 792): a row is a pair of head row and line rows."""
    kind = _kind(code, inbound=False)
    if not kind.line:
        raise ValueError(f"{kind.root} has no lines: use writer")
    prefix = _prefix(kind)
    start, end = f"<{prefix}{kind.document}><{prefix}{kind.head}>", f"</{prefix}{kind.head}>"
    head = _FastPart(kind.head_fields, fields, prefix, start, end)
    line = _FastPart(kind.line_fields, line_fields, prefix, f"<{prefix}{kind.line}>", f"</{prefix}{kind.line}>")
    opening, closing, document_end = _opening(kind), _closing(kind), f"</{prefix}{kind.document}>\n"

    def write_document(head_row: Row, line_rows: Rows, plain: bool) -> str:
        _check_count(kind.line, len(line_rows), kind.lines_max, kind.lines_min)
        return f"{head.write(head_row, plain)}{''.join([line.write(row, plain) for row in line_rows])}{document_end}"

    def write_rows(guid: str, rows: RowsWithLines) -> bytes:
        _check_count(kind.document, len(rows), kind.documents_max)
        plain = _is_plain("".join(["".join(part) for head_row, line_rows in rows for part in (head_row, *line_rows)]))
        body = "".join([write_document(head_row, line_rows, plain) for head_row, line_rows in rows])
        return f"{opening % _attribute(guid)}{body}{closing}".encode()

    return write_rows


def _is_plain(text: str) -> bool:
    """Whether no character of `text` has to be written in another way. Bytes are searched six times as fast as text."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return False
    return len(raw.translate(None, _SPECIAL_BYTES)) == len(raw) and not any(end in raw for end in _NONCHARACTERS)


class _FastPart:
    """Formats rows with one template for each set of fields present; by far most rows have the same set."""

    def __init__(self, fields: Sequence[Field], names: Sequence[str], prefix: str, start: str, end: str) -> None:
        known = [field.name for field in fields]
        missing = [field.name for field in fields if field.required and field.name not in names]
        if missing or len(set(names)) != len(names) or not set(names) <= set(known):
            raise ValueError(f"not the fields of this message: missing {missing}, given {list(names)}")
        self._prefix, self._start, self._end = prefix, start, end
        self._fields = [field for field in fields if field.name in names]
        self._places = [list(names).index(field.name) for field in self._fields]
        self._sorted = self._places == list(range(len(names)))
        self._optional = [not field.required for field in self._fields]
        self._full = self._template(self._fields)
        self._templates: dict[tuple[bool, ...], str] = {}

    def _template(self, fields: Iterable[Field]) -> str:
        return self._start + "".join(_element(field.name, self._prefix) for field in fields) + self._end

    def write(self, row: Row, plain: bool) -> str:
        """The part with the values of `row`; `plain`: none of them needs to be encoded."""
        values = tuple(row) if self._sorted else tuple([row[place] for place in self._places])
        if not plain and _SPECIAL.search("".join(values)):
            values = tuple(_encode(field.name, value) for field, value in zip(self._fields, values, strict=True))
        if "" not in values:
            return self._full % values
        present = tuple([value != "" or not optional for value, optional in zip(values, self._optional, strict=True)])
        template = self._templates.get(present)
        if template is None:
            template = self._templates[present] = self._template(compress(self._fields, present))
        return template % tuple(compress(values, present))
