"""The registry over HTTP: what pages do, by programs; others' matters do not exist; refusals say where."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from registry.made import (
    APPROVER,
    CODE,
    DAY,
    NOW,
    OTHER,
    REVIEWER,
    answers,
    apply_and_submit,
    approve,
    credit_code,
    officer,
    on_file,
    picture,
)
from silkgate.casework import api as casework
from silkgate.identity.api import Actor
from silkgate.registry import api as registry
from silkgate.registry.declared import papers_of

if TYPE_CHECKING:
    from django.test import Client

API = "/api/v1"
Visitor = Callable[..., "Client"]

ITEM = {
    "item_no": "A-1",
    "name": "保湿面霜",
    "hs_code": "3304990029",
    "brand": "Rui",
    "origin": "609",
    "unit": "035",
}


@pytest.fixture
def firm(visitor: Visitor) -> Client:
    return visitor("merchant", code=CODE)


def sent(client: Client, path: str, body: Any = None, status: int = 200, **named: Any) -> Any:
    """What a POST answers, which has to be answered with `status`."""
    given = {"data": json.dumps(body)} if body is not None else {}
    answer = client.post(f"{API}{path}", content_type="application/json", **given, **named)
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def got(client: Client, path: str, status: int = 200) -> Any:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == status, answer.content.decode()
    return answer.json()


def bring(client: Client, number: int, paper: str, content: bytes, kind: str = "image/png") -> Any:
    return client.post(f"{API}/filings/{number}/papers/{paper}", content, content_type=kind)


def pointers(problem: Any) -> set[str]:
    return {one["pointer"] for one in problem["errors"]}


# --- Filings ----------------------------------------------------------------------------------------------------------


def test_a_filing_from_asking_what_is_needed_to_the_record(firm: Client, visitor: Visitor) -> None:
    asked = sent(firm, "/filings/asked", {"roles": ["ebc"]})
    needed = {field["key"] for field in asked["fields"] if field["needed"]}
    given = answers()
    assert needed <= set(given)
    made = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": given}, 201)
    assert (made["state"], made["data"], made["base_version"]) == ("draft", given, 0)
    assert {one["field"] for one in made["missing"]} == {one["key"] for one in asked["papers"]}
    number = made["id"]
    refused = sent(firm, f"/filings/{number}/submit", status=422)
    assert pointers(refused) == {f"#/{one['key']}" for one in asked["papers"]}
    for seed, paper in enumerate(asked["papers"]):
        answer = bring(firm, number, paper["key"], picture(seed))
        assert answer.status_code == 201, answer.content
    assert answer.json()["missing"] == []
    assert sent(firm, f"/filings/{number}/submit")["state"] == "submitted"
    sent(firm, f"/filings/{number}/submit", status=409)
    sent(firm, f"/filings/{number}/amend", {"roles": ["ebc"], "data": given}, 409)
    approve(number, datetime.now(UTC))
    record = got(firm, f"/enterprises/{CODE}")
    assert (record["version"], record["standing"], record["roles"], record["purpose"]) == (1, "active", ["ebc"], "")
    assert {one["key"]: one["value"] for one in record["fields"]} == given
    assert got(firm, "/filings")["items"][0]["state"] == "approved"


def test_a_request_for_papers_is_answered(firm: Client) -> None:
    given = answers()
    number = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": given}, 201)["id"]
    for seed, paper in enumerate(papers_of(["ebc"])):
        bring(firm, number, paper.key, picture(seed))
    sent(firm, f"/filings/{number}/submit")
    at = datetime.now(UTC)
    casework.move(REVIEWER, number, "take", at=at)
    casework.move(REVIEWER, number, "ask", reason="执照照片看不清，请重拍", rule="2018年第194号", at=at)
    asked = got(firm, f"/filings/{number}")
    assert (asked["state"], asked["asked"]) == ("papers_asked", "执照照片看不清，请重拍")
    changed = sent(firm, f"/filings/{number}/amend", {"roles": ["ebc"], "data": given | {"contact_name": "李芳"}})
    assert changed["data"]["contact_name"] == "李芳"
    assert bring(firm, number, papers_of(["ebc"])[0].key, picture(99)).status_code == 201
    assert sent(firm, f"/filings/{number}/submit")["state"] == "in_review"
    assert sent(firm, f"/filings/{number}/withdraw")["state"] == "withdrawn"
    sent(firm, f"/filings/{number}/withdraw", status=409)


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"roles": ["emperor"]}, {"#/roles"}),
        ({"data": {"name_zh": "甲"}}, {"#/data/contact_phone"}),
        ({"data": answers(contact_phone="12")}, {"#/data/contact_phone"}),
        ({"data": answers() | {"shoe_size": "43"}}, {"#/data/shoe_size"}),
        ({"data": answers(credit_code=OTHER)}, {"#/data/credit_code"}),
        ({"organisation": ""}, {"#/organisation"}),
        ({"more": 1}, {"#/more"}),
    ],
)
def test_what_is_wrong_is_told_by_place(firm: Client, change: dict[str, Any], places: set[str]) -> None:
    body = {"organisation": CODE, "roles": ["ebc"], "data": answers()} | change
    refused = sent(firm, "/filings", body, 422)
    assert places <= pointers(refused)
    assert all(one["needed"] and one["needed_zh"] for one in refused["errors"])
    assert got(firm, "/filings")["items"] == []


@pytest.mark.parametrize(
    ("paper", "content", "kind", "status"),
    [
        ("business_license", b"MZ\x90", "image/png", 422),
        ("business_license", picture(1), "application/pdf", 422),
        ("business_license", b"\n", "image/png", 422),
        ("business_license", picture(1), "text/html", 415),
        ("no_such_paper", picture(1), "image/png", 422),
    ],
)
def test_a_paper_that_is_not_taken_leaves_nothing(
    firm: Client, paper: str, content: bytes, kind: str, status: int
) -> None:
    number = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": answers()}, 201)["id"]
    known = papers_of(["ebc"])[0].key if paper == "business_license" else paper
    answer = bring(firm, number, known, content, kind)
    assert answer.status_code == status, answer.content
    assert not any(one["files"] for one in got(firm, f"/filings/{number}")["papers"])


def test_one_matter_at_a_time(firm: Client) -> None:
    body = {"organisation": CODE, "roles": ["ebc"], "data": answers()}
    sent(firm, "/filings", body, 201)
    assert sent(firm, "/filings", body, 409)["code"] == "request.conflict"


def test_the_same_request_again_files_once(firm: Client) -> None:
    body = {"organisation": CODE, "roles": ["ebc"], "data": answers()}
    headers = {"Idempotency-Key": "6c3d8f0e-5d0c-4a44-9d5e-0d1f7b1f6f1a"}
    first = sent(firm, "/filings", body, 201, headers=headers)
    assert sent(firm, "/filings", body, 201, headers=headers) == first
    assert len(got(firm, "/filings")["items"]) == 1


def test_the_list_page_by_page(firm: Client) -> None:
    made = []
    for _ in range(5):
        number = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": answers()}, 201)["id"]
        sent(firm, f"/filings/{number}/withdraw")
        made.append(number)
    found, address = [], f"{API}/filings?limit=2"
    while address:
        told = firm.get(address).json()
        found += [one["id"] for one in told["items"]]
        address = told["next"]
    assert found == made[::-1]


def test_anothers_filing_does_not_exist(firm: Client, visitor: Visitor) -> None:
    number = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": answers()}, 201)["id"]
    stranger = visitor("stranger", code=OTHER)
    got(stranger, f"/filings/{number}", 404)
    for what in ("submit", "withdraw"):
        sent(stranger, f"/filings/{number}/{what}", status=404)
    sent(stranger, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": answers()}, 403)
    assert got(stranger, "/filings")["items"] == []
    got(stranger, f"/filings?organisation={CODE}", 403)


def test_reading_a_filing_is_recorded_with_its_purpose(firm: Client) -> None:
    from silkgate.identity.models import AccessRecord

    number = sent(firm, "/filings", {"organisation": CODE, "roles": ["ebc"], "data": answers()}, 201)["id"]
    AccessRecord.objects.all().delete()
    got(firm, f"/filings/{number}")
    kept = AccessRecord.objects.values_list("action", "subject", "purpose", "allowed")
    assert list(kept) == [("registry.answers", f"filing/{number}", "own_business", True)]


def test_a_program_files_with_the_scope_and_not_without(firm: Client) -> None:
    from django.test import Client
    from oauth2_provider.models import AccessToken, Application

    from silkgate.identity import clients, models

    at = datetime.now(UTC)
    organisation = models.Organisation.objects.get(code=CODE)
    for scope, status in (("filings", 201), ("read", 403)):
        program = clients.make(organisation, scope, [scope], by="merchant", at=at).client
        AccessToken.objects.create(
            application=Application.objects.get(client_id=program.client_id),
            token=scope * 10,
            expires=at + timedelta(hours=1),
            scope=scope,
        )
        headers = {"Authorization": f"Bearer {scope * 10}"}
        body = {"organisation": CODE, "roles": ["ebc"], "data": answers()}
        sent(Client(), "/filings", body, status, headers=headers)


# --- The register -----------------------------------------------------------------------------------------------------


def test_the_register_page_by_page_for_officers(visitor: Visitor, firm: Client) -> None:
    codes = sorted(credit_code(number) for number in range(10, 15))
    for code in codes:
        on_file(code=code)
    clerk = visitor("clerk", "operations")
    found, address = [], f"{API}/enterprises?limit=2&role=ebc&begins=91410100MA"
    while address:
        told = clerk.get(address).json()
        found += [one["code"] for one in told["items"]]
        address = told["next"]
    assert found == codes
    assert got(clerk, "/enterprises?role=pay")["items"] == []
    got(firm, "/enterprises", 403)


def test_a_record_is_that_of_the_day_and_its_versions_say_what_changed(firm: Client) -> None:
    on_file(at=NOW - 9 * DAY)
    on_file(at=NOW - 2 * DAY, contact_name="李芳")
    days = {day: (NOW - day * DAY).date().isoformat() for day in (10, 9, 5, 1)}
    got(firm, f"/enterprises/{CODE}?day={days[10]}", 404)
    assert got(firm, f"/enterprises/{CODE}?day={days[9]}")["version"] == 1
    assert got(firm, f"/enterprises/{CODE}?day={days[5]}")["version"] == 1
    assert got(firm, f"/enterprises/{CODE}?day={days[1]}")["version"] == 2
    versions = got(firm, f"/enterprises/{CODE}/versions")["items"]
    assert [(one["version"], one["changed"]) for one in versions] == [(2, ["contact_name"]), (1, [])]
    (first,) = got(firm, f"/enterprises/{CODE}/versions?limit=1")["items"]
    assert first["version"] == 2


@pytest.mark.parametrize(
    ("agency", "personal"), [("customs", True), ("forex", False), ("commerce", False), ("tax", True)]
)
def test_an_officer_sees_what_the_agencys_purpose_needs(visitor: Visitor, agency: str, personal: bool) -> None:
    from silkgate.identity.models import AccessRecord

    on_file()
    clerk = visitor("clerk", "operations", agency=agency)
    record = got(clerk, f"/enterprises/{CODE}")
    seen = {one["key"] for one in record["fields"]}
    view = registry.view(CODE, agency, record["purpose"], on=datetime.now(UTC))
    assert view is not None
    assert seen == {shown.field.key for shown in view.fields}
    assert view.has_personal is personal
    assert AccessRecord.objects.filter(action="registry.personal", allowed=True).exists() is personal
    refused = got(clerk, f"/enterprises/{CODE}?purpose=curiosity", 422)
    assert pointers(refused) == {"#/purpose"}


def test_standing_and_class_of_a_day(firm: Client, visitor: Visitor) -> None:
    at = datetime.now(UTC)
    on_file(at=at - 5 * DAY)
    given = registry.set_class(
        officer("chen", "filings"),
        CODE,
        *_some_class(at),
        since=at.date() + 2 * DAY,
        reason="年度评定",
        rule="总署令",
        at=at,
    )
    today = got(firm, f"/enterprises/{CODE}/standing")
    assert (today["on_file"], today["standing"], today["roles"]) == (True, "active", ["ebc"])
    assert today["credit_class"] is None
    later = got(firm, f"/enterprises/{CODE}/standing?day={given.since + DAY}")
    assert (later["credit_class"]["scheme"], later["credit_class"]["name"]) == (given.scheme, given.name)
    before = got(firm, f"/enterprises/{CODE}/standing?day={(at - 30 * DAY).date()}")
    assert (before["on_file"], before["standing"], before["roles"]) == (False, None, [])
    clerk = visitor("clerk", "operations")
    assert [one["enterprise"] for one in got(clerk, f"/classes?enterprise={CODE}")["items"]] == [CODE]
    assert got(clerk, f"/classes?enterprise={OTHER}")["items"] == []
    got(firm, "/classes", 403)


def _some_class(at: datetime) -> tuple[str, str]:
    from silkgate.registry.declared import declared

    scheme = next(one for one in declared().schemes.values() if one.in_force(at.date()))
    return scheme.key, next(iter(scheme.classes))


@pytest.mark.parametrize("day", ["2026-02-30", "today", "0", "2026-11-23T00:00:00"])
def test_a_day_that_is_none(firm: Client, day: str) -> None:
    assert pointers(got(firm, f"/enterprises/{CODE}/standing?day={day}", 422)) == {"#/day"}


# --- Goods ------------------------------------------------------------------------------------------------------------


def test_goods_by_rows(firm: Client, visitor: Visitor, tariff: None) -> None:
    sent(firm, "/goods/filings", {"organisation": CODE, "items": [ITEM]}, 409)  # not on file yet
    on_file()
    bad = ITEM | {"item_no": "A-2", "hs_code": "12"}
    refused = sent(firm, "/goods/filings", {"organisation": CODE, "items": [ITEM, bad]}, 422)
    assert [(one["pointer"], one["found"]) for one in refused["errors"]] == [("#/items/1/hs_code", "12")]
    made = sent(firm, "/goods/filings", {"organisation": CODE, "items": [ITEM]}, 201)
    assert got(firm, "/goods")["items"] == []
    casework.move(REVIEWER, made["id"], "approve", reason="资料齐全", rule="总署公告", at=datetime.now(UTC))
    (item,) = got(firm, "/goods")["items"]
    assert {key: item[key] for key in ITEM} == ITEM
    assert got(firm, "/goods/item?item_no=A-1")["item"] == item
    assert got(firm, "/goods/item?item_no=A-1&on=2020-01-01T00:00:00Z")["item"] is None
    assert got(firm, f"/goods/filings/{made['id']}")["state"] == "approved"
    assert [one["item_no"] for one in got(firm, f"/goods/filings/{made['id']}/items")["items"]] == ["A-1"]
    stranger = visitor("stranger", code=OTHER)
    got(stranger, f"/goods/filings/{made['id']}", 404)
    assert got(stranger, "/goods")["items"] == []
    got(stranger, f"/goods?organisation={CODE}", 403)


def test_goods_by_a_table_with_its_report(firm: Client, tariff: None) -> None:
    on_file()
    lines = ["item_no,name,hs_code,brand,origin,unit"]
    lines += [f"A-{n},面霜,{'12' if n == 3 else '3304990029'},Rui,609,035" for n in range(5)]
    answer = firm.post(f"{API}/goods/tables?name=goods.csv", "\n".join(lines), content_type="text/csv")
    assert answer.status_code == 201, answer.content
    table = answer.json()
    assert (table["rows"], table["good_rows"], table["problems"], table["filing"]) == (5, 4, 1, None)
    (problem,) = firm.get(table["problems_href"]).json()["items"]
    assert (problem["line"], problem["column"], problem["found"]) == (5, "hs_code", "12")
    sent(firm, f"/goods/tables/{table['id']}/file", {"only_good": False}, 409)
    filed = sent(firm, f"/goods/tables/{table['id']}/file", {"only_good": True}, 201)
    assert (filed["items"], filed["state"]) == (4, "submitted")
    assert got(firm, f"/goods/tables/{table['id']}")["filing"] == filed["id"]
    sent(firm, f"/goods/tables/{table['id']}/file", {"only_good": True}, 409)
    assert [one["id"] for one in got(firm, "/goods/filings")["items"]] == [filed["id"]]
    pages, address = [], f"{filed['items_href']}?limit=3"
    while address:
        told = firm.get(address).json()
        pages.append([one["item_no"] for one in told["items"]])
        address = told["next"]
    assert pages == [["A-0", "A-1", "A-2"], ["A-4"]]
    assert sent(firm, f"/goods/filings/{filed['id']}/withdraw")["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"item_no\n", "text/csv", 422),
        (b"colour\nred\n", "text/csv", 422),
        (b"item_no\n1\n", "application/json", 415),
        (b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 422),
        (b"x" * (4 * 2**20 + 1), "text/csv", 413),
    ],
)
def test_a_table_that_is_none(firm: Client, content: bytes, kind: str, status: int) -> None:
    answer = firm.post(f"{API}/goods/tables", content, content_type=kind)
    assert answer.status_code == status, answer.content
    got(firm, "/goods/tables/1", 404)


# --- Permits ----------------------------------------------------------------------------------------------------------


def test_permits_with_their_balance(firm: Client, visitor: Visitor) -> None:
    on_file()
    at = datetime.now(UTC)
    clerk = Actor("he", duties=frozenset({"filings"}))
    for number in ("P-0001", "P-0002", "P-0003"):
        new = registry.NewPermit(
            number, "food", CODE, "奶粉", ["1901"], 1_000_000, "035", at.date(), at.date() + 300 * DAY
        )
        registry.enter_permit(clerk, new, at=at)
    registry.use("P-0002", 250_000, "462120260000000001", by="he", at=at)
    (one,) = [line for line in got(firm, "/permits")["items"] if line["number"] == "P-0002"]
    assert (one["quantity"], one["used"], one["free"]) == ("10", "2.5", "7.5")
    full = got(firm, f"/permits/{one['id']}")
    assert [(use["quantity"], use["reference"]) for use in full["uses"]] == [("2.5", "462120260000000001")]
    first = got(firm, "/permits?limit=2")
    assert [line["number"] for line in first["items"]] == ["P-0003", "P-0002"]
    assert [line["number"] for line in firm.get(first["next"]).json()["items"]] == ["P-0001"]
    assert got(firm, "/permits?state=expired")["items"] == []
    stranger = visitor("stranger", code=OTHER)
    got(stranger, f"/permits/{one['id']}", 404)
    assert got(stranger, "/permits")["items"] == []
    assert len(got(visitor("clerk", "operations"), "/permits")["items"]) == 3


def test_an_officer_uses_a_permit_up_and_no_further(firm: Client, visitor: Visitor) -> None:
    on_file()
    at = datetime.now(UTC)
    new = registry.NewPermit("P-0001", "food", CODE, "奶粉", ["1901"], 1_000_000, "035", at.date(), at.date() + 9 * DAY)
    address = f"/permits/{registry.enter_permit(REVIEWER, new, at=at).id}/uses"
    clerk = visitor("clerk", "filings")
    used = sent(clerk, address, {"quantity": "2.5", "reference": "清单1"}, 201)
    assert (used["used"], used["free"]) == ("2.5", "7.5")
    assert [(use["quantity"], use["reference"]) for use in used["uses"]] == [("2.5", "清单1")]
    for body, pointer in (
        ({"quantity": "1", "reference": "清单1"}, "#/reference"),
        ({"quantity": "0", "reference": "清单2"}, "#/quantity"),
        ({"quantity": "much", "reference": "清单2"}, "#/quantity"),
        ({"quantity": "1", "reference": " "}, "#/reference"),
    ):
        assert pointers(sent(clerk, address, body, 422)) == {pointer}
    assert "7.5" in sent(clerk, address, {"quantity": "7.50001", "reference": "清单2"}, 409)["detail"]
    sent(clerk, "/permits/999999/uses", {"quantity": "1", "reference": "清单2"}, 404)
    sent(firm, address, {"quantity": "1", "reference": "清单2"}, 403)
    assert got(clerk, address.removesuffix("/uses"))["used"] == "2.5"


# --- Appeals ----------------------------------------------------------------------------------------------------------


def _suspended() -> int:
    """A record whose suspension is in effect; the case."""
    at = datetime.now(UTC)
    on_file(at=at)
    said = {"reason": "许可证被吊销", "rule": "2018年第194号"}
    case = registry.propose_standing(REVIEWER, CODE, "suspend", **said, at=at)
    return casework.move(APPROVER, case.id, "confirm", **said, at=at).id


def _refused() -> int:
    """A filing that was refused; the case."""
    at = datetime.now(UTC)
    case = apply_and_submit(at=at)
    for who, move in ((REVIEWER, "take"), (REVIEWER, "review"), (APPROVER, "refuse")):
        casework.move(who, case.id, move, reason="地址与执照不符", rule="2018年第194号", at=at)
    return case.id


@pytest.mark.parametrize("decided", [_suspended, _refused])
def test_who_is_refused_or_suspended_appeals(firm: Client, visitor: Visitor, decided: Callable[[], int]) -> None:
    number = decided()
    said = {"reason": "营业执照已变更，附件为新照"}
    sent(visitor("stranger", code=OTHER), f"/filings/{number}/appeal", said, 404)
    assert pointers(sent(firm, f"/filings/{number}/appeal", {"reason": "不"}, 422)) == {"#/reason"}
    assert sent(firm, f"/filings/{number}/appeal", said)["state"] == "appealed"
    assert casework.history(number)[-1].reason == said["reason"]
    sent(firm, f"/filings/{number}/appeal", said, 409)


def test_who_is_refused_goods_appeals(firm: Client, visitor: Visitor, tariff: None) -> None:
    on_file()
    number = sent(firm, "/goods/filings", {"organisation": CODE, "items": [ITEM]}, 201)["id"]
    said = {"reason": "标签已按要求补正"}
    sent(firm, f"/goods/filings/{number}/appeal", said, 409)  # nothing is decided yet
    casework.move(REVIEWER, number, "refuse", reason="标签内容不全", rule="总署公告", at=datetime.now(UTC))
    sent(visitor("stranger", code=OTHER), f"/goods/filings/{number}/appeal", said, 404)
    assert sent(firm, f"/goods/filings/{number}/appeal", said)["state"] == "appealed"
