"""How numbers, money, quantities and times are written for people. Pure: no Django, no clock."""

from __future__ import annotations

from datetime import date, datetime
from difflib import SequenceMatcher
from typing import NamedTuple

from silkgate.kernel.clock import CHINA
from silkgate.kernel.fixed import E5, format_e5
from silkgate.kernel.text import Text

MINUS = "−"


def grouped(whole: int) -> str:
    """A count with thousands separated.

    >>> grouped(1234567)
    '1,234,567'
    """
    return f"{whole:,}".replace("-", MINUS)


def yuan(amount_cents: int) -> str:
    """Money in CNY from an int of 0.01.

    >>> yuan(123450), yuan(-5), yuan(0)
    ('¥1,234.50', '−¥0.05', '¥0.00')
    """
    whole, fraction = divmod(abs(amount_cents), 100)
    return f"{MINUS if amount_cents < 0 else ''}¥{whole:,}.{fraction:02d}"


def yuan_e5(amount_e5: int) -> str:
    """Money in CNY from an int of 0.00001: two decimals at least, as many as the value has at most.

    >>> yuan_e5(123450000), yuan_e5(1234567)
    ('¥1,234.50', '¥12.34567')
    """
    whole, fraction = divmod(abs(amount_e5), E5)
    digits = f"{fraction:05d}".rstrip("0").ljust(2, "0")
    return f"{MINUS if amount_e5 < 0 else ''}¥{whole:,}.{digits}"


def decimal(value_e5: int) -> str:
    """A number from an int of 0.00001, thousands separated, no trailing zeros.

    >>> decimal(123456750000), decimal(-50000)
    ('1,234,567.5', '−0.5')
    """
    whole, dot, fraction = format_e5(abs(value_e5)).partition(".")
    return f"{MINUS if value_e5 < 0 else ''}{int(whole):,}{dot}{fraction}"


def percent(rate_e5: int) -> str:
    """A rate kept as a fraction in 0.00001, written in per cent.

    >>> percent(13_000), percent(9_100), percent(0)
    ('13%', '9.1%', '0%')
    """
    return f"{decimal(rate_e5 * 100)}%"


def quantity(value_e5: int, unit: Text | str, language: str) -> str:
    """A quantity with its unit; Chinese units follow the number directly, as they are written.

    >>> quantity(200_000, Text("件", "pieces"), "zh-hans"), quantity(150_000, Text("千克", "kg"), "en")
    ('2件', '1.5 kg')
    """
    word = unit.in_language(language) if isinstance(unit, Text) else unit
    space = " " if word and word[0].isascii() else ""
    return f"{decimal(value_e5)}{space}{word}"


def moment(when: datetime) -> str:
    """A time in China with its zone. An aware time is asked for: a naive one would be a guess.

    >>> moment(datetime(2026, 11, 23, 10, 0, 0, tzinfo=CHINA))
    '2026-11-23 10:00:00 +08:00'
    """
    if when.tzinfo is None:
        raise ValueError("a time without zone cannot be shown")
    return f"{when.astimezone(CHINA):%Y-%m-%d %H:%M:%S} +08:00"


def clock(when: datetime) -> str:
    """Only the time of day in China, for columns whose heading names the zone."""
    if when.tzinfo is None:
        raise ValueError("a time without zone cannot be shown")
    return f"{when.astimezone(CHINA):%H:%M:%S}"


def day(when: date | datetime) -> str:
    """A calendar day; of a time, the day in China."""
    if isinstance(when, datetime):
        return f"{when.astimezone(CHINA):%Y-%m-%d}"
    return f"{when:%Y-%m-%d}"


def masked(value: str) -> str:
    """A personal value of which strangers see the ends only.

    >>> masked("410105198803129810"), masked("李明华"), masked("李明"), masked("19900410213")
    ('4101**********9810', '李*华', '李*', '199*****213')
    """
    shown = 4 if len(value) >= 15 else 3 if len(value) >= 9 else 1
    if len(value) <= 2 * shown:
        return value[:1] + "*" * (len(value) - 1)
    return value[:shown] + "*" * (len(value) - 2 * shown) + value[-shown:]


class Part(NamedTuple):
    """A piece of a value, and whether it differs from what it was compared with."""

    text: Text | str
    differs: bool


def differing_parts(value: str, reference: str) -> tuple[Part, ...]:
    """`value` cut where it departs from `reference`. All of it is marked where little is shared: confetti helps nobody.

    >>> differing_parts("李明花", "李明华")
    (Part(text='李明', differs=False), Part(text='花', differs=True))
    """
    if value == reference:
        return (Part(value, False),)
    matcher = SequenceMatcher(None, reference, value, autojunk=False)
    if not reference or matcher.ratio() < 0.5:
        return (Part(value, True),)
    parts = [Part(value[start:end], tag != "equal") for tag, _, _, start, end in matcher.get_opcodes() if end > start]
    # Only something missing: nothing in this value can carry the mark, so all of it does.
    return tuple(parts) if any(part.differs for part in parts) else (Part(value, True),)
