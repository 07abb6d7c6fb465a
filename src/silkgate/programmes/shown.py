"""The market in words and shapes: marks of states, the timeline, what waits for whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from silkgate.casework import api as casework
from silkgate.kernel.text import Text
from silkgate.programmes import models
from silkgate.programmes.domain import COURSES, ENQUIRY, OPERATOR, ORDER, SIDES, Course
from silkgate.ui.shapes import Event
from silkgate.ui.states import State

_BEGUN = {ENQUIRY.name: Text("发出询价", "Enquiry sent"), ORDER.name: Text("下单", "Order placed")}


def mark(course: Course, state: str) -> State:
    """Word, shape and colour of where an enquiry or order stands."""
    known = course.states[state]
    waits = SIDES.get(known.waits_for)
    meaning = Text(f"等待{waits.zh}办理", f"Waits for the {waits.en.lower()}") if waits else Text("已办结", "Closed")
    return State(state, known.mark, known.words, meaning)


def waits(course: Course, state: str, held: Iterable[str]) -> Text | None:
    """Whom it waits for, as the reader on the sides `held` is told; None: it is closed."""
    side = course.states[state].waits_for
    if not side:
        return None
    if side in set(held):
        return Text("等待您办理", "It waits for you")
    return Text(f"等待{SIDES[side].zh}办理", f"It waits for the {SIDES[side].en.lower()}")


def deadline(task_id: int | None) -> Text | None:
    """Until when whoever it waits for should act, in words; None: there is no deadline."""
    case = casework.case(task_id) if task_id else None
    if case is None or case.due_on is None:
        return None
    return Text(f"{case.due_on}前", f"by {case.due_on}")


def timeline(steps: Iterable[models.Step], names: dict[str, str], *, with_people: frozenset[str]) -> tuple[Event, ...]:
    """Steps, oldest first. `names`: of the parties by side; people are named to their own side alone."""
    return tuple(_step(step, names, step.side in with_people) for step in steps)


def _step(step: models.Step, names: dict[str, str], with_person: bool) -> Event:
    course = COURSES[step.course]
    move = course.moves.get(step.move)
    what, state = (move.words if move else _BEGUN[course.name]), course.states[step.target]
    side = SIDES[step.side]
    person = f" {step.actor}" if with_person else ""
    party = "" if step.side == OPERATOR else names.get(step.side, "")
    who = Text(f"{side.zh} {party}{person}", f"{side.en} {party}{person}")
    told = Text(f"{what.zh} → {state.words.zh}", f"{what.en} → {state.words.en}")
    said = [part for part in (step.reason, step.rule) if part]
    detail: Any = Text("　依据：".join(said), " — rule: ".join(said)) if said else None
    return Event(step.at, told, who, detail, state.mark)
