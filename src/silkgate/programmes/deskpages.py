"""Pages of enquiries for both sides: the list of what runs, asking, an enquiry with its offers, making an offer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.casework import api as casework
from silkgate.identity.api import Action, actor_of, opens, record
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, models, queries, rules, shown, trading
from silkgate.programmes.domain import (
    BUYER,
    ENQUIRY,
    OFFER_STATES,
    ORDER,
    PROVIDER,
    SIDES,
    UNITS,
    NotYours,
    Refused,
)
from silkgate.programmes.forms import EnquiryForm, MoveForm, OfferForm, price_initial
from silkgate.ui.formats import grouped
from silkgate.ui.links import address, asked, asked_number
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
    names: dict[str, str] = {}
    context = {
        "lines": [_line(course, row, side, names) for row in found.lines],
        "is_order": course is ORDER,
        "disputes": chosen == "disputed",
        "side": side,
        "chips": tuple(Chip(words, address("market-desk", list=key), key == chosen) for key, words in lists.items()),
        "pager": Pager(
            address("market-desk", list=chosen) if before else "",
            address("market-desk", list=chosen, before=found.older) if found.older else "",
        ),
    }
    return render(request, "programmes/desk.html", context)


def _line(course: Any, row: Any, side: str, names: dict[str, str]) -> dict[str, Any]:
    other = row.provider_code if side == BUYER else row.buyer_code
    if other not in names:
        names[other] = queries.name_of(other)
    version = (row if course is ENQUIRY else row.enquiry).service_version
    return {
        "row": row,
        "title": Text(version.title_zh, version.title_en),
        "other": names[other],
        "state": shown.mark(course, row.state),
        "waits": shown.waits(course, row.state, {side}),
        "total": None if course is ENQUIRY else money(row.offer),
    }


def money(offer: models.Offer) -> str:
    """The total of an offer with its currency."""
    total = queries.price_of(offer).total_cents(offer.quantity) or 0
    return f"{offer.currency} {total // 100:,}.{total % 100:02d}"


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
    held_sides(request, access.SEE, course, row)
    return redirect("market-enquiry" if course == ENQUIRY.name else "market-order", number=row.pk)


def held_sides(request: HttpRequest, what: Action, course: str, row: Any) -> frozenset[str]:
    """The reader's sides of an enquiry or order. For anybody else there is none; that they asked is kept."""
    held = access.sides(actor_of(request), what, row.buyer_code, row.provider_code, trading.disputed(row))
    if not held:
        record(request, what, row.buyer_code, subject=f"{course}/{row.pk}", allowed=False)
        raise Http404
    return held


# --- Asking -----------------------------------------------------------------------------------------------------------


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def enquire(request: HttpRequest) -> HttpResponse:
    """GET, POST /market/enquire?service=<number>: ask the provider of a service for an offer."""
    at = request.moment  # type: ignore[attr-defined]
    number = asked_number(request, "service")
    found = queries.service(number) if number is not None else None
    if number is None or found is None or queries.hidden_because(found, china_day(at)):
        messages.error(request, text(Text("这项服务目前不在市场上。", "This service is not in the market at present.")))
        return redirect("market")
    actor = actor_of(request)
    codes = {code: queries.name_of(code) for code in access.own(actor, access.TRADE)}
    form = EnquiryForm(codes, found.terms.price.form, request.POST or None)
    context = {"service": found, "form": form, "codes": codes}
    if request.method != "POST":
        return render(request, "programmes/enquire.html", context)
    answers = form.answers()
    try:
        wanted = rules.wanted(answers, china_day(at))
        made = trading.enquire(actor, answers.get("organisation", ""), number, wanted, at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return render(request, "programmes/enquire.html", context)
    messages.success(request, text(Text("询价已发给服务商。", "The enquiry has been sent to the provider.")))
    return redirect("market-enquiry", number=made.pk)


# --- One enquiry ------------------------------------------------------------------------------------------------------


def _found(request: HttpRequest, what: Action, number: int) -> tuple[models.Enquiry, frozenset[str]]:
    row = queries.enquiry(number) if number < 2**63 else None
    if row is None:
        raise Http404
    return row, held_sides(request, what, ENQUIRY.name, row)


@opens(access.SEE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/enquiries/<number>: what was asked, every offer, what one may do; a step with its reason."""
    row, held = _found(request, access.SEE, number)
    actor, at = actor_of(request), request.moment  # type: ignore[attr-defined]
    moves = [move for move in trading.possible(actor, ENQUIRY.name, row) if move.name != "offer"]
    if request.method != "POST":
        return _shown(request, row, held, MoveForm(moves, row.version))
    form = MoveForm(moves, row.version, request.POST)
    answers = form.answers()
    try:
        chosen, version = answers.get("move", ""), seen_version(answers)
        if chosen == "accept":
            current = next(iter(queries.offers(number)), None)
            order = trading.accept(actor, current.pk if current else 0, version=version, at=at)
            messages.success(request, text(Text("已下单，双方条款已固定。", "Ordered; both sides’ terms are frozen.")))
            return redirect("market-order", number=order.pk)
        if not chosen:
            raise trading.refused("请选择要办理的步骤。", "Choose what to do.", "move")
        trading.move_enquiry(actor, number, chosen, reason=answers.get("reason", ""), version=version, at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return _shown(request, row, held, form)
    except NotYours:
        raise Http404 from None
    messages.success(request, text(Text("已办理。", "Done.")))
    return redirect("market-enquiry", number=number)


def seen_version(answers: dict[str, str]) -> int:
    """The version that the page was made for; 0, which is none, where it says nothing usable."""
    given = answers.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _shown(request: HttpRequest, row: models.Enquiry, held: frozenset[str], form: MoveForm) -> HttpResponse:
    version = row.service_version
    order = models.Order.objects.filter(enquiry=row).first()
    names = {BUYER: queries.name_of(row.buyer_code), PROVIDER: queries.name_of(row.provider_code)}
    unit = UNITS[version.price_form]
    context = {
        "enquiry": row,
        "title": Text(version.title_zh, version.title_en),
        "state": shown.mark(ENQUIRY, row.state),
        "waits": shown.waits(ENQUIRY, row.state, held),
        "deadline": shown.deadline(row.task_id),
        "price": queries.price_of(version),
        "quantity": Text(f"{grouped(row.quantity)}{unit.zh}", f"{grouped(row.quantity)} {unit.en}(s)"),
        "names": names,
        "sides": [SIDES[side] for side in sorted(held)],
        "offers": [offer_shown(one) for one in queries.offers(row.pk)],
        "order": order,
        "may_offer": any(move.name == "offer" for move in trading.possible(actor_of(request), ENQUIRY.name, row)),
        "form": form,
        "events": shown.timeline(
            [step for step in queries.steps(row.pk) if step.course == ENQUIRY.name], names, with_people=held
        ),
    }
    return render(request, "programmes/enquiry.html", context)


def offer_shown(row: models.Offer) -> dict[str, Any]:
    """An offer in words."""
    price = queries.price_of(row)
    unit = UNITS[row.price_form]
    return {
        "row": row,
        "price": price.words,
        "quantity": Text(f"{grouped(row.quantity)}{unit.zh}", f"{grouped(row.quantity)} {unit.en}(s)"),
        "total": money(row),
        "state": OFFER_STATES[row.state],
        "open": row.state == "open",
    }


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/enquiries/<number>/offer: make an offer, or a revision of the open one."""
    row, held = _found(request, access.TRADE, number)
    actor, at = actor_of(request), request.moment  # type: ignore[attr-defined]
    last = next(iter(queries.offers(number)), None)
    price = queries.price_of(last or row.service_version)
    initial = {
        **(price_initial(price) if price.cents is not None else {}),
        "quantity": last.quantity if last else row.quantity,
        "conditions": last.conditions if last else row.service_version.conditions_zh,
        "deliver_by": (last.deliver_by if last else row.needed_by).isoformat(),
        "version": row.version,
    }
    form = OfferForm(request.POST or None, initial=initial)
    context = {
        "enquiry": row,
        "form": form,
        "last": last,
        "title": Text(row.service_version.title_zh, row.service_version.title_en),
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
        return render(request, "programmes/offer.html", context)
    messages.success(request, text(Text("报价已发出。", "The offer has been sent.")))
    return redirect("market-enquiry", number=number)
