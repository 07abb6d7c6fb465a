"""`silkgate verify` for anybody, `silkgate log audit` and `silkgate worker --role log` for the operator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from exchange.logbook import decide, open_database, sealing, signer
from silkgate.exchange import api as exchange
from silkgate.journal import api as journal
from silkgate.site.home import Home

KEY = str(signer().key)
WaitUntil = Callable[[Callable[[], bool]], bool]


def silkgate(*words: object, language: str = "en", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "silkgate", "--lang", language, *map(str, words)],
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Files(NamedTuple):
    """What a stranger holds."""

    receipt: Path
    proof: Path
    checkpoint: Path
    later: Path
    link: Path


@pytest.fixture
def files(database: str, tmp_path: Path) -> Files:
    """A receipt with its proof for an early checkpoint, that checkpoint, a later one, and what links them."""
    found = Files(*(tmp_path / name for name in Files._fields))
    with sealing(database, tmp_path / "published") as sealer, open_database(database) as connection:
        decide(database, "05-match-differences", per_batch=1, step=sealer.seal)
        cursor = connection.cursor()
        size, _, note = journal.log_checkpoints(cursor, 0, limit=2)[1]
        receipt = exchange.all_receipts(connection, 0)[0]
        proof, link = exchange.receipt_proof(connection, receipt.id, size), journal.log_consistency(cursor, size)
        newest = journal.log_checkpoint(cursor)
    assert proof is not None
    assert link is not None
    assert newest is not None
    found.receipt.write_bytes(receipt.body)
    for file, text in ((found.proof, proof.text()), (found.checkpoint, note), (found.later, newest)):
        file.write_text(text, encoding="utf-8")
    found.link.write_text(link.text(), encoding="utf-8")
    return found


def test_verify_needs_three_files_and_nothing_else(files: Files, tmp_path: Path) -> None:
    """No database, no home, no web framework: a program of three files."""
    code = (
        "import sys; from silkgate.site.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('django', 'psycopg', 'ninja') if name in sys.modules])"
    )
    words = ["verify", files.receipt, files.proof, files.checkpoint, "--key", KEY]
    outcome = subprocess.run(
        [sys.executable, "-c", code, "--lang", "en", *map(str, words)],
        env={
            "PATH": os.environ["PATH"],
            "SILKGATE_HOME": str(tmp_path / "nowhere"),
            "DATABASE_URL": "postgresql://nobody/",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines()[0].startswith("It holds: receipt 1 (CEB")
    assert outcome.stdout.splitlines()[1] == "[]"
    assert not (tmp_path / "nowhere").exists()


def test_verify_says_it_in_both_languages(files: Files) -> None:
    for language, words in (("zh", "属实：CEB"), ("en", "It holds")):
        outcome = silkgate("verify", files.receipt, files.proof, files.checkpoint, language=language)
        assert (outcome.returncode, outcome.stdout.count("\n")) == (0, 1)
        assert words in outcome.stdout


def test_what_does_not_hold_ends_with_1_and_one_sentence(files: Files) -> None:
    files.receipt.write_bytes(files.receipt.read_bytes() + b"\n")
    for language, words in (("zh", "回执与证明不符"), ("en", "not the one of the proof")):
        outcome = silkgate("verify", files.receipt, files.proof, files.checkpoint, "--key", KEY, language=language)
        assert (outcome.returncode, outcome.stdout, outcome.stderr.count("\n")) == (1, "", 1)
        assert words in outcome.stderr


def test_a_later_checkpoint_needs_a_link(files: Files) -> None:
    words = ["verify", files.receipt, files.proof, files.later, "--key", KEY]
    assert silkgate(*words).returncode == 1
    assert silkgate(*words, "--consistency", files.link).returncode == 0


def test_a_file_that_is_not_there_ends_with_2(files: Files) -> None:
    outcome = silkgate("verify", files.receipt, files.proof, "/nowhere/at/all")
    assert outcome.returncode == 2
    assert "/nowhere/at/all" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_audit_agrees_until_something_was_changed(files: Files, database: str, tmp_path: Path) -> None:
    agreed = silkgate("log", "audit", "--checkpoint", files.checkpoint, DATABASE_URL=database)
    assert agreed.returncode == 0, agreed.stderr
    assert "agrees with the rows" in agreed.stdout
    with open_database(database) as connection:
        connection.execute("update exchange_receipt set recipient = 'X' where id = 1")
    differs = silkgate("log", "audit", DATABASE_URL=database, language="zh")
    assert differs.returncode == 1
    assert "回执1" in differs.stderr
    as_json = silkgate("log", "audit", "--json", DATABASE_URL=database)
    assert as_json.returncode == 1
    assert '"agrees": false' in as_json.stdout


def test_the_process_seals_under_the_zones_name_with_the_homes_key(
    database: str, tmp_path: Path, wait_until: WaitUntil
) -> None:
    decide(database, "05-match-differences")
    home = Home(tmp_path / "home")
    process = subprocess.Popen(
        [sys.executable, "-m", "silkgate", "worker", "--role", "log"],
        env=os.environ | {"DATABASE_URL": database, "SILKGATE_HOME": str(home.root)},
    )
    try:
        with open_database(database) as connection:
            cursor = connection.cursor()
            assert wait_until(lambda: journal.log_checkpoint(cursor) is not None)
            (key,) = journal.log_keys(cursor)
            (zone,) = connection.execute("select name || '/' || customs_code from registry_zone").fetchone()
            assert key.startswith(f"silkgate/{zone}+")
        assert wait_until(home.log_published.exists)
        assert home.log_key_file.stat().st_mode & 0o777 == 0o600
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("SILKGATE_TLOG_NAME", "two words", "no space"), ("SILKGATE_TLOG_KEY", "c2hvcnQ=", "32 bytes")],
)
def test_a_name_or_key_that_cannot_be_is_told(database: str, name: str, value: str, words: str) -> None:
    decide(database, "05-match-differences")
    outcome = silkgate("worker", "--role", "log", DATABASE_URL=database, **{name: value})
    assert outcome.returncode == 2
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_the_doctor_names_the_key_or_says_that_the_log_is_behind(files: Files, database: str) -> None:
    from silkgate.site import doctor

    found = doctor._log(Home(Path("/nonexistent")))
    assert (found.state, KEY in found.text.en) == (doctor.State.OK, True)
    with open_database(database) as connection:
        connection.execute("update journal_logstate set batch_no = batch_no - 1")
    behind = doctor._log(Home(Path("/nonexistent")))
    assert behind.state is doctor.State.WRONG
    assert "1 batches behind" in behind.text.en
