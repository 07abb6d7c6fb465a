"""Pages for providers: their services, shown or not and why; offering one, changing it, taking it off."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.identity.api import actor_of, opens, record
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, actions, queries, rules
from silkgate.programmes.domain import NotYours, Problem, Refused
from silkgate.programmes.forms import ServiceForm, seen_version, service_initial
from silkgate.programmes.kinds import kinds
from silkgate.ui.moment import at_of
from silkgate.ui.templatetags.ui import text


def named(request: HttpRequest) -> str:
    """The organisation that the address or form names, or the only one there is; empty: there is a choice.

    Raises Http404 for a stranger's, which is kept.
    """
    code = (request.POST.get("organisation") or request.GET.get("organisation", ""))[:40].replace("\0", "")
    codes = access.own(actor_of(request), access.TRADE)
    if code and code not in codes:
        record(request, access.TRADE, code, subject=request.path, allowed=False)
        raise Http404
    return code or (codes[0] if len(codes) == 1 else "")


@opens(access.SEE, anywhere=True)
@require_GET
def offering(request: HttpRequest) -> HttpResponse:
    """GET /market/offering: services of one's own organisations, with what stands in the way of showing them."""
    actor = actor_of(request)
    day = china_day(at_of(request))
    found = queries.services_of(access.own(actor, access.SEE))
    context = {
        "lines": list(zip(found, queries.all_hidden_because(found, day), strict=True)),
        "may_trade": bool(access.own(actor, access.TRADE)),
    }
    return render(request, "programmes/offering.html", context)


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """GET, POST /market/offering/new: offer a service."""
    code = named(request)
    if not code:
        codes = access.own(actor_of(request), access.TRADE)
        return render(request, "programmes/choose.html", {"choices": queries.names_of(codes).items()})
    at = at_of(request)
    context: dict[str, Any] = {"code": code, "name": queries.name_of(code), **_asked_of(code)}
    if request.method != "POST":
        form = ServiceForm(initial={"valid_from": china_day(at).isoformat(), "languages": ["zh"]})
        return render(request, "programmes/service_form.html", {**context, "form": form})
    form = ServiceForm(request.POST)
    answers = form.answers()
    kind = answers.get("kind", "")
    try:
        number = actions.offer_service(actor_of(request), code, kind, rules.terms(answers, china_day(at)), at=at)
    except Refused as refused:
        chosen = () if kind in kinds() else (Problem("kind", Text("请选择服务类别。", "Choose the kind of service.")),)
        form.tell(dict.fromkeys([*chosen, *refused.problems]))
        return render(request, "programmes/service_form.html", {**context, "form": form}, status=422)
    messages.success(request, text(Text("服务已上架。", "The service is in the market.")))
    return redirect("market-service", number=number)


def _asked_of(code: str) -> dict[str, Any]:
    """The kinds that the organisation may offer, and what it lacks for the others, each reason once."""
    behind = queries.provider(code)
    lacking = {kind: behind.lacks(kind) for kind in kinds().values()} if behind else {}
    open_ = [kind.words for kind, reason in lacking.items() if not reason]
    return {
        "open_kinds": Text("、".join(words.zh for words in open_), ", ".join(words.en for words in open_)),
        "lacking": list(dict.fromkeys(reason for reason in lacking.values() if reason)),
    }


@opens(access.TRADE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /market/offering/<number>: new terms for a service; what it promised before is kept."""
    found = _mine(request, number)
    at = at_of(request)
    context: dict[str, Any] = {
        "service": found,
        "name": found.provider_name,
        "hidden": queries.hidden_because(found, china_day(at)),
        "versions": [(row, queries.price_of(row)) for row in queries.versions(number)],
    }
    if request.method != "POST":
        form = ServiceForm(initial={**service_initial(found.terms), "version": found.number}, fixed=True)
        return render(request, "programmes/service_form.html", {**context, "form": form})
    form = ServiceForm(request.POST, fixed=True)
    answers = form.answers()
    version = seen_version(answers)
    try:
        actions.change_service(actor_of(request), number, rules.terms(answers, china_day(at)), version=version, at=at)
    except Refused as refused:
        form.tell(refused.problems)
        return render(request, "programmes/service_form.html", {**context, "form": form}, status=422)
    messages.success(request, text(Text("已保存为新版本。", "Saved as a new version.")))
    return redirect("market-offering")


@opens(access.TRADE, anywhere=True)
@require_POST
def shown(request: HttpRequest, number: int) -> HttpResponse:
    """POST /market/offering/<number>/shown: take a service off the market (`offered=no`), or put it back (`yes`)."""
    _mine(request, number)
    try:
        offered = request.POST.get("offered") == "yes"
        actions.set_offered(actor_of(request), number, offered, at=at_of(request))
    except Refused as refused:
        messages.error(request, text(refused.text))
    except NotYours:
        raise Http404 from None
    return redirect("market-offering")


def _mine(request: HttpRequest, number: int) -> queries.Service:
    """A service of one's own. For anybody else there is none; that they asked is kept."""
    found = queries.service(number) if number < 2**63 else None
    if found is None:
        raise Http404
    if found.provider_code not in access.own(actor_of(request), access.TRADE):
        record(request, access.TRADE, found.provider_code, subject=f"service/{number}", allowed=False)
        raise Http404
    return found
