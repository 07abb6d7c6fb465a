"""The benchmark is right before it is fast: a small run through everything, and checks that can fail."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench import checks, machine, report, stream  # noqa: E402
from silkgate.site.traffic.zone import Zone  # noqa: E402


def test_a_small_run_agrees_with_the_generator_and_the_oracle(tmp_path: Path) -> None:
    page = ROOT / "docs" / "performance.md"
    before = page.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--dir", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "160"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("counts, balances and receipts that differ", "differences from the oracle"):
        cells = re.search(rf"{what}\D+?(\d+)\D+?(\d+)\D", done.stdout)
        assert cells is not None, done.stdout
        assert cells.groups() == ("0", "0")
    assert page.read_bytes() == before, "a smoke test leaves the page as it is"


def test_a_database_that_lost_everything_is_noticed(database: str, tmp_path: Path) -> None:
    made = stream.make(tmp_path / "frames", Zone(), 20, per_message=10, per_request=40, seed=1)
    with psycopg.connect(database) as connection:
        wrong = checks.after_run(connection, made)
    assert [line.partition(":")[0] for line in wrong] == [
        "messages, bytes and documents kept",
        "answers",
        "declarations by state and reason",
        "receipts",
    ]


def test_requests_together_are_the_stream(tmp_path: Path) -> None:
    made = stream.make(tmp_path / "frames", Zone(), 60, per_message=5, per_request=30, seed=3)
    raws = [raw for number in range(made.requests) for raw in made.request(number)]
    assert made.requests > 1
    assert len(raws) == made.expected.messages
    assert sum(map(len, raws)) == made.expected.size_bytes
    kinds = Counter(raw[raw.index(b"<ceb:") + 5 :].split(b" ", 1)[0].decode() for raw in raws)
    assert set(kinds) == set(made.expected.documents)


def test_the_kernel_is_asked_rightly() -> None:
    start = machine.cpu_of(1 << 30), machine.busy_seconds()
    assert start[0] == machine.Cpu(0, 0)
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as child:
        while machine.cpu_of(child.pid).own < 0.2:
            pass
        assert child.pid in machine.children_of(machine.parent_of(child.pid))
        assert machine.pss_bytes([child.pid]) > 2**20
        child.kill()
    assert machine.busy_seconds() - start[1] > 0.1


def test_the_page_keeps_what_is_written_around_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"head\n{report.BEGIN}\nold\n{report.END}\ntail\n", encoding="utf-8")
    report.refresh(page, "new")
    report.refresh(page, "newer")
    assert page.read_text(encoding="utf-8") == f"head\n{report.BEGIN}\nnewer\n{report.END}\ntail\n"
