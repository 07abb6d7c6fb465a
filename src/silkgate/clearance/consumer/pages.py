"""Pages of a person's own allowance: without an account, behind a check of who one is, for fifteen minutes."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from silkgate.casework import api as casework
from silkgate.casework.api import Case, EvidenceRefused, MoveRefused
from silkgate.clearance.consumer import objections, proof, uses
from silkgate.clearance.consumer.forms import ClaimForm, ObjectionForm, StepForm, papers_of
from silkgate.clearance.consumer.proof import Claim, Person
from silkgate.identity.api import action, opens, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.ui.formats import masked
from silkgate.ui.links import address, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Event, Law, Pager
from silkgate.ui.templatetags.ui import text

COOKIE = "silkgate_allowance"
PLACE = "/allowance"
PAGE_LINES = 10
PURPOSE = "本人查询 · The person’s own enquiry"

ENQUIRE = action("clearance.allowance", "查询本人年度额度", "Ask for one’s own yearly allowance", anyone=True)
OWN_USES = action(
    "clearance.own_uses",
    "本人查看身份使用记录",
    "Read the uses of one’s own identity",
    anyone=True,
    personal=True,
)
"""For everybody, each for themselves: who that is, `proof` has found and a cookie of its own says."""

NOT_FOUND = Text(
    "没有查到与所填内容一致的记录。请核对身份号码、姓名和单号，三项须与下单时的完全一致；"
    "为保护您的信息，不说明是哪一项不符。",
    "Nothing agrees with what you gave. Check number, name and parcel: all three as they were when you ordered. "
    "To protect you, it is not said which one differs.",
)
TOO_OFTEN = Text(
    "尝试次数过多，请15分钟后再试；这一次没有核对。",
    "Too many tries. Wait for 15 minutes; this one was not looked at.",
)
UNAVAILABLE = Text(
    "身份核验服务暂时没有应答，请稍后再试。", "The identity check does not answer at the moment. Try again later."
)
OVER = Text("查询时间已过，请重新核对身份。", "Your time is over. Please show again who you are.")


@opens(ENQUIRE)
@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def allowance(request: HttpRequest) -> HttpResponse:
    """GET, POST /allowance: who one is; then the year's limits and what was used of them, newest first."""
    if request.method == "POST":
        return _prove(request)
    person = _person(request)
    if person is None:
        return _asks(request, ClaimForm(china_day(at_of(request))))
    return _private(_overview(request, person))


def _prove(request: HttpRequest) -> HttpResponse:
    at = at_of(request)
    form = ClaimForm(china_day(at), request.POST)
    if not form.is_valid():
        return _asks(request, form)
    claim = Claim(**form.cleaned_data)
    if not proof.admit(claim, request.META.get("REMOTE_ADDR", ""), at):
        form.add_error(None, text(TOO_OFTEN))
        return _asks(request, form, HTTPStatus.TOO_MANY_REQUESTS)
    try:
        holds = proof.identity_check()(claim)
    except proof.CheckUnavailable:
        form.add_error(None, text(UNAVAILABLE))
        return _asks(request, form, HTTPStatus.SERVICE_UNAVAILABLE)
    if not holds:
        form.add_error(None, text(NOT_FOUND))
        return _asks(request, form)
    response = redirect("allowance")
    response.set_cookie(
        COOKIE,
        proof.sealed(Person(claim.id_number, claim.name), at),
        max_age=proof.LASTS,
        path=PLACE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def _asks(request: HttpRequest, form: ClaimForm, status: int = HTTPStatus.OK) -> HttpResponse:
    return _private(render(request, "clearance/consumer_check.html", {"form": form}, status=status))


def _overview(request: HttpRequest, person: Person) -> HttpResponse:
    _record(request, person)
    today = china_day(at_of(request))
    years = _years(today)
    year = asked_number(request, "year")
    day = years.get(year or today.year, today)
    before = asked_number(request, "before")
    stated = uses.statement(person.id_number, day.year)
    page, held = uses.uses(stated, before=before, limit=PAGE_LINES), uses.allowance(stated, day)
    objected = objections.newest_of(line.number for line in page.lines)
    named = day.year if day.year != today.year else ""
    context = {
        "person": person,
        "masked_number": masked(person.id_number),
        "allowance": held,
        "annual_law": _law(held.annual),
        "single_law": _law(held.single),
        "lines": [
            (line, casework.mark(objected[line.number]) if line.number in objected else None) for line in page.lines
        ],
        "chips": tuple(
            Chip(
                Text(f"{one}年", str(one)), address("allowance", year="" if one == today.year else one), one == day.year
            )
            for one in years
        ),
        "pager": Pager(
            address("allowance", year=named) if before else "",
            address("allowance", year=named, before=page.older) if page.older else "",
        ),
    }
    return render(request, "clearance/consumer_uses.html", context)


def _years(today: date) -> dict[int, date]:
    """The years that can be looked at, each with the day whose law is shown: an answer may come after New Year."""
    return {today.year: today, today.year - 1: date(today.year - 1, 12, 31)}


@opens(ENQUIRE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def use(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /allowance/uses/<number>: one use of one's identity; the objection to it, and the officer's answer."""
    person = _person(request)
    if person is None:
        if _had_cookie(request):
            messages.info(request, text(OVER))
        return redirect("allowance")
    found = _use(person, china_day(at_of(request)), number) if number < 2**63 else None
    if found is None:
        raise Http404
    case = objections.newest(number)
    if request.method == "POST":
        return _act(request, person, found, case)
    return _private(_shown(request, person, found, case, _form(request, person, case)))


def _use(person: Person, today: date, number: int) -> uses.Use | None:
    found = (uses.use(uses.statement(person.id_number, year), number) for year in _years(today))
    return next(filter(None, found), None)


Form = ObjectionForm | StepForm


def _form(request: HttpRequest, person: Person, case: Case | None, *given: Any) -> Form | None:
    """What can be sent about a use now: an objection, a move of the one that there is, or nothing."""
    if case is None:
        return ObjectionForm(*given)
    moves = casework.possible(objections.applicant(person, case), case, at_of(request))
    return StepForm(case, moves, *given) if moves else None


def _act(request: HttpRequest, person: Person, found: uses.Use, case: Case | None) -> HttpResponse:
    form = _form(request, person, case, request.POST, request.FILES)
    if form is None or not form.is_valid():
        return _private(_shown(request, person, found, case, form))
    said, at = form.cleaned_data, at_of(request)
    papers = papers_of(said["paper"], settings.MAX_EVIDENCE_BYTES)
    try:
        if case is None:
            objections.object_to(person, found, said["statement"], papers, at)
        else:
            objections.go_on(person, case, said["move"], said["reason"], papers, said["version"], at)
    except EvidenceRefused as refused:
        form.add_error("paper", text(refused.text))
    except MoveRefused as refused:
        form.add_error(None, text(refused.text))
    else:
        done = Text("已收到，答复会显示在本页。", "Received. The answer will be on this page.")
        messages.success(request, text(done))
        return redirect("allowance-use", number=found.number)
    # Somebody may have moved it meanwhile, which is why it was refused.
    return _private(_shown(request, person, found, objections.newest(found.number), form))


def _shown(request: HttpRequest, person: Person, found: uses.Use, case: Case | None, form: Form | None) -> HttpResponse:
    _record(request, person)
    context = {
        "person": person,
        "masked_number": masked(person.id_number),
        "use": found,
        "form": form,
        "objecting": isinstance(form, ObjectionForm),
        "objection": case,
        "state": casework.mark(case) if case else None,
        "note": casework.calendar_note(china_day(case.entered_at), case.due_on) if case and case.due_on else None,
        "papers": casework.evidence(case.id) if case else [],
        "events": _events(case) if case else (),
    }
    return render(request, "clearance/consumer_use.html", context)


_SAID = Text("您提出异议", "You objected")
_YOU, _CUSTOMS = Text("您", "You"), Text("海关", "Customs")


def _events(case: Case) -> tuple[Event, ...]:
    """What happened to an objection, oldest first; officers without their names."""
    known = casework.workflow(case.workflow)
    events = []
    for step in casework.history(case.id):
        move = known.move(step.move)
        said = step.reason or ("" if move else str(case.data.get("statement", "")))
        if step.rule:
            said += f"（{step.rule}）"
        state = known.states[step.target]
        events.append(
            Event(
                step.at,
                move.words if move else _SAID,
                _CUSTOMS if step.agency else _YOU,
                Text(said, said) if said else None,
                state.mark or "waiting",
            )
        )
    return tuple(events)


@opens(ENQUIRE)
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """POST /allowance/end: forget who one is, at once."""
    response = redirect("allowance")
    response.delete_cookie(COOKIE, path=PLACE, samesite="Strict")
    return response


# --- Who it is --------------------------------------------------------------------------------------------------------


def _person(request: HttpRequest) -> Person | None:
    return proof.opened(request.COOKIES.get(COOKIE, ""), at_of(request))


def _had_cookie(request: HttpRequest) -> bool:
    return COOKIE in request.COOKIES


def _record(request: HttpRequest, person: Person) -> None:
    """Keep that personal data was read, by a name that says nothing of the person."""
    require(request, OWN_USES, subject=f"consumer/{person.pseudonym}{request.path}", purpose=PURPOSE)


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    return response


def _law(value: uses.Value) -> Law:
    return Law(value.law.text, value.since, "", value.verified and value.law.verified)


urlpatterns = [
    path("allowance", allowance, name="allowance"),
    path("allowance/end", end, name="allowance-end"),
    path("allowance/uses/<int:number>", use, name="allowance-use"),
]
