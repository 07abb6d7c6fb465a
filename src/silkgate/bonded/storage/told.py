"""Refusals in words: findings with the sentences of their rule cards."""

from __future__ import annotations

from typing import Any

from silkgate.kernel.findings import Finding
from silkgate.tariff.api import cards
from silkgate.ui.shapes import Law, Reason

_NAMES = {
    "ems_no": "book",
    "owner_code": "organisation",
    "warehouse_code": "warehouse",
    "statutory": "statutory_quantity",
}


def in_rest(field: str) -> str:
    """A field as the REST interface calls it.

    >>> in_rest("lines/0/statutory"), in_rest("ems_no")
    ('lines/0/statutory_quantity', 'book')
    """
    return "/".join(_NAMES.get(part, part) for part in field.split("/"))


def reasons(findings: tuple[Finding, ...]) -> tuple[Reason, ...]:
    """Findings as pages show them."""
    return tuple(_reason(finding) for finding in findings)


def _reason(finding: Finding) -> Reason:
    card = cards()[finding.code]
    law = Law(card.law_text, card.in_force_from, f"/rules/{card.slug}", card.verified)
    return Reason(
        finding.code, card.tell(finding), law=law, nearest=card.advise(finding), help_href=f"/help/{finding.code}"
    )


def rules(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Findings as the REST interface answers them."""
    return [_rule(finding) for finding in findings]


def _rule(finding: Finding) -> dict[str, Any]:
    card = cards()[finding.code]
    sentence, mend = card.tell(finding), card.advise(finding)
    return {
        "code": finding.code,
        "field": in_rest(finding.field),
        "line": finding.line,
        "found": finding.found,
        "needed": finding.needed,
        "zh": sentence.zh,
        "en": sentence.en,
        "mend_zh": mend.zh,
        "mend_en": mend.en,
        "help": f"/help/{finding.code}",
    }
