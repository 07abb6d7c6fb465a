"""The demo zone's market: its firms' services are shown, marked as made up, with reviews of orders that were made."""

from __future__ import annotations

from django.test import Client

from programmes.made import NOW, TODAY
from silkgate.programmes import queries
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
    assert sorted(line.rating.shown for line in lines if line.rating.count) == ["4.0", "5.0"]
    for address in ("/market", f"/market/services/{lines[0].service.id}"):
        assert "演示数据" in Client().get(address, headers={"Accept-Language": "zh-hans"}).content.decode()
