"""The export messages that can be checked; the service does not take them.

A record has what the judges of senders and lines ask for, and nothing of what a decision on exports would need.
"""

from __future__ import annotations

from silkgate.exchange.records import Kind, Record


class NumberedLine(Record, frozen=True):
    gnum: int


class ExportOrder(Record, frozen=True):
    """CEB303."""

    app_status: str
    ebp_code: str
    ebc_code: str
    lines: list[NumberedLine]


class PaymentReceived(Record, frozen=True):
    """CEB403."""

    app_status: str
    ebc_code: str
    pay_code: str


class ExportWaybill(Record, frozen=True):
    """CEB505."""

    app_status: str
    logistics_code: str


class Arrival(Record, frozen=True):
    """CEB507."""

    app_status: str
    operator_code: str
    logistics_code: str
    lines: list[NumberedLine]


class Departure(Record, frozen=True):
    """CEB509."""

    app_status: str
    logistics_code: str
    lines: list[NumberedLine]


class ExportDeclaration(Record, frozen=True):
    """CEB603."""

    app_status: str
    agent_code: str
    ebc_code: str
    lines: list[NumberedLine]


class Request(Record, frozen=True):
    """CEB605, and CEB701 without its lines, which have no number."""

    app_status: str
    agent_code: str
    ebc_code: str


class BillList(Record, frozen=True):
    """CEB607."""

    app_status: str
    agent_code: str
    lines: list[NumberedLine]


class ExportReturn(Record, frozen=True):
    """CEB213."""

    app_status: str
    agent_code: str
    ebc_code: str
    lines: list[NumberedLine]


class ReturnTally(Record, frozen=True):
    """CEB215."""

    app_status: str
    operator_code: str


EXPORTS: dict[str, Kind] = {
    "303": Kind(ExportOrder, NumberedLine),
    "403": Kind(PaymentReceived),
    "505": Kind(ExportWaybill),
    "507": Kind(Arrival, NumberedLine),
    "509": Kind(Departure, NumberedLine),
    "603": Kind(ExportDeclaration, NumberedLine),
    "605": Kind(Request),
    "607": Kind(BillList, NumberedLine),
    "701": Kind(Request),
    "213": Kind(ExportReturn, NumberedLine),
    "215": Kind(ReturnTally),
}
"""The messages of export that enterprises send, by code."""
