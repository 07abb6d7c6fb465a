"""The bench over HTTP: the same door form as in service, but for a bench of one's own; and what came of it at once."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Status

from silkgate import __version__
from silkgate.exchange import api as exchange
from silkgate.identity.api import PUBLIC, actor_of, opens
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.testbench import actions, models, queries
from silkgate.testbench.access import PLAY, SEE
from silkgate.testbench.domain import YOU, Refused, Scenario
from silkgate.testbench.playing import Firm, data_for
from silkgate.testbench.rest_shapes import (
    BenchCertificateIn,
    BenchCertificateOut,
    BenchStatementIn,
    BenchStatementOut,
    CoverageOut,
    Role,
    RunFull,
    RunLine,
    ScenarioFull,
    ScenarioLine,
)
from silkgate.testbench.scenarios import document_of, order_no, published
from silkgate.testbench.statements import state
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, cut, page
from silkgate.ui.problems import Fault, Kind, ProblemError, enter

router = Router(tags=["testbench"])
enter(
    {
        "testbench.refused": Kind(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            Text("测试台不受理", "The bench does not take it"),
            Text(
                "按detail说明处理后重试。上限见docs/interfaces.md。",
                "Do what detail says; docs/interfaces.md has the bounds.",
            ),
        )
    }
)

Organisation = Annotated[str, Path(max_length=40, description="单位代码。Code of the organisation.")]
ScenarioId = Annotated[str, Path(pattern=r"^[a-z_]+\.[a-z_]+$", description="情景编号。Id of the scenario.")]
RunNumber = Annotated[int, Path(ge=1, lt=1 << 63)]
RoleAsked = Annotated[Role, Query(description="角色。The role.")]
Day = Annotated[date | None, Query(description="按哪一天的法规，默认今天。By the law of this day; by default today’s.")]
ScenarioAsked = Annotated[
    str,
    Query(
        pattern=r"^([a-z_]+\.[a-z_]+)?$",
        description="情景；省去则按原样处理。The scenario; without it the messages are played as they are.",
    ),
]


# --- What is published ------------------------------------------------------------------------------------------------


@router.get("/testbench/scenarios", response=list[ScenarioLine], summary="公布的情景 / Published scenarios")
@opens(PUBLIC)
def list_scenarios(request: HttpRequest, role: Annotated[Role | None, Query(description="角色。Role.")] = None) -> Any:
    """各角色的情景。The scenarios of a role, or of all."""
    return [_scenario(one) for one in published().scenarios.values() if role in (None, one.role)]


@router.get(
    "/testbench/{organisation}/scenarios/{scenario}",
    response=ScenarioFull,
    summary="情景的数据 / A scenario with its data",
)
@opens(SEE, of="organisation")
def one_scenario(request: HttpRequest, organisation: Organisation, scenario: ScenarioId, law_day: Day = None) -> Any:
    """贵单位在情景中报送什么、应得到什么。What your organisation sends in it, and what has to come back."""
    found = _known(scenario)
    day = _day(request, law_day)
    words, _ = data_for(_firm(organisation), day, found.role)
    steps = []
    for place, step in enumerate(found.steps):
        document = document_of(step, words, place)
        steps.append(
            {
                "number": place + 1,
                "who": step.who,
                "kind": step.kind,
                "head": dict(document.head),
                "lines": [dict(line) for line in document.lines],
                "signed": step.signed,
                "outcome": step.outcome,
                "reasons": list(step.reasons),
                "receipts": list(step.receipts),
            }
        )
    ends = [{"order_no": order_no(end, words), "state": end.state, "reasons": list(end.reasons)} for end in found.ends]
    return {**_scenario(found), "law_day": day, "steps": steps, "ends": ends}


def _scenario(one: Scenario) -> dict[str, Any]:
    return {
        "id": one.id,
        "role": one.role,
        "direction": one.direction,
        "required": one.required,
        "zh": one.title.zh,
        "en": one.title.en,
        "about_zh": one.about.zh,
        "about_en": one.about.en,
        "sends": [step.kind for step in one.steps if step.who == YOU],
    }


# --- Runs -------------------------------------------------------------------------------------------------------------


@router.post(
    "/testbench/{organisation}/runs",
    response={201: RunFull},
    summary="在测试台上报送 / Send to the bench",
    openapi_extra=exchange.messages_described(),
)
@opens(PLAY, of="organisation")
def send(request: HttpRequest, organisation: Organisation, scenario: ScenarioAsked = "", law_day: Day = None) -> Any:
    """报文的形式与POST /messages相同；马上得到回执、理由和最近的改法，生产数据不受影响。

    The body is that of POST /messages. Receipts, reasons and nearest fixes come at once; nothing of production changes.
    """
    raws = exchange.messages_in(request)
    if isinstance(raws, HttpResponse):
        return raws
    try:
        made = actions.run(
            _firm(organisation)[:2],
            raws,
            day=_day(request, law_day),
            scenario=_known(scenario) if scenario else None,
            by=actor_of(request).name,
            at=at_of(request),
        )
    except Refused as refused:
        raise ProblemError("testbench.refused", refused.text) from refused
    return Status(201, _full(made))


@router.get("/testbench/{organisation}/runs", response=Page[RunLine], summary="测试记录 / Runs, newest first")
@opens(SEE, of="organisation")
def list_runs(
    request: HttpRequest, organisation: Organisation, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """每个单位保存最近100次。The newest 100 of an organisation are kept."""
    found = queries.runs(organisation, before=begin(request, cursor), limit=limit + 1)
    lines, last = cut(found, limit, lambda run: run.id)
    return page(request, [_line(one) for one in lines], last)


@router.get("/testbench/{organisation}/runs/{number}", response=RunFull, summary="一次测试 / One run")
@opens(SEE, of="organisation")
def one_run(request: HttpRequest, organisation: Organisation, number: RunNumber) -> Any:
    """报文、清单、核对和文件。Messages, declarations, checks and files."""
    return _full(_run(organisation, number))


@router.get(
    "/testbench/{organisation}/runs/{number}/files/{place}",
    summary="测试的报文或回执原文 / A message or receipt of a run",
    openapi_extra={
        "responses": {
            200: {
                "description": "OK",
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
@opens(SEE, of="organisation")
def one_file(
    request: HttpRequest,
    organisation: Organisation,
    number: RunNumber,
    place: Annotated[int, Path(ge=1, lt=1 << 31)],
) -> HttpResponse:
    """逐字节原样。Byte for byte."""
    file = queries.file_of(_run(organisation, number), place)
    if file is None:
        raise ProblemError("request.not_found")
    return HttpResponse(bytes(file.body), content_type="application/octet-stream")


# --- Coverage, certificates, statements -------------------------------------------------------------------------------


@router.get("/testbench/{organisation}/coverage", response=CoverageOut, summary="覆盖表 / Coverage sheet")
@opens(SEE, of="organisation")
def coverage(request: HttpRequest, organisation: Organisation, role: RoleAsked) -> Any:
    """必做情景全部通过后可以签发声明。With all required scenarios passed a statement can be signed."""
    standings = queries.standings(organisation, role, __version__)
    return {
        "role": role,
        "program": __version__,
        "scenario_set": published().version,
        "complete": not queries.missing(standings),
        "scenarios": [
            {
                "scenario": one.scenario.id,
                "direction": one.scenario.direction,
                "required": one.scenario.required,
                "state": one.state,
                "kinds": list(one.scenario.kinds),
                "modes": list(one.scenario.modes),
                "run": one.result.run_number if one.result and one.run_kept else None,
            }
            for one in standings
        ],
    }


@router.post(
    "/testbench/{organisation}/certificates",
    response={201: BenchCertificateOut},
    summary="上传测试用证书 / Upload a certificate for the bench",
)
@opens(PLAY, of="organisation")
def upload_certificate(request: HttpRequest, organisation: Organisation, given: BenchCertificateIn) -> Any:
    """只在测试台上有效；至多5张，最早的先删。It counts on the bench alone; at most 5, the oldest goes."""
    try:
        kept = actions.upload_certificate(
            organisation, given.pem.encode(), by=actor_of(request).name, at=at_of(request)
        )
    except Refused as refused:
        needed = Text("PEM格式的RSA或SM2证书，不含私钥", "an RSA or SM2 certificate in PEM, without a private key")
        raise ProblemError(
            "request.invalid", refused.text, errors=[Fault("#/pem", given.pem[:30], needed)]
        ) from refused
    return Status(201, {"fingerprint_sha256": kept.fingerprint_sha256})


@router.post(
    "/testbench/{organisation}/statements",
    response={201: BenchStatementOut},
    summary="签发符合性声明 / Sign a statement of conformance",
)
@opens(PLAY, of="organisation")
def sign(request: HttpRequest, organisation: Organisation, given: BenchStatementIn) -> Any:
    """必做情景全部通过后签发；结果没有变化时返回已签发的声明。Once all required scenarios have passed."""
    try:
        made = state(_firm(organisation)[:2], given.role, by=actor_of(request).name, at=at_of(request))
    except Refused as refused:
        raise ProblemError("testbench.refused", refused.text) from refused
    address = f"/testbench/statements/{made.name}"
    return Status(201, {"name": made.name, "role": made.role, "href": address, "file": f"{address}/file"})


# --- Parts ------------------------------------------------------------------------------------------------------------


def _known(scenario: str) -> Scenario:
    found = published().scenarios.get(scenario)
    if found is None:
        raise ProblemError("request.not_found", Text(f"没有情景{scenario}。", f"There is no scenario {scenario}."))
    return found


def _firm(code: str) -> Firm:
    return Firm(code, queries.names([code])[code])


def _run(code: str, number: int) -> models.Run:
    found = queries.one_run(code, number)
    if found is None:
        raise ProblemError("request.not_found")
    return found


def _line(run: models.Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "scenario": run.scenario,
        "law_day": run.law_day,
        "program": run.program,
        "passed": run.passed,
        "at": run.played_at,
        "href": f"/api/v1/testbench/{run.organisation_code}/runs/{run.id}",
    }


def _full(run: models.Run) -> dict[str, Any]:
    line = _line(run)
    files = [
        {
            "number": file.number,
            "who": file.who,
            "kind": file.kind,
            "message": file.message,
            "href": f"{line['href']}/files/{file.number}",
        }
        for file in queries.files(run)
    ]
    return {**line, **run.report, "files": files}


def _day(request: HttpRequest, asked: date | None) -> date:
    day = asked or china_day(at_of(request))
    if not actions.EARLIEST <= day <= actions.LATEST:
        needed = Text(f"{actions.EARLIEST}至{actions.LATEST}", f"a day from {actions.EARLIEST} to {actions.LATEST}")
        raise ProblemError("request.invalid", errors=[Fault("#/law_day", day.isoformat(), needed, "query")])
    return day
