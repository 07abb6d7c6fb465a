"""The compiled recogniser: what `recognise.Recogniser` takes, at a tenth of the time, and straight into records.

It is optional: `_fast.c` is compiled on installation where there is a C compiler; where there is none, or where
SILKGATE_NATIVE=0 is set, `fast_recogniser` answers None and the regular expressions do all the work. The C code knows
no element: literals, types, bounds and the order of the answer come in tables made here from the catalogue.

It holds the guarantees of `recognise`: what it takes passes the schema, has the values that `read.Reader` gives, and is
canonical. What it answers None for says nothing; a few odd forms that the regular expressions take are left to them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import IntEnum
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple

from silkgate.standards.ceb.catalogue import (
    GUID_LENGTH,
    MESSAGES,
    NAMESPACE,
    SIGNATURE_NAMESPACE,
    VERSION_MAX_LENGTH,
    Field,
    MessageKind,
)
from silkgate.standards.ceb.message import TRANSFER_NAMES, Packed, Transfer
from silkgate.standards.ceb.recognise import DOCUMENTS_MAX, INT_DIGITS_MAX, LINES_MAX

VARIABLE = "SILKGATE_NATIVE"
REVISION = 2
"""Of the tables and of the answer: a library of another one, left from an older source, is not used."""

_NO_BOUND = 2**31 - 1


class Kept(IntEnum):
    """What becomes of a value in a record."""

    TEXT = 0
    """The text; "" where the element is absent or empty."""
    INT = 1
    AMOUNT_E5 = 2
    """A decimal as an integer of 0.00001; 0 where the element is absent."""


class Shape(NamedTuple):
    """Which values make the record of a document, in their order."""

    head: Sequence[tuple[str, Kept]]
    line: Sequence[tuple[str, Kept]] | None = None
    """Of each line; the array of lines is the last value of a record. None: there is no such array."""


class _Value(IntEnum):
    """How a value is written: the patterns that the C code knows."""

    NOTHING = 0
    FIXED = 1
    TEXT = 2
    ATTRIBUTE = 3
    DECIMAL = 4
    INT = 5
    BASE64 = 6
    PATH = 7
    COLLAPSED = 8


class _Step(NamedTuple):
    """`before value after`, `least` to `most` times, as `read_step` in the C code takes it."""

    before: bytes
    other_before: bytes = b""
    after: bytes = b""
    other_after: bytes = b""
    fixed: bytes = b""
    value: _Value = _Value.NOTHING
    low: int = 0
    high: int = 0
    least: int = 1
    most: int = 1
    space: bool = False
    slot: int = -1


_Part = tuple[tuple[_Step, ...], bytes]
"""Steps, and for each slot how its value is kept."""
_NO_PART: _Part = ((), b"")


def _library() -> Any:
    """The compiled part; None where it was not built, is of another revision, or shall not be used."""
    if os.environ.get(VARIABLE) == "0":
        return None
    try:
        library = import_module("silkgate.standards.ceb._fast")
    except ImportError:
        return None
    return library if library.REVISION == REVISION else None


_fast = _library()


def is_compiled() -> bool:
    """Whether the compiled recogniser is there and in use."""
    return _fast is not None


class FastRecogniser:
    """Recognises the messages that have a shape; made by `fast_recogniser`, safe to share between threads."""

    def __init__(self, library: Any, shapes: Mapping[str, Shape]) -> None:
        """Raises ValueError where a shape does not fit the catalogue."""
        self._recognise = library.recognise
        self._plan = library.plan(_tables(shapes))

    def recognise(self, raw: bytes) -> Packed | None:
        """The message with its records, or None (which says nothing about its validity).

        Records are one MessagePack array with an array for each document, all in their shortest form.
        """
        found = self._recognise(self._plan, raw)
        if found is None:
            return None
        code, (guid, version), transfer, documents, records, unsigned = found
        return Packed(code, guid, version, Transfer(*transfer), documents, records, unsigned)


def fast_recogniser(shapes: Mapping[str, Shape]) -> FastRecogniser | None:
    """The compiled recogniser for the messages that `shapes` names by their codes; None where there is none."""
    return None if _fast is None else FastRecogniser(_fast, shapes)


# --- Tables ------------------------------------------------------------------------------------------------------


def _tables(shapes: Mapping[str, Shape]) -> tuple[Any, ...]:
    kinds = tuple(_kind(MESSAGES[code], shape) for code, shape in shapes.items())
    return (_prologs(), b"<ceb:CEB", _header(), kinds)


def _prologs() -> tuple[bytes, ...]:
    """Every XML declaration of plain form, the usual ones first, and none."""
    versions = [f"<?xml version={version}" for version in ('"1.0"', "'1.0'")]
    encodings = [f" encoding={quote}{name}{quote}" for quote in "\"'" for name in ("UTF-8", "utf-8")]
    standalones = [f" standalone={quote}{word}{quote}" for quote in "\"'" for word in ("yes", "no")]
    written = product(("?>", " ?>"), ("", *standalones), (*encodings, ""), versions)
    return (*(f"{version}{encoding}{alone}{end}".encode() for end, alone, encoding, version in written), b"")


def _header() -> _Part:
    attribute = _Value.ATTRIBUTE
    steps = (
        _Step(f'Message xmlns:ceb="{NAMESPACE}"'.encode()),
        _Step(b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', least=0),
        _Step(b' guid="', after=b'"', value=attribute, low=GUID_LENGTH, high=GUID_LENGTH, slot=0),
        _Step(b' version="', after=b'"', value=attribute, low=1, high=VERSION_MAX_LENGTH, slot=1),
        _Step(b">", space=True),
    )
    return steps, bytes((Kept.TEXT, Kept.TEXT))


def _kind(kind: MessageKind, shape: Shape) -> tuple[Any, ...]:
    opening, closing = _tags(kind.document)
    head = _part(kind.head_fields, shape.head, kind.head)
    line = _part(kind.line_fields, shape.line or (), kind.line) if kind.line else _NO_PART
    if shape.line is not None and not kind.line:
        raise ValueError(f"{kind.root} has no lines")
    end = () if kind.line else (_Step(closing, space=True),)
    trailer = signature = _NO_PART
    if kind.inbound:
        trailer = _part(kind.transfer_fields, [(name, Kept.TEXT) for name in TRANSFER_NAMES], "BaseTransfer")
        signature = (_signature(), b"")
    return (
        kind.code.encode(),
        opening,
        closing if kind.line else b"",
        ((_Step(opening, space=True), *head[0], *end), head[1]),
        line,
        trailer,
        signature,
        ((_Step(_tags(kind.root)[1], space=True),), b""),
        min(kind.documents_max or DOCUMENTS_MAX, DOCUMENTS_MAX),
        kind.lines_min,
        min(kind.lines_max or LINES_MAX, LINES_MAX),
        shape.line is not None,
    )


def _part(fields: Sequence[Field], kept: Sequence[tuple[str, Kept]], parent: str) -> _Part:
    """Fields one after another, inside `parent` if it is not ""."""
    slots = {name: slot for slot, (name, _) in enumerate(kept)}
    known = {field.name: field for field in fields}
    for name, how in kept:
        if name not in known or not _can_be_kept(known[name], how):
            raise ValueError(f"{parent}/{name} cannot be kept as {how.name}")
    if len(slots) != len(kept):
        raise ValueError(f"a value of {parent} is wanted twice")
    steps = [_field(field, slots.get(field.name, -1)) for field in fields]
    if parent:
        opening, closing = _tags(parent)
        steps = [_Step(opening, space=True), *steps, _Step(closing, space=True)]
    return tuple(steps), bytes(how for _, how in kept)


def _can_be_kept(field: Field, how: Kept) -> bool:
    """An absent number would be no int, and an amount has five decimals and at most nineteen digits with them."""
    if how is Kept.INT:
        return field.type == "int" and field.required
    if how is Kept.AMOUNT_E5:
        whole, fraction = _digits(field) if field.type == "decimal" else (0, 0)
        return field.type == "decimal" and not field.fixed and fraction <= 5 and whole <= 14
    return True


def _digits(field: Field) -> tuple[int, int]:
    """Most digits before and after the point of a decimal."""
    assert field.total_digits is not None
    assert field.fraction_digits is not None
    return field.total_digits - field.fraction_digits, field.fraction_digits


def _field(field: Field, slot: int) -> _Step:
    before, after = _tags(field.name)
    value, low, high = _value(field)
    return _Step(
        before,
        after=after,
        fixed=field.fixed.encode(),
        value=value,
        low=low,
        high=high,
        least=int(field.required),
        space=True,
        slot=slot,
    )


def _value(field: Field) -> tuple[_Value, int, int]:
    if field.fixed:
        return _Value.FIXED, 0, 0
    if field.type == "decimal":
        return _Value.DECIMAL, *_digits(field)
    if field.type == "int":
        return _Value.INT, 0, min(field.total_digits or INT_DIGITS_MAX, INT_DIGITS_MAX)
    text = _Value.COLLAPSED if field.collapsed else _Value.TEXT
    return text, field.min_length, _NO_BOUND if field.max_length is None else field.max_length


def _tags(name: str) -> tuple[bytes, bytes]:
    return f"<ceb:{name}>".encode(), f"</ceb:{name}>".encode()


def _signature() -> tuple[_Step, ...]:
    """The signature on one line, with a certificate; one without is left to the regular expressions."""
    base64, text = _Value.BASE64, _Value.TEXT
    return (
        _Step(f'<ds:Signature xmlns:ds="{SIGNATURE_NAMESPACE}"><ds:SignedInfo>'.encode()),
        _method("CanonicalizationMethod"),
        _method("SignatureMethod"),
        _Step(b'<ds:Reference URI=""><ds:Transforms>'),
        _method("Transform")._replace(most=4),
        _Step(b"</ds:Transforms>"),
        _method("DigestMethod"),
        _Step(b"<ds:DigestValue>", after=b"</ds:DigestValue></ds:Reference></ds:SignedInfo>", value=base64),
        _Step(b"<ds:SignatureValue>", after=b"</ds:SignatureValue><ds:KeyInfo>", value=base64),
        _Step(b"<ds:KeyName>", after=b"</ds:KeyName>", value=text, high=_NO_BOUND, least=0),
        _Step(
            b"<ds:X509Data><ds:X509Certificate>",
            after=b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            value=base64,
            space=True,
        ),
    )


def _method(name: str) -> _Step:
    hosts = ("www.w3.org", "www.chinaport.gov.cn")
    usual, other = (f'<ds:{name} Algorithm="http://{host}/'.encode() for host in hosts)
    return _Step(usual, other, b'"/>', f'"></ds:{name}>'.encode(), value=_Value.PATH)
