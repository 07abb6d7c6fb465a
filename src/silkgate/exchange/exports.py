"""The messages of retail exports as compact records, as `documents` has those of imports (docs/exports.md)."""

from __future__ import annotations

from typing import ClassVar

from silkgate.exchange.records import Kind, Record

NO_CODE = "无"
"""`ebpCode` of a foreign platform that has no code (specification 202205)."""


def platform(ebp_code: str, ebc_code: str) -> str:
    """Under what the orders of a platform are kept; sellers on platforms without a code do not meet."""
    return f"{NO_CODE}/{ebc_code}" if ebp_code == NO_CODE else ebp_code


class ExportOrderLine(Record, frozen=True):
    gnum: int
    unit: str
    currency: str
    qty_e5: int
    price_e5: int
    total_price_e5: int


class ExportOrder(Record, frozen=True):
    """CEB303."""

    app_type: str
    app_time: str
    app_status: str
    order_type: str
    order_no: str
    ebp_code: str
    ebc_code: str
    goods_value_e5: int
    freight_e5: int
    currency: str
    lines: list[ExportOrderLine]

    code: ClassVar[str] = "303"

    @property
    def key(self) -> tuple[str, str]:
        return (platform(self.ebp_code, self.ebc_code), self.order_no)


class MoneyReceived(Record, frozen=True):
    """CEB403."""

    app_type: str
    app_time: str
    app_status: str
    ebp_code: str
    ebc_code: str
    order_no: str
    pay_code: str
    pay_no: str
    charge_e5: int
    currency: str

    code: ClassVar[str] = "403"

    @property
    def key(self) -> tuple[str, str]:
        return (self.pay_code or self.ebc_code, self.pay_no or self.order_no)

    @property
    def order_key(self) -> tuple[str, str]:
        return (platform(self.ebp_code, self.ebc_code), self.order_no)


class ExportWaybill(Record, frozen=True):
    """CEB505."""

    app_type: str
    app_time: str
    app_status: str
    logistics_code: str
    logistics_no: str
    gross_weight_e5: int
    pack_no: str
    ebc_code: str

    code: ClassVar[str] = "505"

    @property
    def key(self) -> tuple[str, str]:
        return (self.logistics_code, self.logistics_no)


class ExportLine(Record, frozen=True):
    gnum: int
    item_record_no: str
    gcode: str
    country: str
    currency: str
    qty_e5: int
    qty1_e5: int
    unit: str
    total_price_e5: int


class ExportList(Record, frozen=True):
    """CEB603, the declaration of a retail export."""

    app_type: str
    app_time: str
    app_status: str
    customs_code: str
    ebp_code: str
    order_no: str
    logistics_code: str
    logistics_no: str
    cop_no: str
    statistics_flag: str
    agent_code: str
    ebc_code: str
    iac_code: str
    iac_name: str
    ems_no: str
    trade_mode: str
    license_no: str
    freight_e5: int
    insured_fee_e5: int
    pack_no: str
    gross_weight_e5: int
    net_weight_e5: int
    lines: list[ExportLine]

    code: ClassVar[str] = "603"

    @property
    def key(self) -> tuple[str, str]:
        return (platform(self.ebp_code, self.ebc_code), self.order_no)

    @property
    def waybill_key(self) -> tuple[str, str]:
        return (self.logistics_code, self.logistics_no)

    @property
    def area_code(self) -> str:
        """The warehouse that the account book names, as the import declaration calls it."""
        return self.iac_code


class ExportCancel(Record, frozen=True):
    """CEB605."""

    app_type: str
    app_time: str
    app_status: str
    cop_no: str
    invt_no: str
    agent_code: str
    ebc_code: str

    code: ClassVar[str] = "605"


class ParcelLine(Record, frozen=True):
    gnum: int
    logistics_no: str


class _Transport(Record, frozen=True):
    """What the three documents about parcels under way have in common."""

    app_type: str
    app_time: str
    app_status: str
    cop_no: str
    bill_no: str
    logistics_code: str
    msg_seq_no: str

    @property
    def document_no(self) -> str:
        """The sender's number of this part of the document, with its kind."""
        return f"{self.code}/{self.cop_no}/{self.msg_seq_no}"

    code: ClassVar[str]


class Manifest(_Transport, frozen=True):
    """CEB607, the lists under a bill."""

    agent_code: str
    lines: list[ParcelLine]

    code: ClassVar[str] = "607"

    @property
    def key(self) -> tuple[str, str]:
        return (self.agent_code, self.document_no)


class Arrival(_Transport, frozen=True):
    """CEB507, at the supervised site, before departure."""

    operator_code: str
    lines: list[ParcelLine]

    code: ClassVar[str] = "507"

    @property
    def key(self) -> tuple[str, str]:
        return (self.operator_code, self.document_no)


class Departure(_Transport, frozen=True):
    """CEB509."""

    lines: list[ParcelLine]

    code: ClassVar[str] = "509"

    @property
    def key(self) -> tuple[str, str]:
        return (self.logistics_code, self.document_no)


class ExportReturnLine(Record, frozen=True):
    gnum: int
    gcode: str
    qty_e5: int
    qty1_e5: int
    unit: str


class ExportReturn(Record, frozen=True):
    """CEB213."""

    app_type: str
    app_time: str
    app_status: str
    ebp_code: str
    ebc_code: str
    agent_code: str
    co_el_no: str
    invt_no: str
    trade_mode: str
    lines: list[ExportReturnLine]

    code: ClassVar[str] = "213"


class ReturnTally(Record, frozen=True):
    """CEB215: what came back was counted at the return warehouse."""

    app_type: str
    app_time: str
    app_status: str
    operator_code: str
    logistics_code: str
    logistics_no: str
    invt_no: str
    co_el_no: str

    code: ClassVar[str] = "215"


class SummaryApplication(Record, frozen=True):
    """CEB701 without its lines, which have no number."""

    app_status: str
    agent_code: str
    ebc_code: str


EXPORTS: dict[str, Kind] = {
    "303": Kind(ExportOrder, ExportOrderLine),
    "403": Kind(MoneyReceived),
    "505": Kind(ExportWaybill),
    "507": Kind(Arrival, ParcelLine),
    "509": Kind(Departure, ParcelLine),
    "603": Kind(ExportList, ExportLine),
    "605": Kind(ExportCancel),
    "607": Kind(Manifest, ParcelLine),
    "213": Kind(ExportReturn, ExportReturnLine),
    "215": Kind(ReturnTally),
}
"""The messages of export that the service takes, by code."""

CHECKED: dict[str, Kind] = {"701": Kind(SummaryApplication)}
"""Messages that can be checked, but the service does not take them."""
