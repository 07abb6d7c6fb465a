"""Pages of casework: the officers' work list, an organisation's cases, one case with its moves, papers and history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.casework import actions, evidence, queries
from silkgate.casework.calendar import note
from silkgate.casework.declared import all_declared, declared, sees
from silkgate.casework.domain import VERDICTS, Case, EvidenceRefused, MoveRefused, NotYours, Page
from silkgate.casework.filetypes import KINDS
from silkgate.casework.forms import FilesForm, MoveForm
from silkgate.casework.shown import mark, outline, timeline
from silkgate.identity.api import DUTIES, ROLES, SCOPES, Actor, action, actor_of, opens, purpose_of, record, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.ui.links import address, asked
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text

WORK = action("casework.work", "处理待办事项", "Work on cases", duties=DUTIES)
OWN = action("casework.own", "查看本单位的事项", "See an organisation’s own cases", roles=ROLES, scopes=SCOPES)
CASES = action("casework.cases", "查看事项", "See cases", duties=DUTIES, roles=ROLES, scopes=SCOPES)
PAPERS = action("casework.papers", "查看材料", "Read papers", duties=DUTIES, roles=ROLES, scopes=SCOPES, personal=True)

PAGE_LINES = 50
_ALL = Text("全部", "All")
_WORK, _OURS = Text("待办", "Work list"), Text("我的事项", "Our cases")


# --- Lists ------------------------------------------------------------------------------------------------------------


@opens(WORK)
@require_GET
def work(request: HttpRequest) -> HttpResponse:
    """GET /work: what waits for the officer's duties, oldest deadline first, filtered by workflow."""
    actor = actor_of(request)
    names = {k.workflow.name: k.workflow.words for k in all_declared() if k.workflow.duties & actor.duties}
    chosen = asked(request, "workflow", names)
    after = request.GET.get("after", "")
    page = queries.worklist(actor, after=after, limit=PAGE_LINES, workflow=chosen, at=at_of(request))
    return render(request, "casework/work.html", _list("work", _WORK, names, chosen, after, page))


@opens(OWN, anywhere=True)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """GET /cases: cases of the organisations for which one may act, newest first."""
    actor = actor_of(request)
    names = {k.workflow.name: k.workflow.words for k in all_declared() if k.applies.where(actor)}
    chosen = asked(request, "workflow", names)
    after = request.GET.get("after", "")
    page = queries.of_applicant(actor, after=after, limit=PAGE_LINES, workflow=chosen, at=at_of(request))
    return render(request, "casework/cases.html", _list("cases", _OURS, names, chosen, after, page))


def _list(name: str, title: Text, names: dict[str, Text], chosen: str, after: str, page: Page) -> dict[str, Any]:
    choices = {"": _ALL, **names} if len(names) > 1 else {}
    return {
        "title": title,
        "lines": [(line, mark(line.case), declared(line.case.workflow).workflow.words) for line in page.lines],
        "chips": tuple(Chip(words, address(name, workflow=key), key == chosen) for key, words in choices.items()),
        "pager": Pager(
            address(name, workflow=chosen) if after else "",
            address(name, workflow=chosen, after=page.after) if page.after else "",
        ),
    }


# --- One case ---------------------------------------------------------------------------------------------------------


@opens(CASES, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /cases/<number>: where it stands, what one may do, papers, history; a move with its reason."""
    actor, found = _seen(request, number)
    moves = tuple(move for move in queries.possible(actor, found, at_of(request)) if not move.page)
    if request.method != "POST":
        return _shown(request, actor, found, MoveForm(found, moves))
    form = MoveForm(found, moves, request.POST, request.FILES)
    if not form.is_valid():
        return _shown(request, actor, found, form)
    if not _attached(request, number, form, "files"):
        return _shown(request, actor, found, form)
    try:
        moved = actions.move(
            actor,
            number,
            form.cleaned_data["move"],
            reason=form.cleaned_data["reason"],
            rule=form.cleaned_data.get("rule", ""),
            version=form.cleaned_data["version"],
            at=at_of(request),
        )
    except MoveRefused as refused:
        form.add_error(None, text(refused.text))
    else:
        words = declared(moved.workflow).workflow.states[moved.state].words
        messages.success(request, text(Text(f"已办理，现为“{words.zh}”。", f"Done. It now stands at: {words.en}.")))
        return redirect("case", number=number)
    return _shown(request, actor, found, form)


@opens(CASES, anywhere=True)
@require_POST
def add_papers(request: HttpRequest, number: int) -> HttpResponse:
    """POST /cases/<number>/papers: add files without a move."""
    actor, found = _seen(request, number)
    form = FilesForm(request.POST, request.FILES)
    if form.is_valid() and _attached(request, number, form, "papers"):
        messages.success(request, text(Text("材料已收到。", "The files have been taken.")))
        return redirect("case", number=number)
    moves = tuple(move for move in queries.possible(actor, found, at_of(request)) if not move.page)
    return _shown(request, actor, found, MoveForm(found, moves), form)


def _attached(request: HttpRequest, number: int, form: MoveForm | FilesForm, field: str) -> bool:
    """Adds the files of a form to the case; False where one is refused, which the form then says."""
    for upload in form.cleaned_data.get(field, ()):
        try:
            evidence.attach(actor_of(request), number, upload.name, evidence.read(upload), at_of(request))
        except EvidenceRefused as refused:
            said = Text(f"{upload.name}：{refused.text.zh}", f"{upload.name}: {refused.text.en}")
            form.add_error(field, text(said))
            return False
    return True


@opens(PAPERS, anywhere=True)
@require_GET
def paper(request: HttpRequest, number: int, evidence_id: int) -> HttpResponse:
    """GET /cases/<number>/papers/<id>: one file, to be saved and never shown inside the site; who read it is kept."""
    actor, found = _seen(request, number)
    if not any(held.id == evidence_id for held in queries.evidence(number)):
        raise Http404
    require(request, PAPERS, found.organisation_code, subject=f"evidence/{evidence_id}", purpose=purpose_of(actor))
    try:
        held, content = evidence.open_evidence(actor, evidence_id)
    except NotYours:
        raise Http404 from None
    return HttpResponse(
        content,
        content_type=held.media_type,
        headers={
            "Content-Disposition": content_disposition_header(True, held.name),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


def _seen(request: HttpRequest, number: int) -> tuple[Actor, Case]:
    found = case_for(request, number)
    if found is None:
        raise Http404
    return require(request, CASES, found.organisation_code, subject=f"case/{number}"), found


def case_for(request: HttpRequest, number: int) -> Case | None:
    """The case where it exists for who asks. Anybody else learns nothing, and that they asked is kept."""
    found = queries.case(number) if number < 2**63 else None
    if found is None or sees(actor_of(request), found):
        return found
    record(request, CASES, found.organisation_code, subject=f"case/{number}", allowed=False)
    return None


def _shown(
    request: HttpRequest, actor: Actor, found: Case, form: MoveForm, files: FilesForm | None = None
) -> HttpResponse:
    known, at = declared(found.workflow), at_of(request)
    moves = queries.possible(actor, found, at)
    as_officer = not known.applies.allows(actor, found.organisation_code)
    steps, held = queries.history(found.id), queries.evidence(found.id)
    context = {
        **(known.context(found, actor) if known.context else {}),
        "case": found,
        "workflow": known.workflow,
        "template": known.template,
        "state": mark(found),
        "outline": outline(found, known.workflow, china_day(at)),
        "late": queries.is_late(found, at),
        "note": note(china_day(found.entered_at), found.due_on) if found.due_on else None,
        "as_officer": as_officer,
        "form": form,
        "files": files or FilesForm(),
        "elsewhere": [move for move in moves if move.page],
        "takes_papers": found.is_open or bool(moves),
        "papers": [(one, VERDICTS[one.verdict], _kind(one.media_type)) for one in held],
        "events": timeline(known.workflow, steps, held, as_officer),
    }
    return render(request, "casework/case.html", context)


def _kind(media_type: str) -> Text:
    return next(kind.words for kind in KINDS.values() if kind.media_type == media_type)


urlpatterns = [
    path("work", work, name="work"),
    path("cases", cases, name="cases"),
    path("cases/<int:number>", case, name="case"),
    path("cases/<int:number>/papers", add_papers, name="case-papers"),
    path("cases/<int:number>/papers/<int:evidence_id>", paper, name="case-paper"),
]
