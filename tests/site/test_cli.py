"""The commands that work on files: what they print, and their exit codes. Each is run as its user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from silkgate.site.traffic.case import write_case
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

EXPORT_SAMPLES = Path(__file__).parents[1] / "specimens" / "ceb" / "export"


def silkgate(*words: object, database: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", language, *map(str, words)],
        env=os.environ | {"DATABASE_URL": database, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, database_server: str) -> Path:
    """A case whose expectation is what it came to."""
    folder = tmp_path_factory.mktemp("case")
    zone = Zone()
    write_case(folder, zone, [next(Parcels(zone, faults=0, late=0))], per_message=1)
    outcome = silkgate("case", "run", folder, "--out", folder / "expected", database=database_server)
    assert outcome.returncode == 0, outcome.stderr
    assert "800" in (folder / "expected" / "declarations.csv").read_text(encoding="utf-8")
    return folder


def test_a_case_that_agrees_ends_with_0(case: Path, tmp_path: Path, database_server: str) -> None:
    outcome = silkgate("case", "run", case, "--out", tmp_path, "--json", database=database_server)
    report = json.loads(outcome.stdout)
    assert (outcome.returncode, report["agrees"], report["differences"]) == (0, True, [])
    for name in ("declarations", "balances", "messages"):
        assert (tmp_path / f"{name}.csv").read_bytes() == (case / "expected" / f"{name}.csv").read_bytes()
    assert any((tmp_path / "receipts").glob("*.xml"))


def test_a_case_that_differs_ends_with_1_and_says_where(case: Path, tmp_path: Path, database_server: str) -> None:
    shutil.copytree(case, tmp_path, dirs_exist_ok=True)
    table = tmp_path / "expected" / "declarations.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",800,", ",500,"), encoding="utf-8")
    outcome = silkgate("case", "run", tmp_path, database=database_server)
    assert outcome.returncode == 1
    assert "500" in outcome.stdout
    assert "800" in outcome.stdout


@pytest.mark.parametrize(("language", "word"), [("zh", "不是案例目录"), ("en", "is no case folder")])
def test_a_folder_that_is_no_case_ends_with_2(tmp_path: Path, database_server: str, language: str, word: str) -> None:
    outcome = silkgate("case", "run", tmp_path, database=database_server, language=language)
    assert outcome.returncode == 2
    assert word in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_case_with_a_broken_table_ends_with_2_and_names_it(case: Path, tmp_path: Path, database_server: str) -> None:
    shutil.copytree(case, tmp_path, dirs_exist_ok=True)
    (tmp_path / "books.csv").write_text("ems_no,area_code,item_record_no,gcode,unit,qty\nT1,A,R,1,2,many\n")
    outcome = silkgate("case", "run", tmp_path, database=database_server)
    assert outcome.returncode == 2
    assert "books.csv" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_check_says_what_intake_finds_and_has_no_effect(case: Path, tmp_path: Path, database: str) -> None:
    from silkgate.site import loading

    loading.load_zone_from(case)
    good = sorted((case / "inbox").glob("*.xml"))
    bad = tmp_path / "bad.xml"
    bad.write_bytes(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
    outcome = silkgate("check", *good, "--json", database=database)
    assert outcome.returncode == 0, outcome.stdout
    assert {row["outcome"] for row in json.loads(outcome.stdout)} == {"accepted"}
    outcome = silkgate("check", good[0], bad, database=database)
    assert outcome.returncode == 1
    assert "format.xml" in outcome.stdout
    missing = silkgate("check", tmp_path / "none.xml", database=database)
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    from django.apps import apps

    assert apps.get_model("exchange", "Message").objects.count() == 0


def test_check_says_what_is_checked_only(case: Path, tmp_path: Path, database: str) -> None:
    from silkgate.site import loading

    loading.load_zone_from(case)
    sample = EXPORT_SAMPLES / "CEB701Message.xml"
    bad = tmp_path / "bad.xml"
    bad.write_bytes(sample.read_bytes().replace(b"<ceb:summaryFlag>", b"<ceb:summaryFlag>12345", 1))
    for language, taken, needed in (
        ("zh", "此处只校验", "1 个字符"),
        ("en", "checked here only", "1 character"),
    ):
        outcome = silkgate("check", sample, bad, database=database, language=language)
        assert outcome.returncode == 1
        assert outcome.stdout.count(": CEB701Message ") == 2
        assert outcome.stdout.count(taken) == 2
        assert needed in outcome.stdout
    told = json.loads(silkgate("check", sample, bad, *case.glob("inbox/*.xml"), "--json", database=database).stdout)
    assert [one["taken"] for one in told[:3]] == [False, False, True]
    assert [one["reasons"] for one in told[:2]] == [["party.unknown"], ["format.schema"]]


def test_clear_takes_a_folder_in_and_writes_its_receipts(case: Path, tmp_path: Path, database: str) -> None:
    from silkgate.site import loading

    loading.load_zone_from(case)
    outcome = silkgate("clear", case / "inbox", "--receipts", tmp_path, database=database)
    assert outcome.returncode == 0, outcome.stderr
    kinds = {file.name.rpartition("-")[2] for file in tmp_path.glob("*.xml")}
    assert {"CEB312Message.xml", "CEB412Message.xml", "CEB512Message.xml", "CEB622Message.xml"} <= kinds
    assert "800" in outcome.stdout


def test_a_database_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    outcome = silkgate("migrate", database="postgresql://bob:hunter2@127.0.0.1:1/zone")
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1)
    assert "hunter2" not in outcome.stderr
