"""Pages of the service catalogue: what the zone does, for whom, how long it takes, on which law, where to begin."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from silkgate.identity.api import PUBLIC, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.portal.catalogue import SUBJECTS, appeals, catalogue, deadlines, told
from silkgate.portal.law import laws
from silkgate.ui.moment import at_of


@opens(PUBLIC)
@require_GET
def services(request: HttpRequest) -> HttpResponse:
    """GET /services: every service by subject."""
    groups = [
        (key, words, [entry for entry in catalogue().values() if entry.subject == key])
        for key, words in SUBJECTS.items()
    ]
    return render(request, "portal/services.html", {"groups": [group for group in groups if group[2]]})


@opens(PUBLIC)
@require_GET
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """GET /services/<slug>: who may use it, what it needs, steps, time, result, law, and how to object."""
    entry = catalogue().get(slug)
    if entry is None:
        raise Http404
    day = china_day(at_of(request))

    def said(text: Text | None) -> Text | None:
        return told(text, day) if text else None

    context = {
        "entry": entry,
        "subject": SUBJECTS[entry.subject],
        "needs": [said(one) for one in entry.needs],
        "steps": [(said(step.words), step.page) for step in entry.steps],
        "time": said(entry.time),
        "result": said(entry.result),
        "fee": said(entry.fee),
        "appeal": said(entry.appeal),
        "deadlines": deadlines(entry),
        "appeals": appeals(entry),
        "laws": laws(entry.law),
    }
    return render(request, "portal/service.html", context)
