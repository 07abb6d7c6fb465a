"""The section on lists asks every list that it names, gets rows of the firm, and tells what is too slow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench import lists, report  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"


def test_a_small_run_asks_every_list(tmp_path: Path) -> None:
    before = PAGE.read_bytes()
    named = {name for name in os.environ if name.startswith(("SILKGATE_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "lists", "--dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={name: value for name, value in os.environ.items() if name not in named} | {"COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in lists.LISTS:
        assert f"{name}: median" in done.stdout
    assert PAGE.read_bytes() == before, "a smoke test leaves the page as it is"


def test_what_is_over_the_bar_stands_out() -> None:
    quick, slow = lists.Asked("quick", [0.01] * 20, []), lists.Asked("slow", [0.01] * 18 + [0.2] * 2, [])
    table = report.lists([quick, slow], 100, 1_000)
    assert table.rows == [("quick", "10", "10", "10"), ("**slow**", "10", "200", "200")]
    assert "one in 10." in table.note
