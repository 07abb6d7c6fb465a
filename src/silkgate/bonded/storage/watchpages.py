"""Pages of storage for officers: all lots, what is overdue, guarantees."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.bonded.storage import access, actions, policy, queries
from silkgate.bonded.storage.domain import RefusedError
from silkgate.bonded.storage.forms import LetterForm, cents
from silkgate.bonded.storage.models import StorageLate
from silkgate.bonded.storage.pageparts import PAGE_LINES
from silkgate.identity.api import actor_of, may, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text

ALL, OVERSTAY, LATE = "", "overstay", "late"
LISTS = {
    ALL: Text("全部批次", "All lots"),
    OVERSTAY: Text("暂存超期", "In storage for too long"),
    LATE: Text("待集中申报", "To be declared"),
}


@opens(access.WATCH)
@require_GET
def watch(request: HttpRequest) -> HttpResponse:
    """GET /storage/watch: all lots, those that stay too long, months that wait to be declared with the late ones."""
    chosen, before, today = asked(request, "list", LISTS), asked_number(request, "before"), china_day(at_of(request))
    chips = [Chip(words, address("storage-watch", list=key), key == chosen) for key, words in LISTS.items()]
    context = {"chips": chips, "today": today, "may_lodge": may(request, access.LODGE)}
    if chosen == LATE:
        cases = {
            (late.owner_code, late.ems_no, late.month): late.case_id
            for late in StorageLate.objects.order_by("-id")[:1_000]
        }
        context["periods"] = [
            (one, due := policy.due_on(one.month), due < today, cases.get((one.owner_code, one.ems_no, one.month)))
            for one in queries.open_periods()
        ]
        return render(request, "bonded/watch.html", context)
    page = queries.lots(overdue_on=today if chosen == OVERSTAY else None, before=before, limit=PAGE_LINES)
    context |= {
        "lots": page.lines,
        "pager": Pager(
            address("storage-watch", list=chosen) if before else "",
            address("storage-watch", list=chosen, before=page.older) if page.older else "",
        ),
    }
    return render(request, "bonded/watch.html", context)


@opens(access.LODGE)
@require_http_methods(["GET", "HEAD", "POST"])
def guarantees(request: HttpRequest) -> HttpResponse:
    """GET, POST /storage/guarantees: letters of guarantee, newest first; an officer enters one."""
    form = LetterForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        given = form.answers()
        try:
            actions.lodge_guarantee(
                actor_of(request),
                given.get("owner_code", ""),
                given.get("letter", ""),
                cents(given.get("amount", "")),
                at=at_of(request),
            )
        except RefusedError as refused:
            form.tell(refused.problems)
        else:
            messages.success(request, text(Text("保函已登记。", "The letter is lodged.")))
            return redirect("storage-guarantees")
    letters = queries.letters()
    covers = queries.covers({letter.cover.owner_code for letter in letters})
    context = {"form": form, "letters": [(letter, covers[letter.cover.owner_code]) for letter in letters]}
    return render(request, "bonded/guarantees.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("storage/watch", watch, name="storage-watch"),
    path("storage/guarantees", guarantees, name="storage-guarantees"),
]
