"""The fields of each document that decisions are made on, as compact records.

Intake extracts them once; segments keep them beside the received bytes, and the engine works on nothing else. Every
record is a plain array in msgpack. Amounts and quantities are integers of 0.00001 (`_e5`); an absent optional text is
empty, an absent optional amount is 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from silkgate.kernel.fixed import e5
from silkgate.standards.ceb.fast import Kept, Shape


class _Record(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """Base of all compact records: an array in msgpack, outside the reach of the garbage collector."""


class OrderLine(_Record, frozen=True):
    gnum: int
    unit: str
    qty_e5: int
    price_e5: int
    total_price_e5: int
    country: str


class Order(_Record, frozen=True):
    """CEB311."""

    app_type: str
    app_time: str
    app_status: str
    order_no: str
    ebp_code: str
    ebc_code: str
    goods_value_e5: int
    freight_e5: int
    discount_e5: int
    tax_total_e5: int
    actural_paid_e5: int
    buyer_name: str
    buyer_id_number: str
    pay_transaction_id: str
    consignee: str
    consignee_telephone: str
    consignee_address: str
    lines: list[OrderLine]

    code: ClassVar[str] = "311"

    @property
    def key(self) -> tuple[str, str]:
        return (self.ebp_code, self.order_no)


class Payment(_Record, frozen=True):
    """CEB411."""

    app_type: str
    app_time: str
    app_status: str
    pay_code: str
    pay_transaction_id: str
    order_no: str
    ebp_code: str
    payer_id_number: str
    payer_name: str
    amount_paid_e5: int

    code: ClassVar[str] = "411"

    @property
    def key(self) -> tuple[str, str]:
        return (self.pay_code, self.pay_transaction_id)

    @property
    def order_key(self) -> tuple[str, str]:
        return (self.ebp_code, self.order_no)


class Waybill(_Record, frozen=True):
    """CEB511."""

    app_type: str
    app_time: str
    app_status: str
    logistics_code: str
    logistics_no: str
    order_no: str
    freight_e5: int
    insured_fee_e5: int
    consignee: str
    consignee_address: str
    consignee_telephone: str

    code: ClassVar[str] = "511"

    @property
    def key(self) -> tuple[str, str]:
        return (self.logistics_code, self.logistics_no)


class WaybillStatus(_Record, frozen=True):
    """CEB513."""

    app_type: str
    app_time: str
    app_status: str
    logistics_code: str
    logistics_no: str
    logistics_status: str

    code: ClassVar[str] = "513"

    @property
    def key(self) -> tuple[str, str]:
        return (self.logistics_code, self.logistics_no)


class DeclarationLine(_Record, frozen=True):
    gnum: int
    item_record_no: str
    gcode: str
    country: str
    qty_e5: int
    unit: str
    qty1_e5: int
    total_price_e5: int


class Declaration(_Record, frozen=True):
    """CEB621."""

    app_type: str
    app_time: str
    app_status: str
    order_no: str
    ebp_code: str
    ebc_code: str
    logistics_no: str
    logistics_code: str
    cop_no: str
    assure_code: str
    ems_no: str
    customs_code: str
    buyer_id_type: str
    buyer_id_number: str
    buyer_name: str
    agent_code: str
    area_code: str
    area_name: str
    trade_mode: str
    traf_no: str
    voyage_no: str
    bill_no: str
    freight_e5: int
    insured_fee_e5: int
    lines: list[DeclarationLine]

    code: ClassVar[str] = "621"

    @property
    def key(self) -> tuple[str, str]:
        return (self.ebp_code, self.order_no)

    @property
    def waybill_key(self) -> tuple[str, str]:
        return (self.logistics_code, self.logistics_no)


class Cancel(_Record, frozen=True):
    """CEB623."""

    app_type: str
    app_time: str
    app_status: str
    customs_code: str
    order_no: str
    ebp_code: str
    ebc_code: str
    cop_no: str
    invt_no: str
    agent_code: str

    code: ClassVar[str] = "623"


class ReturnLine(_Record, frozen=True):
    gnum: int
    gcode: str
    qty_e5: int


class Return(_Record, frozen=True):
    """CEB625."""

    app_type: str
    app_time: str
    app_status: str
    customs_code: str
    order_no: str
    ebp_code: str
    ebc_code: str
    cop_no: str
    invt_no: str
    agent_code: str
    lines: list[ReturnLine]

    code: ClassVar[str] = "625"


class EntryLine(_Record, frozen=True):
    gnum: int
    logistics_no: str


class WarehouseEntry(_Record, frozen=True):
    """CEB711."""

    app_type: str
    app_time: str
    app_status: str
    customs_code: str
    cop_no: str
    operator_code: str
    bill_no: str
    logistics_code: str
    lines: list[EntryLine]

    code: ClassVar[str] = "711"

    @property
    def key(self) -> tuple[str, str]:
        return (self.operator_code, self.cop_no)


Document = Order | Payment | Waybill | WaybillStatus | Declaration | Cancel | Return | WarehouseEntry

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


class _Kind:
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


KINDS: dict[str, _Kind] = {
    "311": _Kind(Order, OrderLine),
    "411": _Kind(Payment),
    "511": _Kind(Waybill),
    "513": _Kind(WaybillStatus),
    "621": _Kind(Declaration, DeclarationLine),
    "623": _Kind(Cancel),
    "625": _Kind(Return, ReturnLine),
    "711": _Kind(WarehouseEntry, EntryLine),
}
"""The messages that the service takes, by code."""

WANTED = {code: (kind.head_elements, kind.line_elements) for code, kind in KINDS.items()}
"""For the readers of `standards.ceb`: the elements to extract, by message code."""

SHAPES = {code: kind.shape for code, kind in KINDS.items()}
"""For the compiled recogniser, which makes the records itself: what `encode` would make of the elements in `WANTED`."""

_encoder = msgspec.msgpack.Encoder()


def encode(code: str, documents: Iterable[tuple[Sequence[str], Sequence[Sequence[str]]]]) -> tuple[bytes, bool]:
    """Documents of one message, heads and lines as texts of the elements in `WANTED`, as the bytes of their records.

    And whether they are `wide`: numbers beyond 64 bits travel as JSON. The records themselves are made by who reads.
    """
    values = KINDS[code].values
    rows = [values(head, lines) for head, lines in documents]
    try:
        return _encoder.encode(rows), False
    except OverflowError:
        return json.dumps(rows).encode(), True


def decode(code: str, data: bytes, *, wide: bool = False) -> list[Any]:
    """The documents that `encode` wrote; `code` is that of their message, such as "621"."""
    kind = KINDS[code]
    if wide:
        return msgspec.convert(json.loads(data), list[kind.record])  # type: ignore[name-defined]
    return kind.decoder.decode(data)
