"""Clearance over HTTP: what became of a message and of a declaration, with the reasons in both languages."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from silkgate.clearance import queries
from silkgate.clearance.directions import direction_of
from silkgate.clearance.exportevidence import came_back
from silkgate.exchange.api import answers_for, connect, message_number, problem
from silkgate.identity.api import action, actor_of, concerned, opens, record, require
from silkgate.kernel.findings import Finding
from silkgate.tariff.api import cards
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.problems import ProblemError
from silkgate.ui.schemas import Moment, Out

OUTCOME = action("clearance.outcome", "凭报文编号查询结果", "Ask what became of a message, by its name", anyone=True)
"""The name is a secret: half of it comes from the digest of the message, which only its sender has."""

router = Router(tags=["clearance"])


Direction = Literal["import", "export"]
"""Declared by CEB621 or by CEB603."""


class FindingOut(Schema):
    """One reason: the rule, where, what was found and needed, and what to do, in both languages."""

    code: str
    field: str
    found: str
    needed: str
    line: int | None
    zh: str
    en: str
    mend_zh: str
    mend_en: str
    law: str
    help: str
    """Address of the page that explains the rule: causes, mending, an example."""


class DeclarationOut(Schema):
    """A declaration of the message with its last state. Money in CNY cents, absent before acceptance and for exports.

    `ebp_code` of an export over a foreign platform without a code is 无/ and the seller's code.
    """

    direction: Direction
    ebp_code: str
    order_no: str
    logistics_no: str
    invt_no: str | None
    state: str
    reasons: list[str]
    findings: list[FindingOut]
    dutiable_cents: int | None
    customs_tax_cents: int | None
    value_added_tax_cents: int | None
    consumption_tax_cents: int | None


class MessageOut(Schema):
    """What became of a message; `outcome` is null until the engine has decided."""

    outcome: str | None
    reasons: list[str]
    findings: list[FindingOut]
    declarations: list[DeclarationOut]


def explained(findings_json: str) -> list[FindingOut]:
    """Stored findings with the words of their rule cards."""
    out = []
    for raw in json.loads(findings_json) if findings_json else []:
        finding = Finding(*raw)
        card = cards()[finding.code]
        told, advice = card.tell(finding), card.advise(finding)
        out.append(
            FindingOut(
                code=finding.code,
                field=finding.field,
                found=finding.found,
                needed=finding.needed,
                line=finding.line,
                zh=told.zh,
                en=told.en,
                mend_zh=advice.zh,
                mend_en=advice.en,
                law=card.law_text.zh,
                help=f"/help/{finding.code}",
            )
        )
    return out


@router.get("/messages/{name}", response=MessageOut, summary="报文的结果 / What became of a message")
@opens(OUTCOME)
def message(request: HttpRequest, name: str) -> Any:
    """Outcome, reasons and, of a CEB621 or CEB603, the declarations with their last state."""
    with connect() as connection:
        number = message_number(connection, name)
        if number is None:
            return problem(
                HTTPStatus.NOT_FOUND,
                "exchange.no_message",
                "没有这份报文，或编号中的摘要不符。",
                "There is no such message, or the digest in its name is not its own.",
            )
        answer = answers_for(connection, [number]).get(number)
        rows = connection.execute(
            "select ebp_code, order_no, logistics_no, invt_no, state, reasons, findings, dutiable_cents, duty_cents,"
            " value_added_tax_cents, consumption_tax_cents, kind from clearance_declaration"
            " where message_id = %s order by id",
            (number,),
        ).fetchall()
    return MessageOut(
        outcome=answer.outcome if answer else None,
        reasons=answer.reasons.split(";") if answer and answer.reasons else [],
        findings=explained(answer.findings) if answer else [],
        declarations=[
            DeclarationOut(
                ebp_code=row[0],
                order_no=row[1],
                logistics_no=row[2],
                invt_no=row[3],
                state=row[4],
                reasons=row[5].split(";") if row[5] else [],
                findings=explained(row[6]),
                dutiable_cents=row[7],
                customs_tax_cents=row[8],
                value_added_tax_cents=row[9],
                consumption_tax_cents=row[10],
                direction=direction_of(row[11]),
            )
            for row in rows
        ],
    )


# --- Declarations of an organisation -------------------------------------------------------------------------------

LIST = action(
    "clearance.list",
    "查询本单位的申报单",
    "List an organisation’s declarations",
    duties=["declarations"],
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
)
State = Annotated[str, Query(pattern=r"^([a-z_]{1,20}|-?[0-9]{1,6})?$", description="只看此状态。Of this state only.")]
Organisation = Annotated[str, Query(max_length=64, description="只看这个单位（代码）。Of this organisation only.")]
Since = Annotated[Moment | None, Query(description="只看此后入库的。Stored at that time or later.")]
Number = Annotated[int, Path(ge=1, lt=1 << 63)]


class DeclarationLine(Out):
    """A declaration as a line of a list. Money in CNY cents, null before acceptance and for exports.

    `ebp_code` of an export over a foreign platform without a code is 无/ and the seller's code.
    """

    id: int
    direction: Direction
    ebp_code: str
    order_no: str
    logistics_no: str
    invt_no: str | None
    state: str
    reasons: list[str]
    """Slugs of rules: /rules/<slug>."""
    dutiable_cents: int | None
    tax_cents: int | None
    at: datetime
    """When it was last decided, or stored where it never was."""
    href: str


class ReturnedLine(Out):
    """A goods line of an export list of which something came back. Quantities in 0.00001 of its unit."""

    gnum: int
    qty_e5: int
    returned_e5: int
    tallied_e5: int
    """Of it counted at the return warehouse (CEB215)."""


class ExportOut(Out):
    """What an accepted export list is remembered for."""

    trade_mode: str
    statistics_flag: str
    """A declared simplified, B for summary declaration."""
    arrived: bool
    """At the supervised site (CEB507)."""
    returned: list[ReturnedLine]


class DeclarationFull(DeclarationLine):
    """A declaration with the findings behind its state. `export` is null for imports and before acceptance."""

    findings: list[FindingOut]
    export: ExportOut | None


def _line(line: queries.Line) -> dict[str, Any]:
    told = {name: value for name, value in line._asdict().items() if name in DeclarationLine.model_fields}
    return {**told, "reasons": list(line.reasons), "href": f"/api/v1/declarations/{line.id}"}


@router.get("/declarations", response=Page[DeclarationLine], summary="申报单列表 / Declarations, newest first")
@opens(LIST, anywhere=True)
def list_declarations(
    request: HttpRequest,
    organisation: Organisation = "",
    direction: Annotated[
        Literal["", "import", "export"], Query(description="只看进口或出口。Imports or exports only.")
    ] = "",
    state: State = "",
    since: Since = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """本单位作为电商平台、电商企业、申报企业或物流企业的申报单，新的在前。一页可能少于limit，next还在就请继续。

    Those that name your organisation as platform, merchant, declarant or logistics firm. A page may hold fewer than
    `limit`: go on while there is a `next`.
    """
    before = begin(request, cursor)
    codes: tuple[str, ...] | None
    if organisation:
        require(request, LIST, organisation)
        codes = (organisation,)
    else:
        actor = actor_of(request)
        codes = None if LIST.allows(actor) else LIST.where(actor)
    states = [state] if state else ()
    found = queries.of_parties(codes, states=states, direction=direction, since=since, before=before, limit=limit)
    return page(request, [_line(line) for line in found.lines], found.older)


@router.get("/declarations/{number}", response=DeclarationFull, summary="一份申报单 / One declaration")
@opens(LIST, anywhere=True)
def one_declaration(request: HttpRequest, number: Number) -> Any:
    """状态、税款和理由；不是您的单位的，答复与不存在相同。

    State, taxes and reasons. Another’s is answered like one that is not there.
    """
    parties = queries.parties(number)
    if not LIST.allows(actor_of(request)) and concerned(request, LIST, parties) is None:
        if parties:
            record(request, LIST, parties[0], subject=f"declaration/{number}", allowed=False)
        raise ProblemError("request.not_found")
    found = queries.declaration(number)
    if found is None:
        raise ProblemError("request.not_found")
    return {**_line(found.line), "findings": explained(found.row.findings), "export": _export(found)}


def _export(found: queries.Full) -> ExportOut | None:
    assessment = found.assessment
    if assessment is None or assessment.export is None:
        return None
    facts = assessment.export
    returned = [
        ReturnedLine(gnum=one.gnum, qty_e5=one.qty_e5, returned_e5=one.returned_e5, tallied_e5=one.tallied_e5)
        for one in came_back(assessment.lines, facts, None)
    ]
    return ExportOut(
        trade_mode=facts.trade_mode,
        statistics_flag=facts.statistics_flag,
        arrived=facts.arrived,
        returned=returned,
    )
