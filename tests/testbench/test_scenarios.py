"""Every published scenario, played with its own data, passes; other data, or fewer messages, fail."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from silkgate.client import Document
from silkgate.exchange.api import EXPORTS
from silkgate.tariff import api as tariff
from silkgate.testbench.domain import BENCH, DIRECTIONS, EXPORT, IMPORT, MODES, ROLES, YOU, Scenario
from silkgate.testbench.playing import play
from silkgate.testbench.scenarios import published
from testbench.played import DAY, failed, firm, played, scenario_named, sent

SCENARIOS = published().scenarios
NAMES = {
    "311": "ebcName", "411": "payName", "511": "logisticsName", "513": "logisticsName", "303": "ebcName",
    "403": "payName", "505": "logisticsName",
}  # fmt: skip
"""A party's name in the messages that have no customs office."""


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_own_data_pass(name: str, shared_database: str) -> None:
    ran = played(scenario_named(name))
    assert failed(ran) == []
    assert ran.report.passed
    assert {one.outcome for one in ran.report.messages if one.who == BENCH} <= {"accepted"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wrong_answer_fails(name: str, shared_database: str) -> None:
    """Another party, and one message too few: each is seen."""
    scenario = scenario_named(name)
    element = NAMES.get(scenario.own[-1].kind, "customsCode")
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
        assert {scenario.direction for scenario in own} == DIRECTIONS.keys(), role
        assert {scenario.direction for scenario in own if scenario.required} == {IMPORT}, "not every firm exports"
        assert all(scenario.title.zh and scenario.title.en and scenario.about.zh for scenario in own)
    assert {mode for one in SCENARIOS.values() for mode in one.modes} == set(MODES)


def test_every_message_of_export_is_shown_and_signed_as_the_service_asks() -> None:
    steps = [step for one in SCENARIOS.values() if one.direction == EXPORT for step in one.own]
    assert {step.kind for step in steps} == EXPORTS.keys()
    assert {step.kind for step in steps if step.signed} == {"603", "607", "507", "509"}


WRONG = {
    "both ways across the border": ('send = "505", purchase = "abroad"', "not both"),
    "a purchase that is not there": ('send = "411", purchase = "nowhere"', "cannot be used"),
    "a message that its purchase has not": ('send = "403", purchase = "bonded"', "cannot be used"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_published(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, words = WRONG[name]
    shutil.copytree(tariff.REFERENCE / "scenarios", tmp_path / "scenarios")
    with (tmp_path / "scenarios" / "10-ebp.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[[scenarios]]\nid = "ebp.wrong"\nrequired = false\ntitle = { zh = "1", en = "1" }\n'
            'about = { zh = "1", en = "1" }\nends = []\nsteps = [{ who = "you", send = "311", purchase = "bonded" },'
            f' {{ who = "bench", {step} }}]\n'
        )
    monkeypatch.setattr(tariff, "REFERENCE", tmp_path)
    with pytest.raises(tariff.LawFileError, match=words):
        published.__wrapped__()


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


@pytest.mark.parametrize(
    ("day", "reasons"),
    [(date(2018, 12, 31), set()), (date(2024, 12, 14), {"waiting.receipt"}), (date(2024, 12, 15), set())],
)
def test_until_december_2024_an_export_needed_a_receipt_of_money(
    day: date, reasons: set[str], shared_database: str
) -> None:
    scenario = scenario_named("agent.export")
    report = play(firm(), day, sent(scenario, day=day), scenario).report
    assert {finding.code for one in report.declarations for finding in one.findings} == reasons
    assert report.passed is not bool(reasons)
    money = scenario_named("pay.export")
    assert play(firm(), day, sent(money, day=day), money).report.passed


WRONG_TURNS: dict[str, tuple[str, int, dict[str, str], str]] = {
    "another parcel arrives": ("operator.export_arrives", 0, {"logisticsCode": "4199TEST02"}, "message 4: 'rejected'"),
    "the manifest names another bill": ("agent.export_manifest", 1, {"billNo": "1"}, "billNo of message 4"),
    "the list is an import's": ("agent.export_cancel", 0, {"invtNo": "46122026I000000001"}, "message 4: 'rejected'"),
    "the order is between firms": ("ebp.export", 0, {"orderType": "B"}, "match.order_type"),
    "the receipt is for less": ("pay.export", 0, {"charge": "31"}, "charge of message 4"),
    "a tally of another list": ("operator.export_tally", 0, {"invtNo": "46122026E000000002"}, "declaration.unknown"),
}
"""A scenario, which message of the firm, what it says otherwise, words of a check that tells so."""


@pytest.mark.parametrize("name", WRONG_TURNS)
def test_a_wrong_turn_is_told(name: str, shared_database: str) -> None:
    scenario, place, change, words = WRONG_TURNS[name]

    def turned(number: int, document: Document) -> Document:
        return document._replace(head={**document.head, **change}) if number == place else document

    told = failed(played(scenario_named(scenario), turned))
    assert any(words in one for one in told), told


def test_what_has_to_be_signed_is_told(shared_database: str) -> None:
    """The service asks it of a list, a manifest, an arrival and a departure."""
    for name in ("agent.export", "operator.export_arrives", "logistics.export_leaves", "agent.export_manifest"):
        scenario = scenario_named(name)
        bare = scenario._replace(
            steps=tuple(step._replace(signed=step.who != YOU and step.signed) for step in scenario.steps)
        )
        last = [one for one in play(firm(), DAY, sent(bare), scenario).report.messages if one.who == YOU][-1]
        assert [finding.code for finding in last.findings] == ["sign.missing"], name
