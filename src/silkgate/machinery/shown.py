"""Machine books in words and shapes: marks of states, findings explained, money and quantities."""

from __future__ import annotations

from typing import NamedTuple

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.machinery import models, queries
from silkgate.machinery.domain import BOOK_STATES, LINE_COLUMNS, REFUSED, SHIPMENT_STATES
from silkgate.tariff.api import cards, codes
from silkgate.ui.formats import yuan
from silkgate.ui.shapes import Law, Reason

FIELDS: dict[str, Text] = {
    **LINE_COLUMNS,
    "contract_no": Text("合同号", "Contract number"),
    "day": Text("出运日期", "Day on which it leaves"),
}
"""What findings are about."""


class Mark(NamedTuple):
    """Word and shape of a state."""

    mark: str
    name: Text


def book_mark(row: models.Book) -> Mark:
    """Where a book stands."""
    return Mark(*BOOK_STATES[row.state])


def shipment_mark(row: models.Shipment) -> Mark:
    """What was decided about a shipment."""
    return Mark(*SHIPMENT_STATES[row.state])


def basis(row: models.Shipment) -> tuple[Finding, ...]:
    """What a decision rests on: what was found against it, or the rule by which it leaves without tax."""
    if row.state == REFUSED:
        return queries.findings(row)
    return (Finding("spare.free", "contract_no", row.contract_no),)


def reason(finding: Finding) -> Reason:
    """One finding as people read it."""
    card = cards()[finding.code]
    return Reason(
        code=finding.code,
        rule=card.tell(finding),
        field=FIELDS.get(finding.field),
        line=finding.line,
        found=finding.found,
        needed=finding.needed,
        law=Law(card.law_text, card.in_force_from, f"/rules/{card.slug}", card.verified),
        nearest=card.advise(finding),
        help_href=f"/help/{finding.code}",
    )


def money(cents: int, currency: str) -> str:
    """An amount as people read it.

    >>> money(123450, "CNY"), money(5, "USD")
    ('¥1,234.50', 'USD 0.05')
    """
    shown = yuan(cents)
    return shown if currency == "CNY" else f"{currency} {shown.removeprefix('¥')}"


def unit(code: str) -> Text:
    """The word for a unit."""
    return codes("units").get(code, Text(code, code))


def country(code: str) -> Text:
    """The word for a country."""
    return codes("countries").get(code, Text(code, code))
