"""The figures of a run, for the terminal and for `docs/reliability.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from torture.checks import Verdict
from torture.faults import SHARES
from torture.run import Aftermath

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
RESTART_SECONDS = 60
"""What a restart may take at most."""

Rows = Sequence[tuple[str, ...]]


def counts(aftermath: Aftermath, verdict: Verdict) -> Rows:
    """What went in and what came of it."""
    senders = aftermath.senders
    recoveries = [seconds for _, seconds in aftermath.recoveries()]
    return [
        ("faults injected", f"{len(aftermath.faults):,}"),
        ("sent again though acknowledged; overtaken by later ones", f"{senders.twice:,}; {senders.later:,}"),
        ("messages acknowledged", f"{verdict.acknowledged:,}"),
        ("messages received (those of cut connections too) and answered", f"{verdict.answered:,}"),
        ("**lost**", f"{len(verdict.lost):,}"),
        ("**doubled**", f"{len(verdict.doubled):,}"),
        ("other differences: ledger, second reader, log audit, oracle, folder", f"{len(verdict.wrong):,}"),
        ("told to come again (503, 429), with the time", f"{sum(senders.told.values()):,}"),
        ("longest from a fault to work as before, s", f"{max(recoveries):.1f} (allowed: {RESTART_SECONDS})"),
        ("the run, s", f"{aftermath.seconds:.0f}"),
    ]


def by_kind(aftermath: Aftermath) -> Rows:
    """Faults, each with the time until a later message was acknowledged and answered."""
    done = Counter(fault.kind for fault in aftermath.faults)
    took: dict[str, list[float]] = {}
    for kind, seconds in aftermath.recoveries():
        took.setdefault(kind, []).append(seconds)
    rows = []
    for kind in SHARES:
        if not done[kind]:
            rows.append((kind, "0", "not injected", ""))
            continue
        times = took.get(kind, [0.0])
        rows.append((kind, f"{done[kind]:,}", f"{median(times):.2f}", f"{max(times):.2f}"))
    return rows


def text(aftermath: Aftermath, verdict: Verdict, facts: str) -> str:
    """Both tables, as they stand on the page."""
    lines = ["| | |", "|---|---:|", *_rows(counts(aftermath, verdict)), ""]
    lines += ["| fault | times | median s | longest s |", "|---|---:|---:|---:|", *_rows(by_kind(aftermath)), ""]
    if not aftermath.with_disk:
        lines += ["No disk was filled: this account may not mount a file system of its own (root may).", ""]
    return "\n".join([*lines, facts])


def _rows(rows: Rows) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in rows]


def refresh(page: Path, section: str, figures: str) -> None:
    """Put the figures between the marks of their section; what is written around them stays."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    whole = page.read_text(encoding="utf-8")
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise ValueError(f"{page} has no place for the section {section}: {begin} … {end}")
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{figures}\n{end}{after}", encoding="utf-8")
