"""Pages of clearance: declarations, one declaration explained, the officer's desk."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from silkgate.clearance import actions, dossier, queries
from silkgate.clearance.consumer import pages as consumer
from silkgate.clearance.directions import DIRECTIONS, direction_chips
from silkgate.clearance.domain import DETAINED, HELD, IMPORT
from silkgate.clearance.evidence import coded, field_name
from silkgate.clearance.explain import selection_findings
from silkgate.identity.api import PUBLIC, action, actor_of, concerned, opens, purpose_of, require
from silkgate.kernel.text import Text
from silkgate.tariff.api import cards
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text
from silkgate.ui.words import spoken

PAGE_LINES = 50

DECIDE = action("clearance.decide", "处理待审清单", "Decide on held declarations", duties=["declarations"])
PERSONS = action(
    "clearance.persons",
    "查看清单中的个人信息",
    "Read the personal data in a declaration",
    duties=["declarations"],
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
    personal=True,
)


@opens(PUBLIC)
@require_GET
def declarations(request: HttpRequest) -> HttpResponse:
    """GET /declarations: newest first, filtered by state, reason and direction."""
    group, reason = asked(request, "state", queries.GROUP_NAMES), asked(request, "reason", cards())
    direction = asked(request, "direction", DIRECTIONS)
    before = asked_number(request, "before")
    page = queries.newest(group=group, reason=reason, direction=direction, before=before, limit=PAGE_LINES)
    kept = {"state": group, "reason": reason, "direction": direction}
    older = address("declarations", **kept, before=page.older) if page.older else ""
    context = {
        "page": page,
        "chips": tuple(
            Chip(words, address("declarations", state=key, direction=direction), chosen=key == group, mark=key)
            for key, words in queries.GROUP_NAMES.items()
        ),
        "direction_chips": direction_chips("declarations", direction, state=group, reason=reason),
        "reason": cards().get(reason),
        "without_reason": address("declarations", state=group, direction=direction),
        "pager": Pager(address("declarations", **kept) if before else "", older),
    }
    return render(request, "clearance/declarations.html", context)


@opens(PUBLIC)
@require_GET
def declaration(request: HttpRequest, number: int) -> HttpResponse:
    """GET /declarations/<number>: decision, tax, documents, receipts, history.

    Personal values in full for officers and for those whom one of its parties lets read them; each time is recorded.
    An export list has none.
    """
    parties = queries.parties(number) if actor_of(request).kind else ()
    whose = concerned(request, PERSONS, parties)
    if whose is not None and queries.kind_of(number) == IMPORT:
        _record_reading(request, number, whose)
    found = dossier.gather(number, in_full=whose is not None)
    if found is None:
        raise Http404
    context = {"dossier": found, "row": found.full.row, "in_full": whose is not None}
    return render(request, "clearance/declaration.html", context)


def _record_reading(request: HttpRequest, number: int, whose: str) -> None:
    purpose = purpose_of(actor_of(request))
    require(request, PERSONS, whose, subject=f"declaration/{number}", purpose=purpose)


# --- The officer's desk ---------------------------------------------------------------------------------------------

DESK = {
    "": (("300", "500"), Text("待处理", "To decide")),
    "300": (("300",), Text("人工审核", "Manual review")),
    "500": (("500",), Text("查验", "Inspection")),
    "detained": (DETAINED, Text("已扣留", "Detained")),
}


@opens(DECIDE)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """GET /officer/: held declarations, those that wait longest first."""
    chosen, direction = asked(request, "state", DESK), asked(request, "direction", DIRECTIONS)
    after = asked_number(request, "after") or 0
    page = queries.held(states=DESK[chosen][0], direction=direction, after=after, limit=PAGE_LINES)
    kept = {"state": chosen, "direction": direction}
    context = {
        "lines": [(line, _selected(line)) for line in page.lines],
        "chips": tuple(
            Chip(name, address("officer", state=key, direction=direction), chosen=key == chosen, mark="held")
            for key, (_, name) in DESK.items()
        ),
        "direction_chips": direction_chips("officer", direction, state=chosen),
        "chosen": chosen,
        "pager": Pager(
            address("officer", **kept) if after else "",
            address("officer", **kept, after=page.older) if page.older else "",
        ),
    }
    return render(request, "clearance/desk.html", context)


def _selected(line: queries.HeldLine) -> list[tuple[Text, Text | str]]:
    """Why a person has to look: the field that met a selection rule with its value, or that it was drawn at random."""
    return [
        (cards()[finding.code].title, "")
        if finding.code == "selection.random"
        else (field_name(finding.field, exported=line.direction == "export"), coded(finding.field, finding.found))
        for finding in selection_findings(line.state, line.selected_by, line.invt_no)
    ]


VERDICTS = {
    "release": (actions.RELEASE, "800", spoken("放行", "Release")),
    "send_back": (actions.SEND_BACK, "100", spoken("退单", "Send back")),
    "detain": (actions.DETAIN, "599", spoken("扣留", "Detain")),
    "detain_501": (actions.DETAIN, "501", spoken("扣留，移送通关", "Detain, pass to clearance section")),
    "detain_502": (actions.DETAIN, "502", spoken("扣留，移送缉私", "Detain, pass to anti-smuggling section")),
    "detain_503": (actions.DETAIN, "503", spoken("扣留，移送法规", "Detain, pass to legal section")),
}
"""What an officer may choose: action, state that it leads to, words."""

_TOO_SHORT = spoken("理由至少4个字，申报人会看到。", "Give a reason of at least 4 characters; the declarant reads it.")
_NO_VERDICT = spoken("请选择处理决定。", "Choose a decision.")


class VerdictForm(forms.Form):
    """A decision and its reason."""

    verdict = forms.ChoiceField(
        label=spoken("处理决定", "Decision"),
        choices=[(key, words) for key, (_, _, words) in VERDICTS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": _NO_VERDICT, "invalid_choice": _NO_VERDICT},
    )
    reason = forms.CharField(
        label=spoken("理由", "Reason"),
        help_text=spoken(
            "写入回执和决定记录，申报人会看到。", "Goes into the receipt and the record; the declarant reads it."
        ),
        min_length=actions.SHORTEST_REASON,
        max_length=actions.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _TOO_SHORT, "min_length": _TOO_SHORT},
    )


@opens(DECIDE)
def held(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /officer/<number>: the evidence; a decision with its reason; what it will do; then it is recorded.

    The first POST shows the decision for confirmation, the second (`confirmed`) records it.
    """
    whose = next(iter(queries.parties(number)), None)
    if whose is None:
        raise Http404
    if queries.kind_of(number) == IMPORT:
        _record_reading(request, number, whose)
    found = dossier.gather(number, in_full=True)
    if found is None:
        raise Http404
    form = VerdictForm(request.POST if request.method == "POST" else None)
    context = {"dossier": found, "row": found.full.row, "form": form, "open": found.full.open_instruction}
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        context["decidable"] = found.full.row.state in HELD | set(DETAINED) and context["open"] is None
        return render(request, "clearance/held.html", context)
    action, state, words = VERDICTS[form.cleaned_data["verdict"]]
    if "confirmed" not in request.POST:
        return render(request, "clearance/confirm.html", {**context, "state": state, "words": words})
    try:
        actions.instruct(
            number,
            action,
            state,
            form.cleaned_data["reason"],
            officer=actor_of(request).name,
            at=at_of(request),
        )
    except actions.NotDecidableError as refused:
        messages.warning(request, text(refused.text))
    return redirect("officer-held", number=number)


@opens(DECIDE)
@require_GET
def pending(request: HttpRequest, number: int) -> HttpResponse:
    """GET /officer/<number>/pending: for the page that waits for the engine; reloads it when that is done."""
    found = queries.declaration(number)
    if found is None:
        raise Http404
    response = render(request, "clearance/pending.html", {"row": found.row, "open": found.open_instruction})
    if found.open_instruction is None:
        response["HX-Refresh"] = "true"
    return response


urlpatterns = [
    *consumer.urlpatterns,
    path("declarations", declarations, name="declarations"),
    path("declarations/<int:number>", declaration, name="declaration"),
    path("officer/", desk, name="officer"),
    path("officer/<int:number>", held, name="officer-held"),
    path("officer/<int:number>/pending", pending, name="officer-pending"),
]
