"""An endless, seeded stream of parcels, some of which go wrong on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from silkgate.site.traffic.drawing import Draw, Parcel
from silkgate.site.traffic.faults import FAULTS
from silkgate.site.traffic.goods import DEAR_ARTICLE, SCARCE
from silkgate.site.traffic.zone import Zone


class Parcels:
    """Iterates over parcels without end. The same zone and arguments give the same parcels.

    `start` is the first parcel's number; order, waybill, payment and declaration numbers are made of it, so two streams
    whose numbers do not meet share no key. `clock` is the time of the first parcel; `per_second` parcels later it is a
    second later. Shares of all parcels: `faults` have a reason to be refused or to wait (one of `only`, where given,
    else of all, in turn), `late` a companion that comes after the declaration, `scarce` want what not everybody gets,
    `dear` are one article over the single limit. `buyers` is how many people buy, a few often and most seldom.
    """

    def __init__(
        self,
        zone: Zone,
        seed: int = 1,
        *,
        start: int = 1,
        clock: datetime | None = None,
        per_second: float = 100,
        faults: float = 0.05,
        late: float = 0.01,
        scarce: float = 0.0,
        dear: float = 0.003,
        buyers: int = 50_000,
        only: Sequence[str] = (),
    ) -> None:
        self.zone = zone
        self._draw = Draw(zone, seed, start, clock or zone.as_of, buyers)
        self._number = self._start = start
        self._per_second = per_second
        self._until_fault = faults
        self._until_late = self._until_fault + late
        self._until_scarce = self._until_late + scarce
        self._until_dear = self._until_scarce + dear
        self._faults = [(reason, FAULTS[reason]) for reason in (only or FAULTS)]
        self._turn = 0

    def __iter__(self) -> Iterator[Parcel]:
        return self

    def __next__(self) -> Parcel:
        number, draw = self._number, self._draw
        self._number = number + 1
        draw.at_second(int((number - self._start) / self._per_second))
        choice = draw.random.random()
        if choice >= self._until_dear:
            return draw.parcel(number)
        if choice < self._until_fault:
            reason, make = self._faults[self._turn]
            self._turn = (self._turn + 1) % len(self._faults)
            return make(draw, number)._replace(fault=reason)
        if choice < self._until_late:
            return draw.parcel(number)._replace(late=draw.random.choice(("order", "payment", "waybill")))
        if choice < self._until_scarce:
            return draw.parcel(number, bonded=True, lines=[draw.line(draw.random.choice(SCARCE))])._replace(status="")
        return draw.parcel(number, lines=[draw.line(DEAR_ARTICLE)])
