"""What is overdue in storage becomes a case for an officer, once; it is made good, or more time is given."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bonded.kept import BOOK, CLERK, DAY, NOW, OFFICER, OWNER, drawn, enter, lot, order
from silkgate.bonded.storage import actions, queries
from silkgate.bonded.storage.domain import EXPORT, IMPORT
from silkgate.bonded.storage.workflows import raise_cases
from silkgate.casework import api as casework
from silkgate.kernel.clock import CHINA
from silkgate.site.database import url_of, use_database
from silkgate.site.watching import look_after_storage

NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, tzinfo=CHINA)
NEW_YEAR = datetime(2027, 1, 1, 0, 0, tzinfo=CHINA)
NOVEMBER = date(2026, 11, 1)


def one_case(number: int) -> casework.Case:
    found = casework.case(number)
    assert found is not None
    return found


def test_a_month_that_was_not_declared_in_time_is_a_case_once(storage: None) -> None:
    enter()
    drawn()
    drawn(order("SO-2", 10, direction=IMPORT))
    assert raise_cases(NEW_YEARS_EVE) == ((), ())
    (number,) = raise_cases(NEW_YEAR).late
    assert raise_cases(NEW_YEAR + DAY) == ((), ())
    found = one_case(number)
    assert (found.organisation_code, found.subject, found.state) == (OWNER, f"{BOOK}/2026-11", "open")
    # 1 to 3 January 2027 is the new year's holiday or a weekend; five working days from then.
    assert found.due_on == casework.working_day_after(date(2027, 1, 1), 5)


def test_what_is_declared_in_time_raises_nothing(storage: None) -> None:
    enter()
    drawn()
    actions.declare(CLERK, OWNER, BOOK, EXPORT, NOVEMBER, at=NEW_YEARS_EVE)
    assert raise_cases(NEW_YEAR) == ((), ())


def test_december_ends_with_the_year(storage: None) -> None:
    enter()
    drawn(at=NEW_YEARS_EVE)
    assert len(raise_cases(NEW_YEAR).late) == 1


def test_a_late_month_is_closed_once_it_is_declared(storage: None) -> None:
    enter()
    drawn()
    (number,) = raise_cases(NEW_YEAR).late
    with pytest.raises(casework.MoveRefused, match="still wait to be declared"):
        casework.move(OFFICER, number, "settle", reason="已核实补报", at=NEW_YEAR)
    casework.move(OFFICER, number, "order", reason="请五日内补报", at=NEW_YEAR)
    actions.declare(CLERK, OWNER, BOOK, EXPORT, NOVEMBER, at=NEW_YEAR + DAY)
    casework.move(CLERK, number, "answer", reason="系统升级漏报，已补报", at=NEW_YEAR + DAY)
    closed = casework.move(OFFICER, number, "settle", reason="已核实补报", at=NEW_YEAR + 2 * DAY)
    assert (closed.state, closed.is_open) == ("settled", False)
    assert [step.move for step in casework.history(number)] == ["", "order", "answer", "settle"]


def test_a_lot_that_stays_too_long_is_a_case_and_may_be_given_time(storage: None) -> None:
    number, other = enter(), enter(lot("LOT-2"))
    last = datetime(2027, 11, 23, 12, tzinfo=CHINA)
    assert raise_cases(last) == ((), ())
    raised = raise_cases(last + DAY).overstay
    assert {one_case(one).data["lot"] for one in raised} == {number, other}
    assert raise_cases(last + 2 * DAY).overstay == ()
    mine = next(one for one in raised if one_case(one).data["lot"] == number)
    with pytest.raises(casework.MoveRefused, match="give more time"):
        casework.move(OFFICER, mine, "settle", reason="货物已提完", at=last + DAY)
    casework.move(OFFICER, mine, "extend", reason="退运已排期，同意延期", at=last + DAY)
    longer = queries.lot(number)
    assert longer is not None
    assert longer.limit_on == date(2027, 11, 24) + 180 * DAY
    again = datetime(2028, 5, 23, 12, tzinfo=CHINA)
    assert [one_case(one).data["lot"] for one in raise_cases(again).overstay] == [number]


def test_a_lot_that_has_left_raises_nothing(storage: None) -> None:
    enter()
    drawn(order(pieces=100))
    actions.declare(CLERK, OWNER, BOOK, EXPORT, NOVEMBER, at=NOW)
    assert raise_cases(NOW + 800 * DAY) == ((), ())


def test_the_watch_raises_cases_and_outlives_a_database_that_is_away(
    storage: None, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    enter()
    drawn()
    with caplog.at_level("INFO"):
        look_after_storage(NEW_YEAR)
        use_database(url_of(database, "no_such_database"))
        look_after_storage(NEW_YEAR + DAY)
        use_database(database)
    assert "months not declared: 1" in caplog.text
    assert "no cases of overdue storage" in caplog.text
    assert raise_cases(NEW_YEAR + DAY) == ((), ())
