"""Judges of retail export lists: facts in, findings out (docs/exports.md, groups 1, 2, 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping

from silkgate.clearance.domain import AssessedLine, Declaration, Party
from silkgate.clearance.engine.match import goods_sums, in_roles
from silkgate.exchange.api import NO_CODE, ExportList, ExportOrder, ExportWaybill, MoneyReceived
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_e5
from silkgate.tariff.api import Law

MODES = ("9610", "1210")
SIMPLIFIED = "A"
"""statisticsFlag: goods without licence, duty and refund, classified by four digits."""
RETAIL = "E"
"""orderType."""
ROLES = (
    ("ebpCode", "ebp_code", "ebp"),
    ("ebcCode", "ebc_code", "ebc"),
    ("logisticsCode", "logistics_code", "logistics"),
    ("agentCode", "agent_code", "agent"),
    ("iacCode", "iac_code", "area"),
)
NOT_NAMED = frozenset({("area", ""), ("ebp", NO_CODE)})
"""Roles and codes that stand for nobody: a foreign platform may be without a code."""
REQUIRED = (("emsNo", "ems_no"), ("iacCode", "iac_code"), ("iacName", "iac_name"))
"""What 1210 needs beside the item record of each line."""


def parties(declared: ExportList, filed: Mapping[str, Party]) -> list[Finding]:
    """Group 1: everyone named is filed and in its role. A foreign platform may be without a code."""
    unknown, out_of_role = in_roles(declared, filed, ROLES, NOT_NAMED)
    return unknown + out_of_role


def fields(declared: ExportList) -> list[Finding]:
    """Group 2: what the mode needs, amounts and quantities that can be, no licence where it is declared simplified."""
    findings = []
    if declared.trade_mode not in MODES:
        findings.append(Finding("mode.unsupported", "tradeMode", declared.trade_mode, " / ".join(MODES)))
    elif declared.trade_mode == "1210":
        findings += [
            Finding("field.mode", field, "", "1210")
            for field, attribute in REQUIRED
            if not getattr(declared, attribute)
        ]
        findings += [
            Finding("field.mode", "itemRecordNo", "", "1210", line.gnum)
            for line in declared.lines
            if not line.item_record_no
        ]
    for field, amount_e5 in (("freight", declared.freight_e5), ("insuredFee", declared.insured_fee_e5)):
        if amount_e5 < 0:
            findings.append(Finding("field.amount", field, format_e5(amount_e5), ">= 0"))
    if not 0 < declared.net_weight_e5 <= declared.gross_weight_e5:
        most = f"> 0, <= {format_e5(declared.gross_weight_e5)}"
        findings.append(Finding("field.amount", "netWeight", format_e5(declared.net_weight_e5), most))
    for line in declared.lines:
        if line.total_price_e5 < 0:
            findings.append(Finding("field.amount", "totalPrice", format_e5(line.total_price_e5), ">= 0", line.gnum))
        if line.qty_e5 <= 0:
            findings.append(Finding("field.amount", "qty", format_e5(line.qty_e5), "> 0", line.gnum))
        if line.qty1_e5 <= 0:
            findings.append(Finding("field.amount", "qty1", format_e5(line.qty1_e5), "> 0", line.gnum))
    if declared.statistics_flag == SIMPLIFIED and declared.license_no:
        findings.append(Finding("simplified.licence", "licenseNo", declared.license_no))
    return findings


def match(
    declared: ExportList, order: ExportOrder, money: MoneyReceived | None, waybill: ExportWaybill, tolerance_e5: int
) -> list[Finding]:
    """Group 4: each difference between list, order, receipt of money (None: not needed) and waybill."""
    findings: list[Finding] = []
    if order.ebc_code != declared.ebc_code:
        findings.append(Finding("match.ebc", "ebcCode", declared.ebc_code, order.ebc_code))
    elif waybill.ebc_code and waybill.ebc_code != declared.ebc_code:
        findings.append(Finding("match.ebc", "ebcCode", declared.ebc_code, waybill.ebc_code))
    if order.order_type != RETAIL:
        findings.append(Finding("match.order_type", "orderType", order.order_type, RETAIL))
    _match_lines(declared, order, findings)
    findings += goods_sums(order, tolerance_e5)
    if money is not None:
        due_e5 = order.goods_value_e5 + order.freight_e5
        if money.charge_e5 != due_e5:
            findings.append(Finding("match.receipt", "charge", format_e5(money.charge_e5), format_e5(due_e5)))
        if money.currency != order.currency:
            findings.append(Finding("match.receipt", "currency", money.currency, order.currency))
    for field, ours, theirs in (
        ("packNo", declared.pack_no, waybill.pack_no),
        ("grossWeight", format_e5(declared.gross_weight_e5), format_e5(waybill.gross_weight_e5)),
    ):
        if ours != theirs:
            findings.append(Finding("match.parcel", field, ours, theirs))
    return findings


def _match_lines(declared: ExportList, order: ExportOrder, findings: list[Finding]) -> None:
    ordered = {line.gnum: line for line in order.lines}
    for line in declared.lines:
        other = ordered.pop(line.gnum, None)
        if other is None:
            findings.append(Finding("match.items", "gnum", str(line.gnum), "", line.gnum))
            continue
        findings += [
            Finding("match.items", field, found, needed, line.gnum)
            for field, found, needed in (
                ("qty", format_e5(line.qty_e5), format_e5(other.qty_e5)),
                ("unit", line.unit, other.unit),
                ("totalPrice", format_e5(line.total_price_e5), format_e5(other.total_price_e5)),
                ("currency", line.currency, other.currency),
            )
            if found != needed
        ]
    findings += [Finding("match.items", "gnum", "", str(gnum), gnum) for gnum in ordered]


def goods(declared: ExportList, law: Law) -> list[Finding]:
    """Group 5: every line's code is in the tariff, its heading where the list is declared simplified."""
    simplified = declared.statistics_flag == SIMPLIFIED
    return [
        Finding("goods.unknown", "gcode", line.gcode, "", line.gnum)
        for line in declared.lines
        if (line.gcode[:4] not in law.headings if simplified else law.rate(line.gcode) is None)
    ]


def same_goods(declaration: Declaration | ExportList, gcode: str, book_gcode: str) -> bool:
    """Whether a line's code is that of its item record; of a simplified list the heading counts."""
    if isinstance(declaration, ExportList) and declaration.statistics_flag == SIMPLIFIED:
        return gcode[:4] == book_gcode[:4]
    return gcode == book_gcode


def lines_of(declared: ExportList) -> list[AssessedLine]:
    """The lines as they are remembered: nothing is due on them."""
    bonded = declared.trade_mode == "1210"
    nothing = (0,) * 8
    return [
        AssessedLine(line.gnum, line.gcode, line.qty_e5, line.qty1_e5, *nothing, line.item_record_no if bonded else "")
        for line in declared.lines
    ]
