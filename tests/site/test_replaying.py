"""`silkgate replay` as its user runs it: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from clearance.rig import CASES, connector, take_in
from silkgate.clearance.engine.run import Engine

LIMITS = CASES / "06-limits-at-the-boundary"
DAY = "2026-06-18"
EQUAL, DIFFERENT, TROUBLE = 0, 1, 2


@pytest.fixture
def history(database: str) -> str:
    """A database in which an example case was decided."""
    inbox = take_in(LIMITS, connector(database), (3,))
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        engine.drain()
    return database


def replay(database: str, *words: object, language: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", language, "replay", *map(str, words)],
        env=os.environ | {"DATABASE_URL": database, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("language", "word"), [("zh", "逐字节一致"), ("en", "byte for byte")])
def test_the_same_law_ends_with_0(history: str, language: str, word: str) -> None:
    ended = replay(history, language=language)
    assert ended.returncode == EQUAL, ended.stderr
    assert word in ended.stdout


def test_a_difference_ends_with_1_and_says_where(history: str) -> None:
    with psycopg.connect(history) as connection:
        connection.execute("update clearance_declaration set state = '500' where order_no like '%0003'")
    ended = replay(history, "--from", DAY, "--to", DAY)
    assert ended.returncode == DIFFERENT
    assert "state=500" in ended.stdout
    assert "state=800" in ended.stdout
    report = json.loads(replay(history, "--json").stdout)
    assert report["compared"]["difference_count"] == 1
    (difference,) = report["compared"]["differences"]
    assert difference["what"] == "declaration"


def test_a_changed_law_ends_with_0_and_says_what_it_changes(history: str) -> None:
    from silkgate.tariff.api import REFERENCE

    law = REFERENCE / "trials" / "single-limit-2000.toml"
    ended = replay(history, "--law", law)
    assert ended.returncode == EQUAL, ended.stderr
    for word in ("limit.single", "455.00", "D202606180001", "back to CNY 2,000"):
        assert word in ended.stdout
    report = json.loads(replay(history, "--law", law, "--json").stdout)
    assert report["law"]["title"]["en"] in ended.stdout
    assert [change["declarations"] for change in report["compared"]["changes"]] == [1]
    (changed,) = report["compared"]["changed"]
    assert changed["recorded"] == {"state": "800", "reasons": "", "tax_cents": 45500}
    assert changed["replayed"] == {"state": "-621005", "reasons": "limit.single", "tax_cents": 0}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-06-19"), DAY),
        (("--from", "2026-06-19", "--to", DAY), "after the last"),
        (("--law", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=["no such days", "days the wrong way round", "no such law"],
)
def test_what_cannot_be_done_is_told_in_a_sentence(history: str, words: tuple[str, ...], told: str) -> None:
    ended = replay(history, *words)
    assert ended.returncode == TROUBLE
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_law_with_a_slip_is_told_in_both_languages(history: str, tmp_path: Path) -> None:
    law = tmp_path / "law.toml"
    law.write_text('title = { zh = "甲", en = "A" }\n[retail_import]\nsingel_limit = 2\n', encoding="utf-8")
    ended = replay(history, "--law", law, "--json")
    assert ended.returncode == TROUBLE
    assert set(json.loads(ended.stdout)["error"]) == {"zh", "en"}
    assert "retail_import.singel_limit" in ended.stderr


def test_nothing_to_replay(database: str) -> None:
    ended = replay(database, language="zh")
    assert ended.returncode == TROUBLE
    assert "尚无" in ended.stderr
