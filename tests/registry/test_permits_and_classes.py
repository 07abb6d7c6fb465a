"""Permits are used up and never below zero; credit classes have days, and selection sees today's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.made import CODE, DAY, NOW, OTHER, REVIEWER, on_file
from silkgate.kernel.clock import china_day
from silkgate.ledger import api as ledger
from silkgate.registry import api as registry
from silkgate.registry import models

TODAY = date(2026, 11, 23)
NEW = registry.NewPermit(
    "AP-2026-000123", "animal_plant", CODE, "冷冻大眼金枪鱼", ["0303"], 100_00000, "035", TODAY, TODAY + timedelta(60)
)


@pytest.fixture
def permit(database: str) -> registry.Permit:
    on_file()
    return registry.enter_permit(REVIEWER, NEW, at=NOW)


def audit() -> list[str]:
    with connection.cursor() as cursor:
        return ledger.audit(cursor)


# --- Permits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "?"}, "number"),
        ({"kind": "magic"}, "kind"),
        ({"holder_code": OTHER}, "holder_code"),
        ({"goods": ""}, "goods"),
        ({"goods": "鱼\0鱼"}, "goods"),
        ({"hs_prefixes": []}, "hs_prefixes"),
        ({"hs_prefixes": ["fish"]}, "hs_prefixes"),
        ({"quantity_e5": 0}, "quantity"),
        ({"quantity_e5": 10**18}, "quantity"),
        ({"unit": "sack"}, "unit"),
        ({"valid_to": TODAY - timedelta(1)}, "valid_to"),
        ({}, "number"),
    ],
)
def test_what_is_wrong_with_a_permit_is_told(permit: registry.Permit, changes: dict[str, object], field: str) -> None:
    new = NEW._replace(**({"number": "AP-2026-000124"} | changes) if changes else {})
    with pytest.raises(registry.RefusedError) as refused:
        registry.enter_permit(REVIEWER, new, at=NOW)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert models.Permit.objects.count() == 1


def test_a_permit_is_used_up_in_parts_and_no_further(permit: registry.Permit) -> None:
    assert registry.use(NEW.number, 60_00000, "清单1", by="chen", at=NOW).free_e5 == 40_00000
    with pytest.raises(registry.NotEnoughError, match="40 "):
        registry.use(NEW.number, 40_00001, "清单2", by="chen", at=NOW)
    assert registry.use(NEW.number, 40_00000, "清单2", by="chen", at=NOW).free_e5 == 0
    assert models.PermitUse.objects.count() == 2
    assert audit() == []


def test_a_reference_counts_once(permit: registry.Permit) -> None:
    registry.use(NEW.number, 1, "清单1", by="chen", at=NOW)
    with pytest.raises(registry.RefusedError, match="already"):
        registry.use(NEW.number, 1, "清单1", by="chen", at=NOW)
    assert registry.permit(NEW.number).used_e5 == 1


@pytest.mark.parametrize(
    ("quantity_e5", "reference", "fields"),
    [
        (0, "清单", ["quantity"]),
        (-5, "清单", ["quantity"]),
        (2**70, "清单", ["quantity"]),
        (1, " ", ["reference"]),
        (1, "a\0", ["reference"]),
        (0, "", ["quantity", "reference"]),
    ],
)
def test_a_use_needs_a_quantity_and_a_reference(
    permit: registry.Permit, quantity_e5: int, reference: str, fields: list[str]
) -> None:
    with pytest.raises(registry.RefusedError) as refused:
        registry.use(NEW.number, quantity_e5, reference, by="chen", at=NOW)
    assert [problem.field for problem in refused.value.problems] == fields


@pytest.mark.parametrize("days", [-1, 61])
def test_outside_its_days_a_permit_is_not_used(permit: registry.Permit, days: int) -> None:
    with pytest.raises(registry.NotEnoughError, match="valid from"):
        registry.use(NEW.number, 1, "清单1", by="chen", at=NOW + days * DAY)


def test_many_at_once_never_take_it_below_zero(permit: registry.Permit) -> None:
    def take(number: int) -> bool:
        try:
            registry.use(NEW.number, 15_00000, f"清单{number}", by="chen", at=NOW)
        except registry.NotEnoughError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        taken = sum(pool.map(take, range(12)))
    assert taken == 6
    assert registry.permit(NEW.number).used_e5 == 90_00000
    assert models.PermitUse.objects.count() == 6
    assert audit() == []


def test_lists_of_permits(permit: registry.Permit) -> None:
    soon = NEW._replace(number="AP-soon", valid_to=TODAY + timedelta(30))
    old = NEW._replace(number="AP-old", valid_from=TODAY - timedelta(9), valid_to=TODAY - timedelta(1))
    empty = NEW._replace(number="AP-empty", quantity_e5=5)
    for new in (soon, old, empty):
        registry.enter_permit(REVIEWER, new, at=NOW)
    registry.use("AP-empty", 5, "清单1", by="chen", at=NOW)
    listed = {
        chosen: [line.number for line in registry.permits(day=TODAY, chosen=chosen).lines]
        for chosen in ("", "near", "used_up", "expired")
    }
    assert listed == {
        "": ["AP-empty", "AP-old", "AP-soon", NEW.number],
        "near": ["AP-soon"],
        "used_up": ["AP-empty"],
        "expired": ["AP-old"],
    }
    assert registry.permits(day=TODAY, holder=OTHER).lines == ()
    first = registry.permits(day=TODAY, limit=3)
    assert [line.number for line in registry.permits(day=TODAY, before=first.older, limit=3).lines] == [NEW.number]


# --- Classes ----------------------------------------------------------------------------------------------------------


def give(name: str = "regular", scheme: str = "gacc-282", since: date = TODAY, at=NOW, **changes: str) -> None:
    said = {"reason": "年度评定结果", "rule": "海关总署令第282号"} | changes
    registry.set_class(REVIEWER, CODE, scheme, name, since=since, at=at, **said)


def selection_reads() -> str:
    with connection.cursor() as cursor:
        return registry.enterprises(cursor)[CODE].credit_class


def test_a_class_of_today_is_read_at_once(database: str) -> None:
    on_file()
    give("advanced_certified")
    assert selection_reads() == "advanced_certified"


def test_a_class_of_a_later_day_is_read_when_the_day_has_come(database: str) -> None:
    on_file()
    give("regular")
    give("dishonest", since=TODAY + timedelta(5))
    assert selection_reads() == "regular"
    with connection.cursor() as cursor:
        assert registry.keep_classes(cursor, NOW + 4 * DAY) == 0
        assert registry.keep_classes(cursor, NOW + 5 * DAY) == 1
    assert selection_reads() == "dishonest"
    assert registry.class_on(CODE, TODAY + timedelta(4)).name == "regular"
    assert registry.class_on(CODE, TODAY + timedelta(5)).name == "dishonest"
    assert registry.class_on(CODE, TODAY - timedelta(1)) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "excellent"}, "name"),
        ({"scheme": "gacc-251"}, "name"),
        ({"since": TODAY - timedelta(1)}, "since"),
        ({"reason": "无"}, "reason"),
        ({"reason": "年度评定\0"}, "reason"),
        ({"rule": ""}, "rule"),
    ],
)
def test_what_is_wrong_with_a_class_is_told(database: str, changes: dict[str, object], field: str) -> None:
    on_file()
    with pytest.raises(registry.RefusedError) as refused:
        give(**changes)  # type: ignore[arg-type]
    assert [problem.field for problem in refused.value.problems] == [field]
    assert selection_reads() == ""


def test_a_filing_leaves_the_class_alone(database: str) -> None:
    on_file()
    give("regular")
    on_file(("ebc", "ebp"), at=NOW + DAY)
    assert selection_reads() == "regular"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.integers(0, 60), unique=True, min_size=1, max_size=6))
def test_every_day_has_one_class_the_last_that_had_begun(database: str, days: list[int]) -> None:
    if registry.current(CODE) is None:
        on_file()
    models.CreditClass.objects.all().delete()
    models.Enterprise.objects.update(credit_class="")
    names = ["advanced_certified", "certified", "regular", "dishonest", "seriously_dishonest", "regular"]
    given_ = dict(zip(sorted(days), names, strict=False))
    for day, name in given_.items():
        give(name, since=TODAY + timedelta(day))
    for day in range(65):
        begun = [first for first in given_ if first <= day]
        held = registry.class_on(CODE, TODAY + timedelta(day))
        assert (held.name if held else None) == (given_[max(begun)] if begun else None)


# --- Classes as the engine asks for them ------------------------------------------------------------------------------


def _all_classes() -> registry.Classes:
    with connection.cursor() as cursor:
        return registry.all_classes(cursor, registry.enterprises(cursor))


def test_a_class_counts_from_its_day_and_from_when_it_was_given(database: str) -> None:
    on_file(at=NOW)
    noon = NOW + timedelta(hours=2)
    for name, since, at in (("regular", 0, noon), ("dishonest", 5, noon + DAY), ("certified", 9, noon + 6 * DAY)):
        registry.set_class(
            REVIEWER, CODE, "gacc-282", name, since=china_day(NOW + since * DAY), reason="年度评定", rule="282", at=at
        )
    known = _all_classes()
    days = {day: known.of(CODE, china_day(NOW + day * DAY), NOW + day * DAY) for day in (-1, 0, 1, 4, 5, 8, 9, 99)}
    assert days == {
        -1: "", 0: "", 1: "regular", 4: "regular", 5: "dishonest", 8: "dishonest", 9: "certified", 99: "certified",
    }  # fmt: skip
    assert known.of(CODE, china_day(NOW), noon) == "regular"
    assert known.of(OTHER, china_day(NOW), noon) == ""


def test_what_was_answered_once_is_answered_so_for_ever(database: str) -> None:
    """Whatever class is given later, a moment that has passed keeps its class: a replay asks again."""
    on_file(at=NOW)
    moments = [NOW + timedelta(hours=hours) for hours in range(0, 24 * 12, 7)]
    seen: dict[Any, str] = {}
    for day, name in ((1, "regular"), (4, "dishonest"), (8, "certified")):
        at = NOW + day * DAY
        registry.set_class(REVIEWER, CODE, "gacc-282", name, since=china_day(at), reason="年度评定", rule="282", at=at)
        known = _all_classes()
        for moment in moments:
            if moment <= at:
                found = known.of(CODE, china_day(moment), moment)
                assert seen.setdefault(moment, found) == found
    assert set(seen.values()) == {"", "regular", "dishonest"}


def test_a_class_of_the_zones_files_counts_until_another_one_is_given(database: str) -> None:
    with connection.cursor() as cursor:
        registry.file_enterprises(cursor, [registry.Enterprise(CODE, "甲", frozenset({"ebc"}), "B", "")])
    assert _all_classes().of(CODE, china_day(NOW), NOW) == "B"
    shown = registry.class_on(CODE, china_day(NOW))
    assert shown is not None
    assert (shown.name, shown.scheme, shown.until) == ("B", "", None), "people are shown what selection reads"
    assert registry.class_on(OTHER, china_day(NOW)) is None
    registry.set_class(
        REVIEWER, CODE, "gacc-282", "dishonest", since=china_day(NOW + 3 * DAY), reason="失信评定", rule="282", at=NOW
    )
    known = _all_classes()
    assert [known.of(CODE, china_day(NOW + n * DAY), NOW + n * DAY) for n in (-99, 0, 2, 3)] == ["B"] * 3 + [
        "dishonest"
    ]
    loaded = registry.class_on(CODE, china_day(NOW))
    assert loaded is not None
    assert (loaded.name, loaded.words.zh) == ("B", "B")
