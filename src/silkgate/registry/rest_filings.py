"""Filings of enterprises over HTTP: what was filed, filing, papers, sending, answering, withdrawing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Query, Router, Status
from pydantic import ConfigDict, Field

from silkgate.casework import api as casework
from silkgate.identity.api import Action, actor_of, opens, purpose_of, require
from silkgate.kernel.text import Text
from silkgate.registry import access, actions, models, queries
from silkgate.registry.declared import asked_of, papers_of
from silkgate.registry.domain import Problem
from silkgate.registry.rest_parts import (
    AppealIn,
    Code,
    FaultOut,
    Number,
    Organisation,
    Words,
    appeal,
    hidden,
    in_members,
    one_of_mine,
    refusals,
    told,
    words,
)
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Out

router = Router(tags=["registry"])

OPEN = frozenset({"draft", "papers_asked"})
"""States in which the applicant may change what was filed."""
ENDINGS = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
"""Media types of papers, with the ending of their file's name."""

Roles = Annotated[list[Annotated[str, Field(max_length=20)]], Field(min_length=1, max_length=10)]
Values = Annotated[
    dict[Annotated[str, Field(max_length=60)], Annotated[str, Field(max_length=2_000)]], Field(max_length=100)
]
Paper = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$", description="材料 key of the paper, from `papers`")]
Name = Annotated[str, Query(max_length=150, description="文件名。Name of the file; may be left out.")]
_EXAMPLE: dict[str, Any] = {
    "roles": ["ebc"],
    "data": {
        "name_zh": "豫见优选商贸有限公司",
        "credit_code": "91410100MA00000019",
        "contact_name": "王芳",
        "contact_phone": "13800000000",
        "truth_promise": "yes",
    },
}


class AskedIn(In):
    """For which roles."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roles": ["ebc", "ebp"]}]})
    roles: Roles


class FieldAsked(Words):
    """A field that an application is asked for."""

    kind: str
    needed: bool
    role: str
    """Under which role it is shown; empty: asked of all."""
    choices: list[Words]
    help_zh: str
    help_en: str


class AskedOut(Out):
    """What an application for some roles is asked for."""

    fields: list[FieldAsked]
    papers: list[Words]


class FilingChange(In):
    """The whole record as it is to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    roles: Roles
    """As `/api/v1/filings/asked` knows them."""
    data: Values
    """Fields by key, as `/api/v1/filings/asked` lists them."""


class FilingIn(FilingChange):
    """An application: a first filing, or a change of what is on file, which holds the whole record as well."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"organisation": "91410100MA00000019", **_EXAMPLE}]})
    organisation: Code


class FilingLine(Out):
    """One application as it stands."""

    id: int
    """Number of its case, too."""
    kind: str
    """filing, or what an officer proposed: suspend, resume, cancel."""
    organisation: str
    roles: list[str]
    state: str
    base_version: int
    """Version that was on file when it was filed; 0: none."""
    filed_at: datetime
    href: str
    case_href: str


class PaperFile(Out):
    """A file that was brought."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    at: datetime


class PaperOut(Words):
    """A paper asked for, with the files brought as it, newest first: that one counts."""

    files: list[PaperFile]


class FilingFull(FilingLine):
    """An application with all that was filed."""

    data: dict[str, str]
    papers: list[PaperOut]
    missing: list[FaultOut]
    """What keeps it from being sent; empty: nothing, or it has been sent."""
    asked: str
    """What the officer asks for; empty: nothing is asked."""


@router.post("/filings/asked", response=AskedOut, summary="备案所需 / What roles are asked for")
@opens(access.FILINGS, anywhere=True)
def asked_for(request: HttpRequest, wanted: AskedIn) -> Any:
    """这些角色要填的栏目和要交的材料。Fields and papers that these roles need; nothing is kept."""
    _known_roles(wanted.roles)
    return {
        "fields": [
            {
                **words(item.field.key, item.field.words),
                "kind": item.field.kind,
                "needed": item.needed,
                "role": item.role,
                "choices": [words(key, text) for key, text in item.field.choices.items()],
                "help_zh": item.field.help.zh if item.field.help else "",
                "help_en": item.field.help.en if item.field.help else "",
            }
            for item in asked_of(wanted.roles)
        ],
        "papers": [words(paper.key, paper.words) for paper in papers_of(wanted.roles)],
    }


def _known_roles(roles: list[str]) -> None:
    faults = [
        Fault(f"#/roles/{place}", role[:60], Text("、".join(actions.ROLES), ", ".join(actions.ROLES)))
        for place, role in enumerate(roles)
        if role not in actions.ROLES
    ]
    if faults:
        raise ProblemError("request.invalid", errors=faults)


@router.get("/filings", response=Page[FilingLine], summary="本单位的备案申请 / Applications, newest first")
@opens(access.FILINGS, anywhere=True)
def list_filings(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """不填单位为全部有权的单位。Without `organisation` of all those for which one may."""
    before = begin(request, cursor)
    codes = access.FILINGS.where(actor_of(request))
    if organisation:
        codes = (one_of_mine(request, access.FILINGS, organisation, "filings"),)
    found = queries.applications(codes, before=before, limit=limit)
    cases = casework.cases([line.case_id for line in found.lines])
    lines = [_line(line, cases.get(line.case_id)) for line in found.lines]
    return page(request, lines, found.older)


@router.post("/filings", response={201: FilingFull}, summary="填报备案 / Prepare an application")
@opens(access.FILE, anywhere=True)
def make_filing(request: HttpRequest, wanted: FilingIn) -> Any:
    """先填报，再交材料，最后提交审核；变更备案也是一份完整的新申请。

    Prepare, bring the papers, send. What is on file is changed by an application that holds the whole record anew.
    """
    require(request, access.FILE, wanted.organisation, subject=f"enterprise/{wanted.organisation}")
    with refusals(in_members("#/data", wanted.data, frozenset({"roles"}))):
        case = actions.apply(actor_of(request), wanted.organisation, wanted.roles, wanted.data, at=at_of(request))
    return Status(201, _full(request, case.id))


@router.get("/filings/{number}", response=FilingFull, summary="一份备案申请 / One application")
@opens(access.FILINGS, anywhere=True)
def one_filing(request: HttpRequest, number: Number) -> Any:
    """全部内容；读取个人信息有记录。All of it; that personal data was read is recorded."""
    _mine(request, access.FILINGS, number)
    return _full(request, number)


@router.post("/filings/{number}/amend", response=FilingFull, summary="修改申请 / Change what was filed")
@opens(access.FILE, anywhere=True)
def amend_filing(request: HttpRequest, number: Number, wanted: FilingChange) -> Any:
    """填报中或待补正时可改，须给出全部内容。While it is prepared or more is asked; give the whole record."""
    _mine(request, access.FILE, number)
    with refusals(in_members("#/data", wanted.data, frozenset({"roles"}))):
        actions.amend(actor_of(request), number, wanted.roles, wanted.data, at=at_of(request))
    return _full(request, number)


@router.post(
    "/filings/{number}/papers/{paper}",
    response={201: FilingFull},
    summary="交材料 / Bring a paper",
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "文件原样。The file as it is.",
            "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in ENDINGS},
        }
    },
)
@opens(access.FILE, anywhere=True)
def bring_paper(request: HttpRequest, number: Number, paper: Paper, name: Name = "") -> Any:
    """文件按内容核对类型并查毒；同一材料以最后一份为准。Judged by its bytes and scanned; the newest counts."""
    _mine(request, access.FILE, number)
    ending = ENDINGS.get((request.content_type or "").lower())
    if ending is None:
        raise ProblemError("request.media_type", headers={"Accept": ", ".join(ENDINGS)})
    content = request.body[: settings.MAX_EVIDENCE_BYTES + 1]
    try:
        with refusals(lambda problem: ("#/paper", paper, "path")):
            actions.add_paper(actor_of(request), number, paper, name or f"{paper}.{ending}", content, at=at_of(request))
    except casework.EvidenceRefused as refused:
        raise ProblemError("request.invalid", refused.text, errors=[Fault("#", "", refused.text)]) from refused
    return Status(201, _full(request, number))


@router.post("/filings/{number}/submit", response=FilingFull, summary="提交审核 / Send it for review")
@opens(access.FILE, anywhere=True)
def submit_filing(request: HttpRequest, number: Number) -> Any:
    """首次提交，或补正后再提交。For the first time, or again after more was asked."""
    _, case = _mine(request, access.FILE, number)
    if case.state not in OPEN:
        raise ProblemError("request.conflict", _NOT_NOW)
    with refusals(lambda problem: (f"#/{problem.field}", "", "body")):
        actions.submit(actor_of(request), number, at=at_of(request))
    return _full(request, number)


@router.post("/filings/{number}/withdraw", response=FilingFull, summary="撤回申请 / Withdraw an application")
@opens(access.FILE, anywhere=True)
def withdraw_filing(request: HttpRequest, number: Number) -> Any:
    """办结前都可以。Any time before it is decided."""
    _mine(request, access.FILE, number)
    with refusals(lambda problem: ("#", "", "body")):
        casework.move(actor_of(request), number, "withdraw", at=at_of(request))
    return _full(request, number)


@router.post("/filings/{number}/appeal", response=FilingFull, summary="申诉 / Appeal against a decision")
@opens(access.FILE, anywhere=True)
def appeal_filing(request: HttpRequest, number: Number, said: AppealIn) -> Any:
    """不予备案、暂停或注销后，在规定的工作日内。

    After a refusal, a suspension or a cancellation, within the working days that the case allows.
    """
    _mine(request, access.FILE, number)
    appeal(request, number, said)
    return _full(request, number)


_NOT_NOW = Text("现在不能提交：申请已在办理或已办结。", "It cannot be sent now: it is being worked on, or decided.")


def _mine(request: HttpRequest, what: Action, number: int) -> tuple[queries.Filed, casework.Case]:
    """An application of one's own. Another's is answered like one that is not there."""
    filed, case = queries.application(number), casework.case(number)
    if filed is None or case is None:
        raise ProblemError("request.not_found")
    if not what.allows(actor_of(request), filed.code):
        raise hidden(request, what, filed.code, f"filing/{number}")
    return filed, case


def _line(filed: queries.Filed, case: casework.Case | None) -> dict[str, Any]:
    return {
        "id": filed.case_id,
        "kind": filed.kind,
        "organisation": filed.code,
        "roles": filed.roles,
        "state": case.state if case else "",
        "base_version": filed.base_number,
        "filed_at": filed.filed_at,
        "href": f"/api/v1/filings/{filed.case_id}",
        "case_href": f"/api/v1/cases/{filed.case_id}",
    }


def _full(request: HttpRequest, number: int) -> dict[str, Any]:
    """All of an application; that it was read is kept."""
    filed, case = queries.application(number), casework.case(number)
    if filed is None or case is None:
        raise ProblemError("request.not_found")
    own = purpose_of(actor_of(request))
    require(request, access.ANSWERS, filed.code, subject=f"filing/{number}", purpose=own)
    is_filing = filed.kind == "filing"
    brought = queries.papers(filed, papers_of(filed.roles)) if is_filing else []
    missing: list[Problem] = []
    if is_filing and case.state in OPEN:
        missing = actions.missing(models.Application.objects.get(case_id=number), at_of(request))
    asked = ""
    if case.state == "papers_asked":
        asked = next((step.reason for step in reversed(casework.history(number)) if step.move == "ask"), "")
    return {
        **_line(filed, case),
        "data": dict(filed.data),
        "papers": [
            {
                **words(one.paper.key, one.paper.words),
                "files": [
                    {
                        "name": file.name,
                        "media_type": file.media_type,
                        "bytes": file.size_bytes,
                        "sha256": file.sha256,
                        "at": file.at,
                    }
                    for file in one.files
                ],
            }
            for one in brought
        ],
        "missing": [told(problem) for problem in missing],
        "asked": asked,
    }
