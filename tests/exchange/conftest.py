"""What tests of the exchange share: a filed zone, its firms' messages, an engine, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from silkgate.site.traffic.messages import message, messages, new_guid
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Firms(NamedTuple):
    """A filed zone and what its firms send: never the same document twice."""

    zone: Zone
    parcels: Parcels
    random: Random

    def orders(self, sender: str, messages: int, per_message: int = 1) -> list[bytes]:
        """Order messages of one sender. No payment, waybill or declaration ever matches them."""
        enterprise = self.zone.enterprise(sender)
        return [
            message(
                self.zone,
                [parcel.order for parcel in islice(self.parcels, per_message)],
                sender=enterprise,
                guid=new_guid(self.random),
            )
            for _ in range(messages)
        ]

    def parcel(self) -> list[bytes]:
        """The four messages of a parcel that is cleared."""
        return [
            item.raw for item in messages(islice(self.parcels, 1), self.zone, per_message=1, seed=self.random.random())
        ]

    def platforms(self) -> Sequence[str]:
        """Codes of the firms that may send orders."""
        return [enterprise.code for enterprise in self.zone.in_role("ebp")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def firms(database: str, tmp_path: Path) -> Iterator[Firms]:
    """The demo zone, filed in the test's database; afterwards the process forgets that database."""
    from silkgate.clearance.api import load_zone
    from silkgate.exchange.api import forget_shared_receiver

    zone = Zone()
    zone.write(tmp_path / "zone")
    load_zone(tmp_path / "zone", selection_key=bytes(32))
    yield Firms(zone, Parcels(zone, 7, faults=0, late=0, dear=0), Random(7))
    forget_shared_receiver()


@pytest.fixture
def decide(database: str, firms: Firms) -> Callable[[], int]:
    """Lets the engine decide what waits; how many messages that was."""
    from clearance.rig import connector
    from silkgate.clearance.api import Engine

    def decided() -> int:
        with Engine(connector(database), lambda: firms.zone.as_of) as engine:
            return engine.drain()

    return decided
