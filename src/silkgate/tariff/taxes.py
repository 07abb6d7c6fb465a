"""What falls due on goods that come in, in exact integers (contract §4). Pure."""

from __future__ import annotations

from typing import NamedTuple

from silkgate.kernel.fixed import half_up
from silkgate.tariff.domain import E6, Rate


class Taxes(NamedTuple):
    """The three taxes of one line, each rounded half up to a cent from the unrounded chain."""

    duty_cents: int
    consumption_tax_cents: int
    value_added_tax_cents: int

    @property
    def total_cents(self) -> int:
        """All three."""
        return sum(self)


def taxes(dutiable_cents: int, qty1_e5: int, rate: Rate, *, full: bool, factor: tuple[int, int]) -> Taxes:
    """Taxes of a line with dutiable value `dutiable_cents` and statutory quantity `qty1_e5` (0.00001 of unit1).

    `full`: duty at its rate and taxes without reduction; otherwise no duty and taxes times `factor`
    (numerator, denominator). Basis: contract §4, 财关税〔2018〕49号, 消费税暂行条例 art. 9.
    """
    consumption, specific = rate.consumption_e6, rate.specific_e6
    if rate.threshold_e8 and dutiable_cents * 10**11 < rate.threshold_e8 * qty1_e5:
        consumption = specific = 0
    numerator, denominator = (1, 1) if full else factor
    per_quantity = qty1_e5 * specific  # the specific tax, in 1e-11 CNY
    duty = dutiable_cents * rate.duty_e6 if full else 0  # in 1e-8 CNY
    base = dutiable_cents * 10**9 + duty * 10**3 + per_quantity  # composite price × (1 − c), in 1e-11 CNY
    divisor = denominator * 10**9 * (E6 - consumption)
    return Taxes(
        half_up(duty, E6),
        half_up(numerator * (base * consumption + per_quantity * (E6 - consumption)), divisor)
        if consumption or specific
        else 0,
        half_up(numerator * base * rate.vat_e6, divisor),
    )
