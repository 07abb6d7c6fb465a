"""The market over HTTP: found by anybody, traded by the two parties, the same request once, refusals as problems."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from identity.made import member, officer
from programmes import made
from programmes.made import BUYER, CARRIER, OTHER
from silkgate.kernel.clock import china_day
from silkgate.programmes import models

LATER = (china_day(datetime.now(UTC)) + timedelta(days=20)).isoformat()
OFFER = {
    "price": {"form": "parcel", "cents": 320, "currency": "CNY", "tax_included": True},
    "quantity": 200,
    "conditions": "满两百件起，次日结算。",
    "deliver_by": LATER,
    "valid_until": LATER,
}


def call(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The answer to a request below /api/v1/market/."""
    options = {"headers": headers, **({"data": body, "content_type": "application/json"} if body is not None else {})}
    return getattr(client, method)(f"/api/v1/market/{path}", **options)


@pytest.fixture
def parties(firms: None) -> tuple[Client, Client, int]:
    """Browsers of the shop and of the carrier, and the carrier's service."""
    return member("mei", BUYER, "filer"), member("lu", CARRIER, "filer"), made.service()


def asked(service: int) -> dict[str, Any]:
    return {
        "organisation": BUYER,
        "service": service,
        "what": "每天两百个奶粉包裹，发往全国。",
        "quantity": 200,
        "needed_by": LATER,
    }


def test_from_enquiry_to_review(parties: tuple[Client, Client, int]) -> None:
    mei, lu, service = parties
    first = call(mei, "post", "enquiries", asked(service), **{"Idempotency-Key": "k1"})
    again = call(mei, "post", "enquiries", asked(service), **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert models.Enquiry.objects.count() == 1, "the same request again is the same enquiry"
    enquiry = first.json()
    assert (enquiry["state"], enquiry["waits_for"]) == ("sent", "provider")
    offer = call(lu, "post", f"enquiries/{enquiry['id']}/offers", OFFER).json()
    assert offer["total_cents"] == 64_000
    order = call(mei, "post", "orders", {"offer": offer["id"]}, **{"Idempotency-Key": "k2"}).json()
    assert hashlib.sha256(order["terms"].encode()).hexdigest() == order["terms_sha256"]
    place = f"orders/{order['id']}"
    assert call(lu, "post", f"{place}/steps", {"step": "deliver"}).json()["state"] == "delivered"
    assert call(mei, "post", f"{place}/steps", {"step": "confirm", "version": 2}).json()["state"] == "confirmed"
    assert call(mei, "post", f"{place}/review", {"stars": 4, "words": "基本准时"}).status_code == 201
    assert call(lu, "post", f"{place}/answer", {"answer": "谢谢支持"}).json()["answer"] == "谢谢支持"
    whole = call(mei, "get", place).json()
    assert [one["step"] for one in whole["steps"]] == ["", "offer", "accept", "", "deliver", "confirm"]
    assert whole["review"]["stars"] == 4
    (line,) = call(Client(), "get", "services").json()["items"]
    assert line["provider"]["rating"] == {"count": 1, "stars": 4, "tenths": 40, "levels": [0, 0, 0, 1, 0]}
    assert call(Client(), "get", f"services/{service}/reviews").json()["items"][0]["words"] == "基本准时"


def test_refusals_say_where_and_why(parties: tuple[Client, Client, int]) -> None:
    mei, lu, service = parties
    short = call(mei, "post", "enquiries", asked(service) | {"what": "快递"})
    assert short.status_code == 422
    assert [one["pointer"] for one in short.json()["errors"]] == ["#/what"]
    absent = call(mei, "post", "enquiries", asked(9_999))
    assert absent.json()["errors"][0]["pointer"] == "#/service"
    foreign = call(mei, "post", "enquiries", asked(service) | {"organisation": OTHER})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "access.denied")
    row = made.enquiry(service)
    wrong = call(mei, "post", f"enquiries/{row.pk}/offers", OFFER)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "request.conflict")
    assert "不由您这一方" in wrong.json()["detail_zh"]
    assert call(lu, "post", f"enquiries/{row.pk}/offers", OFFER | {"valid_until": "2020-01-01"}).status_code == 422
    without = call(lu, "post", f"enquiries/{row.pk}/steps", {"step": "decline"})
    assert [one["pointer"] for one in without.json()["errors"]] == ["#/reason"]
    stale = call(lu, "post", f"enquiries/{row.pk}/steps", {"step": "decline", "reason": "没有运力", "version": 9})
    assert stale.status_code == 409


def test_others_learn_nothing(parties: tuple[Client, Client, int]) -> None:
    """Nor does the operator, before there is a dispute."""
    mei, _, service = parties
    row = made.order(made.offer(made.enquiry(service)))
    stranger, operator = member("pang", OTHER, "filer"), officer("guan", ["operations"], "zone")
    for client in (stranger, operator):
        for path in (f"orders/{row.pk}", f"enquiries/{row.enquiry_id}"):
            hidden, absent = call(client, "get", path), call(client, "get", "orders/99999")
            assert (hidden.status_code, hidden.json()) == (404, absent.json())
    unseen = call(stranger, "post", "orders", {"offer": row.offer_id})
    none = call(stranger, "post", "orders", {"offer": 99_999})
    assert [one.json()["errors"][0]["needed"] for one in (unseen, none)] == [none.json()["errors"][0]["needed"]] * 2
    call(mei, "post", f"orders/{row.pk}/steps", {"step": "dispute", "reason": "一直没有揽收"})
    assert call(operator, "get", f"orders/{row.pk}").json()["state"] == "disputed"
    assert call(stranger, "get", f"orders/{row.pk}").status_code == 404
    decided = call(
        operator, "post", f"orders/{row.pk}/steps", {"step": "dissolve", "reason": "查无揽收", "rule": "条款"}
    )
    assert decided.json()["state"] == "dissolved"


def test_services_a_page_at_a_time(firms: None) -> None:
    numbers = [made.service(price=price) for price in ("3.00", "1.00", "2.00")]
    client, seen, following = Client(), [], "/api/v1/market/services?limit=2&sort=price"
    while following:
        answer = client.get(following).json()
        seen += [one["id"] for one in answer["items"]]
        following = answer["next"]
    assert seen == [numbers[1], numbers[2], numbers[0]]
    assert call(client, "get", "services?kind=finance").json()["items"] == []
    assert call(client, "get", "services?most_cents=150").json()["items"][0]["id"] == numbers[1]
    assert call(client, "get", "services?q=EXPRESS").json()["more"] is False
