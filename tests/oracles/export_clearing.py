"""The groups through which an export list goes (docs/exports.md §2 and §3); each gives its reasons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from . import documents
from .checks import number, within_a_cent
from .export_keys import NO_CODE, key_of, platform

Reasons = set[str]
ROLES = {"ebpCode": "ebp", "ebcCode": "ebc", "logisticsCode": "logistics", "agentCode": "agent", "iacCode": "area"}
MODES = ("9610", "1210")
NEEDED_1210 = ("emsNo", "iacCode", "iacName")
RECEIPT_NEEDED = (date(2019, 1, 1), date(2024, 12, 14))
"""First and last day on which a receipt of money is needed (notices 2018 No. 194, 2024 No. 167)."""
HEADING_DIGITS = 4


def is_simplified(declaration: dict[str, Any]) -> bool:
    return bool(declaration["head"]["statisticsFlag"] == "A")


# --- Group 1 -------------------------------------------------------------------------------------------------------


def check_parties(head: dict[str, str], enterprises: dict[str, Any]) -> Reasons:
    reasons = set()
    for name, role in ROLES.items():
        code = head.get(name, "")
        if (name == "ebpCode" and code == NO_CODE) or (name == "iacCode" and not code):
            continue
        if code not in enterprises:
            reasons.add("party.unknown")
        elif role not in enterprises[code]["roles"]:
            reasons.add("party.role")
    return reasons


# --- Group 2 -------------------------------------------------------------------------------------------------------


def check_fields(declaration: dict[str, Any]) -> Reasons:
    head, items = declaration["head"], declaration["items"]
    reasons = set()
    if head["tradeMode"] not in MODES:
        reasons.add("mode.unsupported")
    if head["tradeMode"] == "1210" and (
        any(not head.get(name, "") for name in NEEDED_1210) or any(not item.get("itemRecordNo", "") for item in items)
    ):
        reasons.add("field.mode")
    never_negative = [number(head["freight"]), number(head["insuredFee"]), *(number(i["totalPrice"]) for i in items)]
    above_nothing = [number(item[name]) for item in items for name in ("qty", "qty1")]
    net, gross = number(head["netWeight"]), number(head["grossWeight"])
    if any(amount < 0 for amount in never_negative) or any(qty <= 0 for qty in above_nothing):
        reasons.add("field.amount")
    if net <= 0 or net > gross:
        reasons.add("field.amount")
    if is_simplified(declaration) and head.get("licenseNo", ""):
        reasons.add("simplified.licence")
    return reasons


# --- Group 3 -------------------------------------------------------------------------------------------------------


def companions_of(declaration: dict[str, Any], world: dict[str, Any]) -> dict[str, Any]:
    """Order, waybill and, on days when it is needed, the receipt of money; None where one has not arrived."""
    head, shelves = declaration["head"], world["shelves"]
    found = {
        "order": documents.arrived(shelves["311"], key_of(declaration), "303"),
        "waybill": documents.arrived(shelves["511"], (head["logisticsCode"], head["logisticsNo"]), "505"),
    }
    if RECEIPT_NEEDED[0] <= world["as_of"].date() <= RECEIPT_NEEDED[1]:
        found["receipt"] = next(iter(receipts_of(declaration, shelves["411"])), None)
    return found


def receipts_of(declaration: dict[str, Any], shelf: dict[Any, Any]) -> list[dict[str, Any]]:
    """The receipts of money that have arrived for the order of a list, first taken first."""
    found = [
        stored
        for stored in shelf.values()
        if stored["kind"] == "403"
        and not stored["draft"]
        and (platform(stored["head"]), stored["head"]["orderNo"]) == key_of(declaration)
    ]
    return sorted(found, key=lambda stored: stored["taken"])


# --- Group 4 -------------------------------------------------------------------------------------------------------


def items_by_number(document: dict[str, Any]) -> dict[int, tuple[Any, ...]]:
    return {
        int(item["gnum"]): (number(item["qty"]), item["unit"], number(item["totalPrice"]), item["currency"])
        for item in document["items"]
    }


def order_adds_up(order: dict[str, Any]) -> bool:
    lines = [(number(line["price"]) * number(line["qty"]), number(line["totalPrice"])) for line in order["items"]]
    total = sum((total for _, total in lines), Decimal(0))
    return all(within_a_cent(product, total) for product, total in lines) and within_a_cent(
        total, number(order["head"]["goodsValue"])
    )


def check_match(
    declaration: dict[str, Any],
    order: dict[str, Any],
    waybill: dict[str, Any],
    receipt: dict[str, Any] | None = None,
) -> Reasons:
    d, o, w = declaration["head"], order["head"], waybill["head"]
    differences = {
        "match.ebc": d["ebcCode"] != o["ebcCode"] or w.get("ebcCode", "") not in ("", d["ebcCode"]),
        "match.order_type": o["orderType"] != "E",
        "match.items": items_by_number(declaration) != items_by_number(order),
        "match.order_sum": not order_adds_up(order),
        "match.receipt": receipt is not None
        and (number(receipt["head"]["charge"]), receipt["head"]["currency"])
        != (number(o["goodsValue"]) + number(o["freight"]), o["currency"]),
        "match.parcel": (int(d["packNo"]), number(d["grossWeight"])) != (int(w["packNo"]), number(w["grossWeight"])),
    }
    return {reason for reason, differs in differences.items() if differs}


# --- Groups 5 and 7 ------------------------------------------------------------------------------------------------


def check_goods(declaration: dict[str, Any], tariff: dict[str, Any]) -> Reasons:
    headings = {gcode[:HEADING_DIGITS] for gcode in tariff}
    known = [
        item["gcode"][:HEADING_DIGITS] in headings if is_simplified(declaration) else item["gcode"] in tariff
        for item in declaration["items"]
    ]
    return set() if all(known) else {"goods.unknown"}


def stock_wanted(declaration: dict[str, Any]) -> dict[tuple[str, str], Decimal]:
    """Quantity by book record, all lines of one record together; nothing in another mode than 1210."""
    wanted: dict[tuple[str, str], Decimal] = {}
    if declaration["head"]["tradeMode"] != "1210":
        return wanted
    for item in declaration["items"]:
        record = (declaration["head"]["emsNo"], item["itemRecordNo"])
        wanted[record] = wanted.get(record, Decimal(0)) + number(item["qty"])
    return wanted


def check_stock(declaration: dict[str, Any], books: dict[tuple[str, str], Any]) -> Reasons:
    head, reasons = declaration["head"], set()
    if head["tradeMode"] != "1210":
        return set()
    digits = HEADING_DIGITS if is_simplified(declaration) else None
    for item in declaration["items"]:
        book = books.get((head["emsNo"], item["itemRecordNo"]))
        if book is None:
            reasons.add("book.unknown")
            continue
        declared = (item["gcode"][:digits], item["unit"], head["iacCode"])
        if declared != (book["gcode"][:digits], book["unit"], book["area_code"]):
            reasons.add("book.mismatch")
    for record, qty in stock_wanted(declaration).items():
        if record in books and qty > books[record]["qty"]:
            reasons.add("book.insufficient")
    return reasons


def take(declaration: dict[str, Any], companions: dict[str, Any], world: dict[str, Any]) -> None:
    """Reserve the stock, and remember by line what may come back."""
    for record, qty in stock_wanted(declaration).items():
        world["books"][record]["qty"] -= qty
    declaration["arrived"] = False
    declaration["lines"] = {
        int(item["gnum"]): {
            "gcode": item["gcode"],
            "unit": item["unit"],
            "record": (declaration["head"].get("emsNo", ""), item.get("itemRecordNo", "")),
            "qty1": number(item["qty1"]),
            "left": number(item["qty"]),
            "untallied": Decimal(0),
        }
        for item in declaration["items"]
    }
