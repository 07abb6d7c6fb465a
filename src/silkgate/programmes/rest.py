"""The market over HTTP: services and reviews for everybody; enquiries, offers and orders for their two parties."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router, Status

from silkgate.identity.api import Action, actor_of, opens, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, models, queries, reviews, rules, trading
from silkgate.programmes import restshapes as shapes
from silkgate.programmes.domain import NotYours
from silkgate.programmes.restshapes import (
    AnswerIn,
    EnquiryIn,
    EnquiryLine,
    EnquiryOut,
    EnquiryStepIn,
    OfferIn,
    OfferOut,
    OrderIn,
    OrderLine,
    OrderOut,
    OrderStepIn,
    ReviewIn,
    ReviewOut,
    ServedIn,
    ServiceOut,
    refusals,
    unknown,
)
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import ProblemError

router = Router(tags=["market"])

Number = Annotated[int, Path(ge=1, lt=1 << 63)]
KindAsked = Annotated[
    str, Query(pattern=r"^[a-z]{0,20}$", description="只看这类服务。Of this kind only: logistics, storage, finance, …")
]
WordsAsked = Annotated[
    str, Query(max_length=100, description="中英文关键词，须全部出现。Words in either language; all have to occur.")
]
FormAsked = Annotated[
    Literal["", "fixed", "parcel", "kg", "month", "quote"], Query(description="计价方式。How it is priced.")
]
CurrencyAsked = Annotated[
    Literal["CNY", "USD", "EUR", "GBP", "HKD"], Query(description="most_cents的币种。Of most_cents.")
]
Most = Annotated[
    int | None, Query(ge=0, lt=1 << 53, description="每单位不超过，分。At most so many cents of the currency a unit.")
]
Provider = Annotated[str, Query(pattern=r"^[0-9A-Za-z]{0,40}$", description="只看这家服务商。Of this provider only.")]
Sort = Annotated[Literal["newest", "price"], Query(description="最新在前，或价格低的在前。Newest or cheapest first.")]
Side = Annotated[Literal["buyer", "provider"], Query(description="作为哪一方。On which side.")]


# --- For everybody ----------------------------------------------------------------------------------------------------


@router.get("/market/services", response=Page[ServiceOut], summary="服务市场 / Services")
@opens(access.MARKET)
def list_services(
    request: HttpRequest,
    kind: KindAsked = "",
    q: WordsAsked = "",
    form: FormAsked = "",
    currency: CurrencyAsked = "CNY",
    most_cents: Most = None,
    provider: Provider = "",
    sort: Sort = "newest",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """只列备案有效的服务商在架的服务。Offered now, by providers whose filing is in force for that kind."""
    found = queries.search(
        china_day(at_of(request)),
        kind=kind,
        words=q,
        form=form,
        currency=currency,
        most_cents=most_cents,
        provider_code=provider,
        cheapest=sort == "price",
        after=begin(request, cursor),
        limit=limit,
    )
    return page(request, [shapes.service(line.service, line.rating) for line in found.lines], found.after)


@router.get("/market/services/{number}", response=ServiceOut, summary="一项服务 / One service")
@opens(access.MARKET)
def one_service(request: HttpRequest, number: Number) -> Any:
    """不在市场展示的，与不存在相同。One that the market does not show is answered like one that is not there."""
    found = _service(request, number)
    return shapes.service(found, queries.rating(found.provider_code))


@router.get("/market/services/{number}/reviews", response=Page[ReviewOut], summary="服务的评价 / Reviews of a service")
@opens(access.MARKET)
def list_reviews(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """新的在前；只来自已完成的订单。Newest first; of completed orders alone."""
    code, before = _service(request, number).provider_code, begin(request, cursor)
    found = queries.reviews(code, service=number, before=before, limit=limit)
    return page(request, [shapes.review(one) for one in found.lines], found.older)


def _service(request: HttpRequest, number: int) -> queries.Service:
    found = queries.service(number)
    if found is None or queries.hidden_because(found, china_day(at_of(request))):
        raise ProblemError("request.not_found")
    return found


# --- Enquiries and offers ---------------------------------------------------------------------------------------------


@router.get("/market/enquiries", response=Page[EnquiryLine], summary="本单位的询价 / Enquiries of one’s own")
@opens(access.SEE, anywhere=True)
def list_enquiries(
    request: HttpRequest, side: Side = "buyer", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """新的在前。Newest first."""
    before = begin(request, cursor)
    codes = access.own(actor_of(request), access.SEE)
    found = queries.enquiries(codes, side, before=before, limit=limit)
    lines = [shapes.enquiry_line(row) for row in found.lines]
    return page(request, lines, found.older)


@router.post("/market/enquiries", response={201: EnquiryOut}, summary="询价 / Enquire")
@opens(access.TRADE, anywhere=True)
def make_enquiry(request: HttpRequest, wanted: EnquiryIn) -> Any:
    """服务商会在其待办中看到，并有答复期限。It lies in the provider's work list, with a deadline."""
    _as(request, wanted.organisation)
    at = at_of(request)
    with refusals("what", "quantity", "needed_by", "organisation"):
        asked = rules.wanted(
            {"what": wanted.what, "quantity": str(wanted.quantity), "needed_by": wanted.needed_by.isoformat()},
            china_day(at),
        )
        try:
            made = trading.enquire(actor_of(request), wanted.organisation, wanted.service, asked, at=at)
        except NotYours as absent:
            needed = Text("市场上展示的服务的编号", "the number of a service that the market shows")
            raise unknown("service", wanted.service, needed) from absent
    return Status(201, shapes.enquiry(_enquiry(request, access.SEE, made.pk)))


@router.get("/market/enquiries/{number}", response=EnquiryOut, summary="一份询价 / One enquiry")
@opens(access.SEE, anywhere=True)
def one_enquiry(request: HttpRequest, number: Number) -> Any:
    """只有双方可读，有争议时平台管理方也可读。For its two parties; for the operator once its order is disputed."""
    return shapes.enquiry(_enquiry(request, access.SEE, number))


@router.post("/market/enquiries/{number}/offers", response={201: OfferOut}, summary="报价 / Make an offer")
@opens(access.TRADE, anywhere=True)
def make_offer(request: HttpRequest, number: Number, offered: OfferIn) -> Any:
    """由服务商；取代未接受的上一次报价，历次都保留。By the provider; it replaces the open one, and all are kept."""
    _enquiry(request, access.TRADE, number)
    at, price = at_of(request), offered.price
    with refusals("price", "price_form", "quantity", "conditions", "deliver_by", "valid_until"):
        quoted = rules.quoted(
            {
                "price_form": price.form,
                "price": f"{price.cents // 100}.{price.cents % 100:02d}",
                "currency": price.currency,
                "tax_included": "yes" if price.tax_included else "no",
                "quantity": str(offered.quantity),
                "conditions": offered.conditions,
                "deliver_by": offered.deliver_by.isoformat(),
                "valid_until": offered.valid_until.isoformat(),
            },
            china_day(at),
        )
        made = trading.quote(actor_of(request), number, quoted, version=offered.version, at=at)
    return Status(201, shapes.offer(made))


@router.post("/market/enquiries/{number}/steps", response=EnquiryOut, summary="办理询价 / A step of an enquiry")
@opens(access.TRADE, anywhere=True)
def step_enquiry(request: HttpRequest, number: Number, step: EnquiryStepIn) -> Any:
    """撤回报价、谢绝、不接受、撤回询价。Withdraw the offer, decline, turn it down, withdraw the enquiry."""
    _enquiry(request, access.TRADE, number)
    with refusals("reason"):
        trading.move_enquiry(
            actor_of(request), number, step.step, reason=step.reason, version=step.version, at=at_of(request)
        )
    return shapes.enquiry(_enquiry(request, access.SEE, number))


# --- Orders -----------------------------------------------------------------------------------------------------------


@router.get("/market/orders", response=Page[OrderLine], summary="本单位的订单 / Orders of one’s own")
@opens(access.SEE, anywhere=True)
def list_orders(request: HttpRequest, side: Side = "buyer", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """新的在前。Newest first."""
    before = begin(request, cursor)
    codes = access.own(actor_of(request), access.SEE)
    found = queries.orders(codes, side, before=before, limit=limit)
    return page(request, [shapes.order_line(row) for row in found.lines], found.older)


@router.post("/market/orders", response={201: OrderOut}, summary="接受报价，下单 / Accept an offer")
@opens(access.TRADE, anywhere=True)
def make_order(request: HttpRequest, accepted: OrderIn) -> Any:
    """双方条款随即固定。What both sides agreed is frozen with it."""
    offer = queries.offer(accepted.offer)
    needed = Text("您可以接受的报价的编号", "the number of an offer that you may accept")
    if offer is None:
        raise unknown("offer", accepted.offer, needed)
    try:
        _enquiry(request, access.TRADE, offer.enquiry_id)
    except ProblemError as hidden:
        raise unknown("offer", accepted.offer, needed) from hidden
    with refusals():
        made = trading.accept(actor_of(request), accepted.offer, version=accepted.version, at=at_of(request))
    return Status(201, shapes.order(_order(request, access.SEE, made.pk)))


@router.get("/market/orders/{number}", response=OrderOut, summary="一个订单 / One order")
@opens(access.SEE, anywhere=True)
def one_order(request: HttpRequest, number: Number) -> Any:
    """约定的条款、经过、评价。What was agreed, every step, the review."""
    return shapes.order(_order(request, access.SEE, number))


@router.post("/market/orders/{number}/steps", response=OrderOut, summary="办理订单 / A step of an order")
@opens(access.SEE, anywhere=True)
def step_order(request: HttpRequest, number: Number, step: OrderStepIn) -> Any:
    """交付、确认、取消、争议；由谁办理见状态表。Deliver, confirm, cancel, dispute: by whose turn it is."""
    _order(request, access.SEE, number)
    with refusals("reason", "rule"):
        trading.move_order(
            actor_of(request),
            number,
            step.step,
            reason=step.reason,
            rule=step.rule,
            version=step.version,
            at=at_of(request),
        )
    return shapes.order(_order(request, access.SEE, number))


@router.post("/market/orders/{number}/review", response={201: ReviewOut}, summary="评价订单 / Review an order")
@opens(access.TRADE, anywhere=True)
def make_review(request: HttpRequest, number: Number, given: ReviewIn) -> Any:
    """由需求方，订单完成后，一次。By the buyer of a completed order, once; it cannot be changed."""
    _order(request, access.TRADE, number)
    with refusals("stars", "words"):
        stars, words = rules.stars({"stars": str(given.stars), "words": given.words})
        made = reviews.review(actor_of(request), number, stars, words, at=at_of(request))
    return Status(201, shapes.review(queries.rated(made)))


@router.post("/market/orders/{number}/answer", response=ReviewOut, summary="答复评价 / Answer a review")
@opens(access.TRADE, anywhere=True)
def answer_review(request: HttpRequest, number: Number, given: AnswerIn) -> Any:
    """由服务商，一次。By the provider, once."""
    _order(request, access.TRADE, number)
    with refusals("answer"):
        words = rules.answer({"answer": given.answer})
        made = reviews.answer(actor_of(request), number, words, at=at_of(request))
    return shapes.review(queries.rated(made))


@router.post("/market/orders/{number}/declarations", response=OrderOut, summary="列出清单 / Name declarations")
@opens(access.TRADE, anywhere=True)
def name_declarations(request: HttpRequest, number: Number, named: ServedIn) -> Any:
    """订单所办理的清单，须属于需求方。Declarations of the buyer that were handled under the order."""
    _order(request, access.TRADE, number)
    with refusals("references"):
        reviews.name_served(actor_of(request), number, named.references, at=at_of(request))
    return shapes.order(_order(request, access.SEE, number))


# --- Whose ------------------------------------------------------------------------------------------------------------


def _as(request: HttpRequest, code: str) -> None:
    """Raises Denied, or ProblemError for an agent."""
    require(request, access.TRADE, code)
    if code not in access.own(actor_of(request), access.TRADE):
        told = Text("只能以本单位的名义办理，受托代理不可。", "For an organisation of your own only, not as an agent.")
        raise ProblemError("access.denied", told)


def _enquiry(request: HttpRequest, what: Action, number: int) -> models.Enquiry:
    return _seen(request, what, queries.enquiry(number))  # type: ignore[no-any-return]


def _order(request: HttpRequest, what: Action, number: int) -> models.Order:
    return _seen(request, what, queries.order(number))  # type: ignore[no-any-return]


def _seen(request: HttpRequest, what: Action, row: Any) -> Any:
    """Another's is answered like one that is not there."""
    if row is None or not access.asked_sides(request, what, row):
        raise ProblemError("request.not_found")
    return row
