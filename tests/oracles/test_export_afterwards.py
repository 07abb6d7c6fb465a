"""docs/exports.md §4: its sentences, one situation each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import zone
from .export_parcels import arrival, departure, export_cancel, export_parcel, export_return, manifest, tally
from .export_situations import FIRST, SECOND, send_export
from .parcels import Document, again, cancel, line, parcel, refund
from .situations import answers, balance, last, new, outcome_of, send_parcel
from .zone import SHOP, CaseWriter

INSPECT = [{"kind": "ebc_code", "value": SHOP, "action": "inspect"}]
MAKERS: dict[str, Any] = {"607": manifest, "507": arrival, "509": departure}
LATE = "20270618100001"
"""One second after 365 times 24 hours from the clock of the case."""


def case(folder: Path, *parcels: dict[str, Document], **tables: Any) -> CaseWriter:
    """A case in which these parcels have been declared."""
    writer = new(folder, **tables)
    for subject in parcels:
        send_export(writer, subject)
    return writer


def statuses(writer: CaseWriter) -> list[str]:
    return [row["status"] for row in outcome_of(writer).declarations]


def stock(writer: CaseWriter, record: str = "R001") -> str:
    return balance(outcome_of(writer), "book_qty", record)


# --- Cancellation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [None, INSPECT, [{**INSPECT[0], "action": "review"}]])
def test_a_cancelled_list_gives_its_stock_back(tmp_path: Path, rules: Any) -> None:
    subject = export_parcel(1, [line("cream", "2"), line("cream", "1.5")], mode="1210")
    writer = case(tmp_path, subject, selection=rules)
    assert stock(writer) == "496.5"
    writer.send(export_cancel(subject["603"], FIRST))
    assert last(outcome_of(writer)) == "accepted"
    assert statuses(writer) == ["cancelled"]
    assert stock(writer) == "500"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "accepted"),
        ({"copNo": "anything", "reason": "any"}, "accepted"),
        ({"appStatus": "1"}, "accepted"),
        ({"invtNo": SECOND}, "rejected declaration.unknown"),
        ({"invtNo": "46122026I000000001"}, "rejected declaration.unknown"),
        ({"ebcCode": zone.SHOP_2}, "rejected declaration.unknown"),
        ({"agentCode": SHOP}, "rejected declaration.unknown"),
        ({"appType": "2"}, "rejected document.unknown"),
        ({"appType": "3"}, "rejected document.unknown"),
    ],
)
def test_what_a_cancellation_must_name(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    subject = export_parcel(1)
    writer = case(tmp_path, subject)
    writer.send(again(export_cancel(subject["603"], FIRST), **fields), sender=SHOP if "agentCode" in fields else "")
    assert last(outcome_of(writer)) == expected
    assert statuses(writer) == ["cancelled" if expected == "accepted" and "appStatus" not in fields else "800"]


def test_what_has_arrived_is_not_cancelled(tmp_path: Path) -> None:
    first, second = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, first, second)
    writer.send(manifest([first["505"], second["505"]]))
    writer.send(arrival([first["505"]]))
    writer.send(export_cancel(first["603"], FIRST))
    writer.send(export_cancel(second["603"], SECOND))
    writer.send(export_cancel(second["603"], SECOND))
    assert answers(outcome_of(writer))[-3:] == ["rejected declaration.state", "accepted", "rejected declaration.state"]


def test_what_is_closed_or_came_back_is_not_cancelled(tmp_path: Path) -> None:
    first, second = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, first, second)
    writer.send(departure([first["505"]]))
    writer.send(export_return(second["603"], SECOND, {1: ("1", "1")}))
    writer.send(export_cancel(first["603"], FIRST))
    writer.send(export_cancel(second["603"], SECOND))
    assert answers(outcome_of(writer))[-2:] == ["rejected declaration.state"] * 2


def test_requests_of_the_other_direction_do_not_find_it(tmp_path: Path) -> None:
    bought, sold = parcel(1), export_parcel(2)
    writer = new(tmp_path)
    send_parcel(writer, bought)
    send_export(writer, sold)
    number = "46122026E000000002"
    names = {name: sold["603"]["head"][name] for name in ("ebpCode", "orderNo", "ebcCode", "agentCode")}
    writer.send(again(cancel(bought["621"], number), **names))
    writer.send(again(refund(bought["621"], number, {1: "1"}), **names))
    writer.send(export_cancel(sold["603"], FIRST.replace("E", "I")))
    writer.send(export_return(sold["603"], FIRST.replace("E", "I"), {1: ("1", "1")}))
    writer.send(tally(sold["603"], FIRST.replace("E", "I")))
    assert answers(outcome_of(writer))[-5:] == ["rejected declaration.unknown"] * 5
    assert statuses(writer) == ["800", "800"]


# --- Manifest, arrival, departure ----------------------------------------------------------------------------------


def test_from_acceptance_to_departure(tmp_path: Path) -> None:
    first, second = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, first, second)
    both = [first["505"], second["505"]]
    for document in (manifest(both), arrival(both), departure(both)):
        writer.send(document)
    assert answers(outcome_of(writer))[-3:] == ["accepted"] * 3
    assert statuses(writer) == ["899", "899"]


@pytest.mark.parametrize("kind", ["607", "507", "509"])
def test_as_a_whole_or_not_at_all(tmp_path: Path, kind: str) -> None:
    first, other = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, first)
    make = MAKERS[kind]
    writer.send(make([first["505"], other["505"]]))
    assert last(outcome_of(writer)) == "rejected declaration.unknown"
    assert statuses(writer) == ["800"]
    writer.send(make([first["505"]]))  # nothing was stored: the number is free
    writer.send(export_cancel(first["603"], FIRST))
    ends = {"607": ["accepted", "accepted"], "507": ["accepted", "rejected declaration.state"]}
    assert answers(outcome_of(writer))[-2:] == ends.get(kind, ends["507"])


def test_another_carrier_has_other_parcels(tmp_path: Path) -> None:
    subject = export_parcel(1, carrier=zone.CARRIER)
    writer = case(tmp_path, subject)
    for make in (manifest, arrival, departure):
        writer.send(again(make([subject["505"]]), logisticsCode=zone.SHIPPER))
    assert answers(outcome_of(writer))[-3:] == ["rejected declaration.unknown"] * 3


def test_what_is_held_arrives_but_does_not_leave(tmp_path: Path) -> None:
    subject, other = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, subject, selection=INSPECT)
    for document in (manifest([subject["505"]]), arrival([subject["505"]]), departure([subject["505"]])):
        writer.send(document)
    writer.send(departure([subject["505"], other["505"]]))
    assert answers(outcome_of(writer))[-4:] == [
        "accepted",
        "accepted",
        "rejected declaration.state",
        "rejected declaration.state;declaration.unknown",
    ]
    assert statuses(writer) == ["500"]


def test_what_waits_was_refused_or_is_closed_is_no_accepted_list(tmp_path: Path) -> None:
    waiting, refused, closed, cancelled = (export_parcel(number) for number in range(1, 5))
    writer = case(tmp_path, closed, cancelled, {**refused, "603": again(refused["603"], packNo="2")})
    writer.send(waiting["603"])
    writer.send(departure([closed["505"]], cop_no="first"))
    writer.send(export_cancel(cancelled["603"], SECOND))
    for subject in (waiting, refused, closed, cancelled):
        for make in (manifest, arrival, departure):
            writer.send(make([subject["505"]]))
    assert set(answers(outcome_of(writer))[-12:]) == {"rejected declaration.unknown"}


def test_a_parcel_stands_for_the_newest_list(tmp_path: Path) -> None:
    subject = export_parcel(1)
    writer = case(tmp_path, subject)
    writer.send(arrival([subject["505"]]))
    other = export_parcel(2)
    writer.send(other["303"])
    writer.send(again(other["603"], logisticsNo=subject["505"]["head"]["logisticsNo"]))
    writer.send(departure([subject["505"]]))
    assert statuses(writer) == ["800", "899"]


@pytest.mark.parametrize("kind", ["607", "507", "509"])
def test_drafts_repeats_changes_and_deletions(tmp_path: Path, kind: str) -> None:
    subject, other = export_parcel(1), export_parcel(2)
    writer = case(tmp_path, subject, other, selection=INSPECT if kind != "509" else None)
    make = MAKERS[kind]
    document = make([subject["505"]])
    change, delete = again(document, appType="2"), again(document, appType="3")
    draft, older = again(document, appStatus="1"), again(document, appTime="20260101000000")
    for sent in (change, delete, draft, older, change, delete, again(change, msgSeqNo="2")):
        writer.send(sent)
    writer.send(make([other["505"]]))  # the number again
    writer.send(again(document, items=[*document["items"], *document["items"]]))
    assert answers(outcome_of(writer))[6:] == [
        *(["rejected document.unknown"] * 2),
        *(["accepted"] * 2),
        *(["rejected document.in_use"] * 2),
        "rejected document.unknown",
        "accepted",
        "rejected document.items",
    ]
    assert statuses(writer) == (["899", "899"] if kind == "509" else ["500", "500"])


def test_a_draft_of_a_departure_names_what_it_likes(tmp_path: Path) -> None:
    subject = export_parcel(1)
    writer = case(tmp_path, subject)
    writer.send(again(departure([subject["505"], export_parcel(2)["505"]]), appStatus="1"))
    assert last(outcome_of(writer)) == "accepted"
    assert statuses(writer) == ["800"]


def test_an_arrival_without_parcels_is_taken(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(again(arrival([export_parcel(1)["505"]]), items=[]))
    assert last(outcome_of(writer)) == "accepted"


@pytest.mark.parametrize(
    ("make", "sender", "expected"),
    [
        (manifest, zone.AGENT, "accepted"),
        (manifest, SHOP, "rejected party.sender"),
        (arrival, zone.OPERATOR, "accepted"),
        (arrival, zone.SHIPPER, "accepted"),
        (arrival, zone.AGENT, "rejected party.sender"),
        (departure, zone.SHIPPER, "accepted"),
        (departure, zone.OPERATOR, "rejected party.sender"),
    ],
)
def test_who_may_send(tmp_path: Path, make: Any, sender: str, expected: str) -> None:
    subject = export_parcel(1)
    writer = case(tmp_path, subject)
    writer.send(make([subject["505"]]), sender=sender)
    assert last(outcome_of(writer)) == expected


# --- Return and tally ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("mode", ["9610", "1210"])
def test_what_comes_back_is_stock_again_when_it_is_tallied(tmp_path: Path, mode: str, closed: bool) -> None:
    subject = export_parcel(1, [line("cream", "3", qty1="0.9"), line("wine", "1", qty1="0.75")], mode=mode)
    writer = case(tmp_path, subject)
    if closed:
        writer.send(departure([subject["505"]]))
    whole = "500" if mode == "9610" else "497"
    writer.send(export_return(subject["603"], FIRST, {1: ("1", "0.3")}))
    assert (statuses(writer), stock(writer)) == (["part_returned"], whole)
    writer.send(tally(subject["603"], FIRST))
    assert (statuses(writer), stock(writer)) == (["part_returned"], "500" if mode == "9610" else "498")
    writer.send(tally(subject["603"], FIRST))  # nothing new has come back
    assert last(outcome_of(writer)) == "rejected return.untallied"
    assert stock(writer) == ("500" if mode == "9610" else "498")
    writer.send(export_return(subject["603"], FIRST, {1: ("2", "0.6"), 2: ("1", "0.75")}))
    writer.send(tally(subject["603"], FIRST))
    assert (statuses(writer), stock(writer), stock(writer, "R004")) == (["returned"], "500", "500")
    assert [answer for answer in answers(outcome_of(writer)) if answer != "accepted"] == ["rejected return.untallied"]


@pytest.mark.parametrize(
    ("head", "item", "expected"),
    [
        ({}, {}, "accepted"),
        ({"logisticsNo": "INBOUND-1", "ebpCode": zone.PLATFORM_2}, {"gname": "x", "unit1": "999"}, "accepted"),
        ({"appTime": "20270618100000"}, {}, "accepted"),
        ({"appTime": "20200101000000"}, {}, "accepted"),
        ({"appTime": LATE}, {}, "rejected return.late"),
        ({"appTime": "99999999999999"}, {}, "rejected return.late"),
        ({"tradeMode": "1261"}, {}, "rejected return.mode"),
        ({"tradeMode": "9610"}, {}, "rejected return.mode"),
        ({"tradeMode": None}, {}, "rejected return.mode"),
        ({}, {"gnum": "2"}, "rejected return.quantity"),
        ({}, {"gcode": "3304990020"}, "rejected return.quantity"),
        ({}, {"unit": "006"}, "rejected return.quantity"),
        ({}, {"qty": "3.00001"}, "rejected return.quantity"),
        ({}, {"qty1": "0.90001"}, "rejected return.quantity"),
        ({}, {"qty": "0"}, "rejected return.quantity"),
        ({}, {"qty": "-1"}, "rejected return.quantity"),
        ({}, {"qty1": "0.00000"}, "rejected return.quantity"),
        (
            {"appTime": LATE, "tradeMode": "1261"},
            {"qty": "4"},
            "rejected return.late;return.mode;return.quantity",
        ),
        ({"invtNo": SECOND}, {}, "rejected declaration.unknown"),
        ({"ebcCode": zone.SHOP_2}, {}, "rejected declaration.unknown"),
        ({"agentCode": SHOP}, {}, "rejected declaration.unknown"),
        ({"appType": "2"}, {}, "rejected document.unknown"),
        ({"appType": "3"}, {}, "rejected document.unknown"),
        ({"appStatus": "1"}, {"qty": "99"}, "accepted"),
    ],
)
def test_what_may_come_back(tmp_path: Path, head: dict[str, Any], item: dict[str, Any], expected: str) -> None:
    subject = export_parcel(1, [line("cream", "3", qty1="0.9")])
    writer = case(tmp_path, subject)
    request = again(export_return(subject["603"], FIRST, {1: ("1", "0.3")}), **head)
    request["items"][0].update(item)
    writer.send(request, sender=SHOP if "agentCode" in head else "")
    assert last(outcome_of(writer)) == expected
    taken = expected == "accepted" and "appStatus" not in head
    assert statuses(writer) == ["part_returned" if taken else "800"]


def test_no_more_comes_back_than_went_out(tmp_path: Path) -> None:
    subject = export_parcel(1, [line("cream", "3", qty1="0.9"), line("wine")])
    writer = case(tmp_path, subject)
    part = export_return(subject["603"], FIRST, {1: ("2", "0.9")})
    writer.send(part, part)  # 1 is left for the second
    writer.send(again(part, items=[*part["items"], *part["items"]]))
    writer.send(export_return(subject["603"], FIRST, {1: ("1", "0.9")}))  # qty1 is held against the list alone
    assert answers(outcome_of(writer))[-3:] == [
        "accepted return.quantity",
        "rejected document.items",
        "accepted",
    ]


@pytest.mark.parametrize("action", ["inspect", "review"])
def test_what_is_held_does_not_come_back(tmp_path: Path, action: str) -> None:
    subject = export_parcel(1)
    writer = case(tmp_path, subject, selection=[{**INSPECT[0], "action": action}])
    writer.send(export_return(subject["603"], FIRST, {1: ("1", "1")}))
    assert last(outcome_of(writer)) == "rejected declaration.state"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "accepted"),
        ({"invtNo": None}, "rejected declaration.unknown"),
        ({"invtNo": SECOND}, "rejected declaration.unknown"),
        ({"logisticsNo": "INBOUND-1"}, "rejected declaration.unknown"),
        ({"logisticsCode": zone.CARRIER_2}, "rejected declaration.unknown"),
        ({"appType": "2"}, "rejected document.unknown"),
        ({"appType": "3"}, "rejected document.unknown"),
        ({"appStatus": "1"}, "accepted"),
    ],
)
def test_what_a_tally_must_name(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    subject = export_parcel(1, mode="1210")
    writer = case(tmp_path, subject)
    writer.send(export_return(subject["603"], FIRST, {1: ("1", "1")}))
    writer.send(again(tally(subject["603"], FIRST), **fields))
    assert last(outcome_of(writer)) == expected
    assert stock(writer) == ("500" if fields == {} else "499")


def test_what_did_not_come_back_is_not_tallied(tmp_path: Path) -> None:
    subject = export_parcel(1, mode="1210")
    writer = case(tmp_path, subject)
    writer.send(tally(subject["603"], FIRST))
    writer.send(again(export_return(subject["603"], FIRST, {1: ("1", "1")}), appStatus="1"))
    writer.send(tally(subject["603"], FIRST))
    assert [answers(outcome_of(writer))[place] for place in (3, 5)] == ["rejected return.untallied"] * 2
    assert stock(writer) == "499"


def test_before_the_rule_there_is_no_window(tmp_path: Path) -> None:
    for as_of, expected in (("2020-03-26T12:00:00+08:00", "accepted"), ("2020-03-27T12:00:00+08:00", "rejected")):
        subject = export_parcel(1)
        writer = new(tmp_path / as_of[:10])
        writer.as_of = as_of
        send_export(writer, subject, ("303", "403", "505"))
        number = FIRST.replace("2026", "2020")
        writer.send(again(export_return(subject["603"], number, {1: ("1", "1")}), appTime=LATE))
        assert answers(outcome_of(writer))[-1].split()[0] == expected
