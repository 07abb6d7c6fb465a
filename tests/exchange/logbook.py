"""A log over a real case: messages through intake and engine, sealed; for the tests of the log and of its doors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from clearance.rig import CASES, connector, take_in
from silkgate.clearance.api import Engine
from silkgate.exchange.sealing import Sealer
from silkgate.standards.tlog.note import Signer

NAME = "silkgate/test"
SEED = bytes(range(32))
AT = datetime(2026, 6, 18, 12, tzinfo=UTC)


def signer(name: str = NAME, seed: bytes = SEED) -> Signer:
    """The log's name and key in tests."""
    return Signer(name, seed)


@contextmanager
def sealing(url: str, published: Path, signing: Signer | None = None) -> Iterator[Sealer]:
    """The sealer of a database."""
    with Sealer(connector(url), signing or signer(), lambda: AT, published) as sealer:
        yield sealer


def decide(url: str, case: str, per_batch: int = 2, step: Callable[[], object] | None = None) -> None:
    """A case through intake and engine, so many messages a batch; `step` is called after each batch."""
    inbox = take_in(CASES / case, connector(url), (per_batch,))
    with pytest.MonkeyPatch.context() as patch, Engine(connector(url), lambda: inbox.as_of) as engine:
        patch.setattr("silkgate.clearance.engine.run.SEGMENTS_PER_BATCH", 1)
        while engine.step():
            engine.settle()
            if step:
                step()


def open_database(url: str) -> psycopg.Connection:
    """A connection of the test's own."""
    return psycopg.connect(url, autocommit=True)
