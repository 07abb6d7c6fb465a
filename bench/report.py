"""The figures as one table, on the terminal and in `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.floor import Floor
from bench.measure import Run
from bench.stream import Stream

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
STAGES = {
    "read": "engine: read segments",
    "decode": "engine: decode records",
    "prefetch": "engine: prefetch (client)",
    "take": "engine: take documents in",
    "decide": "engine: match, assess, decide",
    "answer": "engine: write receipts",
    "rows": "engine: rows",
    "persist": "engine: persist (client)",
    "compress": "intake and engine: compress",
    "recognise": "intake: recognise",
    "verify": "intake: verify signatures",
    "records": "intake: compact records",
    "store": "intake: store (client)",
}
ROLES = ("intake", "PostgreSQL for intake", "engine", "PostgreSQL for the engine", "PostgreSQL writers")


class Measured(NamedTuple):
    """Everything about one size of message."""

    stream: Stream
    stored: int
    """Declarations in the database before each run."""
    runs: list[Run]
    clocked: Run
    clocked_declarations: int
    floor: Floor
    wrong: list[str]
    """What the checks after the runs found; must be empty."""

    def us(self, seconds: float) -> float:
        """Microseconds for one declaration."""
        return seconds / self.stream.parcels * 1e6


class Oracle(NamedTuple):
    """The comparison with the oracle in the same session."""

    parcels: int
    messages: int
    differences: list[str]


def rows(measured: Sequence[Measured], oracle: Oracle) -> list[tuple[str, ...]]:
    """Name and one cell for each size of message."""

    def spread(figure: Callable[[Measured, Run], float], form: str = "{:,.0f}") -> tuple[str, ...]:
        cells = []
        for one in measured:
            values = sorted(figure(one, run) for run in one.runs)
            ends = f" ({form.format(values[0])} – {form.format(values[-1])})" if len(values) > 1 else ""
            cells.append(form.format(median(values)) + ends)
        return tuple(cells)

    def each(figure: Callable[[Measured], object]) -> tuple[str, ...]:
        return tuple(str(figure(one)) for one in measured)

    def stage(one: Measured, name: str) -> str:
        return f"{one.clocked.clocks.get(name, 0) / one.clocked_declarations * 1e6:,.1f}"

    total = "CPU µs per declaration, all processes"
    return [
        ("declarations a run", *each(lambda m: f"{m.stream.parcels:,}")),
        ("declarations stored before", *each(lambda m: f"{m.stored:,}")),
        ("runs", *each(lambda m: len(m.runs))),
        ("XML bytes per declaration", *each(lambda m: f"{m.stream.expected.size_bytes / m.stream.parcels:,.0f}")),
        ("**declarations per second, end to end**", *spread(lambda m, r: m.stream.parcels / r.seconds)),
        ("share of busy CPU that others took, %", *spread(lambda m, r: 100 * r.others_share)),
        ("pace of the machine: a fixed piece of Python, ms", *spread(lambda m, r: r.pace_milliseconds)),
        (f"**{total}**", *spread(lambda m, r: m.us(sum(r.cpu.values())))),
        *[(f"· {role}", *spread(lambda m, r, role=role: m.us(r.cpu[role]))) for role in ROLES],
        ("declarations per second that this CPU allows on 2 cores",
         *spread(lambda m, r: 2e6 / m.us(sum(r.cpu.values())))),
        ("**peak memory of all processes, MiB**", *spread(lambda m, r: r.peak_bytes / 2**20)),
        ("WAL bytes per declaration", *spread(lambda m, r: r.wal_bytes / m.stream.parcels)),
        *[(f"stage µs, {label}", *each(lambda m, name=name: stage(m, name))) for name, label in STAGES.items()],
        ("floor µs: same bytes recognised once", *each(lambda m: f"{m.floor.recognise_us:.1f}")),
        ("floor µs: same rows copied once, no index", *each(lambda m: f"{m.floor.copy_us:.1f}")),
        ("floor as a share of our CPU, %",
         *spread(lambda m, r: 100 * m.floor.total_us / m.us(sum(r.cpu.values())))),
        ("counts, balances and receipts that differ", *each(lambda m: len(m.wrong))),
        ("differences from the oracle", *each(lambda m: len(oracle.differences))),
    ]  # fmt: skip


def head(measured: Sequence[Measured]) -> list[str]:
    return ["", *[f"{one.stream.per_message} a message" for one in measured]]


def show(console: Console, measured: Sequence[Measured], oracle: Oracle) -> None:
    """The table on the terminal."""
    table = Table(*head(measured), title="Silkgate")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, *cells in rows(measured, oracle):
        bold = name.startswith("**")
        table.add_row(name.strip("*"), *cells, style="bold" if bold else None)
    console.print(table)


def markdown(measured: Sequence[Measured], oracle: Oracle, machine: dict[str, str], day: str) -> str:
    """The same for the page, with the machine that it was measured on."""
    lines = [
        f"Measured on {day}: {machine['cores']}, {machine['memory']} memory, {machine['disk']}, {machine['system']},"
        f" Python {machine['python']}, PostgreSQL {machine['postgresql']}.",
        "Median (lowest – highest) of the runs.",
        "",
        "| " + " | ".join(head(measured)) + " |",
        "|---|" + "---:|" * len(measured),
        *["| " + " | ".join(row) + " |" for row in rows(measured, oracle)],
        "",
        f"The oracle decided {oracle.parcels:,} parcels in {oracle.messages:,} messages of the same session,"
        " repeated, forged and hostile ones among them.",
    ]
    return "\n".join(lines)


def refresh(page: Path, text: str) -> None:
    """Put the figures between the two marks of the page; what is written around them stays."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
