"""Cases over HTTP: those of one's organisations, how each stands and which way it came."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router

from silkgate.casework import queries
from silkgate.casework.domain import Case
from silkgate.casework.pages import CASES, OWN, case_for
from silkgate.identity.api import actor_of, opens
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import ProblemError
from silkgate.ui.schemas import Out

router = Router(tags=["cases"])
Workflow = Annotated[str, Query(pattern=r"^[a-z_.]{0,40}$", description="只看这类事项。Of this workflow only.")]
Number = Annotated[int, Path(ge=1, lt=1 << 63)]


class CaseOut(Out):
    """A case as it stands."""

    id: int
    workflow: str
    state: str
    organisation: str
    subject: str
    title_zh: str
    title_en: str
    opened_at: datetime
    entered_at: datetime
    """When it came into its state."""
    due_on: date | None
    """Deadline of whoever it waits for."""
    closed_at: datetime | None
    href: str


class StepOut(Out):
    """One step of a case, without who took it and what they wrote."""

    number: int
    source: str
    target: str
    move: str
    agency: str
    at: datetime
    rule: str


class CaseFull(CaseOut):
    """A case with its steps, oldest first."""

    steps: list[StepOut]


def _told(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "workflow": case.workflow,
        "state": case.state,
        "organisation": case.organisation_code,
        "subject": case.subject,
        "title_zh": case.title.zh,
        "title_en": case.title.en,
        "opened_at": case.opened_at,
        "entered_at": case.entered_at,
        "due_on": case.due_on,
        "closed_at": case.closed_at,
        "href": f"/api/v1/cases/{case.id}",
    }


@router.get("/cases", response=Page[CaseOut], summary="本单位的事项 / Cases of one’s organisations, newest first")
@opens(OWN, anywhere=True)
def list_cases(request: HttpRequest, workflow: Workflow = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """备案、许可等由人办理的事项。Filings and whatever else people decide."""
    found = queries.of_applicant(actor_of(request), after=begin(request, cursor), limit=limit, workflow=workflow)
    return page(request, [_told(line.case) for line in found.lines], found.after)


@router.get("/cases/{number}", response=CaseFull, summary="一件事项 / One case")
@opens(CASES, anywhere=True)
def one_case(request: HttpRequest, number: Number) -> Any:
    """状态和经过；不是您的单位的，答复与不存在相同。How it stands; another’s is answered like one that is not there."""
    found = case_for(request, number)
    if found is None:
        raise ProblemError("request.not_found")
    return {**_told(found), "steps": queries.history(number)}
