"""Judges of storage by tables and properties: taxes, shares, deadlines, what an order takes."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from silkgate.bonded.storage.domain import Stock, Wanted
from silkgate.bonded.storage.rules import Period, declare_by, due, share, take
from silkgate.kernel.fixed import E5, half_up
from silkgate.tariff.api import E6, E8, Rate


def rate(duty: int = 0, vat: int = 0, consumption: int = 0, specific: int = 0, threshold: int = 0) -> Rate:
    return Rate("0", "", duty, vat, consumption, specific, threshold, "001", "", frozenset(), "", True)


def in_fractions(value_cents: int, statutory_e5: int, rate: Rate) -> tuple[int, int, int]:
    """Duty, consumption tax and value added tax in full, each rounded half up to a cent from the unrounded chain.

    Basis: 消费税暂行条例 art. 9 (composite price); consumption tax by value, by quantity, or both; below the rate's
    threshold of value per unit there is none. `statutory_e5`: quantity in the rate's unit1.
    """
    value, count = Fraction(value_cents), Fraction(statutory_e5, E5)
    portion, each = Fraction(rate.consumption_e6, E6), Fraction(100 * rate.specific_e6, E6)
    if rate.threshold_e8 and value < count * 100 * Fraction(rate.threshold_e8, E8):
        portion = each = Fraction(0)
    duty = value * Fraction(rate.duty_e6, E6)
    composite = (value + duty + count * each) / (1 - portion)
    amounts = (duty, composite * portion + count * each, composite * Fraction(rate.vat_e6, E6))
    return tuple(half_up(amount.numerator, amount.denominator) for amount in amounts)  # type: ignore[return-value]


TAXED = {
    "by value": (100_000, 10_000_000, rate(80_000, 130_000), (8_000, 0, 14_040)),
    # (1,000 + 140) / 0.9 = 1,266.67: of it 126.67, and 13 % of all.
    "composite price": (100_000, 100_000, rate(140_000, 130_000, 100_000), (14_000, 12_667, 16_467)),
    # Spirits: 20 % and CNY 1 a litre: (1,000 + 100 + 10) / 0.8 = 1,387.50.
    "value and quantity": (100_000, 1_000_000, rate(100_000, 130_000, 200_000, 1_000_000), (10_000, 28_750, 18_038)),
    "below the threshold": (99_999, 100_000, rate(0, 130_000, 200_000, 0, 1_000 * 10**8), (0, 0, 13_000)),
    "at the threshold": (100_000, 100_000, rate(0, 130_000, 200_000, 0, 1_000 * 10**8), (0, 25_000, 16_250)),
    "nothing falls due": (100_000, 100_000, rate(), (0, 0, 0)),
    "half a cent is a cent": (10, 100_000, rate(50_000), (1, 0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", TAXED, ids=list(TAXED))
def test_taxes(case: str) -> None:
    value_cents, statutory_e5, of, expected = TAXED[case]
    assert tuple(due(value_cents, statutory_e5, of)) == in_fractions(value_cents, statutory_e5, of) == expected


SHARE_E6 = st.integers(0, 999_999)


@given(
    st.integers(1, 10**12),
    st.integers(1, 10**12),
    st.builds(rate, SHARE_E6, SHARE_E6, SHARE_E6, st.integers(0, 10**9), st.integers(0, 10**14)),
)
def test_taxes_are_those_of_the_law_in_fractions(value_cents: int, statutory_e5: int, of: Rate) -> None:
    """Two accounts of one law, in integers there and in fractions here."""
    assert tuple(due(value_cents, statutory_e5, of)) == in_fractions(value_cents, statutory_e5, of)


@given(st.integers(0, 10**13), st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
@example(100, [1, 1, 1])
def test_shares_of_a_line_add_up_to_the_last_cent(whole: int, parts: list[int]) -> None:
    capacity, taken, shares = sum(parts), 0, []
    for part in parts:
        shares.append(share(whole, taken, taken + part, capacity))
        taken += part
    assert sum(shares) == whole
    assert min(shares) >= 0
    assert all(abs(one * capacity - whole * part) <= capacity for one, part in zip(shares, parts, strict=True))


DUE = {
    (date(2026, 1, 1), Period(1, True)): date(2026, 2, 28),
    (date(2027, 12, 1), Period(1, True)): date(2027, 12, 31),
    (date(2026, 11, 1), Period(1, True)): date(2026, 12, 31),
    (date(2026, 12, 1), Period(1, False)): date(2027, 1, 31),
    (date(2028, 1, 1), Period(1, False)): date(2028, 2, 29),
    (date(2026, 6, 1), Period(0, True)): date(2026, 6, 30),
    (date(2026, 11, 1), Period(14, False)): date(2028, 1, 31),
}
"""Month of drawing and policy; last day to declare."""


@pytest.mark.parametrize(("month", "period"), DUE, ids=str)
def test_until_when_a_month_is_declared(month: date, period: Period) -> None:
    assert declare_by(month, period) == DUE[month, period]


def stock(line_id: int, left: int, used: int = 0, item: str = "A", unit: str = "001", lot: str = "") -> Stock:
    return Stock(line_id, 100 + line_id, lot or f"L{line_id}", item, unit, left + used, used, left + used, 1_000, 300)


TAKEN: dict[str, tuple[list[Stock], list[Wanted], list[tuple[int, int]]]] = {
    "of one line": ([stock(1, 5)], [Wanted("A", "001", 3)], [(1, 3)]),
    "of two lines": ([stock(1, 2, 1), stock(2, 5)], [Wanted("A", "001", 4)], [(1, 2), (2, 2)]),
    "the other item stays": ([stock(1, 2, item="B"), stock(2, 5)], [Wanted("A", "001", 4)], [(2, 4)]),
    "the other unit stays": ([stock(1, 2, unit="035"), stock(2, 5)], [Wanted("A", "001", 4)], [(2, 4)]),
    "of the lot that is named": ([stock(1, 5), stock(2, 5)], [Wanted("A", "001", 4, "L2")], [(2, 4)]),
    "one item twice": (
        [stock(1, 5), stock(2, 5)],
        [Wanted("A", "001", 4), Wanted("A", "001", 4)],
        [(1, 4), (1, 1), (2, 3)],
    ),
    "all of it": ([stock(1, 5)], [Wanted("A", "001", 5)], [(1, 5)]),
}


@pytest.mark.parametrize("case", TAKEN, ids=list(TAKEN))
def test_what_an_order_takes(case: str) -> None:
    held, wanted, expected = TAKEN[case]
    takings, findings = take(wanted, held)
    assert findings == []
    assert [(one.line_id, one.quantity_e5) for one in takings] == expected
