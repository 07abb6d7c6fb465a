"""Pages of goods with their tables, of permits, and of credit classes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.casework import api as casework
from silkgate.identity.api import actor_of, may, opens, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.fixed import e5
from silkgate.kernel.text import Text
from silkgate.registry import access, classes, goods, models, permits, queries
from silkgate.registry.bulk import MAX_SHEET_BYTES, Row, SheetError
from silkgate.registry.declared import declared
from silkgate.registry.domain import Problem, RefusedError
from silkgate.registry.forms import ClassForm, ItemForm, PermitForm, TableForm, UseForm
from silkgate.registry.pageparts import PAGE_LINES, asked_code, choose, hide, one_of_mine, tabs
from silkgate.tariff.api import codes
from silkgate.ui.formats import quantity
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Balance, Chip, Pager

_SHOWN_PROBLEMS = 200


# --- Goods ------------------------------------------------------------------------------------------------------------


@opens(access.GOODS, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def goods_list(request: HttpRequest) -> HttpResponse:
    """GET, POST /goods: goods of an organisation that are on file; a table of new ones is uploaded here."""
    code = one_of_mine(request, access.GOODS)
    if not code:
        return choose(request, access.GOODS, "registry-goods")
    require(request, access.GOODS, code, subject=f"goods/{code}")
    form, may_file = TableForm(), access.FILE.allows(actor_of(request), code)
    if request.method == "POST":
        require(request, access.FILE, code, subject=f"goods/{code}")
        form = TableForm(request.POST, request.FILES)
        upload = request.FILES.get("table")
        try:
            if upload is None:
                raise SheetError("请先选择文件。", "Choose a file first.")
            content = bytes(upload.read(MAX_SHEET_BYTES + 1))
            kept = goods.keep_upload(actor_of(request), code, upload.name or "", content, at=at_of(request))
            return redirect("registry-upload", number=kept.pk)
        except SheetError as refused:
            form.tell([Problem("table", refused.text)])
    after = request.GET.get("after", "")[:60].replace("\0", "")
    page = goods.goods_page(code, after=after, limit=PAGE_LINES)
    context = {
        "code": code,
        "now": queries.current(code),
        "lines": [(line, *_coded(line.item)) for line in page.lines],
        "form": form,
        "may_file": may_file,
        "columns": goods.GOODS_FIELDS.values(),
        "tabs": tabs(request, "registry-goods", code),
        "pager": Pager(
            address("registry-goods", organisation=code) if after else "",
            address("registry-goods", organisation=code, after=page.after) if page.after else "",
        ),
    }
    return render(request, "registry/goods.html", context, status=422 if form.errors else 200)


def _coded(item: goods.Item) -> tuple[Text, Text]:
    """Origin and unit in words."""
    origin, unit = codes("countries").get(item.origin), codes("units").get(item.unit)
    return origin or Text(item.origin, item.origin), unit or Text(item.unit, item.unit)


@opens(access.FILE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest) -> HttpResponse:
    """GET, POST /goods/new: file one item, or with `item` in the address a change of one."""
    code = one_of_mine(request, access.FILE)
    if not code:
        return choose(request, access.FILE, "registry-item")
    require(request, access.FILE, code, subject=f"goods/{code}")
    number = request.GET.get("item", "")[:60].replace("\0", "")
    held = goods.goods_on(code, number, at_of(request)) if number else None
    form = ItemForm(request.POST if request.method == "POST" else None, held.item._asdict() if held else None)
    if request.method == "POST":
        given = {key: form.answers().get(key, "") for key in goods.GOODS_FIELDS}
        judged = goods.judge_rows([Row(1, given)], at_of(request))
        try:
            if judged.problems:
                raise RefusedError(list(judged.problems))
            case = goods.file_goods(actor_of(request), code, judged.items, at=at_of(request))
            return redirect("case", number=case.id)
        except RefusedError as refused:
            form.tell(refused.problems)
        except casework.MoveRefused as refused:
            form.tell([Problem("", refused.text)])
    context = {"code": code, "form": form, "held": held}
    return render(request, "registry/item.html", context, status=422 if form.errors else 200)


def _upload(request: HttpRequest, number: int) -> models.GoodsUpload:
    """An uploaded table of one's own. For anybody else there is none."""
    found = models.GoodsUpload.objects.filter(id=number).first()
    if found is None:
        raise Http404
    if not access.FILE.allows(actor_of(request), found.enterprise_code):
        hide(request, access.FILE, found.enterprise_code, f"upload/{number}")
    require(request, access.FILE, found.enterprise_code, subject=f"upload/{number}")
    return found


@opens(access.FILE, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /goods/uploads/<number>: what a table holds and what is wrong with it; file all, or the good rows."""
    found, refusal = _upload(request, number), None
    if request.method == "POST":
        try:
            only_good = request.POST.get("which") == "good"
            case = goods.file_upload(actor_of(request), number, only_good=only_good, at=at_of(request))
            return redirect("case", number=case.id)
        except (RefusedError, casework.MoveRefused) as refused:
            refusal = refused.text
    bad = len({line for line, *_ in found.problems})
    context = {
        "upload": found,
        "good": len(found.items),
        "bad": bad,
        "refusal": refusal,
        "problems": [
            (line, goods.GOODS_FIELDS.get(key), value, Text(zh, en))
            for line, key, value, zh, en in found.problems[:_SHOWN_PROBLEMS]
        ],
        "more": max(0, len(found.problems) - _SHOWN_PROBLEMS),
    }
    return render(request, "registry/upload.html", context, status=422 if refusal else 200)


@opens(access.FILE, anywhere=True)
@require_GET
def report(request: HttpRequest, number: int) -> HttpResponse:
    """GET /goods/uploads/<number>/report.csv: everything that is wrong with a table, a line each."""
    found = _upload(request, number)
    problems = [Problem(key, Text(zh, en), line) for line, key, _, zh, en in found.problems]
    values = {(line or 0, key): value for line, key, value, _, _ in found.problems}
    content = goods.report_csv(problems, values, get_language() or "zh-hans")
    return _csv(content, f"report-{number}.csv")


@opens(access.FILE, anywhere=True)
@require_GET
def template(request: HttpRequest) -> HttpResponse:
    """GET /goods/template.csv: an empty table with its heading."""
    language = get_language() or "zh-hans"
    heading = ",".join(words.in_language(language) for words in goods.GOODS_FIELDS.values())
    return _csv(f"\ufeff{heading}\r\n", "goods.csv")


def _csv(content: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


@opens(access.GOODS, anywhere=True)
@require_GET
def filed_goods(request: HttpRequest, number: int) -> HttpResponse:
    """GET /goods/filings/<case>: all goods of a filing, beside what is on file under their numbers now."""
    filing = models.GoodsFiling.objects.filter(case_id=number).first()
    if filing is None:
        raise Http404
    if not access.GOODS.allows(actor_of(request), filing.enterprise_code):
        hide(request, access.GOODS, filing.enterprise_code, f"goods-filing/{number}")
    require(request, access.GOODS, filing.enterprise_code, subject=f"goods-filing/{number}")
    after = asked_number(request, "after") or 0
    found = goods.of_filing(number, after=after, limit=PAGE_LINES + 1)
    page = reverse("registry-goods-filing", args=[number])
    more = f"{page}?after={found[PAGE_LINES - 1][0].id}" if len(found) > PAGE_LINES else ""
    context = {"case_number": number, "lines": found[:PAGE_LINES], "pager": Pager(page if after else "", more)}
    return render(request, "registry/goods_filing.html", {**context, "filing": filing})


# --- Permits ----------------------------------------------------------------------------------------------------------


@opens(access.PERMITS, anywhere=True)
@require_GET
def permit_list(request: HttpRequest) -> HttpResponse:
    """GET /permits: all of them, those near expiry, used up or expired; an organisation sees its own."""
    officer = access.PERMITS.allows(actor_of(request))
    code = asked_code(request) if officer else one_of_mine(request, access.PERMITS)
    if not officer and not code:
        return choose(request, access.PERMITS, "registry-permits")
    require(request, access.PERMITS, code, subject=f"permits/{code}")
    chosen, before = asked(request, "list", permits.LISTS), asked_number(request, "before")
    day = china_day(at_of(request))
    page = permits.permits(day=day, chosen=chosen, holder=code, before=before, limit=PAGE_LINES)
    context = {
        "lines": [(line, permits.KINDS[line.kind], _unit(line)) for line in page.lines],
        "day": day,
        "chips": tuple(
            Chip(words, address("registry-permits", list=key, organisation=code), key == chosen)
            for key, words in permits.LISTS.items()
        ),
        "may_enter": may(request, access.PERMIT),
        "tabs": tabs(request, "registry-permits", code),
        "pager": Pager(
            address("registry-permits", list=chosen, organisation=code) if before else "",
            address("registry-permits", list=chosen, before=page.older, organisation=code) if page.older else "",
        ),
    }
    return render(request, "registry/permits.html", context)


def _unit(permit: permits.Permit) -> Text:
    return codes("units").get(permit.unit, Text(permit.unit, permit.unit))


def _quantity_e5(given: str) -> int:
    """A quantity in 0.00001 from what was typed; 0 for what is no quantity."""
    plain = given.replace(",", "").strip()
    return e5(plain) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,5})?", plain) else 0


_NO_DAY = Text("日期应写成2026-11-23的样子。", "Write the day like 2026-11-23.")


def _date(given: str) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


@opens(access.PERMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_permit(request: HttpRequest) -> HttpResponse:
    """GET, POST /permits/new: enter a permit."""
    form = PermitForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        given = form.answers()
        valid_from, valid_to = _date(given.get("valid_from", "")), _date(given.get("valid_to", ""))
        undated = [
            Problem(key, _NO_DAY) for key, day in (("valid_from", valid_from), ("valid_to", valid_to)) if day is None
        ]
        new = permits.NewPermit(
            number=given.get("number", ""),
            kind=given.get("kind", ""),
            holder_code=given.get("holder_code", ""),
            goods=given.get("goods", ""),
            hs_prefixes=[part for part in re.split(r"[\s,，;；]+", given.get("hs_prefixes", "")) if part],
            quantity_e5=_quantity_e5(given.get("quantity", "")),
            unit=given.get("unit", ""),
            valid_from=valid_from or china_day(at_of(request)),
            valid_to=valid_to or date.max,
        )
        try:
            if undated:
                raise RefusedError([*permits.problems(new), *undated])
            entered = permits.enter_permit(actor_of(request), new, at=at_of(request))
            return redirect("registry-permit", number=entered.id)
        except RefusedError as refused:
            form.tell(refused.problems)
    return render(request, "registry/permit_new.html", {"form": form}, status=422 if form.errors else 200)


@opens(access.PERMITS, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def one_permit(request: HttpRequest, number: int) -> HttpResponse:
    """GET, POST /permits/<id>: what is left of a permit, and its uses; an officer enters one."""
    found = permits.numbered(number)
    if found is None:
        raise Http404
    if not access.PERMITS.allows(actor_of(request), found.holder_code):
        hide(request, access.PERMITS, found.holder_code, f"permit/{number}")
    require(request, access.PERMITS, found.holder_code, subject=f"permit/{number}")
    form = UseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        actor, given = require(request, access.USE, subject=f"permit/{number}"), form.answers()
        quantity_e5 = _quantity_e5(given.get("quantity", ""))
        try:
            permits.use(found.number, quantity_e5, given.get("reference", ""), by=actor.name, at=at_of(request))
            return redirect("registry-permit", number=number)
        except RefusedError as refused:
            form.tell(refused.problems)
        except permits.NotEnoughError as refused:
            form.tell([Problem("quantity", refused.text)])
    unit = _unit(found)
    shown = [text_of(value, unit) for value in (found.used_e5, 0, found.free_e5)]
    context = {
        "permit": found,
        "kind": permits.KINDS[found.kind],
        "unit": unit,
        "balance": Balance(Text("许可数量", "Quantity of the permit"), found.used_e5, 0, found.free_e5, *shown),
        "uses": permits.uses(found.id),
        "expired": china_day(at_of(request)) > found.valid_to,
        "form": form,
        "may_use": may(request, access.USE),
    }
    return render(request, "registry/permit.html", context, status=422 if form.errors else 200)


def text_of(value_e5: int, unit: Text) -> str:
    """A quantity with its unit, in the reader's language."""
    return quantity(value_e5, unit, get_language() or "zh-hans")


# --- Credit classes ---------------------------------------------------------------------------------------------------


@opens(access.CLASSES)
@require_GET
def class_list(request: HttpRequest) -> HttpResponse:
    """GET /classes: credit classes as they were given, newest first; of one enterprise where it is named."""
    code, before = asked_code(request), asked_number(request, "before")
    page = classes.classes(code, before=before, limit=PAGE_LINES)
    context = {
        "lines": [(line, declared().schemes.get(line.scheme)) for line in page.lines],
        "code": code,
        "tabs": tabs(request, "registry-classes"),
        "pager": Pager(
            address("registry-classes", organisation=code) if before else "",
            address("registry-classes", before=page.older, organisation=code) if page.older else "",
        ),
    }
    return render(request, "registry/classes.html", context)


@opens(access.CLASS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_class(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /register/<code>/class: give an enterprise a class from a day on."""
    now, day = queries.current(code), china_day(at_of(request))
    if now is None:
        raise Http404
    schemes = [scheme for scheme in declared().schemes.values() if scheme.in_force(day)]
    form = ClassForm(schemes, request.POST if request.method == "POST" else None, {"since": str(day)})
    if request.method == "POST":
        given = form.answers()
        scheme, _, name = given.get("name", "").partition("/")
        since = _date(given.get("since", ""))
        try:
            if since is None:
                raise RefusedError([Problem("since", _NO_DAY)])
            classes.set_class(
                actor_of(request),
                code,
                scheme,
                name,
                since=since,
                reason=given.get("reason", ""),
                rule=given.get("rule", ""),
                at=at_of(request),
            )
            return redirect(address("registry-classes", organisation=code))
        except RefusedError as refused:
            form.tell(refused.problems)
    context = {"code": code, "now": now, "form": form, "held": classes.class_on(code, day)}
    return render(request, "registry/class_new.html", context, status=422 if form.errors else 200)


urlpatterns: list[Any] = [
    path("goods", goods_list, name="registry-goods"),
    path("goods/new", item, name="registry-item"),
    path("goods/template.csv", template, name="registry-goods-template"),
    path("goods/uploads/<int:number>", upload, name="registry-upload"),
    path("goods/uploads/<int:number>/report.csv", report, name="registry-report"),
    path("goods/filings/<int:number>", filed_goods, name="registry-goods-filing"),
    path("permits", permit_list, name="registry-permits"),
    path("permits/new", new_permit, name="registry-permit-new"),
    path("permits/<int:number>", one_permit, name="registry-permit"),
    path("classes", class_list, name="registry-classes"),
    path("register/<slug:code>/class", new_class, name="registry-class"),
]
