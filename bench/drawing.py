"""Which plots the page has, from the figures of the sections."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench.latency import Latency
from bench.plots import Bar, bars
from bench.report import STAGES, door_us, stage_us
from bench.sections import Measured
from bench.service import ROLES, WRITERS

MUST = {"100 a message": 8_000, "1 a message": 3_500, "100 a message, nothing compiled": 6_000}
LATENCY_MS = 200


def throughput(measured: Sequence[Measured]) -> str:
    """Declarations a second by configuration, with the spread of the runs."""
    rows = []
    for one in measured:
        rates = [one.stream.parcels / run.seconds for run in one.runs]
        rows.append(Bar(one.name, [median(rates)], min(rates), max(rates), MUST.get(one.name)))
    return bars("Declarations a second, end to end", "declarations per second", rows, goal="must")


def stages(measured: Sequence[Measured]) -> str:
    """Where processor time goes, stage by stage, without PostgreSQL."""
    clocked = [one for one in measured if one.clocked]
    rows = [
        Bar(
            one.name,
            [door_us(one), *[stage_us(one, name) for name in STAGES]],
        )
        for one in clocked
    ]
    return bars(
        "CPU per stage", "µs per declaration, our processes without PostgreSQL", rows,
        parts=["web: door", *STAGES.values()],
    )  # fmt: skip


def growth(both: Sequence[Measured]) -> str:
    """Cost beside few and beside many stored declarations."""
    names = (*ROLES, WRITERS)
    rows = [Bar(one.name, [median(one.us(run.cpu[role]) for run in one.runs) for role in names]) for one in both]
    rows[1] = rows[1]._replace(goal=1.15 * both[0].cpu_us)
    return bars("CPU by process, few and many stored", "µs per declaration", rows, parts=names, goal="at most 1.15 ×")


def latency(measured: dict[int, list[Latency]]) -> str:
    """Percentiles by load."""
    rows = [
        Bar(f"{per_message} a message, {one.load:.0%}: {name}", [value], goal=LATENCY_MS if name == "p99" else None)
        for per_message, both in measured.items()
        for one in both
        for name, value in (("p50", one.p50_ms), ("p99", one.p99_ms))
    ]
    return bars("Last document acknowledged → receipt committed", "ms", rows, goal="p99 at most")
