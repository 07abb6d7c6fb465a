"""Reads for pages: lists lose and repeat nothing however they are cut; the live list follows what happens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from clearance.rig import CASES, connector
from silkgate.clearance import models, queries
from silkgate.clearance.actions import instruct
from silkgate.clearance.api import Engine, read_zone_folder, run_case


@pytest.fixture
def played(database: str, tmp_path: Path) -> str:
    """A database in which two days of a case's declarations of many states lie."""
    run_case(CASES / "14-senders-and-redeclaration", tmp_path, connector(database))
    return database


def _walk(limit: int, group: str = "", reason: str = "") -> list[int]:
    found: list[int] = []
    before: int | None = None
    for _ in range(10_000):
        page = queries.newest(group=group, reason=reason, before=before, limit=limit)
        assert len(page.lines) <= limit
        found += [line.id for line in page.lines]
        before = page.older
        if before is None:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize("window", [1, 3, 20_000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_hold_every_declaration_once_newest_first(
    played: str, monkeypatch: pytest.MonkeyPatch, window: int, limit: int
) -> None:
    monkeypatch.setattr(queries, "WINDOW", window)
    everything = list(models.Declaration.objects.order_by("-id").values_list("id", flat=True))
    assert len(everything) > 3
    assert _walk(limit) == everything


@pytest.mark.parametrize("number", ["order_no", "logistics_no", "invt_no"])
def test_a_number_finds_all_that_were_declared_under_it(played: str, number: str) -> None:
    rows = list(models.Declaration.objects.order_by("-id").values("id", "current", number))
    assert not all(row["current"] for row in rows), "some were declared again"
    for value in {row[number] for row in rows} - {None}:
        assert [line.id for line in queries.matching(value)] == [row["id"] for row in rows if row[number] == value]
    assert queries.matching("nothing") == ()


@pytest.mark.parametrize(
    "case", ["10-selection", "11-cancel-and-return", "05-match-differences", "04-waiting-companions"]
)
def test_groups_part_all_declarations(database: str, tmp_path: Path, case: str) -> None:
    run_case(CASES / case, tmp_path, connector(database))
    parts = [number for group in queries.GROUP_NAMES if group for number in _walk(50, group)]
    assert sorted(parts) == sorted(_walk(50)), "each declaration is in exactly one group"
    for slug, count in queries.reasons_lately(limit=50):
        assert len(_walk(50, "refused", slug)) == count


@pytest.mark.parametrize("reason", ["limit.single", "limit.annual"])
def test_a_reason_is_found_beside_others(database: str, tmp_path: Path, reason: str) -> None:
    run_case(CASES / "07-single-item-over-limit", tmp_path, connector(database))
    wanted = [row.id for row in models.Declaration.objects.order_by("-id") if reason in row.reasons.split(";")]
    assert wanted
    assert _walk(50, reason=reason) == wanted
    assert _walk(50, reason=reason[:-1]) == []


def test_what_happened_last_stands_first(database: str, tmp_path: Path) -> None:
    """An old declaration that an officer releases comes to the top of the live list, with the time of the release."""
    case = CASES / "10-selection"
    run_case(case, tmp_path, connector(database))
    held = queries.held(states=("500",)).lines[0]
    assert queries.latest(limit=1)[0].id != held.id
    later = read_zone_folder(case).as_of + timedelta(hours=1)
    instruct(held.id, "release", "800", "查验无误，放行", officer="zhao", at=later)
    with Engine(connector(database), lambda: later) as engine:
        engine.drain()
    first = queries.latest(limit=1)[0]
    assert (first.id, first.state, first.at) == (held.id, "800", later)
    assert [line.id for line in queries.latest(group="held")] == sorted(
        (line.id for line in queries.held().lines), reverse=True
    )


def test_numbers_of_the_day_are_the_engines(database: str, tmp_path: Path) -> None:
    case = CASES / "05-match-differences"
    result = run_case(case, tmp_path, connector(database))
    now = queries.today(read_zone_folder(case).as_of.date())
    assert now.refused == sum(row["status"] == "100" for row in result.declarations)
    assert now.released == sum(row["status"] == "800" for row in result.declarations)
    assert now.documents > 0
    assert queries.today(read_zone_folder(case).as_of.date() + timedelta(days=1)).documents == 0
