"""What a session shall measure, and how long."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SECTIONS = ("throughput", "exports", "growth", "latency", "hostile", "replay", "lists")
SMALL_SHARE = 0.4
"""Messages of one document cost two to three times as much: so many declarations take as long."""
PART = 0.25


class Options(NamedTuple):
    """As the command line says them."""

    declarations: int
    stored: int
    runs: int
    per_message: tuple[int, ...]
    only: tuple[str, ...]
    rate: float | None
    """Declarations a second to take shares of for latency, where throughput is not measured."""
    latency_seconds: float
    flood: int
    """Documents of the hostile sender."""
    scene_seconds: float
    oracle: int
    listed: int
    """Declarations, messages and cases beside which lists are asked for."""
    listed_enterprises: int
    list_pages: int
    """How often each list is asked for."""
    seed: int
    dir: Path | None
    quick: bool

    def parcels(self, per_message: int) -> int:
        """Of a run of the main figure."""
        return self.declarations if per_message >= 10 else max(500, int(self.declarations * SMALL_SHARE))

    def part(self, per_message: int) -> int:
        """Of a run that is not the main figure."""
        return max(500, int(self.parcels(per_message) * PART))


def options(words: Sequence[str] | None = None) -> Options:
    """From the command line. `--quick` is a smoke test: everything small, and the page stays as it is."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Makes traffic, measures it through the door, compares with the oracle."
    )
    parser.add_argument("--declarations", type=int, default=250_000, help="a run, at 100 documents a message")
    parser.add_argument("--stored", type=int, default=3_000_000, help="declarations in the database before each run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--per-message", type=_numbers, default=(100, 1), help="documents a message: 100,1")
    parser.add_argument("--only", type=_sections, default=SECTIONS, help=f"some of {','.join(SECTIONS)}")
    parser.add_argument("--rate", type=float, help="declarations a second that latency takes its shares of")
    parser.add_argument("--latency-seconds", type=float, default=15, help="of each load")
    parser.add_argument("--flood", type=int, default=100_000, help="documents of the hostile sender")
    parser.add_argument("--scene-seconds", type=float, default=10, help="of each hostile scene")
    parser.add_argument("--oracle", type=int, default=2_000, help="parcels that the oracle decides too")
    parser.add_argument("--listed", type=int, default=1_000_000, help="declarations, messages, cases behind lists")
    parser.add_argument("--listed-enterprises", type=int, default=100_000, help="enterprises behind lists")
    parser.add_argument("--list-pages", type=int, default=100, help="pages of each list")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="where to work: on the disk that is to be measured")
    parser.add_argument("--quick", action="store_true", help="a smoke test: everything small, page unchanged")
    chosen = Options(**vars(parser.parse_args(words)))
    if not chosen.quick:
        return chosen
    return chosen._replace(
        declarations=min(chosen.declarations, 2_000),
        stored=min(chosen.stored, 2_000),
        runs=1,
        oracle=min(chosen.oracle, 300),
        listed=min(chosen.listed, 2_000),
        listed_enterprises=min(chosen.listed_enterprises, 200),
        list_pages=min(chosen.list_pages, 6),
        latency_seconds=4,
        flood=2_000,
        scene_seconds=2,
        rate=chosen.rate or 600,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _sections(text: str) -> tuple[str, ...]:
    words = tuple(text.split(","))
    if unknown := set(words) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return words
