"""A bill of materials judged row by row, and multiplied down the tree. No database: rows in, parts out.

The same part may be built in at several places. What there is of it is the sum over all of them, each the product of
the quantities on the way down from the machine, exactly; it is rounded down once, at the end.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from silkgate.kernel.fixed import E5, e5, format_e5
from silkgate.kernel.text import Text
from silkgate.machinery.domain import COLUMNS, MAX_LEVELS, MAX_SERIALS, MOST_E5, Bill, Component, Part
from silkgate.registry.api import Problem
from silkgate.tariff.api import Law, codes

MACHINE = ""
"""The parent of what is built into the machine itself."""
LENGTHS = {"part_no": 60, "parent": 60, "name": 250}
MAX_SERIAL_CHARS = 60
_SAME = ("name", "gcode", "unit", "unit_value")
"""What is said of a part once: further rows of it leave these empty, or say the same."""
_SEPARATORS = re.compile(r"[\s,，;；、]+")


class Row(Protocol):
    """One row of a table: its line, its values by column key."""

    @property
    def line(self) -> int: ...

    @property
    def values(self) -> Mapping[str, str]: ...


class Judged(NamedTuple):
    """What came of judging: the bill where nothing is wrong, and all that is wrong with its rows."""

    bill: Bill | None
    problems: tuple[Problem, ...]
    rows: int


class _Said(NamedTuple):
    """A row that can be read."""

    component: Component
    about: dict[str, str]
    """`_SAME`, as far as given."""
    serial_nos: tuple[str, ...]


def judge(rows: Sequence[Row], machines: int, law: Law, already: Iterable[Problem] = ()) -> Judged:
    """Judge the rows of the bill of `machines` equal machines; `already`: what is known to be wrong with their cells.

    The structure is judged once every row can be read: cycles, parents that are not there, levels, serial numbers.
    """
    problems = list(already)
    said = []
    for row in rows:
        one, wrong = _read(row, law, {problem.field for problem in problems if problem.line == row.line})
        problems += wrong
        said.append(one)
    problems += _repeated(said)
    bill = None
    if not problems:
        bill, problems = _built(said, machines)
    return Judged(None if problems else bill, tuple(sorted(problems, key=lambda one: one.line or 0)), len(rows))


def serials(given: str) -> tuple[str, ...]:
    """Serial numbers as they are written in one cell: separated by spaces, commas or semicolons."""
    return tuple(part for part in _SEPARATORS.split(given) if part)


# --- One row ----------------------------------------------------------------------------------------------------------


def _read(row: Row, law: Law, told: set[str]) -> tuple[_Said, list[Problem]]:
    given = {key: row.values.get(key, "").strip() for key in COLUMNS}
    problems: list[Problem] = []

    def wrong(key: str, zh: str, en: str) -> None:
        if key not in told:
            words = COLUMNS[key]
            problems.append(Problem(key, Text(f"“{words.zh}”{zh}。", f"{words.en} {en}."), row.line))

    if not given["part_no"]:
        wrong("part_no", "没有填写", "is missing")
    for key, limit in LENGTHS.items():
        if len(given[key]) > limit:
            wrong(key, f"至多{limit}个字", f"has at most {limit} characters")
        elif re.search(r"[\r\n\t]", given[key]):
            wrong(key, "应为一行", "has to be one line")
    if given["gcode"]:
        given["gcode"] = re.sub(r"[.\s]", "", given["gcode"])
        if told_why := gcode_fault(given["gcode"], law):
            wrong("gcode", told_why.zh, told_why.en)
    if given["unit"] and not (code := coded("units", given["unit"])):
        wrong("unit", f"“{given['unit'][:30]}”不在海关代码表中", f"“{given['unit'][:30]}” is not in the customs table")
    else:
        given["unit"] = code if given["unit"] else ""
    quantity_e5 = quantity(given["quantity"])
    if not quantity_e5:
        wrong("quantity", "应为大于零的数字，至多五位小数", "must be a number above zero with at most five decimals")
    if given["unit_value"] and money_cents(given["unit_value"]) is None:
        wrong("unit_value", "应为金额，至多两位小数", "must be an amount with at most two decimals")
    numbers = serials(given["serial_nos"])
    if any(len(number) > MAX_SERIAL_CHARS for number in numbers):
        wrong("serial_nos", f"每个至多{MAX_SERIAL_CHARS}个字", f"have at most {MAX_SERIAL_CHARS} characters each")
    about = {key: given[key] for key in _SAME if given[key]}
    return _Said(Component(row.line, given["parent"], given["part_no"], quantity_e5), about, numbers), problems


def gcode_fault(gcode: str, law: Law) -> Text | None:
    """What is wrong with a commodity code on the law's day; None: nothing."""
    if not re.fullmatch(r"[0-9]{10}", gcode):
        return Text("应为10位数字", "must be ten digits")
    if law.rate(gcode) is None:
        return Text(f"{gcode}不在当日税则中，请核对", f"{gcode} is not in the tariff of the day; check it")
    return None


def coded(table: str, value: str) -> str:
    """The customs code for a code or its Chinese or English name; empty where the table has neither."""
    known = codes(table)
    if value in known:
        return value
    lowered = value.lower()
    return next((code for code, words in known.items() if words.zh == value or words.en.lower() == lowered), "")


def quantity(given: str) -> int:
    """A quantity in 0.00001 from what was typed; 0 for what is none."""
    plain = given.replace(",", "")
    return e5(plain) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,5})?", plain) else 0


def money_cents(given: str) -> int | None:
    """An amount in 0.01 from what was typed; None for what is none."""
    plain = given.replace(",", "")
    return e5(plain) // 1_000 if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,2})?", plain) else None


# --- Rows together ----------------------------------------------------------------------------------------------------


def _repeated(said: Sequence[_Said]) -> list[Problem]:
    """Rows of one part that differ, the same part twice in one parent, parts of which too little is said."""
    problems: list[Problem] = []
    first: dict[str, _Said] = {}
    places: dict[tuple[str, str], int] = {}
    for one in said:
        line, parent_no, part_no, _ = one.component
        if not part_no:
            continue
        known = first.setdefault(part_no, one)
        for key in _SAME:
            words = COLUMNS[key]
            if known is one and key not in one.about:
                told = Text(f"“{words.zh}”没有填写。", f"{words.en} is missing.")
                problems.append(Problem(key, told, line))
            elif key in one.about and _differ(key, one.about[key], known.about.get(key, "")):
                before = known.component.line
                told = Text(
                    f"同一零件在第{before}行的“{words.zh}”不同；请改为相同或留空。",
                    f"Line {before} gives the same part another {words.en}; say the same or leave it empty.",
                )
                problems.append(Problem(key, told, line))
        if (before := places.setdefault((parent_no, part_no), line)) != line:
            told = Text(
                f"第{before}行已有同一上级的同一零件；请合并为一行。",
                f"Line {before} has this part in the same parent already; make it one row.",
            )
            problems.append(Problem("part_no", told, line))
    return problems


def _differ(key: str, one: str, other: str) -> bool:
    return bool(other) and (money_cents(one) != money_cents(other) if key == "unit_value" else one != other)


def _built(said: Sequence[_Said], machines: int) -> tuple[Bill | None, list[Problem]]:
    """The bill of rows that can be read, multiplied down the tree; or what is wrong with the structure."""
    components = tuple(one.component for one in said)
    by_part: dict[str, list[_Said]] = {}
    for one in said:
        by_part.setdefault(one.component.part_no, []).append(one)
    problems = [
        Problem(
            "parent",
            Text(f"表中没有零件号{row.parent_no[:60]}。", f"No row of the table is part {row.parent_no[:60]}."),
            row.line,
        )
        for row in components
        if row.parent_no != MACHINE and row.parent_no not in by_part
    ]
    problems += [
        Problem(
            "parent",
            Text(
                "零件经各级回到了自己，请改正上级。",
                "The part contains itself, directly or further down; mend the parent.",
            ),
            row.line,
        )
        for row in _circular(components)
    ]
    if not problems:
        order, level = _ordered(components)
        problems += [
            Problem("parent", Text(f"层级超过{MAX_LEVELS}层。", f"It lies deeper than {MAX_LEVELS} levels."), row.line)
            for row in components
            if level[row.part_no] > MAX_LEVELS
        ]
    if problems:
        return None, problems
    totals = {MACHINE: Fraction(machines)}
    for part_no in order:
        totals[part_no] = sum(
            (totals[one.component.parent_no] * one.component.quantity_e5 / E5 for one in by_part[part_no]), Fraction()
        )
    parts = []
    for part_no in order:
        part, wrong = _part(part_no, by_part[part_no], int(totals[part_no] * E5))
        parts.append(part)
        problems += wrong
    if sum(len(part.serial_nos) for part in parts) > MAX_SERIALS:
        told = Text(f"序列号共超过{MAX_SERIALS:,}个。", f"There are more than {MAX_SERIALS:,} serial numbers.")
        problems.append(Problem("serial_nos", told))
    return Bill(tuple(parts), components), problems


def _part(part_no: str, rows: Sequence[_Said], total_e5: int) -> tuple[Part, list[Problem]]:
    line, about = rows[0].component.line, rows[0].about
    numbers = [number for one in rows for number in one.serial_nos]
    problems = []
    if not 0 < total_e5 <= MOST_E5:
        told = Text(
            "逐级相乘后的总数太大或太小，请核对各级数量。",
            "Multiplied down the tree it is too much or too little; check the quantities of all levels.",
        )
        problems.append(Problem("quantity", told, line))
    elif numbers and len(numbers) * E5 != total_e5:
        there, whole = len(numbers), format_e5(total_e5)
        told = Text(
            f"给了{there}个序列号，而装机总数为{whole}；请逐个给出，或全部留空。",
            f"{there} serial numbers are given, and {whole} are built in; give all of them or none.",
        )
        problems.append(Problem("serial_nos", told, line))
    if twice := sorted(number for number, times in Counter(numbers).items() if times > 1)[:3]:
        told = Text(f"序列号重复：{'、'.join(twice)}。", f"Serial numbers given twice: {', '.join(twice)}.")
        problems.append(Problem("serial_nos", told, line))
    cents = money_cents(about["unit_value"]) or 0
    return Part(part_no, about["name"], about["gcode"], about["unit"], cents, tuple(numbers), total_e5), problems


def _circular(components: Sequence[Component]) -> list[Component]:
    """Rows that lie on a circle, or on the way from one circle to another."""
    left = _without_ends([(row.parent_no, row.part_no) for row in components])
    left &= {(above, below) for below, above in _without_ends([(below, above) for above, below in left])}
    return [row for row in components if (row.parent_no, row.part_no) in left]


def _without_ends(edges: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges that stay when, again and again, whatever has nothing above it is taken away."""
    given = set(edges)
    _, waiting = _topological(given)
    return {(above, below) for above, below in given if waiting.get(above)}


def _ordered(components: Sequence[Component]) -> tuple[list[str], dict[str, int]]:
    """Parts, each after all its parents, and their levels: 1 is built into the machine. There is no circle."""
    edges = [(row.parent_no, row.part_no) for row in components]
    order, _ = _topological(edges)
    above: dict[str, list[str]] = {}
    for parent_no, part_no in edges:
        above.setdefault(part_no, []).append(parent_no)
    level = {MACHINE: 0}
    for part_no in order:
        if part_no != MACHINE:
            level[part_no] = 1 + max(level[parent_no] for parent_no in above[part_no])
    return [part_no for part_no in order if part_no != MACHINE], level


def _topological(edges: Iterable[tuple[str, str]]) -> tuple[list[str], dict[str, int]]:
    """Nodes, each after all above it, as far as there is such an order; how many edges into each were not gone."""
    children: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    for above, below in edges:
        children.setdefault(above, []).append(below)
        waiting.setdefault(above, 0)
        waiting[below] = waiting.get(below, 0) + 1
    order = deque(node for node, count in waiting.items() if not count)
    found = []
    while order:
        node = order.popleft()
        found.append(node)
        for below in children.get(node, ()):
            waiting[below] -= 1
            if not waiting[below]:
                order.append(below)
    return found, waiting
