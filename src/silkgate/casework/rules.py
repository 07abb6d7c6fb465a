"""Judges of casework: whether a workflow holds together, who may make a move, how a deadline passes on. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import date
from typing import NamedTuple

from silkgate.casework.calendar import Calendar
from silkgate.casework.domain import (
    APPLICANT,
    LONGEST_REASON,
    LONGEST_RULE,
    OFFICER,
    SHORTEST_REASON,
    SIDES,
    Case,
    Move,
    State,
    Workflow,
)
from silkgate.kernel.text import Text
from silkgate.ui.states import MARKS

# --- A workflow as a whole --------------------------------------------------------------------------------------------


def faults(workflow: Workflow, duties: Container[str], roles: Container[str], scopes: Container[str]) -> list[str]:
    """What is wrong with a workflow, in English, for the developer who declares it; empty: nothing."""
    found = [
        *(_state_fault(name, state, workflow) for name, state in workflow.states.items()),
        *(fault for move in workflow.moves for fault in _move_faults(move, workflow, duties)),
        *(f"unknown role {role}" for role in workflow.roles if role not in roles),
        *(f"unknown scope {scope}" for scope in workflow.scopes if scope not in scopes),
    ]
    names = [move.name for move in workflow.moves]
    found += [f"two moves are called {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    if not workflow.roles and not workflow.scopes:
        found.append("nobody can be its applicant")
    if workflow.first not in workflow.states:
        found.append(f"its first state {workflow.first} is not declared")
    elif not any(found):
        found += _path_faults(workflow)
    return [fault for fault in found if fault]


def _state_fault(name: str, state: State, workflow: Workflow) -> str:
    if state.waits_for and state.waits_for not in SIDES:
        return f"state {name} waits for {state.waits_for}, who is neither officer nor applicant"
    if not state.open and (state.waits_for or state.working_days is not None):
        return f"state {name} is closed, and yet waits for somebody or has a deadline"
    if state.mark and state.mark not in MARKS:
        return f"state {name} has the unknown mark {state.mark}"
    if state.working_days is not None and state.working_days < 1:
        return f"state {name} has a deadline of {state.working_days} working days"
    if state.waits_for and state.waits_for not in {move.by for move in workflow.moves_from(name)}:
        return f"state {name} waits for the {state.waits_for}, who has no move there"
    return ""


def _move_faults(move: Move, workflow: Workflow, duties: Container[str]) -> Iterable[str]:
    strange = sorted({*move.sources, move.target} - workflow.states.keys())
    if strange:
        yield f"move {move.name} names unknown states {', '.join(strange)}"
    if not move.sources:
        yield f"move {move.name} starts nowhere"
    if move.by not in SIDES:
        yield f"move {move.name} is made by {move.by!r}, who is neither officer nor applicant"
    if move.by == OFFICER and move.duty not in duties:
        yield f"move {move.name} asks for the unknown duty {move.duty!r}"
    if move.by == APPLICANT and (move.duty or move.four_eyes):
        yield f"move {move.name} asks an applicant for a duty, or for four eyes"


def _path_faults(workflow: Workflow) -> Iterable[str]:
    ways = [(source, move.target) for move in workflow.moves for source in move.sources]
    reached = _closure({workflow.first}, ways)
    ending = _closure(
        {name for name, state in workflow.states.items() if not state.open}, [(end, start) for start, end in ways]
    )
    for name, state in workflow.states.items():
        if name not in reached:
            yield f"state {name} cannot be reached"
        if state.open and name not in ending:
            yield f"from the open state {name} no way leads to an end"


def _closure(states: set[str], ways: list[tuple[str, str]]) -> set[str]:
    reached = set(states)
    while more := {end for start, end in ways if start in reached} - reached:
        reached |= more
    return reached


# --- One move ---------------------------------------------------------------------------------------------------------


def in_time(move: Move, entered: date, today: date, calendar: Calendar) -> bool:
    """Whether a move whose time is limited may still be made."""
    if move.within_working_days is None:
        return True
    return today <= calendar.working_day_after(entered, move.within_working_days)


def reason_fault(move: Move, reason: str, rule: str) -> Text | None:
    """What is wrong with what was said about a move; None: nothing."""
    if (move.reason and len(reason) < SHORTEST_REASON) or len(reason) > LONGEST_REASON:
        return Text(
            f"理由应为{SHORTEST_REASON}至{LONGEST_REASON}字，对方会看到。",
            f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters; the other side reads it.",
        )
    if len(rule) > LONGEST_RULE:
        return Text(f"依据最多{LONGEST_RULE}字。", f"The rule has at most {LONGEST_RULE} characters.")
    return None


class Deadline(NamedTuple):
    """Fields of a case that tell its deadline; see `Case`."""

    due_on: date | None
    officer_state: str = ""
    officer_days_left: int | None = None


def deadline(case: Case | None, workflow: Workflow, target: str, today: date, calendar: Calendar) -> Deadline:
    """The deadline in the state `target` when it is entered `today` from where `case` stands (None: it is opened).

    A move that stays where it is changes nothing. The officer's deadline stands still while the case waits for the
    applicant, and goes on where the case comes back to the officer's state that it left; any other state counts anew.
    """
    state = workflow.states[target]
    if case is not None and case.state == target:
        return Deadline(case.due_on, case.officer_state, case.officer_days_left)
    counted = None if state.working_days is None else calendar.working_day_after(today, state.working_days)
    if case is None:
        return Deadline(counted)
    here = workflow.states[case.state]
    if state.waits_for == APPLICANT:
        if here.waits_for == OFFICER:
            left = None if case.due_on is None else calendar.working_days_between(today, case.due_on)
            return Deadline(counted, case.state, left)
        return Deadline(counted, case.officer_state, case.officer_days_left)
    if case.officer_state == target and case.officer_days_left is not None:
        return Deadline(calendar.working_day_after(today, case.officer_days_left))
    return Deadline(counted)
