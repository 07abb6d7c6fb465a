"""Working days by the State Council's notices: every day of two years, counting both ways, and years yet unknown."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silkgate.casework import api as casework
from silkgate.casework.calendar import CalendarFileError, read_year

# Copied day by day from the notices' sentences, not from the files under test.
WORKDAYS_OFF = {
    2025: "01-01 01-28 01-29 01-30 01-31 02-03 02-04 04-04 05-01 05-02 05-05 06-02 10-01 10-02 10-03 10-06 10-07 10-08",
    2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25"
    " 10-01 10-02 10-05 10-06 10-07",
}
WEEKENDS_WORKED = {
    2025: "01-26 02-08 04-27 09-28 10-11",
    2026: "01-04 02-14 02-28 05-09 09-20 10-10",
}


@pytest.mark.parametrize("year", WORKDAYS_OFF)
def test_every_day_of_a_year(year: int) -> None:
    calendar = casework.calendar()
    off, worked = WORKDAYS_OFF[year].split(), WEEKENDS_WORKED[year].split()
    for number in range(366):
        day = date(year, 1, 1) + timedelta(number)
        if day.year == year:
            expected = f"{day:%m-%d}" in worked or (day.weekday() < 5 and f"{day:%m-%d}" not in off)
            assert calendar.is_working(day) is expected, day


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-23", 5, "2026-11-30"),
        ("2026-09-30", 1, "2026-10-08"),  # National Day
        ("2026-10-08", 2, "2026-10-10"),  # a Saturday that is worked
        ("2026-02-13", 1, "2026-02-14"),
        ("2026-02-14", 1, "2026-02-24"),  # Spring Festival
        ("2025-01-27", 1, "2025-02-05"),
        ("2026-11-21", 0, "2026-11-23"),  # a Saturday moves to Monday
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-25", -1, "2026-11-24"),
        ("2026-11-21", -1, "2026-11-19"),
        ("2026-10-08", -1, "2026-09-30"),
    ],
)
def test_a_deadline(day: str, count: int, expected: str) -> None:
    assert casework.working_day_after(date.fromisoformat(day), count) == date.fromisoformat(expected)


DAYS = st.dates(date(2024, 12, 1), date(2027, 2, 1))


@given(DAYS, st.integers(-60, 60))
def test_counting_on_and_back_agree(day: date, count: int) -> None:
    end = casework.working_day_after(day, count)
    assert casework.calendar().is_working(end)
    if count or end == day:
        assert casework.working_days_between(day, end) == count


@given(DAYS, DAYS, DAYS)
def test_stretches_add_up(one: date, two: date, three: date) -> None:
    between = casework.working_days_between
    assert between(one, two) + between(two, three) == between(one, three)


def test_a_year_without_a_notice_counts_weekends_and_says_so() -> None:
    assert casework.working_day_after(date(2027, 9, 30), 1) == date(2027, 10, 1)
    assert casework.calendar_note(date(2026, 1, 1), date(2026, 12, 31)) is None
    note = casework.calendar_note(date(2026, 12, 30), date(2027, 1, 8))
    assert note is not None
    assert "2027" in note.zh
    assert "2027" in note.en


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        'notice = "x"',
        "[[holidays]]\nname = { zh = '元旦', en = 'New Year' }\nfirst = 2030-01-03\nlast = 2030-01-01",
        "[[holidays]]\nname = { zh = '元旦', en = 'New Year' }\nfirst = 2031-01-01\nlast = 2031-01-01",
        "[[holidays]]\nname = { zh = '元旦', en = 'New Year' }\nfirst = 2030-01-01\nlast = 2030-01-01\n"
        "worked = [2030-01-02]",
        "[[holidays]]\nname = { zh = '元旦', en = 'New Year' }\nfirst = 2030-01-01T00:00:00\nlast = 2030-01-01",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, wrong: str) -> None:
    head = "notice = { zh = 'a', en = 'a' }\npublished = 2029-11-01\nsource = 'x'\nverified = true\n"
    file = tmp_path / "2030.toml"
    file.write_text((head if wrong.startswith("[[") else "") + wrong, "utf-8")
    with pytest.raises(CalendarFileError, match=r"2030\.toml"):
        read_year(file)
