"""Machine books over HTTP: what programs of an exporter do, what officers read, how it is told where it is wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from identity.made import member, officer
from machinery.made import BILL, EXPORTER, MACHINE, OTHER, table
from machinery.test_imports import as_ubl, as_xlsx
from silkgate.kernel.clock import china_day
from silkgate.machinery import models
from silkgate.machinery.rest import XLSX

TODAY = china_day(datetime.now(UTC))
"""The day of the running site, whose clock nobody sets."""


def call(client: Client, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
    """The answer to a request below /api/v1/machinery/, which has to be `status`."""
    options = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    answer = getattr(client, method)(f"/api/v1/machinery/{path}", headers=headers, **options)
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def put_bill(client: Client, number: int, content: bytes, kind: str = "text/csv", status: int = 200) -> Any:
    answer = client.put(f"/api/v1/machinery/books/{number}/parts", content, content_type=kind)
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def wanted(**changes: Any) -> dict[str, Any]:
    export_day = (TODAY - timedelta(days=30)).isoformat()
    return {
        **MACHINE,
        "organisation": EXPORTER,
        "serial_nos": ["GP200-0001", "GP200-0002"],
        "export_day": export_day,
        "warranty_months": 12,
        **changes,
    }


def shipment(*lines: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "organisation": EXPORTER,
        "number": "SP-1",
        "contract_no": MACHINE["contract_no"],
        "day": TODAY.isoformat(),
        "lines": list(lines),
        **changes,
    }


@pytest.fixture
def mei(firms: None) -> Client:
    return member("mei", EXPORTER, "declarant")


@pytest.fixture
def declared(mei: Client) -> int:
    """Number of a declared book."""
    number = int(call(mei, "post", "books", wanted(), 201)["id"])
    put_bill(mei, number, table())
    call(mei, "post", f"books/{number}/declare", {})
    return number


def pointers(problem: Any) -> list[str]:
    return [one["pointer"] for one in problem["errors"]]


def test_from_a_book_to_a_shipment_and_back(mei: Client) -> None:
    made = call(mei, "post", "books", wanted(), 201)
    assert (made["state"], made["value"], made["serial_nos"]) == ("draft", "86000.00", ["GP200-0001", "GP200-0002"])
    assert put_bill(mei, made["id"], table()) == {"book": made["id"], "rows": 6, "parts": 5}
    assert call(mei, "post", f"books/{made['id']}/declare", {})["state"] == "declared"
    parts = {one["part_no"]: one for one in call(mei, "get", f"books/{made['id']}/parts")["items"]}
    assert (parts["SEAL-3"]["built_in"], parts["SEAL-3"]["left"], parts["MOT-15"]["by_serial"]) == ("12", "12", True)
    rows = call(mei, "get", f"books/{made['id']}/components?limit=4")
    assert (len(rows["items"]), rows["items"][1]) == (4, {"parent": "PMP-20", "part_no": "VLV-08", "quantity": "2"})
    assert len(mei.get(rows["next"]).json()["items"]) == 2

    sent = call(
        mei, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "2"}, {"serial_no": "M-77101"}), 201
    )
    assert (sent["without_tax"], sent["state"], sent["lines"][1]["part_no"]) == (True, "free", "MOT-15")
    (rule,) = sent["reasons"]
    assert (rule["code"], rule["verified"], rule["help"]) == ("spare.free", False, "/help/spare.free")
    assert "免征税" in rule["zh"]
    again = call(
        mei, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "2"}, {"serial_no": "M-77101"}), 201
    )
    assert again == sent
    other = call(mei, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "1"}), 409)
    assert other["code"] == "request.conflict"

    assert call(mei, "post", f"shipments/{sent['id']}/cancel", {})["state"] == "cancelled"
    parts = {one["part_no"]: one for one in call(mei, "get", f"books/{made['id']}/parts")["items"]}
    assert parts["VLV-08"]["left"] == "4"


def test_a_refused_shipment_says_why_and_what_instead(mei: Client, declared: int) -> None:
    sent = call(
        mei,
        "post",
        "shipments",
        shipment({"part_no": "VLV-08", "quantity": "9"}, {"part_no": "X", "quantity": "1"}),
        201,
    )
    assert (sent["without_tax"], sent["state"], sent["book"]) == (False, "refused", declared)
    first, second = sent["reasons"]
    assert (first["code"], first["line"], first["found"], first["needed"]) == ("spare.quantity", 1, "9", "4")
    assert (second["code"], second["line"]) == ("spare.unknown_part", 2)
    assert all(one["mend_zh"] and one["mend_en"] for one in sent["reasons"])
    assert [one["number"] for one in call(mei, "get", "shipments?state=refused")["items"]] == ["SP-1"]
    assert call(mei, "get", "shipments?state=free")["items"] == []


@pytest.mark.parametrize(("kind", "content"), [("application/xml", as_ubl()), (XLSX, as_xlsx())], ids=["ubl", "xlsx"])
def test_a_bill_comes_in_other_formats(mei: Client, kind: str, content: bytes) -> None:
    number = call(mei, "post", "books", wanted(), 201)["id"]
    assert put_bill(mei, number, content, kind)["parts"] == 5


def test_a_bill_is_told_row_by_row_and_nothing_is_taken(mei: Client) -> None:
    number = call(mei, "post", "books", wanted(), 201)["id"]
    bad = table([*BILL, ("A", "NONE", "零件", "12", "007", "0", "", "1")])
    assert pointers(put_bill(mei, number, bad, status=422)) == ["#/rows/8/gcode", "#/rows/8/quantity"]
    assert not models.Part.objects.exists()
    many = table([("A", "", "", "", "", "", "", "")] * 400)
    assert len(put_bill(mei, number, many, status=422)["errors"]) == 200
    assert put_bill(mei, number, b"<x/>", "application/xml", 422)["errors"]
    assert put_bill(mei, number, b"%PDF", "application/pdf", 415)["code"] == "request.media_type"
    assert call(mei, "post", f"books/{number}/declare", {}, 409)["code"] == "request.conflict"


def test_what_is_wrong_stands_at_its_member(mei: Client, declared: int) -> None:
    told = call(mei, "post", "books", wanted(contract_no="Z-2", gcode="1", buyer_country="ZZ"), 422)
    assert set(pointers(told)) == {"#/gcode", "#/buyer_country"}
    assert pointers(call(mei, "post", "books", wanted(), 422)) == ["#/contract_no"], "it has a book already"
    bad = shipment({"part_no": "VLV-08", "quantity": "1"}, {"quantity": "0"}, number="a b", day="tomorrow")
    assert set(pointers(call(mei, "post", "shipments", bad, 422))) == {
        "#/number", "#/day", "#/lines/1/part_no", "#/lines/1/quantity",
    }  # fmt: skip
    late = shipment({"part_no": "VLV-08", "quantity": "1"}, day=(TODAY - timedelta(days=1)).isoformat())
    assert pointers(call(mei, "post", "shipments", late, 422)) == ["#/day"]


def test_search_keeps_to_what_one_may_see(mei: Client, declared: int) -> None:
    (hit,) = call(mei, "get", "search?q=m-77101")
    assert (hit["kind"], hit["part_no"], hit["contract_no"]) == ("serial", "MOT-15", MACHINE["contract_no"])
    stranger = member("tan", OTHER, "declarant")
    assert call(stranger, "get", "search?q=m-77101") == []
    customs = officer("chen", ["declarations"])
    assert len(call(customs, "get", "search?q=VLV")) == 1


def test_others_books_and_shipments_do_not_exist(mei: Client, declared: int) -> None:
    sent = call(mei, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "1"}), 201)["id"]
    stranger = member("tan", OTHER, "declarant")
    for path in (f"books/{declared}", f"books/{declared}/parts", f"books/{declared}/components", f"shipments/{sent}"):
        assert call(stranger, "get", path, status=404)["code"] == "request.not_found"
    put_bill(stranger, declared, table(), status=404)
    call(stranger, "post", f"shipments/{sent}/cancel", {}, 404)
    call(stranger, "post", "books", wanted(), 403)
    call(stranger, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "1"}), 403)


def test_officers_read_all_and_declare_nothing(mei: Client, declared: int) -> None:
    customs = officer("chen", ["declarations"])
    assert [one["id"] for one in call(customs, "get", "books")["items"]] == [declared]
    assert call(customs, "get", "shipments")["items"] == []
    call(customs, "post", "books", wanted(), 403)
    call(customs, "post", f"books/{declared}/declare", {}, 403)


def test_a_reader_reads(mei: Client, declared: int) -> None:
    reader = member("lin", EXPORTER, "reader")
    assert call(reader, "get", f"books/{declared}")["id"] == declared
    call(reader, "post", "shipments", shipment({"part_no": "VLV-08", "quantity": "1"}), 403)
