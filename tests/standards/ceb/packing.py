"""Records of whole messages: every field, in the order of the catalogue, packed from what a reader found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from silkgate.kernel.fixed import e5
from silkgate.standards.ceb.catalogue import MESSAGES, Field
from silkgate.standards.ceb.fast import Kept, Shape
from silkgate.standards.ceb.message import Message, Packed

INT_64_MAX = 2**63 - 1


def kept(field: Field) -> Kept:
    """What becomes of a field: a number wherever it can be one."""
    if field.type == "decimal":
        return Kept.AMOUNT_E5
    return Kept.INT if field.type == "int" and field.required else Kept.TEXT


SHAPES = {
    code: Shape(
        [(field.name, kept(field)) for field in kind.head_fields],
        [(field.name, kept(field)) for field in kind.line_fields] if kind.line else None,
    )
    for code, kind in MESSAGES.items()
}


def values(texts: Sequence[str], shape: Sequence[tuple[str, Kept]]) -> list[str | int]:
    """The values of a record, or of a line, from its texts."""
    converters = {Kept.TEXT: str, Kept.INT: int, Kept.AMOUNT_E5: lambda text: e5(text) if text else 0}
    return [converters[how](text) for text, (_, how) in zip(texts, shape, strict=True)]


def packed(message: Message, raw: bytes) -> Packed | None:
    """What the compiled recogniser must find where a reader found `message` in `raw`, which is in plain form.

    None for the little that it leaves: a number that is too large for it, a signature without a certificate. The bytes
    are those of an encoder that knows nothing of it.
    """
    unsigned = b"<ds:Signature " not in raw
    if not unsigned and b"<ds:X509Certificate>" not in raw:
        return None
    shape = SHAPES[message.code]
    records: list[list[object]] = []
    for document in message.documents:
        record: list[object] = [*values(document.head, shape.head)]
        if shape.line is not None:
            record.append([values(line, shape.line) for line in document.lines])
        records.append(record)
    if any(abs(number) > INT_64_MAX for number in _numbers(records)):
        return None
    return Packed(
        message.code,
        message.guid,
        message.version,
        message.transfer,
        len(records),
        msgspec.msgpack.encode(records),
        unsigned,
    )


def _numbers(value: object) -> list[int]:
    if isinstance(value, list):
        return [number for part in value for number in _numbers(part)]
    return [value] if isinstance(value, int) else []
