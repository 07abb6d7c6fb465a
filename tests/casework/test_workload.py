"""What waits, in numbers for officers and as a short list for applicants."""

from __future__ import annotations

import pytest

from casework.people import CHEN, FIRM, LI, LICENCE, MONDAY, OTHER_FIRM, STRANGERS, days, member, officer, opened_at
from silkgate.casework import api as casework
from silkgate.casework import queries
from silkgate.casework.api import Workflow
from silkgate.identity.api import Actor

pytestmark = pytest.mark.usefixtures("database", "licence")


def load(actor: Actor, at: object = MONDAY) -> tuple[int, int]:
    """Open and late cases of the licence in the work list of `actor`."""
    found = [one for one in casework.workload(actor, at) if one.workflow == LICENCE]  # type: ignore[arg-type]
    return (found[0].open, found[0].late) if found else (0, 0)


def test_an_officer_reads_how_much_waits_and_how_much_is_late(licence: Workflow) -> None:
    assert load(LI) == (0, 0)
    numbers = [opened_at(MONDAY + days(place)).id for place in (0, 0, 21)]
    assert load(LI) == (3, 0)
    assert load(LI, MONDAY + days(21)) == (3, 2), "ten working days are over for two of them"
    assert load(officer("zhou", "audit")) == (0, 0), "what asks for other duties is not counted"
    casework.move(LI, numbers[0], "ask_papers", reason="请补交章程", at=MONDAY)
    assert load(LI, MONDAY + days(21)) == (2, 1), "what waits for the applicant is not"
    listed = casework.worklist(LI, at=MONDAY + days(21), workflow=licence.name).lines
    assert load(LI, MONDAY + days(21)) == (len(listed), sum(line.late for line in listed))


def test_counting_stops_where_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    for _ in range(3):
        opened_at(MONDAY)
    assert load(LI, MONDAY + days(30)) == (2, 2)


def test_an_applicant_reads_what_waits_for_them_oldest_deadline_first() -> None:
    numbers = [opened_at(MONDAY).id for _ in range(3)]
    assert casework.awaiting(CHEN) == ()
    for place in (1, 0):
        at = MONDAY + days(1 - place)
        casework.move(LI, numbers[place], "ask_papers", reason="请补交章程", at=at)
    assert [line.case.id for line in casework.awaiting(CHEN)] == [numbers[1], numbers[0]]
    assert [line.case.id for line in casework.awaiting(CHEN, limit=1)] == [numbers[1]]
    assert [line.late for line in casework.awaiting(CHEN, at=MONDAY + days(90))] == [True, True]
    for actor in (*STRANGERS.values(), LI, member("deng", OTHER_FIRM)):
        assert casework.awaiting(actor) == (), actor.name
    assert {line.case.organisation_code for line in casework.awaiting(CHEN)} == {FIRM}
