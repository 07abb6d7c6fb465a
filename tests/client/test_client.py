"""The client against the real site: token, sending, receipts, proofs, and the whole way on the bench."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from clearance.rig import connector
from silkgate.clearance.api import Engine, load_zone
from silkgate.client import (
    SIGNED,
    Document,
    NotDecidedError,
    Platform,
    Problem,
    message,
    messages_of,
    signed,
    verify_statement,
)
from silkgate.exchange.api import CHECKED, Sealer
from silkgate.identity import models
from silkgate.identity.clients import make
from silkgate.site.logkeeping import current_signer
from silkgate.site.traffic.zone import Zone
from silkgate.standards.ceb.catalogue import kinds_of
from silkgate.testbench import queries
from silkgate.testbench.domain import YOU
from silkgate.testbench.scenarios import document_of, published, words_for
from testbench.played import CODE, NAME, SENDER, key

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    made = Zone(as_of=AT)
    made.write(tmp_path / "zone")
    load_zone(tmp_path / "zone", selection_key=bytes(32))
    return made


@pytest.fixture
def platform(zone: Zone, live_server: str) -> Platform:
    """The platform as a program of the firm sees it."""
    firm = models.Organisation.objects.create(code=CODE, name=NAME, registered_at=AT)
    program = make(firm, "tester", ["declarations"], by="chen", at=AT)
    return Platform(live_server, program.client.client_id, program.secret)


def order() -> Document:
    words = words_for("ebp", CODE, NAME, day=AT.date(), customs_code="4612")
    scenario = published().scenarios["ebp.bonded"]
    return document_of(scenario.steps[0], words, 0)


# --- Messages ---------------------------------------------------------------------------------------------------------


BUILT = [kind.code for kind in (*kinds_of("import"), *kinds_of("export")) if kind.inbound]


@pytest.mark.parametrize("kind", [code for code in BUILT if code not in CHECKED])
def test_what_is_built_keeps_the_schema(kind: str) -> None:
    from silkgate.testbench.checking import documents_in

    words = words_for("ebp", CODE, NAME, day=AT.date(), customs_code="4612")
    step = next(step for one in published().scenarios.values() for step in one.steps if step.kind == kind)
    document = document_of(step, words, 0)
    raw = message(kind, [document], SENDER)
    found = documents_in(kind, signed(raw, key()) if kind in SIGNED else raw)
    assert found is not None
    assert {name: value for name, value in found[0][0].items() if name in document.head} == dict(document.head)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"orderNo": "x" * 61}, "orderNo"), ({"orderNumber": "1"}, "orderNumber"), ({"freight": "a"}, "freight")],
)
def test_what_the_specification_does_not_allow_is_not_built(change: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        message("311", [Document({**order().head, **change}, order().lines)], SENDER)


def test_a_message_is_signed_once() -> None:
    raw = signed(message("311", [order()], SENDER), key())
    with pytest.raises(ValueError, match="signed already"):
        signed(raw, key())


# --- In service -------------------------------------------------------------------------------------------------------


def test_sent_decided_proved(platform: Platform, database: str, tmp_path: Path) -> None:
    raw = message("311", [order()], SENDER)
    (taken,) = platform.send([raw])
    assert platform.send([raw])[0].sha256 == taken.sha256
    with pytest.raises(NotDecidedError):
        platform.receipts(taken, wait_seconds=0)
    with Engine(connector(database), lambda: AT) as engine:
        engine.drain()
    (receipt,) = platform.receipts(taken)
    assert receipt.kind == "CEB312Message"
    assert platform.outcome(taken)["reasons"] == ["party.unknown"]
    signer = current_signer()
    assert signer is not None
    with Sealer(connector(database), signer, lambda: AT, tmp_path / "published") as sealer:
        sealer.drain()
    keys = platform.keys()
    assert platform.verified(receipt, keys).holds
    forged = receipt._replace(xml=receipt.xml.replace(b"312", b"313"))
    assert not platform.verified(forged, keys).holds


def test_a_wrong_secret_and_a_wrong_address(platform: Platform) -> None:
    with pytest.raises(Problem) as refused:
        Platform(platform.http.address, "sg-nobody", "x").bench(CODE).coverage("ebp")
    assert refused.value.status == 401
    with pytest.raises(Problem) as denied:
        platform.bench("91410100MA3XE01992").coverage("ebp")
    assert (denied.value.status, denied.value.code) == (403, "access.denied")
    with pytest.raises(ValueError, match="address"):
        Platform("ftp://example")


# --- The bench --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ebp", "agent", "operator"])
def test_from_nothing_to_a_signed_statement(role: str, platform: Platform) -> None:
    bench = platform.bench(CODE)
    with pytest.raises(Problem) as early:
        bench.statement(role)
    assert early.value.code == "testbench.refused"
    pem = key().to_pem().split(b"-----END PRIVATE KEY-----\n")[1].decode()
    assert bench.upload_certificate(pem) == key().certificate.fingerprint
    for line in bench.scenarios(role):
        scenario = bench.scenario(line["id"], "2026-06-18")
        run = bench.play(messages_of(scenario, SENDER, key()), scenario=scenario.id, law_day="2026-06-18")
        assert run.passed, run.failures
        assert all(receipt.startswith(b"<?xml") for receipt in bench.receipts(run))
    told = bench.coverage(role)
    assert told["complete"]
    file = bench.statement(role)
    assert bench.statement(role) == file
    own = current_signer()
    assert own is not None
    verdict = verify_statement(file, [str(own.key)])
    assert verdict.holds
    assert verdict.statement is not None
    assert verdict.statement["organisation"] == CODE
    assert [one["id"] for one in verdict.statement["scenarios"]] == [one["id"] for one in bench.scenarios(role)]
    assert len(queries.statements(CODE)) == 1
    assert len([step for step in scenario.steps if step.mine]) == len(
        [step for step in published().scenarios[scenario.id].steps if step.who == YOU]
    )


def test_a_wrong_sum_and_its_fix(platform: Platform) -> None:
    bench = platform.bench(CODE)
    document = bench.scenario("ebp.bonded").own[0].document
    wrong = Document({**document.head, "acturalPaid": "411"}, document.lines)
    run = bench.play([message("311", [wrong], SENDER)], scenario="ebp.bonded")
    assert run.passed is False
    assert any("acturalPaid" in line and "410" in line for line in run.fixes)
    assert any("acturalPaid" in line for line in run.failures)
