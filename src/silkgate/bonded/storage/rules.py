"""Judges of storage: what may enter, what an order takes, what is declared, until when. Pure: facts in, values out."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from silkgate.bonded.storage.domain import (
    DIRECTIONS,
    IMPORT,
    NO_TAXES,
    Consolidated,
    DeclaredLine,
    NewDraw,
    NewLine,
    NewLot,
    Problem,
    Stock,
    Taken,
    Taking,
    Wanted,
)
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents, format_e5, half_up
from silkgate.kernel.text import Text
from silkgate.tariff.api import Rate, Taxes, taxes

MOST_LINES = 500
"""Of a lot, and of a draw."""
_MOST_E5, _MOST_CENTS = 10**15, 10**13
_NUMBER = re.compile(r"[0-9A-Za-z_./-]{1,40}")
_EMS_NO = re.compile(r"[0-9A-Z]{12}")
_GCODE = re.compile(r"[0-9]{10}")
_LONGEST_NAME = 250

# --- What can be read at all ------------------------------------------------------------------------------------------

_SAID = {
    "number": Text("编号应为1至40个字母、数字或_./-。", "A number has 1 to 40 letters, digits or any of _ . / -"),
    "ems_no": Text("账册号应为12位大写字母和数字。", "An account book has 12 capital letters and digits."),
    "item_no": Text("货号应为1至40个字母、数字或_./-。", "An item has 1 to 40 letters, digits or any of _ . / -"),
    "gcode": Text("商品编码应为10位数字。", "A commodity code has 10 digits."),
    "name": Text("商品名称应为1至250字。", "A name has 1 to 250 characters."),
    "unit": Text("计量单位不在海关代码表中。", "The unit is not in the customs table."),
    "origin": Text("原产国（地区）不在海关代码表中。", "The country of origin is not in the customs table."),
    "quantity": Text("数量应大于0，至多5位小数。", "A quantity is above 0, with at most 5 decimals."),
    "statutory": Text("法定数量应大于0，至多5位小数。", "A statutory quantity is above 0, with at most 5 decimals."),
    "value": Text("货值应大于0，至多2位小数。", "A value is above 0, with at most 2 decimals."),
    "direction": Text("请选择货物去向。", "Say where the goods go."),
    "lines": Text(f"请填写1至{MOST_LINES}项商品。", f"Give 1 to {MOST_LINES} lines of goods."),
}


class Tables(NamedTuple):
    """Codes that there are."""

    units: Collection[str]
    countries: Collection[str]


def problems_of_lot(lot: NewLot, tables: Tables) -> list[Problem]:
    """All that cannot be read in a lot that is to be entered."""
    good = {"number": bool(_NUMBER.fullmatch(lot.number)), "ems_no": bool(_EMS_NO.fullmatch(lot.ems_no))}
    given = {"number": lot.number, "ems_no": lot.ems_no}
    found = [_problem(field, given[field]) for field, is_good in good.items() if not is_good]
    found += [] if 1 <= len(lot.lines) <= MOST_LINES else [Problem("lines", _SAID["lines"])]
    for place, line in enumerate(lot.lines):
        found += _line_problems(f"lines/{place}/", line, tables)
    return found


def _line_problems(prefix: str, line: NewLine, tables: Tables) -> Iterable[Problem]:
    good = {
        "item_no": (_NUMBER.fullmatch(line.item_no), line.item_no),
        "gcode": (_GCODE.fullmatch(line.gcode), line.gcode),
        "name": (0 < len(line.name.strip()) <= _LONGEST_NAME and line.name.isprintable(), line.name),
        "unit": (line.unit in tables.units, line.unit),
        "origin": (line.origin in tables.countries, line.origin),
        "quantity": (0 < line.quantity_e5 <= _MOST_E5, format_e5(line.quantity_e5)),
        "statutory": (0 < line.statutory_e5 <= _MOST_E5, format_e5(line.statutory_e5)),
        "value": (0 < line.value_cents <= _MOST_CENTS, format_cents(line.value_cents)),
    }
    return [_problem(field, given, prefix) for field, (is_good, given) in good.items() if not is_good]


def problems_of_draw(draw: NewDraw) -> list[Problem]:
    """All that cannot be read in a draw."""
    found = [] if _NUMBER.fullmatch(draw.number) else [_problem("number", draw.number)]
    found += [] if _EMS_NO.fullmatch(draw.ems_no) else [_problem("ems_no", draw.ems_no)]
    found += [] if draw.direction in DIRECTIONS else [_problem("direction", draw.direction)]
    found += [] if 1 <= len(draw.lines) <= MOST_LINES else [Problem("lines", _SAID["lines"])]
    for place, line in enumerate(draw.lines):
        good = {
            "item_no": (_NUMBER.fullmatch(line.item_no), line.item_no),
            "quantity": (0 < line.quantity_e5 <= _MOST_E5, format_e5(line.quantity_e5)),
        }
        found += [_problem(field, given, f"lines/{place}/") for field, (is_good, given) in good.items() if not is_good]
    return found


def _problem(field: str, found: str, prefix: str = "") -> Problem:
    return Problem(f"{prefix}{field}", _SAID[field], found[:60])


# --- Taxes and the guarantee ------------------------------------------------------------------------------------------


def due(value_cents: int, statutory_e5: int, rate: Rate) -> Taxes:
    """What falls due in full on goods that come into the home market. `statutory_e5`: quantity in the rate's unit1."""
    return taxes(value_cents, statutory_e5, rate, full=True, factor=(1, 1))


def judge_goods(lines: Sequence[NewLine], rate_of: Callable[[str], Rate | None]) -> list[Finding]:
    """Codes that the tariff of the day does not have."""
    return [
        Finding("storage.goods", "gcode", line.gcode, line=place)
        for place, line in enumerate(lines, 1)
        if rate_of(line.gcode) is None
    ]


def judge_guarantee(free_cents: int, needed_cents: int) -> list[Finding]:
    """Whether the guarantee covers what the lot binds."""
    if needed_cents <= free_cents:
        return []
    return [Finding("storage.guarantee", "guarantee", format_cents(free_cents), format_cents(needed_cents))]


# --- Drawing ----------------------------------------------------------------------------------------------------------


def share(whole: int, before: int, after: int, capacity: int) -> int:
    """What of `whole` leaves as what was taken of `capacity` goes from `before` to `after`.

    All parts of a line add up to the whole, to the last cent, however it is cut.

    >>> share(100, 0, 1, 3), share(100, 1, 2, 3), share(100, 2, 3, 3)
    (33, 34, 33)
    """
    return half_up(whole * after, capacity) - half_up(whole * before, capacity)


def take(wanted: Sequence[Wanted], stock: Iterable[Stock]) -> tuple[list[Taking], list[Finding]]:
    """What each line of an order takes, in the order of `stock` (first in, first out), and lines of which too little
    is there, with what is left. Where there is any finding nothing may be taken.
    """
    there = {one.line_id: one for one in stock}
    takings, findings = [], []
    for place, line in enumerate(wanted, 1):
        fitting = [one for one in there.values() if _fits(one, line)]
        left = sum(one.left_e5 for one in fitting)
        if left < line.quantity_e5:
            findings.append(
                Finding("storage.insufficient", "quantity", format_e5(line.quantity_e5), format_e5(left), place)
            )
            continue
        missing = line.quantity_e5
        for one in fitting:
            part = min(missing, one.left_e5)
            if part:
                takings.append(_taking(one, part))
                there[one.line_id] = one._replace(used_e5=one.used_e5 + part)
                missing -= part
    return takings, findings


def _fits(one: Stock, line: Wanted) -> bool:
    return (one.item_no, one.unit) == (line.item_no, line.unit) and line.lot in {"", one.lot}


def _taking(one: Stock, part_e5: int) -> Taking:
    def of(whole: int) -> int:
        return share(whole, one.used_e5, one.used_e5 + part_e5, one.quantity_e5)

    return Taking(
        one.line_id, one.account_id, part_e5, of(one.statutory_e5), of(one.value_cents), of(one.guarantee_cents)
    )


# --- Declaring --------------------------------------------------------------------------------------------------------


def consolidate(
    taken: Sequence[Taken], direction: str, rate_of: Callable[[str], Rate | None]
) -> tuple[Consolidated, list[Finding]]:
    """What was drawn, merged by commodity code, units and origin, taxed where it comes into the home market.

    `rate_of`: by the tariff of the day of declaration; a code that it has not is a finding. Nothing drawn is one, too.
    """
    if not taken:
        return Consolidated((), (), (), 0), [Finding("storage.nothing", "month", "0", ">0")]
    lines, findings = [], []
    merged = groupby(sorted(taken, key=_key), key=_key)
    for gnum, ((gcode, unit, unit1, origin), members) in enumerate(merged, 1):
        parts, rate = list(members), rate_of(gcode)
        if rate is None:
            findings.append(Finding("storage.goods", "gcode", gcode, line=gnum))
            continue
        value, statutory = sum(one.value_cents for one in parts), sum(one.statutory_e5 for one in parts)
        lines.append(
            DeclaredLine(
                gnum,
                gcode,
                # The name of what there is most of.
                max(parts, key=lambda one: one.value_cents).name,
                tuple(sorted({one.item_no for one in parts})),
                unit,
                sum(one.quantity_e5 for one in parts),
                unit1,
                statutory,
                origin,
                value,
                due(value, statutory, rate) if direction == IMPORT else NO_TAXES,
                (rate.duty_e6, rate.consumption_e6, rate.vat_e6) if direction == IMPORT else (0, 0, 0),
            )
        )
    made = Consolidated(
        tuple(lines),
        tuple(sorted({one.draw for one in taken})),
        tuple(sorted(one.taking_id for one in taken)),
        sum(one.guarantee_cents for one in taken),
    )
    return made, findings


def _key(one: Taken) -> tuple[str, str, str, str]:
    return one.gcode, one.unit, one.unit1, one.origin


class Period(NamedTuple):
    """The dated policy on when to declare what was drawn in a month."""

    months_after: int
    """By the end of so many months after the month of drawing."""
    within_year: bool
    """Not across the end of the calendar year."""


def declare_by(month: date, period: Period) -> date:
    """Last day on which what was drawn in `month` may be declared in time.

    >>> declare_by(date(2026, 11, 1), Period(1, True)), declare_by(date(2026, 12, 1), Period(1, True))
    (datetime.date(2026, 12, 31), datetime.date(2026, 12, 31))
    """
    years, place = divmod(month.month - 1 + period.months_after, 12)
    year = month.year + years
    last = date(year, place + 1, monthrange(year, place + 1)[1])
    return min(last, date(month.year, 12, 31)) if period.within_year else last


def judge_party(field: str, code: str, roles: Collection[str], needed: str, words: Text) -> list[Finding]:
    """Whether an enterprise is on file in the role that it needs. `words`: the role as people know it."""
    if needed in roles:
        return []
    found = f"{code}没有以“{words.zh}”的身份有效备案"
    return [Finding("storage.party", field, found, f"{code} is not on file as {words.en.lower()}")]


def judge_book(ems_no: str, warehouse_code: str, kept_by: Collection[str]) -> list[Finding]:
    """Whether an account book belongs to the warehouse. `kept_by`: who keeps it, as far as that is known."""
    others = sorted(set(kept_by) - {warehouse_code})
    return [Finding("storage.book", "ems_no", ems_no, others[0])] if others else []
