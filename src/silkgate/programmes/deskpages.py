"""Pages of enquiries for both sides: the list of what runs, asking, an enquiry with its offers, making an offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.casework import api as casework
from silkgate.identity.api import Action, actor_of, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, models, queries, rules, shown, trading
from silkgate.programmes.domain import (
    BUYER,
    ENQUIRY,
    OFFER_STATES,
    OPEN,
    ORDER,
    PROVIDER,
    SIDES,
    NotYours,
    Refused,
    counted,
)
from silkgate.programmes.forms import EnquiryForm, MoveForm, OfferForm, price_initial, seen_version
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text

PAGE_LINES = 50
_LISTS = {
    "orders-buyer": Text("我的订单", "Our orders"),
    "enquiries-buyer": Text("我的询价", "Our enquiries"),
    "orders-provider": Text("收到的订单", "Orders received"),
    "enquiries-provider": Text("收到的询价", "Enquiries received"),
}
_DISPUTED = Text("争议订单", "Disputed orders")
_OTHERS = {BUYER: (PROVIDER,), PROVIDER: (BUYER,), "": (BUYER, PROVIDER)}
"""Whom a list names, by the side of whoever reads it."""


# --- Lists ------------------------------------------------------------------------------------------------------------


@opens(access.SEE, anywhere=True)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """GET /market/desk: enquiries and orders of one's own organisations on either side; for the operator disputes."""
    actor = actor_of(request)
    codes, operator = access.own(actor, access.SEE), access.DECIDE.allows(actor)
    lists = {**(_LISTS if codes or not operator else {}), **({"disputed": _DISPUTED} if operator else {})}
    chosen = asked(request, "list", lists) or next(iter(lists))
    before = asked_number(request, "before")
    course = ENQUIRY if chosen.startswith("enquiries") else ORDER
    side = chosen.partition("-")[2]
    if chosen == "disputed":
        found = queries.disputed_orders(before=before, limit=PAGE_LINES)
    else:
        read = queries.enquiries if course is ENQUIRY else queries.orders
        found = read(codes, side, before=before, limit=PAGE_LINES)
    names = queries.names_of(code for row in found.lines for code in (row.buyer_code, row.provider_code))
    context = {
        "lines": [_line(course, row, side, names) for row in found.lines],
        "is_order": course is ORDER,
        "disputes": chosen == "disputed",
        "others": _enumerated([SIDES[other] for other in _OTHERS[side]]),
        "chips": tuple(Chip(words, address("market-desk", list=key), key == chosen) for key, words in lists.items()),
        "pager": Pager(
            address("market-desk", list=chosen) if before else "",
            address("market-desk", list=chosen, before=found.older) if found.older else "",
        ),
    }
    return render(request, "programmes/desk.html", context)


def _enumerated(words: Sequence[Text | str]) -> Text:
    both = [one if isinstance(one, Text) else Text(one, one) for one in words]
    return Text("、".join(one.zh for one in both), ", ".join(one.en for one in both))


def _line(course: Any, row: Any, side: str, names: dict[str, str]) -> dict[str, Any]:
    return {
        "row": row,
        "title": queries.title_of((row if course is ENQUIRY else row.enquiry).service_version),
        "others": _enumerated([names[getattr(row, f"{other}_code")] for other in _OTHERS[side]]),
        "state": shown.mark(course, row.state),
        "waits": shown.waits(course, row.state, {side}),
        "total": None if course is ENQUIRY else queries.price_of(row.offer).total(row.offer.quantity),
    }


@opens(access.SEE, anywhere=True)
@require_GET
def task(request: HttpRequest, number: int) -> HttpResponse:
    """GET /market/tasks/<case>: from the work list to the enquiry or order that the case is about."""
    case = casework.case(number) if number < 2**63 else None
    if case is None or not case.workflow.startswith("programmes."):
        raise Http404
    course, _, about = case.subject.partition("/")
    row = queries.enquiry(int(about)) if course == ENQUIRY.name else queries.order(int(about))
    if row is None:
        raise Http404
    held_sides(request, access.SEE, row)
    return redirect("market-enquiry" if course == ENQUIRY.name else "market-order", number=row.pk)


def held_sides(request: HttpRequest, what: Action, row: Any) -> frozenset[str]:
    """The reader's sides of an enquiry or order. For anybody else there is none."""
    held = access.asked_sides(request, what, row)
    if not held:
        raise Http404
    return held


def posted(request: HttpRequest) -> Any:
    """What a form was sent with; None where the page is only looked at. Nothing at all may be sent, too."""
    return request.POST if request.method == "POST" else None


# --- Asking -----------------------------------------------------------------------------------------------------------


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def enquire(request: HttpRequest) -> HttpResponse:
    """GET, POST /market/enquire?service=<number>: ask the provider of a service for an offer."""
    at = at_of(request)
    number = asked_number(request, "service")
    found = queries.service(number) if number is not None else None
    if number is None or found is None or queries.hidden_because(found, china_day(at)):
        messages.error(request, text(Text("这项服务目前不在市场上。", "This service is not in the market at present.")))
        return redirect("market")
    actor = actor_of(request)
    codes = queries.names_of(access.own(actor, access.TRADE))
    form = EnquiryForm(codes, found.terms.price.form, posted(request))
    context = {"service": found, "form": form}
    if request.method != "POST":
        return render(request, "programmes/enquire.html", context)
    answers = form.answers()
    try:
        wanted = rules.wanted(answers, china_day(at))
        made = trading.enquire(actor, answers.get("organisation", ""), number, wanted, at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return render(request, "programmes/enquire.html", context, status=422)
    messages.success(request, text(Text("询价已发给服务商。", "The enquiry has been sent to the provider.")))
    return redirect("market-enquiry", number=made.pk)


# --- One enquiry ------------------------------------------------------------------------------------------------------


def _found(request: HttpRequest, what: Action, number: int) -> tuple[models.Enquiry, frozenset[str]]:
    row = queries.enquiry(number) if number < 2**63 else None
    if row is None:
        raise Http404
    return row, held_sides(request, what, row)


@opens(access.SEE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/enquiries/<number>: what was asked, every offer, what one may do; a step with its reason."""
    row, held = _found(request, access.SEE, number)
    actor, at = actor_of(request), at_of(request)
    form = MoveForm(trading.possible(actor, ENQUIRY, row), row.version, posted(request))
    if request.method != "POST":
        return _shown(request, row, held, form)
    answers = form.answers()
    try:
        chosen, version = form.chosen(), seen_version(answers)
        if chosen == "accept":
            current = queries.newest_offer(number)
            order = trading.accept(actor, current.pk if current else 0, version=version, at=at)
            messages.success(request, text(Text("已下单，双方条款已固定。", "Ordered; both sides’ terms are frozen.")))
            return redirect("market-order", number=order.pk)
        trading.move_enquiry(actor, number, chosen, reason=answers.get("reason", ""), version=version, at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return _shown(request, row, held, form)
    except NotYours:
        raise Http404 from None
    messages.success(request, text(Text("已办理。", "Done.")))
    return redirect("market-enquiry", number=number)


def _shown(request: HttpRequest, row: models.Enquiry, held: frozenset[str], form: MoveForm) -> HttpResponse:
    version, names = row.service_version, names_by_side(row)
    context = {
        "enquiry": row,
        "title": queries.title_of(version),
        "state": shown.mark(ENQUIRY, row.state),
        "waits": shown.waits(ENQUIRY, row.state, held),
        "deadline": shown.deadline(row.task_id),
        "price": queries.price_of(version),
        "quantity": counted(version.price_form, row.quantity),
        "names": names,
        "offers": [offer_shown(one) for one in queries.offers(row.pk)],
        "order": queries.order_of(row.pk),
        "form": form,
        "events": shown.timeline(
            [step for step in queries.steps(row.pk) if step.course == ENQUIRY.name], names, with_people=held
        ),
    }
    return render(request, "programmes/enquiry.html", context, status=422 if form.errors else 200)


def names_by_side(row: Any) -> dict[str, str]:
    """What the parties of an enquiry or order are called."""
    names = queries.names_of([row.buyer_code, row.provider_code])
    return {BUYER: names[row.buyer_code], PROVIDER: names[row.provider_code]}


def offer_shown(row: models.Offer) -> dict[str, Any]:
    """An offer in words."""
    price = queries.price_of(row)
    return {
        "row": row,
        "price": price.words,
        "quantity": counted(row.price_form, row.quantity),
        "total": price.total(row.quantity),
        "state": OFFER_STATES[row.state],
        "open": row.state == OPEN,
    }


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/enquiries/<number>/offer: make an offer, or a revision of the open one."""
    row, held = _found(request, access.TRADE, number)
    actor, at = actor_of(request), at_of(request)
    last = queries.newest_offer(number)
    price = queries.price_of(last or row.service_version)
    initial = {
        **(price_initial(price) if price.cents is not None else {}),
        "quantity": last.quantity if last else row.quantity,
        "conditions": last.conditions if last else row.service_version.conditions_zh,
        "deliver_by": (last.deliver_by if last else row.needed_by).isoformat(),
        "version": row.version,
    }
    form = OfferForm(posted(request), initial=initial)
    context = {
        "enquiry": row,
        "form": form,
        "last": last,
        "title": queries.title_of(row.service_version),
        "buyer": queries.name_of(row.buyer_code),
        "may": PROVIDER in held and ENQUIRY.target("offer", row.state, PROVIDER),
    }
    if request.method != "POST":
        return render(request, "programmes/offer.html", context)
    answers = form.answers()
    try:
        quoted = rules.quoted(answers, china_day(at))
        trading.quote(actor, number, quoted, version=seen_version(answers), at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return render(request, "programmes/offer.html", context, status=422)
    messages.success(request, text(Text("报价已发出。", "The offer has been sent.")))
    return redirect("market-enquiry", number=number)
