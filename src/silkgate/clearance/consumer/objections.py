"""“This was not me”: a person objects to a use of their identity; an officer looks into it and answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Case, Move, MoveRefused, State, Workflow
from silkgate.clearance.consumer.proof import Person
from silkgate.clearance.consumer.uses import Use
from silkgate.identity.api import Actor
from silkgate.kernel.text import Text
from silkgate.tariff.api import parameters

OBJECTION = "clearance.objection"
DUTY = "declarations"
_CONSUMER = "consumer"
_OPEN = Text(
    "您已对这一笔提出异议，尚未办结；请在本页查看进展。",
    "You have objected to this one already, and it is not answered yet: this page shows how it stands.",
)


def _days(name: str) -> int:
    """A policy value as it stands last; deadlines are counted from the day on which a state is entered."""
    return int(str(parameters()[f"consumer.{name}_working_days"].values[-1].value))


def _by(side: str, name: str, zh: str, en: str, source: str, target: str, **more: Any) -> Move:
    return Move(name, Text(zh, en), frozenset(source.split()), target, side, **more)


def workflow() -> Workflow:
    """Submitted, perhaps asked for more, answered; a refusal is looked at once more by another officer."""
    review, answer, appeal = _days("objection"), _days("answer"), _days("appeal")
    return Workflow(
        name=OBJECTION,
        words=Text("身份使用异议", "Objection to a use of one’s identity"),
        first="submitted",
        states={
            "submitted": State(Text("待核查", "To be looked into"), working_days=review, waits_for=OFFICER),
            "asked": State(Text("待补充说明", "More asked for"), working_days=answer, waits_for=APPLICANT),
            "confirmed": State(Text("认定非本人使用", "Found not to be you"), open=False, mark="released"),
            "rejected": State(Text("认定为本人使用", "Found to be you"), open=False, mark="refused"),
            "appealed": State(Text("复核中", "Looked at again"), working_days=review, waits_for=OFFICER),
            "upheld": State(Text("复核后维持", "Upheld"), open=False, mark="refused"),
            "withdrawn": casework.WITHDRAWN,
        },
        moves=(
            _by(OFFICER, "confirm", "认定非本人使用", "Not the person", "submitted", "confirmed", duty=DUTY),
            _by(OFFICER, "reject", "认定为本人使用", "Was the person", "submitted", "rejected", duty=DUTY),
            _by(OFFICER, "ask", "要求补充说明", "Ask for more", "submitted", "asked", duty=DUTY),
            _by(APPLICANT, "answer", "补充说明", "Answer", "asked", "submitted"),
            casework.withdrawal({"submitted", "asked", "appealed"}),
            casework.appeal("rejected", "appealed", within_working_days=appeal),
            _by(OFFICER, "grant", "改为非本人使用", "Not the person after all", "appealed", "confirmed", duty=DUTY,
                four_eyes=True),
            _by(OFFICER, "uphold", "维持原认定", "Uphold", "appealed", "upheld", duty=DUTY, four_eyes=True),
        ),
        roles=frozenset({"representative"}),
        scopes=frozenset(),
    )  # fmt: skip


def declare() -> None:
    """Make it known to casework. Called when Django starts."""
    casework.declare(workflow(), template="clearance/consumer_case.html", context=_context)


def _context(case: Case, actor: Actor) -> Mapping[str, Any]:
    return {"objection": case.data}


def subject(number: int) -> str:
    """What casework calls a declaration that is objected to."""
    return f"declaration/{number}"


def newest(number: int) -> Case | None:
    """The newest objection to a declaration's use of an identity."""
    return newest_of([number]).get(number)


def newest_of(numbers: Iterable[int]) -> dict[int, Case]:
    """The newest objection to each of these declarations' use of an identity, where there is one."""
    about = {subject(number): number for number in numbers}
    found = casework.cases_about(OBJECTION, list(about))
    return {about[case.subject]: case for case in reversed(found)}


def applicant(person: Person, case: Case | None = None) -> Actor:
    """The person as casework knows those who apply: by a pseudonym, for nobody but themselves.

    An objection keeps the pseudonym it was opened under: the installation's key may have changed since. That it is
    theirs, the caller has found by the declaration.
    """
    code = case.organisation_code if case else f"{_CONSUMER}:{person.pseudonym}"
    return Actor(code.replace(":", "-"), _CONSUMER, roles={code: frozenset({"representative"})})


def object_to(person: Person, use: Use, statement: str, papers: list[tuple[str, bytes]], at: datetime) -> Case:
    """Open the objection to a use, with what the person says and brings; all of it or nothing.

    Raises MoveRefused while another one is open, EvidenceRefused for a file that is not taken.
    """
    actor = applicant(person)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two forms sent at once make one case.
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject(use.number)])
        before = newest(use.number)
        if before and before.is_open:
            raise MoveRefused(_OPEN)
        case = casework.open_case(
            actor,
            OBJECTION,
            organisation_code=next(iter(actor.roles)),
            subject=subject(use.number),
            title=Text(f"非本人使用身份：清单{use.invt_no}", f"Identity used by somebody else: {use.invt_no}"),
            data={
                "declaration": use.number,
                "invt_no": use.invt_no,
                "platform": use.platform,
                "goods": list(use.goods),
                "counted_cents": use.counted_cents,
                "statement": statement,
            },
            at=at,
        )
        for name, content in papers:
            casework.attach(actor, case.id, name, content, at)
    return case


def go_on(
    person: Person, case: Case, move: str, reason: str, papers: list[tuple[str, bytes]], version: int, at: datetime
) -> Case:
    """The person answers, appeals or takes it back. Raises MoveRefused, EvidenceRefused; then nothing is kept."""
    actor = applicant(person, case)
    with transaction.atomic():
        for name, content in papers:
            casework.attach(actor, case.id, name, content, at)
        return casework.move(actor, case.id, move, reason=reason, version=version, at=at)
