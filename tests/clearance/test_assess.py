"""Dutiable value, tax and limits (contract §§4, 5), as tables: the worked examples, half cents, thresholds, shares."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.made import cents, changed, declaration, declaration_line, e5, law, rate
from oracles import tax as oracle
from silkgate.clearance.engine.assess import apportion, assess_lines, limits, value
from silkgate.kernel.fixed import half_up
from silkgate.tariff.api import Taxes, taxes

SEVENTY = (7, 10)
CREAM = {"consumption": "0.15", "threshold": "10"}
WATCH = {"duty": "0.10", "consumption": "0.20", "threshold": "10000"}
WORKED = {
    # Regulation §3.2: dutiable value, qty1, rates, full rates; duty, consumption tax, VAT
    "T1 nappies": ("500", "1", {}, False, "0", "0", "45.50"),
    "T2 cream below the threshold": ("800", "100", CREAM, False, "0", "0", "72.80"),
    "T3 cream": ("1500", "100", CREAM, False, "0", "185.29", "160.59"),
    "T4 wine": ("900", "1", {"consumption": "0.10"}, False, "0", "70.00", "91.00"),
    "T5 whisky": ("400", "0.7", {"consumption": "0.20", "specific": "0.912"}, False, "0", "70.56", "45.57"),
    "T6 honey": ("200", "1", {"vat": "0.09"}, False, "0", "0", "12.60"),
    "T7 beer": ("30", "2", {"specific": "0.253"}, False, "0", "0.35", "2.78"),
    "T8 first line": ("315", "1", {}, False, "0", "0", "28.67"),
    "T8 second line": ("105", "1", {"vat": "0.09"}, False, "0", "0", "6.62"),
    "T9 watch below the threshold": ("6000", "1", WATCH, True, "600.00", "0", "858.00"),
    "T10 watch": ("12000", "1", WATCH, True, "1200.00", "3300.00", "2145.00"),
    # Half cents go up
    "28.665": ("315", "1", {}, False, "0", "0", "28.67"),
    "0.005 exactly": ("0.05", "1", {"duty": "0.10", "vat": "0"}, True, "0.01", "0", "0"),
    "just below 0.005": ("0.04", "1", {"duty": "0.12", "vat": "0"}, True, "0", "0", "0"),
    # Nothing is no tax
    "a gift": ("0", "1", CREAM, False, "0", "0", "0"),
    "a gift with a specific tax": ("0", "2", {"specific": "0.25"}, False, "0", "0.35", "0.05"),
    # D / q is compared exactly: at the threshold the tax applies
    "at the threshold": ("1000", "100", CREAM, False, "0", "123.53", "107.06"),
    "a cent below it": ("999.99", "100", CREAM, False, "0", "0", "91.00"),
    "below it for both kinds": ("10", "2", {**CREAM, "specific": "1"}, False, "0", "0", "0.91"),
    "a third of a unit": ("3.33", "0.33333", {**CREAM, "threshold": "9.99"}, False, "0", "0.41", "0.36"),
}


@pytest.mark.parametrize(("amount", "qty1", "rates", "full", "duty", "consumption", "vat"), WORKED.values(), ids=WORKED)
def test_tax_of_a_line(
    amount: str, qty1: str, rates: dict[str, str], full: bool, duty: str, consumption: str, vat: str
) -> None:
    found = taxes(cents(amount), e5(qty1), rate(**rates), full=full, factor=SEVENTY)
    assert found == Taxes(cents(duty), cents(consumption), cents(vat))


RATES = st.integers(0, 600).map(lambda thousandths: str(Decimal(thousandths) / 1000))


@given(
    amount=st.integers(0, 10**9),
    qty1=st.integers(1, 10**9),
    duty=RATES,
    vat=RATES,
    consumption=RATES,
    specific=RATES,
    threshold=st.integers(0, 2_000),
    full=st.booleans(),
)
def test_tax_is_the_exact_formula_rounded_once(
    amount: int, qty1: int, duty: str, vat: str, consumption: str, specific: str, threshold: int, full: bool
) -> None:
    """Against the second account, which reckons in fractions."""
    exact = {"duty": duty, "vat": vat, "consumption": consumption, "specific": specific, "threshold": str(threshold)}
    wanted = oracle.item_taxes(
        Decimal(amount) / 100,
        Decimal(qty1) / 100_000,
        {name: Decimal(number) for name, number in exact.items()},
        full_rates=full,
    )
    found = taxes(amount, qty1, rate(**exact), full=full, factor=SEVENTY)
    assert (found.duty_cents, found.value_added_tax_cents, found.consumption_tax_cents) == tuple(
        int(number * 100) for number in wanted
    )


def test_every_line_has_its_own_rates() -> None:
    lines = [declaration_line(1, "300", gcode="1"), declaration_line(2, "100", gcode="2")]
    made = declaration(lines=lines, freight_e5="20")
    rates = [rate(gcode="1"), rate(gcode="2", vat="0.09")]
    assessed = assess_lines(made, value(made), rates, law(*rates), full=False)
    assert [(line.gnum, line.dutiable_cents, line.value_added_tax_cents) for line in assessed] == [
        (1, 31_500, 2_867),
        (2, 10_500, 662),
    ]


# --- Shares of freight and insurance -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prices", "freight", "insured", "expected"),
    [
        (["300", "100"], "20", "0", ["315", "105"]),
        (["300", "100"], "15", "5", ["315", "105"]),
        (["1", "1", "1"], "0.10", "0", ["1.03", "1.03", "1.04"]),
        (["100", "0"], "7", "0", ["107", "0"]),
        (["0", "100", "0"], "7", "0", ["0", "107", "0"]),
        (["0", "0"], "7", "0", ["0", "7"]),
        (["0"], "7", "0", ["7"]),
        (["100"], "0", "0", ["100"]),
        (["10", "20"], "0", "0", ["10", "20"]),
        (["1"] * 9, "0.05", "0", ["1.01"] * 5 + ["1"] * 4),
        (["1", "0", "1", "1", "1", "1"], "0.02", "0", ["1", "0", "1", "1", "1", "1.02"]),
        (["2", "1", "1"], "0.02", "0", ["2.01", "1.01", "1"]),
        (["1", "1", "1", "0"], "0.02", "0", ["1.01", "1.01", "1", "0"]),
    ],
)
def test_value_of_each_line(prices: list[str], freight: str, insured: str, expected: list[str]) -> None:
    valued = value(declaration(prices, freight_e5=freight, insured_fee_e5=insured))
    assert valued.dutiable_cents == [cents(amount) for amount in expected]
    assert valued.total_cents == sum(valued.dutiable_cents)


def test_the_highest_number_takes_the_remainder_wherever_it_stands() -> None:
    lines = [declaration_line(3, "1"), declaration_line(1, "1"), declaration_line(2, "1")]
    assert value(declaration(lines=lines, freight_e5="0.10")).dutiable_cents == [104, 103, 103]


@given(charges=st.integers(0, 10_000), weights=st.lists(st.integers(1, 10_000), min_size=1, max_size=20))
def test_shares_add_up_none_is_negative_and_each_is_the_nearest_cent(charges: int, weights: list[int]) -> None:
    shares = apportion(charges, weights)
    assert sum(shares) == charges
    assert min(shares) >= 0
    total = sum(weights)
    nearest = [half_up(charges * weight, total) for weight in weights[:-1]]
    changed_from = next((place for place, share in enumerate(shares[:-1]) if share != nearest[place]), len(weights) - 1)
    assert all(share == 0 for share in shares[changed_from + 1 : -1])  # what was too much came off the last ones
    assert shares[-1] == max(charges - sum(nearest), 0)
    wanted = oracle.shares([Decimal(weight) for weight in weights], Decimal(charges) / 100)
    assert [Decimal(share) / 100 for share in shares] == wanted


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**9))
def test_half_up_is_decimal_half_up(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    nearest = half_up(numerator, denominator)
    assert abs(exact - nearest) <= Fraction(1, 2)
    if abs(exact - nearest) == Fraction(1, 2):
        assert abs(nearest) > abs(exact)
        assert nearest == int((Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP))


# --- Limits --------------------------------------------------------------------------------------------------------

NOW, BEFORE = date(2026, 6, 18), date(2018, 12, 31)


@pytest.mark.parametrize(
    ("day", "prices", "qty", "used", "reasons", "full"),
    [
        (NOW, ["5000"], "1", "0", [], False),
        (NOW, ["5000.01"], "1", "0", [], True),
        (NOW, ["5000.01"], "2", "0", ["limit.single"], False),
        (NOW, ["5000.01"], "1.00001", "0", ["limit.single"], False),
        (NOW, ["3000", "2500"], "1", "0", ["limit.single"], False),
        (NOW, ["5000.01", "0"], "1", "0", ["limit.single"], False),
        (NOW, ["26000"], "1", "0", [], True),
        (NOW, ["26000.01"], "1", "0", ["limit.single", "limit.annual"], False),
        (NOW, ["1000"], "1", "25000", [], False),
        (NOW, ["1000.01"], "1", "25000", ["limit.annual"], False),
        (NOW, ["6000"], "1", "20000", [], True),
        (NOW, ["6000"], "1", "20000.01", ["limit.single", "limit.annual"], False),
        (NOW, ["0.01"], "1", "26000", ["limit.annual"], False),
        (NOW, ["0"], "1", "26000", [], False),
        (NOW, ["0"], "1", "30000", ["limit.annual"], False),
        (BEFORE, ["2000"], "1", "18000", [], False),
        (BEFORE, ["2000.01"], "1", "17999.99", [], True),
        (BEFORE, ["2000.01"], "2", "0", ["limit.single"], False),
        (BEFORE, ["0.01"], "1", "20000", ["limit.annual"], False),
    ],
)
def test_limits(day: date, prices: list[str], qty: str, used: str, reasons: list[str], full: bool) -> None:
    made = declaration(prices)
    made = changed(made, lines=[changed(line, qty_e5=qty) for line in made.lines])
    findings, at_full_rates = limits(made, value(made).total_cents, cents(used), law(day=day))
    assert [finding.code for finding in findings] == reasons
    assert at_full_rates == full
