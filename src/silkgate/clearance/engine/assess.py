"""Dutiable value, tax and limits of a declaration, in exact integers (contract §§4–5)."""

from __future__ import annotations

from typing import NamedTuple

from silkgate.clearance.domain import AssessedLine, Declaration
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import CENT_E5, format_cents, format_e5, half_up
from silkgate.tariff.api import Law, Rate, taxes


class Valued(NamedTuple):
    """Lines with their dutiable value; the order of the declaration's lines."""

    dutiable_cents: list[int]
    total_cents: int


def value(declaration: Declaration) -> Valued:
    """Dutiable value per line: totalPrice plus its share of freight and insurance.

    Shares are in proportion to totalPrice, rounded half up to a cent. The last line (highest gnum) with a price takes
    the remainder, never below 0; what is then left over goes to the one before it. Without any price the last line
    takes all.
    """
    lines = declaration.lines
    charges = (declaration.freight_e5 + declaration.insured_fee_e5) // CENT_E5
    prices = [line.total_price_e5 // CENT_E5 for line in lines]
    if not charges:
        return Valued(prices, sum(prices))
    if len(lines) == 1:
        return Valued([prices[0] + charges], prices[0] + charges)
    by_gnum = sorted(range(len(lines)), key=lambda i: lines[i].gnum)
    priced = [i for i in by_gnum if prices[i] > 0]
    if not priced:
        prices[by_gnum[-1]] += charges
        return Valued(prices, sum(prices))
    shares = apportion(charges, [prices[i] for i in priced])
    for i, share in zip(priced, shares, strict=True):
        prices[i] += share
    return Valued(prices, sum(prices))


def apportion(amount: int, weights: list[int]) -> list[int]:
    """`amount` in parts proportional to positive `weights`; the last part takes the remainder, none is negative."""
    total = sum(weights)
    parts = [half_up(amount * weight, total) for weight in weights[:-1]]
    rest = amount - sum(parts)
    place = len(parts) - 1
    while rest < 0:
        parts[place] += rest
        rest = min(parts[place], 0)
        parts[place] = max(parts[place], 0)
        place -= 1
        if rest == 0:
            break
    return [*parts, max(amount - sum(parts), 0)]


def assess_lines(
    declaration: Declaration, valued: Valued, rates: list[Rate], law: Law, *, full: bool
) -> list[AssessedLine]:
    """Every line with its value, rates and taxes."""
    bonded = declaration.trade_mode != "9610"
    assessed = []
    for line, dutiable_cents, rate in zip(declaration.lines, valued.dutiable_cents, rates, strict=True):
        duty, consumption, value_added = taxes(
            dutiable_cents, line.qty1_e5, rate, full=full, factor=(law.factor_numerator, law.factor_denominator)
        )
        assessed.append(
            AssessedLine(
                line.gnum,
                line.gcode,
                line.qty_e5,
                line.qty1_e5,
                dutiable_cents,
                duty,
                consumption,
                value_added,
                rate.duty_e6,
                rate.consumption_e6,
                rate.vat_e6,
                rate.specific_e6,
                line.item_record_no if bonded else "",
            )
        )
    return assessed


def limits(declaration: Declaration, total_cents: int, used_cents: int, law: Law) -> tuple[list[Finding], bool]:
    """Findings of group 6, and whether full rates apply (a single item over the single limit)."""
    within_year = used_cents + total_cents <= law.annual_limit_cents
    findings = []
    full = False
    if total_cents > law.single_limit_cents:
        indivisible = len(declaration.lines) == 1 and declaration.lines[0].qty_e5 == 100_000
        if indivisible and within_year:
            full = True
        else:
            findings.append(
                Finding("limit.single", "totalPrice", format_cents(total_cents), format_cents(law.single_limit_cents))
            )
    if not within_year:
        left = max(law.annual_limit_cents - used_cents, 0)
        findings.append(Finding("limit.annual", "buyerIdNumber", format_cents(total_cents), format_cents(left)))
    return findings, full


def quantity(value_e5: int) -> str:
    """A quantity as a person writes it."""
    return format_e5(value_e5)
