"""Permits over HTTP: what they have left, and using them up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import ConfigDict, Field

from silkgate.identity.api import actor_of, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.fixed import e5, format_e5
from silkgate.registry import access, permits
from silkgate.registry.domain import Problem
from silkgate.registry.rest_parts import Number, Organisation, hidden, one_of_mine, refusals
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import ProblemError
from silkgate.ui.schemas import In, Out

router = Router(tags=["registry"])

PermitState = Annotated[
    Literal["", "near", "used_up", "expired"],
    Query(description="临近到期、已用完、已过期。Near expiry, used up, expired; else all."),
]


class PermitOut(Out):
    """A permit with its balance. Quantities are decimals in `unit`, a customs code."""

    id: int
    number: str
    kind: str
    holder: str
    goods: str
    hs_prefixes: list[str]
    unit: str
    valid_from: date
    valid_to: date
    """Last day, included."""
    quantity: str
    used: str
    free: str
    href: str


class UseOut(Out):
    """One use of a permit."""

    quantity: str
    reference: str
    at: datetime


class PermitFull(PermitOut):
    """A permit with its latest uses, newest first."""

    uses: list[UseOut]


class UseIn(In):
    """A part of a permit to use up."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quantity": "2.5", "reference": "462120260000000001"}]})
    quantity: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,5})?$")]
    """In the permit's unit."""
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    """What it is used for, such as a declaration's number. Each counts once."""


@router.get("/permits", response=Page[PermitOut], summary="许可 / Permits, newest first")
@opens(access.PERMITS, anywhere=True)
def list_permits(
    request: HttpRequest,
    organisation: Organisation = "",
    state: PermitState = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """经办人不填单位为全部。Officers see all where no organisation is given."""
    officer = access.PERMITS.allows(actor_of(request))
    code = organisation if officer else one_of_mine(request, access.PERMITS, organisation, "permits")
    before = begin(request, cursor)
    day = china_day(at_of(request))
    found = permits.permits(day=day, chosen=state, holder=code, before=before, limit=limit)
    return page(request, [_permit(line) for line in found.lines], found.older)


@router.get("/permits/{number}", response=PermitFull, summary="一份许可 / One permit with its balance")
@opens(access.PERMITS, anywhere=True)
def one_permit(request: HttpRequest, number: Number) -> Any:
    """余量和最近的使用。What is left of it, and its latest uses."""
    found = permits.numbered(number)
    if found is None:
        raise ProblemError("request.not_found")
    if not access.PERMITS.allows(actor_of(request), found.holder_code):
        raise hidden(request, access.PERMITS, found.holder_code, f"permit/{number}")
    return _full(found)


@router.post("/permits/{number}/uses", response={201: PermitFull}, summary="登记许可使用 / Use a permit")
@opens(access.USE)
def use_permit(request: HttpRequest, number: Number, wanted: UseIn) -> Any:
    """供经办人登记；不会超过余量，同一用途只计一次。For officers; never more than is left, once for each reference."""
    found = permits.numbered(number)
    if found is None:
        raise ProblemError("request.not_found")

    def place(problem: Problem) -> tuple[str, str, str]:
        return f"#/{problem.field}", getattr(wanted, problem.field), "body"

    try:
        with refusals(place):
            by, at = actor_of(request).name, at_of(request)
            found = permits.use(found.number, e5(wanted.quantity), wanted.reference, by=by, at=at)
    except permits.NotEnoughError as refused:
        raise ProblemError("request.conflict", refused.text) from refused
    return Status(201, _full(found))


def _full(found: permits.Permit) -> dict[str, Any]:
    uses = [
        {"quantity": format_e5(use.quantity_e5), "reference": use.reference, "at": use.at}
        for use in permits.uses(found.id)
    ]
    return {**_permit(found), "uses": uses}


def _permit(found: permits.Permit) -> dict[str, Any]:
    return {
        "id": found.id,
        "number": found.number,
        "kind": found.kind,
        "holder": found.holder_code,
        "goods": found.goods,
        "hs_prefixes": found.hs_prefixes,
        "unit": found.unit,
        "valid_from": found.valid_from,
        "valid_to": found.valid_to,
        "quantity": format_e5(found.quantity_e5),
        "used": format_e5(found.used_e5),
        "free": format_e5(found.free_e5),
        "href": f"/api/v1/permits/{found.id}",
    }
