"""The example cases, through the real intake and the real engine in a database of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from clearance.rig import case_folders, connector, official_schema, trade_of
from oracles.clearing import compare_case
from silkgate.clearance.api import run_case

CASES = case_folders()
DIFFERENT, UNREADABLE = 1, 2


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_agrees_and_every_receipt_is_official(case: Path, database: str, tmp_path: Path) -> None:
    result = run_case(case, tmp_path, connector(database))
    assert result.differences == []
    assert compare_case(case, tmp_path) == []  # as the second account compares
    written = sorted((tmp_path / "receipts").iterdir())
    assert len(written) == result.receipts > 0
    schemas = {trade: official_schema(trade) for trade in ("import", "export")}
    for receipt in map(etree.parse, written):
        schemas[trade_of(receipt)].assertValid(receipt)


def test_all_example_cases_are_there() -> None:
    assert len(CASES) >= 29


# --- The command -------------------------------------------------------------------------------------------------


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A copy of an example case to be damaged."""
    return Path(shutil.copytree(CASES[0], tmp_path / "case"))


def silkgate(server: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", "en", "case", "run", *words],
        env={**os.environ, "DATABASE_URL": server},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def edit(case: Path, file: str, old: str, new: str) -> None:
    path = case / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_exit_0_where_it_agrees_and_the_tables_are_written(database_server: str, case: Path, tmp_path: Path) -> None:
    ended = silkgate(database_server, str(case), "--out", str(tmp_path / "out"), "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["agrees"] is True
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "declarations.csv",
        "balances.csv",
        "messages.csv",
        "receipts",
    }


def test_exit_0_where_nothing_is_expected(database_server: str, case: Path) -> None:
    shutil.rmtree(case / "expected")
    assert silkgate(database_server, str(case)).returncode == 0


def test_exit_1_with_a_readable_difference(database_server: str, case: Path) -> None:
    edit(case, "expected/declarations.csv", ",800,", ",500,")
    ended = silkgate(database_server, str(case))
    assert ended.returncode == DIFFERENT
    assert "status is '800', expected '500'" in ended.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("case.toml", "customs_code", "custom_code", "case.toml"),
        ("case.toml", "as_of = ", "as_of == ", "case.toml"),
        ("tariff.csv", "0.13", "much", "tariff.csv"),
        ("enterprises.csv", ".pem", ".lost.pem", ".lost.pem"),
    ],
    ids=["a word is missing", "no TOML", "a rate is no number", "no certificate"],
)
def test_exit_2_in_one_sentence_where_the_folder_cannot_be_read(
    database_server: str, case: Path, file: str, old: str, new: str, told: str
) -> None:
    edit(case, file, old, new)
    ended = silkgate(database_server, str(case))
    assert ended.returncode == UNREADABLE
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_exit_2_where_there_is_no_case(database_server: str, tmp_path: Path) -> None:
    assert silkgate(database_server, str(tmp_path / "nowhere")).returncode == UNREADABLE
