"""Goods over HTTP: what is on file, filing it by rows or by a table."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import ConfigDict, Field

from silkgate.casework import api as casework
from silkgate.identity.api import Action, actor_of, opens, require
from silkgate.registry import access, goods, models
from silkgate.registry.bulk import MAX_ROWS, MAX_SHEET_BYTES, SheetError
from silkgate.registry.domain import Problem
from silkgate.registry.rest_parts import (
    FOUND_CHARACTERS,
    AppealIn,
    Code,
    Number,
    Organisation,
    appeal,
    hidden,
    one_of_mine,
    refusals,
)
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, cut, page
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Moment, Out

router = Router(tags=["registry"])

TABLES = {"text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx"}
"""Media types of tables, with the ending of their file's name."""
MOST_ITEMS = 500
"""Of one request; more come as a table."""

Text2000 = Annotated[str, Field(max_length=2_000)]
ItemNo = Annotated[str, Query(min_length=1, max_length=60, description="商品货号。The item number.")]
On = Annotated[Moment | None, Query(description="此时在案的（RFC 3339）。On file at this time (RFC 3339); else now.")]
Name = Annotated[str, Query(max_length=150, description="文件名。Name of the file; may be left out.")]


class Item(In):
    """One item. Codes of countries and units are those of customs, or their names; every member is text."""

    item_no: Text2000
    name: Text2000
    hs_code: Text2000
    """Ten digits, in the tariff of the day."""
    composition: Text2000 = ""
    brand: Text2000
    origin: Text2000
    gtin: Text2000 = ""
    label: Text2000 = ""
    """The Chinese label as text."""
    max_quantity: Text2000 = ""
    """Limit for one purchase: a decimal with at most five places; empty: no limit."""
    unit: Text2000


class ItemOut(Out):
    """One version of an item."""

    item_no: str
    name: str
    hs_code: str
    composition: str
    brand: str
    origin: str
    gtin: str
    label: str
    max_quantity: str
    unit: str
    since: datetime | None
    """Null: asked for, not on file."""
    until: datetime | None


class ItemOn(Out):
    """An item at a time."""

    on: datetime
    item: ItemOut | None
    """Null: it was not on file then."""


class GoodsFilingIn(In):
    """Goods to file together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "items": [
                        {
                            "item_no": "A-1",
                            "name": "保湿面霜",
                            "hs_code": "3304990029",
                            "brand": "Rui",
                            "origin": "609",
                            "unit": "035",
                        }
                    ],
                }
            ]
        }
    )
    organisation: Code
    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_ITEMS)]


class GoodsFilingOut(Out):
    """A filing of goods as it stands."""

    id: int
    """Number of its case, too."""
    organisation: str
    items: int
    state: str
    filed_at: datetime
    href: str
    items_href: str


class RowProblem(Out):
    """One thing that is wrong with a table."""

    line: int | None
    """The heading being line 1; null: the whole."""
    column: str
    """Key of the column; empty: the row."""
    found: str
    zh: str
    en: str


class TableOut(Out):
    """An uploaded table as it was judged: nothing is filed yet."""

    id: int
    organisation: str
    name: str
    rows: int
    good_rows: int
    problems: int
    filing: int | None
    """The case in which it was filed; null: not yet."""
    href: str
    problems_href: str


class FileTable(In):
    """Which rows to file."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"only_good": False}]})
    only_good: bool
    """True: those without fault; false: all of them, or nothing where one has a fault."""


# --- Goods ------------------------------------------------------------------------------------------------------------


@router.get("/goods", response=Page[ItemOut], summary="备案商品 / Goods on file, by item number")
@opens(access.GOODS, anywhere=True)
def list_goods(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """一家企业现在备案的商品。What an enterprise has on file now."""
    code = one_of_mine(request, access.GOODS, organisation, "goods")
    after = begin(request, cursor)
    found = goods.goods_page(code, after=after or "", limit=limit)
    return page(request, [_item(line) for line in found.lines], found.after)


@router.get("/goods/item", response=ItemOn, summary="一项商品 / One item as it stood at a time")
@opens(access.GOODS, anywhere=True)
def one_item(request: HttpRequest, item_no: ItemNo, organisation: Organisation = "", on: On = None) -> Any:
    """该时刻在案的版本。The version that was on file at that time."""
    code = one_of_mine(request, access.GOODS, organisation, "goods")
    when = on or at_of(request)
    found = goods.goods_on(code, item_no, when)
    return {"on": when, "item": _item(found) if found else None}


def _item(filed: goods.Filed) -> dict[str, Any]:
    return {**filed.item._asdict(), "since": filed.since, "until": filed.until}


# --- Filing goods -----------------------------------------------------------------------------------------------------


@router.get("/goods/filings", response=Page[GoodsFilingOut], summary="商品备案申请 / Filings of goods, newest first")
@opens(access.GOODS, anywhere=True)
def list_goods_filings(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """一家企业的商品备案申请。Those of one enterprise."""
    code = one_of_mine(request, access.GOODS, organisation, "goods")
    before = begin(request, cursor)
    rows = models.GoodsFiling.objects.filter(enterprise_code=code, case_id__isnull=False).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found, last = cut(rows[: limit + 1], limit, lambda row: row.pk)
    cases = casework.cases([row.case_id for row in found if row.case_id])
    return page(request, [_filing(row, cases.get(row.case_id or 0)) for row in found], last)


@router.post("/goods/filings", response={201: GoodsFilingOut}, summary="备案商品 / File goods")
@opens(access.FILE, anywhere=True)
def file_goods(request: HttpRequest, wanted: GoodsFilingIn) -> Any:
    """新商品和变更一样提交；一次一件案件。New items and changes alike; one case for all of them."""
    require(request, access.FILE, wanted.organisation, subject=f"goods/{wanted.organisation}")
    items = [goods.Item(**item.dict()) for item in wanted.items]

    def place(problem: Problem) -> tuple[str, str, str]:
        row = items[problem.line - 1] if problem.line else None
        found = getattr(row, problem.field, "") if row and problem.field else ""
        rest = f"/{problem.field}" if problem.field else ""
        return f"#/items/{(problem.line or 1) - 1}{rest}", found[:FOUND_CHARACTERS], "body"

    with refusals(place):
        case = goods.file_goods(actor_of(request), wanted.organisation, items, at=at_of(request))
    return Status(201, _filing(models.GoodsFiling.objects.get(case_id=case.id)))


@router.get("/goods/filings/{number}", response=GoodsFilingOut, summary="一份商品备案申请 / One filing of goods")
@opens(access.GOODS, anywhere=True)
def one_goods_filing(request: HttpRequest, number: Number) -> Any:
    """办理状态。How it stands."""
    return _filing(_goods_filing(request, access.GOODS, number))


@router.get("/goods/filings/{number}/items", response=Page[ItemOut], summary="申请中的商品 / Goods of a filing")
@opens(access.GOODS, anywhere=True)
def list_filed_items(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """按申报的先后。In the order in which they were filed."""
    _goods_filing(request, access.GOODS, number)
    found = goods.of_filing(number, after=begin(request, cursor) or 0, limit=limit + 1)
    lines, last = cut(found, limit, lambda line: line[0].id)
    return page(request, [_item(line) for line, _ in lines], last)


@router.post("/goods/filings/{number}/withdraw", response=GoodsFilingOut, summary="撤回商品备案 / Withdraw it")
@opens(access.FILE, anywhere=True)
def withdraw_goods_filing(request: HttpRequest, number: Number) -> Any:
    """审核前可以。While nobody has decided on it."""
    row = _goods_filing(request, access.FILE, number)
    with refusals(lambda problem: ("#", "", "body")):
        casework.move(actor_of(request), number, "withdraw", at=at_of(request))
    return _filing(row)


@router.post("/goods/filings/{number}/appeal", response=GoodsFilingOut, summary="申诉 / Appeal against a refusal")
@opens(access.FILE, anywhere=True)
def appeal_goods_filing(request: HttpRequest, number: Number, said: AppealIn) -> Any:
    """不予备案后，在规定的工作日内。After it was refused, within the working days that the case allows."""
    row = _goods_filing(request, access.FILE, number)
    appeal(request, number, said)
    return _filing(row)


def _goods_filing(request: HttpRequest, what: Action, number: int) -> models.GoodsFiling:
    """A filing that the actor may see. Another's is answered like one that is not there."""
    row = models.GoodsFiling.objects.filter(case_id=number).first()
    if row is None:
        raise ProblemError("request.not_found")
    if not what.allows(actor_of(request), row.enterprise_code):
        raise hidden(request, what, row.enterprise_code, f"goods-filing/{number}")
    return row


def _filing(row: models.GoodsFiling, case: casework.Case | None = None) -> dict[str, Any]:
    case = case or casework.case(row.case_id or 0)
    return {
        "id": row.case_id,
        "organisation": row.enterprise_code,
        "items": row.rows,
        "state": case.state if case else "",
        "filed_at": row.filed_at,
        "href": f"/api/v1/goods/filings/{row.case_id}",
        "items_href": f"/api/v1/goods/filings/{row.case_id}/items",
    }


# --- Tables -----------------------------------------------------------------------------------------------------------


@router.post(
    "/goods/tables",
    response={201: TableOut},
    summary="上传商品表 / Upload a table of goods",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"第一行为列名，至多{MAX_ROWS:,}行。The first line names the columns.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
                    "schema": {"type": "string", "format": "binary"}
                },
            },
        }
    },
)
@opens(access.FILE, anywhere=True)
def upload_table(request: HttpRequest, organisation: Organisation = "", name: Name = "") -> Any:
    """逐行核对并留存结果，尚未提交。Judged row by row; the result is kept, nothing is filed yet."""
    code = one_of_mine(request, access.FILE, organisation, "goods")
    ending = TABLES.get((request.content_type or "").lower())
    if ending is None:
        raise ProblemError("request.media_type", headers={"Accept": ", ".join(TABLES)})
    if len(request.body) > MAX_SHEET_BYTES:
        raise ProblemError("request.too_large")
    # The media type says what it is; the name is told back.
    named = name if name.lower().endswith(f".{ending}") else f"{name or 'goods'}.{ending}"
    try:
        kept = goods.keep_upload(actor_of(request), code, named, request.body, at=at_of(request))
    except SheetError as refused:
        raise ProblemError("request.invalid", refused.text, errors=[Fault("#", "", refused.text)]) from refused
    return Status(201, _table(kept))


@router.get("/goods/tables/{number}", response=TableOut, summary="一份商品表 / One table of goods")
@opens(access.FILE, anywhere=True)
def one_table(request: HttpRequest, number: Number) -> Any:
    """核对结果。What came of judging it."""
    return _table(_my_table(request, number))


@router.get(
    "/goods/tables/{number}/problems", response=Page[RowProblem], summary="逐行错误 / What is wrong, row by row"
)
@opens(access.FILE, anywhere=True)
def list_problems(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """按行的先后，附怎样改正。By line, with what to do."""
    start = begin(request, cursor) or 0
    problems = _my_table(request, number).problems
    lines = [
        {"line": line, "column": key, "found": found, "zh": zh, "en": en}
        for line, key, found, zh, en in problems[start : start + limit]
    ]
    return page(request, lines, start + limit if len(problems) > start + limit else None)


@router.post("/goods/tables/{number}/file", response={201: GoodsFilingOut}, summary="提交商品表 / File a table")
@opens(access.FILE, anywhere=True)
def file_table(request: HttpRequest, number: Number, wanted: FileTable) -> Any:
    """全部提交，或只提交没有错误的行。All of it, or the rows without fault."""
    _my_table(request, number)
    with refusals(lambda problem: ("#", "", "body")):
        case = goods.file_upload(actor_of(request), number, only_good=wanted.only_good, at=at_of(request))
    return Status(201, _filing(models.GoodsFiling.objects.get(case_id=case.id)))


def _my_table(request: HttpRequest, number: int) -> models.GoodsUpload:
    row = models.GoodsUpload.objects.filter(id=number).first()
    if row is None:
        raise ProblemError("request.not_found")
    if not access.FILE.allows(actor_of(request), row.enterprise_code):
        raise hidden(request, access.FILE, row.enterprise_code, f"upload/{number}")
    return row


def _table(row: models.GoodsUpload) -> dict[str, Any]:
    return {
        "id": row.pk,
        "organisation": row.enterprise_code,
        "name": row.name,
        "rows": row.rows,
        "good_rows": len(row.items),
        "problems": len(row.problems),
        "filing": row.case_id,
        "href": f"/api/v1/goods/tables/{row.pk}",
        "problems_href": f"/api/v1/goods/tables/{row.pk}/problems",
    }
