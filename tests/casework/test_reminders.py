"""Deadlines that come near or have passed are told once each, of whoever the case waits for."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import connection

from casework.people import CHEN, LI, MONDAY, days, opened_at
from silkgate.casework import api as casework
from silkgate.casework.api import Case, Reminded
from silkgate.journal import api as journal


def remind(at: datetime) -> Reminded:
    with connection.cursor() as cursor:
        return casework.remind(cursor, at)


def told(case: Case) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        events = journal.of_subject(cursor, "case", case.id)
    return [(event.kind, event.detail["due_on"]) for event in events if event.actor == "casework"]


def test_a_deadline_is_told_when_near_and_when_passed(opened: Case) -> None:
    """Ten working days after Monday 23 November are Monday 7 December; near from Wednesday the 2nd."""
    assert remind(MONDAY + days(8)) == ((), ())
    assert remind(MONDAY + days(9)) == ((opened.id,), ())
    assert remind(MONDAY + days(10)) == ((), ())
    assert remind(MONDAY + days(14)) == ((), ()), "the last day is not late"
    assert remind(MONDAY + days(15)) == ((), (opened.id,))
    assert remind(MONDAY + days(16)) == ((), ())
    assert told(opened) == [("case.due_soon", "2026-12-07"), ("case.overdue", "2026-12-07")]


def test_a_new_deadline_is_told_anew(opened: Case) -> None:
    remind(MONDAY + days(9))
    casework.move(LI, opened.id, "ask_papers", reason="请补材料", at=MONDAY + days(9))
    assert remind(MONDAY + days(10)) == ((), ())
    assert remind(MONDAY + days(14)) == ((opened.id,), ()), "now the applicant's: 9 December"
    assert told(opened)[-1] == ("case.due_soon", "2026-12-09")


def test_a_closed_case_is_let_be(opened: Case) -> None:
    casework.move(CHEN, opened.id, "withdraw", at=MONDAY)
    assert remind(MONDAY + days(60)) == ((), ())


def test_two_watches_tell_of_a_case_once(opened: Case, database: str) -> None:
    """The second one passes by what the first has in hand, and does not wait for it."""
    other = opened_at(MONDAY + timedelta(hours=1))
    with psycopg.connect(database) as one, psycopg.connect(database) as two:
        first = casework.remind(one.cursor(), MONDAY + days(30))
        assert casework.remind(two.cursor(), MONDAY + days(30)) == ((), ())
    assert first.late == (opened.id, other.id)


@pytest.mark.parametrize("at", [MONDAY + days(9), MONDAY + days(30)])
def test_what_is_rolled_back_is_told_again(opened: Case, database: str, at: datetime) -> None:
    with psycopg.connect(database) as one:
        assert any(casework.remind(one.cursor(), at))
        one.rollback()
    assert any(remind(at))
