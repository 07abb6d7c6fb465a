"""The oracle agrees with every example case, with the worked tax examples, and its comparison can fail."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from . import tax
from .clearing import compare_case, run_case
from .output import read_outcome

CASES = Path(__file__).parents[1] / "cases" / "clearing"
ORDINARY = {"duty": "0", "vat": "0.13", "consumption": "0", "specific": "0", "threshold": "0"}


@pytest.mark.parametrize("case", sorted(path for path in CASES.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_agrees_with_the_example_case(case: Path) -> None:
    assert compare_case(case, run_case(case)) == []


def test_all_example_cases_are_there() -> None:
    assert len(list(CASES.glob("*/case.toml"))) >= 29


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("declarations", ",800,", ",500,"),
        ("declarations", "100.00", "100.01"),
        ("balances", "728.05", "728.04"),
        ("messages", "accepted", "rejected"),
    ],
)
def test_a_difference_is_found(tmp_path: Path, table: str, old: str, new: str) -> None:
    case = CASES / "01-happy-bonded-1210"
    shutil.copytree(case / "expected", tmp_path / "out")
    file = tmp_path / "out" / f"{table}.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    lines = compare_case(case, tmp_path / "out")
    assert [line.split()[:2] for line in lines] == [[f"{table}:", "missing"], [f"{table}:", "not"]]


def test_amounts_are_compared_as_numbers_and_only_the_expected_columns_count(tmp_path: Path) -> None:
    case = CASES / "01-happy-bonded-1210"
    shutil.copytree(case / "expected", tmp_path / "out")
    balances = tmp_path / "out" / "balances.csv"
    balances.write_text(balances.read_text(encoding="utf-8").replace("86.00", "86"), encoding="utf-8")
    found = read_outcome(tmp_path / "out")
    more = [{**row, "colour": "red"} for row in found.declarations]
    assert compare_case(case, found._replace(declarations=more)) == []


# --- regulation §3.2 -----------------------------------------------------------------------------------------------

WATCH = {"duty": "0.10", "consumption": "0.20", "threshold": "10000"}
WORKED = [
    # example, dutiable value, quantity in unit1, unlike ordinary goods, full rates, duty, VAT, consumption tax
    ("T1 nappies", "500", "1", {}, False, "0", "45.50", "0"),
    (
        "T2 cream below the threshold",
        "800",
        "100",
        {"consumption": "0.15", "threshold": "10"},
        False,
        "0",
        "72.80",
        "0",
    ),
    ("T3 cream", "1500", "100", {"consumption": "0.15", "threshold": "10"}, False, "0", "160.59", "185.29"),
    ("T4 wine", "900", "1", {"consumption": "0.10"}, False, "0", "91.00", "70.00"),
    ("T5 whisky", "400", "0.7", {"consumption": "0.20", "specific": "0.912"}, False, "0", "45.57", "70.56"),
    ("T6 honey", "200", "1", {"vat": "0.09"}, False, "0", "12.60", "0"),
    ("T7 beer", "30", "2", {"specific": "0.253"}, False, "0", "2.78", "0.35"),
    ("T8 first line", "315", "1", {}, False, "0", "28.67", "0"),
    ("T8 second line", "105", "1", {"vat": "0.09"}, False, "0", "6.62", "0"),
    ("T9 watch below the threshold", "6000", "1", WATCH, True, "600.00", "858.00", "0"),
    ("T10 watch", "12000", "1", WATCH, True, "1200.00", "2145.00", "3300.00"),
]


@pytest.mark.parametrize(("example", "value", "qty1", "rates", "full", "duty", "vat", "consumption"), WORKED)
def test_worked_tax_examples(
    example: str, value: str, qty1: str, rates: dict[str, str], full: bool, duty: str, vat: str, consumption: str
) -> None:
    exact = {name: Decimal(rate) for name, rate in {**ORDINARY, **rates}.items()}
    found = tax.item_taxes(Decimal(value), Decimal(qty1), exact, full_rates=full)
    assert found == (Decimal(duty), Decimal(vat), Decimal(consumption)), example


@pytest.mark.parametrize(
    ("prices", "charges", "expected"),
    [
        (["300", "100"], "20", ["15.00", "5.00"]),
        (["1", "1", "1"], "0.10", ["0.03", "0.03", "0.04"]),
        (["100", "0"], "7", ["7.00", "0.00"]),
        (["0", "100", "0"], "7", ["0.00", "7.00", "0.00"]),
        (["0", "0"], "7", ["0.00", "7.00"]),
        (["1"] * 9, "0.05", ["0.01"] * 5 + ["0.00"] * 4),
        (["1", "0", "1", "1", "1", "1"], "0.02", ["0.00", "0", "0.00", "0.00", "0.00", "0.02"]),
        (["2", "1", "1"], "0.02", ["0.01", "0.01", "0.00"]),
        (["1", "1", "1", "0"], "0.02", ["0.01", "0.01", "0.00", "0.00"]),
        (["10", "20"], "0", ["0.00", "0.00"]),
    ],
)
def test_shares_of_freight_and_insurance(prices: list[str], charges: str, expected: list[str]) -> None:
    found = tax.shares([Decimal(price) for price in prices], Decimal(charges))
    assert found == [Decimal(share) for share in expected]
    assert sum(found) == Decimal(charges)


@pytest.mark.parametrize(("amount", "cents"), [("0.005", "0.01"), ("0.00499999", "0.00"), ("28.665", "28.67")])
def test_a_half_cent_rounds_up(amount: str, cents: str) -> None:
    assert tax.to_cent(Decimal(amount)) == Decimal(cents)
