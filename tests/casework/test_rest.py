"""Cases over HTTP: an organisation's own, page by page; another's is not there; what people wrote stays inside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from casework.people import CHEN, FIRM, LI, OTHER_FIRM, member, opened_at
from identity.made import member as clerk
from silkgate.casework import api as casework
from silkgate.identity.models import AccessRecord

API = "/api/v1/cases"


@pytest.fixture
def visitor(database: str, licence: object, folder: Path) -> Callable[[str], Client]:
    """A browser of a filing clerk of the organisation with this code."""

    return lambda code: clerk(f"clerk-{code}", code, "filer")


def items(client: Client, address: str) -> list[dict[str, Any]]:
    found, following = [], address
    while following:
        told = client.get(following).json()
        found += told["items"]
        following = told["next"]
    return found


def test_ones_own_cases_newest_first(visitor: Callable[[str], Client]) -> None:
    client, other = visitor(FIRM), visitor(OTHER_FIRM)
    mine = [opened_at(datetime.now(UTC), member(f"chen{number}")) for number in range(3)]
    theirs = opened_at(datetime.now(UTC), member("zhao", OTHER_FIRM), OTHER_FIRM)
    numbers = [case.id for case in reversed(mine)]
    for limit in (1, 2, 200):
        assert [item["id"] for item in items(client, f"{API}?limit={limit}")] == numbers
    assert [item["id"] for item in items(other, API)] == [theirs.id]
    assert items(client, f"{API}?workflow=no.such") == []


def test_one_case_without_what_people_wrote(visitor: Callable[[str], Client]) -> None:
    client = visitor(FIRM)
    case = opened_at(datetime.now(UTC), CHEN)
    casework.move(LI, case.id, "propose", reason="申请人王某材料齐全", rule="条例第8条", at=datetime.now(UTC))
    answer = client.get(f"{API}/{case.id}")
    told = answer.json()
    assert (told["organisation"], told["state"]) == (FIRM, casework.case(case.id).state)  # type: ignore[union-attr]
    assert [step["number"] for step in told["steps"]] == sorted(step["number"] for step in told["steps"])
    assert told["steps"][-1]["rule"] == "条例第8条"
    assert "王某" not in answer.content.decode()
    assert LI.name not in {value for step in told["steps"] for value in step.values()}


def test_anothers_case_is_answered_like_none_and_recorded(visitor: Callable[[str], Client]) -> None:
    case = opened_at(datetime.now(UTC), CHEN)
    other = visitor(OTHER_FIRM)
    hidden, absent = other.get(f"{API}/{case.id}"), other.get(f"{API}/999999")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.content == absent.content
    assert AccessRecord.objects.filter(subject=f"case/{case.id}", allowed=False, organisation_code=FIRM).exists()
    assert Client().get(API).status_code == 401
