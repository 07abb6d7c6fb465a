"""A statement of conformance: only for what has passed, today; anybody can check it, nobody can change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from typer.testing import CliRunner

from clearance.rig import CASES
from identity.made import member
from silkgate import __version__
from silkgate.clearance.api import load_zone
from silkgate.client import verify_statement
from silkgate.site.cli import app
from silkgate.site.logkeeping import current_signer
from silkgate.standards.conformance import MEMBERS, inputs_sha256, signed_statement
from silkgate.standards.tlog.note import Signer
from silkgate.testbench import actions, models, queries
from silkgate.testbench.domain import Refused
from silkgate.testbench.scenarios import published
from silkgate.testbench.statements import state
from testbench.played import CODE, DAY, NAME, sent

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)
FIRM = (CODE, NAME)


@pytest.fixture
def passed(database: str) -> None:
    """The firm has passed everything that a platform has to show."""
    load_zone(CASES / "01-happy-bonded-1210", selection_key=bytes(32))
    for scenario in published().of_role("ebp"):
        actions.run(FIRM, sent(scenario), day=DAY, scenario=scenario, by="chen", at=AT)


def own_key() -> str:
    signer = current_signer()
    assert signer is not None
    return str(signer.key)


def test_it_says_what_was_shown(passed: None) -> None:
    made = state(FIRM, "ebp", by="chen", at=AT)
    said = queries.content(made)
    assert said.keys() == MEMBERS
    assert (said["organisation"], said["name"], said["role"]) == (CODE, NAME, "ebp")
    assert (said["program"], said["scenario_set"]) == (__version__, published().version)
    assert said["issuer"] == own_key().partition("+")[0]
    for one, scenario in zip(said["scenarios"], published().of_role("ebp"), strict=True):
        assert (one["id"], one["law_day"]) == (scenario.id, DAY.isoformat())
        result = models.Result.objects.get(organisation_code=CODE, scenario=scenario.id)
        files = models.File.objects.filter(run_id=result.run_number, who="you").order_by("number")
        assert one["inputs_sha256"] == actions.inputs_sha256(bytes(file.body) for file in files)
    assert verify_statement(made.body.encode(), [own_key()]).holds
    assert state(FIRM, "ebp", by="chen", at=AT).id == made.id


def fail_one() -> None:
    scenario = published().scenarios["ebp.bonded"]
    run = actions.run(FIRM, [b"<a/>"], day=DAY, scenario=scenario, by="chen", at=AT)
    assert run.passed is False


LACKING: dict[str, Callable[[], Any]] = {
    "one failed last time": fail_one,
    "one was never played": lambda: models.Result.objects.filter(scenario="ebp.bonded").delete(),
    "the program is newer": lambda: models.Result.objects.filter(scenario="ebp.bonded").update(program="0.0"),
    "the scenarios are newer": lambda: models.Result.objects.filter(scenario="ebp.bonded").update(set_version="0"),
}


@pytest.mark.parametrize("lack", LACKING)
def test_not_while_something_required_is_missing(lack: str, passed: None) -> None:
    LACKING[lack]()
    with pytest.raises(Refused, match=r"ebp\.bonded"):
        state(FIRM, "ebp", by="chen", at=AT)
    with pytest.raises(Refused, match="Required"):
        state(FIRM, "pay", by="chen", at=AT)
    assert queries.statements(CODE) == []


def test_what_is_optional_may_be_missing(passed: None) -> None:
    models.Result.objects.filter(scenario="ebp.repeat").delete()
    said = queries.content(state(FIRM, "ebp", by="chen", at=AT))
    assert "ebp.repeat" not in {one["id"] for one in said["scenarios"]}


def test_without_a_zone_nobody_signs(database: str) -> None:
    for scenario in published().of_role("ebp"):
        actions.run(FIRM, sent(scenario), day=DAY, scenario=scenario, by="chen", at=AT)
    with pytest.raises(Refused, match="No zone"):
        state(FIRM, "ebp", by="chen", at=AT)


# --- Whoever wants to check it ----------------------------------------------------------------------------------------

SIGNER = Signer("zone.example", bytes(range(32)))
SCENARIOS = [{"id": "ebp.bonded", "law_day": "2026-06-18", "law": "1", "inputs_sha256": "00" * 32}]
STATEMENT: dict[str, Any] = {
    "organisation": CODE,
    "name": NAME,
    "role": "ebp",
    "program": "0.2.0",
    "scenario_set": "2026.1",
    "scenarios": SCENARIOS,
    "inputs_sha256": inputs_sha256(SCENARIOS),
    "issued_at": "2026-06-18T10:00:00+08:00",
    "issuer": "zone.example",
}


def file(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(signed_statement(STATEMENT, SIGNER))
    told["statement"].update(changes)
    return told


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_no_member_can_be_changed(member: str) -> None:
    keys = [str(SIGNER.key)]
    assert verify_statement(json.dumps(file()).encode(), keys).holds
    changed = [*SCENARIOS, *SCENARIOS] if member == "scenarios" else STATEMENT[member] + "x"
    verdict = verify_statement(json.dumps(file(**{member: changed})).encode(), keys)
    assert not verdict.holds
    assert verdict.text.zh
    told = file()
    del told["statement"][member]
    assert not verify_statement(json.dumps(told).encode(), keys).holds
    with pytest.raises(ValueError, match="members"):
        signed_statement({name: value for name, value in STATEMENT.items() if name != member}, SIGNER)


OTHERS = {
    "another key": (lambda told: told, Signer("zone.example", bytes(32)).key),
    "another name": (lambda told: told, Signer("other.example", bytes(range(32))).key),
    "a digest that its signer got wrong": (
        lambda told: json.loads(signed_statement({**STATEMENT, "inputs_sha256": "11" * 32}, SIGNER)),
        SIGNER.key,
    ),
    "no signature": (lambda told: {**told, "signature": ""}, SIGNER.key),
    "a signature of another kind": (lambda told: {**told, "signature": 5}, SIGNER.key),
    "one member more": (lambda told: {**told, "statement": {**told["statement"], "x": 1}}, SIGNER.key),
    "a list": (lambda told: [told], SIGNER.key),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_to_be_believed(name: str) -> None:
    change, trusted = OTHERS[name]
    assert not verify_statement(json.dumps(change(file())).encode(), [str(trusted)]).holds


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b"[]", b"null", b"x" * 300_000, b"[" * 100_000])
def test_what_cannot_be_read(raw: bytes) -> None:
    assert not verify_statement(raw, [str(SIGNER.key)]).holds


def test_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "statement.json"
    path.write_text(signed_statement(STATEMENT, SIGNER), encoding="utf-8")
    words = ["--lang", "en", "verify-statement", str(path)]
    good = CliRunner().invoke(app, [*words, "--key", str(SIGNER.key)])
    assert (good.exit_code, good.stdout.startswith("Genuine: zone.example")) == (0, True)
    bad = CliRunner().invoke(app, words)
    assert (bad.exit_code, "None of the keys" in bad.output) == (1, True)


# --- On its page ------------------------------------------------------------------------------------------------------


def test_anybody_with_its_name_reads_it(passed: None) -> None:
    client = member("chen", CODE, "declarant")
    answer = client.post(f"/testbench/of/{CODE}/statements", {"role": "ebp"})
    assert answer.status_code == 302
    anybody = Client(headers={"accept-language": "en"})
    page = anybody.get(answer["Location"])
    assert page.status_code == 200
    assert "The signature holds" in page.content.decode()
    body = anybody.get(f"{answer['Location']}/file").content
    assert verify_statement(body, [own_key()]).holds
    assert anybody.get("/testbench/statements/0").status_code == 404
    assert anybody.get("/testbench/statements/0/file").status_code == 404


def test_a_reader_does_not_sign(passed: None) -> None:
    client = member("li", CODE, "reader")
    assert client.get(f"/testbench/of/{CODE}/coverage?role=ebp").status_code == 200
    assert client.post(f"/testbench/of/{CODE}/statements", {"role": "ebp"}).status_code == 403
    tester = member("chen", CODE, "filer")
    assert tester.post(f"/testbench/of/{CODE}/statements", {"role": "pay"}).status_code == 422
    assert queries.statements(CODE) == []
