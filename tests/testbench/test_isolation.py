"""A bench run leaves production as it was: every table, every balance, the log; and it is nobody else's to see."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clearance.rig import CASES, connector
from identity.made import FOREIGN, OWN, member
from silkgate.clearance.api import run_case
from silkgate.exchange.api import Sealer
from silkgate.standards.tlog.note import Signer
from silkgate.testbench import actions, models, queries
from silkgate.testbench.domain import Refused
from silkgate.testbench.scenarios import published
from testbench.played import CODE, DAY, NAME, key, sent

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)
CASE = CASES / "01-happy-bonded-1210"


def standing(database: str) -> dict[str, Any]:
    """Everything but the bench's own tables: how many rows each table has, and what all of them say."""
    with psycopg.connect(database) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "select tablename from pg_tables where schemaname = 'public' and tablename not like 'testbench_%%'"
                " order by 1"
            )
        ]
        found: dict[str, Any] = {
            table: connection.execute(
                f"select count(*), md5(string_agg(t::text, chr(10) order by t::text)) from {table} t"  # type: ignore[arg-type]
            ).fetchone()
            for table in tables
        }
        found["sequences"] = connection.execute(
            "select schemaname, sequencename, last_value from pg_sequences where sequencename not like 'testbench_%%'"
            " order by 2"
        ).fetchall()
    return found


@pytest.fixture
def zone(database: str, tmp_path: Path) -> str:
    """A zone that has cleared something, with its log sealed."""
    run_case(CASE, tmp_path / "out", connector(database))
    with Sealer(connector(database), Signer("bench.example", bytes(32)), lambda: AT, tmp_path / "published") as sealer:
        assert sealer.drain() > 0
    return database


def test_production_is_as_it_was(zone: str) -> None:
    before = standing(zone)
    assert before["ledger_transfer"][0] > 0
    assert before["journal_logcheckpoint"][0] > 0
    pem = key().to_pem().split(b"-----END PRIVATE KEY-----\n")[1]
    actions.upload_certificate(CODE, pem, by="tester", at=AT)
    for scenario in published().scenarios.values():
        made = actions.run((CODE, NAME), sent(scenario), day=DAY, scenario=scenario, by="tester", at=AT)
        assert made.passed, scenario.id
    # Messages of production itself, too: the same guids, the same orders.
    raws = [file.read_bytes() for file in sorted((CASE / "inbox").glob("*.xml"))]
    made = actions.run((CODE, NAME), raws, day=DAY, scenario=None, by="tester", at=AT)
    report = queries.report_of(made)
    assert [message.outcome for message in report.messages] == ["accepted"] * len(raws)
    assert {finding.code for one in report.declarations for finding in one.findings} == {"book.unknown"}
    assert standing(zone) == before


def test_what_is_kept_is_bounded(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "RUNS_KEPT", 3)
    raws = [b"<a/>"]
    made = [actions.run((CODE, ""), raws, day=DAY, scenario=None, by="t", at=AT).id for _ in range(5)]
    assert [run.id for run in queries.runs(CODE)] == made[:1:-1]
    assert set(models.File.objects.values_list("run_id", flat=True)) == set(made[2:])
    monkeypatch.setattr(actions, "BYTES_KEPT", 1)
    last = actions.run((CODE, ""), raws, day=DAY, scenario=None, by="t", at=AT)
    assert [run.id for run in queries.runs(CODE)] == [last.id]


@pytest.mark.parametrize(
    ("raws", "day", "words"),
    [
        ([], DAY, "no message"),
        ([b"<a/>"] * 101, DAY, "at most 100 messages"),
        ([b"x" * (2 * 2**20 + 1)], DAY, "2 MB"),
        ([b"<a/>"], date(2016, 4, 7), "day of the law"),
    ],
)
def test_too_much_is_refused_and_nothing_kept(raws: list[bytes], day: date, words: str, shared_database: str) -> None:
    with pytest.raises(Refused, match=words):
        actions.run((CODE, ""), raws, day=day, scenario=None, by="t", at=AT)
    assert queries.runs(CODE) == []


def test_nobody_else_sees_it(database: str) -> None:
    made = actions.run((FOREIGN, ""), [b"<a/>"], day=DAY, scenario=None, by="t", at=AT)
    client = member("reader", OWN, "reader")
    for address in (f"/testbench/of/{OWN}/runs/{made.id}", f"/testbench/of/{OWN}/runs/{made.id}/files/1"):
        assert client.get(address).status_code == 404
    assert client.get(f"/testbench/of/{FOREIGN}/runs/{made.id}").status_code == 403
    assert client.get(f"/testbench/of/{OWN}").status_code == 200
    assert client.post(f"/testbench/of/{OWN}", {"law_day": "2026-06-18"}).status_code == 403


def test_a_private_key_is_not_kept(database: str) -> None:
    with pytest.raises(Refused, match="private key"):
        actions.upload_certificate(CODE, key().to_pem(), by="t", at=AT)
    assert queries.certificates(CODE) == []
