"""Every published scenario, played with its own data, passes; other data, or fewer messages, fail."""

from __future__ import annotations

from datetime import date

import pytest

from silkgate.client import Document
from silkgate.testbench.domain import MODES, ROLES, Scenario
from silkgate.testbench.playing import play
from silkgate.testbench.scenarios import published
from testbench.played import DAY, failed, firm, played, scenario_named, sent

SCENARIOS = published().scenarios


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_own_data_pass(name: str, shared_database: str) -> None:
    ran = played(scenario_named(name))
    assert failed(ran) == []
    assert ran.report.passed


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wrong_answer_fails(name: str, shared_database: str) -> None:
    """Another party, and one message too few: each is seen."""
    scenario = scenario_named(name)
    element = {"311": "ebcName", "411": "payName", "511": "logisticsName", "513": "logisticsName"}.get(
        scenario.own[-1].kind, "customsCode"
    )
    last = len(scenario.own) - 1

    def other(place: int, document: Document) -> Document:
        wrong = "4600" if element == "customsCode" else "另一家"
        return document._replace(head={**document.head, element: wrong}) if place == last else document

    assert played(scenario, other).report.passed is False
    few = sent(scenario)[:-1]
    if few:
        assert play(firm(), DAY, few, scenario).report.passed is False


def test_every_role_has_what_it_must_show() -> None:
    for role in ROLES:
        own = published().of_role(role)
        assert any(scenario.required for scenario in own), role
        assert all(scenario.title.zh and scenario.title.en and scenario.about.zh for scenario in own)
    assert {mode for one in SCENARIOS.values() for mode in one.modes} == set(MODES.values())


def dearer(scenario: Scenario) -> Scenario:
    """The same purchase of three pieces for 1,500 CNY each."""
    heads = {"311": {"goodsValue": "4500", "acturalPaid": "4525"}, "411": {"amountPaid": "4525"}}
    steps = []
    for step in scenario.steps:
        lines = [{**line, "price": "1500", "totalPrice": "4500"} for line in step.document.lines]
        head = {**step.document.head, **heads.get(step.kind, {})}
        steps.append(step._replace(document=Document(head, lines)))
    return scenario._replace(steps=tuple(steps))


@pytest.mark.parametrize(("day", "reasons"), [(date(2018, 6, 1), {"limit.single"}), (date(2019, 6, 1), set())])
def test_the_law_is_that_of_the_day(day: date, reasons: set[str], shared_database: str) -> None:
    """Until the end of 2018 a purchase might come to 2,000 CNY, since then to 5,000."""
    scenario = dearer(scenario_named("agent.direct"))
    report = play(firm(), day, sent(scenario, day=day), scenario).report
    assert {finding.code for one in report.declarations for finding in one.findings} == reasons
    assert report.passed is not bool(reasons)
