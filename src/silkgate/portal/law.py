"""Citations of rules, services and help entries, as their pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.tariff.api import Citation


class Law(NamedTuple):
    """Where something is written: with its days, and where the text can be read."""

    name: Text
    subject: Text
    published: date | None
    since: date | None
    until: date | None
    source: str
    href: str
    verified: bool


def laws(citations: Iterable[Citation]) -> tuple[Law, ...]:
    """What is cited, in order."""
    return tuple(_law(citation) for citation in citations)


def _law(citation: Citation) -> Law:
    notice = citation.notice
    return Law(
        citation.text,
        notice.subject,
        notice.published,
        notice.in_force_from,
        notice.in_force_to,
        notice.read_in,
        notice.href,
        citation.verified and notice.verified,
    )
