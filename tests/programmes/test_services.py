"""Services: who may offer which, what the market shows, how it is searched, what a change leaves alone."""

from __future__ import annotations

import pytest

from programmes.made import (
    BUYER,
    CARRIER,
    DAY,
    NOW,
    QUOTED,
    SERVICE,
    STRANGER,
    STUDIO,
    TODAY,
    WANTED,
    clerk,
    enquiry,
    firm,
    offer,
    order,
    quoted,
    service,
)  # fmt: skip
from silkgate.programmes import models, queries, rules, trading
from silkgate.programmes.actions import change_service, offer_service, set_offered
from silkgate.programmes.domain import FORMS, NotYours, Price, Refused
from silkgate.programmes.kinds import kinds
from silkgate.registry import models as registry


def shown(**asked: object) -> list[int]:
    return [line.service.id for line in queries.search(TODAY, **asked).lines]  # type: ignore[arg-type]


def suspend(code: str, *roles: str) -> None:
    """What the registry does when a filing is suspended: no roles; with roles: it is resumed."""
    registry.Enterprise.objects.filter(code=code).update(roles=sorted(roles))


# --- Tied to filings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_is_offered_by_whoever_is_on_file_for_it(firms: None, kind: str) -> None:
    """With each role that it names, and with none of the others; without roles any registered organisation may."""
    terms = rules.terms(SERVICE, TODAY)
    needed = kinds()[kind].roles
    if not needed:
        assert offer_service(clerk(STUDIO), STUDIO, kind, terms, at=NOW)
        return
    with pytest.raises(Refused, match="on file as"):
        offer_service(clerk(STUDIO), STUDIO, kind, terms, at=NOW)
    suspend(CARRIER, "ebp")
    with pytest.raises(Refused, match="on file as"):
        offer_service(clerk(CARRIER), CARRIER, kind, terms, at=NOW)
    for role in needed:
        suspend(CARRIER, role)
        assert offer_service(clerk(CARRIER), CARRIER, kind, terms, at=NOW) in shown()


def test_suspension_hides_every_service_at_once_and_says_why(firms: None) -> None:
    parcels, photos = service(), service(kind="photography")
    assert shown() == [photos, parcels]
    registry.Version.objects.create(
        enterprise_code=CARRIER,
        number=1,
        roles=["logistics"],
        data={},
        standing="suspended",
        since=NOW,
        reason="年报逾期未报",
    )
    suspend(CARRIER)
    assert shown() == []
    for number in (parcels, photos):
        found = queries.service(number)
        assert found is not None
        why = queries.hidden_because(found, TODAY)
        assert why is not None
        assert "暂停" in why.zh
        assert "年报逾期未报" in why.zh
        assert "suspended since 2026-11-23" in why.en
    with pytest.raises(NotYours):
        enquiry(parcels)
    suspend(CARRIER, "logistics")
    assert shown() == [photos, parcels]


def test_nothing_is_agreed_with_a_provider_whose_filing_is_suspended(firms: None) -> None:
    asked, open_offer = enquiry(), offer()
    suspend(CARRIER)
    with pytest.raises(Refused, match="filing"):
        trading.quote(clerk(CARRIER), asked.pk, quoted(), at=NOW)
    with pytest.raises(Refused, match="filing"):
        trading.accept(clerk(BUYER), open_offer.pk, at=NOW)
    suspend(CARRIER, "logistics")
    assert order(open_offer).state == "placed"


def test_a_service_is_its_providers_alone(firms: None) -> None:
    number, terms = service(), rules.terms(SERVICE, TODAY)
    with pytest.raises(Refused, match="organisation"):
        offer_service(STRANGER, CARRIER, "logistics", terms, at=NOW)
    with pytest.raises(Refused, match="organisation"):
        offer_service(clerk(CARRIER, role="reader"), CARRIER, "logistics", terms, at=NOW)
    for stranger in (STRANGER, clerk(CARRIER, role="reader")):
        with pytest.raises(NotYours):
            change_service(stranger, number, terms, version=1, at=NOW)
        with pytest.raises(NotYours):
            set_offered(stranger, number, False, at=NOW)


def test_what_is_taken_off_or_out_of_its_days_is_not_shown(firms: None) -> None:
    number = service(valid_from="2026-11-24", valid_to="2026-11-25")
    days = [TODAY + place * DAY for place in range(4)]
    assert [bool(queries.search(day).lines) for day in days] == [False, True, True, False]
    found = queries.service(number)
    assert found is not None
    assert [queries.hidden_because(found, day) is None for day in days] == [False, True, True, False]
    other = service()
    set_offered(clerk(CARRIER), other, False, at=NOW)
    assert shown() == []
    set_offered(clerk(CARRIER), other, True, at=NOW)
    assert shown() == [other]


# --- Versions ---------------------------------------------------------------------------------------------------------


def test_a_change_leaves_offers_and_orders_as_they_are(firms: None) -> None:
    number = service()
    asked = enquiry(number)
    placed = order(offer(enquiry(number)))
    changed = rules.terms({**SERVICE, "price": "9.90", "conditions_zh": "改为不赔付。"}, TODAY)
    change_service(clerk(CARRIER), number, changed, version=1, at=NOW)
    assert queries.service(number).terms.price.cents == 990  # type: ignore[union-attr]
    asked.refresh_from_db()
    assert queries.price_of(asked.service_version).cents == 350
    assert asked.service_version.number == 1
    placed.refresh_from_db()
    assert "破损按货值赔付" in placed.terms
    assert enquiry(number).service_version.number == 2
    assert [row.number for row in queries.versions(number)] == [2, 1]
    with pytest.raises(Refused, match="changed since"):
        change_service(clerk(CARRIER), number, changed, version=1, at=NOW)


# --- Search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "drone photos express"),
        ({"kind": "photography"}, "photos"),
        ({"words": "快递"}, "express"),
        ({"words": "EXPRESS zhengzhou"}, "express"),
        ({"words": "express 不存在"}, ""),
        ({"words": "摄影"}, "drone photos"),
        ({"words": "光影"}, "drone photos"),
        ({"words": "Russian"}, "drone"),
        ({"words": "全国 express"}, "express"),
        ({"words": "all of china"}, "drone photos express"),
        ({"words": "100%"}, ""),
        ({"form": "fixed"}, "photos"),
        ({"form": "quote"}, "drone"),
        ({"form": "parcel", "most_cents": 350}, "express"),
        ({"form": "parcel", "most_cents": 349}, ""),
        ({"most_cents": 10**6, "currency": "USD"}, ""),
        ({"cheapest": True}, "express photos drone"),
        ({"provider_code": STUDIO}, "drone photos"),
    ],
)
def test_search(firms: None, asked: dict[str, object], found: str) -> None:
    photos = {"title_zh": "商品摄影", "title_en": "Product photos", "price_form": "fixed", "price": "800"}
    drone = {"title_zh": "航拍", "title_en": "Drone photos", "price_form": "quote", "price": "", "languages": "ru"}
    numbers = {
        service(): "express",
        service(STUDIO, "photography", **photos): "photos",
        service(STUDIO, "planning", **drone, conditions_zh="含摄影师差旅。"): "drone",
    }
    assert [numbers[number] for number in shown(**asked)] == found.split()


@pytest.mark.parametrize("cheapest", [False, True])
def test_pages_hold_every_service_once(firms: None, cheapest: bool) -> None:
    prices = ["3.00", "2.00", "", "2.00", "1.00", "", "5.00"]
    made = [service(price=price, price_form="parcel" if price else "quote") for price in prices]
    seen, after = [], None
    while True:
        page = queries.search(TODAY, cheapest=cheapest, after=after, limit=2)
        seen += [line.service.id for line in page.lines]
        after = page.after
        if after is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))
    assert seen == shown(cheapest=cheapest)


# --- Prices and forms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "written", "cents", "total"),
    [
        ("fixed", "800", 80_000, 80_000),
        ("parcel", "3.5", 350, 70_000),
        ("kg", "0.01", 1, 200),
        ("month", "1200.00", 120_000, 24_000_000),
        ("quote", "", None, None),
    ],
)
def test_a_price_is_cents_of_a_unit(form: str, written: str, cents: int | None, total: int | None) -> None:
    price = rules.terms({**SERVICE, "price_form": form, "price": written}, TODAY).price
    assert price == Price(form, cents, "CNY", True)
    assert price.total_cents(200) == total
    assert all(FORMS[form].zh == price.words.zh or "含税" in price.words.zh for _ in [0])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title_zh", ""), ("title_en", "x" * 81), ("about_zh", "短"), ("conditions_zh", ""), ("area_zh", ""),
        ("languages", "tlh"), ("price_form", "free"), ("price", "三块"), ("price", "0"), ("price", "-1"),
        ("price", "1.234"), ("price", "9" * 10), ("price", "１.00"), ("currency", "ABC"), ("valid_from", "明天"),
        ("valid_to", "2026-11-22"), ("about_zh", "含有\0字符的一段服务内容"),
    ],
)  # fmt: skip
def test_terms_are_refused_at_their_field(field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        rules.terms({**SERVICE, field: value}, TODAY)
    assert {problem.field for problem in refused.value.problems} == {field}


@pytest.mark.parametrize(
    ("judge", "right", "field", "value"),
    [
        ("wanted", WANTED, "what", "太短"), ("wanted", WANTED, "quantity", "0"), ("wanted", WANTED, "quantity", "1.5"),
        ("wanted", WANTED, "quantity", "9" * 400), ("wanted", WANTED, "needed_by", "2026-11-22"),
        ("quoted", QUOTED, "price_form", "quote"), ("quoted", QUOTED, "price", ""), ("quoted", QUOTED, "quantity", ""),
        ("quoted", QUOTED, "valid_until", "2026-11-22"), ("quoted", QUOTED, "deliver_by", "2026-11-22"),
        ("quoted", {**QUOTED, "price": "999999999"}, "quantity", "100000000"), ("quoted", QUOTED, "conditions", ""),
    ],
)  # fmt: skip
def test_enquiries_and_offers_are_refused_at_their_field(
    judge: str, right: dict[str, str], field: str, value: str
) -> None:
    with pytest.raises(Refused) as refused:
        getattr(rules, judge)({**right, field: value}, TODAY)
    assert {problem.field for problem in refused.value.problems} == {field}
    everything = {**SERVICE, **dict.fromkeys(SERVICE, "")}
    with pytest.raises(Refused) as refused:
        rules.terms(everything, TODAY)
    assert len(refused.value.problems) > 6, "all that is wrong is told at once"


def test_an_organisation_does_not_enquire_with_itself(firms: None) -> None:
    number = service()
    with pytest.raises(Refused, match="itself"):
        trading.enquire(clerk(CARRIER), CARRIER, number, rules.wanted(WANTED, TODAY), at=NOW)
    with pytest.raises(Refused, match="organisation"):
        trading.enquire(clerk(BUYER, role="reader"), BUYER, number, rules.wanted(WANTED, TODAY), at=NOW)
    assert not models.Enquiry.objects.exists()


def test_a_demonstration_is_marked(firms: None) -> None:
    firm(STUDIO)
    number = offer_service(clerk(STUDIO), STUDIO, "training", rules.terms(SERVICE, TODAY), at=NOW, demo=True)
    assert queries.service(number).demo  # type: ignore[union-attr]
