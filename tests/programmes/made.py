"""Made-up firms, people and terms for the tests of the market."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from silkgate.identity import models as identity
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import CHINA
from silkgate.programmes import models, reviews, rules, trading
from silkgate.programmes.api import offer_service
from silkgate.registry import models as registry
from silkgate.standards import uscc

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
TODAY = NOW.date()
DAY = timedelta(days=1)

BUYER, CARRIER, STUDIO, OTHER = (
    first + uscc.check_character(first)
    for first in ("91410100MA3XM0101", "91410100MA3XM0102", "91410100MA3XM0103", "91410100MA3XM0104")
)
"""A shop that buys; a carrier on file as logistics; a studio that is registered and not on file; somebody else."""
NAMES = {
    BUYER: "豫见优选商贸有限公司",
    CARRIER: "中原速运有限公司",
    STUDIO: "郑州光影摄影工作室",
    OTHER: "郑州旁观者公司",
}

SERVICE = {
    "title_zh": "郑州至全国快递",
    "title_en": "Express from Zhengzhou",
    "about_zh": "保税仓出区后次日送达主要城市，含揽收和签收回传。",
    "about_en": "From the bonded warehouse to the main cities on the next day.",
    "price_form": "parcel",
    "price": "3.50",
    "currency": "CNY",
    "tax_included": "yes",
    "conditions_zh": "破损按货值赔付。",
    "conditions_en": "Damage is made good at the value of the goods.",
    "area_zh": "全国",
    "area_en": "All of China",
    "languages": "zh en",
    "capacity_zh": "每日5000件",
    "capacity_en": "5,000 parcels a day",
    "valid_from": "2026-01-01",
    "valid_to": "",
}
WANTED = {"what": "每天两百个奶粉包裹，从新郑综保区发往全国。", "quantity": "200", "needed_by": "2026-12-31"}
QUOTED = {
    "price_form": "parcel",
    "price": "3.20",
    "currency": "CNY",
    "tax_included": "yes",
    "quantity": "200",
    "conditions": "满两百件起，次日结算。",
    "deliver_by": "2026-12-30",
    "valid_until": "2026-11-30",
}


def firm(code: str, *roles: str) -> None:
    """A registered organisation; with roles, one that is on file in them."""
    identity.Organisation.objects.get_or_create(
        code=code, defaults={"name": NAMES.get(code, code), "registered_at": NOW}
    )
    if roles:
        registry.Enterprise.objects.update_or_create(
            code=code, defaults={"name": NAMES.get(code, code), "roles": sorted(roles), "credit_class": "B"}
        )


def clerk(code: str, name: str = "", role: str = "filer") -> Actor:
    """A member of an organisation."""
    return Actor(name or f"clerk-{code[-4:]}", PERSON, 1, roles={code: frozenset({role})})


OPERATOR = Actor("operator", PERSON, 2, agency="zone", duties=frozenset({"operations"}))
STRANGER = clerk(OTHER)


def firms() -> None:
    """All four, as their names say."""
    firm(BUYER, "ebc")
    firm(CARRIER, "logistics")
    firm(STUDIO)
    firm(OTHER)


def service(code: str = CARRIER, kind: str = "logistics", **changes: str) -> int:
    """A service in the market."""
    return offer_service(clerk(code), code, kind, rules.terms({**SERVICE, **changes}, TODAY), at=NOW)


def enquiry(number: int | None = None, **changes: str) -> models.Enquiry:
    """An enquiry of the buyer for a service."""
    wanted = rules.wanted({**WANTED, **changes}, TODAY)
    return trading.enquire(clerk(BUYER), BUYER, number or service(), wanted, at=NOW)


def quoted(**changes: str) -> Any:
    """What a provider offers."""
    return rules.quoted({**QUOTED, **changes}, TODAY)


def offer(row: models.Enquiry | None = None, at: datetime = NOW, **changes: str) -> models.Offer:
    """An offer for an enquiry."""
    row = row or enquiry()
    return trading.quote(clerk(row.provider_code), row.pk, quoted(**changes), at=at)


def order(made: models.Offer | None = None) -> models.Order:
    """An order of the buyer."""
    return trading.accept(clerk(BUYER), (made or offer()).pk, at=NOW)


def completed(number: int | None = None) -> models.Order:
    """A completed order, ready for its review."""
    row = order(offer(enquiry(number)))
    trading.move_order(clerk(row.provider_code), row.pk, "deliver", at=NOW)
    return trading.move_order(clerk(BUYER), row.pk, "confirm", at=NOW)


def reviewed(stars: int, number: int | None = None) -> models.Review:
    """A review of a completed order."""
    return reviews.review(clerk(BUYER), completed(number).pk, stars, "服务评价如上", at=NOW)
