"""The door of casework: everything that a person decides, in steps that a room above declares.

casework.declare(Workflow(…), on_enter={"approved": …})
case = casework.open_case(actor, "filing", organisation_code=…, subject=…, title=…, data=…, at=…)
casework.move(actor, case.id, "approve", reason=…, rule=…, at=…)
"""

from __future__ import annotations

from datetime import date

from silkgate.casework.actions import move, open_case
from silkgate.casework.calendar import Calendar, CalendarFileError, calendar
from silkgate.casework.calendar import note as calendar_note
from silkgate.casework.declared import Context, OnEnter, declare, sees
from silkgate.casework.declared import all_declared as _all_declared
from silkgate.casework.declared import declared as _declared
from silkgate.casework.domain import (
    APPLICANT,
    CLEAN,
    LONGEST_REASON,
    LONGEST_RULE,
    OFFICER,
    SHORTEST_REASON,
    SIDES,
    UNSCANNED,
    VERDICTS,
    Case,
    Evidence,
    EvidenceRefused,
    Line,
    Move,
    MoveRefused,
    NotYours,
    Page,
    State,
    Step,
    Workflow,
)
from silkgate.casework.evidence import EvidenceDamaged, attach, open_evidence, tidy
from silkgate.casework.jobs import Reminded, remind
from silkgate.casework.moves import WITHDRAWN, appeal, more_papers, papers, withdrawal
from silkgate.casework.queries import (
    MOST_COUNTED,
    Load,
    awaiting,
    case,
    cases,
    cases_about,
    evidence,
    history,
    is_late,
    of_applicant,
    possible,
    seen,
    worklist,
    workload,
)
from silkgate.casework.shown import mark


def workflow(name: str) -> Workflow:
    """A declared workflow. Raises KeyError."""
    return _declared(name).workflow


def workflows() -> tuple[Workflow, ...]:
    """Every declared workflow, in the order of declaration."""
    return tuple(known.workflow for known in _all_declared())


def working_day_after(day: date, count: int) -> date:
    """The working day that is `count` working days after `day` by the Chinese calendar; `day` itself does not count."""
    return calendar().working_day_after(day, count)


def working_days_between(first: date, last: date) -> int:
    """Working days after `first` up to and with `last`; negative where `last` comes before `first`."""
    return calendar().working_days_between(first, last)


__all__ = [
    "APPLICANT",
    "CLEAN",
    "LONGEST_REASON",
    "LONGEST_RULE",
    "MOST_COUNTED",
    "OFFICER",
    "SHORTEST_REASON",
    "SIDES",
    "UNSCANNED",
    "VERDICTS",
    "WITHDRAWN",
    "Calendar",
    "CalendarFileError",
    "Case",
    "Context",
    "Evidence",
    "EvidenceDamaged",
    "EvidenceRefused",
    "Line",
    "Load",
    "Move",
    "MoveRefused",
    "NotYours",
    "OnEnter",
    "Page",
    "Reminded",
    "State",
    "Step",
    "Workflow",
    "appeal",
    "attach",
    "awaiting",
    "calendar",
    "calendar_note",
    "case",
    "cases",
    "cases_about",
    "declare",
    "evidence",
    "history",
    "is_late",
    "mark",
    "more_papers",
    "move",
    "of_applicant",
    "open_case",
    "open_evidence",
    "papers",
    "possible",
    "remind",
    "seen",
    "sees",
    "tidy",
    "withdrawal",
    "workflow",
    "workflows",
    "working_day_after",
    "working_days_between",
    "worklist",
    "workload",
]
