"""What intake finds in a message, said without any effect: the same stages and the same judges as in service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from silkgate.clearance.domain import AssessedLine, Party
from silkgate.clearance.engine import assess, match
from silkgate.clearance.engine.take import judge_lines, judge_sender
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.clock import china_day
from silkgate.kernel.findings import Finding
from silkgate.registry import api as registry
from silkgate.tariff import api as tariff


class Checked(NamedTuple):
    """What intake finds in a message. What depends on other messages (duplicates, companions) is not in it."""

    message_type: str
    guid: str
    sender: str
    documents: int
    outcome: str
    """accepted where intake would take at least one document, else rejected; also of a kind that is not `taken`."""
    findings: list[Finding]
    taken: bool = True
    """False: of a kind that the service does not take yet."""


def check_message(raw: bytes) -> Checked:
    """The stages of intake, then signature and sender against what is filed in this installation."""
    return judge(*_examined(raw, checking=True))


class Alone(NamedTuple):
    """What can be said of a message's documents before their companions are there."""

    findings: list[Finding]
    assessed: list[AssessedLine]
    """Value and taxes of a declaration whose goods are all in the tariff; empty otherwise."""


def check_alone(raw: bytes, at: datetime) -> Alone:
    """As `check_message`, then every group of clearing that needs one document only, by the law of `at`'s day.

    Of an order its sums; of a declaration parties, fields, goods, and the single limit as if nothing had been bought.
    """
    found, parties = _examined(raw)
    findings = judge(found, parties).findings
    assessed: list[AssessedLine] = []
    documents = found.records() if not found.refusal else []
    if found.code in ("311", "621") and documents:
        with connection.cursor() as cursor:
            zone = registry.zone(cursor)
        law = tariff.law_of(china_day(at), policy=zone.policy if zone else None)
        for document in documents:
            more, lines = _alone(found.code, document, parties, law)
            findings += [finding for finding in more if finding not in findings]
            assessed += lines
    return Alone(findings, assessed)


def _alone(
    code: str, document: Any, parties: Mapping[str, Party], law: tariff.Law
) -> tuple[list[Finding], list[AssessedLine]]:
    if code == "311":
        return match.sums(document, law.match_tolerance_e5), []
    mode = match.mode_of(document, law)
    goods, rates = match.goods(document, mode, law)
    findings = [*match.parties(document, parties), *match.fields(document, mode, law.day), *goods]
    if len(rates) < len(document.lines):
        return findings, []
    valued = assess.value(document)
    over, full = assess.limits(document, valued.total_cents, 0, law)
    return findings + over, assess.assess_lines(document, valued, rates, law, full=full)


def _examined(raw: bytes, *, checking: bool = False) -> tuple[exchange.Found, dict[str, Party]]:
    with connection.cursor() as cursor:
        filed = identity.certificates(cursor)
        parties = {
            code: Party(code, enterprise.roles, enterprise.dxp_id)
            for code, enterprise in registry.enterprises(cursor).items()
        }
    found = exchange.examine(
        raw, lambda code: filed.get(code, ()), max_message_bytes=exchange.max_message_bytes(), checking=checking
    ).found
    return found, parties


def judge(found: exchange.Found, parties: Mapping[str, Party]) -> Checked:
    """What contract §2 items 2, 4, 5 and the line numbers of item 6 say of a message."""
    findings: list[Finding] = []
    taken = 0
    if found.refusal:
        findings = [Finding(found.refusal, "", found.detail_zh, found.detail_en)]
    else:
        documents = found.records()
        refused = judge_sender(found, documents, parties)
        if refused is not None:
            findings = [refused]
        else:
            for document in documents:
                faults = judge_lines(found.code, document)
                findings.extend(faults)
                taken += not faults
    return Checked(
        found.kind,
        found.guid,
        found.sender,
        found.document_count,
        "accepted" if taken else "rejected",
        findings,
        found.kind[3:6] not in exchange.CHECKED,
    )
