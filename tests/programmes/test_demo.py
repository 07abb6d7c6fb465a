"""The demo zone's market: its firms' services are shown, marked as made up, with reviews of orders that were made."""

from __future__ import annotations

import json

from django.test import Client

from identity.made import member
from programmes import made
from programmes.made import BUYER, CARRIER, NOW, SERVICE, TODAY, clerk
from silkgate.casework import api as casework
from silkgate.programmes import queries, reviews, rules
from silkgate.programmes.api import offer_service
from silkgate.registry import models as registry
from silkgate.site.demomarket import SERVICES, fill_market
from silkgate.site.traffic.enterprises import ENTERPRISES


def test_the_demo_shows_a_living_market(database: str) -> None:
    for firm in ENTERPRISES:
        registry.Enterprise.objects.create(
            code=firm.code, name=firm.name, roles=sorted(firm.roles), credit_class=firm.credit_class
        )
    assert fill_market(NOW) == len(SERVICES)
    lines = queries.search(TODAY, limit=100).lines
    assert len(lines) == len(SERVICES), "every one is offered by a firm on file for it"
    assert all(line.service.demo for line in lines)
    texts = [text for line in lines for text in (line.service.terms.area, line.service.terms.capacity)]
    assert not any("一" <= character <= "鿿" for text in texts for character in text.en), "each in its own language"
    assert sorted(line.rating.shown for line in lines if line.rating.count) == ["4.0", "5.0"]
    code = next(line.service.provider_code for line in lines if line.rating.count)
    for address in ("/market", f"/market/services/{lines[0].service.id}", f"/market/providers/{code}"):
        assert "演示数据" in Client().get(address, headers={"Accept-Language": "zh-hans"}).content.decode()


def test_what_comes_of_a_demonstration_is_marked_wherever_it_shows(firms: None) -> None:
    """And what does not is not."""
    terms = rules.terms(SERVICE, TODAY)
    mei, lu = member("mei", BUYER, "filer"), member("lu", CARRIER, "filer")

    def page(client: Client, address: str) -> str:
        return client.get(address, headers={"Accept-Language": "en"}).content.decode()

    for demo in (True, False):
        number = offer_service(clerk(CARRIER), CARRIER, "logistics", terms, at=NOW, demo=demo)
        asked = made.enquiry(number)
        task = casework.case(asked.task_id or 0)
        assert task is not None
        assert task.title.zh.startswith("演示：") is demo
        placed = made.completed(number)
        reviews.review(clerk(BUYER), placed.pk, 4, "基本准时", at=NOW)
        assert json.loads(placed.terms)["service"].get("demo", False) is demo
        (review,) = queries.reviews(CARRIER, service=number).lines
        assert review.demo is demo
        for client, address in (
            (mei, f"/market/enquire?service={number}"),
            (mei, f"/market/enquiries/{asked.pk}"),
            (lu, f"/market/enquiries/{asked.pk}/offer"),
            (mei, f"/market/orders/{placed.pk}"),
            (lu, f"/market/offering/{number}"),
        ):
            assert ("Demo data" in page(client, address)) is demo, address
    lists = {"/market/desk": 1, "/market/desk?list=enquiries-buyer": 2}
    assert {address: page(mei, address).count("demo data") for address in lists} == lists
    assert page(lu, "/market/offering").count("demo data") == 1
