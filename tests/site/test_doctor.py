"""`silkgate doctor` tells each fault in one sentence, in both languages, and gives no secret away."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone
from typer.testing import CliRunner

from silkgate.site import doctor, loading, web
from silkgate.site.cli import app
from silkgate.site.doctor import Finding, State
from silkgate.site.home import current_home


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILKGATE_HOME", str(tmp_path))
    monkeypatch.setenv("SILKGATE_LANG", "en")


@pytest.fixture
def zone(database: str) -> str:
    loading.load_demo(current_home())
    return database


def found(check: str) -> Finding:
    findings = {finding.check: finding for finding in doctor.examine()}
    assert check in findings, sorted(findings)
    return findings[check]


def wrong() -> dict[str, str]:
    """What is wrong, by check, in English; the Chinese sentence is there each time."""
    faults = [finding for finding in doctor.examine() if finding.state is State.WRONG]
    assert all(fault.text.zh and not fault.text.zh.isascii() for fault in faults)
    return {fault.check: fault.text.en for fault in faults}


def test_a_sound_installation_has_no_fault(zone: str) -> None:
    assert wrong() == {}


def test_an_empty_one_says_what_to_load(database: str) -> None:
    assert wrong() == {
        "law": "The tariff is empty. Run silkgate load.",
        "zone": "No zone is loaded. Run silkgate load.",
    }


def test_tables_that_are_missing_are_the_last_thing_said(database_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_server)
    from silkgate.site.database import use_database

    use_database(database_server)
    findings = doctor.examine()
    assert (findings[-1].check, findings[-1].state) == ("migrations", State.WRONG)
    assert "Run silkgate migrate" in findings[-1].text.en


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://bob:hunter2@127.0.0.1:1/zone", "postgresql://bob@127.0.0.1:1/zone, cannot be reached"),
        ("postgresql://bob:hunter2@no-such-host.invalid/zone", "bob@no-such-host.invalid/zone, cannot be reached"),
        ("mysql://bob:hunter2@127.0.0.1/zone", "is not a PostgreSQL URL"),
        ("postgresql://bob:hunter2@127.0.0.1/zone?nonsense=1", "is not a PostgreSQL URL"),
        ("bob:hunter2", "is not a PostgreSQL URL"),
    ],
)
def test_a_wrong_database_url_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str, sentence: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    findings = doctor.examine()
    assert (findings[-1].check, findings[-1].state) == ("database", State.WRONG)
    assert sentence in findings[-1].text.en
    assert "hunter2" not in doctor.as_json(findings)


def test_a_home_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SILKGATE_HOME", str(tmp_path / "file" / "home"))
    fault = doctor.examine()[-1]
    assert fault.state is State.WRONG
    assert "cannot be made: Not a directory" in fault.text.en


def test_a_disk_that_is_nearly_full(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(100, 100, 5 * 2**20))
    assert "has 5 MiB left" in wrong()["disk"]
    assert "no message is taken in" in wrong()["backlog"]


def test_messages_that_no_engine_decides(zone: str) -> None:
    segment = apps.get_model("exchange", "Segment")
    segment.objects.create(id=1, received_at=timezone.now(), messages=1, body=b"", recognised=b"")
    assert "nothing is decided" in wrong()["engine"]


def test_more_waiting_than_should(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    message = apps.get_model("exchange", "Message")
    message.objects.create(
        id=4096, offset=0, length=1, sha256=b"", kind="CEB311Message", guid="", sender="X1", documents=3, channel="http"
    )
    assert "3 documents wait" in found("backlog").text.en
    monkeypatch.setattr(settings, "MAX_BACKLOG_DOCUMENTS", 2)
    assert "over 2; senders are told to wait" in wrong()["backlog"]


@pytest.mark.parametrize(("age_seconds", "state"), [(5, State.OK), (300, State.NOTE)])
def test_an_engine_that_beats_or_has_gone_home(zone: str, age_seconds: int, state: State) -> None:
    apps.get_model("clearance", "EngineCursor").objects.update_or_create(
        id=1,
        defaults={
            "segment_id": 0,
            "batch_no": 0,
            "declaration_id": 0,
            "serial": 0,
            "receipt_id": 0,
            "at": datetime.now(UTC) - timedelta(seconds=age_seconds),
        },
    )
    assert found("engine").state is state


@pytest.mark.parametrize(
    ("pem", "days_left", "state", "sentence"),
    [("no certificate", 100, State.WRONG, "certificates of X1 cannot be read"), (None, -1, State.NOTE, "has expired")],
)
def test_certificates(zone: str, pem: str | None, days_left: int, state: State, sentence: str) -> None:
    certificates = apps.get_model("identity", "Certificate").objects
    now = timezone.now()
    certificates.create(
        enterprise_code="X1",
        fingerprint_sha256="0" * 64,
        pem=pem or certificates.first().pem,
        not_before=now - timedelta(days=500),
        not_after=now + timedelta(days=days_left),
    )
    assert found("certificates").state is state
    assert sentence in found("certificates").text.en


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(web, "DEFAULT_PORT", taken.getsockname()[1])
        yield web.DEFAULT_PORT


def test_a_taken_port_is_a_note(taken_port: int, database: str) -> None:
    assert found("port").state is State.NOTE
    assert f"default port {taken_port}" in found("port").text.en


@pytest.mark.parametrize(("language", "word"), [("zh", "税则为空"), ("en", "The tariff is empty")])
def test_the_command_speaks_the_users_language_and_fails(database: str, language: str, word: str) -> None:
    outcome = CliRunner().invoke(app, ["--lang", language, "doctor"])
    assert outcome.exit_code == 1
    assert word in outcome.output


def test_the_command_speaks_json(zone: str) -> None:
    outcome = CliRunner().invoke(app, ["doctor", "--json"])
    report = json.loads(outcome.output)
    assert (outcome.exit_code, report["healthy"]) == (0, True)
    assert {"check", "state", "zh", "en"} == set(report["checks"][0])
