"""The fields of each document that decisions are made on, as compact records.

Intake extracts them once; segments keep them beside the received bytes, and the engine works on nothing else. What they
are made of: `records`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from silkgate.exchange.exports import CHECKED, EXPORTS
from silkgate.exchange.records import Kind, Record


class OrderLine(Record, frozen=True):
    gnum: int
    unit: str
    qty_e5: int
    price_e5: int
    total_price_e5: int
    country: str


class Order(Record, frozen=True):
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


class Payment(Record, frozen=True):
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


class Waybill(Record, frozen=True):
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


class WaybillStatus(Record, frozen=True):
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


class DeclarationLine(Record, frozen=True):
    gnum: int
    item_record_no: str
    gcode: str
    country: str
    qty_e5: int
    unit: str
    qty1_e5: int
    total_price_e5: int


class Declaration(Record, frozen=True):
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


class Cancel(Record, frozen=True):
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


class ReturnLine(Record, frozen=True):
    gnum: int
    gcode: str
    qty_e5: int


class Return(Record, frozen=True):
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


class EntryLine(Record, frozen=True):
    gnum: int
    logistics_no: str


class WarehouseEntry(Record, frozen=True):
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

KINDS: dict[str, Kind] = {
    "311": Kind(Order, OrderLine),
    "411": Kind(Payment),
    "511": Kind(Waybill),
    "513": Kind(WaybillStatus),
    "621": Kind(Declaration, DeclarationLine),
    "623": Kind(Cancel),
    "625": Kind(Return, ReturnLine),
    "711": Kind(WarehouseEntry, EntryLine),
    **EXPORTS,
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
    values = (KINDS.get(code) or CHECKED[code]).values
    rows = [values(head, lines) for head, lines in documents]
    try:
        return _encoder.encode(rows), False
    except OverflowError:
        return json.dumps(rows).encode(), True


def decode(code: str, data: bytes, *, wide: bool = False) -> list[Any]:
    """The documents that `encode` wrote; `code` is that of their message, such as "621"."""
    kind = KINDS.get(code) or CHECKED[code]
    if wide:
        return msgspec.convert(json.loads(data), list[kind.record])  # type: ignore[name-defined]
    return kind.decoder.decode(data)
