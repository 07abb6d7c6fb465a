"""Every published scenario, played with its own data, passes; other data, or fewer messages, fail."""

from __future__ import annotations

import pytest

from silkgate.client import Document
from silkgate.testbench.domain import MODES, ROLES
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
