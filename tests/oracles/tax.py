"""Dutiable value and taxes of a declaration (contract §4; regulation §3.1), in exact fractions."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

CENT = Decimal("0.01")


def to_cent(amount: Fraction | Decimal) -> Decimal:
    """Rounded to 0.01, a half away from nothing upwards."""
    return Decimal(math.floor(Fraction(amount) * 100 + Fraction(1, 2))) * CENT


def shares(prices: list[Decimal], charges: Decimal) -> list[Decimal]:
    """Freight and insurance over the items; `prices` are their totalPrice, lowest gnum first."""
    paid = [number for number, price in enumerate(prices) if price > 0]
    found = [Decimal("0.00") for _ in prices]
    if not paid:
        found[-1] = charges
        return found
    for number in paid:
        found[number] = to_cent(Fraction(charges) * Fraction(prices[number]) / Fraction(sum(prices)))
    left = charges - sum(found[number] for number in paid[:-1])
    # What the last one cannot bear, because it would fall below zero, is taken from the one before it, and so on.
    for place in range(len(paid) - 1, -1, -1):
        found[paid[place]] = max(left, Decimal("0.00"))
        if left >= 0 or place == 0:
            break
        left += found[paid[place - 1]]
    return found


def item_taxes(
    value: Decimal, qty1: Decimal, rates: dict[str, Any], *, full_rates: bool
) -> tuple[Decimal, Decimal, Decimal]:
    """Customs tax, value-added tax and consumption tax of one item, each rounded from the unrounded chain."""
    d, q = Fraction(value), Fraction(qty1)
    c, s = Fraction(rates["consumption"]), Fraction(rates["specific"])
    threshold = Fraction(rates["threshold"])
    if threshold > 0 and d / q < threshold:
        c = s = Fraction(0)
    duty = d * Fraction(rates["duty"]) if full_rates else Fraction(0)
    k = Fraction(1) if full_rates else Fraction(7, 10)
    p = (d + duty + q * s) / (1 - c)
    consumption = k * (p * c + q * s)
    vat = k * p * Fraction(rates["vat"])
    return to_cent(duty), to_cent(vat), to_cent(consumption)
