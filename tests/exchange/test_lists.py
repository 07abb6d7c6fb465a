"""Lists over HTTP: an organisation sees all of its own, in order, page by page, and nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.conftest import Firms
from silkgate.exchange import lists, queries
from silkgate.identity.models import Membership, Organisation
from silkgate.ui.paging import MAX_LIMIT

API = "/api/v1"


def member(code: str, role: str = "declarant") -> Client:
    """A browser of somebody who has a role in the organisation `code`."""
    now = timezone.now()
    user = get_user_model().objects.create_user(f"{role}-{code}", password="a long word")
    organisation, _ = Organisation.objects.get_or_create(code=code, defaults={"name": code, "registered_at": now})
    Membership.objects.create(user=user, organisation=organisation, role=role, since=now)
    client = Client()
    client.force_login(user)
    return client


def send(*raws: bytes) -> list[dict[str, Any]]:
    client = Client()
    return [
        item
        for raw in raws
        for item in client.post(f"{API}/messages", raw, content_type="application/xml").json()["messages"]
    ]


def pages(client: Client, address: str) -> Iterator[dict[str, Any]]:
    """All pages of a list, by the addresses that each of them gives."""
    following: str | None = address
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert answer.headers.get("Link") == (f'<{told["next"]}>; rel="next"' if told["next"] else None)
        yield told
        following = told["next"] if told["more"] else None


def items(client: Client, address: str) -> list[dict[str, Any]]:
    return [item for told in pages(client, address) for item in told["items"]]


@pytest.fixture
def filled(firms: Firms, decide: Callable[[], int]) -> Firms:
    """Three parcels that are cleared, and orders of two platforms."""
    send(*[raw for _ in range(3) for raw in firms.parcel()])
    send(*firms.orders(firms.platforms()[0], 5), *firms.orders(firms.platforms()[1], 4))
    decide()
    send(*firms.orders(firms.platforms()[0], 1))
    return firms


@pytest.mark.parametrize("limit", [1, 2, 3, 50, MAX_LIMIT])
def test_messages_of_an_organisation(filled: Firms, limit: int) -> None:
    code = filled.platforms()[0]
    found = items(member(code), f"{API}/messages?limit={limit}")
    every, _, _ = queries.messages_of(None, limit=MAX_LIMIT)
    assert [item["guid"] for item in found] == [line.guid for line in every if line.sender == code]
    assert found[0]["outcome"] == "received"
    assert [(item["outcome"], tuple(item["reasons"])) for item in found] == [
        (line.outcome, line.reasons) for line in every if line.sender == code
    ]
    assert "accepted" in {item["outcome"] for item in found}
    assert all(Client().get(item["href"]).status_code == 200 for item in found)


@pytest.mark.parametrize("scan", [1, 2, 5])
def test_a_page_that_looked_far_enough_says_where_to_go_on(
    filled: Firms, scan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = member(filled.platforms()[1])
    whole = items(client, f"{API}/messages")
    monkeypatch.setattr(queries, "SCAN", scan)
    cut = list(pages(client, f"{API}/messages"))
    assert [item for told in cut for item in told["items"]] == whole
    assert any(not told["items"] and told["next"] for told in cut)


def test_since(filled: Firms) -> None:
    client = member(filled.platforms()[0])
    whole = items(client, f"{API}/messages")
    for item in whole:
        later = items(client, f"{API}/messages?since={item['received_at'].replace('+', '%2B')}")
        assert later == [other for other in whole if other["received_at"] >= item["received_at"]]
    assert items(client, f"{API}/messages?since=2100-01-01T00:00:00Z") == []


def test_receipts_are_a_feed(filled: Firms, decide: Callable[[], int]) -> None:
    code = filled.platforms()[0]
    client = member(code)
    *_, last = pages(client, f"{API}/receipts?limit=2")
    found = items(client, f"{API}/receipts?limit=2")
    assert [item["id"] for item in found] == sorted(item["id"] for item in found)
    assert {item["recipient"] for item in found} == {code}
    assert last["more"] is False
    decide()
    (new,) = client.get(last["next"]).json()["items"]
    assert new["id"] > found[-1]["id"]
    told = client.get(new["href"]).json()
    assert [receipt["id"] for receipt in told["receipts"]] == [new["id"]]


def test_declarations_of_an_organisation(filled: Firms) -> None:
    officer = items(charged("declarations"), f"{API}/declarations?limit=2")
    assert len(officer) == 3
    parties = {item["id"]: item["ebp_code"] for item in officer}
    code = officer[0]["ebp_code"]
    own = items(member(code, "reader"), f"{API}/declarations?limit=1")
    assert [item["id"] for item in own] == [number for number, ebp in parties.items() if ebp == code]
    state = own[0]["state"]
    reader = member(code)
    assert items(reader, f"{API}/declarations?state={state}") == [item for item in own if item["state"] == state]
    assert items(reader, f"{API}/declarations?state=nothing") == []
    assert items(reader, f"{API}/declarations?since=2100-01-01T00:00:00Z") == []
    assert items(reader, f"{API}/declarations?since=2020-01-01T00:00:00Z") == own


def test_one_declaration_and_what_is_not_ones_own(filled: Firms) -> None:
    officer = charged("declarations")
    found = items(officer, f"{API}/declarations")[0]
    own, other = member(found["ebp_code"]), member("91410100MA00000000")
    full = own.get(found["href"]).json()
    assert {name: full[name] for name in found} == found
    assert full["findings"] == []
    not_theirs, not_there = other.get(found["href"]), other.get(f"{API}/declarations/999999")
    assert not_theirs.status_code == not_there.status_code == 404
    assert not_theirs.content == not_there.content, "who asks for another's is not told that it exists"
    assert items(other, f"{API}/declarations") == items(other, f"{API}/messages") == []
    assert other.get(f"{API}/declarations?organisation={found['ebp_code']}").status_code == 403
    assert Client().get(found["href"]).status_code == 401


def charged(*duties: str) -> Client:
    """A browser of an officer with these duties."""
    from silkgate.identity.api import add_officer

    add_officer("officer", "a long enough word", duties=duties)
    client = Client()
    client.force_login(get_user_model().objects.get(username="officer"))
    return client


def test_a_cursor_is_good_for_its_own_list_only(filled: Firms) -> None:
    code = filled.platforms()[0]
    client = member(code)
    following = client.get(f"{API}/messages?limit=1").json()["next"]
    cursor = following.split("cursor=")[1]
    assert client.get(f"{API}/messages?limit=3&cursor={cursor}").status_code == 200
    for address in (
        f"{API}/receipts?cursor={cursor}",
        f"{API}/messages?organisation={code}&cursor={cursor}",
        f"{API}/messages?cursor={cursor[:-1]}{'A' if cursor[-1] != 'A' else 'B'}",
        f"{API}/messages?cursor=WzFd.{cursor.split('.')[1]}",
    ):
        refused = client.get(address)
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor.invalid"), address


@pytest.mark.parametrize("limit", ["0", "-1", str(MAX_LIMIT + 1), "x", "", "1e2"])
def test_limits(firms: Firms, limit: str) -> None:
    refused = member(firms.platforms()[0]).get(f"{API}/messages?limit={limit}")
    assert (refused.status_code, refused.json()["code"]) == (422, "request.invalid")


@settings(deadline=None)
@given(st.text(max_size=100))
def test_nothing_but_our_own_cursor_is_read(text: str) -> None:
    from django.test import RequestFactory

    from silkgate.ui.paging import begin
    from silkgate.ui.problems import ProblemError

    request = RequestFactory().get("/x")
    if not text:
        assert begin(request, text) is None
        return
    with pytest.raises(ProblemError) as refused:
        begin(request, text)
    assert json.loads(refused.value.response().content)["code"] == "cursor.invalid"


def test_both_lists_ask_for_the_same_action() -> None:
    assert lists.list_messages.action is lists.list_receipts.action is lists.LIST
