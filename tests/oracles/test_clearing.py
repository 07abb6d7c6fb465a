"""Sentences of contract §3, §5 and §6 that the example cases do not show, one situation each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from . import zone
from .checks import is_identity_number
from .parcels import again, line, parcel
from .situations import FIRST, SECOND, answers, balance, changed, new, outcome_of, send_parcel, states
from .zone import BUYERS, PLATFORM, SHOP

GOOD = "800"
CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    # mode, kind (a dot and a gnum for an item), fields, status and reasons
    ("1210", "621", {"ebpCode": "4101900X01", "assureCode": SHOP}, "-10102 party.unknown"),
    ("1210", "621", {"agentCode": zone.CARRIER}, "-10101 party.role"),
    ("1210", "621", {"areaCode": zone.AGENT}, "-10101 party.role"),
    ("1210", "621", {"areaCode": "nobody", "agentCode": zone.CARRIER}, "-10102 party.role;party.unknown"),
    ("1210", "621", {"assureCode": zone.PLATFORM_2}, "-10101 party.role"),
    ("1210", "621", {"logisticsCode": zone.CARRIER_2, "assureCode": zone.CARRIER_2}, "-10101 party.role"),
    ("9610", "621", {"areaCode": "nobody"}, "-10102 party.unknown"),
    ("1210", "621", {"emsNo": ""}, "100 field.mode"),
    ("1210", "621", {"areaCode": None}, "100 field.mode"),
    ("1210", "621", {"areaName": None}, "100 field.mode"),
    ("1210", "621.1", {"itemRecordNo": ""}, "100 field.mode"),
    ("9610", "621", {"trafNo": ""}, "100 field.mode"),
    ("9610", "621", {"voyageNo": None}, "100 field.mode"),
    ("9610", "621", {"billNo": None}, "100 field.mode"),
    ("9610", "621", {"emsNo": None, "areaName": None}, GOOD),
    ("9610", "621", {"tradeMode": "9710"}, "100 mode.unsupported"),
    ("1239", "621", {}, "100 mode.unsupported"),
    ("1210", "621", {"buyerIdType": "2"}, "100 buyer.id"),
    ("1210", "621", {"buyerIdNumber": "410105198803129811"}, "100 buyer.id"),
    (
        "1210",
        "621",
        {"tradeMode": "9710", "buyerIdType": "2", "freight": "1.001"},
        "100 buyer.id;field.amount;mode.unsupported",
    ),
    ("1210", "621", {"freight": "0.00000"}, GOOD),
    ("1210", "621", {"insuredFee": "0.001"}, "100 field.amount"),
    ("1210", "621.1", {"totalPrice": "100.00001"}, "100 field.amount"),
    ("1210", "621.1", {"qty": "0"}, "100 field.amount"),
    ("1210", "621.1", {"qty1": "0"}, "100 field.amount"),
    ("1210", "621", {"ebcCode": zone.SHOP_2}, "100 match.ebc"),
    ("1210", "621", {"buyerName": "李明"}, "100 match.buyer"),
    ("1210", "621", {"buyerIdNumber": BUYERS[1][0]}, "100 match.buyer"),
    ("1210", "621.1", {"gnum": "2"}, "100 match.items"),
    ("1210", "621.1", {"qty": "1.00000"}, GOOD),
    ("1210", "621.1", {"qty": "1.00001"}, "100 match.items"),
    ("1210", "621.1", {"unit": "006"}, "100 match.items"),
    ("1210", "621.1", {"totalPrice": "100.01"}, "100 match.items"),
    ("1210", "621.1", {"country": "142"}, "100 match.items"),
    ("1210", "621.1", {"price": "77"}, GOOD),
    ("1210", "311.1", {"price": "100.01"}, GOOD),
    ("1210", "311.1", {"price": "100.01001"}, "100 match.order_sum"),
    ("1210", "311", {"goodsValue": "99.99"}, GOOD),
    ("1210", "311", {"goodsValue": "100.02"}, "100 match.order_sum"),
    ("1210", "311", {"taxTotal": "0.02"}, "100 match.order_sum"),
    ("1210", "311", {"taxTotal": "5", "discount": "5"}, GOOD),
    ("1210", "411", {"amountPaid": "100.01"}, "100 match.amount"),
    ("1210", "411", {"amountPaid": "100.000"}, GOOD),
    ("1210", "411", {"payerName": "李"}, "100 match.payer"),
    ("1210", "411", {"payerIdNumber": BUYERS[1][0]}, "100 match.payer"),
    ("1210", "311", {"payTransactionId": "other"}, "100 match.payment_no"),
    ("1210", "311", {"payTransactionId": ""}, GOOD),
    ("1210", "511", {"consigneeTelephone": "1"}, "100 match.consignee"),
    ("1210", "511", {"consigneeAddress": "1"}, "100 match.consignee"),
    ("1210", "511", {"orderNo": "other"}, "100 match.waybill_order"),
    ("1210", "511", {"freight": None, "insuredFee": None}, GOOD),
    ("1210", "511", {"insuredFee": "0.5"}, "100 match.freight"),
    ("1210", "621.1", {"gcode": "9999999999"}, "100 goods.unknown"),
    ("1210", "621.1", {"gcode": "2402200000"}, "100 goods.prohibited"),
    ("1210", "621.1", {"gcode": "2402999999"}, "100 goods.prohibited;goods.unknown"),
    ("1210", "621.1", {"gcode": "9503008900"}, "100 goods.unlisted"),
    ("9610", "621.1", {"gcode": "1901101010"}, "100 goods.unlisted"),
    ("1210", "621.1", {"gcode": "2309109000"}, "100 goods.unlisted"),
    ("1210", "621", {"emsNo": "T9"}, "100 book.unknown"),
    ("1210", "621", {"areaCode": zone.WAREHOUSE_2}, "100 book.mismatch"),
    ("1210", "621.1", {"gcode": "3304100091"}, "100 book.mismatch"),
]


@pytest.mark.parametrize(("mode", "where", "fields", "expected"), CHANGES)
def test_one_change_one_answer(tmp_path: Path, mode: str, where: str, fields: dict[str, Any], expected: str) -> None:
    kind, _, gnum = where.partition(".")
    writer = new(tmp_path)
    subject = changed(parcel(1, mode=mode), kind, int(gnum or 0), **fields)
    if fields.get("logisticsCode"):
        writer.send(again(subject["511"], logisticsCode=fields["logisticsCode"]))
    send_parcel(writer, subject)
    assert states(outcome_of(writer)) == {"1": expected}


def test_a_group_speaks_for_all_its_failures_and_later_groups_are_silent(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = changed(parcel(1), "621", buyerName="x", ebcCode=zone.SHOP_2)
    subject = changed(subject, "511", freight="1")
    send_parcel(writer, changed(subject, "621", 1, gcode="9999999999"))
    assert states(outcome_of(writer)) == {"1": "100 match.buyer;match.ebc;match.freight"}


def test_1239_is_1210_throughout_where_policy_allows_it(tmp_path: Path) -> None:
    writer = new(tmp_path, policy={"allow_1239": True})
    send_parcel(writer, parcel(1, [line("formula")], mode="1239"))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": GOOD}
    assert balance(outcome, "book_qty", "R007") == "499"


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("410105198803129810", True),
        ("44030519990226981X", True),
        ("44030519990226981x", False),
        ("41010519880312981", False),
        ("4101051988031298100", False),
        ("41010519880230981X", False),
        ("４10105198803129810", False),
        ("410105202606180018", True),
        ("410105202606190013", False),
    ],
)
def test_identity_numbers(number: str, good: bool) -> None:
    assert is_identity_number(number, date(2026, 6, 18)) is good


# --- Companions and the order of granting --------------------------------------------------------------------------


def test_a_failure_of_groups_1_and_2_does_not_wait_for_companions(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(
        changed(parcel(1), "621", freight="1.001")["621"], changed(parcel(2), "621", agentCode=SHOP)["621"], sender=SHOP
    )
    assert states(outcome_of(writer)) == {"1": "100 field.amount", "2": "-10101 party.role"}


@pytest.mark.parametrize("missing", ["order", "payment", "waybill"])
def test_what_is_missing_is_named_until_it_comes(tmp_path: Path, missing: str) -> None:
    kind = {"order": "311", "payment": "411", "waybill": "511"}[missing]
    writer = new(tmp_path)
    subject = parcel(1)
    for other in ("621", "311", "411", "511"):
        if other != kind:
            writer.send(subject[other])
    draft = again(subject[kind], appStatus="1")
    writer.send(draft)
    assert states(outcome_of(writer)) == {"1": f"2 waiting.{missing}"}
    writer.send(subject[kind])
    assert states(outcome_of(writer)) == {"1": GOOD}


def test_a_companion_taken_away_is_missed_again(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    for kind in ("621", "311", "411"):
        writer.send(subject[kind])
    writer.send(again(subject["311"], appType="3"))
    writer.send(subject["511"])
    assert states(outcome_of(writer)) == {"1": "2 waiting.order"}


def test_grants_follow_the_last_document_taken_in_not_the_declarations(tmp_path: Path) -> None:
    writer = new(tmp_path, books=zone.book_rows("1"))
    one, two, three = parcel(1), parcel(2, buyer=BUYERS[1]), parcel(3, [line("wine")], buyer=BUYERS[2])
    writer.send(one["621"], two["621"], three["621"])
    for kind in ("311", "411"):
        writer.send(one[kind], two[kind], three[kind])
    writer.send(three["511"], two["511"], one["511"])
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "100 book.insufficient", "2": GOOD, "3": GOOD}
    assert {row["order_no"][-1]: row["invt_no"] for row in outcome.declarations} == {"1": "", "2": SECOND, "3": FIRST}


def test_declarations_completed_by_themselves_are_granted_in_the_order_of_the_message(tmp_path: Path) -> None:
    writer = new(tmp_path, allowances=[{"buyer_id_number": BUYERS[0][0], "year": "2026", "used": "25850.00"}])
    one, two = parcel(1), parcel(2)
    for kind in ("311", "411", "511"):
        writer.send(one[kind], two[kind])
    writer.send(two["621"], one["621"])
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "-621018 limit.annual", "2": GOOD}
    assert balance(outcome, "allowance_used", BUYERS[0][0]) == "25950.00"


def test_the_payment_that_the_order_names_counts_else_the_first(tmp_path: Path) -> None:
    writer = new(tmp_path)
    one, two = parcel(1), changed(parcel(2, buyer=BUYERS[1]), "311", payTransactionId="")
    for subject in (one, two):
        writer.send(again(subject["411"], payTransactionId=f"first{subject['621']['head']['copNo']}", amountPaid="5"))
        send_parcel(writer, subject)
    assert states(outcome_of(writer)) == {"1": GOOD, "2": "100 match.amount"}


# --- Limits, stock, guarantee, selection ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goods", "qty", "price", "used", "expected"),
    [
        ("nappies", "1", "5000", "0", GOOD),
        ("nappies", "2", "2500", "0", GOOD),
        ("nappies", "2", "2500.01", "0", "-621005 limit.single"),
        ("nappies", "1", "5000.01", "0", GOOD),
        ("nappies", "1.5", "4000", "0", "-621005 limit.single"),
        ("nappies", "1", "6000", "20000", GOOD),
        ("nappies", "1", "6000", "20000.01", "-621005 limit.annual;limit.single"),
        ("nappies", "1", "100", "25900", GOOD),
        ("nappies", "1", "100", "25900.01", "-621018 limit.annual"),
    ],
)
def test_limits(tmp_path: Path, goods: str, qty: str, price: str, used: str, expected: str) -> None:
    writer = new(tmp_path, allowances=[{"buyer_id_number": BUYERS[0][0], "year": "2026", "used": used}])
    send_parcel(writer, parcel(1, [line(goods, qty, price)]))
    assert states(outcome_of(writer)) == {"1": expected}


@pytest.mark.parametrize(
    ("day", "price", "expected"), [("2018-12-31", "2000.5", "-621005"), ("2019-01-01", "5000", "800")]
)
def test_limits_of_the_day(tmp_path: Path, day: str, price: str, expected: str) -> None:
    writer = new(tmp_path, tariff=[{**row, "valid_from": ""} for row in zone.tariff_rows()])
    writer.as_of = f"{day}T00:30:00+08:00"
    send_parcel(writer, parcel(1, [line("nappies", "2", "1000.25" if price == "2000.5" else "2500")]))
    assert states(outcome_of(writer))["1"].split()[0] == expected


def test_the_allowance_of_another_year_is_left_alone(tmp_path: Path) -> None:
    rows = [{"buyer_id_number": BUYERS[0][0], "year": "2025", "used": "26000.00"}]
    writer = new(tmp_path, allowances=rows)
    send_parcel(writer, parcel(1))
    outcome = outcome_of(writer)
    assert balance(outcome, "allowance_used", f"{BUYERS[0][0]}/2025") == "26000.00"
    assert balance(outcome, "allowance_used", f"{BUYERS[0][0]}/2026") == "100.00"


def test_items_of_one_record_draw_on_it_together(tmp_path: Path) -> None:
    writer = new(tmp_path, books=zone.book_rows("3"))
    send_parcel(writer, parcel(1, [line("cream", "2"), line("cream", "1.00001", total="100")]))
    send_parcel(writer, parcel(2, [line("cream", "2"), line("cream", "0.5")]))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "100 book.insufficient", "2": GOOD}
    assert balance(outcome, "book_qty", "R001") == "0.5"


def test_a_declaration_that_fails_takes_nothing(tmp_path: Path) -> None:
    writer = new(tmp_path, guarantees=[{"assure_code": PLATFORM, "balance": "9.09"}])
    send_parcel(writer, parcel(1))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "100 guarantee.insufficient"}
    assert balance(outcome, "allowance_used", BUYERS[0][0]) == ""
    assert balance(outcome, "book_qty", "R001") == "500"
    assert balance(outcome, "guarantee_balance", PLATFORM) == "9.09"


@pytest.mark.parametrize(
    ("guarantees", "expected"),
    [
        (None, GOOD),
        ([], "100 guarantee.insufficient"),
        ([{"assure_code": PLATFORM, "balance": "9.10"}], GOOD),
        ([{"assure_code": SHOP, "balance": "1000"}], "100 guarantee.insufficient"),
    ],
)
def test_guarantees(tmp_path: Path, guarantees: list[dict[str, str]] | None, expected: str) -> None:
    writer = new(tmp_path, guarantees=guarantees)
    send_parcel(writer, parcel(1))
    assert states(outcome_of(writer)) == {"1": expected}


@pytest.mark.parametrize(
    ("rules", "rate", "expected"),
    [
        ([("gcode_prefix", "3304", "inspect")], 0, "500"),
        ([("ebc_code", SHOP, "review")], 0, "300"),
        ([("country", "609", "review")], 0, "300"),
        ([("country", "305", "review"), ("gcode_prefix", "22", "inspect")], 0, "500"),
        ([("gcode_prefix", "33049901", "inspect")], 0, "800"),
        ([("ebc_code", SHOP, "review")], 1, "500"),
        ([], 1, "500"),
    ],
)
def test_selection(tmp_path: Path, rules: list[tuple[str, str, str]], rate: int, expected: str) -> None:
    rows = [dict(zip(("kind", "value", "action"), rule, strict=True)) for rule in rules]
    writer = new(tmp_path, selection=rows, policy={"random_inspection_rate": rate} if rate else {})
    send_parcel(writer, parcel(1, [line("cream"), line("wine", country="609")]))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": expected}
    assert balance(outcome, "book_qty", "R001") == "499"


def test_goods_are_judged_by_the_law_of_the_day_of_the_run(tmp_path: Path) -> None:
    rows = [
        {**row, "valid_from": since, "valid_to": until, "vat_rate": vat}
        for row in zone.tariff_rows()
        for since, until, vat in (("2019-04-01", "2026-06-17", "0.13"), ("2026-06-18", "2026-06-18", "0.10"))
    ]
    bans = [{"gcode_prefix": "33", "reason": "x", "valid_from": "2016-04-08", "valid_to": "2026-06-17"}]
    writer = new(tmp_path, tariff=rows, prohibited=bans)
    writer.as_of = "2026-06-17T16:00:00+00:00"  # already the 18th in UTC+8
    send_parcel(writer, parcel(1))
    assert outcome_of(writer).declarations[0]["value_added_tax"] == "7.00"


def test_what_is_taken_in_and_then_refused_is_accepted_as_a_message(tmp_path: Path) -> None:
    writer = new(tmp_path)
    send_parcel(writer, changed(parcel(1), "621", buyerName="x"))
    assert answers(outcome_of(writer)) == ["accepted"] * 4
