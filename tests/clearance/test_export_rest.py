"""What programs see of export lists: lists by direction, one list with what came back, messages, events; who not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from clearance.exported import STATES, invt_no, order_no, tell
from clearance.rig import connector
from identity.made import member, officer, organisation
from oracles.export_keys import NO_CODE
from oracles.zone import BUYERS, CARRIER_2, SHOP
from silkgate.clearance import models
from silkgate.clearance.api import run_case
from silkgate.clearance.consumer import proof, uses
from silkgate.exchange import api as exchange

API = "/api/v1"
IMPORT = "D26060000009"


@pytest.fixture
def played(database: str, tmp_path: Path) -> str:
    run_case(tell(tmp_path / "case"), tmp_path / "out", connector(database))
    organisation(SHOP)
    return database


@pytest.fixture
def seller(played: str) -> Client:
    return member("chen", SHOP, "reader")


def items(client: Client, address: str) -> list[dict[str, Any]]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["items"])


def row(name: str) -> models.Declaration:
    return models.Declaration.objects.get(order_no=order_no(name))


@pytest.mark.parametrize(
    ("query", "names", "with_import"),
    [
        ("", [*STATES], True),
        ("?direction=", [*STATES], True),
        ("?direction=export", [*STATES], False),
        ("?direction=import", [], True),
        ("?direction=export&state=899", ["closed"], False),
        ("?state=899", ["closed"], False),
        ("?state=part_returned&direction=export", ["returned"], False),
        ("?state=800&direction=export", ["arrived"], False),
        ("?state=800&direction=import", [], True),
    ],
)
def test_lists_by_direction(seller: Client, query: str, names: list[str], with_import: bool) -> None:
    found = items(seller, f"{API}/declarations{query}")
    exports = [one for one in found if one["direction"] == "export"]
    assert sorted(one["order_no"] for one in exports) == [order_no(name) for name in names]
    assert [one["order_no"] for one in found if one not in exports] == [IMPORT] * with_import
    assert {(one["dutiable_cents"], one["tax_cents"]) for one in exports} <= {(None, None)}


def test_there_is_no_third_direction(seller: Client) -> None:
    assert seller.get(f"{API}/declarations?direction=transit").status_code == 422


FACTS: dict[str, dict[str, Any] | None] = {
    "closed": {"trade_mode": "9610", "statistics_flag": "A", "arrived": True, "returned": []},
    "returned": {
        "trade_mode": "1210",
        "statistics_flag": "B",
        "arrived": False,
        "returned": [{"gnum": 1, "qty_e5": 300_000, "returned_e5": 200_000, "tallied_e5": 100_000}],
    },
    "waiting": None,
    "refused": None,
    "held": {"trade_mode": "9610", "statistics_flag": "B", "arrived": False, "returned": []},
    "arrived": {"trade_mode": "9610", "statistics_flag": "A", "arrived": True, "returned": []},
}


@pytest.mark.parametrize(("name", "facts"), FACTS.items())
def test_one_list(seller: Client, name: str, facts: dict[str, Any] | None) -> None:
    told = seller.get(f"{API}/declarations/{row(name).id}").json()
    assert (told["direction"], told["state"], told["order_no"]) == ("export", STATES[name], order_no(name))
    assert told["export"] == facts
    assert sorted({finding["code"] for finding in told["findings"]}) == told["reasons"]
    assert told["ebp_code"] == (f"{NO_CODE}/{SHOP}" if name == "closed" else "4101900P01")


def test_an_import_has_no_export_facts(seller: Client) -> None:
    number = models.Declaration.objects.get(order_no=IMPORT).id
    told = seller.get(f"{API}/declarations/{number}").json()
    assert (told["direction"], told["export"]) == ("import", None)
    assert told["tax_cents"] > 0


def test_who_is_no_party_sees_none(played: str) -> None:
    organisation(CARRIER_2)
    other = member("wang", CARRIER_2, "reader")
    assert items(other, f"{API}/declarations?direction=export") == []
    assert other.get(f"{API}/declarations/{row('closed').id}").status_code == 404
    officers = items(officer("zhao", ["declarations"]), f"{API}/declarations?direction=export")
    assert len(officers) == len(STATES)


def test_what_became_of_the_message(played: str) -> None:
    """Whoever knows its name asks what became of it, without an account."""
    for name, state in (("closed", "899"), ("refused", "100")):
        with psycopg.connect(played) as opened:
            sent = opened.execute("select sha256 from exchange_message where id = %s", (row(name).message_id,))
            (digest,) = sent.fetchone() or (b"",)
        told = Client().get(f"{API}/messages/{exchange.message_name(row(name).message_id, bytes(digest))}").json()
        (declared,) = told["declarations"]
        assert (declared["direction"], declared["state"], declared["dutiable_cents"]) == ("export", state, None)
        assert (declared["invt_no"] == invt_no(1)) is (name == "closed")


EVENTS = {
    "closed": {
        "declaration.released": {"invt_no": invt_no(1)},
        "declaration.manifested": {"bill_no": "999-00000001"},
        "declaration.arrived": {"bill_no": "999-00000001"},
        "declaration.departed": {"bill_no": "999-00000001"},
    },
    "returned": {
        "declaration.released": {"invt_no": invt_no(2)},
        "declaration.part_returned": {},
        "declaration.tallied": {},
    },
    "cancelled": {"declaration.released": {"invt_no": invt_no(4)}, "declaration.cancelled": {}},
    "arrived": {"declaration.released": {"invt_no": invt_no(5)}, "declaration.arrived": {"bill_no": "999-00000001"}},
}


@pytest.mark.parametrize(("name", "events"), EVENTS.items())
def test_events_of_a_list(seller: Client, name: str, events: dict[str, dict[str, Any]]) -> None:
    href = f"{API}/declarations/{row(name).id}"
    told = [one for one in items(seller, f"{API}/events?limit=100") if one["subject"] == href]
    assert {one["type"]: one["data"] for one in told} == events


def test_lists_are_no_use_of_an_identity(played: str) -> None:
    """Nobody's allowance, nobody's proof: an export list names no person."""
    number, name = BUYERS[0]
    year = models.Declaration.objects.get(order_no=IMPORT).stored_at.year
    stated = uses.statement(number, year)
    assert [one.order_no for one in uses.uses(stated).lines] == [IMPORT]
    for export in STATES:
        claim = proof.Claim(number, name, order_no(export))
        assert not proof.knows_a_parcel(claim), "an export's number proves nobody"
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger_account where kind = 'allowance'")
        assert cursor.fetchone() == (1,)
