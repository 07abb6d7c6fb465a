"""Decisions and tax in words, over the example cases: whoever does the sums that the page shows gets the tax."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from clearance.rig import CASES, case_folders, connector
from silkgate.clearance import dossier, models, queries
from silkgate.clearance.api import run_case
from silkgate.clearance.evidence import PERSONAL
from silkgate.clearance.explain import reason
from silkgate.kernel.text import Text
from silkgate.tariff.api import cards
from silkgate.ui.shapes import Comparison, MoneyLine, MoneyTable

CENT = Decimal("0.01")


def _numbers() -> list[int]:
    return list(models.Declaration.objects.order_by("id").values_list("id", flat=True))


def _worked_out(working: str) -> Decimal:
    """The value of a working as it stands on the page: amounts, percentages, + × ÷ and brackets."""
    plain = working.replace("≈", "").replace("¥", "").replace(",", "").replace("−", "-").replace("×", "*")
    plain = re.sub(r"([\d.]+)%", r"(Decimal('\1')/100)", plain.replace("÷", "/"))
    plain = re.sub(r"(?<![\d.'(])([\d.]+)(?![\d.']*')", r"Decimal('\1')", plain)
    assert re.fullmatch(r"[\d.'()*/+ \-Decimal]*", plain), plain
    return eval(plain, {"__builtins__": {}, "Decimal": Decimal})


def _rounds_to(line: MoneyLine) -> bool:
    return (_worked_out(line.working)).quantize(CENT, ROUND_HALF_UP) * 100 == line.amount_cents


@pytest.mark.parametrize("case", case_folders(), ids=lambda path: path.name)
def test_every_declaration_is_explained_in_full(case: Path, database: str, tmp_path: Path) -> None:
    """Workings give the amounts, sums are those on record, reasons name rule and law, differences are marked."""
    run_case(case, tmp_path, connector(database))
    for number in _numbers():
        found = dossier.gather(number, in_full=True)
        assert found is not None
        row = found.full.row
        if found.tax is not None:
            _check_tax(found.tax, row)
        assert {given.code for given in found.decision.reasons} >= set(found.full.line.reasons)
        for given in found.decision.reasons:
            assert given.law is not None
            assert given.law.href == f"/rules/{given.code}"
            assert given.nearest is not None
            for words in (*given.rule, *given.nearest):
                assert words
                assert not re.search(r"\{\w+\}", words)
        _check_comparison(found.comparison, found.full)
        assert found.history
        assert [event.when for event in found.history] == sorted(event.when for event in found.history)


def _check_tax(table: MoneyTable, row: models.Declaration) -> None:
    for group in table.groups:
        for line in group.lines:
            if line.working:
                assert _rounds_to(line), f"{line.working} is not {line.amount_cents}"
            else:
                assert line.amount_cents == 0, "only what is not levied has no working"
    totals = [total.total_cents for total in table.sums]
    taxes = [row.duty_cents, row.consumption_tax_cents, row.value_added_tax_cents]
    assert totals == [row.dutiable_cents, *taxes, sum(taxes)]


def _check_comparison(table: Comparison, full: queries.Full) -> None:
    """What clearing found between documents is marked between documents."""
    marked = {row.element for group in (*table.groups, *table.goods) for row in group.rows if row.differs}
    compared = {row.element for group in (*table.groups, *table.goods) for row in group.rows}
    spelled = {"amountPaid": "acturalPaid", "payerName": "buyerName", "payerIdNumber": "buyerIdNumber"}
    for finding in full.findings:
        field = spelled.get(finding.field, finding.field)
        if finding.code.startswith("match.") and finding.code != "match.order_sum" and field in compared:
            assert field in marked, finding


def test_strangers_see_no_personal_value(database: str, tmp_path: Path) -> None:
    run_case(CASES / "05-match-differences", tmp_path, connector(database))
    for number in _numbers():
        officer, stranger = (dossier.gather(number, in_full=in_full) for in_full in (True, False))
        assert officer is not None
        assert stranger is not None
        values = (
            "".join(str(part.text) for part in cell.parts)
            for group in officer.comparison.groups
            for row in group.rows
            if row.element in PERSONAL
            for cell in row.cells
        )
        private = {value for value in values if len(value) > 1}
        assert private
        shown = str((stranger.comparison, stranger.decision, stranger.receipts))
        assert [value for value in private if value in shown] == []
        assert stranger.balances == ()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_examples_of_all_rules_can_be_told(language: str) -> None:
    for card in cards().values():
        told = reason(card.example, in_full=True)
        for words in (told.rule, told.nearest):
            assert isinstance(words, Text)
            assert words.in_language(language)
