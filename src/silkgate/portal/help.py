"""Help where it is needed: a page for every code that is answered, found by search in both languages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from silkgate.identity.api import PUBLIC, opens
from silkgate.kernel.text import Text
from silkgate.portal import watching
from silkgate.portal.helpbook import RULE, SORTS, STATUS, Entry, aliases, book
from silkgate.portal.helpsearch import LONGEST_QUERY, search
from silkgate.ui.moment import at_of
from silkgate.ui.problems import KINDS
from silkgate.ui.shapes import Chip

LATELY_HOURS = 7 * 24


@opens(PUBLIC)
@require_GET
def contents(request: HttpRequest) -> HttpResponse:
    """GET /help?q=: every entry by group; what the query finds. A code by itself leads to its page."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_QUERY]
    code = aliases().get(query, query)
    if code in book():
        return redirect("help-entry", code=code)
    context: dict[str, Any] = {"query": query}
    if query:
        context["found"] = [(entry, SORTS[entry.sort]) for entry in search(query)]
    else:
        groups = _groups()
        context["groups"] = groups
        context["chips"] = [Chip(title, f"#group-{place}") for place, (title, _) in enumerate(groups, 1)]
    return render(request, "portal/help.html", context)


def _groups() -> list[tuple[Text, list[Entry]]]:
    """What is answered here, rules by group; the rest of the dictionary is found by search."""
    groups: dict[Text, list[Entry]] = {}
    for entry in book().values():
        if entry.answered:
            groups.setdefault(entry.group, []).append(entry)
    return list(groups.items())


@opens(PUBLIC)
@require_GET
def entry(request: HttpRequest, code: str) -> HttpResponse:
    """GET /help/<code>: what it means, the law, causes, mending, an example, how often lately."""
    if code in aliases():
        return redirect("help-entry", code=aliases()[code], permanent=True)
    return _shown(request, code)


@opens(PUBLIC)
@require_GET
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """GET /problems/<code>: the same page for an error of the interface, whose `type` this address is."""
    if code not in KINDS:
        raise Http404
    return _shown(request, code)


def _shown(request: HttpRequest, code: str) -> HttpResponse:
    found = book().get(code)
    if found is None:
        raise Http404
    at = at_of(request)
    lately = dict(watching.refusals(at, LATELY_HOURS)).get(code, 0) if found.sort == RULE else None
    context = {
        "entry": found,
        "sort": SORTS[found.sort],
        "is_rule": found.sort == RULE,
        # Some rules are met on pages and over the REST interface alone.
        "in_messages": found.sort != RULE or bool(found.links),
        "is_status": found.sort == STATUS,
        "example_reasons": (found.example.reason,) if found.example and found.example.reason else (),
        "example_mark": "refused" if found.example and found.example.wrong else "held",
        "lately": lately,
        "status": int(KINDS[code].status) if code in KINDS else None,
    }
    return render(request, "portal/help_entry.html", context)


urlpatterns = [
    path("help", contents, name="help"),
    path("help/<str:code>", entry, name="help-entry"),
    path("problems/<str:code>", problem, name="problem"),
]
