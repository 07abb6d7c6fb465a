"""Replay: the same law gives the same bytes, a changed law the differences that it must, and nothing is written."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import psycopg
import pytest

from clearance.rig import connector, take_in
from oracles.random_case import write_random_case
from silkgate.clearance.engine.run import Engine
from silkgate.clearance.replay import replay


@pytest.mark.parametrize("seed", range(3))
def test_same(seed: int, database: str, tmp_path: Path) -> None:
    case = write_random_case(tmp_path / "case", seed, 60)
    connect = connector(database)
    inbox = take_in(case, connect, (1, 17, 4, 60))
    with Engine(connect, lambda: inbox.as_of) as engine:
        engine.drain()
    result = replay(connect)
    print(result.compared)
    assert result.compared.difference_count == 0
    result = replay(connect, capacity=3)
    assert result.compared.difference_count == 0
