"""What each stage may cost: processor time for a declaration, in units of the fixed piece of Python of the same run.

Rates depend on the machine and on who else uses it; processor time held against a yardstick of the same minute hardly
does. `python -m bench.budget` measures, prints what is over its budget, and with `--write` keeps new figures.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.databases import Databases
from bench.measure import Run, run
from bench.service import COMMIT, ENGINE, WEB
from bench.stream import Stream, make
from silkgate.site.traffic.zone import Zone

FILE = Path(__file__).with_suffix(".csv")
DECLARATIONS, PER_MESSAGE, PER_REQUEST = 6_000, 100, 2_000
ROUNDS = 3
"""At most."""
TOLERANCE = 1.6
"""Times its budget, and no stage may cost more: a stage that doubles is noticed, a neighbour on the machine is not."""
SLACK = 0.008
"""Allowed to each on top: half a microsecond, for the smallest."""
_PROCESSES = (WEB, ENGINE, COMMIT)


def rounds(server_url: str, place: Path) -> Iterator[dict[str, float]]:
    """Round after round, by stage: thousandths of the fixed piece of Python for a declaration."""
    zone = Zone(as_of=datetime.now(UTC))
    zone.write(place / "zone")
    databases = Databases(server_url, place / "zone")
    stream = make(place / "stream", zone, DECLARATIONS, per_message=PER_MESSAGE, per_request=PER_REQUEST, seed=1)
    for _ in range(ROUNDS):
        with databases.fresh() as url:
            yield _costs(run(url, stream, place / "service", clocked=True), stream)


def judged(measured: Iterable[dict[str, float]], allowed: dict[str, float]) -> tuple[dict[str, float], list[str]]:
    """The least of as many rounds as it takes until nothing is over its budget, and what is over it in the end.

    A neighbour on the machine makes a stage dearer and never cheaper: what is within its budget once is within it, and
    a stage that has become dearer is dearer in every round.
    """
    least: dict[str, float] = {}
    for one in measured:
        least = {name: min(value, least.get(name, value)) for name, value in one.items()}
        if not over(least, allowed):
            break
    return least, over(least, allowed)


def kept(measured: Iterable[dict[str, float]]) -> dict[str, float]:
    """What is written down as budgets: the medians of all rounds."""
    known = list(measured)
    return {name: median(one[name] for one in known) for name in known[0]}


def _costs(one: Run, stream: Stream) -> dict[str, float]:
    """Stages as the clocks name them; processes whole, with what is in no stage."""
    seconds = one.clocks | {f"process {role}": one.cpu[role] for role in _PROCESSES}
    unit = one.pace_milliseconds * stream.parcels / 1e6
    return {name: value / unit for name, value in sorted(seconds.items())}


def budgets() -> dict[str, float]:
    """As they are kept."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {row["stage"]: float(row["thousandths"]) for row in csv.DictReader(file)}


def over(found: dict[str, float], allowed: dict[str, float]) -> list[str]:
    """A line for each stage that costs too much, is not measured any more, or has no budget."""
    lines = [
        f"{name}: {value:.3f}, budget {allowed[name]:.3f}, at most {allowed[name] * TOLERANCE + SLACK:.3f}"
        for name, value in found.items()
        if name in allowed and value > allowed[name] * TOLERANCE + SLACK
    ]
    lines += [f"{name}: has a budget and was not measured" for name in allowed if name not in found]
    return lines + [f"{name}: has no budget" for name in found if name not in allowed]


def main(words: Sequence[str] | None = None) -> int:
    """Measure and compare; or, of all rounds, keep."""
    from bench.__main__ import server

    write = "--write" in (sys.argv[1:] if words is None else words)
    with tempfile.TemporaryDirectory(prefix="silkgate-bench-") as place, server(Path(place)) as url:
        measured = rounds(url, Path(place))
        found, lines = (kept(measured), []) if write else judged(measured, budgets())
    if write:
        with FILE.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("stage", "thousandths"))
            rows.writerows((name, f"{value:.3f}") for name, value in found.items())
    for name, value in found.items():
        print(f"{name:20} {value:.3f}")
    if write:
        return 0
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
