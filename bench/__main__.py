"""`python -m bench`: makes traffic, measures it end to end, compares with the oracle, prints one table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console

from bench import checks, machine, report
from bench.floor import floor
from bench.measure import Run, run
from bench.prefill import prefill
from bench.report import Measured, Oracle
from bench.stream import Stream, make
from silkgate.kernel.clock import china_day
from silkgate.site.application import set_up
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.scratch import private_database
from silkgate.site.traffic.zone import Zone

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
DOCUMENTS_PER_REQUEST = 8_000
SMALL_SHARE = 5
"""Messages of few documents cost several times as much: a fifth of the declarations takes as long."""
CLOCKED_SHARE = 4


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--declarations", type=int, default=200_000, help="per run, at 100 documents a message")
    parser.add_argument("--stored", type=int, default=0, help="declarations that every database holds before its run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--per-message", default="100,1", help="documents a message, separated by commas")
    parser.add_argument("--oracle", type=int, default=2_000, help="parcels that the oracle decides too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="where to work: on the disk that is to be measured")
    parser.add_argument("--quick", action="store_true", help="a smoke test: few declarations, one run, page unchanged")
    chosen = parser.parse_args(words)
    chosen.per_message = [int(size) for size in chosen.per_message.split(",")]
    if chosen.quick:
        chosen.declarations, chosen.runs, chosen.oracle = min(chosen.declarations, 2_000), 1, min(chosen.oracle, 300)
    return chosen


def main(words: Sequence[str] | None = None) -> int:
    """Measure; 0 where everything agrees, 1 where a count, a balance or the oracle differs."""
    chosen = options(words)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="silkgate-bench-", dir=chosen.dir) as place, server(Path(place)) as url:
        facts = machine.description() | disk(Path(place)) | {"postgresql": version(url)}
        with console.status("oracle"):
            differences, messages = checks.oracle_differences(url, chosen.oracle, chosen.seed + 1)
        oracle = Oracle(chosen.oracle, messages, differences)
        measured = [measure(console, Path(place), url, chosen, size) for size in chosen.per_message]
    report.show(console, measured, oracle)
    for line in [line for one in measured for line in one.wrong] + oracle.differences[:50]:
        console.print(line, style="red", markup=False)
    if not chosen.quick:
        text = report.markdown(measured, oracle, facts, china_day(datetime.now(UTC)).isoformat())
        report.refresh(PAGE, text)
        console.print(f"→ {PAGE}")
    return 1 if oracle.differences or any(one.wrong for one in measured) else 0


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


def measure(console: Console, place: Path, url: str, chosen: argparse.Namespace, per_message: int) -> Measured:
    """All runs of one size of message, each in a database of its own."""
    declarations = chosen.declarations if per_message >= 10 else max(2_000, chosen.declarations // SMALL_SHARE)
    zone = Zone(seed=chosen.seed, as_of=datetime.now(UTC))
    zone.write(place / "zone")
    with console.status(f"{per_message} a message: {declarations:,} parcels are made"):
        stream = made(place, zone, declarations, per_message, chosen.seed)
        part = made(place, zone, max(2_000, declarations // CLOCKED_SHARE), per_message, chosen.seed)
    runs: list[Run] = []
    wrong: list[str] = []
    for number in range(chosen.runs):
        with (
            console.status(f"{per_message} a message: run {number + 1} of {chosen.runs}"),
            loaded(url, place, chosen.stored) as own,
        ):
            runs.append(run(own, stream))
            wrong += checked(own, stream)
        console.print(
            f"{per_message} a message, run {number + 1}: {declarations / runs[-1].seconds:,.0f}/s,"
            f" {sum(runs[-1].cpu.values()) / declarations * 1e6:,.0f} µs, others {runs[-1].others_share:.0%}"
        )
    with console.status(f"{per_message} a message: run with clocks"), loaded(url, place, 0) as own:
        clocked = run(own, part, clocked=True)
        least = floor(own, part)
    stream.path.unlink()
    part.path.unlink(missing_ok=True)
    return Measured(stream, chosen.stored, runs, clocked, part.parcels, least, wrong)


def made(place: Path, zone: Zone, parcels: int, per_message: int, seed: int) -> Stream:
    path = place / f"{per_message}-{parcels}.frames"
    return make(path, zone, parcels, per_message=per_message, per_request=DOCUMENTS_PER_REQUEST, seed=seed)


@contextmanager
def loaded(server_url: str, place: Path, stored: int) -> Iterator[str]:
    """A database with the zone loaded, `stored` declarations of long ago, and nothing received yet."""
    from silkgate.clearance.api import load_zone

    with private_database(server_url) as url:
        load_zone(place / "zone")
        if stored:
            prefill(url, stored)
        yield url


def checked(url: str, stream: Stream) -> list[str]:
    with psycopg.connect(url, autocommit=True) as connection:
        return checks.after_run(connection, stream)


def version(url: str) -> str:
    with psycopg.connect(url) as connection:
        number = connection.info.server_version
    return f"{number // 10_000}.{number % 10_000}"


def disk(place: Path) -> dict[str, str]:
    return {"disk": f"{machine.file_system(place)} (8 KiB on disk in {machine.fsync_milliseconds(place):.2f} ms)"}


if __name__ == "__main__":
    sys.exit(main())
