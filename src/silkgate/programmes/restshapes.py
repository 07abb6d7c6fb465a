"""Bodies of the market's REST interface, and how its values and refusals are told there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from silkgate.kernel.text import Text
from silkgate.programmes import models, queries
from silkgate.programmes.domain import COURSES, MOST_QUANTITY, NotYours, Price, Rated, Rating, Refused
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Out


def _is_day(value: object) -> object:
    """Pydantic alone would take a number for seconds since 1970, and a time at midnight for its day."""
    if not isinstance(value, str) or len(value) != len("2026-11-23"):
        raise ValueError("a date such as 2026-11-23")
    return value


Day = Annotated[date, BeforeValidator(_is_day)]
Code = Annotated[str, Field(min_length=1, max_length=40, description="单位代码 code of the organisation")]
Words = Annotated[str, Field(max_length=3_000)]
Quantity = Annotated[int, Field(ge=1, le=MOST_QUANTITY, strict=True)]
Id = Annotated[int, Field(ge=1, lt=1 << 63, strict=True)]
Form = Literal["fixed", "parcel", "kg", "month", "quote"]
Currency = Literal["CNY", "USD", "EUR", "GBP", "HKD"]
Version = Annotated[int, Field(ge=1, lt=1 << 31, strict=True)]


class PriceOut(Out):
    """What a unit costs."""

    form: Form
    """fixed: for all of it; parcel, kg, month: for each; quote: by quotation."""
    cents: int | None
    """0.01 of the currency; null by quotation."""
    currency: Currency
    tax_included: bool


class RatingOut(Out):
    """Reviews in figures: `tenths` is ten times `stars` divided by `count`, rounded half up."""

    count: int
    stars: int
    tenths: int | None
    """Null without reviews."""
    levels: list[int]
    """How many reviews have 1, 2, 3, 4, 5 stars."""


class ProviderOut(Out):
    """Who offers a service."""

    code: str
    name: str
    rating: RatingOut


class ServiceOut(Out):
    """A service that the market shows."""

    id: int
    version: int
    """Offers and orders name the version that they were made on."""
    kind: str
    kind_zh: str
    kind_en: str
    title_zh: str
    title_en: str
    about_zh: str
    about_en: str
    price: PriceOut
    conditions_zh: str
    conditions_en: str
    area_zh: str
    area_en: str
    languages: list[str]
    capacity_zh: str
    capacity_en: str
    valid_from: date
    valid_to: date | None
    demo: bool
    """Made up, for a demonstration."""
    provider: ProviderOut
    href: str


class ReviewOut(Out):
    """A review of a completed order. It is never changed."""

    order: int
    demo: bool
    """Made up, for a demonstration."""
    stars: int
    words: str
    at: datetime
    answer: str
    answered_at: datetime | None


class TradeStepOut(Out):
    """One step, without the person who took it."""

    course: Literal["enquiry", "order"]
    number: int
    step: str
    """Empty for the beginning."""
    source: str
    target: str
    side: Literal["buyer", "provider", "operator"]
    at: datetime
    reason: str
    rule: str


class OfferOut(Out):
    """An offer for an enquiry."""

    id: int
    number: int
    state: Literal["open", "superseded", "taken_back", "turned_down", "accepted", "closed"]
    price: PriceOut
    quantity: int
    total_cents: int
    conditions: str
    deliver_by: date
    valid_until: date
    made_at: datetime


class EnquiryLine(Out):
    """An enquiry as it stands."""

    id: int
    service: int
    service_version: int
    demo: bool
    """For a service that is made up, for a demonstration."""
    buyer: str
    provider: str
    what: str
    quantity: int
    needed_by: date
    state: str
    waits_for: Literal["buyer", "provider", "operator", ""]
    version: int
    """Give it with a step, so that it is refused where somebody was quicker."""
    sent_at: datetime
    entered_at: datetime
    href: str


class EnquiryOut(EnquiryLine):
    """An enquiry with its offers, newest first, and its steps, oldest first."""

    offers: list[OfferOut]
    steps: list[TradeStepOut]
    order: str
    """Address of the order that came of it; empty: none has."""


class OrderLine(Out):
    """An order as it stands."""

    id: int
    enquiry: int
    service: int
    demo: bool
    """For a service that is made up, for a demonstration."""
    buyer: str
    provider: str
    state: str
    waits_for: Literal["buyer", "provider", "operator", ""]
    version: int
    total_cents: int
    currency: Currency
    placed_at: datetime
    entered_at: datetime
    href: str


class OrderOut(OrderLine):
    """An order with what both sides agreed, its steps and its review."""

    terms: str
    """JSON as it was frozen, byte for byte."""
    terms_sha256: str
    """Of the bytes of `terms` in UTF-8."""
    offer: OfferOut
    steps: list[TradeStepOut]
    review: ReviewOut | None
    declarations: int
    """How many were named under it."""
    released: int
    """Of them, how many are released now."""


class EnquiryIn(In):
    """What is needed, of which service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "service": 1,
                    "what": "每天两百个奶粉包裹，从新郑综保区发往全国。",
                    "quantity": 200,
                    "needed_by": "2026-12-31",
                }
            ]
        }
    )
    organisation: Code
    service: Id
    what: Words
    quantity: Quantity
    """In the unit of the service's price."""
    needed_by: Day


class PriceIn(In):
    """What a unit costs."""

    form: Literal["fixed", "parcel", "kg", "month"]
    cents: Annotated[int, Field(ge=1, le=99_999_999_999, strict=True)]
    currency: Currency
    tax_included: Annotated[bool, Field(strict=True)]


class OfferIn(In):
    """An offer for an enquiry."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "price": {"form": "parcel", "cents": 320, "currency": "CNY", "tax_included": True},
                    "quantity": 200,
                    "conditions": "满两百件起，次日结算。",
                    "deliver_by": "2026-12-30",
                    "valid_until": "2026-12-05",
                }
            ]
        }
    )
    price: PriceIn
    quantity: Quantity
    conditions: Words
    deliver_by: Day
    valid_until: Day
    """Last day on which it can be accepted."""
    version: Version | None = None
    """Of the enquiry that was read."""


class OrderIn(In):
    """Which offer is accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"offer": 1}]})
    offer: Id
    version: Version | None = None
    """Of the enquiry that was read."""


class _StepIn(In):
    reason: Annotated[str, Field(max_length=2_000)] = ""
    """The other side reads it."""
    version: Version | None = None
    """Of what was read."""


class EnquiryStepIn(_StepIn):
    """A step of an enquiry."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": "turn_down", "reason": "请再优惠一些"}]})
    step: Literal["withdraw_offer", "decline", "turn_down", "withdraw"]


class OrderStepIn(_StepIn):
    """A step of an order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"step": "confirm"}]})
    step: Literal["deliver", "confirm", "ask_cancel", "agree_cancel", "carry_on", "dispute", "uphold", "dissolve"]
    rule: Annotated[str, Field(max_length=300)] = ""
    """What a decision of the operator rests on."""


class ReviewIn(In):
    """A review."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"stars": 5, "words": "每天准时，破损为零。"}]})
    stars: Annotated[int, Field(ge=1, le=5, strict=True)]
    words: Annotated[str, Field(max_length=2_000)]


class AnswerIn(In):
    """The provider's answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "谢谢，我们会保持。"}]})
    answer: Annotated[str, Field(max_length=2_000)]


class ServedIn(In):
    """Declarations of the buyer, by declaration or waybill number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"references": ["SF1234567890123"]}]})
    references: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(min_length=1, max_length=200)]


# --- As they are told -------------------------------------------------------------------------------------------------


@contextmanager
def refusals(*members: str) -> Iterator[None]:
    """Refusals as problem documents: 422 where a member of the body is at fault, 409 where it is how things stand."""
    try:
        yield
    except Refused as refused:
        problems = [problem for problem in refused.problems if problem.field in members]
        if not problems:
            raise ProblemError("request.conflict", refused.text) from refused
        faults = [Fault(f"#/{problem.field}", "", problem.what) for problem in problems]
        raise ProblemError("request.invalid", refused.text, errors=faults) from refused
    except NotYours as absent:
        raise ProblemError("request.not_found") from absent


def unknown(member: str, found: int, what: Text) -> ProblemError:
    """A number in the body of which there is nothing for who asks."""
    return ProblemError("request.invalid", errors=[Fault(f"#/{member}", str(found), what)])


def price(given: Price) -> dict[str, Any]:
    """A `PriceOut`."""
    return {name: getattr(given, name) for name in ("form", "cents", "currency", "tax_included")}


def rating(given: Rating) -> dict[str, Any]:
    """A `RatingOut`."""
    return {"count": given.count, "stars": given.stars, "tenths": given.tenths, "levels": list(given.counts)}


def service(found: queries.Service, rated: Rating) -> dict[str, Any]:
    """A `ServiceOut`."""
    terms = found.terms
    texts: Mapping[str, Text] = {
        "kind": found.kind.words,
        "title": terms.title,
        "about": terms.about,
        "conditions": terms.conditions,
        "area": terms.area,
        "capacity": terms.capacity,
    }
    return {
        "id": found.id,
        "version": found.number,
        "kind": found.kind.key,
        **{f"{name}_{language}": getattr(text, language) for name, text in texts.items() for language in ("zh", "en")},
        "price": price(terms.price),
        "languages": list(terms.languages),
        "valid_from": terms.valid_from,
        "valid_to": terms.valid_to,
        "demo": found.demo,
        "provider": {"code": found.provider_code, "name": found.provider_name, "rating": rating(rated)},
        "href": f"/api/v1/market/services/{found.id}",
    }


def review(given: Rated) -> dict[str, Any]:
    """A `ReviewOut`."""
    return {
        "order": given.order_id,
        **{n: getattr(given, n) for n in ("demo", "stars", "words", "at", "answer", "answered_at")},
    }


def offer(row: models.Offer) -> dict[str, Any]:
    """An `OfferOut`."""
    cost = queries.price_of(row)
    names = ("number", "state", "quantity", "conditions", "deliver_by", "valid_until", "made_at")
    return {
        "id": row.pk,
        "price": price(cost),
        "total_cents": cost.total_cents(row.quantity),
        **{name: getattr(row, name) for name in names},
    }


def steps(enquiry_id: int, course: str = "") -> list[dict[str, Any]]:
    """`TradeStepOut`s of an enquiry, with `course` of that alone."""
    names = ("course", "number", "source", "target", "side", "at", "reason", "rule")
    return [
        {"step": row.move, **{name: getattr(row, name) for name in names}}
        for row in queries.steps(enquiry_id)
        if not course or row.course == course
    ]


def enquiry_line(row: models.Enquiry) -> dict[str, Any]:
    """An `EnquiryLine`."""
    names = ("what", "quantity", "needed_by", "state", "version", "sent_at", "entered_at")
    return {
        "id": row.pk,
        "service": row.service_id,
        "service_version": row.service_version.number,
        "demo": row.service.demo,
        "buyer": row.buyer_code,
        "provider": row.provider_code,
        "waits_for": COURSES["enquiry"].states[row.state].waits_for,
        "href": f"/api/v1/market/enquiries/{row.pk}",
        **{name: getattr(row, name) for name in names},
    }


def enquiry(row: models.Enquiry) -> dict[str, Any]:
    """An `EnquiryOut`."""
    made = queries.order_of(row.pk)
    return {
        **enquiry_line(row),
        "offers": [offer(one) for one in queries.offers(row.pk)],
        "steps": steps(row.pk, "enquiry"),
        "order": f"/api/v1/market/orders/{made.pk}" if made else "",
    }


def order_line(row: models.Order) -> dict[str, Any]:
    """An `OrderLine`."""
    names = ("state", "version", "placed_at", "entered_at")
    return {
        "id": row.pk,
        "enquiry": row.enquiry_id,
        "service": row.service_id,
        "demo": row.service.demo,
        "buyer": row.buyer_code,
        "provider": row.provider_code,
        "waits_for": COURSES["order"].states[row.state].waits_for,
        "total_cents": queries.price_of(row.offer).total_cents(row.offer.quantity),
        "currency": row.offer.currency,
        "href": f"/api/v1/market/orders/{row.pk}",
        **{name: getattr(row, name) for name in names},
    }


def order(row: models.Order) -> dict[str, Any]:
    """An `OrderOut`."""
    made = queries.review_of(row.pk)
    named, released = queries.served_counts(row.pk)
    return {
        **order_line(row),
        "terms": row.terms,
        "terms_sha256": row.terms_sha256,
        "offer": offer(row.offer),
        "steps": steps(row.enquiry_id),
        "review": review(queries.rated(made)) if made else None,
        "declarations": named,
        "released": released,
    }
