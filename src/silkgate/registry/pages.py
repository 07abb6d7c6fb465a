"""Pages of the registry: applying, papers, an application in full, the register, a record as each agency sees it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.casework import api as casework
from silkgate.identity.api import Actor, actor_of, may, opens, purpose_of, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.registry import access, actions, goodspages, models, queries
from silkgate.registry.classes import class_on
from silkgate.registry.declared import declared, papers_of
from silkgate.registry.domain import ACTIVE, CANCELLED, ROLES, STANDINGS, SUSPENDED, RefusedError
from silkgate.registry.forms import FilingForm, StandingForm
from silkgate.registry.pageparts import PAGE_LINES, choose, hide, mine, one_of_mine, tabs
from silkgate.registry.summaries import in_words
from silkgate.ui.forms import Judged
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Pager
from silkgate.ui.templatetags.ui import text

_VERSIONS = 10
_TITLES = {"filing": Text("企业备案", "Enterprise filing"), **{k: v[0] for k, v in actions.STANDING_MOVES.items()}}


# --- Applying ---------------------------------------------------------------------------------------------------------


@opens(access.FILINGS, anywhere=True)
@require_GET
def filings(request: HttpRequest) -> HttpResponse:
    """GET /filings: applications of one's own organisations and of those acted for, newest first."""
    own = mine(request, access.FILINGS)
    before = asked_number(request, "before")
    page = queries.applications(own, before=before, limit=PAGE_LINES)
    cases, names = casework.cases([line.case_id for line in page.lines]), queries.names(own[:20])
    context = {
        "lines": [
            (line, _TITLES[line.kind], queries.role_words(line.roles), _state(cases.get(line.case_id)))
            for line in page.lines
        ],
        "enterprises": [(code, names.get(code)) for code in own[:20]],
        "may_file": bool(mine(request, access.FILE)),
        "standings": STANDINGS,
        "tabs": tabs(request, "registry-filings"),
        "pager": Pager(
            address("registry-filings") if before else "",
            address("registry-filings", before=page.older) if page.older else "",
        ),
    }
    return render(request, "registry/filings.html", context)


def _state(case: casework.Case | None) -> Text:
    return casework.workflow(case.workflow).states[case.state].words if case else Text("", "")


@opens(access.FILE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """GET, POST /filings/new: choose roles; then the form that they ask for, with what is on file filled in."""
    code = one_of_mine(request, access.FILE)
    if not code:
        return choose(request, access.FILE, "registry-apply")
    require(request, access.FILE, code, subject=f"enterprise/{code}")
    on_file = queries.current(code)
    given = request.POST if request.method == "POST" else request.GET
    roles = [role for role in ROLES if role in given.getlist("role")]
    context: dict[str, Any] = {"code": code, "on_file": on_file, "chosen": roles}
    if not roles or "choose" in given:
        held = roles or (list(on_file.roles) if on_file else [])
        known = [(role, role.key in held) for role in declared().roles.values()]
        context |= {"roles": known, "tried": "chosen" in given}
        return render(request, "registry/roles.html", context)
    if request.method != "POST":
        if on_file and on_file.number:
            own = purpose_of(actor_of(request))
            require(request, access.PERSONAL, code, subject=f"enterprise/{code}/{on_file.number}", purpose=own)
        initial = {key: value for key, value in (on_file.data if on_file else {}).items() if key != "truth_promise"}
        initial.setdefault("credit_code", code if len(code) == 18 else "")
        return _form(request, FilingForm(roles, initial=initial), context)
    form = FilingForm(roles, request.POST)
    try:
        case = actions.apply(actor_of(request), code, roles, form.answers(), at=at_of(request))
    except RefusedError as refused:
        form.tell(refused.problems)
        return _form(request, form, context, 422)
    except casework.MoveRefused as refused:
        form.tell([actions.Problem("", refused.text)])
        return _form(request, form, context, 422)
    return redirect("registry-filing", number=case.id)


def _form(request: HttpRequest, form: FilingForm, context: dict[str, Any], status: int = 200) -> HttpResponse:
    words = [declared().roles[role] for role in context["chosen"]]
    return render(request, "registry/form.html", {**context, "form": form, "role_words": words}, status=status)


@opens(access.FILE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def filing(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /filings/<case>: the papers of an application, and sending it for review."""
    actor, filed, case = _own(request, number)
    form = Judged(request.POST or None)
    if request.method == "POST":
        try:
            for paper in papers_of(filed.roles):
                upload = request.FILES.get(f"paper_{paper.key}")
                if upload:
                    content = bytes(upload.read(settings.MAX_EVIDENCE_BYTES + 1))
                    actions.add_paper(actor, number, paper.key, upload.name or "", content, at=at_of(request))
            if "submit" in request.POST:
                actions.submit(actor, number, at=at_of(request))
                messages.success(request, text(Text("已提交，正在等待审核。", "Sent. It waits for review.")))
                return redirect("case", number=number)
        except RefusedError as refused:
            form.tell(refused.problems)
        except (casework.MoveRefused, casework.EvidenceRefused) as refused:
            form.tell([actions.Problem("", refused.text)])
        else:
            messages.success(request, text(Text("材料已保存。", "The papers are saved.")))
            return redirect("registry-filing", number=number)
    context = {
        "case": case,
        "filed": filed,
        "form": form,
        "brought": queries.papers(filed, papers_of(filed.roles)),
        "roles": queries.role_words(filed.roles),
        "open": case.state in {"draft", "papers_asked"},
        "again": case.state == "papers_asked",
        "asked_for": _what_was_asked(number) if case.state == "papers_asked" else "",
    }
    return render(request, "registry/papers.html", context, status=422 if form.errors else 200)


def _what_was_asked(number: int) -> str:
    return next((step.reason for step in reversed(casework.history(number)) if step.move == "ask"), "")


@opens(access.FILE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /filings/<case>/edit: the answers of an application that is prepared, or of which more is asked."""
    actor, filed, case = _own(request, number)
    if case.state not in {"draft", "papers_asked"}:
        return redirect("registry-filing", number=number)
    require(request, access.ANSWERS, filed.code, subject=f"filing/{number}", purpose=purpose_of(actor))
    given = request.POST if request.method == "POST" else request.GET
    roles = [role for role in ROLES if role in given.getlist("role")] or list(filed.roles)
    context = {"code": filed.code, "chosen": roles, "case": case}
    if request.method != "POST":
        return _form(request, FilingForm(roles, initial=filed.data), context)
    form = FilingForm(roles, request.POST)
    try:
        actions.amend(actor, number, roles, form.answers(), at=at_of(request))
    except RefusedError as refused:
        form.tell(refused.problems)
        return _form(request, form, context, 422)
    return redirect("registry-filing", number=number)


@opens(access.ANSWERS, anywhere=True)
@require_GET
def answers(request: HttpRequest, number: int) -> HttpResponse:
    """GET /filings/<case>/answers: an application in full; that it was read is kept, with the purpose."""
    actor, filed = actor_of(request), queries.application(number)
    if filed is None or filed.kind != "filing":
        raise Http404
    if not access.ANSWERS.allows(actor, filed.code):
        hide(request, access.ANSWERS, filed.code, f"filing/{number}")
    review = declared().purposes["review"]
    reviewing = filed.code not in actor.organisations
    case = casework.case(number)
    if reviewing and (case is None or case.state == "draft" or actor.agency not in review.agencies):
        hide(request, access.ANSWERS, filed.code, f"filing/{number}")
    purpose = review.said if reviewing else purpose_of(actor)
    require(request, access.ANSWERS, filed.code, subject=f"filing/{number}", purpose=purpose)
    context = {
        "filed": filed,
        "case": case,
        "roles": queries.role_words(filed.roles),
        "shown": queries.shown_of(filed.data, ""),
        "changed": [in_words(change) for change in queries.changes(filed)],
        "purpose": review.words if reviewing else None,
    }
    return render(request, "registry/answers.html", context)


def _own(request: HttpRequest, number: int) -> tuple[Actor, queries.Filed, casework.Case]:
    """An application of an organisation that one files for. For anybody else there is none; that they asked is kept."""
    filed, case = queries.application(number), casework.case(number)
    if filed is None or case is None or filed.kind != "filing":
        raise Http404
    if not access.FILE.allows(actor_of(request), filed.code):
        hide(request, access.FILE, filed.code, f"filing/{number}")
    return require(request, access.FILE, filed.code, subject=f"filing/{number}"), filed, case


# --- The register -----------------------------------------------------------------------------------------------------


@opens(access.REGISTER)
@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """GET /register: enterprises on file by code, filtered by role and by how the code begins."""
    role, begins = asked(request, "role", ROLES), request.GET.get("code", "").strip()[:18].replace("\0", "")
    after = request.GET.get("after", "")[:40].replace("\0", "")
    page = queries.register(after=after, role=role, begins=begins, limit=PAGE_LINES)
    context = {
        "lines": [(line, queries.role_words(line.roles)) for line in page.lines],
        "roles": declared().roles.values(),
        "role": role,
        "begins": begins,
        "tabs": tabs(request, "registry-register"),
        "pager": Pager(
            address("registry-register", role=role, code=begins) if after else "",
            address("registry-register", role=role, code=begins, after=page.after) if page.after else "",
        ),
    }
    return render(request, "registry/register.html", context)


@opens(access.RECORD, anywhere=True)
@require_GET
def enterprise(request: HttpRequest, code: str) -> HttpResponse:
    """GET /register/<code>: the record of a day as one's purpose shows it, and its versions.

    Officers see what their agency's purpose needs; the enterprise itself sees all of it.
    """
    actor, at = actor_of(request), at_of(request)
    if not access.RECORD.allows(actor, code):
        hide(request, access.RECORD, code, f"enterprise/{code}")
    day = _day(request, at)
    purposes = queries.purposes_of(actor)
    purpose = next((one for one in purposes if one.key == request.GET.get("purpose")), None)
    try:
        purpose = purpose or queries.usual_purpose(actor, code)
    except LookupError:
        hide(request, access.RECORD, code, f"enterprise/{code}")
    own = purpose is None
    now, found = queries.current(code), queries.record_of_day(code, day, at)
    if now is None:
        raise Http404
    shown = queries.shown_of(found.data, purpose.key if purpose else "") if found else ()
    subject = f"enterprise/{code}/{found.number if found else 0}"
    if any(one.field.personal for one in shown):
        told = purpose.said if purpose else purpose_of(actor)
        require(request, access.PERSONAL, code, subject=subject, purpose=told)
    else:
        require(request, access.RECORD, code, subject=subject)
    versions, pager = _versions(request, code, {one.field.key for one in shown})
    context = {
        "code": code,
        "record": found,
        "now": now,
        "shown": shown,
        "own": own,
        "purpose": purpose,
        "purposes": purposes if len(purposes) > 1 else (),
        "day": day,
        "roles": queries.role_words(found.roles) if found else None,
        "standing": STANDINGS[found.standing] if found else None,
        "mark": _MARKS[found.standing] if found else "",
        "credit": class_on(code, day),
        "versions": versions,
        "may_propose": may(request, access.STANDING) and not own,
        "may_class": may(request, access.CLASS) and not own,
        "may_file": access.FILE.allows(actor, code),
        "pager": pager,
    }
    return render(request, "registry/record.html", context)


_MARKS = {ACTIVE: "released", SUSPENDED: "held", CANCELLED: "returned"}


def _versions(request: HttpRequest, code: str, seen: set[str]) -> tuple[list[Any], Pager]:
    """Versions with what changed in each, of the fields that the reader sees; and the way to older ones."""
    before = asked_number(request, "before")
    found = queries.version_page(code, before=before, limit=_VERSIONS)
    lines = [
        (version, STANDINGS[version.standing], [in_words(one) for one in changes if one.key in {"roles", *seen}])
        for version, changes in found.lines
    ]
    here = f"/register/{code}"
    more = f"{here}?before={found.older}#versions" if found.older else ""
    return lines, Pager(f"{here}#versions" if before else "", more)


def _day(request: HttpRequest, at: datetime) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return china_day(at)


@opens(access.STANDING)
@require_http_methods(["GET", "HEAD", "POST"])
def standing(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /register/<code>/standing: propose to suspend, resume or cancel; another officer decides."""
    now = queries.current(code)
    if now is None:
        raise Http404
    choices = [(key, words) for key, (words, _, sources) in actions.STANDING_MOVES.items() if now.standing in sources]
    form = StandingForm(choices, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        given = form.answers()
        try:
            case = actions.propose_standing(
                actor_of(request),
                code,
                given.get("kind", ""),
                reason=given.get("reason", ""),
                rule=given.get("rule", ""),
                at=at_of(request),
            )
        except RefusedError as refused:
            form.tell(refused.problems)
        else:
            return redirect("case", number=case.id)
    under_way = models.Application.objects.filter(enterprise_code=code, is_open=True).values_list("case_id", flat=True)
    context = {
        "code": code,
        "now": now,
        "form": form,
        "standing": STANDINGS[now.standing],
        "under_way": under_way.first(),
        "roles": queries.role_words(now.roles),
        "choices": choices,
    }
    return render(request, "registry/standing.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("filings", filings, name="registry-filings"),
    path("filings/new", apply, name="registry-apply"),
    path("filings/<int:number>", filing, name="registry-filing"),
    path("filings/<int:number>/edit", edit, name="registry-edit"),
    path("filings/<int:number>/answers", answers, name="registry-answers"),
    path("register", register, name="registry-register"),
    path("register/<slug:code>", enterprise, name="registry-record"),
    path("register/<slug:code>/standing", standing, name="registry-standing"),
    *goodspages.urlpatterns,
]
