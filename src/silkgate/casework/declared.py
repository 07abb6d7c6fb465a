"""The workflows that the rooms above have declared, and who sees their cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from silkgate.casework import rules
from silkgate.casework.domain import APPLICANT, Case, Move, Workflow
from silkgate.identity.api import DUTIES, ROLES, SCOPES, Action, Actor, action

OnEnter = Callable[[Case, Actor, datetime], None]
Context = Callable[[Case, Actor], Mapping[str, Any]]


class Declared(NamedTuple):
    """A workflow with what its room adds."""

    workflow: Workflow
    on_enter: Mapping[str, OnEnter]
    template: str
    context: Context | None
    sees: Action
    """To see its cases: officers by duty, applicants by role or scope."""
    applies: Action
    """To act as applicant."""


_DECLARED: dict[str, Declared] = {}


def declare(
    workflow: Workflow,
    *,
    on_enter: Mapping[str, OnEnter] | None = None,
    template: str = "",
    context: Context | None = None,
) -> None:
    """Make a workflow known. Called once by a room above, when Django starts.

    `on_enter`: by state; called with the case as it then stands, in the transaction of the move (or opening) that
    leads there; whatever it raises undoes the move. `template`: included in the case's page, given `case` and what
    `context` returns. Raises ValueError that lists what is wrong with the workflow.
    """
    enter = dict(on_enter or {})
    wrong = rules.faults(workflow, DUTIES, ROLES, SCOPES)
    wrong += [f"on_enter names the unknown state {name}" for name in enter if name not in workflow.states]
    if workflow.name in _DECLARED and _DECLARED[workflow.name].workflow != workflow:
        wrong.append("it was declared before, and differently")
    if wrong:
        raise ValueError(f"workflow {workflow.name}: {'; '.join(wrong)}")
    words, roles, scopes = workflow.words, workflow.roles, workflow.scopes
    _DECLARED[workflow.name] = Declared(
        workflow,
        enter,
        template,
        context,
        sees=action(
            f"casework.see.{workflow.name}",
            f"查看事项：{words.zh}",
            f"See cases: {words.en}",
            duties=workflow.duties,
            roles=roles,
            scopes=scopes,
        ),
        applies=action(
            f"casework.apply.{workflow.name}",
            f"办理事项：{words.zh}",
            f"Act in cases: {words.en}",
            roles=roles,
            scopes=scopes,
        ),
    )


def declared(name: str) -> Declared:
    """A declared workflow with its additions. Raises KeyError."""
    return _DECLARED[name]


def all_declared() -> tuple[Declared, ...]:
    """Every declared workflow, in the order of declaration."""
    return tuple(_DECLARED.values())


def sees(actor: Actor, case: Case) -> bool:
    """Whether the case exists for `actor`."""
    known = _DECLARED.get(case.workflow)
    return known is not None and known.sees.allows(actor, case.organisation_code)


def is_charged(actor: Actor, case: Case, move: Move) -> bool:
    """Whether `actor` is on the side that makes the move, with what that asks for; four eyes included.

    Nobody decides as an officer on what they may apply for themselves.
    """
    applies = _DECLARED[case.workflow].applies.allows(actor, case.organisation_code)
    if move.by == APPLICANT:
        return applies
    return move.duty in actor.duties and not applies and not (move.four_eyes and actor.name == case.last_officer)
