"""Documents that nothing matches do not stay in memory: the engine forgets them, and finds them when they count."""

from __future__ import annotations

import gc
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from clearance.rig import connector, take_in
from silkgate.clearance.domain import DocumentEntry
from silkgate.clearance.engine import run
from silkgate.clearance.engine.run import Engine
from silkgate.site.traffic.case import write_inbox
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

CAPACITY = 60
PER_MESSAGE, PER_SEGMENT, SEGMENTS = 20, 5, 2
PER_BATCH = PER_MESSAGE * PER_SEGMENT * SEGMENTS
"""Documents, at most."""


def test_a_flood_of_unmatched_documents_is_forgotten_and_found_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A parcel's three companions, thousands of documents that nobody declares, then the parcel's declaration."""
    monkeypatch.setattr(run, "SEGMENTS_PER_BATCH", SEGMENTS)
    zone = Zone()
    zone.write(tmp_path)
    parcels = Parcels(zone, 3, faults=0, late=0, dear=0)
    *companions, declaration = messages(islice(parcels, 1), zone, per_message=1, seed=1)
    undeclared = [
        item
        for item in messages(islice(parcels, 1_000), zone, per_message=PER_MESSAGE, seed=2)
        if item.kind != "CEB621Message"
    ]
    flood = sum([item.documents for item in undeclared])
    assert flood == 3_000
    write_inbox(tmp_path, [*companions, *undeclared, declaration])
    connect = connector(database)
    inbox = take_in(tmp_path, connect, per_segment=(PER_SEGMENT,))
    gc.collect()
    gc.freeze()  # what is there already is not looked through at each step
    sizes, living = 0, 0
    try:
        with Engine(connect, lambda: inbox.as_of, cache_capacity=CAPACITY) as engine:
            while engine.step():
                sizes = max(sizes, *engine.state.sizes().values())
                living = max(living, living_entries())
    finally:
        gc.unfreeze()
    assert living > CAPACITY, "they are seen"
    # A generation takes one batch more when it is all but full, and there are two of them.
    assert CAPACITY < sizes <= 2 * (CAPACITY + PER_BATCH)
    # Orders, payments and waybills, each in their cache and perhaps in a batch on its way.
    assert living <= 3 * 2 * (CAPACITY + PER_BATCH) + PER_BATCH < flood
    with psycopg.connect(database) as connection:
        assert connection.execute("select state, count(*) from clearance_declaration group by 1").fetchall() == [
            ("800", 1)
        ]


def living_entries() -> int:
    """Entries of documents that somebody still holds, of those made since the collector was frozen."""
    return sum([isinstance(one, DocumentEntry) for one in gc.get_objects()])
