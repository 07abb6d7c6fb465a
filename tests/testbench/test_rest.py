"""The bench over HTTP: what it takes, what it refuses and how, page by page, byte for byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from identity.made import FOREIGN, member
from silkgate.standards.netstrings import as_netstrings
from silkgate.testbench import actions
from silkgate.testbench.scenarios import published
from testbench.played import CODE, DAY, NAME, scenario_named, sent

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)
OWN = f"/api/v1/testbench/{CODE}"
XML, NETSTRINGS = "application/xml", "application/vnd.silkgate.netstrings"


@pytest.fixture
def tester(database: str) -> Client:
    """A declarant of the firm, with the token that a browser's session needs to write."""
    client = member("chen", CODE, "declarant")
    client.get(f"/testbench/of/{CODE}")
    client.defaults["HTTP_X_CSRFTOKEN"] = client.cookies["csrftoken"].value
    return client


def run(client: Client, body: bytes, kind: str = XML, query: str = "") -> tuple[int, Any]:
    answer = client.post(f"{OWN}/runs{query}", body, content_type=kind)
    return answer.status_code, json.loads(answer.content)


def test_a_scenario_is_played_and_read_again(tester: Client) -> None:
    scenario = scenario_named("ebp.change")
    data = tester.get(f"{OWN}/scenarios/ebp.change?law_day=2026-06-18").json()
    assert [step["kind"] for step in data["steps"] if step["who"] == "you"] == ["311", "311"]
    raws = [raw.replace(NAME.encode(), data["steps"][0]["head"]["ebpName"].encode()) for raw in sent(scenario)]
    status, told = run(tester, as_netstrings(raws), NETSTRINGS, "?scenario=ebp.change&law_day=2026-06-18")
    assert (status, told["passed"]) == (201, True)
    assert tester.get(told["href"]).json() == told
    files = {file["number"]: file for file in told["files"]}
    assert tester.get(files[1]["href"]).content == raws[0]
    receipts = [file for file in told["files"] if file["who"] == "customs"]
    assert all(file["kind"].encode() in tester.get(file["href"]).content for file in receipts)
    assert {file["message"] for file in receipts} == {1, 2, 3, 4, 5}
    covered = tester.get(f"{OWN}/coverage?role=ebp").json()
    assert {one["scenario"]: one["state"] for one in covered["scenarios"]}["ebp.change"] == "done"
    assert covered["complete"] is False


def test_exports_are_covered_apart_and_asked_of_nobody(tester: Client) -> None:
    """A firm that has shown all that imports ask for gets its statement; what it shows of exports stands beside it."""
    for scenario in published().of_role("ebp", "import"):
        actions.run((CODE, NAME), sent(scenario), day=DAY, scenario=scenario, by="chen", at=AT)
    covered = tester.get(f"{OWN}/coverage?role=ebp").json()
    exports = {one["scenario"]: one for one in covered["scenarios"] if one["direction"] == "export"}
    assert covered["complete"] is True
    assert {one["state"] for one in exports.values()} == {"not_yet"}
    assert not any(one["required"] for one in exports.values())
    assert (exports["ebp.export"]["kinds"], exports["ebp.export"]["modes"]) == (["303"], ["9610"])
    assert exports["ebp.export_bonded"]["modes"] == ["1210"]
    scenario = scenario_named("ebp.export_bonded")
    assert actions.run((CODE, NAME), sent(scenario), day=DAY, scenario=scenario, by="chen", at=AT).passed
    covered = tester.get(f"{OWN}/coverage?role=ebp").json()
    assert {one["scenario"] for one in covered["scenarios"] if one["state"] == "done"} == {
        "ebp.export_bonded",
        *(one.id for one in published().of_role("ebp", "import")),
    }


def test_messages_as_they_are(tester: Client) -> None:
    status, told = run(tester, sent(scenario_named("ebp.bonded"))[0], query="?law_day=2026-06-18")
    assert (status, told["passed"], told["checks"]) == (201, None, [])
    (message,) = told["messages"]
    assert (message["outcome"], message["receipts"]) == ("accepted", ["312"])


REFUSED = {
    "no message": (b"", XML, "", 400, "exchange.empty"),
    "another type": (b"{}", "application/json", "", 415, "exchange.media_type"),
    "no such scenario": (b"<a/>", XML, "?scenario=ebp.none", 404, "request.not_found"),
    "no law on that day": (b"<a/>", XML, "?law_day=2016-04-07", 422, "request.invalid"),
    "no day": (b"<a/>", XML, "?law_day=x", 422, "request.invalid"),
    "too many": (as_netstrings([b"<a/>"] * 101), NETSTRINGS, "", 422, "testbench.refused"),
    "netstrings cut off": (b"9:<a/>,", NETSTRINGS, "", 400, "exchange.netstrings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, tester: Client) -> None:
    body, kind, query, status, code = REFUSED[name]
    told = run(tester, body, kind, query)
    assert (told[0], told[1]["code"]) == (status, code)
    assert told[1]["detail_zh"]
    assert tester.get(f"{OWN}/runs").json()["items"] == []


def test_runs_page_by_page(tester: Client) -> None:
    made = [actions.run((CODE, NAME), [b"<a/>"], day=DAY, scenario=None, by="chen", at=AT).id for _ in range(5)]
    address, seen = f"{OWN}/runs?limit=2", []
    while address:
        page = tester.get(address).json()
        seen += [one["id"] for one in page["items"]]
        address = page["next"]
    assert seen == made[::-1]


def test_another_organisations_run_is_not_there(tester: Client) -> None:
    other = actions.run((FOREIGN, ""), [b"<a/>"], day=DAY, scenario=None, by="x", at=AT)
    assert tester.get(f"{OWN}/runs/{other.id}").status_code == 404
    assert tester.get(f"{OWN}/runs/{other.id}/files/1").status_code == 404
    assert tester.get(f"/api/v1/testbench/{FOREIGN}/runs/{other.id}").status_code == 403


def test_a_certificate_is_one(tester: Client) -> None:
    answer = tester.post(f"{OWN}/certificates", json.dumps({"pem": "x"}), content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["code"], told["errors"][0]["pointer"]) == (422, "request.invalid", "#/pem")


def test_what_is_published_is_for_anybody(database: str) -> None:
    told = Client().get("/api/v1/testbench/scenarios").json()
    assert [one["id"] for one in told] == list(published().scenarios)
    assert {one["direction"] for one in told if one["required"]} == {"import"}
    assert {one["role"] for one in Client().get("/api/v1/testbench/scenarios?role=pay").json()} == {"pay"}
    assert Client().get("/api/v1/testbench/scenarios?role=none").status_code == 422
    assert Client().get(f"{OWN}/coverage?role=ebp").status_code == 401
