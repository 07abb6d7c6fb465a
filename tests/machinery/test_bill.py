"""Bills of materials: multiplied down the tree as an obvious oracle does it; what is wrong is told with its row."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machinery.made import BILL, BUILT_IN, HEADING
from silkgate.kernel.fixed import E5, e5, format_e5
from silkgate.machinery import bill
from silkgate.machinery.domain import MAX_LEVELS, warranty_end
from silkgate.machinery.sheets import Row
from silkgate.tariff.api import law_of_rows
from silkgate.tariff.domain import DatedRate, Rate

CODES = {row[3] for row in BILL if row[3]}
LAW = law_of_rows(
    date(2026, 11, 23),
    rates=[
        DatedRate(Rate(code, "", 0, 0, 0, 0, 0, "", "", frozenset(), "test", True), date(2016, 4, 8), None)
        for code in CODES
    ],
)
KNOWN = ("零件", "8413910000", "007")


def rows(*given_rows: tuple[str, ...]) -> list[Row]:
    return [Row(line, dict(zip(HEADING, row, strict=False))) for line, row in enumerate(given_rows, 2)]


def plain(part_no: str, parent: str, quantity: str, serial_nos: str = "") -> tuple[str, ...]:
    return (part_no, parent, *KNOWN, quantity, serial_nos, "1")


def totals(judged: bill.Judged) -> dict[str, str]:
    assert judged.bill is not None, [(one.line, one.field, one.what.en) for one in judged.problems]
    return {part.part_no: format_e5(part.quantity_e5) for part in judged.bill.parts}


def told(judged: bill.Judged) -> list[tuple[int | None, str]]:
    assert judged.bill is None
    return [(one.line, one.field) for one in judged.problems]


def test_quantities_multiply_down_the_tree() -> None:
    assert totals(bill.judge(rows(*BILL), 2, LAW)) == BUILT_IN  # type: ignore[arg-type]


def test_what_is_smaller_than_the_ledger_counts_is_left_out_once_at_the_end() -> None:
    """Three of 0.33335 of 0.33335 are 0.3333667…, rounded down; rounding on the way would lose more."""
    found = totals(
        bill.judge(rows(plain("A", "", "0.33335"), plain("B", "A", "0.33335"), plain("C", "B", "3")), 1, LAW)
    )
    assert found["C"] == format_e5(int(3 * Fraction(33335, 100000) ** 2 * E5)) == "0.33336"


@st.composite
def bills(draw: st.DrawFn) -> list[tuple[str, str, int]]:
    """Rows (part, parent, quantity in 0.00001) of a bill in any order: parents have lower numbers, so no circle."""
    count = draw(st.integers(1, 9))
    found = []
    for number in range(count):
        above = draw(st.sets(st.integers(-1, number - 1), min_size=1, max_size=3))
        found += [(f"P{number}", "" if one < 0 else f"P{one}", draw(st.integers(1, 4 * E5))) for one in sorted(above)]
    return draw(st.permutations(found))


def walked(found: list[tuple[str, str, int]], machines: int) -> dict[str, int]:
    """The oracle: every way from the machine down to every place, multiplied and added up."""
    sums: dict[str, Fraction] = {}

    def walk(parent: str, there: Fraction) -> None:
        for part, above, quantity_e5 in found:
            if above == parent:
                here = there * Fraction(quantity_e5, E5)
                sums[part] = sums.get(part, Fraction()) + here
                walk(part, here)

    walk("", Fraction(machines))
    return {part: int(whole * E5) for part, whole in sums.items()}


@settings(max_examples=150, deadline=None)
@given(bills(), st.integers(1, 3))
def test_totals_are_those_of_walking_the_tree(found: list[tuple[str, str, int]], machines: int) -> None:
    judged = bill.judge(rows(*[plain(part, parent, format_e5(each)) for part, parent, each in found]), machines, LAW)
    wanted = walked(found, machines)
    if min(wanted.values()) < 1:
        assert judged.bill is None
    else:
        assert {part: e5(whole) for part, whole in totals(judged).items()} == wanted
        order = {part.part_no: place for place, part in enumerate(judged.bill.parts)} if judged.bill else {}
        assert all(not parent or order[parent] < order[part] for part, parent, _ in found)


WRONG = [
    ("a parent that is not there", [plain("A", "", "1"), plain("B", "X", "1")], [(3, "parent")]),
    ("a part in itself", [plain("A", "", "1"), plain("B", "B", "1")], [(3, "parent")]),
    (
        "a circle, and what only hangs below it is not blamed",
        [plain("A", "", "1"), plain("B", "C", "1"), plain("C", "B", "2"), plain("D", "C", "1")],
        [(3, "parent"), (4, "parent")],
    ),
    ("a circle that the machine reaches", [plain("A", "", "1"), plain("A", "B", "1"), plain("B", "A", "1")],
     [(3, "parent"), (4, "parent")]),
    ("the same place twice", [plain("A", "", "1"), plain("A", "", "2")], [(3, "part_no")]),
    ("the same part, another name", [plain("A", "", "1"), ("B", "", *KNOWN, "1", "", "1"),
     ("A", "B", "另一个", "8413910000", "007", "1", "", "1.00")], [(4, "name")]),
    ("no name", [("A", "", "", "8413910000", "007", "1", "", "1")], [(2, "name")]),
    ("no number", [plain("", "", "1")], [(2, "part_no")]),
    ("a code that is not in the tariff", [("A", "", "零件", "9999999999", "007", "1", "", "1")], [(2, "gcode")]),
    ("a unit that is none", [("A", "", "零件", "8413910000", "斤半", "1", "", "1")], [(2, "unit")]),
    *[(f"quantity {bad!r}", [plain("A", "", bad)], [(2, "quantity")])
      for bad in ("", "0", "-1", "1.000001", "1e3", "十", "0x1", "NaN", "1" * 20)],
    ("nothing left after rounding", [plain("A", "", "0.00001"), plain("B", "A", "0.00001")], [(3, "quantity")]),
    ("more than can be counted", [plain("A", "", "9" * 12), plain("B", "A", "9" * 12)], [(3, "quantity")]),
    ("too few serial numbers", [plain("A", "", "2", "S1")], [(2, "serial_nos")]),
    ("a serial number twice", [plain("A", "", "2", "S1 S1")], [(2, "serial_nos")]),
    ("too deep", [plain("P0", "", "1"), *[plain(f"P{n}", f"P{n - 1}", "1") for n in range(1, MAX_LEVELS + 1)]],
     [(MAX_LEVELS + 2, "parent")]),
]  # fmt: skip


@pytest.mark.parametrize(("given_rows", "where"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_what_is_wrong_is_told_with_its_row(given_rows: list[tuple[str, ...]], where: list[tuple[int, str]]) -> None:
    assert told(bill.judge(rows(*given_rows), 1, LAW)) == where


def test_units_may_be_named_in_either_language_and_codes_written_with_points() -> None:
    row = ("A", "", "零件", "8413.91.0000", "米", "1", "", "1,000.50")
    judged = bill.judge(rows(row), 1, LAW)
    assert judged.bill is not None
    assert judged.bill.parts[0]._replace(serial_nos=()) == ("A", "零件", "8413910000", "030", 100_050, (), E5)


def test_a_chain_of_thousands_that_ends_in_a_circle_is_told_soon() -> None:
    """Linear in the rows: a hostile table of the largest size is judged while one waits."""
    chain = [plain("P0", "", "1"), *[plain(f"P{n}", f"P{n - 1}", "0.00001") for n in range(1, 4_998)]]
    judged = bill.judge(rows(*chain, plain("X", "P4997", "1"), plain("Y", "X", "1"), plain("X", "Y", "1")), 1, LAW)
    assert told(judged) == [(5_001, "parent"), (5_002, "parent")]


@pytest.mark.parametrize(
    ("left", "months", "last"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 11, 23), 1, date(2026, 12, 23)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 6, 30), 240, date(2046, 6, 30)),
    ],
    ids=str,
)
def test_a_warranty_ends_on_the_same_day_of_the_month(left: date, months: int, last: date) -> None:
    assert warranty_end(left, months) == last
