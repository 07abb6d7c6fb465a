"""Whatever people try, in whatever order and with whatever pauses, a case keeps its promises.

A second account of the deadline runs beside: it counts down working days one by one, and only while the case waits for
the officer.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.people import CHEN, LI, LICENCE, MONDAY, STRANGERS, WANG, days, opened_at
from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Case, MoveRefused, NotYours
from silkgate.identity.api import Actor
from silkgate.kernel.clock import china_day

ACTORS = (LI, LI, LI, CHEN, CHEN, WANG, STRANGERS["officer with other duties"])
MOVES = [move.name for move in LICENCE.moves]


class Countdown:
    """Working days that the officer has left, counted day by day."""

    def __init__(self, today: date, state: str) -> None:
        self.today, self.state = today, state
        self.left = LICENCE.states[state].working_days or 0
        self.left_state = state

    def live(self, count: int) -> None:
        for _ in range(count):
            self.today += timedelta(1)
            if LICENCE.states[self.state].waits_for == OFFICER:
                self.left -= casework.calendar().is_working(self.today)

    def enter(self, state: str) -> None:
        if state == self.state:
            return
        if LICENCE.states[state].waits_for == OFFICER:
            if self.left_state != state or LICENCE.states[self.state].waits_for != APPLICANT:
                self.left = LICENCE.states[state].working_days or 0
            elif self.left == 0 and not casework.calendar().is_working(self.today):
                self.left = 1  # a deadline does not end on a day off
            self.left_state = state
        self.state = state


def chosen(random: Random, actor: Actor, case: Case, at: datetime) -> str:
    """A move that may be made, or sometimes any."""
    may = [move.name for move in casework.possible(actor, case, at)]
    return random.choice(may if may and random.random() < 0.8 else MOVES)


def attempt(actor: Actor, case: Case, move: str, brings_file: bool, at: datetime, number: int) -> Case:
    """The case after the attempt, changed or not."""
    expected = {one.name for one in casework.possible(actor, case, at)} if casework.sees(actor, case) else set()
    new_file = any(one.case_version == case.version for one in casework.evidence(case.id))
    if brings_file and expected:
        casework.attach(actor, case.id, f"{number}.txt", f"{number}".encode(), at)
        new_file = True
    try:
        moved = casework.move(actor, case.id, move, reason="按规定办理", at=at)
    except (MoveRefused, NotYours):
        declared = LICENCE.move(move)
        assert move not in expected or (declared and declared.evidence and not new_file)
        assert casework.case(case.id) == case
        return case
    assert move in expected
    return moved


def check(case: Case) -> None:
    """What always holds: the steps replay to the state, four eyes are two people, only the closed are closed."""
    steps = casework.history(case.id)
    assert [step.number for step in steps] == list(range(1, case.version + 1))
    state, last_officer = "", ""
    for step in steps:
        move = LICENCE.move(step.move)
        assert step.source == state
        assert (move is None) == (step.number == 1)
        if move:
            assert step.source in move.sources
            assert step.target == move.target
            assert bool(step.agency) == (move.by == OFFICER)
            assert not (move.four_eyes and step.actor == last_officer)
            last_officer = step.actor if move.by == OFFICER else last_officer
        state = step.target
    assert (case.state, case.last_officer) == (state, last_officer)
    assert case.is_open is LICENCE.states[state].open


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_walk(database: str, licence: object, folder: object, seed: int) -> None:
    random = Random(seed)
    at = MONDAY
    case = opened_at(at)
    countdown = Countdown(china_day(at), case.state)
    for number in range(16):
        pause = random.choice((0, 0, 1, 3, 7))
        at += days(pause)
        countdown.live(pause)
        actor = random.choice(ACTORS)
        move, brings_file = chosen(random, actor, case, at), random.random() < 0.7
        case = attempt(actor, case, move, brings_file, at, number)
        countdown.enter(case.state)
        check(case)
        waits_for = LICENCE.states[case.state].waits_for
        if waits_for == OFFICER:
            assert case.due_on is not None
            assert casework.working_days_between(china_day(at), case.due_on) == countdown.left
            assert case.officer_days_left is None
        elif waits_for == APPLICANT:
            assert case.officer_days_left == countdown.left
        else:
            assert case.due_on is None
