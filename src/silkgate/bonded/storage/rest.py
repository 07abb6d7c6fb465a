"""Storage over HTTP: lots, draws, the storage book, consolidated declarations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Status

from silkgate.bonded.storage import access, actions, policy, queries
from silkgate.bonded.storage import restshapes as shapes
from silkgate.bonded.storage.domain import RefusedError
from silkgate.bonded.storage.restshapes import (
    BookLineOut,
    DeclareIn,
    DrawIn,
    DrawOut,
    LotIn,
    LotLineOut,
    LotOut,
    OpenOut,
    StorageDeclarationFull,
    StorageDeclarationOut,
)
from silkgate.bonded.storage.told import in_rest, rules
from silkgate.identity.api import Action, actor_of, opens, record, require
from silkgate.kernel.text import Text
from silkgate.tariff.api import tell
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, cut, page
from silkgate.ui.problems import Fault, ProblemError

router = Router(tags=["storage"])

Number = Annotated[int, Path(ge=1, lt=1 << 63)]
Organisation = Annotated[
    str,
    Query(
        max_length=40,
        pattern=r"^[0-9A-Za-z]*$",
        description="货主代码；只有一家时可省。Code of the owner; may be left out by whose only one it is.",
    ),
]
Book = Annotated[str, Query(max_length=20, pattern=r"^[0-9A-Z]*$", description="只看这本账册。Of this book only.")]


# --- Lots -------------------------------------------------------------------------------------------------------------


@router.get("/storage/lots", response=Page[LotLineOut], summary="暂存批次 / Lots in storage, newest first")
@opens(access.SEE, anywhere=True)
def list_lots(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """关员不填单位为全部。Officers see all where no organisation is given."""
    code = organisation if access.SEE.allows(actor_of(request)) else _one_of_mine(request, access.SEE, organisation)
    found = queries.lots(code, before=begin(request, cursor), limit=limit)
    return page(request, [shapes.lot_line(line) for line in found.lines], found.older)


@router.post("/storage/lots", response={201: LotOut}, summary="暂存入库 / Enter a lot")
@opens(access.KEEP, anywhere=True)
def enter_lot(request: HttpRequest, wanted: LotIn) -> Any:
    """按当日税则占用担保；重发只入库一次。It binds guarantee by the day's tariff; sent again it enters once."""
    require(request, access.KEEP, wanted.organisation)
    with refusals():
        made = actions.enter_lot(actor_of(request), wanted.value(), at=at_of(request))
    return Status(201, shapes.lot(made, queries.lines_of(made.pk), queries.taken_of(made.pk)))


@router.get("/storage/lots/{number}", response=LotOut, summary="一个批次 / One lot with what is left")
@opens(access.SEE, anywhere=True)
def one_lot(request: HttpRequest, number: Number) -> Any:
    """各项余量和最近200笔分送。What is left of each line, and the latest 200 draws."""
    found = _mine(request, queries.lot(number), "lot")
    return shapes.lot(found, queries.lines_of(number), queries.taken_of(number))


# --- Draws ------------------------------------------------------------------------------------------------------------


@router.post("/storage/draws", response={201: DrawOut}, summary="分送 / Draw on storage")
@opens(access.KEEP, anywhere=True)
def draw(request: HttpRequest, wanted: DrawIn) -> Any:
    """先进先出，全部满足或全部不提；重发只提一次。First in, first out; all or nothing; sent again it draws once."""
    require(request, access.KEEP, wanted.organisation)
    with refusals():
        made = actions.draw(actor_of(request), wanted.value(), at=at_of(request))
    return Status(201, shapes.draw(made, queries.takings(draw_id=made.pk)))


@router.get("/storage/draws/{number}", response=DrawOut, summary="一笔分送 / One draw")
@opens(access.SEE, anywhere=True)
def one_draw(request: HttpRequest, number: Number) -> Any:
    """提取了哪些批次的货物。Of which lots it took what."""
    found = _mine(request, queries.draw(number), "draw")
    return shapes.draw(found, queries.takings(draw_id=number))


# --- The storage book -------------------------------------------------------------------------------------------------


@router.get("/storage/book", response=Page[BookLineOut], summary="暂存账 / The storage book")
@opens(access.SEE, anywhere=True)
def storage_book(
    request: HttpRequest,
    organisation: Organisation = "",
    book: Book = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """入库＝已申报＋已分送未申报＋库存。Entered = declared + drawn and not declared + stock."""
    code = _one_of_mine(request, access.SEE, organisation)
    found = queries.book(code, ems_no=book, after=begin(request, cursor), limit=limit + 1)
    lines, last = cut(found, limit, lambda one: (one.ems_no, one.item_no, one.unit))
    return page(request, [shapes.book_line(line) for line in lines], last)


@router.get("/storage/undeclared", response=list[OpenOut], summary="待集中申报 / Months to declare, oldest first")
@opens(access.SEE, anywhere=True)
def list_undeclared(request: HttpRequest, organisation: Organisation = "") -> Any:
    """最早的200个，附申报期限。The 200 oldest, each with its last day."""
    code = _one_of_mine(request, access.SEE, organisation)
    return [shapes.open_period(one, policy.due_on(one.month)) for one in queries.open_periods(code)]


# --- Declarations -----------------------------------------------------------------------------------------------------


@router.get(
    "/storage/declarations",
    response=Page[StorageDeclarationOut],
    summary="集中申报 / Declarations, newest first",
)
@opens(access.SEE, anywhere=True)
def list_declarations(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """一家货主的集中申报。Those of one owner."""
    code = _one_of_mine(request, access.SEE, organisation)
    found = queries.declarations(code, before=begin(request, cursor), limit=limit + 1)
    lines, last = cut(found, limit, lambda row: row.pk)
    return page(request, [shapes.declaration(row) for row in lines], last)


@router.post("/storage/declarations", response={201: StorageDeclarationFull}, summary="集中申报 / Declare a month")
@opens(access.KEEP, anywhere=True)
def declare(request: HttpRequest, wanted: DeclareIn) -> Any:
    """合并该月尚未申报的分送，按当日税则计税并释放担保。Merges what is not declared yet, taxed by the day's tariff."""
    require(request, access.KEEP, wanted.organisation)
    month = date.fromisoformat(f"{wanted.month}-01")
    with refusals():
        made = actions.declare(
            actor_of(request), wanted.organisation, wanted.book, wanted.direction, month, at=at_of(request)
        )
    return Status(201, {**shapes.declaration(made), "data": made.data})


@router.get("/storage/declarations/{number}", response=StorageDeclarationFull, summary="一份集中申报 / One declaration")
@opens(access.SEE, anywhere=True)
def one_declaration(request: HttpRequest, number: Number) -> Any:
    """连同数据集。With its data set."""
    found = _mine(request, queries.declaration(number), "declaration")
    return {**shapes.declaration(found), "data": found.data}


# --- Whose, and refusals ----------------------------------------------------------------------------------------------


def _one_of_mine(request: HttpRequest, what: Action, named: str) -> str:
    """The owner named, or the only one there is. Raises Denied for another's; ProblemError where there is a choice."""
    own = what.where(actor_of(request))
    if not named and len(own) != 1:
        needed = Text("货主的企业代码", "the code of an owner")
        raise ProblemError("request.invalid", errors=[Fault("#/organisation", "", needed, "query")])
    code = named or own[0]
    require(request, what, code, subject=f"storage/{code}")
    return code


def _mine(request: HttpRequest, row: Any, kind: str) -> Any:
    """Another's is answered like what is not there; that it was asked for is kept."""
    if row is None:
        raise ProblemError("request.not_found")
    if not access.SEE.allows(actor_of(request), row.owner_code):
        record(request, access.SEE, row.owner_code, subject=f"storage/{kind}/{row.pk}", allowed=False)
        raise ProblemError("request.not_found")
    return row


@contextmanager
def refusals() -> Iterator[None]:
    """422 for what cannot be read, at its place; 409 for what breaks a rule, with the rules in `rules`."""
    try:
        yield
    except RefusedError as refused:
        if refused.findings:
            told = rules(refused.findings)
            raise ProblemError("request.conflict", tell(refused.findings[0]), figures={"rules": told}) from refused
        faults = [Fault(f"#/{in_rest(one.field)}", one.found, one.what) for one in refused.problems]
        raise ProblemError("request.invalid", refused.problems[0].what, errors=faults) from refused
