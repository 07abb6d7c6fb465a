"""`python -m bench`: makes traffic, measures it through the door, compares with the oracle, prints and keeps tables."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console

from bench import checks, drawing, machine, report
from bench.options import Options, options
from bench.report import Oracle, Table
from bench.sections import Bench, Measured
from bench.yardsticks import yardsticks
from silkgate.kernel.clock import china_day
from silkgate.site.application import set_up
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.standards.ceb.fast import is_compiled

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
PLOTS = PAGE.with_suffix("")


class Session:
    """Runs sections one after the other; what they come to is shown at once and, unless it is a smoke test, kept."""

    def __init__(self, chosen: Options, console: Console, bench: Bench, facts: str) -> None:
        self.chosen, self.console, self.bench, self.facts = chosen, console, bench, facts
        self.wrong: list[str] = []
        self.rates: dict[int, float] = {}

    def throughput(self, url: str) -> None:
        with self.console.status("oracle"):
            differences, messages = checks.oracle_differences(url, self.chosen.oracle, self.chosen.seed + 1)
        oracle = Oracle(self.chosen.oracle, messages, differences)
        measured = []
        for per_message in self.chosen.per_message:
            measured.append(self._last(self.bench.throughput(per_message), f"{per_message} a message"))
            self.rates[per_message] = measured[-1].rate
        if is_compiled() and 100 in self.chosen.per_message:
            measured.append(self._last(self.bench.plain(100), "nothing compiled"))
        self.wrong += [line for one in measured for line in one.wrong] + oracle.differences[:50]
        table = report.throughput(measured, oracle)
        self._keep(table, throughput=drawing.throughput(measured), stages=drawing.stages(measured))

    def exports(self) -> None:
        both: list[Measured] = []
        for both in self.bench.exports():
            for one in both:
                self._tell(one)
        self.wrong += [line for one in both for line in one.wrong]
        self._keep(report.exports(both))

    def growth(self) -> None:
        both: list[Measured] = []
        for both in self.bench.growth():
            for one in both:
                self._tell(one)
        self.wrong += [line for one in both for line in one.wrong]
        self._keep(report.growth(both), growth=drawing.growth(both))

    def latency(self) -> None:
        told = {}
        for per_message in self.chosen.per_message:
            rate = self.chosen.rate or self.rates.get(per_message)
            if rate is None:
                raise SystemExit("--only latency needs --rate: the declarations a second that it takes its shares of")
            with self.console.status(f"latency, {per_message} a message"):
                told[per_message] = self.bench.latency(per_message, rate)
        self._keep(report.latency(told), latency=drawing.latency(told))

    def hostile(self) -> None:
        seen = []
        for one in self.bench.hostile():
            seen.append(one)
            self.console.print(f"{one.name}: others' median {one.wait_ms(0.5):,.0f} ms")
        with self.console.status("pages"):
            beside = self.bench.beside()
        self.wrong += [f"page {path}: {status}" for path, status in beside.failed[:10]]
        for table in report.hostile(seen, beside):
            self._keep(table)

    def replay(self) -> None:
        with self.console.status("replay"):
            one = self.bench.replay()
        if one.differences:
            self.wrong.append(f"replay: {one.differences} differences")
        self._keep(report.replay(one))

    def lists(self) -> None:
        asked = []
        with self.console.status("lists"):
            for one in self.bench.lists():
                asked.append(one)
                self.console.print(f"{one.name}: median {one.ms(0.5):,.0f} ms")
                self.wrong += [f"{one.name}: {path}: {status}" for path, status in one.failed[:3]]
        self._keep(report.lists(asked, self.chosen.listed_enterprises, self.chosen.listed))

    def machine(self) -> None:
        with self.console.status("yardsticks"):
            found = yardsticks(self.bench.stream(100, 500), self.bench.place, 1 if self.chosen.quick else 5)
        self._keep(report.yardsticks(found)._replace(note=self.facts))

    def _last(self, runs: Iterator[Measured], name: str) -> Measured:
        measured: Measured | None = None
        with self.console.status(name):
            for measured in runs:
                if not measured.clocked:
                    self._tell(measured)
        assert measured is not None
        return measured

    def _tell(self, measured: Measured) -> None:
        one = measured.runs[-1]
        self.console.print(
            f"{measured.name}: {measured.stream.parcels / one.seconds:,.0f}/s,"
            f" {measured.us(one.cpu_seconds):,.0f} µs, others {one.others_share:.0%}, {one.refusals} told to wait"
        )

    def _keep(self, table: Table, **plots: str) -> None:
        report.show(self.console, table)
        if self.chosen.quick:
            return
        PLOTS.mkdir(exist_ok=True)
        for name, svg in plots.items():
            (PLOTS / f"{name}.svg").write_text(svg, encoding="utf-8")
        report.refresh(PAGE, table.name, report.markdown(table, list(plots)))


def main(words: Sequence[str] | None = None) -> int:
    """Measure; 0 where everything agrees, 1 where a count, a balance, the oracle or a replay differs."""
    chosen = options(words)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="silkgate-bench-", dir=chosen.dir) as place, server(Path(place)) as url:
        bench = Bench(chosen, url, Path(place))
        session = Session(chosen, console, bench, facts(Path(place), url))
        for section in chosen.only:
            if section == "throughput":
                session.throughput(url)
            else:
                getattr(session, section)()
        session.machine()
    for line in session.wrong:
        console.print(line, style="red", markup=False)
    if not chosen.quick:
        console.print(f"→ {PAGE}")
    return 1 if session.wrong else 0


@contextmanager
def server(place: Path) -> Iterator[str]:
    """A PostgreSQL of our own with the settings of production; Django set up for it."""
    place.chmod(0o711)  # as root the server runs as another account, which has to pass through
    os.environ["SILKGATE_HOME"] = str(place / "home")
    os.environ.pop("DATABASE_URL", None)
    with EmbeddedPostgres(place / "home" / "postgres") as embedded:
        os.environ["DATABASE_URL"] = embedded.url
        set_up()
        yield embedded.url


def facts(place: Path, url: str) -> str:
    """The machine and the day, in a sentence."""
    told = machine.description()
    with psycopg.connect(url) as connection:
        number = connection.info.server_version
    return (
        f"Measured on {china_day(datetime.now(UTC)).isoformat()}: {told['cores']}, {told['memory']} memory,"
        f" {machine.file_system(place)}, {told['system']}, Python {told['python']},"
        f" PostgreSQL {number // 10_000}.{number % 10_000}."
    )


if __name__ == "__main__":
    sys.exit(main())
