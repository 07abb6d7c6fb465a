"""Pages of drafts under /drafts: the list, the form with its checks, copies, the document on paper and as XML."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate.drafts import access, actions, forms, queries, rules, sheets, signpages, taxes
from silkgate.drafts.domain import KINDS, Content, Problem, head_fields, kind_of, line_fields
from silkgate.drafts.models import Draft
from silkgate.drafts.offers import offers, taken
from silkgate.drafts.signpages import STATE_WORDS, choose, kind_asked, organisation_of, own_draft, paper_of
from silkgate.exchange import api as exchange
from silkgate.identity.api import PUBLIC, actor_of, opens, require
from silkgate.kernel.text import Text
from silkgate.registry.api import MAX_SHEET_BYTES, SheetError
from silkgate.tariff import api as tariff
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.words import spoken

PAGE_LINES = 50


# --- The list ---------------------------------------------------------------------------------------------------------


@opens(access.DRAFTS, anywhere=True)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """GET /drafts: drafts of an organisation, last changed first; those that nobody has touched for long are marked."""
    code = organisation_of(request, access.DRAFTS)
    if not code:
        return choose(request, access.DRAFTS, "drafts")
    require(request, access.DRAFTS, code, subject=f"drafts of {code}")
    state, at = asked(request, "state", queries.STATES), at_of(request)
    skip = min(asked_number(request, "skip") or 0, 10_000)
    page = queries.listed(code, state, at, skip=skip, limit=PAGE_LINES)
    context = {
        "code": code,
        "several": len(access.DRAFTS.where(actor_of(request))) > 1,
        "rows": [(row, kind_of(row.kind).name, *STATE_WORDS[key]) for row, key in page.rows],
        "kinds": [(kind, kind_of(kind).name) for kind in KINDS],
        "chips": (
            Chip(Text("全部", "All"), address("drafts", organisation=code), not state),
            *(
                Chip(words, address("drafts", organisation=code, state=key), key == state, mark=mark)
                for key, (words, mark) in STATE_WORDS.items()
            ),
        ),
        "pager": Pager(
            address("drafts", organisation=code, state=state) if skip else "",
            address("drafts", organisation=code, state=state, skip=page.before) if page.before else "",
        ),
    }
    return render(request, "drafts/list.html", context)


# --- The form ---------------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """A document looked at: what is wrong, what is offered, what it would be taxed."""

    problems: list[Problem]
    form: forms.Shown
    tax: Any


def look(kind: str, organisation: str, content: Content, at: datetime, *, while_typing: bool = False) -> Seen:
    """Judge a document for its form. While one types, nothing is said of what is not typed yet."""
    judged = rules.judge(kind, content, queries.sender(organisation), at)
    problems = [problem for problem in judged.problems if not (while_typing and problem.missing)]
    law = queries.law(at)
    tax = taxes.of(kind, content, judged.assessed, law)
    offered = offers(kind, content, law, taxes.of_order(content, law, at) if kind == "311" else None)
    return Seen(problems, forms.shown(kind, content, problems, offered), tax.table if tax else None)


def _render(
    request: HttpRequest,
    kind: str,
    organisation: str,
    seen: Seen,
    *,
    draft: Draft | None = None,
    told: bool = False,
    conflict: Any = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "kind": kind_of(kind),
        "code": kind,
        "organisation_code": organisation,
        "draft": draft,
        "form": seen.form,
        "tax": seen.tax,
        "told": told and bool(seen.problems),
        "conflict": conflict,
        "state": STATE_WORDS[queries.state_of(draft, at_of(request))] if draft else None,
    }
    return render(request, "drafts/form.html", context, status=status)


@opens(access.FILL, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """GET, POST /drafts/new: an empty document; it becomes a draft when it is saved, with its mistakes in it."""
    kind, code = kind_asked(request), organisation_of(request, access.FILL)
    if not kind:
        return redirect("drafts")
    if not code:
        return choose(request, access.FILL, "draft-new", kind=kind)
    require(request, access.FILL, code, subject="drafts/new")
    at = at_of(request)
    if request.method != "POST":
        content = forms.blank(kind, queries.sender(code), forms.roles_of(code), at)
        return _render(request, kind, code, look(kind, code, content, at, while_typing=True))
    content, still = _changed(request, kind, code, forms.typed(kind, request.POST), at)
    if still:
        return _render(request, kind, code, look(kind, code, content, at, while_typing=True))
    problems = look(kind, code, content, at).problems
    made = actions.make(actor_of(request), code, kind, content, faults=len(problems), at=at)
    return _kept(request, made, problems)


@opens(access.WRITE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /drafts/<number>: what was typed, to go on with; once it is sent, what became of it."""
    found = own_draft(request, number)
    if found.signed is not None:
        return redirect("draft", number=number) if request.method == "POST" else _sent(request, found)
    at = at_of(request)
    if request.method != "POST":
        told = "told" in request.GET
        seen = look(found.kind, found.organisation_code, queries.content(found), at, while_typing=not told)
        return _render(request, found.kind, found.organisation_code, seen, draft=found, told=told)
    content, still = _changed(request, found.kind, found.organisation_code, forms.typed(found.kind, request.POST), at)
    version = _version(request)
    if still:
        seen = look(found.kind, found.organisation_code, content, at, while_typing=True)
        # Nothing is saved: the version that was shown stays the one that is compared.
        found.version = version
        return _render(request, found.kind, found.organisation_code, seen, draft=found)
    seen = look(found.kind, found.organisation_code, content, at)
    try:
        saved = actions.save(actor_of(request), number, version, content, faults=len(seen.problems), at=at)
    except actions.ConflictError as conflict:
        differing = _differences(conflict.now, content)
        return _render(
            request, found.kind, found.organisation_code, seen, draft=conflict.now, conflict=differing, status=409
        )
    except actions.SentError:
        return redirect("draft", number=number)
    return _kept(request, saved, seen.problems)


def _version(request: HttpRequest) -> int:
    """The version that was shown; 0, which no draft has, where the form names none."""
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _changed(
    request: HttpRequest, kind: str, organisation: str, content: Content, at: datetime
) -> tuple[Content, bool]:
    """What was typed, with a line more or less, or with an offer taken; and whether the form goes on unsaved."""
    asked_for = request.POST.get("do", "")
    if asked_for == "add" and kind_of(kind).line:
        return content._replace(lines=(*content.lines, forms.blank_line(kind))), True
    if asked_for.startswith("remove-"):
        place = asked_for.removeprefix("remove-")
        lines = tuple(line for number, line in enumerate(content.lines) if str(number) != place)
        return content._replace(lines=lines), True
    if take := request.POST.get("take", ""):
        for box in look(kind, organisation, content, at, while_typing=True).form.boxes:
            if box.id == take and box.offer:
                return taken(kind, content, box.offer), True
        return content, True
    return content, False


def _kept(request: HttpRequest, saved: Draft, problems: list[Problem]) -> HttpResponse:
    """Where one goes on after saving: to signing where that was asked for and nothing is wrong."""
    if request.POST.get("do") == "sign" and not problems:
        return signpages.stamped(saved.pk, at_of(request))
    if problems:
        return redirect(reverse("draft", args=[saved.pk]) + "?told=1")
    notices.success(request, spoken("草稿已保存，可以签名发送。", "The draft is saved and ready to be signed."))
    return redirect("draft", number=saved.pk)


class Difference(NamedTuple):
    """A field that two people have filled in differently."""

    id: str
    name: Text
    theirs: str
    yours: str


def _differences(now: Draft, content: Content) -> list[Difference]:
    """Where the draft as it stands departs from what somebody wants to save over it."""
    other = queries.content(now)
    found = []
    places = [("head", other.head, content.head, head_fields(now.kind))]
    for number in range(max(len(other.lines), len(content.lines))):
        theirs = other.lines[number] if number < len(other.lines) else {}
        yours = content.lines[number] if number < len(content.lines) else {}
        places.append((f"line-{number}", theirs, yours, line_fields(now.kind)))
    for place, theirs, yours, fields in places:
        for field in fields:
            pair = theirs.get(field.name, ""), yours.get(field.name, "")
            if pair[0] != pair[1]:
                found.append(Difference(f"{place}-{field.name}", field.label, *pair))
    return found


@opens(access.FILL, anywhere=True)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """POST /drafts/check: what is wrong so far and what is offered, as pieces that HTMX puts beside the fields."""
    kind, code = kind_asked(request), organisation_of(request, access.FILL)
    if not kind or not code:
        return HttpResponse(status=422)
    require(request, access.FILL, code, subject="drafts/check")
    seen = look(kind, code, forms.typed(kind, request.POST), at_of(request), while_typing=True)
    return render(request, "drafts/checked.html", {"form": seen.form, "tax": seen.tax})


# --- What a draft becomes --------------------------------------------------------------------------------------------


def _sent(request: HttpRequest, draft: Draft) -> HttpResponse:
    stored = exchange.stored_message(draft.message_id) if draft.message_id is not None else None
    reasons = [(tariff.tell(finding), finding.code) for finding in stored.findings] if stored else []
    context = {**paper_of(draft, at_of(request)), "stored": stored, "reasons": reasons}
    return render(request, "drafts/sent.html", context)


@opens(access.WRITE, anywhere=True)
@require_GET
def paper(request: HttpRequest, number: int) -> HttpResponse:
    """GET /drafts/<number>/paper: the document to read and to print."""
    return render(request, "drafts/paper.html", paper_of(own_draft(request, number), at_of(request)))


@opens(access.WRITE, anywhere=True)
@require_GET
def xml(request: HttpRequest, number: int) -> HttpResponse:
    """GET /drafts/<number>.xml: the message, signed once it is; of a draft with faults there is none: 409."""
    found = own_draft(request, number)
    if found.signed is not None:
        body = bytes(found.signed)
    else:
        try:
            body = queries.unsigned(found, at_of(request))
        except ValueError:
            seen = look(found.kind, found.organisation_code, queries.content(found), at_of(request))
            return _render(request, found.kind, found.organisation_code, seen, draft=found, told=True, status=409)
    name = f"CEB{found.kind}-draft-{found.pk}.xml"
    return HttpResponse(
        body,
        content_type="application/xml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@opens(access.WRITE, anywhere=True)
@require_POST
def copied(request: HttpRequest, number: int) -> HttpResponse:
    """POST /drafts/<number>/copy: a new draft with everything that was typed in this one, sent or not."""
    made = actions.copy(actor_of(request), own_draft(request, number), at=at_of(request))
    notices.success(request, spoken("已复制为新草稿。", "Copied as a new draft."))
    return redirect("draft", number=made.pk)


@opens(access.WRITE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def discarded(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /drafts/<number>/discard: asks, then deletes a draft that was not sent."""
    found = own_draft(request, number)
    if request.method == "POST":
        try:
            actions.discard(number, _version(request))
        except (actions.ConflictError, actions.SentError):
            told = spoken("草稿已有变化，没有删除。", "The draft has changed meanwhile; it was not deleted.")
            notices.warning(request, told)
            return redirect("draft", number=number)
        notices.success(request, spoken("草稿已删除。", "The draft is deleted."))
        return redirect(address("drafts", organisation=found.organisation_code))
    context = {"draft": found, "kind": kind_of(found.kind), "back": reverse("draft", args=[number])}
    return render(request, "drafts/discard.html", context)


@opens(access.FILL, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """GET, POST /drafts/upload: a table becomes drafts, one for each document; what is wrong is told row by row."""
    kind, code = kind_asked(request), organisation_of(request, access.FILL)
    if not kind:
        return redirect("drafts")
    if not code:
        return choose(request, access.FILL, "draft-upload", kind=kind)
    require(request, access.FILL, code, subject="drafts/upload")
    refused, filled = None, None
    if request.method == "POST":
        given = request.FILES.get("table")
        try:
            if given is None:
                raise SheetError("请先选择文件。", "Choose a file first.")
            content = bytes(given.read(MAX_SHEET_BYTES + 1))
            filled = sheets.fill(actor_of(request), code, kind, given.name or "", content, at=at_of(request))
        except SheetError as error:
            refused = error.text
    context = {
        "kind": kind_of(kind),
        "code": code,
        "columns": sheets.columns(kind).values(),
        "refused": refused,
        "filled": filled,
        "faulty": len({told.line for told in filled.told}) if filled else 0,
    }
    return render(request, "drafts/upload.html", context, status=422 if refused else 200)


@opens(PUBLIC)
@require_GET
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """GET /drafts/<kind>-template.csv: an empty table in the reader's language."""
    if kind not in KINDS:
        raise Http404
    text = sheets.template(kind, get_language() or "zh-hans")
    name = f"CEB{kind}.csv"
    return HttpResponse(
        text.encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@opens(PUBLIC)
@require_GET
def fields(request: HttpRequest, kind: str) -> HttpResponse:
    """GET /drafts/fields/<kind>: every field with its name in the message, its form, codes and an example."""
    if kind not in KINDS:
        raise Http404
    content = Content({}, ({},) if kind_of(kind).line else ())
    form = forms.shown(kind, content)
    context = {
        "kind": kind_of(kind),
        "sections": [
            (words, section.boxes)
            for words, section in (
                *((section.words, section) for section in form.sections),
                *((Text("每行商品", "Each line of goods"), section) for section in form.lines),
            )
        ],
        "law": tariff.notices()["spec-202205"],
    }
    return render(request, "drafts/fields.html", context)


urlpatterns = [
    *signpages.urlpatterns,
    path("drafts", listed, name="drafts"),
    path("drafts/new", new, name="draft-new"),
    path("drafts/check", check, name="draft-check"),
    path("drafts/upload", upload, name="draft-upload"),
    path("drafts/template/<slug:kind>.csv", template, name="draft-template"),
    path("drafts/fields/<slug:kind>", fields, name="draft-fields"),
    path("drafts/<int:number>", one, name="draft"),
    path("drafts/<int:number>.xml", xml, name="draft-xml"),
    path("drafts/<int:number>/paper", paper, name="draft-paper"),
    path("drafts/<int:number>/copy", copied, name="draft-copy"),
    path("drafts/<int:number>/discard", discarded, name="draft-discard"),
]
