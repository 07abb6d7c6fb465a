"""The figures as tables, on the terminal and in `docs/performance.md`; a section that was not run stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Shown

from bench.floor import Floor
from bench.hostile import Seen
from bench.latency import Latency
from bench.lists import BAR_MS, Amounts, Asked
from bench.measure import Run
from bench.replaying import Replay
from bench.sections import Beside, Measured
from bench.service import ROLES, WRITERS
from bench.yardsticks import Yardsticks

STAGES = {
    "recognise": "web: recognise",
    "verify": "web: verify signatures",
    "records": "web: compact records",
    "compress": "web, commit: compress",
    "store": "web: store (client)",
    "read": "engine: read segments",
    "decode": "engine: decode records",
    "prefetch": "engine: prefetch (client)",
    "take": "engine: take documents in",
    "decide": "engine: match, assess, decide",
    "rows": "engine: rows",
    "hand over": "engine, commit: hand over",
    "receipts": "commit: receipts",
    "persist": "commit: persist (client)",
}


class Table(NamedTuple):
    """`name` is the section; `head` names the columns; bold rows begin with two stars."""

    name: str
    title: str
    head: list[str]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


class Oracle(NamedTuple):
    """The comparison with the oracle in the same session."""

    parcels: int
    messages: int
    differences: list[str]


def throughput(measured: Sequence[Measured], oracle: Oracle) -> Table:
    """The main figure, what it costs, where that goes."""

    def spread(figure: Callable[[Measured, Run], float], form: str = "{:,.0f}") -> tuple[str, ...]:
        return tuple(_spread([figure(one, run) for run in one.runs], form) for one in measured)

    def each(figure: Callable[[Measured], object]) -> tuple[str, ...]:
        return tuple(str(figure(one)) for one in measured)

    def clocked(figure: Callable[[Measured], str]) -> tuple[str, ...]:
        return tuple(figure(one) if one.clocked else "" for one in measured)

    def stage(name: str) -> Callable[[Measured], str]:
        return lambda one: f"{stage_us(one, name):,.1f}"

    rows = [
        ("declarations a run", *each(lambda m: f"{m.stream.parcels:,}")),
        ("declarations stored before", *each(lambda m: f"{m.stored:,}")),
        ("runs", *each(lambda m: len(m.runs))),
        ("seconds a run", *spread(lambda m, r: r.seconds)),
        ("messages a request", *each(lambda m: f"{m.stream.expected.messages / m.stream.requests:,.0f}")),
        ("XML bytes per declaration", *each(lambda m: f"{m.stream.expected.size_bytes / m.stream.parcels:,.0f}")),
        ("**declarations per second, end to end**", *spread(lambda m, r: m.stream.parcels / r.seconds)),
        ("share of busy CPU that others took, %", *spread(lambda m, r: r.others_share * 100)),
        ("pace of the machine: a fixed piece of Python, ms", *spread(lambda m, r: r.pace_milliseconds)),
        ("**CPU µs per declaration, all processes**", *spread(lambda m, r: m.us(r.cpu_seconds))),
        *[(f"· {role}", *spread(_cpu_of(role))) for role in (*ROLES, WRITERS)],
        ("load generator and measuring, µs (not in the sum)", *spread(lambda m, r: m.us(r.senders_seconds))),
        ("declarations per second that this CPU allows on 2 cores", *spread(lambda m, r: 2e6 / m.us(r.cpu_seconds))),
        ("**peak memory of all processes, MiB**", *spread(lambda m, r: r.peak_bytes / 2**20)),
        ("requests told to wait, which came again", *spread(lambda m, r: r.refusals)),
        ("WAL bytes per declaration", *spread(lambda m, r: r.wal_bytes / m.stream.parcels)),
        ("stored bytes per declaration, indexes included", *spread(lambda m, r: r.stored_bytes / m.stream.parcels)),
        *[
            (f"stage µs, {label}", *clocked(stage(name)))
            for name, label in STAGES.items()
        ],
        ("door µs: CPU of web that is in no stage", *clocked(lambda m: f"{door_us(m):,.1f}")),
        ("floor µs: same bytes recognised once", *clocked(lambda m: f"{floor_of(m).recognise_us:.1f}")),
        ("floor µs: same rows copied once, no index", *clocked(lambda m: f"{floor_of(m).copy_us:.1f}")),
        ("floor as a share of our CPU, %", *clocked(lambda m: f"{100 * floor_of(m).total_us / m.cpu_us:.0f}")),
        ("counts, balances and receipts that differ", *each(lambda m: len(m.wrong))),
        ("differences from the oracle", *each(lambda m: len(oracle.differences))),
    ]  # fmt: skip
    note = (
        f"Median (lowest – highest) of the runs. The oracle decided {oracle.parcels:,} parcels in {oracle.messages:,}"
        " messages of the same session, repeated, forged and hostile ones among them."
    )
    return Table("throughput", "Throughput through the door", ["", *[one.name for one in measured]], rows, note)


def stage_us(measured: Measured, name: str) -> float:
    """What a stage cost a declaration, in the run with clocks."""
    assert measured.clocked is not None
    return measured.clocked.clocks.get(name, 0) / measured.clocked_declarations * 1e6


def floor_of(measured: Measured) -> Floor:
    """What the machine asks for at least."""
    assert measured.floor is not None
    return measured.floor


def door_us(measured: Measured) -> float:
    """What HTTP, hashing, waiting and acknowledging cost a declaration: what web took and no stage of intake did."""
    assert measured.clocked is not None
    stages = ("recognise", "verify", "records", "store", "compress")
    inside = sum(measured.clocked.clocks.get(name, 0) for name in stages)
    return max(0.0, measured.clocked.cpu["web"] - inside) / measured.clocked_declarations * 1e6


def exports(both: Sequence[Measured]) -> Table:
    """List release beside the clearing of imports, in the same session."""
    rates = [median([one.stream.parcels / run.seconds for run in one.runs]) for one in both]
    rows = [
        ("declarations a run", *[f"{one.stream.parcels:,}" for one in both]),
        ("declarations stored before", *[f"{one.stored:,}" for one in both]),
        ("runs, in turn", *[str(len(one.runs)) for one in both]),
        ("documents per declaration", *[f"{_documents(one) / one.stream.parcels:.2f}" for one in both]),
        ("XML bytes per declaration", *[f"{one.stream.expected.size_bytes / one.stream.parcels:,.0f}" for one in both]),
        ("**declarations per second, end to end**", *_spreads(both, lambda m, r: m.stream.parcels / r.seconds)),
        ("**CPU µs per declaration, all processes**", *_spreads(both, lambda m, r: m.us(r.cpu_seconds))),
        *[(f"· {role}", *_spreads(both, _cpu_of(role))) for role in (*ROLES, WRITERS)],
        ("pace of the machine, ms", *_spreads(both, lambda m, r: r.pace_milliseconds)),
        ("counts, balances and receipts that differ", *[str(len(one.wrong)) for one in both]),
        ("**rate of exports ÷ rate of imports (at least 0.80)**", "", f"{rates[1] / rates[0]:.2f}"),
    ]
    return Table("exports", "List release of exports, at 100 documents a message", ["", "imports", "exports"], rows)


def _documents(measured: Measured) -> int:
    return measured.stream.expected.documents.total()


def growth(both: Sequence[Measured]) -> Table:
    """Cost of a declaration beside few and beside many others."""
    ratio = both[1].cpu_us / both[0].cpu_us
    rows = [
        ("declarations a run", *[f"{one.stream.parcels:,}" for one in both]),
        ("runs, in turn", *[str(len(one.runs)) for one in both]),
        ("**CPU µs per declaration, all processes**", *_spreads(both, lambda m, r: m.us(r.cpu_seconds))),
        *[(f"· {role}", *_spreads(both, _cpu_of(role))) for role in (*ROLES, WRITERS)],
        ("pace of the machine, ms", *_spreads(both, lambda m, r: r.pace_milliseconds)),
        ("declarations per second", *_spreads(both, lambda m, r: m.stream.parcels / r.seconds)),
        ("WAL bytes per declaration", *_spreads(both, lambda m, r: r.wal_bytes / m.stream.parcels)),
        ("**cost beside many ÷ beside few (at most 1.15)**", "", f"{ratio:.2f}"),
    ]
    return Table("growth", "Growth, at 100 documents a message", ["", *[one.name for one in both]], rows)


def latency(measured: dict[int, list[Latency]]) -> Table:
    """From the last needed document acknowledged to the receipt committed."""
    rows = [
        (
            f"{per_message} a message, {one.load:.0%} of the rate",
            f"{one.offered_per_second:,.0f}",
            f"{one.declarations:,}",
            f"{one.p50_ms:,.0f}",
            f"{one.p95_ms:,.0f}",
            f"**{one.p99_ms:,.0f}**",
            f"{one.answer_p50_ms:,.0f}",
            f"{one.others_share:.0%}",
        )
        for per_message, both in measured.items()
        for one in both
    ]
    head = ["", "offered /s", "counted", "p50 ms", "p95 ms", "p99 ms", "202 after, p50 ms", "others"]
    return Table("latency", "Latency: last needed document acknowledged → receipt committed", head, rows)


def hostile(seen: Sequence[Seen], beside: Beside) -> list[Table]:
    """What floods cost, and pages and clearing beside each other."""
    rows = [
        (
            one.name,
            f"{one.flood_documents:,}",
            f"{one.flood_bytes / 2**20:,.0f}",
            f"{one.refusals:,}",
            f"{one.peak_bytes / 2**20:,.0f}",
            f"{one.wait_ms(0.5):,.0f}",
            f"{one.wait_ms(0.95):,.0f}",
            f"{one.wait_ms(0.5) / seen[0].wait_ms(0.5):,.1f}",
        )
        for one in seen
    ]
    head = ["", "taken", "MiB taken", "refused", "peak MiB", "others' median ms", "others' p95 ms", "times quiet"]
    floods = Table("hostile", "Hostile load, and what another sender waits for its answers", head, rows)
    pages = [
        ("clearing, declarations per second", _spread(beside.rates_alone), _spread(beside.rates_beside)),
        *[
            (
                f"pages, {name} ms",
                f"{beside.page_ms(beside.pages_alone, part):,.0f}",
                f"{beside.page_ms(beside.pages_beside, part):,.0f}",
            )
            for name, part in (("median", 0.5), ("p95", 0.95))
        ],
        ("pages asked for", f"{len(beside.pages_alone):,}", f"{len(beside.pages_beside):,}"),
        ("pages that failed", "", str(len(beside.failed))),
    ]
    return [
        floods,
        Table("pages", "Pages and clearing as fast as it goes", ["", "alone", "beside each other"], pages),
    ]


def replay(one: Replay) -> Table:
    """How fast the past is run again."""
    million = 1e6 / one.per_second / 60
    rows = [
        ("declarations", f"{one.declarations:,}"),
        ("**declarations per second**", f"{one.per_second:,.0f}"),
        ("CPU µs per declaration", f"{one.cpu_seconds / one.declarations * 1e6:,.0f}"),
        ("peak memory, MiB", f"{one.peak_bytes / 2**20:,.0f}"),
        ("differences from what was recorded", str(one.differences)),
    ]
    return Table(
        "replay", "Replay under the law of the day", ["", ""], rows,
        f"At this rate a million declarations take {million:.1f} minutes; that is reckoned, not measured.",
    )  # fmt: skip


def lists(asked: Sequence[Asked], enterprises: int, listed: int) -> Table:
    """How long a page of each list takes; bold: longer than it may."""
    rows = []
    for one in asked:
        stars = "**" if one.ms(0.95) > BAR_MS else ""
        figures = [f"{one.ms(part):,.0f}" for part in (0.5, 0.95, 1.0)]
        rows.append((f"{stars}{one.name}{stars}", *figures))
    return Table(
        "lists", "Lists and look-ups over HTTP, ms", ["", "median", "95 %", "slowest"], rows,
        f"Beside {enterprises:,} enterprises and {listed:,} each of declarations, messages and cases; the firm has"
        f" one in {Amounts(enterprises, listed, listed).own_every:,}. The bar: {BAR_MS:.0f} ms for 95 in 100 pages.",
    )  # fmt: skip


def yardsticks(found: Yardsticks) -> Table:
    """What the machine can do at best."""
    names = {
        "pace_ms": "a fixed piece of Python, ms",
        "rsa_verify_us": "RSA-2048 verification, µs",
        "sha256_gb_per_second": "SHA-256, GB/s",
        "lxml_mb_per_second": "lxml, messages parsed to a tree, MB/s",
        "fsync_ms": "8 KiB on disk, ms",
    }
    rows = []
    for name, (middle, low, high) in found._asdict().items():
        form = "{:,.2f}" if middle < 10 else "{:,.0f}"
        rows.append((names[name], form.format(middle), f"{form.format(low)} – {form.format(high)}"))
    return Table("machine", "The machine, one core", ["", "median", "lowest – highest"], rows)


def _cpu_of(role: str) -> Callable[[Measured, Run], float]:
    return lambda measured, one: measured.us(one.cpu[role])


def _spreads(measured: Sequence[Measured], figure: Callable[[Measured, Run], float]) -> tuple[str, ...]:
    return tuple(_spread([figure(one, run) for run in one.runs]) for one in measured)


def _spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    ends = f" ({form.format(min(values))} – {form.format(max(values))})" if len(values) > 1 else ""
    return form.format(median(values)) + ends


def show(console: Console, table: Table) -> None:
    """A table on the terminal."""
    shown = Shown(*table.head, title=table.title)
    for column in shown.columns[1:]:
        column.justify = "right"
    for row in table.rows:
        shown.add_row(*[cell.replace("**", "") for cell in row], style="bold" if row[0].startswith("**") else None)
    console.print(shown)
    if table.note:
        console.print(table.note, highlight=False)


def markdown(table: Table, plots: Sequence[str] = ()) -> str:
    """The same for the page, with its plots (names of files, titles)."""
    lines = [f"### {table.title}", ""]
    for plot in plots:
        lines += [f"![{table.title}](performance/{plot}.svg)", ""]
    lines += [
        "| " + " | ".join(table.head) + " |",
        "|---|" + "---:|" * (len(table.head) - 1),
        *["| " + " | ".join(row) + " |" for row in table.rows],
    ]
    return "\n".join([*lines, *(["", table.note] if table.note else [])])


def begin(section: str) -> str:
    """Stands before the figures of a section."""
    return f"<!-- bench {section}: begin -->"


def end(section: str) -> str:
    """Stands behind them."""
    return f"<!-- bench {section}: end -->"


def refresh(page: Path, section: str, text: str) -> None:
    """Put the figures between the marks of their section; what is written around them stays."""
    whole = page.read_text(encoding="utf-8")
    if begin(section) not in whole:
        raise ValueError(f"{page} has no place for the section {section}: {begin(section)}")
    before, _, rest = whole.partition(begin(section))
    _, _, after = rest.partition(end(section))
    page.write_text(f"{before}{begin(section)}\n{text}\n{end(section)}{after}", encoding="utf-8")
