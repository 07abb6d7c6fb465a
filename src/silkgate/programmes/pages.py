"""Pages of the market that everybody reads: the directory with its search, a provider, a service; and its addresses."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from silkgate.identity.api import actor_of, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, deskpages, offeringpages, orderpages, queries, rules
from silkgate.programmes.domain import CURRENCIES, FORMS, LANGUAGES, QUOTE, RATING_RULE
from silkgate.programmes.kinds import kinds
from silkgate.registry import api as registry
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager

PAGE_LINES, REVIEW_LINES = 20, 20
_MAX_WORDS = 100


def today(request: HttpRequest) -> date:
    """The day of the request, in China."""
    return china_day(at_of(request))


@opens(access.MARKET)
@require_GET
def market(request: HttpRequest) -> HttpResponse:
    """GET /market: services by kind, words, price; `sort=price` puts the cheapest first."""
    kind, form = asked(request, "kind", kinds()), asked(request, "form", FORMS)
    words = request.GET.get("q", "").strip()[:_MAX_WORDS].replace("\0", "")
    currency, sort = asked(request, "currency", CURRENCIES) or "CNY", asked(request, "sort", {"price"})
    most = request.GET.get("most", "").strip()
    most_cents = rules.amount_cents(most)
    actor, chosen = actor_of(request), {"kind": kind, "form": form, "q": words, "sort": sort}
    if most_cents is not None:
        chosen |= {"most": most, "currency": currency}
    cents, number = asked_number(request, "price"), asked_number(request, "after")
    after = (queries.BY_QUOTATION_CENTS if cents is None else cents, number) if number is not None else None
    found = queries.search(
        today(request),
        kind=kind,
        words=words,
        form=form,
        currency=currency,
        most_cents=most_cents,
        cheapest=bool(sort),
        after=after,
        limit=PAGE_LINES,
    )
    following = ""
    if found.after:
        price = "" if found.after[0] == queries.BY_QUOTATION_CENTS else found.after[0]
        following = address("market", **chosen, price=price if sort else "", after=found.after[1])
    others = {key: value for key, value in chosen.items() if key != "kind"}
    context = {
        "lines": found.lines,
        "chips": (
            Chip(Text("全部", "All"), address("market", **others), not kind),
            *(Chip(one.words, address("market", **others, kind=one.key), one.key == kind) for one in kinds().values()),
        ),
        "chosen": {**chosen, "most": most, "currency": currency},
        "kind": kinds().get(kind),
        "filtered": any((kind, form, words, most_cents is not None)),
        "forms": FORMS.items(),
        "currencies": CURRENCIES,
        "pager": Pager(address("market", **chosen) if after else "", following),
        "own": not actor.kind or access.SEE.allows(actor) or bool(access.SEE.where(actor)),
    }
    return render(request, "programmes/market.html", context)


@opens(access.MARKET)
@require_GET
def provider(request: HttpRequest, code: str) -> HttpResponse:
    """GET /market/providers/<code>: who it is, its filing, its services, its rating with every review behind it."""
    behind = queries.provider(code[:40].replace("\0", ""))
    if behind is None:
        raise Http404
    shown = queries.search(today(request), provider_code=behind.code, limit=queries.MOST_LINES).lines
    before = asked_number(request, "before")
    reviews = queries.reviews(behind.code, before=before, limit=REVIEW_LINES)
    if not shown and not reviews.lines:
        raise Http404
    context = {
        "provider": behind,
        "roles": registry.role_words(behind.roles),
        "lines": shown,
        **_rated(behind.code, None),
        "reviews": reviews.lines,
        "pager": _older(f"/market/providers/{behind.code}", before, reviews.older),
    }
    return render(request, "programmes/provider.html", context)


@opens(access.MARKET)
@require_GET
def service(request: HttpRequest, number: int) -> HttpResponse:
    """GET /market/services/<number>: what is done, for how much, on which terms; its reviews.

    What is not shown in the market answers as if it were not there; its owner has it under /market/offering.
    """
    found = queries.service(number) if number < 2**63 else None
    if found is None or queries.hidden_because(found, today(request)):
        raise Http404
    before = asked_number(request, "before")
    reviews = queries.reviews(found.provider_code, service=number, before=before, limit=REVIEW_LINES)
    context = {
        "service": found,
        "facts": facts(found),
        "by_quotation": found.terms.price.form == QUOTE,
        "provider_rating": queries.rating(found.provider_code),
        **_rated(found.provider_code, number),
        "reviews": reviews.lines,
        "pager": _older(f"/market/services/{number}", before, reviews.older),
    }
    return render(request, "programmes/service.html", context)


def facts(found: queries.Service) -> tuple[tuple[Text, Text], ...]:
    """What is to be known about a service at a glance."""
    terms = found.terms
    spoken = [LANGUAGES[code] for code in terms.languages if code in LANGUAGES]
    last_zh, last_en = (str(terms.valid_to),) * 2 if terms.valid_to else ("长期", "further notice")
    lines = [
        (Text("价格", "Price"), terms.price.words),
        (Text("类别", "Kind"), found.kind.words),
        (Text("服务区域", "Area"), terms.area),
        (
            Text("语言", "Languages"),
            Text("、".join(word.zh for word in spoken), ", ".join(word.en for word in spoken)),
        ),
        (Text("服务能力", "Capacity"), terms.capacity),
        (
            Text("有效期", "Valid"),
            Text(f"{terms.valid_from}至{last_zh}", f"{terms.valid_from} until {last_en}"),
        ),
        (Text("版本", "Version"), Text(f"第{found.number}版", f"No. {found.number}")),
    ]
    return tuple((name, words) for name, words in lines if words.zh)


def _rated(code: str, number: int | None) -> dict[str, Any]:
    return {"rating": queries.rating(code, service=number), "rule": RATING_RULE}


def _older(page: str, before: int | None, older: int | None) -> Pager:
    return Pager(f"{page}#reviews" if before else "", f"{page}?before={older}#reviews" if older else "")


urlpatterns = [
    path("market", market, name="market"),
    path("market/providers/<str:code>", provider, name="market-provider"),
    path("market/services/<int:number>", service, name="market-service"),
    path("market/enquire", deskpages.enquire, name="market-enquire"),
    path("market/offering", offeringpages.offering, name="market-offering"),
    path("market/offering/new", offeringpages.new, name="market-offer-service"),
    path("market/offering/<int:number>", offeringpages.change, name="market-change-service"),
    path("market/offering/<int:number>/shown", offeringpages.shown, name="market-service-shown"),
    path("market/desk", deskpages.desk, name="market-desk"),
    path("market/tasks/<int:number>", deskpages.task, name="market-task"),
    path("market/enquiries/<int:number>", deskpages.enquiry, name="market-enquiry"),
    path("market/enquiries/<int:number>/offer", deskpages.offer, name="market-offer"),
    path("market/orders/<int:number>", orderpages.order, name="market-order"),
    path("market/orders/<int:number>/terms", orderpages.terms, name="market-terms"),
    path("market/orders/<int:number>/review", orderpages.review, name="market-review"),
    path("market/orders/<int:number>/answer", orderpages.answer, name="market-answer"),
    path("market/orders/<int:number>/served", orderpages.served, name="market-served"),
]
