"""How the texts of a message become compact records: plain arrays in msgpack.

Amounts and quantities are integers of 0.00001 (`_e5`); an absent optional text is empty, an absent optional amount
is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from silkgate.kernel.fixed import e5
from silkgate.standards.ceb.fast import Kept, Shape


class Record(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Base of all compact records: an array in msgpack, outside the reach of the garbage collector."""


_SPELLED = {"actural_paid": "acturalPaid", "insured_fee": "insuredFee"}


def _element(attribute: str) -> str:
    """The element that an attribute of a record stands for: `goods_value_e5` is `goodsValue`."""
    name = attribute.removesuffix("_e5")
    if name in _SPELLED:
        return _SPELLED[name]
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@lru_cache(maxsize=16_384)
def _amount(text: str) -> int:
    """An amount or quantity; the same ones come again and again."""
    return e5(text) if text else 0


def _kept(attribute: str) -> Kept:
    if attribute.endswith("_e5"):
        return Kept.AMOUNT_E5
    return Kept.INT if attribute == "gnum" else Kept.TEXT


_CONVERTERS: dict[Kept, Callable[[str], Any]] = {Kept.AMOUNT_E5: _amount, Kept.INT: int}
"""From the text of an element to the value in the record, as the compiled recogniser does it; texts stay."""


def _kept_elements(record: type[Any]) -> list[tuple[str, Kept]]:
    """The elements of a record but for its lines, in its order, and what becomes of their texts."""
    return [(_element(name), _kept(name)) for name in record.__struct_fields__ if name != "lines"]


def _conversions(elements: Sequence[tuple[str, Kept]]) -> list[tuple[int, Callable[[str], Any]]]:
    return [(i, _CONVERTERS[kept]) for i, (_, kept) in enumerate(elements) if kept in _CONVERTERS]


class Kind:
    """How the texts of one message kind become records."""

    def __init__(self, record: type[Any], line: type[Any] | None = None) -> None:
        self.record, self.line = record, line
        heads, lines = _kept_elements(record), _kept_elements(line) if line else []
        self.shape = Shape(heads, lines if line else None)
        self.head_elements = tuple(name for name, _ in heads)
        self.line_elements = tuple(name for name, _ in lines)
        self._head, self._line = _conversions(heads), _conversions(lines)
        self.decoder = msgspec.msgpack.Decoder(list[record])  # type: ignore[valid-type]

    def values(self, head: Sequence[str], lines: Sequence[Sequence[str]]) -> list[Any]:
        """A record's values from the texts of the elements, in the order of `head_elements` and `line_elements`."""
        values: list[Any] = list(head)
        for i, convert in self._head:
            values[i] = convert(values[i])
        if self.line is not None:
            values.append([self._line_values(line) for line in lines])
        return values

    def _line_values(self, line: Sequence[str]) -> list[Any]:
        values: list[Any] = list(line)
        for i, convert in self._line:
            values[i] = convert(values[i])
        return values
