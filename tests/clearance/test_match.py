"""Groups 1, 2, 4 and 5 of contract §3 as tables: what a declaration says, alone and against its companions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.made import (
    BUYER,
    DAY,
    declaration,
    declaration_line,
    law,
    order,
    order_line,
    payment,
    rate,
    waybill,
)
from silkgate.clearance.domain import DocumentEntry, Party
from silkgate.clearance.engine import match
from silkgate.kernel.findings import Finding


def codes(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """Rule and field of each finding."""
    return [(finding.code, finding.field) for finding in findings]


# --- Group 1: parties ----------------------------------------------------------------------------------------------

FILED = {
    code: Party(code, frozenset(roles.split()), "")
    for code, roles in {
        "EBP": "ebp assure",
        "EBC": "ebc",
        "LOG": "logistics",
        "AGENT": "agent",
        "AREA": "area",
        "OTHER": "ebp ebc logistics agent area assure pay operator",
    }.items()
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"area_code": ""}, []),
        ({"ebp_code": "?"}, [("party.unknown", "ebpCode"), ("party.role", "assureCode")]),
        ({"ebc_code": "?"}, [("party.unknown", "ebcCode")]),
        ({"logistics_code": "?"}, [("party.unknown", "logisticsCode")]),
        ({"agent_code": "?"}, [("party.unknown", "agentCode")]),
        ({"area_code": "?"}, [("party.unknown", "areaCode")]),
        ({"agent_code": "EBC"}, [("party.role", "agentCode")]),
        ({"ebc_code": "AGENT"}, [("party.role", "ebcCode")]),
        ({"logistics_code": "EBC"}, [("party.role", "logisticsCode")]),
        ({"ebp_code": "EBC", "assure_code": "OTHER", "ebc_code": "OTHER"}, [("party.role", "ebpCode")]),
        ({"area_code": "EBC"}, [("party.role", "areaCode")]),
        ({"assure_code": "EBC"}, [("party.role", "assureCode")]),
        ({"assure_code": "?"}, [("party.unknown", "assureCode"), ("party.role", "assureCode")]),
        ({"assure_code": "OTHER"}, [("party.role", "assureCode")]),
        ({"logistics_code": "OTHER", "assure_code": "OTHER"}, []),
        ({"ebp_code": "ebp"}, [("party.unknown", "ebpCode"), ("party.role", "assureCode")]),
    ],
)
def test_parties(changes: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert codes(match.parties(declaration(**changes), FILED)) == expected


# --- Group 2: fields by mode ---------------------------------------------------------------------------------------

DIRECT = {"trade_mode": "9610", "traf_no": "CZ1", "voyage_no": "1", "bill_no": "B1", "ems_no": "", "area_code": ""}
DIRECT["area_name"] = ""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"ems_no": ""}, [("field.mode", "emsNo")]),
        ({"area_code": "", "area_name": ""}, [("field.mode", "areaCode"), ("field.mode", "areaName")]),
        ({"lines": [declaration_line(1, item_record_no="")]}, [("field.mode", "itemRecordNo")]),
        (DIRECT, []),
        ({**DIRECT, "lines": [declaration_line(1, item_record_no="")]}, []),
        ({**DIRECT, "traf_no": ""}, [("field.mode", "trafNo")]),
        ({**DIRECT, "voyage_no": "", "bill_no": ""}, [("field.mode", "voyageNo"), ("field.mode", "billNo")]),
        ({"trade_mode": "1239"}, [("mode.unsupported", "tradeMode")]),
        ({"trade_mode": "9710", "ems_no": ""}, [("mode.unsupported", "tradeMode")]),
        ({"trade_mode": ""}, [("mode.unsupported", "tradeMode")]),
        ({"buyer_id_type": "2"}, [("buyer.id", "buyerIdType")]),
        ({"buyer_id_number": BUYER.lower()}, [("buyer.id", "buyerIdNumber")]),
        ({"freight_e5": "1.23", "insured_fee_e5": "0.01"}, []),
        ({"freight_e5": "1.234"}, [("field.amount", "freight")]),
        ({"insured_fee_e5": "0.00001"}, [("field.amount", "insuredFee")]),
        ({"freight_e5": "-1"}, [("field.amount", "freight")]),
        ({"lines": [declaration_line(1, "10.001")]}, [("field.amount", "totalPrice")]),
        ({"lines": [declaration_line(1, "0")]}, []),
        ({"lines": [declaration_line(1, "-0.01")]}, [("field.amount", "totalPrice")]),
        ({"lines": [declaration_line(1, qty_e5=0)]}, [("field.amount", "qty")]),
        ({"lines": [declaration_line(1, qty_e5=-1)]}, [("field.amount", "qty")]),
        ({"lines": [declaration_line(1, qty_e5=1, qty1_e5=1)]}, []),
        ({"lines": [declaration_line(1, qty1_e5=0)]}, [("field.amount", "qty1")]),
        (
            {"ems_no": "", "buyer_id_type": "3", "freight_e5": 1},
            [("field.mode", "emsNo"), ("buyer.id", "buyerIdType"), ("field.amount", "freight")],
        ),
    ],
)
def test_fields_by_mode(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    made = declaration(**changes)
    assert codes(match.fields(made, match.mode_of(made, law()), DAY)) == expected


@pytest.mark.parametrize(
    ("mode", "allowed", "expected"),
    [("1239", True, "1210"), ("1239", False, "1239"), ("1210", True, "1210"), ("9610", True, "9610"), ("", True, "")],
)
def test_1239_counts_as_1210_where_policy_allows_it(mode: str, allowed: bool, expected: str) -> None:
    assert match.mode_of(declaration(trade_mode=mode), law(allow_1239=allowed)) == expected


# --- GB 11643 ------------------------------------------------------------------------------------------------------

WEIGHTS = [2 ** (17 - place) % 11 for place in range(17)]
"""Of the standard: 2 to the power of the place from the right, modulo 11."""


def completed(body: str) -> str:
    """The 17 digits with their check character: the weighted sum of all 18 is 1 modulo 11."""
    rest = (1 - sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))) % 11
    return body + "0123456789X"[rest]


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        (BUYER, True),
        (BUYER.lower(), False),
        (BUYER[:-1], False),
        (BUYER + " ", False),
        (" " + BUYER[1:], False),
        ("", False),
        ("110105491231002", False),  # the 15 digits of before 1999
        (BUYER.replace("1", "１"), False),
        (BUYER.replace("2", "٢"), False),
        (BUYER[:-1] + "Ⅹ", False),
        (BUYER[:-1] + "1", False),
        (completed("11010520240229001"), True),
        (completed("11010520230229001"), False),
        (completed("11010520231301001"), False),
        (completed("11010520230001001"), False),
        (completed("11010520230100001"), False),
        (completed("11010500000101001"), False),
        (completed("11010520260618001"), True),  # born on the day
        (completed("11010520260619001"), False),  # not born yet
        (completed("11010599991231001"), False),
    ],
)
def test_identity_numbers(number: str, valid: bool) -> None:
    assert match.valid_id_number(number, DAY) == valid


@given(
    region=st.integers(100_000, 999_999),
    born=st.dates(date(1900, 1, 1), DAY),
    order_of_day=st.integers(0, 999),
    place=st.integers(0, 17),
    other=st.sampled_from("0123456789X"),
)
def test_one_wrong_character_is_always_found(
    region: int, born: date, order_of_day: int, place: int, other: str
) -> None:
    number = completed(f"{region}{born:%Y%m%d}{order_of_day:03d}")
    assert match.valid_id_number(number, DAY)
    assert match.valid_id_number(number, born)
    assert not match.valid_id_number(number, born - timedelta(days=1))
    if other != number[place]:
        assert not match.valid_id_number(number[:place] + other + number[place + 1 :], DAY)


# --- Group 4: match ------------------------------------------------------------------------------------------------


class Four(NamedTuple):
    """What differs in each of the four documents that otherwise agree."""

    declaration: Mapping[str, Any] = {}
    order: Mapping[str, Any] = {}
    payment: Mapping[str, Any] = {}
    waybill: Mapping[str, Any] = {}


def compared(four: Four) -> list[tuple[str, str]]:
    documents = declaration(**four.declaration), order(**four.order), payment(**four.payment), waybill(**four.waybill)
    found = match.match(*documents, law().match_tolerance_e5)
    return codes(found)


TWO = ("60", "40")
CHARGED = {"freight_e5": "12", "tax_total_e5": "9.10"}


@pytest.mark.parametrize(
    ("four", "expected"),
    [
        (Four(), []),
        (Four({"prices": TWO}, {"prices": TWO}), []),
        # order and declaration
        (Four({"ebc_code": "X"}), [("match.ebc", "ebcCode")]),
        (Four({"buyer_name": "张 三"}), [("match.buyer", "buyerName")]),
        (Four({"buyer_id_number": "X"}), [("match.buyer", "buyerIdNumber")]),
        (Four({"buyer_id_number": "X", "buyer_name": "X"}), [("match.buyer", "buyerIdNumber")]),
        (Four({"lines": [declaration_line(qty_e5="2.00001")]}), [("match.items", "qty")]),
        (Four({"lines": [declaration_line(unit="007")]}), [("match.items", "unit")]),
        (Four({"lines": [declaration_line(country="116")]}), [("match.items", "country")]),
        (Four({"lines": [declaration_line(1, "99.99")]}), [("match.items", "totalPrice")]),
        (
            Four({"lines": [declaration_line(unit="007", country="116")]}),
            [("match.items", "unit"), ("match.items", "country")],
        ),
        (Four({"lines": [declaration_line(2)]}), [("match.items", "gnum"), ("match.items", "gnum")]),
        (Four({"prices": TWO}, {"lines": [order_line()]}), [("match.items", "totalPrice"), ("match.items", "gnum")]),
        (Four({}, {"prices": TWO}), [("match.items", "totalPrice"), ("match.items", "gnum")]),
        (Four({"lines": [declaration_line(2, "40"), declaration_line(1, "60")]}, {"prices": TWO}), []),
        # order within itself
        (Four({}, {"lines": [order_line(price_e5="50.005")]}), []),
        (Four({}, {"lines": [order_line(price_e5="50.00501")]}), [("match.order_sum", "totalPrice")]),
        (Four({}, {"lines": [order_line(price_e5="49.995")]}), []),
        (Four({}, {"lines": [order_line(price_e5="49.99499")]}), [("match.order_sum", "totalPrice")]),
        (Four({}, {"goods_value_e5": "100.01"}), []),
        (Four({}, {"goods_value_e5": "99.99"}), []),
        (
            Four({}, {"goods_value_e5": "99.98999"}),
            [("match.order_sum", "goodsValue"), ("match.order_sum", "acturalPaid")],
        ),
        (Four({}, {**CHARGED, "discount_e5": "21.10"}), []),
        (Four({}, {**CHARGED, "discount_e5": "21.11001"}), [("match.order_sum", "acturalPaid")]),
        (Four({}, {"freight_e5": "0.01"}), []),
        (Four({}, {"freight_e5": "0.02"}), [("match.order_sum", "acturalPaid")]),
        (Four({}, {"freight_e5": "10", "discount_e5": "10"}), []),
        # order and payment
        (Four(payment={"amount_paid_e5": "100.00001"}), [("match.amount", "amountPaid")]),
        (Four(payment={"payer_name": "李四"}), [("match.payer", "payerName")]),
        (Four(payment={"payer_id_number": "X", "payer_name": "李四"}), [("match.payer", "payerIdNumber")]),
        (Four({}, {"pay_transaction_id": "P1"}), []),
        (Four({}, {"pay_transaction_id": "P2"}), [("match.payment_no", "payTransactionId")]),
        # order and waybill
        (Four(waybill={"consignee": "李"}), [("match.consignee", "consignee")]),
        (Four(waybill={"consignee_telephone": "138"}), [("match.consignee", "consigneeTelephone")]),
        (Four(waybill={"consignee_address": "郑州市"}), [("match.consignee", "consigneeAddress")]),
        (Four(waybill={"order_no": ""}), []),
        (Four(waybill={"order_no": "D2"}), [("match.waybill_order", "orderNo")]),
        # declaration and waybill
        (Four({"freight_e5": "5"}, waybill={"freight_e5": "5"}), []),
        (Four({"freight_e5": "5"}), [("match.freight", "freight")]),
        (Four(waybill={"insured_fee_e5": "0.01"}), [("match.freight", "insuredFee")]),
        (
            Four({"freight_e5": "1"}, waybill={"insured_fee_e5": "1"}),
            [("match.freight", "freight"), ("match.freight", "insuredFee")],
        ),
        # every difference is told, in the order of the contract
        (
            Four(
                {"ebc_code": "X", "buyer_name": "X", "freight_e5": "1"},
                {"discount_e5": "5"},
                {"amount_paid_e5": "1"},
                {"consignee": "X"},
            ),
            [
                ("match.ebc", "ebcCode"),
                ("match.buyer", "buyerName"),
                ("match.order_sum", "acturalPaid"),
                ("match.amount", "amountPaid"),
                ("match.consignee", "consignee"),
                ("match.freight", "freight"),
            ],
        ),
    ],
)
def test_the_four_documents(four: Four, expected: list[tuple[str, str]]) -> None:
    assert compared(four) == expected


def test_the_numbers_of_a_finding_are_those_of_the_documents() -> None:
    tolerance_e5 = law().match_tolerance_e5
    (finding,) = match.match(declaration(), order(), payment("99.99"), waybill(), tolerance_e5)
    assert finding == Finding("match.amount", "amountPaid", "99.99", "100")
    lines = [declaration_line(1, "60"), declaration_line(7, "40")]
    found = match.match(declaration(lines=lines), order(TWO), payment(), waybill(), tolerance_e5)
    assert [(finding.line, finding.found, finding.needed) for finding in found] == [(7, "7", ""), (2, "", "2")]


def test_how_much_an_order_may_be_off_is_law() -> None:
    off_by_two_cents = order(freight_e5="0.02")
    assert codes(match.sums(off_by_two_cents, 1_999)) == [("match.order_sum", "acturalPaid")]
    assert match.sums(off_by_two_cents, 2_000) == []


@pytest.mark.parametrize(
    ("named", "listed", "chosen"),
    [
        ("", ["P1", "P2"], "P1"),
        ("P2", ["P1", "P2"], "P2"),
        ("P3", ["P1", "P2"], "P1"),
        ("P1", ["P1"], "P1"),
        ("P3", ["P1"], "P1"),
    ],
)
def test_which_payment_counts(named: str, listed: list[str], chosen: str) -> None:
    """The one that the order names, else the first that arrived."""
    entries = [
        DocumentEntry(payment(pay_transaction_id=number), place, 0, "", False) for place, number in enumerate(listed)
    ]
    found = match.choose_payment(order(pay_transaction_id=named), entries)
    assert found.doc.pay_transaction_id == chosen


# --- Group 5: goods ------------------------------------------------------------------------------------------------

KNOWN = rate()
BONDED_ONLY = rate(gcode="2204210000", modes=("1210",))
UNLISTED = rate(gcode="9101110000", modes=())


@pytest.mark.parametrize(
    ("mode", "gcodes", "expected"),
    [
        ("1210", [KNOWN.gcode, BONDED_ONLY.gcode], []),
        ("9610", [KNOWN.gcode], []),
        ("9610", [BONDED_ONLY.gcode], [("goods.unlisted", 1)]),
        ("1210", [UNLISTED.gcode], [("goods.unlisted", 1)]),
        ("1210", ["0000000000"], [("goods.unknown", 1)]),
        ("1210", [KNOWN.gcode, "0000000000", UNLISTED.gcode], [("goods.unknown", 2), ("goods.unlisted", 3)]),
        ("1210", [KNOWN.gcode[:8]], [("goods.unknown", 1)]),
    ],
)
def test_goods(mode: str, gcodes: list[str], expected: list[tuple[str, int]]) -> None:
    made = declaration(lines=[declaration_line(gnum, gcode=gcode) for gnum, gcode in enumerate(gcodes, start=1)])
    findings, rates = match.goods(made, mode, law(KNOWN, BONDED_ONLY, UNLISTED))
    assert [(finding.code, finding.line) for finding in findings] == expected
    if not expected:
        assert [one.gcode for one in rates] == gcodes
