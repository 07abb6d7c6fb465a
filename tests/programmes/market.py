"""Objects of the market for the access matrix: for each organisation a service of its own and an order as buyer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from programmes.made import QUOTED, SERVICE, WANTED
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import china_day
from silkgate.programmes import rules, trading
from silkgate.programmes.api import offer_service

BODIES = {
    "programmes.rest.answer_review": {"answer": "谢谢支持"},
    "programmes.rest.make_offer": {
        "price": {"form": "parcel", "cents": 320, "currency": "CNY", "tax_included": True},
        "quantity": 200,
        "conditions": "次日结算",
        "deliver_by": "2099-12-30",
        "valid_until": "2099-12-30",
    },
    "programmes.rest.make_review": {"stars": 5, "words": "非常准时"},
    "programmes.rest.name_declarations": {"references": ["SF1"]},
    "programmes.rest.step_enquiry": {"step": "withdraw"},
    "programmes.rest.step_order": {"step": "confirm"},
}
"""What operations of the market take, by view."""


def make(site: dict[str, dict[str, str]], codes: Iterable[str], provider: str, at: datetime) -> None:
    """Enter the numbers of a service, an enquiry, an order and its task for each of `codes` into `site`."""
    today = china_day(at)
    later = {name: (today + timedelta(days=9)).isoformat() for name in ("needed_by", "deliver_by", "valid_until")}
    seller = Actor("seller", PERSON, roles={provider: frozenset({"filer"})})
    for code in codes:
        chair = Actor(f"chair-{code}", PERSON, roles={code: frozenset({"representative"})})
        terms = rules.terms(SERVICE, today)
        own = offer_service(chair, code, "photography", terms, at=at)
        bought = offer_service(seller, provider, "photography", terms, at=at)
        enquiry = trading.enquire(chair, code, bought, rules.wanted({**WANTED, **later}, today), at=at)
        offer = trading.quote(seller, enquiry.pk, rules.quoted({**QUOTED, **later}, today), at=at)
        order = trading.accept(chair, offer.pk, at=at)
        kinds = {"service": own, "enquiry": enquiry.pk, "offer": offer.pk, "order": order.pk, "task": order.task_id}
        for kind, number in kinds.items():
            site.setdefault(f"market_{kind}", {})[code] = str(number)
