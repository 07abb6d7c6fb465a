"""Reads of the test bench for pages and machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from silkgate.identity import api as identity
from silkgate.testbench import models
from silkgate.testbench.domain import Report, Scenario
from silkgate.testbench.scenarios import published

DONE, FAILED, STALE, NOT_YET = "done", "failed", "stale", "not_yet"
"""A scenario passed, failed, was passed under another version of program or scenarios, or was not played."""


class Standing(NamedTuple):
    """A scenario and how an organisation stands with it."""

    scenario: Scenario
    state: str
    result: models.Result | None
    run_kept: bool
    """Whether the run behind the result is still there."""


def runs(code: str, *, before: int | None = None, limit: int = 20) -> list[models.Run]:
    """Runs of an organisation, newest first, without their reports."""
    found = models.Run.objects.filter(organisation_code=code).defer("report")
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found.order_by("-id")[:limit])


def one_run(code: str, number: int) -> models.Run | None:
    """A run of this organisation; None where it has none of this number."""
    return models.Run.objects.filter(organisation_code=code, id=number).first() if number < 2**63 else None


def report_of(run: models.Run) -> Report:
    """What a run came to."""
    return msgspec.convert(run.report, Report)


def files(run: models.Run) -> list[models.File]:
    """Messages and receipts of a run, without their bytes."""
    return list(models.File.objects.filter(run=run).defer("body").order_by("number"))


def file_of(run: models.Run, number: int) -> models.File | None:
    """A file of a run, with its bytes."""
    return models.File.objects.filter(run=run, number=number).first() if number < 2**31 else None


def certificates(code: str) -> list[models.Certificate]:
    """Certificates on the bench, newest first."""
    return list(models.Certificate.objects.filter(organisation_code=code).order_by("-id"))


def standings(code: str, role: str, program: str) -> list[Standing]:
    """Every scenario of a role, in the order in which they are published, with how the organisation stands."""
    known = published()
    results = {one.scenario: one for one in models.Result.objects.filter(organisation_code=code)}
    numbers = [one.run_number for one in results.values()]
    kept = set(models.Run.objects.filter(organisation_code=code, id__in=numbers).values_list("id", flat=True))
    found = []
    for scenario in known.of_role(role):
        result = results.get(scenario.id)
        state = _state(result, known.version, program)
        found.append(Standing(scenario, state, result, result is not None and result.run_number in kept))
    return found


def _state(result: models.Result | None, version: str, program: str) -> str:
    if result is None:
        return NOT_YET
    if not result.passed:
        return FAILED
    return DONE if (result.set_version, result.program) == (version, program) else STALE


def missing(found: Iterable[Standing]) -> list[Scenario]:
    """Required scenarios that are not passed under these versions."""
    return [one.scenario for one in found if one.scenario.required and one.state != DONE]


def statements(code: str) -> list[models.Statement]:
    """Statements of an organisation, newest first."""
    return list(models.Statement.objects.filter(organisation_code=code).order_by("-id"))


def content(statement: models.Statement) -> dict[str, Any]:
    """What a statement says."""
    found: dict[str, Any] = json.loads(statement.body)["statement"]
    return found


def statement(name: str) -> models.Statement | None:
    """The statement with this name."""
    return models.Statement.objects.filter(name=name).first()


def names(codes: Sequence[str]) -> dict[str, str]:
    """Names of organisations by code, as far as they have registered."""
    return {code: code for code in codes} | identity.organisation_names(codes)
