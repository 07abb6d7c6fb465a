"""Reads of casework: a case, its history and files, what one may do with it, lists by keyset."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from silkgate.casework import rules
from silkgate.casework.calendar import calendar
from silkgate.casework.declared import all_declared, declared, is_charged, sees
from silkgate.casework.domain import APPLICANT, OFFICER, Case, Evidence, Line, Move, Page, Step, Workflow
from silkgate.casework.models import NO_DEADLINE, CaseRow, EvidenceRow, StepRow
from silkgate.identity.api import Actor
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text

_MOST_LINES = 200


def case_of(row: CaseRow) -> Case:
    """A row as a value."""
    return Case(
        row.id,
        row.workflow,
        row.state,
        row.organisation_code,
        row.subject,
        Text(row.title_zh, row.title_en),
        row.data,
        row.opened_at,
        row.opened_by,
        row.entered_at,
        None if row.due_on == NO_DEADLINE else row.due_on,
        row.officer_state,
        row.officer_days_left,
        row.last_officer,
        row.version,
        row.closed_at,
    )


def workflow_of(case: Case) -> Workflow:
    """The workflow that a case goes through. Raises KeyError where its room is not installed any more."""
    return declared(case.workflow).workflow


def case(case_id: int) -> Case | None:
    """A case by its number, whoever asks; None where there is none. Pages ask `seen`."""
    row = CaseRow.objects.filter(id=case_id).first()
    return case_of(row) if row else None


def seen(actor: Actor, case_id: int) -> Case | None:
    """A case by its number where it exists for `actor`."""
    found = case(case_id)
    return found if found and sees(actor, found) else None


def cases(numbers: Iterable[int]) -> dict[int, Case]:
    """Cases by their numbers; who is absent is not there."""
    return {row.id: case_of(row) for row in CaseRow.objects.filter(id__in=list(numbers))}


def cases_about(workflow: str, subjects: Collection[str]) -> list[Case]:
    """All cases of a workflow about any of some subjects, newest first."""
    rows = CaseRow.objects.filter(workflow=workflow, subject__in=subjects).order_by("-id")
    return [case_of(row) for row in rows]


def history(case_id: int) -> list[Step]:
    """All steps of a case, oldest first."""
    return [
        Step(
            row.id,
            row.case_id,
            row.number,
            row.source,
            row.target,
            row.move,
            row.actor,
            row.agency,
            row.at,
            row.reason,
            row.rule,
            row.data,
        )
        for row in StepRow.objects.filter(case_id=case_id).order_by("number")
    ]


def evidence(case_id: int) -> list[Evidence]:
    """All files of a case, oldest first."""
    return [evidence_of(row) for row in EvidenceRow.objects.filter(case_id=case_id).order_by("id")]


def evidence_of(row: EvidenceRow) -> Evidence:
    """A row as a value."""
    return Evidence(
        row.id,
        row.case_id,
        row.name,
        row.media_type,
        row.size_bytes,
        row.sha256,
        row.verdict,
        row.by,
        row.agency,
        row.at,
        row.case_version,
    )


def possible(actor: Actor, case: Case, at: datetime | None = None) -> tuple[Move, ...]:
    """The moves that `actor` may make in this state; with `at` without those whose time has passed by then."""
    return tuple(
        move
        for move in declared(case.workflow).workflow.moves_from(case.state)
        if is_charged(actor, case, move)
        and (at is None or rules.in_time(move, china_day(case.entered_at), china_day(at), calendar()))
    )


# --- Lists ------------------------------------------------------------------------------------------------------------


def worklist(
    actor: Actor,
    *,
    after: str | None = None,
    limit: int = 50,
    workflow: str = "",
    state: str = "",
    at: datetime | None = None,
) -> Page:
    """Open cases in whose state an officer's move asks for one of `actor`'s duties; oldest deadline first.

    `after`: what the page before gave; anything else begins at the first page. `at` says which lines are late. A case
    that another officer has to look at is listed too, with no moves.
    """
    places = [
        (name, stands)
        for name, stands in _waiting_for(actor)
        if (not workflow or name == workflow) and (not state or stands == state)
    ]
    due, number = _keyset(after)
    return _page(
        actor,
        # Each state's own stretch of the index, so that a page costs the same whatever else is open.
        "select found.id, found.due_on from unnest(%s::text[], %s::text[]) as place (workflow, state), lateral"
        " (select id, due_on from casework_case c where c.closed_at is null and c.workflow = place.workflow"
        " and c.state = place.state and (c.due_on, c.id) > (%s, %s) order by c.due_on, c.id limit %s) found"
        " order by found.due_on, found.id limit %s",
        [*_columns(places, 2), due, number],
        limit,
        at,
    )


def _waiting_for(actor: Actor) -> list[tuple[str, str]]:
    """Workflows and their open states in which an officer's move asks for one of `actor`'s duties."""
    return [
        (known.workflow.name, name)
        for known in all_declared()
        for name, stands in known.workflow.states.items()
        if stands.open
        and any(move.by == OFFICER and move.duty in actor.duties for move in known.workflow.moves_from(name))
        and stands.waits_for in {OFFICER, ""}
    ]


def of_applicant(
    actor: Actor, *, after: str | None = None, limit: int = 50, workflow: str = "", at: datetime | None = None
) -> Page:
    """Cases of the organisations for which `actor` may act, newest first."""
    places = [
        (known.workflow.name, code)
        for known in all_declared()
        if not workflow or known.workflow.name == workflow
        for code in known.applies.where(actor)
    ]
    before = int(after) if after and after.isascii() and after.isdigit() and len(after) < 19 else 2**63 - 1
    return _page(
        actor,
        "select found.id, null from unnest(%s::text[], %s::text[]) as place (workflow, code), lateral"
        " (select id from casework_case c where c.organisation_code = place.code and c.workflow = place.workflow"
        " and c.id < %s order by c.id desc limit %s) found order by found.id desc limit %s",
        [*_columns(places, 2), before],
        limit,
        at,
    )


def awaiting(actor: Actor, *, limit: int = 20, at: datetime | None = None) -> tuple[Line, ...]:
    """Open cases that wait for an applicant for whom `actor` may act, oldest deadline first."""
    places = [
        (known.workflow.name, code, name)
        for known in all_declared()
        for code in known.applies.where(actor)
        for name, stands in known.workflow.states.items()
        if stands.open and stands.waits_for == APPLICANT
    ]
    sql = (
        "select c.id, null from unnest(%s::text[], %s::text[], %s::text[]) as place (workflow, code, state)"
        " join casework_case c on c.organisation_code = place.code and c.workflow = place.workflow"
        " and c.state = place.state and c.closed_at is null order by c.due_on, c.id limit least(%s, %s)"
    )
    return _page(actor, sql, _columns(places, 3), limit, at).lines


class Load(NamedTuple):
    """How much of one workflow waits for an officer's duties, and how much of it is late; up to MOST_COUNTED."""

    workflow: Workflow
    open: int
    late: int


MOST_COUNTED = 1_000


def workload(actor: Actor, at: datetime) -> tuple[Load, ...]:
    """The work list of `actor` in numbers, by workflow in the order of declaration; workflows with nothing are there.

    Counts stop at MOST_COUNTED, so that a page costs the same whatever is open.
    """
    known = {one.workflow.name: one.workflow for one in all_declared() if one.workflow.duties & actor.duties}
    places = _waiting_for(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            "select asked.workflow, counted.* from unnest(%s::text[]) as asked (workflow), lateral"
            " (select count(*), count(*) filter (where due_on < %s) from (select found.due_on"
            " from unnest(%s::text[], %s::text[]) as place (workflow, state), lateral"
            " (select due_on from casework_case c where c.closed_at is null and c.workflow = place.workflow"
            " and c.state = place.state order by c.due_on limit %s) found"
            " where place.workflow = asked.workflow order by found.due_on limit %s) waiting) counted",
            [list(known), china_day(at), *_columns(places, 2), MOST_COUNTED, MOST_COUNTED],
        )
        counts = {name: numbers for name, *numbers in cursor.fetchall()}
    return tuple(Load(workflow, *counts[name]) for name, workflow in known.items())


def _columns(places: Iterable[tuple[str, ...]], count: int) -> list[object]:
    """The `count` arrays that unnest makes these rows of."""
    rows = list(places)
    return [[row[column] for row in rows] for column in range(count)]


def _keyset(after: str | None) -> tuple[date, int]:
    """Deadline and number behind which a page begins; the very first where `after` says nothing usable."""
    day, _, number = (after or "").partition("_")
    try:
        return date.fromisoformat(day), min(int(number), 2**63 - 1)
    except ValueError:
        return date.min, 0


def _page(actor: Actor, sql: str, values: list[object], limit: int, at: datetime | None) -> Page:
    limit = max(1, min(limit, _MOST_LINES))
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, limit + 1, limit + 1])
        keys = cursor.fetchall()
    more, keys = len(keys) > limit, keys[:limit]
    rows = CaseRow.objects.in_bulk([number for number, _ in keys])
    lines = tuple(_line(actor, case_of(rows[number]), at) for number, _ in keys)
    if not more:
        return Page(lines, "")
    number, due = keys[-1]
    return Page(lines, f"{due}_{number}" if due else str(number))


def _line(actor: Actor, case: Case, at: datetime | None) -> Line:
    return Line(case, possible(actor, case, at), is_late(case, at))


def is_late(case: Case, at: datetime | None) -> bool:
    """Whether the deadline of whoever the case waits for has passed."""
    return at is not None and case.is_open and case.due_on is not None and case.due_on < china_day(at)
