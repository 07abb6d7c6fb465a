"""What intake finds in a message, said without any effect: the same stages and the same judges as in service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection

from silkgate.clearance.domain import Party
from silkgate.clearance.engine.take import judge_lines, judge_sender
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.kernel.findings import Finding
from silkgate.registry import api as registry


class Checked(NamedTuple):
    """What intake finds in a message. What depends on other messages (duplicates, companions) is not in it."""

    message_type: str
    guid: str
    sender: str
    documents: int
    outcome: str
    """accepted where intake would take at least one document, else rejected."""
    findings: list[Finding]


def check_message(raw: bytes) -> Checked:
    """The stages of intake, then signature and sender against what is filed in this installation."""
    with connection.cursor() as cursor:
        filed = identity.certificates(cursor)
        parties = {
            code: Party(code, enterprise.roles, enterprise.dxp_id)
            for code, enterprise in registry.enterprises(cursor).items()
        }
    found = exchange.examine(
        raw, lambda code: filed.get(code, ()), max_message_bytes=exchange.max_message_bytes()
    ).found
    return judge(found, parties)


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
        found.kind, found.guid, found.sender, found.document_count, "accepted" if taken else "rejected", findings
    )
