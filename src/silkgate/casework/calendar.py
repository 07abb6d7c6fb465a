"""Working days by the Chinese calendar: holidays and make-up days as the State Council announces them, year by year.

The notices are dated data (`reference/calendar/*.toml`). In a year without a notice only weekends are days off, and
`uncertain` says so.
"""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from silkgate.kernel.text import Text

_BESIDE_SOURCE = Path(__file__).resolve().parents[3] / "reference"
_DAY = timedelta(days=1)
_SATURDAY = 5


class CalendarFileError(ValueError):
    """A file of the calendar cannot be used; says which, where and why."""


class Holiday(NamedTuple):
    """One holiday with the days worked in exchange."""

    words: Text
    first: date
    last: date
    worked: tuple[date, ...]


class Year(NamedTuple):
    """One year's notice."""

    year: int
    notice: Text
    published: date
    source: str
    verified: bool
    holidays: tuple[Holiday, ...]


class Calendar:
    """Which days are worked. `years` by number; a year that is missing has weekends only."""

    def __init__(self, years: Mapping[int, Year]) -> None:
        self.years = years
        holidays = [holiday for year in years.values() for holiday in year.holidays]
        self._off = {
            holiday.first + place * _DAY
            for holiday in holidays
            for place in range((holiday.last - holiday.first).days + 1)
        }
        self._worked = {day for holiday in holidays for day in holiday.worked}

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked."""
        return day in self._worked or (day not in self._off and day.weekday() < _SATURDAY)

    def working_day_after(self, day: date, count: int) -> date:
        """The working day that is `count` working days after `day`, which itself does not count.

        0: `day`, or the next working day where it is none. Below zero: before it, so that
        `working_days_between(day, working_day_after(day, count)) == count` but for 0 on a day off.
        """
        left = abs(count)
        if count < 0:
            # A working day counts as it is left.
            while left or not self.is_working(day):
                left -= self.is_working(day)
                day -= _DAY
            return day
        while left:
            day += _DAY
            left -= self.is_working(day)
        while not self.is_working(day):
            day += _DAY
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Working days after `first` up to and with `last`; negative where `last` comes before `first`."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working(first + place * _DAY) for place in range(1, (last - first).days + 1))

    def uncertain(self, first: date, last: date) -> tuple[int, ...]:
        """Years between two days of which no notice is known."""
        return tuple(year for year in range(first.year, last.year + 1) if year not in self.years)


def read_year(path: Path) -> Year:
    """One file `<year>.toml`. Raises CalendarFileError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        holidays = tuple(
            Holiday(Text(**entry["name"]), entry["first"], entry["last"], tuple(entry.get("worked", ())))
            for entry in content["holidays"]
        )
        _judge(int(path.stem), holidays)
        return Year(
            int(path.stem),
            Text(**content["notice"]),
            content["published"],
            content["source"],
            content["verified"],
            holidays,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CalendarFileError(f"{path.parent.name}/{path.name}: {error!r}") from error


def _judge(year: int, holidays: tuple[Holiday, ...]) -> None:
    """Days of that year, in order; worked in exchange are weekends only. Raises ValueError with what is not so."""
    days = [day for holiday in holidays for day in (holiday.first, holiday.last, *holiday.worked)]
    wrong = [
        *(f"{day} is no day of {year}" for day in days if day.year != year),
        *(f"{holiday.words.en} ends before it begins" for holiday in holidays if holiday.last < holiday.first),
        *(f"{day} is no weekend" for holiday in holidays for day in holiday.worked if day.weekday() < _SATURDAY),
    ]
    if wrong:
        raise ValueError("; ".join(wrong))


@functools.cache
def calendar() -> Calendar:
    """The calendar of this installation, read once. Raises CalendarFileError."""
    folder = Path(os.environ.get("SILKGATE_REFERENCE") or _BESIDE_SOURCE) / "calendar"
    return Calendar({int(path.stem): read_year(path) for path in sorted(folder.glob("[0-9]*.toml"))})


def note(first: date, last: date) -> Text | None:
    """A word of caution where days were counted in a year without a notice; None where all are known."""
    years = calendar().uncertain(first, last)
    if not years:
        return None
    named = "、".join(map(str, years)), ", ".join(map(str, years))
    return Text(
        f"{named[0]}年放假安排尚未录入，该年只按周末计算。",
        f"The holidays of {named[1]} are not known here yet; only weekends are left out in that year.",
    )
