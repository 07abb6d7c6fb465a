"""Cancel and return (contract §7): sentences that the example cases do not show, one situation each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import zone
from .parcels import again, cancel, line, parcel, refund, signed_for
from .situations import FIRST, SECOND, answers, balance, changed, last, new, outcome_of, send_parcel, states
from .zone import AGENT_SM2, BUYERS, PLATFORM, SHOP

BUYER = BUYERS[0][0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "accepted"),
        ({"invtNo": SECOND}, "rejected declaration.unknown"),
        ({"orderNo": "x"}, "rejected declaration.unknown"),
        ({"ebpCode": zone.PLATFORM_2}, "rejected declaration.unknown"),
        ({"ebcCode": zone.SHOP_2}, "rejected declaration.unknown"),
        ({"agentCode": SHOP}, "rejected declaration.unknown"),
        ({"agentCode": AGENT_SM2}, "rejected declaration.unknown"),
        ({"buyerName": "x", "logisticsNo": "x"}, "accepted"),
        ({"appType": "2"}, "rejected document.unknown"),
        ({"appType": "3"}, "rejected document.unknown"),
    ],
)
@pytest.mark.parametrize("kind", ["623", "625"])
def test_what_a_request_must_name(tmp_path: Path, kind: str, fields: dict[str, Any], expected: str) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    request = cancel(subject["621"], FIRST) if kind == "623" else refund(subject["621"], FIRST, {1: "1"})
    writer.send(again(request, **fields), sender=zone.AGENT if "ebcCode" in fields else SHOP)
    outcome = outcome_of(writer)
    assert last(outcome) == expected
    assert states(outcome)["1"] == ("800" if expected != "accepted" else "cancelled" if kind == "623" else "returned")


@pytest.mark.parametrize("kind", ["623", "625"])
def test_a_draft_request_does_nothing_and_says_nothing(tmp_path: Path, kind: str) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    for number in (FIRST, SECOND):
        request = cancel(subject["621"], number) if kind == "623" else refund(subject["621"], number, {1: "9"})
        writer.send(again(request, appStatus="1"), sign=False)
    outcome = outcome_of(writer)
    assert answers(outcome)[-2:] == ["accepted", "accepted"]
    assert states(outcome) == {"1": "800"}


def test_a_cancel_gives_everything_back(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1, [line("cream", "2.5", "10"), line("wine")], freight="3.33")
    send_parcel(writer, subject)
    writer.send(cancel(subject["621"], FIRST))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "cancelled"}
    assert outcome.declarations[0]["dutiable_value"] == "128.33"
    assert balance(outcome, "allowance_used", BUYER) == ""
    assert {row["balance"] for row in outcome.balances if row["kind"] == "book_qty"} == {"500"}
    assert balance(outcome, "guarantee_balance", PLATFORM) == "100000.00"


@pytest.mark.parametrize("action", ["inspect", "review"])
def test_what_is_held_may_be_cancelled_but_not_returned(tmp_path: Path, action: str) -> None:
    writer = new(tmp_path, selection=[{"kind": "ebc_code", "value": SHOP, "action": action}])
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(refund(subject["621"], FIRST, {1: "1"}))
    writer.send(cancel(subject["621"], FIRST))
    assert answers(outcome_of(writer))[-2:] == ["rejected declaration.state", "accepted"]


def test_the_old_number_stays_known_as_cancelled(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(cancel(subject["621"], FIRST))
    writer.send(subject["621"])
    writer.send(cancel(subject["621"], FIRST))
    writer.send(refund(subject["621"], FIRST, {1: "1"}))
    outcome = outcome_of(writer)
    assert answers(outcome)[-2:] == ["rejected declaration.state"] * 2
    assert (outcome.declarations[0]["invt_no"], outcome.declarations[0]["status"]) == (SECOND, "800")


@pytest.mark.parametrize(
    ("status", "other", "expected"),
    [("2", False, "rejected declaration.state"), ("1", False, "accepted"), ("2", True, "accepted")],
)
@pytest.mark.parametrize("early", [True, False])
def test_a_parcel_signed_for_is_not_cancelled(
    tmp_path: Path, status: str, other: bool, expected: str, early: bool
) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    notice = signed_for(parcel(2)["511"] if other else subject["511"], status=status)
    if early:
        writer.send(notice)
    send_parcel(writer, subject)
    if not early:
        writer.send(notice)
    writer.send(cancel(subject["621"], FIRST))
    assert last(outcome_of(writer)) == expected


def test_a_draft_status_does_not_undo_the_one_that_has_arrived(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(signed_for(subject["511"]))
    writer.send(signed_for(subject["511"], status="1"))
    writer.send(cancel(subject["621"], FIRST))
    assert last(outcome_of(writer)) == "rejected declaration.state"


@pytest.mark.parametrize(
    ("app_time", "qty", "expected"),
    [
        ("20260718100000", "1", "accepted"),
        ("20260718100001", "1", "rejected return.late"),
        ("20260718100001", "1.00001", "rejected return.late;return.quantity"),
        ("20260618100000", "1.00001", "rejected return.quantity"),
        ("20260617100000", "0.99999", "accepted"),
    ],
)
def test_a_return_is_in_time_and_not_too_much(tmp_path: Path, app_time: str, qty: str, expected: str) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(again(refund(subject["621"], FIRST, {1: qty}), appTime=app_time))
    assert last(outcome_of(writer)) == expected


@pytest.mark.parametrize("fields", [{"gnum": "2"}, {"gcode": "3304100091"}, {"qty": "0"}, {"qty": "-1"}])
def test_a_return_names_items_as_declared(tmp_path: Path, fields: dict[str, str]) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(changed({"625": refund(subject["621"], FIRST, {1: "1"})}, "625", 1, **fields)["625"])
    assert last(outcome_of(writer)) == "rejected return.quantity"


def test_a_return_of_one_line_too_much_gives_nothing_back(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1, [line("cream", "2"), line("wine", "2")])
    send_parcel(writer, subject)
    writer.send(refund(subject["621"], FIRST, {1: "1", 2: "3"}))
    outcome = outcome_of(writer)
    assert states(outcome) == {"1": "800"}
    assert balance(outcome, "allowance_used", BUYER) == "400.00"


def test_thirds_come_back_whole(tmp_path: Path) -> None:
    # 100.00 and 9.10 in three: 33.33, 33.33, 33.34 and 3.03, 3.03, 3.04.
    writer = new(tmp_path)
    subject = parcel(1, [line("cream", "3", "33.33333", total="100")])
    send_parcel(writer, subject)
    for _ in range(2):
        writer.send(refund(subject["621"], FIRST, {1: "1"}))
    part = outcome_of(writer)
    assert states(part) == {"1": "part_returned"}
    assert balance(part, "allowance_used", BUYER) == "33.34"
    assert balance(part, "guarantee_balance", PLATFORM) == "99996.96"
    assert balance(part, "book_qty", "R001") == "499"
    writer.send(refund(subject["621"], FIRST, {1: "1"}))
    writer.send(refund(subject["621"], FIRST, {1: "1"}))
    whole = outcome_of(writer)
    assert last(whole) == "rejected return.quantity"
    assert states(whole) == {"1": "returned"}
    assert balance(whole, "allowance_used", BUYER) == ""
    assert balance(whole, "guarantee_balance", PLATFORM) == "100000.00"
    assert balance(whole, "book_qty", "R001") == "500"


def test_documents_of_one_message_return_one_after_the_other(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1, [line("cream", "3")])
    send_parcel(writer, subject)
    two, one = refund(subject["621"], FIRST, {1: "2"}), refund(subject["621"], FIRST, {1: "1"})
    writer.send(two, two, one)
    outcome = outcome_of(writer)
    assert last(outcome) == "accepted return.quantity"
    assert states(outcome) == {"1": "returned"}


@pytest.mark.parametrize("mode", ["1210", "9610"])
def test_what_came_back_may_be_bought_again_and_not_cancelled(tmp_path: Path, mode: str) -> None:
    writer = new(tmp_path, books=zone.book_rows("1"))
    subject = parcel(1, mode=mode)
    send_parcel(writer, subject)
    writer.send(refund(subject["621"], FIRST, {1: "1"}))
    writer.send(cancel(subject["621"], FIRST))
    send_parcel(writer, parcel(2, mode=mode))
    outcome = outcome_of(writer)
    assert answers(outcome)[5] == "rejected declaration.state"
    assert states(outcome) == {"1": "returned", "2": "800"}
    assert balance(outcome, "book_qty", "R001") == ("0" if mode == "1210" else "1")


def test_repeated_numbers_in_a_return(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1, [line("cream", "3")])
    send_parcel(writer, subject)
    request = refund(subject["621"], FIRST, {1: "1"})
    writer.send(again(request, items=[*request["items"], *request["items"]]))
    assert last(outcome_of(writer)) == "rejected document.items"
