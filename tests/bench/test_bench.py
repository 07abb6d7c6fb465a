"""The benchmark is right before it is fast: a small run through everything, and checks that can fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from bench.options import SECTIONS  # noqa: E402
from bench.plots import Bar, bars  # noqa: E402

from bench import budget, checks, machine, report, stream  # noqa: E402
from silkgate.site.traffic.zone import Zone  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"


def bench(*words: str, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith(("SILKGATE_", "DATABASE_URL"))}
        | {"COLUMNS": "160"},
    )


@pytest.mark.slow
def test_a_small_run_through_the_door_agrees_with_the_generator_and_the_oracle(tmp_path: Path) -> None:
    before = PAGE.read_bytes()
    done = bench("bench", "--quick", "--only", "throughput,replay", "--dir", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("counts, balances and receipts that differ", "differences from the oracle"):
        cells = re.search(rf"{what}\D+?(\d+)\D+?(\d+)\D", done.stdout)
        assert cells is not None, done.stdout
        assert cells.groups() == ("0", "0")
    assert re.search(r"differences from what was recorded\D+0\D", done.stdout), done.stdout
    assert PAGE.read_bytes() == before, "a smoke test leaves the page as it is"


def test_no_stage_costs_more_than_its_budget() -> None:
    """Processor time against a yardstick of the same run. Where it fails for a good reason: `bench.budget --write`."""
    done = bench("bench.budget")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stage", budget.budgets())
def test_a_stage_that_doubles_is_over_its_budget(stage: str) -> None:
    allowed = budget.budgets()
    assert not budget.over(allowed, allowed)
    found = budget.over(allowed | {stage: 2 * allowed[stage]}, allowed)
    assert [line.partition(":")[0] for line in found] == [stage]


def test_a_round_that_was_disturbed_does_not_decide_and_three_that_are_over_do() -> None:
    calm, busy = {"one": 1.0, "two": 1.0}, {"one": 9.0, "two": 8.0}
    assert budget.judged(iter([calm, busy, busy]), calm) == (calm, []), "what was within its budget is within it"
    assert budget.judged(iter([busy, calm, busy]), calm) == (calm, [])
    assert budget.judged(iter([{"one": 1.0, "two": 8.0}, {"one": 9.0, "two": 1.0}]), calm) == (calm, [])
    least, lines = budget.judged(iter([busy, {"one": 7.0, "two": 1.0}, busy]), calm)
    assert least == {"one": 7.0, "two": 1.0}
    assert [line.partition(":")[0] for line in lines] == ["one"]
    assert budget.kept(iter([calm, busy, busy])) == busy, "what is to be kept is the median of all"


def test_a_stage_that_is_not_measured_or_has_no_budget_is_noticed() -> None:
    assert budget.over({"new": 1.0}, {"gone": 1.0}) == ["gone: has a budget and was not measured", "new: has no budget"]


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
    marks = [f"{report.begin(name)}\nold\n{report.end(name)}\n" for name in ("growth", "replay")]
    page.write_text(f"head\n{marks[0]}between\n{marks[1]}tail\n", encoding="utf-8")
    report.refresh(page, "growth", "new")
    report.refresh(page, "growth", "newer")
    fresh = f"{report.begin('growth')}\nnewer\n{report.end('growth')}\n"
    assert page.read_text(encoding="utf-8") == f"head\n{fresh}between\n{marks[1]}tail\n"
    with pytest.raises(ValueError, match="latency"):
        report.refresh(page, "latency", "new")


def test_the_page_has_a_place_for_every_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*SECTIONS, "pages", "machine"):
        assert text.count(report.begin(name)) == text.count(report.end(name)) == 1, name


def test_a_plot_says_what_it_shows() -> None:
    rows = [Bar("one & two", [30, 20.5], goal=70), Bar("three", [60], 55, 65)]
    svg = bars("Title <1>", "µs", rows, parts=["a", "b"], goal="must")
    root = etree.fromstring(svg.encode())
    texts = ["".join(node.itertext()) for node in root.iter("{*}text")]
    assert {"Title <1>", "µs", "one & two", "three", "a", "b", "must", "60", "50"} <= set(texts)
    assert "prefers-color-scheme:dark" in svg
    widths = [float(node.get("width", "0")) for node in root.iter("{*}rect")][:3]
    assert widths[0] / widths[2] == pytest.approx(0.5, abs=0.01)
