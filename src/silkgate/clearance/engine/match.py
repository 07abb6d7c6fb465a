"""Groups 1, 2, 4 and 5 of the contract: what a declaration says, alone and against its three companions.

Judges only: facts in, findings out. The findings of a group come in the order of the contract.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache

from silkgate.clearance.domain import Declaration, DocumentEntry, Order, Party, Payment, Waybill
from silkgate.exchange.api import ExportList, ExportOrder
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import CENT_E5, E5, format_e5
from silkgate.tariff.api import Law, Rate

ROLES = (
    ("ebpCode", "ebp_code", "ebp"),
    ("ebcCode", "ebc_code", "ebc"),
    ("logisticsCode", "logistics_code", "logistics"),
    ("agentCode", "agent_code", "agent"),
    ("assureCode", "assure_code", "assure"),
    ("areaCode", "area_code", "area"),
)


NOT_NAMED = frozenset({("area", "")})
"""Roles and codes that stand for nobody."""


def in_roles(
    declaration: Declaration | ExportList,
    filed: Mapping[str, Party],
    roles: Sequence[tuple[str, str, str]],
    not_named: Collection[tuple[str, str]],
) -> tuple[list[Finding], list[Finding]]:
    """Who of those named is not filed, and who is not in the role; `roles`: element, attribute, role."""
    unknown, out_of_role = [], []
    for field, attribute, role in roles:
        code = getattr(declaration, attribute)
        if (role, code) in not_named:
            continue
        party = filed.get(code)
        if party is None:
            unknown.append(Finding("party.unknown", field, code, role))
        elif role not in party.roles:
            out_of_role.append(Finding("party.role", field, code, role))
    return unknown, out_of_role


def parties(declaration: Declaration, filed: Mapping[str, Party]) -> list[Finding]:
    """Group 1: everyone named is filed and in its role; the guarantor is one of this declaration's own."""
    unknown, out_of_role = in_roles(declaration, filed, ROLES, NOT_NAMED)
    guarantors = (declaration.ebp_code, declaration.ebc_code, declaration.logistics_code)
    if declaration.assure_code not in guarantors:
        out_of_role.append(Finding("party.role", "assureCode", declaration.assure_code, " / ".join(guarantors)))
    return unknown + out_of_role


def mode_of(declaration: Declaration, law: Law) -> str:
    """The mode that the rules treat it as: 1239 counts as 1210 where policy allows it."""
    mode = declaration.trade_mode
    return "1210" if mode == "1239" and law.allow_1239 else mode


REQUIRED = {
    "1210": (("emsNo", "ems_no"), ("areaCode", "area_code"), ("areaName", "area_name")),
    "9610": (("trafNo", "traf_no"), ("voyageNo", "voyage_no"), ("billNo", "bill_no")),
}


def fields(declaration: Declaration, mode: str, day: date) -> list[Finding]:
    """Group 2: the fields that the mode needs, the buyer's identity, amounts and quantities."""
    findings = []
    if mode not in REQUIRED:
        findings.append(Finding("mode.unsupported", "tradeMode", mode, "1210 / 9610"))
    else:
        for field, attribute in REQUIRED[mode]:
            if not getattr(declaration, attribute):
                findings.append(Finding("field.mode", field, "", mode))
        if mode == "1210":
            lines = declaration.lines
            findings += [Finding("field.mode", "itemRecordNo", "", mode, n.gnum) for n in lines if not n.item_record_no]
    if declaration.buyer_id_type != "1":
        findings.append(Finding("buyer.id", "buyerIdType", declaration.buyer_id_type, "1"))
    elif not valid_id_number(declaration.buyer_id_number, day):
        findings.append(Finding("buyer.id", "buyerIdNumber", declaration.buyer_id_number, "GB 11643"))
    freight_e5, insured_e5 = declaration.freight_e5, declaration.insured_fee_e5
    if freight_e5 % CENT_E5 or freight_e5 < 0:
        findings.append(Finding("field.amount", "freight", format_e5(freight_e5), "0.01"))
    if insured_e5 % CENT_E5 or insured_e5 < 0:
        findings.append(Finding("field.amount", "insuredFee", format_e5(insured_e5), "0.01"))
    for line in declaration.lines:
        price_e5 = line.total_price_e5
        if price_e5 % CENT_E5 or price_e5 < 0:
            findings.append(Finding("field.amount", "totalPrice", format_e5(price_e5), "0.01", line.gnum))
        if line.qty_e5 <= 0:
            findings.append(Finding("field.amount", "qty", format_e5(line.qty_e5), "> 0", line.gnum))
        if line.qty1_e5 <= 0:
            findings.append(Finding("field.amount", "qty1", format_e5(line.qty1_e5), "> 0", line.gnum))
    return findings


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@lru_cache(maxsize=20_000)
def valid_id_number(number: str, day: date) -> bool:
    """A resident identity number by GB 11643: 18 characters, a real date of birth not after `day`, check character.

    Kept for the buyers of late: the same few buy often, and every declaration that waited is looked at again.
    """
    body = number[:17]
    if len(number) != 18 or not (body.isascii() and body.isdigit()):
        return False
    if _CHECK[sum([w * (ord(c) - 48) for w, c in zip(_WEIGHTS, body, strict=True)]) % 11] != number[17]:
        return False
    try:
        born = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return False
    return born <= day


def match(
    declaration: Declaration, order: Order, payment: Payment, waybill: Waybill, tolerance_e5: int
) -> list[Finding]:
    """Group 4: each difference between the four documents, each its own reason."""
    findings: list[Finding] = []
    if order.ebc_code != declaration.ebc_code:
        findings.append(Finding("match.ebc", "ebcCode", declaration.ebc_code, order.ebc_code))
    if order.buyer_id_number != declaration.buyer_id_number:
        findings.append(Finding("match.buyer", "buyerIdNumber", declaration.buyer_id_number, order.buyer_id_number))
    elif order.buyer_name != declaration.buyer_name:
        findings.append(Finding("match.buyer", "buyerName", declaration.buyer_name, order.buyer_name))
    _match_lines(declaration, order, findings)
    findings += sums(order, tolerance_e5)
    _match_payment(order, payment, findings)
    if waybill.consignee != order.consignee:
        findings.append(Finding("match.consignee", "consignee", waybill.consignee, order.consignee))
    if waybill.consignee_telephone != order.consignee_telephone:
        findings.append(
            Finding("match.consignee", "consigneeTelephone", waybill.consignee_telephone, order.consignee_telephone)
        )
    if waybill.consignee_address != order.consignee_address:
        findings.append(
            Finding("match.consignee", "consigneeAddress", waybill.consignee_address, order.consignee_address)
        )
    if waybill.order_no and waybill.order_no != order.order_no:
        findings.append(Finding("match.waybill_order", "orderNo", waybill.order_no, order.order_no))
    if declaration.freight_e5 != waybill.freight_e5:
        findings.append(
            Finding("match.freight", "freight", format_e5(declaration.freight_e5), format_e5(waybill.freight_e5))
        )
    if declaration.insured_fee_e5 != waybill.insured_fee_e5:
        findings.append(
            Finding(
                "match.freight", "insuredFee", format_e5(declaration.insured_fee_e5), format_e5(waybill.insured_fee_e5)
            )
        )
    return findings


def _match_lines(declaration: Declaration, order: Order, findings: list[Finding]) -> None:
    ordered = {line.gnum: line for line in order.lines}
    for line in declaration.lines:
        other = ordered.pop(line.gnum, None)
        if other is None:
            findings.append(Finding("match.items", "gnum", str(line.gnum), "", line.gnum))
        elif (
            line.qty_e5 != other.qty_e5
            or line.total_price_e5 != other.total_price_e5
            or line.unit != other.unit
            or line.country != other.country
        ):
            findings.extend(
                [
                    Finding("match.items", field, found, needed, line.gnum)
                    for field, found, needed in (
                        ("qty", format_e5(line.qty_e5), format_e5(other.qty_e5)),
                        ("unit", line.unit, other.unit),
                        ("totalPrice", format_e5(line.total_price_e5), format_e5(other.total_price_e5)),
                        ("country", line.country, other.country),
                    )
                    if found != needed
                ]
            )
    findings.extend([Finding("match.items", "gnum", "", str(gnum), gnum) for gnum in ordered])


def sums(order: Order, tolerance_e5: int) -> list[Finding]:
    """Whether an order adds up, within the law's tolerance: its lines, their sum, what was paid."""
    findings = goods_sums(order, tolerance_e5)
    paid = order.goods_value_e5 + order.freight_e5 + order.tax_total_e5 - order.discount_e5
    if abs(paid - order.actural_paid_e5) > tolerance_e5:
        findings.append(Finding("match.order_sum", "acturalPaid", format_e5(order.actural_paid_e5), format_e5(paid)))
    return findings


def goods_sums(order: Order | ExportOrder, tolerance_e5: int) -> list[Finding]:
    """Whether the lines of an order add up, and their sum is its goods value."""
    findings: list[Finding] = []
    total = 0
    for line in order.lines:
        total += line.total_price_e5
        product = line.price_e5 * line.qty_e5
        if abs(product - line.total_price_e5 * E5) > tolerance_e5 * E5:
            findings.append(
                Finding(
                    "match.order_sum", "totalPrice", format_e5(line.total_price_e5), format_e5(product // E5), line.gnum
                )
            )
    if abs(total - order.goods_value_e5) > tolerance_e5:
        findings.append(Finding("match.order_sum", "goodsValue", format_e5(order.goods_value_e5), format_e5(total)))
    return findings


def choose_payment(order: Order, payments: Sequence[DocumentEntry]) -> DocumentEntry:
    """Of the payments for an order, in order of arrival: the one that the order names, else the first."""
    if len(payments) > 1:
        named = order.pay_transaction_id
        for payment in payments:
            if payment.doc.pay_transaction_id == named:
                return payment
    return payments[0]


def _match_payment(order: Order, payment: Payment, findings: list[Finding]) -> None:
    if payment.amount_paid_e5 != order.actural_paid_e5:
        findings.append(
            Finding("match.amount", "amountPaid", format_e5(payment.amount_paid_e5), format_e5(order.actural_paid_e5))
        )
    if payment.payer_id_number != order.buyer_id_number:
        findings.append(Finding("match.payer", "payerIdNumber", payment.payer_id_number, order.buyer_id_number))
    elif payment.payer_name != order.buyer_name:
        findings.append(Finding("match.payer", "payerName", payment.payer_name, order.buyer_name))
    if order.pay_transaction_id and payment.pay_transaction_id != order.pay_transaction_id:
        findings.append(
            Finding("match.payment_no", "payTransactionId", payment.pay_transaction_id, order.pay_transaction_id)
        )


def goods(declaration: Declaration, mode: str, law: Law) -> tuple[list[Finding], list[Rate]]:
    """Group 5: in the tariff, on the retail list for the mode, not prohibited; with the rates found."""
    findings: list[Finding] = []
    rates: list[Rate] = []
    for line in declaration.lines:
        rate = law.rate(line.gcode)
        if rate is None:
            findings.append(Finding("goods.unknown", "gcode", line.gcode, "", line.gnum))
        else:
            rates.append(rate)
            if mode not in rate.modes:
                findings.append(Finding("goods.unlisted", "gcode", line.gcode, mode, line.gnum))
        if (reason := law.prohibited(line.gcode)) is not None:
            findings.append(Finding("goods.prohibited", "gcode", line.gcode, reason, line.gnum))
    return findings, rates
