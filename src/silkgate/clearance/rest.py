"""Clearance over HTTP: what became of a message and of a declaration, with the reasons in both languages."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from silkgate.exchange.api import answers_for, connect, message_number, problem
from silkgate.identity.api import action, opens
from silkgate.kernel.findings import Finding
from silkgate.tariff.api import cards

OUTCOME = action("clearance.outcome", "凭报文编号查询结果", "Ask what became of a message, by its name", anyone=True)
"""The name is a secret: half of it comes from the digest of the message, which only its sender has."""

router = Router(tags=["clearance"])


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


class DeclarationOut(Schema):
    """A declaration of the message with its last state. Money in CNY cents, absent before acceptance."""

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
            )
        )
    return out


@router.get("/messages/{name}", response=MessageOut, summary="What became of a message")
@opens(OUTCOME)
def message(request: HttpRequest, name: str) -> Any:
    """Outcome, reasons and, of a CEB621, the declarations with their last state."""
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
            " value_added_tax_cents, consumption_tax_cents from clearance_declaration"
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
            )
            for row in rows
        ],
    )
