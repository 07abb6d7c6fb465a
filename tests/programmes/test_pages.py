"""Pages of the market: what a form keeps, what is hidden, where the work list leads, what everybody may read."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from identity.made import member, officer
from programmes import made
from programmes.made import BUYER, CARRIER, NOW, OTHER, SERVICE, STUDIO, clerk
from silkgate.programmes import models, reviews, trading
from silkgate.registry import models as registry


@pytest.fixture
def mei(firms: None) -> Client:
    return member("mei", BUYER, "filer")


@pytest.fixture
def lu(firms: None) -> Client:
    return member("lu", CARRIER, "filer")


def page(client: Client, path: str, language: str = "en") -> str:
    """A page that is there."""
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def test_everybody_reads_the_market_and_nobody_is_looked_up(firms: None) -> None:
    assert "There is no service in the market yet" in page(Client(), "/market")
    number = made.service()
    for path in (
        "/market",
        "/market?q=express&sort=price",
        f"/market/services/{number}",
        f"/market/providers/{CARRIER}",
    ):
        with CaptureQueriesContext(connection) as asked:
            assert "Express from Zhengzhou" in page(Client(), path)
        assert not [one for one in asked if "auth_user" in one["sql"] or "django_session" in one["sql"]]
    assert "没有符合条件的服务" in page(Client(), "/market?kind=software", "zh-hans")
    assert "¥3.50/件（含税）" in page(Client(), "/market", "zh-hans")


@pytest.mark.parametrize(
    "query",
    ["kind=nonsense", "most=abc", "most=3.50", "after=x", "after=9&price=z", "q=%00", "currency=ZZZ", "form=x&sort=y"],
)
def test_a_mistyped_address_still_shows_the_market(firms: None, query: str) -> None:
    made.service()
    assert "Express" in page(Client(), f"/market?{query}")


def test_a_suspended_filing_hides_the_page_and_tells_the_owner(lu: Client) -> None:
    number = made.service()
    registry.Enterprise.objects.filter(code=CARRIER).update(roles=[])
    assert Client().get(f"/market/services/{number}").status_code == 404
    assert Client().get(f"/market/providers/{CARRIER}").status_code == 404
    assert "Express" not in page(Client(), "/market")
    assert "Your filing is suspended" in page(lu, "/market/offering")
    assert "Your filing is suspended" in page(lu, f"/market/offering/{number}")
    assert page(lu, "/market/offering/new").count("Your filing is suspended") == 1, "once, not for every kind"


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong_at_its_field(lu: Client) -> None:
    answer = lu.post(
        "/market/offering/new", {**SERVICE, "kind": "storage", "price": "three", "languages": ["zh", "en"]}
    )
    assert answer.status_code == 422
    assert 'value="three"' in answer.content.decode()
    assert 'id="id_price_error"' in answer.content.decode()
    right = lu.post("/market/offering/new", {**SERVICE, "kind": "storage", "languages": ["zh", "en"]})
    assert "区内仓储企业" in right.content.decode(), "the role that is missing, at the kind"
    assert not models.Service.objects.exists()
    assert lu.post("/market/offering/new", {**SERVICE, "kind": "logistics", "languages": ["zh"]}).status_code == 302
    assert models.ServiceVersion.objects.get().price_cents == 350


def test_every_form_that_is_sent_empty_says_so(mei: Client, lu: Client) -> None:
    """422, with what is wrong on top; nothing is done."""
    number, asked, placed = made.service(), made.enquiry(), made.completed()
    forms = [
        (lu, "/market/offering/new"),
        (lu, f"/market/offering/{number}"),
        (mei, f"/market/enquire?service={number}"),
        (mei, f"/market/enquiries/{asked.pk}"),
        (lu, f"/market/enquiries/{asked.pk}/offer"),
        (mei, f"/market/orders/{placed.pk}"),
        (mei, f"/market/orders/{placed.pk}/review"),
        (mei, f"/market/orders/{placed.pk}/served"),
    ]
    for client, path in forms:
        answer = client.post(path)
        assert (path, answer.status_code) == (path, 422)
        assert "error-summary" in answer.content.decode(), path
    reviews.review(clerk(BUYER), placed.pk, 5, "非常准时", at=NOW)
    answer = lu.post(f"/market/orders/{placed.pk}/answer")
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()


def test_a_list_costs_as_many_queries_however_long_it_is(mei: Client, lu: Client) -> None:
    def cost(client: Client, path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as asked:
            page(client, path)
        return len(asked)

    paths = [(lu, "/market/offering"), (lu, "/market/desk?list=enquiries-provider"), (mei, "/market")]
    made.enquiry()
    before = [cost(client, path) for client, path in paths]
    for code in (OTHER, STUDIO):
        trading.enquire(clerk(code), code, made.service(), made.rules.wanted(made.WANTED, made.TODAY), at=NOW)
    assert [cost(client, path) for client, path in paths] == before


def test_a_change_shows_its_versions_and_taking_off_hides(lu: Client) -> None:
    number = made.service()
    changed = {**SERVICE, "price": "4", "version": "1", "languages": ["zh"]}
    assert lu.post(f"/market/offering/{number}", changed).status_code == 302
    assert (
        "changed since you opened"
        in lu.post(f"/market/offering/{number}", changed, headers={"Accept-Language": "en"}).content.decode()
    )
    assert "No. 2" in page(lu, f"/market/offering/{number}")
    lu.post(f"/market/offering/{number}/shown", {"offered": "no"})
    assert Client().get(f"/market/services/{number}").status_code == 404
    lu.post(f"/market/offering/{number}/shown", {"offered": "yes"})
    assert "¥4.00" in page(Client(), f"/market/services/{number}")


def test_the_work_list_leads_to_the_enquiry_and_to_the_order(mei: Client, lu: Client) -> None:
    row = made.enquiry()
    assert f"/market/tasks/{row.task_id}" in page(lu, f"/cases/{row.task_id}")
    assert lu.get(f"/market/tasks/{row.task_id}")["Location"] == f"/market/enquiries/{row.pk}"
    placed = made.order(made.offer(row))
    assert lu.get(f"/market/tasks/{placed.task_id}")["Location"] == f"/market/orders/{placed.pk}"
    assert mei.get(f"/cases/{placed.task_id}").status_code == 404, "the other firm's own list"
    assert member("pang", OTHER, "filer").get(f"/market/tasks/{placed.task_id}").status_code == 404
    assert lu.get("/market/tasks/999999").status_code == 404


def test_an_order_shows_its_terms_which_hash_to_their_digest(mei: Client) -> None:
    placed = made.order()
    shown = page(mei, f"/market/orders/{placed.pk}")
    assert placed.terms_sha256 in shown
    assert '<a href="/market/desk" aria-current="page">' in shown, "it belongs to enquiries and orders"
    file = mei.get(f"/market/orders/{placed.pk}/terms")
    assert hashlib.sha256(file.content).hexdigest() == placed.terms_sha256
    assert "private" in file["Cache-Control"]


def test_people_are_named_to_their_own_side_alone(mei: Client, lu: Client) -> None:
    placed = made.order()
    buyers, carriers = clerk(BUYER).name, clerk(CARRIER).name
    mine, theirs = page(mei, f"/market/orders/{placed.pk}"), page(lu, f"/market/orders/{placed.pk}")
    assert buyers in mine
    assert carriers not in mine
    assert carriers in theirs
    assert buyers not in theirs


def test_the_operator_decides_a_dispute_with_reason_and_rule(firms: None) -> None:
    placed = made.order()
    guan = officer("guan", ["operations"], "zone")
    assert guan.get(f"/market/orders/{placed.pk}").status_code == 404
    trading.move_order(clerk(BUYER), placed.pk, "dispute", reason="一直没有揽收", at=NOW)
    assert "一直没有揽收" in page(guan, f"/market/orders/{placed.pk}")
    desk = page(guan, "/market/desk")
    assert str(placed.pk) in desk
    assert all(made.NAMES[code] in desk for code in (BUYER, CARRIER))
    given = {"move": "dissolve", "reason": "查无揽收记录", "rule": "服务条款", "version": "2"}
    assert guan.post(f"/market/orders/{placed.pk}", given).status_code == 302
    assert "Dissolved by decision" in page(guan, f"/market/orders/{placed.pk}")


@pytest.mark.parametrize(("role", "acts"), [("filer", True), ("declarant", True), ("reader", False)])
def test_a_reader_sees_and_does_nothing(firms: None, role: str, acts: bool) -> None:
    made.service(STUDIO, "photography")
    row = made.enquiry()
    made.offer(row)
    client = member("who", BUYER, role)
    shown = page(client, f"/market/enquiries/{row.pk}")
    assert ('value="accept"' in shown) is acts
    answer = client.post(f"/market/enquiries/{row.pk}", {"move": "accept", "version": "2"})
    assert (answer.status_code == 302) is acts
    assert models.Order.objects.exists() is acts
