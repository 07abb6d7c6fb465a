"""What changes a case: opening it and moving it. Every step stands in the journal, in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from silkgate.casework import rules
from silkgate.casework.calendar import calendar
from silkgate.casework.declared import Declared, declared, is_charged, sees
from silkgate.casework.domain import OFFICER, Case, Move, MoveRefused, NotYours
from silkgate.casework.models import NO_DEADLINE, CaseRow, EvidenceRow, StepRow
from silkgate.casework.queries import case_of
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text

_STALE = Text(
    "该事项在您打开页面之后已有变化，请重新查看后再办。",
    "The case has moved on since you opened the page. Look at it again, then decide.",
)


def open_case(
    actor: Actor,
    workflow_name: str,
    *,
    organisation_code: str,
    subject: str,
    title: Text,
    data: Mapping[str, Any],
    at: datetime,
) -> Case:
    """Open a case of the organisation about `subject`; it stands in the workflow's first state, whose `on_enter` runs.

    By the organisation's people, agents and clients, or by an officer of the workflow. Raises MoveRefused for anybody
    else, KeyError for a workflow that is not declared.
    """
    known = declared(workflow_name)
    workflow = known.workflow
    if not known.sees.allows(actor, organisation_code):
        raise MoveRefused(
            Text(f"您不能为该单位办理“{workflow.words.zh}”。", f"You may not open this for them: {workflow.words.en}.")
        )
    as_officer = not known.applies.allows(actor, organisation_code)
    due = rules.deadline(None, workflow, workflow.first, china_day(at), calendar())
    with transaction.atomic():
        row = CaseRow.objects.create(
            workflow=workflow_name,
            state=workflow.first,
            organisation_code=organisation_code,
            subject=subject,
            title_zh=title.zh,
            title_en=title.en,
            data=dict(data),
            opened_at=at,
            opened_by=actor.name,
            entered_at=at,
            due_on=due.due_on or NO_DEADLINE,
            officer_state="",
            officer_days_left=None,
            # Who proposes something as an officer does not also approve it.
            last_officer=actor.name if as_officer else "",
            version=1,
            closed_at=None if workflow.states[workflow.first].open else at,
        )
        _record(row, actor, None, "", reason="", rule="", data=dict(data), at=at, as_officer=as_officer)
        _enter(known, row, actor, at)
    return case_of(row)


def move(
    actor: Actor,
    case_id: int,
    move_name: str,
    *,
    reason: str = "",
    rule: str = "",
    data: Mapping[str, Any] | None = None,
    version: int | None = None,
    at: datetime,
) -> Case:
    """Make a move; the case as it then stands. `data` is merged into the case's; `rule` is what a decision rests on.

    `version`: of the case that the actor has seen; another one is refused. Raises MoveRefused that says why in both
    languages, NotYours where there is no such case for the actor. Of two moves at once the second sees the first.
    """
    reason, rule = reason.strip(), rule.strip()
    with transaction.atomic():
        row = CaseRow.objects.select_for_update().filter(id=case_id).first()
        if row is None or not sees(actor, case_of(row)):
            raise NotYours(f"case {case_id}")
        known = declared(row.workflow)
        chosen = _allowed(known, actor, row, move_name, version, at)
        fault = rules.reason_fault(chosen, reason, rule)
        if fault:
            raise MoveRefused(fault)
        if chosen.evidence and not EvidenceRow.objects.filter(case=row, case_version=row.version).exists():
            raise MoveRefused(
                Text(
                    f"“{chosen.words.zh}”前请先上传新的材料。", f"Add at least one new file before: {chosen.words.en}."
                )
            )
        source = row.state
        _change(known, row, chosen, actor, data, at)
        as_officer = chosen.by == OFFICER
        _record(row, actor, chosen, source, reason=reason, rule=rule, data=data, at=at, as_officer=as_officer)
        if row.state != source:
            _enter(known, row, actor, at)
    return case_of(row)


def _allowed(known: Declared, actor: Actor, row: CaseRow, move_name: str, version: int | None, at: datetime) -> Move:
    """The move that `actor` wants to make, where it may be made now. Raises MoveRefused."""
    chosen = known.workflow.move(move_name)
    if version is not None and version != row.version:
        raise MoveRefused(_STALE)
    case = case_of(row)
    if chosen is None or row.state not in chosen.sources:
        state = known.workflow.states[row.state].words
        raise MoveRefused(
            Text(
                f"该事项现为“{state.zh}”，不能这样办理。", f"The case stands at “{state.en}”; that cannot be done now."
            )
        )
    if not is_charged(actor, case, chosen):
        if chosen.four_eyes and chosen.duty in actor.duties and actor.name == row.last_officer:
            raise MoveRefused(
                Text(
                    f"“{chosen.words.zh}”须由另一名经办人办理：上一步是您办理的。",
                    f"Another officer has to do this, since the last step was yours: {chosen.words.en}.",
                )
            )
        raise MoveRefused(Text(f"您没有“{chosen.words.zh}”的权限。", f"You may not do this: {chosen.words.en}."))
    if not rules.in_time(chosen, china_day(row.entered_at), china_day(at), calendar()):
        days = chosen.within_working_days
        raise MoveRefused(
            Text(
                f"“{chosen.words.zh}”应在{days}个工作日内提出，期限已过。",
                f"The time for this, {days} working days, has passed: {chosen.words.en}.",
            )
        )
    return chosen


def _change(
    known: Declared, row: CaseRow, chosen: Move, actor: Actor, data: Mapping[str, Any] | None, at: datetime
) -> None:
    """Write the case as it stands after the move."""
    due = rules.deadline(case_of(row), known.workflow, chosen.target, china_day(at), calendar())
    row.due_on, row.officer_state, row.officer_days_left = due.due_on or NO_DEADLINE, *due[1:]
    if row.state != chosen.target:
        row.state, row.entered_at = chosen.target, at
        row.closed_at = None if known.workflow.states[chosen.target].open else at
    if chosen.by == OFFICER:
        row.last_officer = actor.name
    if data:
        row.data = {**row.data, **data}
    row.version += 1
    row.save()


def _record(
    row: CaseRow,
    actor: Actor,
    chosen: Move | None,
    source: str,
    *,
    reason: str,
    rule: str,
    data: Mapping[str, Any] | None,
    at: datetime,
    as_officer: bool,
) -> None:
    name = chosen.name if chosen else ""
    StepRow.objects.create(
        case=row,
        number=row.version,
        source=source,
        target=row.state,
        move=name,
        actor=actor.name,
        agency=actor.agency if as_officer else "",
        at=at,
        reason=reason,
        rule=rule,
        data=dict(data or {}),
    )
    # What people wrote stays in the step: the journal is for ever, and a reason may name a person.
    detail = {"workflow": row.workflow, "step": row.version, "move": name, "from": source, "to": row.state}
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind="case.moved" if chosen else "case.opened",
            subject=("case", row.id),
            detail=detail | ({"rule": rule} if rule else {}),
        )


def _enter(known: Declared, row: CaseRow, actor: Actor, at: datetime) -> None:
    call = known.on_enter.get(row.state)
    if call is not None:
        call(case_of(row), actor, at)
