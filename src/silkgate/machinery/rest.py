"""Machine books over HTTP: declared with their bill of materials; spare parts announced, judged, cancelled; search."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router, Status

from silkgate.identity.api import Action, actor_of, opens, record, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.machinery import access, actions, models, queries, rules
from silkgate.machinery import restshapes as shapes
from silkgate.machinery.restshapes import (
    BillOut,
    MachineBookIn,
    MachineBookOut,
    MachineComponentOut,
    MachineHitOut,
    MachinePartOut,
    SpareShipmentIn,
    SpareShipmentLine,
    SpareShipmentOut,
    refusals,
)
from silkgate.machinery.sheets import Row
from silkgate.registry.api import MAX_ROWS, MAX_SHEET_BYTES, Problem, SheetError
from silkgate.tariff.api import codes, law_of
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, cut, page
from silkgate.ui.problems import Fault, ProblemError

router = Router(tags=["machinery"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"text/csv": "bill.csv", XLSX: "bill.xlsx", "application/xml": "bill.xml"}
"""Media types of bills of materials, with a name of their file."""

Number = Annotated[int, Path(ge=1, lt=1 << 63)]
Organisation = Annotated[
    str,
    Query(
        max_length=40,
        description="出口企业代码；省去为全部可见的。Code of the exporter; else all that one may see.",
    ),
]
State = Annotated[
    Literal["", "free", "refused", "cancelled"],
    Query(description="免税、不予免税、已取消。Without tax, refused, cancelled; else all."),
]
Typed = Annotated[
    str,
    Query(
        min_length=1,
        max_length=60,
        description="合同、整机、零件号或序列号的开头。How a contract, machine, part or serial number begins.",
    ),
]


# --- Books ------------------------------------------------------------------------------------------------------------


@router.get("/machinery/books", response=Page[MachineBookOut], summary="机械账册 / Machine books, newest first")
@opens(access.SEE, anywhere=True)
def list_books(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """经办人不填单位为全部。Officers see all where no organisation is given."""
    code = _exporter(request, organisation)
    found, last = cut(queries.books(code, before=begin(request, cursor), limit=limit + 1), limit, lambda row: row.pk)
    return page(request, [shapes.book(row) for row in found], last)


@router.post("/machinery/books", response={201: MachineBookOut}, summary="建立机械账册 / Open a machine book")
@opens(access.DECLARE, anywhere=True)
def open_book(request: HttpRequest, wanted: MachineBookIn) -> Any:
    """一份合同一个账册；随后导入零配件清单并申报。One for each contract; its bill of materials follows."""
    actor, at = require(request, access.DECLARE, wanted.organisation, subject="machine-books"), at_of(request)
    answers = {name: str(value) for name, value in wanted.dict().items()} | {"serial_nos": " ".join(wanted.serial_nos)}
    with refusals(lambda problem: answers.get(problem.field, "")):
        day = china_day(at)
        made = rules.machine(answers, day, law_of(day), codes("countries"))
        row = actions.open_book(actor, wanted.organisation, made, at=at)
    return Status(201, shapes.book(row))


@router.get("/machinery/books/{number}", response=MachineBookOut, summary="一个机械账册 / One machine book")
@opens(access.SEE, anywhere=True)
def one_book(request: HttpRequest, number: Number) -> Any:
    """合同、整机和保修期。Contract, machines, warranty."""
    return shapes.book(_book(request, access.SEE, number))


@router.put(
    "/machinery/books/{number}/parts",
    response=BillOut,
    summary="导入零配件清单 / Import the bill of materials",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"CSV、XLSX（第一行为列名）或UBL 2.1 Catalogue，至多{MAX_ROWS:,}行。"
            "CSV or XLSX whose first line names the columns, or a UBL 2.1 Catalogue.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                XLSX: {"schema": {"type": "string", "format": "binary"}},
                "application/xml": {"schema": {"type": "string"}},
            },
        }
    },
)
@opens(access.DECLARE, anywhere=True)
def import_bill(request: HttpRequest, number: Number) -> Any:
    """逐行核对；有一行有误即全部不收，errors逐行列明。All rows or none: errors name each row, up to 200."""
    _book(request, access.DECLARE, number)
    name = FORMATS.get((request.content_type or "").lower())
    if name is None:
        raise ProblemError("request.media_type", headers={"Accept": ", ".join(FORMATS)})
    if len(request.body) > MAX_SHEET_BYTES:
        raise ProblemError("request.too_large")
    try:
        with refusals():
            judged = actions.import_bill(actor_of(request), number, name, request.body, at=at_of(request))
    except SheetError as refused:
        raise ProblemError("request.invalid", refused.text, errors=[Fault("#", "", refused.text)]) from refused
    if judged.bill is None:
        count = len(judged.problems)
        told = Text(f"有{count}处错误，没有收下。", f"Nothing was taken; mistakes: {count}.")
        raise ProblemError("request.invalid", told, errors=shapes.row_faults(judged.problems))
    return {"book": number, "rows": judged.rows, "parts": len(judged.bill.parts)}


@router.get("/machinery/books/{number}/parts", response=Page[MachinePartOut], summary="账册的零件 / Parts of a book")
@opens(access.SEE, anywhere=True)
def list_parts(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """上级在前；附装机总数和余量。Parents first, with what is built in and what is left."""
    row = _book(request, access.SEE, number)
    after = begin(request, cursor) or 0
    found, last = cut(queries.parts_page(row, after=after, limit=limit + 1), limit, lambda part: part.pk)
    return page(request, shapes.parts(row, found), last)


@router.get(
    "/machinery/books/{number}/components",
    response=Page[MachineComponentOut],
    summary="零配件清单 / Rows of the bill of materials",
)
@opens(access.SEE, anywhere=True)
def list_components(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """按导入的先后。In the order in which they were imported."""
    row = _book(request, access.SEE, number)
    after = begin(request, cursor) or 0
    found, last = cut(queries.components(row, after=after, limit=limit + 1), limit, lambda one: one.pk)
    return page(request, [shapes.component(one) for one in found], last)


@router.post("/machinery/books/{number}/declare", response=MachineBookOut, summary="申报账册 / Declare a book")
@opens(access.DECLARE, anywhere=True)
def declare_book(request: HttpRequest, number: Number) -> Any:
    """申报后零配件清单不再改动。From now on its bill of materials stays as it is."""
    row = _book(request, access.DECLARE, number)
    with refusals():
        actions.declare_book(actor_of(request), number, at=at_of(request))
    row.refresh_from_db()
    return shapes.book(row)


def _exporter(request: HttpRequest, named: str) -> str:
    """The exporter whose list is asked for; empty: of all, for officers alone. Raises Denied for another's."""
    actor = actor_of(request)
    own = access.SEE.where(actor)
    if not named and not access.OVERSEE.allows(actor):
        if len(own) != 1:
            needed = Text("您所在的企业之一", "one of your enterprises")
            raise ProblemError("request.invalid", errors=[Fault("#/organisation", "", needed, "query")])
        named = own[0]
    require(request, access.SEE, named, subject=f"machinery/{named}")
    return named


def _hidden(request: HttpRequest, what: Action, code: str, subject: str) -> ProblemError:
    """What is another's is answered like what is not there; that it was asked for is kept."""
    record(request, what, code, subject=subject, allowed=False)
    return ProblemError("request.not_found")


def _book(request: HttpRequest, what: Action, number: int) -> models.Book:
    row = models.Book.objects.filter(id=number).first()
    if row is None:
        raise ProblemError("request.not_found")
    if not what.allows(actor_of(request), row.enterprise_code):
        raise _hidden(request, what, row.enterprise_code, f"machine-book/{number}")
    return row


# --- Shipments --------------------------------------------------------------------------------------------------------


@router.get(
    "/machinery/shipments",
    response=Page[SpareShipmentLine],
    summary="零配件出运 / Shipments of spare parts, newest first",
)
@opens(access.SEE, anywhere=True)
def list_shipments(
    request: HttpRequest,
    organisation: Organisation = "",
    state: State = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """经办人不填单位为全部。Officers see all where no organisation is given."""
    code = _exporter(request, organisation)
    rows = queries.shipments(code, state=state, before=begin(request, cursor), limit=limit + 1)
    found, last = cut(rows, limit, lambda row: row.pk)
    return page(request, [shapes.shipment_line(row) for row in found], last)


@router.post(
    "/machinery/shipments",
    response={201: SpareShipmentOut},
    summary="申报零配件出运 / Announce a shipment of spare parts",
)
@opens(access.DECLARE, anywhere=True)
def announce(request: HttpRequest, wanted: SpareShipmentIn) -> Any:
    """整份免税，或逐项说明为何不能；同一编号同一内容得到同一答复。All of it leaves without tax, or it says why not."""
    actor, at = require(request, access.DECLARE, wanted.organisation, subject="spare-shipments"), at_of(request)
    rows = [Row(place, line.dict()) for place, line in enumerate(wanted.lines, 1)]
    answers = {name: getattr(wanted, name) for name in ("number", "contract_no", "day")}

    def found(problem: Problem) -> str:
        given = answers if problem.line is None else rows[problem.line - 1].values
        return str(given.get(problem.field, ""))

    with refusals(found):
        row = actions.announce(actor, wanted.organisation, rules.shipment(answers, rows), at=at)
    return Status(201, shapes.shipment(row))


@router.get("/machinery/shipments/{number}", response=SpareShipmentOut, summary="一份零配件出运 / One shipment")
@opens(access.SEE, anywhere=True)
def one_shipment(request: HttpRequest, number: Number) -> Any:
    """决定、规则和每一项。What was decided, by which rule, line by line."""
    return shapes.shipment(_shipment(request, access.SEE, number))


@router.post("/machinery/shipments/{number}/cancel", response=SpareShipmentOut, summary="取消出运 / Cancel a shipment")
@opens(access.DECLARE, anywhere=True)
def cancel_shipment(request: HttpRequest, number: Number) -> Any:
    """出运日之前；数量退回账册。Before it leaves; what it took goes back to the book."""
    _shipment(request, access.DECLARE, number)
    with refusals():
        row = actions.cancel(actor_of(request), number, at=at_of(request))
    return shapes.shipment(row)


def _shipment(request: HttpRequest, what: Action, number: int) -> models.Shipment:
    row = models.Shipment.objects.filter(id=number).first()
    if row is None:
        raise ProblemError("request.not_found")
    if not what.allows(actor_of(request), row.enterprise_code):
        raise _hidden(request, what, row.enterprise_code, f"spare-shipment/{number}")
    return row


# --- Search -----------------------------------------------------------------------------------------------------------


@router.get(
    "/machinery/search", response=list[MachineHitOut], summary="查找 / Search by contract, part or serial number"
)
@opens(access.SEE, anywhere=True)
def search(request: HttpRequest, q: Typed) -> Any:
    """在可见的账册中查找，至多50项。In the books that one may see; at most 50 are found."""
    actor = actor_of(request)
    codes_seen = None if access.OVERSEE.allows(actor) else access.SEE.where(actor)
    return [shapes.hit(found) for found in queries.search(q.strip(), codes_seen)]
