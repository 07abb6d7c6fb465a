"""What the registry's addresses under /api/v1 have in common: who is asked for, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Query
from pydantic import BeforeValidator, ConfigDict, Field

from silkgate.casework import api as casework
from silkgate.identity.api import Action, actor_of, record, require
from silkgate.kernel.text import Text
from silkgate.registry.domain import Problem, RefusedError
from silkgate.ui.moment import at_of
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Out

FOUND_CHARACTERS = 60
"""Of what was found, in the report of a fault."""

Number = Annotated[int, Path(ge=1, lt=1 << 63)]
Code = Annotated[str, Field(min_length=1, max_length=40, description="企业代码 code of the enterprise")]
CodeInPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,40}$", description="企业代码 code of the enterprise")]
Organisation = Annotated[
    str,
    Query(
        max_length=40,
        description="企业代码；只有一家时可省。Code of the enterprise; may be left out by whose only one it is.",
    ),
]


def _is_day(value: object) -> object:
    """Pydantic alone would take a number for seconds since 1970, and a time at midnight for its day."""
    if isinstance(value, str) and len(value) != len("2026-11-23"):
        raise ValueError("a date such as 2026-11-23")
    return value


Day = Annotated[
    Annotated[date, BeforeValidator(_is_day)] | None,
    Query(description="当日的情况；省去为今天。How it was on this day (in China); else today."),
]


class Words(Out):
    """A key with its words."""

    key: str
    zh: str
    en: str


class AppealIn(In):
    """An appeal against what was decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "营业执照已于6月1日变更，附件为新照"}]})
    reason: Annotated[str, Field(min_length=casework.SHORTEST_REASON, max_length=casework.LONGEST_REASON)]
    """Why; the officer reads it."""


class FaultOut(Out):
    """One thing that is wrong or missing."""

    field: str
    """Key of the field, paper or column; empty: of the whole."""
    zh: str
    en: str


def words(key: str, text: Text) -> dict[str, str]:
    """A `Words`."""
    return {"key": key, "zh": text.zh, "en": text.en}


def told(problem: Problem) -> dict[str, str]:
    """A `FaultOut`."""
    return {"field": problem.field, "zh": problem.what.zh, "en": problem.what.en}


def one_of_mine(request: HttpRequest, what: Action, named: str, subject: str) -> str:
    """The enterprise named, or the only one there is for whom the actor may do `what`.

    Raises Denied, which is recorded, for another's; ProblemError where there is a choice.
    """
    own = what.where(actor_of(request))
    if not named and len(own) != 1:
        needed = Text("您有权办理的企业之一", "one of the enterprises for which you may do this")
        faults = [Fault("#/organisation", "", needed, "query")]
        raise ProblemError("request.invalid", errors=faults)
    code = named or own[0]
    require(request, what, code, subject=f"{subject}/{code}")
    return code


def hidden(request: HttpRequest, what: Action, code: str, subject: str) -> ProblemError:
    """What is another's is answered like what is not there; that it was asked for is kept."""
    record(request, what, code, subject=subject, allowed=False)
    return ProblemError("request.not_found")


Place = Callable[[Problem], tuple[str, str, str]]
"""Where a problem stands in the request: pointer, what was found, part."""


def in_members(prefix: str, given: Mapping[str, str], whole: frozenset[str] = frozenset()) -> Place:
    """Problems of members under `prefix`; those of `whole` stand at the top."""

    def place(problem: Problem) -> tuple[str, str, str]:
        if problem.field in whole:
            return f"#/{problem.field}", "", "body"
        return f"{prefix}/{problem.field}", given.get(problem.field, "")[:FOUND_CHARACTERS], "body"

    return place


@contextmanager
def refusals(place: Place) -> Iterator[None]:
    """What the registry and casework refuse, as problem documents: 409 where it is how things stand, else 422."""
    try:
        yield
    except RefusedError as refused:
        # What has no place is not about what was sent, but about when.
        if all(not problem.field and problem.line is None for problem in refused.problems):
            raise ProblemError("request.conflict", refused.text) from refused
        faults = []
        for problem in refused.problems:
            pointer, found, part = place(problem)
            faults.append(Fault(pointer, found, problem.what, part))
        raise ProblemError("request.invalid", refused.problems[0].what, errors=faults) from refused
    except casework.MoveRefused as refused:
        raise ProblemError("request.conflict", refused.text) from refused
    except casework.NotYours as refused:
        raise ProblemError("request.not_found") from refused


def appeal(request: HttpRequest, case_id: int, said: AppealIn) -> None:
    """Appeal in a case that is the actor's to appeal in. Raises ProblemError where it is too late, or not decided."""
    with refusals(lambda problem: ("#", "", "body")):
        casework.move(actor_of(request), case_id, "appeal", reason=said.reason, at=at_of(request))
