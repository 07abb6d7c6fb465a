"""Declarations and refusals of storage in words and shapes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from silkgate.bonded.storage.domain import IMPORT, Consolidated, DeclaredLine, Problem, RefusedError
from silkgate.bonded.storage.queries import unit_words
from silkgate.bonded.storage.told import reasons
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import e5
from silkgate.kernel.text import Text
from silkgate.tariff.api import codes
from silkgate.tariff.api import tell as sentence
from silkgate.ui.formats import percent, yuan
from silkgate.ui.shapes import MoneyGroup, MoneyLine, MoneySum, MoneyTable

_TAXES = ("duty", "consumption_tax", "value_added_tax")


def tell(refused: RefusedError) -> dict[str, Any]:
    """What a page shows of a refusal: the rules that are broken, and what is wrong as a whole."""
    return {
        "reasons": reasons(refused.findings),
        "problems": [problem.what for problem in refused.problems if not problem.field],
    }


def on_form(findings: Iterable[Finding]) -> list[Problem]:
    """Findings of an order's lines, to be shown at their rows."""
    return [
        Problem(f"lines/{finding.line - 1}/quantity", sentence(finding._replace(line=None)))
        for finding in findings
        if finding.line
    ]


def money(made: Consolidated, direction: str, day: date) -> MoneyTable | None:
    """The taxes of a declaration line by line; None where none fall due, since the goods leave the country."""
    if direction != IMPORT:
        return None
    groups = tuple(
        MoneyGroup(Text(f"第{line.gnum}项 {line.name}", f"Line {line.gnum} {line.name}"), _taxed(line), line.gcode)
        for line in made.lines
    )
    taxes = made.taxes
    return MoneyTable(
        Text(f"按{day}税则计算", f"By the tariff of {day}"),
        groups,
        (
            MoneySum(Text("完税价格合计", "Dutiable value in all"), tuple(line.value_cents for line in made.lines)),
            MoneySum(Text("应缴税款", "Tax due"), tuple(taxes), strong=True),
        ),
    )


def _taxed(line: DeclaredLine) -> tuple[MoneyLine, ...]:
    """The taxes of a line, each with what it is computed from; those that are nothing are left out."""
    value, (duty, consumption, value_added) = line.value_cents, line.taxes
    rates = [percent(rate_e6 // 10) for rate_e6 in line.rates_e6]
    before, whole = f"{yuan(value)} + {yuan(duty)}", f"{yuan(value)} + {yuan(duty)} + {yuan(consumption)}"
    found = (
        MoneyLine(Text("完税价格", "Dutiable value"), value),
        MoneyLine(Text("关税", "Duty"), duty, value, rates[0]),
        MoneyLine(Text("消费税", "Consumption tax"), consumption, None, rates[1], f"({before}) ÷ (1 − {rates[1]})"),
        MoneyLine(Text("增值税", "Value added tax"), value_added, value + duty + consumption, rates[2], whole),
    )
    return tuple(one for one in found if one.amount_cents)


def previewed_lines(made: Consolidated) -> list[dict[str, Any]]:
    """Lines of a declaration that is not made yet, for people."""
    return [
        {**line._asdict(), "unit_words": unit_words(line.unit), "origin_words": _country(line.origin)}
        for line in made.lines
    ]


def _country(code: str) -> Text:
    return codes("countries").get(code, Text(code, code))


def declared_lines(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of a data set for people."""
    return [
        {
            **line,
            "quantity_e5": e5(line["quantity"]),
            "unit_words": unit_words(line["unit"]),
            "statutory_e5": e5(line["quantity1"]),
            "unit1_words": unit_words(line["unit1"]),
            "origin_words": _country(line["origin"]),
            "value_cents": e5(line["value"]) // 1_000,
            **{f"{name}_cents": e5(line[name]) // 1_000 for name in _TAXES},
            "rates": " · ".join(percent(e5(line[f"{name}_rate"])) for name in _TAXES),
        }
        for line in data["lines"]
    ]
