"""docs/exports.md §1 to §3: its sentences, one situation each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import zone
from .export_keys import NO_CODE
from .export_parcels import export_cancel, export_parcel
from .export_situations import FIRST, RECEIPT_DAY, SECOND, send_export
from .parcels import again, line, parcel
from .situations import answers, balance, changed, last, new, outcome_of, send_parcel
from .zone import SHOP, SHOP_2, CaseWriter

GOOD = "800"
RECEIPTS = ("303", "403", "505")


def shown(writer: CaseWriter) -> list[str]:
    """`status reason;reason` of each declaration."""
    rows = outcome_of(writer).declarations
    return [" ".join(filter(None, [row["status"], row["reasons"]])) for row in rows]


CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    # mode and flag, kind (a dot and a gnum for a line), fields, status and reasons
    # Parties
    ("9610 A", "603", {"ebpCode": "4101900X01"}, "-10102 party.unknown"),
    ("9610 A", "603", {"ebpCode": SHOP}, "-10101 party.role"),
    ("9610 A", "603", {"logisticsCode": "4101900X01"}, "-10102 party.unknown"),
    ("9610 A", "603", {"logisticsCode": zone.PAYER}, "-10101 party.role"),
    ("9610 A", "603", {"agentCode": "4101900X01"}, "-10102 party.unknown"),
    ("9610 A", "603", {"agentCode": zone.CARRIER}, "-10101 party.role"),
    ("9610 A", "603", {"ebcCode": "4101900X01"}, "-10102 party.unknown"),
    ("9610 A", "603", {"ebcCode": zone.PAYER, "agentCode": zone.AGENT}, "-10101 party.role"),
    ("9610 A", "603", {"iacCode": "4101900X01"}, "-10102 party.unknown"),
    ("9610 A", "603", {"iacCode": zone.AGENT}, "-10101 party.role"),
    ("9610 A", "603", {"iacCode": zone.WAREHOUSE}, GOOD),
    ("9610 A", "603", {"iacCode": ""}, GOOD),
    ("9610 A", "603", {"iacCode": "nobody", "logisticsCode": zone.PAYER}, "-10102 party.role;party.unknown"),
    # Fields
    ("9610 A", "603", {"tradeMode": "9710"}, "100 mode.unsupported"),
    ("9610 A", "603", {"tradeMode": "1239"}, "100 mode.unsupported"),
    ("1210 B", "603", {"tradeMode": "9810", "emsNo": "", "freight": "-1"}, "100 field.amount;mode.unsupported"),
    ("1210 B", "603", {"emsNo": ""}, "100 field.mode"),
    ("1210 B", "603", {"iacCode": None}, "100 field.mode"),
    ("1210 B", "603", {"iacName": ""}, "100 field.mode"),
    ("1210 B", "603.1", {"itemRecordNo": None}, "100 field.mode"),
    ("9610 A", "603", {"freight": "-0.00001"}, "100 field.amount"),
    ("9610 A", "603", {"freight": "0.00001"}, GOOD),
    ("9610 A", "603", {"insuredFee": "-1"}, "100 field.amount"),
    ("9610 A", "603.1", {"totalPrice": "-1"}, "100 field.amount"),
    ("9610 A", "603.1", {"qty": "0"}, "100 field.amount"),
    ("9610 A", "603.1", {"qty1": "0"}, "100 field.amount"),
    ("9610 A", "603.1", {"qty1": "0.00001"}, GOOD),
    ("9610 A", "603", {"netWeight": "1.50001"}, "100 field.amount"),
    ("9610 A", "603", {"netWeight": "1.5"}, GOOD),
    ("9610 A", "603", {"netWeight": "0"}, "100 field.amount"),
    ("9610 A", "603", {"licenseNo": "L1"}, "100 simplified.licence"),
    ("9610 A", "603", {"licenseNo": ""}, GOOD),
    ("9610 B", "603", {"licenseNo": "L1"}, GOOD),
    # Match
    ("9610 A", "303", {"ebcCode": SHOP_2}, "100 match.ebc"),
    ("9610 A", "505", {"ebcCode": SHOP_2}, "100 match.ebc"),
    ("9610 A", "505", {"ebcCode": ""}, GOOD),
    ("9610 A", "505", {"ebcCode": None}, GOOD),
    ("9610 A", "303", {"orderType": "B"}, "100 match.order_type"),
    ("9610 A", "303", {"orderType": "I"}, "100 match.order_type"),
    ("9610 A", "603.1", {"gnum": "2"}, "100 match.items"),
    ("9610 A", "603.1", {"gnum": "01"}, GOOD),
    ("9610 A", "603.1", {"qty": "1.00001"}, "100 match.items"),
    ("9610 A", "603.1", {"qty": "1.00000"}, GOOD),
    ("9610 A", "603.1", {"unit": "006"}, "100 match.items"),
    ("9610 A", "603.1", {"totalPrice": "100.00001"}, "100 match.items"),
    ("9610 A", "603.1", {"currency": "142"}, "100 match.items"),
    ("9610 A", "603.1", {"price": "1", "country": "116", "gname": "x"}, GOOD),
    ("9610 A", "303.1", {"price": "100.01"}, GOOD),
    ("9610 A", "303.1", {"price": "100.01001"}, "100 match.order_sum"),
    ("9610 A", "303", {"goodsValue": "100.01"}, GOOD),
    ("9610 A", "303", {"goodsValue": "99.98"}, "100 match.order_sum"),
    ("9610 A", "603", {"packNo": "2"}, "100 match.parcel"),
    ("9610 A", "505", {"grossWeight": "1.50001"}, "100 match.parcel"),
    ("9610 A", "505", {"grossWeight": "1.50000", "packNo": "01"}, GOOD),
    ("9610 A", "505", {"freight": "9", "insuredFee": "9"}, GOOD),
    # Goods
    ("9610 A", "603.1", {"gcode": "3304000000"}, GOOD),
    ("9610 A", "603.1", {"gcode": "3301000000"}, "100 goods.unknown"),
    ("9610 B", "603.1", {"gcode": "3304000000"}, "100 goods.unknown"),
    ("9610 B", "603.1", {"gcode": "2402200000"}, GOOD),  # on the negative list of imports
    ("9610 B", "603.1", {"gcode": "2309109000"}, GOOD),  # not on the positive list of imports
    # Stock
    ("1210 B", "603", {}, GOOD),
    ("1210 B", "603", {"emsNo": "T9999W000001"}, "100 book.unknown"),
    ("1210 B", "603.1", {"itemRecordNo": "R999"}, "100 book.unknown"),
    ("1210 B", "603.1", {"itemRecordNo": "R002"}, "100 book.mismatch"),
    ("1210 A", "603.1", {"itemRecordNo": "R003"}, GOOD),  # R001 and R003 are of one heading, 3304
    ("1210 B", "603.1", {"itemRecordNo": "R003"}, "100 book.mismatch"),
    ("1210 B", "603", {"iacCode": zone.WAREHOUSE_2}, "100 book.mismatch"),
    ("1210 A", "603.1", {"gcode": "3304000000"}, GOOD),
    ("1210 A", "603.1", {"gcode": "2204000000"}, "100 book.mismatch"),
    ("9610 B", "603", {"emsNo": "T9999W000001"}, GOOD),
]


@pytest.mark.parametrize(
    ("mode", "kind", "fields", "expected"), CHANGES, ids=[f"{m} {k} {','.join(f)} {e}" for m, k, f, e in CHANGES]
)
def test_one_change(tmp_path: Path, mode: str, kind: str, fields: dict[str, Any], expected: str) -> None:
    writer = new(tmp_path)
    subject = export_parcel(1, mode=mode[:4], flag=mode[-1])
    kind, _, item = kind.partition(".")
    subject = changed(subject, kind, int(item or 0), **fields)
    for companion in ("303", "505"):
        writer.send(subject[companion], sender=SHOP if companion == "303" and "ebcCode" not in fields else "")
    writer.send(subject["603"], sender=zone.AGENT if "ebcCode" in fields else SHOP)
    outcome = outcome_of(writer)
    assert answers(outcome) == ["accepted"] * 3
    assert [" ".join(filter(None, [row["status"], row["reasons"]])) for row in outcome.declarations] == [expected]


def test_several_differences_are_told_together(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = changed(export_parcel(1), "505", ebcCode=SHOP_2, packNo="3")
    send_export(writer, changed(subject, "303", orderType="W", goodsValue="1"))
    assert shown(writer) == ["100 match.ebc;match.order_sum;match.order_type;match.parcel"]


# --- Waiting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "missing", "expected"),
    [
        (zone.AS_OF, ("303", "505"), "2 waiting.order;waiting.waybill"),
        (zone.AS_OF, ("403",), GOOD),
        (RECEIPT_DAY, ("303", "403", "505"), "2 waiting.order;waiting.receipt;waiting.waybill"),
        (RECEIPT_DAY, ("403",), "2 waiting.receipt"),
        ("2024-12-14T23:59:59+08:00", ("403",), "2 waiting.receipt"),
        ("2024-12-14T16:00:00+00:00", ("403",), GOOD),  # midnight in China
        ("2019-01-01T00:00:00+08:00", ("403",), "2 waiting.receipt"),
        ("2018-12-31T23:59:59+08:00", ("403",), GOOD),
    ],
)
def test_what_a_list_waits_for(tmp_path: Path, as_of: str, missing: tuple[str, ...], expected: str) -> None:
    writer = new(tmp_path, tariff=[{**row, "valid_from": ""} for row in zone.tariff_rows()])
    writer.as_of = as_of
    send_export(writer, export_parcel(1), tuple(kind for kind in RECEIPTS if kind not in missing))
    assert shown(writer) == [expected]


def test_the_last_companion_ends_the_wait(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.as_of = RECEIPT_DAY
    subject = export_parcel(1)
    for kind in ("603", "505", "403", "303"):
        writer.send(subject[kind])
    assert shown(writer) == [GOOD]


def test_parties_and_fields_are_judged_before_it_waits(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(again(export_parcel(1)["603"], agentCode="nobody"), sender=SHOP)
    writer.send(again(export_parcel(2)["603"], netWeight="9"))
    assert shown(writer) == ["-10102 party.unknown", "100 field.amount"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, GOOD),
        ({"charge": "103.00000"}, GOOD),
        ({"charge": "103.01"}, "100 match.receipt"),
        ({"charge": "100"}, "100 match.receipt"),
        ({"currency": "142"}, "100 match.receipt"),
        ({"ebpCode": zone.PLATFORM_2}, "2 waiting.receipt"),
        ({"orderNo": "other"}, "2 waiting.receipt"),
        ({"ebcCode": SHOP_2}, GOOD),  # the platform and the number name the order
        ({"payCode": "", "payNo": ""}, GOOD),
    ],
)
def test_the_receipt_of_money(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    writer = new(tmp_path)
    writer.as_of = RECEIPT_DAY
    subject = changed(export_parcel(1, freight="3"), "403", **fields)
    for kind in ("303", "505", "603"):
        writer.send(subject[kind])
    writer.send(subject["403"], sender=zone.PAYER if fields.get("payCode") != "" else SHOP)
    assert shown(writer) == [expected]


def test_the_first_receipt_to_arrive_counts(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.as_of = RECEIPT_DAY
    subject = export_parcel(1)
    writer.send(again(subject["403"], payNo="early", charge="1"))
    writer.send(subject["403"])
    send_export(writer, subject)
    assert shown(writer) == ["100 match.receipt"]


def test_a_receipt_that_is_not_needed_may_be_wrong_and_changed(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = changed(export_parcel(1), "403", charge="1")
    send_export(writer, subject, RECEIPTS)
    writer.send(again(subject["403"], appType="2"))
    outcome = outcome_of(writer)
    assert answers(outcome) == ["accepted"] * 5
    assert outcome.declarations[0]["status"] == GOOD


@pytest.mark.parametrize(
    ("fields", "second", "expected"),
    [
        ({}, {}, "rejected duplicate.payment"),
        ({}, {"payNo": "another"}, "accepted"),
        ({"payNo": ""}, {"payNo": ""}, "rejected duplicate.payment"),
        ({"payNo": ""}, {"payNo": "", "orderNo": "other"}, "accepted"),
        ({"payCode": ""}, {"payCode": SHOP}, "rejected duplicate.payment"),
        ({"payCode": None, "payNo": None}, {"payCode": SHOP, "payNo": "X26060000001"}, "rejected duplicate.payment"),
    ],
)
def test_the_key_of_a_receipt_of_money(
    tmp_path: Path, fields: dict[str, Any], second: dict[str, Any], expected: str
) -> None:
    writer = new(tmp_path)
    receipt = export_parcel(1)["403"]
    writer.send(again(receipt, **fields), sender=SHOP)
    writer.send(again(receipt, **second), sender=SHOP)
    assert last(outcome_of(writer)) == expected


# --- Keys ----------------------------------------------------------------------------------------------------------


def test_platforms_without_a_code_are_told_apart_by_the_seller(tmp_path: Path) -> None:
    writer = new(tmp_path)
    for number, seller in enumerate((SHOP, SHOP_2), start=1):
        send_export(writer, export_parcel(number, ebp=NO_CODE, ebc=seller, order_no="A-1"))
    writer.send(export_parcel(3, ebp=NO_CODE, ebc=SHOP, order_no="A-1")["303"])
    outcome = outcome_of(writer)
    assert last(outcome) == "rejected duplicate.order"
    assert [(row["ebp_code"], row["status"]) for row in outcome.declarations] == [
        (f"{NO_CODE}/{SHOP}", GOOD),
        (f"{NO_CODE}/{SHOP_2}", GOOD),
    ]


def test_an_import_and_an_export_of_one_key_are_duplicates_and_no_companions(tmp_path: Path) -> None:
    writer = new(tmp_path)
    bought, sold = parcel(1, mode="9610"), export_parcel(1, order_no="D26060000001", carrier=zone.CARRIER)
    same_waybill = changed(sold, "505", logisticsNo="KG26060000001")["505"]
    writer.send(bought["311"])
    writer.send(bought["511"])
    writer.send(sold["303"])
    writer.send(same_waybill)
    writer.send(again(sold["603"], logisticsNo="KG26060000001"))
    outcome = outcome_of(writer)
    assert answers(outcome)[2:4] == ["rejected duplicate.order", "rejected duplicate.waybill"]
    assert [row["reasons"] for row in outcome.declarations] == ["waiting.order;waiting.waybill"]


def test_an_export_stands_in_the_way_of_an_import_as_well(tmp_path: Path) -> None:
    writer = new(tmp_path)
    bought, sold = parcel(1), export_parcel(1, order_no="D26060000001")
    writer.send(sold["303"])
    send_parcel(writer, bought)
    outcome = outcome_of(writer)
    assert answers(outcome)[1] == "rejected duplicate.order"
    assert [row["reasons"] for row in outcome.declarations] == ["waiting.order"]


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("first", ["621", "603"])
@pytest.mark.parametrize("app_type", ["1", "2", "3"])
def test_a_number_declared_in_one_direction_is_not_declared_in_the_other(
    tmp_path: Path, accepted: bool, first: str, app_type: str
) -> None:
    writer = new(tmp_path)
    bought, sold = parcel(1), export_parcel(1, order_no="D26060000001")
    if first == "621":
        send_parcel(writer, bought, ("311", "411", "511") if accepted else ())
    else:
        send_export(writer, sold, ("303", "505") if accepted else ())
    other = sold["603"] if first == "621" else bought["621"]
    writer.send(again(other, appType=app_type, appTime="20260618080000"))
    outcome = outcome_of(writer)
    assert last(outcome) == "rejected duplicate.declaration"
    assert [row["status"] for row in outcome.declarations] == [GOOD if accepted else "2"]


@pytest.mark.parametrize("first", ["621", "603"])
def test_a_number_refused_or_cancelled_in_one_direction_is_free_for_the_other(tmp_path: Path, first: str) -> None:
    writer = new(tmp_path)
    bought, sold = parcel(1), export_parcel(1, order_no="D26060000001")
    one, other = (bought["621"], sold["603"]) if first == "621" else (sold["603"], bought["621"])
    writer.send(again(one, agentCode="nobody"), sender=SHOP)
    writer.send(other)
    outcome = outcome_of(writer)
    assert last(outcome) == "accepted"
    assert [row["status"] for row in outcome.declarations] == ["2"]


def test_numbers_and_stock_are_common(tmp_path: Path) -> None:
    writer = new(tmp_path, books=zone.book_rows("3"))
    send_parcel(writer, parcel(1, [line("cream", "2")]))
    send_export(writer, export_parcel(2, [line("cream")], mode="1210"))
    send_export(writer, export_parcel(3, [line("cream", "0.00001")], mode="1210"))
    outcome = outcome_of(writer)
    assert [row["invt_no"] for row in outcome.declarations] == ["46122026I000000001", "46122026E000000002", ""]
    assert outcome.declarations[2]["reasons"] == "book.insufficient"
    assert outcome.declarations[1]["dutiable_value"] == outcome.declarations[1]["value_added_tax"] == ""
    assert balance(outcome, "book_qty", "R001") == "0"
    assert balance(outcome, "guarantee_balance", zone.PLATFORM) == "99981.80"


def test_lines_of_one_record_are_added_up(tmp_path: Path) -> None:
    writer = new(tmp_path, books=zone.book_rows("3"))
    send_export(writer, export_parcel(1, [line("cream", "2"), line("cream", "1.00001")], mode="1210"))
    send_export(writer, export_parcel(2, [line("cream", "2"), line("cream", "1")], mode="1210"))
    outcome = outcome_of(writer)
    assert [row["reasons"] for row in outcome.declarations] == ["book.insufficient", ""]
    assert balance(outcome, "book_qty", "R001") == "0"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([("gcode_prefix", "3304", "inspect")], "500"),
        ([("ebc_code", SHOP, "review")], "300"),
        ([("country", "502", "review")], "300"),
        ([("country", "502", "review"), ("gcode_prefix", "33", "inspect")], "500"),
        ([("country", "116", "inspect")], "800"),
    ],
)
def test_selection(tmp_path: Path, rules: list[tuple[str, str, str]], expected: str) -> None:
    columns = zone.COLUMNS["selection"]
    writer = new(tmp_path, selection=[dict(zip(columns, rule, strict=True)) for rule in rules])
    send_export(writer, export_parcel(1))
    assert shown(writer) == [expected]


# --- Documents -----------------------------------------------------------------------------------------------------


def test_an_accepted_list_binds_its_documents(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = export_parcel(1)
    send_export(writer, subject)
    for kind in ("303", "505", "603"):
        for app_type in ("2", "3"):
            writer.send(again(subject[kind], appType=app_type))
        writer.send(subject[kind])
    writer.send(export_cancel(subject["603"], FIRST))
    writer.send(again(subject["505"], appType="2"))
    writer.send(again(subject["603"], appType="2"))
    writer.send(subject["603"])
    outcome = outcome_of(writer)
    bound = ["rejected document.in_use"] * 2
    assert answers(outcome)[3:] == [
        *(*bound, "rejected duplicate.order"),
        *(*bound, "rejected duplicate.waybill"),
        *(*bound, "rejected duplicate.declaration"),
        *("accepted", "accepted", "rejected document.in_use", "accepted"),
    ]
    assert [(row["invt_no"], row["status"]) for row in outcome.declarations] == [(SECOND, GOOD)]


def test_a_draft_is_not_there_and_bars_nothing(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = export_parcel(1)
    for kind in ("303", "505", "603"):
        writer.send(again(subject[kind], appStatus="1"))
    assert shown(writer) == ["1"]
    writer.send(subject["603"])
    writer.send(subject["505"])
    assert shown(writer) == ["2 waiting.order"]
    writer.send(again(subject["303"], appTime="20260101000000"))
    assert shown(writer) == [GOOD]


def test_a_waiting_list_is_changed_and_deleted(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = export_parcel(1)
    writer.send(subject["603"])
    writer.send(again(subject["603"], appType="2", appTime="20260618065959"))
    writer.send(again(subject["603"], appType="2", logisticsNo="other"))
    outcome = outcome_of(writer)
    assert answers(outcome)[1:] == ["rejected document.stale", "accepted"]
    assert outcome.declarations[0]["logistics_no"] == "other"
    writer.send(again(subject["603"], appType="3"))
    assert outcome_of(writer).declarations == []


@pytest.mark.parametrize("kind", ["303", "603"])
def test_repeated_numbers(tmp_path: Path, kind: str) -> None:
    writer = new(tmp_path)
    subject = export_parcel(1)[kind]
    writer.send(again(subject, items=[*subject["items"], {**subject["items"][0], "gnum": "01"}]))
    assert last(outcome_of(writer)) == "rejected document.items"


# --- Intake --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sender", "expected"),
    [
        ("303", zone.PLATFORM, "accepted"),
        ("303", SHOP, "accepted"),
        ("303", zone.AGENT, "rejected party.sender"),
        ("403", zone.PAYER, "accepted"),
        ("403", SHOP, "accepted"),
        ("403", zone.PLATFORM, "rejected party.sender"),
        ("505", zone.SHIPPER, "accepted"),
        ("505", SHOP, "rejected party.sender"),
        ("603", zone.AGENT, "accepted"),
        ("603", SHOP, "accepted"),
        ("603", zone.PAYER, "rejected party.sender"),
        ("603", "4101900X01", "rejected party.unknown"),
    ],
)
def test_who_may_send(tmp_path: Path, kind: str, sender: str, expected: str) -> None:
    writer = new(tmp_path)
    writer.send(export_parcel(1)[kind], sender=sender)
    assert last(outcome_of(writer)) == expected


def test_what_declares_is_signed(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(export_parcel(1)["603"], sign=False)
    writer.send(again(export_parcel(1)["603"], appStatus="1"), sign=False)
    writer.send(export_parcel(2)["603"], key=zone.key_of(zone.PAYER))
    writer.send(export_parcel(3)["303"], key=zone.key_of(zone.PAYER))
    assert answers(outcome_of(writer)) == ["rejected sign.missing", "accepted", *["rejected sign.certificate"] * 2]


def test_the_official_schema_of_exports_holds(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(again(export_parcel(1)["603"], preNo=""))
    writer.send(again(export_parcel(1)["603"], POD="12345"))
    writer.put(writer.message([export_parcel(1)["603"]]).replace(b"CEB603M", b"CEB701M"))
    assert answers(outcome_of(writer)) == [*["rejected format.schema"] * 2, "rejected format.unknown"]
