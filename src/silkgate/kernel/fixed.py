"""Exact decimals as integers: message amounts in 0.00001 (`_e5`), money after rounding in 0.01 (`_cents`)."""

from __future__ import annotations

from decimal import Decimal

E5 = 100_000
CENT_E5 = 1_000
_HUNDREDTHS = tuple(f"{n:02d}" for n in range(100))


def e5(text: str) -> int:
    """An `xs:decimal` lexical form with at most five decimals as an integer of 0.00001.

    >>> e5("12.3"), e5("-0.00001"), e5(".5"), e5("7.")
    (1230000, -1, 50000, 700000)
    """
    whole, dot, fraction = text.partition(".")
    if not dot:
        return int(whole) * E5
    if whole.isdigit() and len(fraction) <= 5:
        return int(whole) * E5 + int((fraction + "00000")[:5])
    return int(Decimal(text.strip()).scaleb(5))


def format_e5(value_e5: int) -> str:
    """Shortest decimal form, without trailing zeros.

    >>> format_e5(1230000), format_e5(-1), format_e5(0)
    ('12.3', '-0.00001', '0')
    """
    sign = "-" if value_e5 < 0 else ""
    whole, fraction = divmod(abs(value_e5), E5)
    return f"{sign}{whole}.{fraction:05d}".rstrip("0").rstrip(".")


def format_cents(value_cents: int) -> str:
    """Money with two decimals.

    >>> format_cents(105), format_cents(-5)
    ('1.05', '-0.05')
    """
    if value_cents < 0:
        return "-" + format_cents(-value_cents)
    return f"{value_cents // 100}.{_HUNDREDTHS[value_cents % 100]}"


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded half up (away from zero), both integers, denominator positive.

    >>> half_up(5, 10), half_up(-5, 10), half_up(4, 10)
    (1, -1, 0)
    """
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((-2 * numerator + denominator) // (2 * denominator))
