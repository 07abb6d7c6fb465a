"""A nation on paper: 165 zones, 20 million parcels a day, a peak of 10,000 a second. Where does the first limit lie?

`python -m bench.nation` prints the tables of docs/scaling.md and refreshes them. Nothing is sent and nothing stored:
parcels arrive by a daily curve, wait for the engine of their zone and for the server that the zone's tables lie on, and
what each part can do in a second follows from what `make bench` measured. Seeded: the same figures each time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from rich.console import Console

from bench import report

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
STEP_SECONDS = 10
STEPS = 86_400 // STEP_SECONDS
# Share of a day's parcels in each hour: quiet nights, a long evening. Assumed; the peak of a sale comes on top of it.
HOURS = (38, 26, 18, 14, 12, 14, 20, 28, 38, 50, 56, 54, 46, 46, 50, 52, 52, 50, 50, 56, 64, 66, 60, 40)


class Costs(NamedTuple):
    """Processor time for one declaration with its three companions, at 100 documents a message; microseconds, bytes."""

    web_us: float = 80
    engine_us: float = 150
    commit_us: float = 48
    log_us: float = 7
    database_us: float = 100
    stored_bytes: int = 6_000
    share_usable: float = 0.8
    """Of a core, before waiting grows."""

    @property
    def engine_per_second(self) -> float:
        """What one engine decides; it is one process."""
        return 1e6 * self.share_usable / self.engine_us

    @property
    def core_us(self) -> float:
        """Of all parts together."""
        return self.web_us + self.engine_us + self.commit_us + self.log_us + self.database_us


class Nation(NamedTuple):
    """Who sends how much."""

    zones: int = 165
    parcels_a_day: int = 20_000_000
    peak_per_second: int = 10_000
    peak_minutes: int = 30
    peak_hour: int = 20
    skew: float = 0.8
    """Zone number n sends in proportion to n to the minus `skew`."""

    def shares(self) -> list[float]:
        """Of the zones, the largest first; they sum to one."""
        weights = [(n + 1) ** -self.skew for n in range(self.zones)]
        return [weight / sum(weights) for weight in weights]

    def arrivals(self) -> list[float]:
        """Parcels of the nation in each step of the day: the curve of the hours, with the peak set upon it."""
        first = self.peak_hour * 3600 // STEP_SECONDS
        high = range(first, first + self.peak_minutes * 60 // STEP_SECONDS)
        left = self.parcels_a_day - len(high) * STEP_SECONDS * self.peak_per_second
        hours = [HOURS[step * STEP_SECONDS // 3600] for step in range(STEPS)]
        total = sum(hour for step, hour in enumerate(hours) if step not in high)
        return [
            float(self.peak_per_second * STEP_SECONDS) if step in high else left * hour / total
            for step, hour in enumerate(hours)
        ]


class Day(NamedTuple):
    """What came of a day in one layout."""

    servers: int
    engines_of_largest: int
    busiest_engine: float
    """What comes at the peak, as a share of what it can do."""
    busiest_server: float
    longest_wait_seconds: float
    """The longest that a parcel waited anywhere, beyond being worked on."""
    undecided: int
    """At midnight."""


def placed(shares: Sequence[float], servers: int) -> list[list[int]]:
    """Zones on servers: the largest first, each where there is least so far."""
    on: list[list[int]] = [[] for _ in range(servers)]
    load = [0.0] * servers
    for zone in sorted(range(len(shares)), key=lambda number: -shares[number]):
        place = load.index(min(load))
        on[place].append(zone)
        load[place] += shares[zone]
    return on


def simulate(nation: Nation, costs: Costs, *, servers: int, cores: int, engines: int, random: Random) -> Day:
    """One day. Each zone's tables lie on one server with its `engines` (of the largest zones; small ones have one).

    A zone's queue is emptied at the pace of its engines and at its share of what the server's cores can do.
    """
    shares, arrivals = nation.shares(), nation.arrivals()
    able = costs.engine_per_second * STEP_SECONDS
    server_able = cores * costs.share_usable * 1e6 / costs.core_us * STEP_SECONDS
    peaks = [share * nation.peak_per_second for share in shares]
    need = [max(1, min(engines, round(peak / costs.engine_per_second + 0.5))) for peak in peaks]
    waiting = [0.0] * nation.zones
    where = placed(shares, servers)
    longest = busiest_engine = busiest_server = 0.0
    for arrived in arrivals:
        for zones in where:
            wanted, came = [], 0.0
            for zone in zones:
                mean = arrived * shares[zone]
                new = max(0.0, random.gauss(mean, (2 * mean) ** 0.5))
                came += new
                waiting[zone] += new
                wanted.append(min(waiting[zone], able * need[zone]))
                busiest_engine = max(busiest_engine, new / (able * need[zone]))
            total = sum(wanted)
            busiest_server = max(busiest_server, came / server_able)
            given = min(1.0, server_able / total) if total else 1.0
            for zone, much in zip(zones, wanted, strict=True):
                waiting[zone] -= much * given
                if waiting[zone] > 0 and much:
                    longest = max(longest, waiting[zone] / (much * given) * STEP_SECONDS)
    return Day(servers, need[0], busiest_engine, busiest_server, longest, round(sum(waiting)))


# --- Hot accounts ---------------------------------------------------------------------------------------------------


class SubBalances:
    """One account split over several engines: each holds a part and takes from the rest when its own does not do.

    Nothing is ever below zero, and nobody is refused while anything is left anywhere.
    """

    def __init__(self, capacity: int, parts: int) -> None:
        self.parts = [capacity // (2 * parts)] * parts
        self.rest = capacity - sum(self.parts)
        """Kept by the account's own shard."""
        self.asked = self.gathered = 0
        """Round trips to the account's shard; times that it had to call parts in."""

    def reserve(self, part: int, amount: int) -> bool:
        """Take `amount` through the engine that holds `part`."""
        held = self.parts
        if held[part] < amount:
            self.asked += 1
            if held[part] + self.rest < amount:
                self._gather(part)
            more = min(self.rest, max(amount - held[part], self.rest // (2 * len(held))))
            self.rest -= more
            held[part] += more
        if held[part] < amount:
            return False
        held[part] -= amount
        return True

    @property
    def left(self) -> int:
        """What is not reserved yet."""
        return self.rest + sum(self.parts)

    def _gather(self, part: int) -> None:
        """Call in what the other parts hold."""
        self.gathered += 1
        for other, much in enumerate(self.parts):
            if other != part:
                self.rest += much
                self.parts[other] = 0


class Hot(NamedTuple):
    """What splitting one account costs."""

    parts: int
    asked_per_thousand: float
    gathered: int
    refused_early: int
    """Reservations refused although enough was left: none is what is wanted."""


def hot(parts: int, *, capacity: int, random: Random) -> Hot:
    """Reserve small amounts from one stock, through `parts` engines, until it is gone."""
    account = SubBalances(capacity, parts)
    early = requests = 0
    while account.left:
        requests += 1
        amount = random.choice((1, 1, 1, 2, 3))
        left = account.left
        if not account.reserve(random.randrange(parts), amount) and left >= amount:
            early += 1
    return Hot(parts, 1000 * account.asked / requests, account.gathered, early)


# --- Tables ---------------------------------------------------------------------------------------------------------


def days(nation: Nation, costs: Costs, cores: int, seed: int) -> Iterator[Day]:
    """Ever more servers, until nothing waits longer than a step."""
    for servers in (1, 2, 3, 4, 5, 6, 8, 12, 16):
        day = simulate(nation, costs, servers=servers, cores=cores, engines=4, random=Random(seed))
        yield day
        if day.longest_wait_seconds < STEP_SECONDS:
            return


def table_of_days(found: Sequence[Day], cores: int) -> str:
    """Markdown."""
    rows = [
        f"| {day.servers} | {day.busiest_server:.0%} | {day.busiest_engine:.0%} | {_duration(day.longest_wait_seconds)}"
        f" | {day.undecided:,} |"
        for day in found
    ]
    head = (
        f"| servers of {cores} cores | busiest server at the peak | busiest engine | longest wait | left at midnight |"
    )
    return "\n".join([head, "|---:|---:|---:|---:|---:|", *rows])


def table_of_zones(nation: Nation, costs: Costs) -> str:
    """Markdown: which zone outgrows one engine, by how unequal the zones are."""
    rows = []
    for skew in (0.0, 0.5, 0.8, 1.0, 1.2):
        largest = nation._replace(skew=skew).shares()[0]
        peak = largest * nation.peak_per_second
        rows.append(f"| {skew} | {largest:.1%} | {peak:,.0f} | {peak / costs.engine_per_second:.0%} |")
    head = "| skew | largest zone’s share | its peak a second | of one engine |"
    return "\n".join([head, "|---:|---:|---:|---:|", *rows])


def table_of_storage(nation: Nation, costs: Costs) -> str:
    """Markdown: what a day and a year leave."""
    day = nation.parcels_a_day * costs.stored_bytes
    rows = [
        f"| a day | {nation.parcels_a_day / 1e6:,.0f} million | {day / 1e12:.2f} TB |",
        f"| three years, as long as documents may be kept | {nation.parcels_a_day * 1095 / 1e9:,.1f} billion |"
        f" {day * 1095 / 1e12:,.0f} TB |",
        f"| three years of the largest zone | {nation.parcels_a_day * 1095 * nation.shares()[0] / 1e9:,.1f} billion |"
        f" {day * 1095 * nation.shares()[0] / 1e12:,.1f} TB |",
    ]
    return "\n".join(["| | declarations | tables and indexes |", "|---|---:|---:|", *rows])


def table_of_hot(found: Sequence[Hot]) -> str:
    """Markdown."""
    rows = [f"| {one.parts} | {one.asked_per_thousand:.2f} | {one.gathered} | {one.refused_early} |" for one in found]
    head = "| engines | asks of the account’s shard, per 1,000 | called in | refused while there was enough |"
    return "\n".join([head, "|---:|---:|---:|---:|", *rows])


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def main(words: Sequence[str] | None = None) -> int:
    """Print, and refresh the page. 0, or 1 where a reservation was refused while there was enough."""
    asked = argparse.ArgumentParser(prog="python -m bench.nation", description=__doc__.partition("\n")[0])
    asked.add_argument("--cores", type=int, default=4, help="of each server")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--engine-us", type=float, default=Costs().engine_us)
    asked.add_argument("--database-us", type=float, default=Costs().database_us)
    asked.add_argument("--no-page", action="store_true", help="leave docs/scaling.md as it is")
    chosen = asked.parse_args(words)
    nation, costs = Nation(), Costs(engine_us=chosen.engine_us, database_us=chosen.database_us)
    split = [hot(parts, capacity=1_000_000, random=Random(chosen.seed)) for parts in (1, 2, 4, 8, 16)]
    tables = {
        "days": table_of_days(list(days(nation, costs, chosen.cores, chosen.seed)), chosen.cores),
        "zones": table_of_zones(nation, costs),
        "storage": table_of_storage(nation, costs),
        "hot": table_of_hot(split),
    }
    console = Console(width=140)
    for name, table in tables.items():
        console.print(table, markup=False)
        if not chosen.no_page:
            report.refresh(PAGE, f"nation {name}", table)
    return 1 if any(one.refused_early for one in split) else 0


if __name__ == "__main__":
    sys.exit(main())
