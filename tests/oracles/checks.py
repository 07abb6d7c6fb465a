"""The groups of contract §3 that look at documents only: parties, fields, match, goods; each gives its reasons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

Reasons = set[str]
ROLES = {
    "ebpCode": "ebp",
    "ebcCode": "ebc",
    "logisticsCode": "logistics",
    "agentCode": "agent",
    "assureCode": "assure",
    "areaCode": "area",
}
NEEDED_1210 = ("emsNo", "areaCode", "areaName")
NEEDED_9610 = ("trafNo", "voyageNo", "billNo")
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK_CHARACTERS = "10X98765432"
CENT = Decimal("0.01")


def number(text: str) -> Decimal:
    """An xs:decimal; an absent or empty one is 0."""
    return Decimal(text.strip()) if text.strip() else Decimal(0)


def mode_of(head: dict[str, str], policy: dict[str, Any]) -> str:
    """1210 or 9610; "" where the mode is not supported; 1239 is 1210 where the policy allows it."""
    mode = head["tradeMode"]
    if mode == "1239" and policy["allow_1239"]:
        return "1210"
    return mode if mode in ("1210", "9610") else ""


def check_parties(head: dict[str, str], enterprises: dict[str, Any]) -> Reasons:
    """Group 1."""
    reasons = set()
    for name, role in ROLES.items():
        code = head.get(name, "")
        if name == "areaCode" and not code:
            continue
        if code not in enterprises:
            reasons.add("party.unknown")
        elif role not in enterprises[code]["roles"]:
            reasons.add("party.role")
    if head["assureCode"] not in (head["ebpCode"], head["ebcCode"], head["logisticsCode"]):
        reasons.add("party.role")
    return reasons


def is_identity_number(code: str, as_of: date) -> bool:
    """GB 11643: 17 digits and a check character, with a real date of birth that is not after `as_of`."""
    if len(code) != 18 or any(character not in "0123456789" for character in code[:17]):
        return False
    try:
        born = date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(code[:17], ID_WEIGHTS, strict=True))
    return born <= as_of and code[17] == ID_CHECK_CHARACTERS[total % 11]


def has_cents_only(amount: Decimal) -> bool:
    return amount == amount.quantize(CENT)


def check_fields(document: dict[str, Any], mode: str, as_of: date) -> Reasons:
    """Group 2."""
    head, items = document["head"], document["items"]
    reasons = set()
    if not mode:
        reasons.add("mode.unsupported")
    if mode == "1210" and (
        any(not head.get(name, "") for name in NEEDED_1210) or any(not item.get("itemRecordNo", "") for item in items)
    ):
        reasons.add("field.mode")
    if mode == "9610" and any(not head.get(name, "") for name in NEEDED_9610):
        reasons.add("field.mode")
    if head["buyerIdType"] != "1" or not is_identity_number(head["buyerIdNumber"], as_of):
        reasons.add("buyer.id")
    money = [number(head["freight"]), number(head["insuredFee"]), *(number(item["totalPrice"]) for item in items)]
    quantities = [number(item[name]) for item in items for name in ("qty", "qty1")]
    if any(amount < 0 or not has_cents_only(amount) for amount in money) or any(qty <= 0 for qty in quantities):
        reasons.add("field.amount")
    return reasons


def within_a_cent(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= CENT


def order_adds_up(order: dict[str, Any]) -> bool:
    head, items = order["head"], order["items"]
    lines = [(number(item["price"]) * number(item["qty"]), number(item["totalPrice"])) for item in items]
    goods = number(head["goodsValue"])
    due = goods + number(head["freight"]) + number(head["taxTotal"]) - number(head["discount"])
    return (
        all(within_a_cent(product, total) for product, total in lines)
        and within_a_cent(sum((total for _, total in lines), Decimal(0)), goods)
        and within_a_cent(due, number(head["acturalPaid"]))
    )


def items_by_number(document: dict[str, Any]) -> dict[int, tuple[Any, ...]]:
    return {
        int(item["gnum"]): (number(item["qty"]), item["unit"], number(item["totalPrice"]), item["country"])
        for item in document["items"]
    }


def check_match(
    declaration: dict[str, Any], order: dict[str, Any], payment: dict[str, Any], waybill: dict[str, Any]
) -> Reasons:
    """Group 4."""
    d, o, p, w = declaration["head"], order["head"], payment["head"], waybill["head"]
    named_payment, named_order = o.get("payTransactionId", ""), w.get("orderNo", "")
    differences = {
        "match.ebc": d["ebcCode"] != o["ebcCode"],
        "match.buyer": (d["buyerIdNumber"], d["buyerName"]) != (o["buyerIdNumber"], o["buyerName"]),
        "match.items": items_by_number(declaration) != items_by_number(order),
        "match.order_sum": not order_adds_up(order),
        "match.amount": number(p["amountPaid"]) != number(o["acturalPaid"]),
        "match.payer": (p["payerIdNumber"], p["payerName"]) != (o["buyerIdNumber"], o["buyerName"]),
        "match.payment_no": named_payment not in ("", p["payTransactionId"]),
        "match.consignee": any(o[name] != w[name] for name in ("consignee", "consigneeTelephone", "consigneeAddress")),
        "match.waybill_order": named_order not in ("", d["orderNo"]),
        "match.freight": any(number(d[name]) != number(w.get(name, "")) for name in ("freight", "insuredFee")),
    }
    return {reason for reason, differs in differences.items() if differs}


def check_goods(items: list[dict[str, str]], mode: str, tariff: dict[str, Any], prohibited: list[str]) -> Reasons:
    """Group 5."""
    reasons = set()
    for item in items:
        if item["gcode"] not in tariff:
            reasons.add("goods.unknown")
        elif mode not in tariff[item["gcode"]]["listed_modes"]:
            reasons.add("goods.unlisted")
        if any(item["gcode"].startswith(prefix) for prefix in prohibited):
            reasons.add("goods.prohibited")
    return reasons
