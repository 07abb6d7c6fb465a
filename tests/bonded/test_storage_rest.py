"""Storage over HTTP: a lot in, orders out, a month declared; refusals name their rule; others' is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from bonded import kept
from bonded.kept import BOOK, DRILL, OTHER, OWNER, WAREHOUSE
from identity.made import member, officer
from silkgate.bonded.storage.models import StorageDraw, StorageLot
from silkgate.kernel.clock import china_day

THIS_MONTH = f"{china_day(datetime.now(UTC)):%Y-%m}"
LINE = {
    "item_no": "DRILL-18V",
    "gcode": DRILL,
    "name": "电钻",
    "unit": "001",
    "quantity": "100",
    "statutory_quantity": "100",
    "origin": "142",
    "value": "1000.00",
}
LOT = {"organisation": OWNER, "number": "LOT-1", "warehouse": WAREHOUSE, "book": BOOK, "lines": [LINE]}
ORDER = {
    "organisation": OWNER,
    "number": "SO-1",
    "book": BOOK,
    "direction": "export",
    "lines": [{"item_no": "DRILL-18V", "unit": "001", "quantity": "30"}],
}
MONTH = {"organisation": OWNER, "book": BOOK, "direction": "export", "month": THIS_MONTH}


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"/api/v1/storage/{path}", body, content_type="application/json")


def get(client: Client, path: str) -> Any:
    return client.get(f"/api/v1/storage/{path}")


@pytest.fixture
def clerk(storage: None) -> Client:
    return member("clerk", OWNER, "declarant")


def test_from_entry_to_declaration(clerk: Client) -> None:
    lot = post(clerk, "lots", LOT)
    assert lot.status_code == 201
    assert post(clerk, "lots", LOT).json()["id"] == lot.json()["id"], "sent again it enters once"
    draw = post(clerk, "draws", ORDER)
    assert draw.status_code == 201
    assert [(one["lot"], one["quantity"], one["value"]) for one in draw.json()["takings"]] == [
        ("LOT-1", "30", "300.00")
    ]
    (line,) = get(clerk, f"lots/{lot.json()['id']}").json()["lines"]
    assert (line["quantity"], line["drawn"], line["left"]) == ("100", "30", "70")
    (open_month,) = get(clerk, "undeclared").json()
    assert (open_month["month"], open_month["draws"], open_month["value"]) == (THIS_MONTH, 1, "300.00")
    made = post(clerk, "declarations", MONTH)
    assert made.status_code == 201
    assert made.json()["data"]["lines"][0]["quantity"] == "30"
    assert get(clerk, f"declarations/{made.json()['id']}").json() == made.json()
    (item,) = get(clerk, "book").json()["items"]
    assert (item["entered"], item["declared"], item["drawn"], item["stock"]) == ("100", "30", "0", "70")
    assert get(clerk, "undeclared").json() == []
    assert [one["number"] for one in get(clerk, "lots").json()["items"]] == ["LOT-1"]
    assert [one["id"] for one in get(clerk, "declarations").json()["items"]] == [made.json()["id"]]
    assert get(clerk, f"draws/{draw.json()['id']}").json()["takings"][0]["declaration"] == made.json()["id"]


def test_a_rule_that_is_broken_is_named_with_what_is_left(clerk: Client) -> None:
    post(clerk, "lots", LOT)
    refused = post(clerk, "draws", ORDER | {"lines": [{"item_no": "DRILL-18V", "unit": "001", "quantity": "101"}]})
    assert refused.status_code == 409
    (rule,) = refused.json()["rules"]
    assert (rule["code"], rule["found"], rule["needed"], rule["line"]) == ("storage.insufficient", "101", "100", 1)
    assert "只剩100" in refused.json()["detail_zh"]
    assert rule["help"] == "/help/storage.insufficient"
    assert not StorageDraw.objects.exists()


def test_what_cannot_be_read_is_told_at_its_place(clerk: Client) -> None:
    refused = post(clerk, "lots", LOT | {"book": "T1", "lines": [LINE, LINE | {"unit": "999"}]})
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["#/book", "#/lines/1/unit"]
    assert post(clerk, "lots", LOT | {"lines": [LINE | {"quantity": "1e9"}]}).status_code == 422
    assert post(clerk, "declarations", MONTH | {"month": "2026-13"}).status_code == 422
    assert not StorageLot.objects.exists()


WHO = {
    "a reader of the firm": (lambda: member("reader", OWNER, "reader"), 200, 403),
    "another firm": (lambda: member("other", OTHER, "declarant"), 404, 403),
    "an officer": (lambda: officer("guan", ["declarations"]), 200, 403),
    "an officer with another duty": (lambda: officer("shui", ["filings"]), 403, 403),
    "nobody": (Client, 401, 401),
}


@pytest.mark.parametrize("who", WHO, ids=list(WHO))
def test_who_reads_and_who_acts(clerk: Client, who: str) -> None:
    number = post(clerk, "lots", LOT).json()["id"]
    opened, reads, acts = WHO[who]
    client = opened()
    assert get(client, f"lots/{number}").status_code == reads
    for path, body in (("lots", LOT | {"number": "LOT-2"}), ("draws", ORDER), ("declarations", MONTH)):
        assert post(client, path, body).status_code == acts
    assert not StorageDraw.objects.exists()


def test_officers_see_all_lots_and_pages_go_on(clerk: Client) -> None:
    for number in range(3):
        post(clerk, "lots", LOT | {"number": f"LOT-{number}"})
    guan = officer("guan", ["operations"])
    first = get(guan, "lots?limit=2").json()
    assert [one["number"] for one in first["items"]] == ["LOT-2", "LOT-1"]
    rest = guan.get(first["next"]).json()
    assert [one["number"] for one in rest["items"]] == ["LOT-0"]
    assert get(guan, f"lots?organisation={OTHER}").json()["items"] == []
    assert get(guan, f"book?organisation={OWNER}").json()["items"][0]["stock"] == "300"
    assert get(guan, "book").status_code == 422, "an officer says whose"


def test_the_storage_book_in_pages(clerk: Client) -> None:
    lines = [LINE | {"item_no": f"ITEM-{place}"} for place in range(3)]
    post(clerk, "lots", LOT | {"lines": lines})
    first = get(clerk, "book?limit=2").json()
    assert [one["item_no"] for one in first["items"]] == ["ITEM-0", "ITEM-1"]
    assert [one["item_no"] for one in clerk.get(first["next"]).json()["items"]] == ["ITEM-2"]


def test_a_guarantee_that_is_short_is_told(clerk: Client) -> None:
    refused = post(clerk, "lots", LOT | {"lines": [LINE | {"value": "100000.00"}]})
    assert refused.json()["rules"][0]["code"] == "storage.guarantee"
    assert kept.BOOK not in refused.json()["detail"]
