"""The same input gives the same output: whatever the batches, the size of the caches, and how often the engine starts.

Receipts are compared byte for byte where the batches are the same; their numbers count from the batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree

from clearance.rig import Record, case_folders, connector, record, take_in
from oracles.clearing import compare_case
from oracles.random_case import write_random_case
from silkgate.clearance.engine import run as engine_module
from silkgate.clearance.engine.run import Engine
from silkgate.site.scratch import private_database
from silkgate.site.traffic.case import write_case
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

PARCELS = 40
TINY = 3


class Way(NamedTuple):
    """How a case is run: sizes of its segments, segments in a batch, entries in a cache, batches in a life.

    `commit_process`: batches are written by a process of its own, as in service.
    """

    per_segment: Sequence[int] = (200,)
    segments_per_batch: int = 8
    cache_capacity: int = 60_000
    batches_per_life: int | None = None
    commit_process: bool = False


PLAIN = Way()
ONE_BY_ONE = Way(per_segment=(1,), segments_per_batch=1)
WAYS = {
    "one message a batch": ONE_BY_ONE,
    "tiny caches, one message a batch": ONE_BY_ONE._replace(cache_capacity=TINY),
    "seven segments of three": Way(per_segment=(3,), segments_per_batch=7),
    "uneven segments": Way(per_segment=(1, 17, 4, 60), segments_per_batch=2),
    "tiny caches, uneven segments": Way(per_segment=(2, 9, 1), segments_per_batch=3, cache_capacity=TINY),
    "tiny caches, a life of two batches": Way((2, 5), 1, TINY, batches_per_life=2),
}


@pytest.fixture(scope="module", params=["random 11", "traffic"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random cases, and made traffic where hundreds share a message and a person."""
    folder = tmp_path_factory.mktemp("case") / "case"
    kind, _, seed = request.param.partition(" ")
    if kind == "random":
        return write_random_case(folder, int(seed), PARCELS)
    zone = Zone(scarce_stock=2)
    parcels = islice(Parcels(zone, 5, faults=0.2, late=0.2, scarce=0.2, dear=0.05, buyers=15), 2 * PARCELS)
    write_case(folder, zone, parcels, per_message=9)
    return folder


@pytest.fixture(scope="module")
def plain(case: Path, database_server: str) -> Record:
    """What the case comes to when nothing disturbs it."""
    return run(case, database_server, PLAIN)


def run(case: Path, server: str, way: Way) -> Record:
    """Run a case in one of the ways, in a database of its own."""
    with private_database(server) as url, batches_of(way.segments_per_batch):
        connect = connector(url)
        inbox = take_in(case, connect, way.per_segment)
        alive = True
        while alive:
            with Engine(
                connect,
                lambda: inbox.as_of,
                cache_capacity=way.cache_capacity,
                commit_process=way.commit_process,
            ) as engine:
                if way.batches_per_life is None:
                    engine.drain()
                    alive = False
                else:
                    alive = all(engine.step() for _ in range(way.batches_per_life))
        return record(connect, inbox)


@contextmanager
def batches_of(segments: int) -> Iterator[None]:
    """The engine takes that many segments into a batch."""
    before = engine_module.SEGMENTS_PER_BATCH
    engine_module.SEGMENTS_PER_BATCH = segments
    try:
        yield
    finally:
        engine_module.SEGMENTS_PER_BATCH = before


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_of_running_comes_to_the_same(case: Path, plain: Record, way: Way, database_server: str) -> None:
    found = run(case, database_server, way)
    assert found.outcome == plain.outcome
    assert answers(found) == answers(plain)


@pytest.mark.parametrize("way", [WAYS["uneven segments"], WAYS["seven segments of three"]], ids=["uneven", "sevens"])
def test_the_same_batches_give_the_same_bytes(case: Path, way: Way, database_server: str) -> None:
    """Twice, and once more with nothing remembered from one batch to the next, with a new engine for each, and written
    by a process of its own."""
    first = run(case, database_server, way)
    assert len(first.receipts) > PARCELS
    others = (
        way,
        way._replace(cache_capacity=TINY),
        way._replace(batches_per_life=1),
        way._replace(commit_process=True),
    )
    for other in others:
        assert run(case, database_server, other) == first


@pytest.mark.parametrize("example", case_folders(), ids=lambda path: path.name)
def test_examples_survive_a_new_engine_for_each_message(example: Path, database_server: str) -> None:
    """Everything that the engine has to know is in the database."""
    forgetful = ONE_BY_ONE._replace(cache_capacity=TINY, batches_per_life=1)
    assert compare_case(example, run(example, database_server, forgetful).outcome) == []


GUID = re.compile(rb"<guid>[0-9A-F-]{36}</guid>")


def answers(record: Record) -> dict[tuple[int, str], list[bytes]]:
    """By message, in the order in which they came, and kind: the documents of all receipts, one after the other.

    Without their guids, which count from the batch. A batch puts what it has for a message into as few receipts as can
    be, so how many there are says nothing.
    """
    place = {number: n for n, number in enumerate(sorted({message for _, message, _, _ in record.receipts}))}
    found: dict[tuple[int, str], list[bytes]] = {}
    for _, message, kind, body in record.receipts:
        documents = [GUID.sub(b"", etree.tostring(document)) for document in etree.fromstring(body)]
        found.setdefault((place[message], kind), []).extend(documents)
    return found
