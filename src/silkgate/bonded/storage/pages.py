"""Pages of storage for the firm: lots, the storage book, orders that draw, months that are declared together."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods

from silkgate.bonded.storage import access, actions, dataset, policy, queries, watchpages
from silkgate.bonded.storage.domain import DIRECTIONS, Problem, RefusedError
from silkgate.bonded.storage.forms import COLUMNS, MORE_ROWS, MOST_ROWS, DrawForm, LotForm
from silkgate.bonded.storage.pageparts import PAGE_LINES, choose, found, guarantee, one_of_mine, tabs
from silkgate.bonded.storage.shown import declared_lines, money, on_form, previewed_lines, tell
from silkgate.identity.api import actor_of, opens, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.registry.api import SheetError
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text

MOST_SHELVES = 200

# --- What there is ----------------------------------------------------------------------------------------------------


@opens(access.OWN, anywhere=True)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """GET /storage: an owner's guarantee, months to declare, and lots, newest first."""
    code = one_of_mine(request, access.OWN)
    if not code:
        return choose(request, access.OWN, "storage")
    require(request, access.OWN, code, subject=f"storage/{code}")
    before, today = asked_number(request, "before"), china_day(at_of(request))
    page = queries.lots(code, before=before, limit=PAGE_LINES)
    context = {
        "code": code,
        "tabs": tabs("storage", code),
        "guarantee": guarantee(code),
        "periods": [(one, due := policy.due_on(one.month), due < today) for one in queries.open_periods(code)],
        "lots": page.lines,
        "today": today,
        "may_keep": access.KEEP.allows(actor_of(request), code),
        "pager": Pager(
            address("storage", organisation=code) if before else "",
            address("storage", organisation=code, before=page.older) if page.older else "",
        ),
    }
    return render(request, "bonded/home.html", context)


@opens(access.SEE, anywhere=True)
@require_GET
def lot(request: HttpRequest, number: int) -> HttpResponse:
    """GET /storage/lots/<number>: a lot with what is left of each line, and what was drawn of it."""
    row = found(request, queries.lot(number), "lot")
    lines = queries.lines_of(number)
    context = {
        "lot": row,
        "lines": lines,
        "taken": queries.taken_of(number),
        "latest": queries.LATEST,
        "value_cents": sum(line.value_cents for line in lines),
        "guarantee_cents": sum(line.guarantee_cents for line in lines),
        "late": row.limit_on < china_day(at_of(request)) and any(line.left_e5 for line in lines),
        "own": access.OWN.allows(actor_of(request), row.owner_code),
    }
    return render(request, "bonded/lot.html", context)


@opens(access.SEE, anywhere=True)
@require_GET
def book(request: HttpRequest) -> HttpResponse:
    """GET /storage/book: entered = declared + drawn and not declared + stock, item by item."""
    code = one_of_mine(request, access.SEE)
    if not code:
        return choose(request, access.SEE, "storage-book")
    require(request, access.SEE, code, subject=f"storage/{code}")
    held = queries.books(code)
    chosen, after = asked(request, "book", held), _key(request.GET.get("after", ""))
    lines = queries.book(code, ems_no=chosen, after=after, limit=PAGE_LINES + 1)
    more = "/".join(lines[PAGE_LINES - 1][:3]) if len(lines) > PAGE_LINES else ""
    chips = [Chip(Text("全部账册", "All books"), address("storage-book", organisation=code), not chosen)]
    chips += [Chip(Text(one, one), address("storage-book", organisation=code, book=one), one == chosen) for one in held]
    context = {
        "code": code,
        "tabs": tabs("storage-book", code) if access.OWN.allows(actor_of(request), code) else (),
        "chips": chips if len(held) > 1 else (),
        "lines": lines[:PAGE_LINES],
        "pager": Pager(
            address("storage-book", organisation=code, book=chosen) if after else "",
            address("storage-book", organisation=code, book=chosen, after=more) if more else "",
        ),
    }
    return render(request, "bonded/book.html", context)


def _key(given: str) -> queries.Key | None:
    parts = given.replace("\0", "")[:120].split("/")
    # An item may hold a stroke itself: book and unit do not.
    return (parts[0], "/".join(parts[1:-1]), parts[-1]) if len(parts) >= 3 else None


# --- In ---------------------------------------------------------------------------------------------------------------


@opens(access.KEEP, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_lot(request: HttpRequest) -> HttpResponse:
    """GET, POST /storage/lots/new: enter a lot, line by line or with a table."""
    code = one_of_mine(request, access.KEEP)
    if not code:
        return choose(request, access.KEEP, "storage-lot-new")
    require(request, access.KEEP, code, subject=f"storage/{code}")
    given = request.POST if request.method == "POST" else request.GET
    rows = _rows(given.get("rows", ""), more="more" in given)
    context: dict[str, Any] = {"code": code, "guarantee": guarantee(code), "columns": COLUMNS.values()}
    if request.method != "POST" or "more" in request.POST:
        form = LotForm(request.POST if request.method == "POST" else None, rows=rows)
        return render(request, "bonded/lot_new.html", context | {"form": form})
    form = LotForm(request.POST, request.FILES, rows)
    try:
        made = actions.enter_lot(actor_of(request), form.new(code), at=at_of(request))
    except SheetError as refused:
        form.tell([Problem("table", refused.text)])
    except RefusedError as refused:
        form.told(refused.problems, of_table="table" in request.FILES)
        context |= tell(refused)
    else:
        messages.success(request, text(Text("已入库，担保已占用。", "It is in storage; its guarantee is bound.")))
        return redirect("storage-lot", number=made.pk)
    return render(request, "bonded/lot_new.html", context | {"form": form}, status=422)


def _rows(given: str, *, more: bool) -> int:
    held = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 1
    return max(1, min(held + (MORE_ROWS if more else 0), MOST_ROWS))


@opens(access.KEEP, anywhere=True)
@require_GET
def template(request: HttpRequest) -> HttpResponse:
    """GET /storage/lots/template.csv: an empty table of goods with its heading."""
    language = get_language() or "zh-hans"
    heading = ",".join(words.in_language(language) for words in COLUMNS.values())
    headers = {"Content-Disposition": 'attachment; filename="lot.csv"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(f"\ufeff{heading}\r\n", content_type="text/csv; charset=utf-8", headers=headers)


# --- Out --------------------------------------------------------------------------------------------------------------


@opens(access.OWN, anywhere=True)
@require_GET
def draws(request: HttpRequest) -> HttpResponse:
    """GET /storage/draws: orders that drew, newest first."""
    code = one_of_mine(request, access.OWN)
    if not code:
        return choose(request, access.OWN, "storage-draws")
    require(request, access.OWN, code, subject=f"storage/{code}")
    before = asked_number(request, "before")
    rows = queries.draws(code, before=before, limit=PAGE_LINES + 1)
    context = {
        "code": code,
        "tabs": tabs("storage-draws", code),
        "lines": [(row, DIRECTIONS[row.direction]) for row in rows[:PAGE_LINES]],
        "may_keep": access.KEEP.allows(actor_of(request), code),
        "pager": _pager("storage-draws", code, before, rows),
    }
    return render(request, "bonded/draws.html", context)


def _pager(name: str, code: str, before: int | None, rows: list[Any]) -> Pager:
    older = rows[PAGE_LINES - 1].pk if len(rows) > PAGE_LINES else None
    return Pager(
        address(name, organisation=code) if before else "",
        address(name, organisation=code, before=older) if older else "",
    )


@opens(access.KEEP, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_draw(request: HttpRequest) -> HttpResponse:
    """GET, POST /storage/draws/new: an order takes goods of one book, first in first out."""
    code = one_of_mine(request, access.KEEP)
    if not code:
        return choose(request, access.KEEP, "storage-draw-new")
    require(request, access.KEEP, code, subject=f"storage/{code}")
    held = queries.books(code)
    chosen = asked(request, "book", held) or (held[0] if held else "")
    part = request.GET.get("item", "")[:40].replace("\0", "")
    shelves = queries.shelves(code, chosen, part=part, limit=MOST_SHELVES + 1)
    form = DrawForm(shelves[:MOST_SHELVES], request.POST if request.method == "POST" else None)
    link = {"organisation": code}
    context: dict[str, Any] = {
        "code": code,
        "book": chosen,
        "form": form,
        "part": part,
        "searched": part or len(shelves) > MOST_SHELVES,
        "most": MOST_SHELVES if len(shelves) > MOST_SHELVES else None,
        "chips": [Chip(Text(one, one), address("storage-draw-new", **link, book=one), one == chosen) for one in held],
    }
    if request.method == "POST":
        try:
            made = actions.draw(actor_of(request), form.new(code, chosen), at=at_of(request))
        except RefusedError as refused:
            form.tell(form.at_rows([*refused.problems, *on_form(refused.findings)]))
            context |= tell(refused)
        else:
            messages.success(request, text(Text("已分送。", "The goods are drawn.")))
            return redirect("storage-draw", number=made.pk)
    return render(request, "bonded/draw_new.html", context, status=422 if form.errors else 200)


@opens(access.SEE, anywhere=True)
@require_GET
def draw(request: HttpRequest, number: int) -> HttpResponse:
    """GET /storage/draws/<number>: of which lots an order took what."""
    row = found(request, queries.draw(number), "draw")
    taken = queries.takings(draw_id=number)
    context = {
        "draw": row,
        "direction": DIRECTIONS[row.direction],
        "taken": taken,
        "value_cents": sum(one.value_cents for one in taken),
        "due_on": policy.due_on(row.month),
        "own": access.OWN.allows(actor_of(request), row.owner_code),
    }
    return render(request, "bonded/draw.html", context)


# --- Declaring --------------------------------------------------------------------------------------------------------


@opens(access.OWN, anywhere=True)
@require_GET
def declarations(request: HttpRequest) -> HttpResponse:
    """GET /storage/declarations: consolidated declarations, newest first."""
    code = one_of_mine(request, access.OWN)
    if not code:
        return choose(request, access.OWN, "storage-declarations")
    require(request, access.OWN, code, subject=f"storage/{code}")
    before = asked_number(request, "before")
    rows = queries.declarations(code, before=before, limit=PAGE_LINES + 1)
    context = {
        "code": code,
        "tabs": tabs("storage-declarations", code),
        "lines": [(row, dataset.number(row), DIRECTIONS[row.direction]) for row in rows[:PAGE_LINES]],
        "pager": _pager("storage-declarations", code, before, rows),
    }
    return render(request, "bonded/declarations.html", context)


@opens(access.KEEP, anywhere=True)
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """GET, POST /storage/declare: what a month's declaration would say; then it is made."""
    code = one_of_mine(request, access.KEEP)
    if not code:
        return choose(request, access.KEEP, "storage-declare")
    require(request, access.KEEP, code, subject=f"storage/{code}")
    day = china_day(at_of(request))
    ems_no, direction = asked(request, "book", queries.books(code)), asked(request, "direction", DIRECTIONS)
    month = _month(request.GET.get("month", ""))
    if not ems_no or not direction or month is None:
        messages.error(request, text(Text("请在待集中申报中选择月份。", "Choose a month that is to be declared.")))
        return redirect(address("storage", organisation=code))
    context: dict[str, Any] = {"code": code, "book": ems_no, "month": month, "direction": DIRECTIONS[direction]}
    refused_with: RefusedError | None = None
    if request.method == "POST":
        try:
            seen = request.POST.get("seen", "")[:64]
            made = actions.declare(
                actor_of(request), code, ems_no, direction, month, seen=seen or "-", at=at_of(request)
            )
        except RefusedError as refused:
            refused_with = refused
        else:
            messages.success(request, text(Text("已集中申报，担保已释放。", "Declared; its guarantee is released.")))
            return redirect("storage-declaration", number=made.pk)
    try:
        preview = actions.preview(code, ems_no, direction, month, day=day)
    except RefusedError as refused:
        refused_with = refused_with or refused
    else:
        context |= {
            "preview": preview,
            "lines": previewed_lines(preview),
            "seen": actions.digest(preview),
            "money": money(preview, direction, day),
            "due_on": policy.due_on(month),
            "late": policy.due_on(month) < day,
        }
    context |= tell(refused_with) if refused_with else {}
    return render(request, "bonded/declare.html", context, status=422 if refused_with else 200)


def _month(given: str) -> date | None:
    try:
        return date.fromisoformat(f"{given}-01")
    except ValueError:
        return None


@opens(access.SEE, anywhere=True)
@require_GET
def declaration(request: HttpRequest, number: int) -> HttpResponse:
    """GET /storage/declarations/<number>: a consolidated declaration as it was made, to be printed."""
    row = found(request, queries.declaration(number), "declaration")
    context = {
        "row": row,
        "number": dataset.number(row),
        "direction": DIRECTIONS[row.direction],
        "lines": declared_lines(row.data),
        "draws": row.data["draws"],
        "data": row.data,
        "late": row.declared_on > row.due_on,
        "own": access.OWN.allows(actor_of(request), row.owner_code),
    }
    return render(request, "bonded/declaration.html", context)


@opens(access.SEE, anywhere=True)
@require_GET
def declaration_data(request: HttpRequest, number: int) -> HttpResponse:
    """GET /storage/declarations/<number>/data.json: the data set as it was declared."""
    row = found(request, queries.declaration(number), "declaration")
    headers = {"Content-Disposition": f'attachment; filename="{dataset.number(row)}.json"'}
    return JsonResponse(row.data, headers=headers, json_dumps_params={"ensure_ascii": False, "indent": 2})


urlpatterns = [
    path("storage", home, name="storage"),
    path("storage/lots/new", new_lot, name="storage-lot-new"),
    path("storage/lots/template.csv", template, name="storage-lot-template"),
    path("storage/lots/<int:number>", lot, name="storage-lot"),
    path("storage/book", book, name="storage-book"),
    path("storage/draws", draws, name="storage-draws"),
    path("storage/draws/new", new_draw, name="storage-draw-new"),
    path("storage/draws/<int:number>", draw, name="storage-draw"),
    path("storage/declare", declare, name="storage-declare"),
    path("storage/declarations", declarations, name="storage-declarations"),
    path("storage/declarations/<int:number>", declaration, name="storage-declaration"),
    path("storage/declarations/<int:number>/data.json", declaration_data, name="storage-declaration-data"),
    *watchpages.urlpatterns,
]
