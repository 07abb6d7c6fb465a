"""Cases in words and shapes: the state's mark, the deadline, the timeline of steps and papers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from silkgate.casework.calendar import calendar
from silkgate.casework.domain import APPLICANT, OFFICER, SIDES, Case, Evidence, Step, Workflow
from silkgate.casework.domain import State as CaseState
from silkgate.casework.queries import workflow_of
from silkgate.identity.api import AGENCIES
from silkgate.kernel.text import Text
from silkgate.ui.shapes import Event
from silkgate.ui.states import State

_MARKS = {OFFICER: "waiting", APPLICANT: "held"}
_OPENED, _ADDED = Text("提出", "Opened"), Text("提交材料", "Papers added")


def mark(case: Case) -> State:
    """Word, shape and colour of where a case stands; what it waits for as its meaning."""
    state = workflow_of(case).states[case.state]
    meaning = Text("已办结", "Closed")
    if state.open:
        meaning = _waits_for(state) or Text("办理中", "In progress")
    return State(case.state, _mark(state), state.words, meaning)


def _mark(state: CaseState) -> str:
    return state.mark or (_MARKS.get(state.waits_for, "waiting") if state.open else "returned")


def _waits_for(state: CaseState) -> Text | None:
    side = SIDES.get(state.waits_for)
    return side and Text(f"等待{side.zh}办理", f"Waits for {side.en[0].lower()}{side.en[1:]}")


def outline(case: Case, workflow: Workflow, today: date) -> tuple[tuple[Text, Text], ...]:
    """What is to be known about a deadline, as names and words."""
    lines = []
    waits = _waits_for(workflow.states[case.state])
    if case.is_open and waits:
        lines.append((Text("当前", "Now"), waits))
    if case.is_open and case.due_on is not None:
        left = calendar().working_days_between(today, case.due_on)
        words = (
            Text(f"还有{left}个工作日", f"{left} working days left")
            if case.due_on >= today
            else Text(f"已逾期{-left}个工作日", f"{-left} working days late")
        )
        lines.append((Text("期限", "Deadline"), Text(f"{case.due_on}（{words.zh}）", f"{case.due_on} ({words.en})")))
    if case.officer_days_left is not None:
        left = max(case.officer_days_left, 0)
        lines.append(
            (
                Text("审核期限", "Officer’s deadline"),
                Text(f"暂停计算，还剩{left}个工作日", f"Stands still, with {left} working days left"),
            )
        )
    return tuple(lines)


def timeline(workflow: Workflow, steps: list[Step], papers: list[Evidence], with_names: bool) -> tuple[Event, ...]:
    """Steps and papers, oldest first, papers before the step that brought them. Others than officers read no names."""
    events = [
        *(Event(one.at, _ADDED, _who(one.by, one.agency, with_names), Text(one.name, one.name)) for one in papers),
        *(_step(workflow, step, with_names) for step in steps),
    ]
    return tuple(sorted(events, key=lambda event: event.when))


def _step(workflow: Workflow, step: Step, with_names: bool) -> Event:
    move = workflow.move(step.move)
    what, state = (move.words if move else _OPENED), workflow.states[step.target]
    if step.source != step.target:
        what = Text(f"{what.zh} → {state.words.zh}", f"{what.en} → {state.words.en}")
    said = _joined([step.reason, step.rule])
    return Event(step.at, what, _who(step.actor, step.agency, with_names), said, _mark(state))


def _joined(parts: Iterable[str]) -> Text | None:
    given = [part for part in parts if part]
    return Text("　依据：".join(given), " — rule: ".join(given)) if given else None


def _who(name: str, agency: str, with_names: bool) -> Text:
    if not agency:
        return Text(f"申请人 {name}", f"Applicant {name}")
    words = AGENCIES.get(agency, Text(agency, agency))
    return Text(f"{words.zh} {name}", f"{words.en} {name}") if with_names else words
