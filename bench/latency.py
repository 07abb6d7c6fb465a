"""How long a declaration waits at a given load: from its last document acknowledged to its receipt committed."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import NamedTuple

import psycopg

from bench.measure import Counted
from bench.senders import Acknowledged, Senders
from bench.service import Service, service
from bench.stream import Stream
from bench.watching import Watch, share
from silkgate.exchange.api import MESSAGES_PER_SEGMENT

CONNECTIONS = 8
WARM_SECONDS = 1.0
"""Of each load, not counted."""

# A waybill stands for itself; the other companions carry the order's number.
_LAST_DOCUMENT = """
select greatest(d.message_id, o.message_id, p.message_id, w.message_id), count(*)
from clearance_declaration d
join clearance_order o using (ebp_code, order_no)
join clearance_payment p using (ebp_code, order_no)
join clearance_waybill w using (logistics_code, logistics_no)
where d.id > %s and d.state <> '2'
group by 1
"""


class Latency(NamedTuple):
    """At one load."""

    load: float
    """Share of the measured rate."""
    offered_per_second: float
    """Declarations."""
    declarations: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    answer_p50_ms: float
    """From the first byte of a request to its acknowledgement."""
    others_share: float


def latencies(
    url: str, stream: Stream, folder: Path, *, rate: float, loads: tuple[float, ...], seconds: float, stored: int
) -> list[Latency]:
    """Open loop through the door, one load after the other with the same service, in a database that is there for it.

    `rate` is in declarations a second; each load lasts `seconds` and takes its part of the stream; `stored`
    declarations were there before.
    """
    first = 0
    measured: list[tuple[float, float, Senders, float]] = []
    with service(url, folder) as running, Watch(url) as watch:
        for load in loads:
            pace = rate * load * stream.requests / stream.parcels
            count = int(pace * seconds)
            counted, senders = _one(running, watch, stream, pace, first, count)
            first += count
            measured.append((load, rate * load, senders, counted.others_share))
        with psycopg.connect(url, autocommit=True, application_name="bench") as connection:
            completed: dict[int, int] = dict(connection.execute(_LAST_DOCUMENT, (stored,)).fetchall())
        return [
            _told(load, offered, senders.acknowledged, completed, watch, others)
            for load, offered, senders, others in measured
        ]


def _one(
    running: Service, watch: Watch, stream: Stream, pace: float, first: int, count: int
) -> tuple[Counted, Senders]:
    senders = Senders(running, stream, connections=CONNECTIONS, pace=pace, first=first, requests=count)
    counted = Counted(running)
    with counted.counting():
        senders.start()
        senders.join()
        if senders.errors:
            raise senders.errors[0]
        last = max(chain.from_iterable(taken.answer.numbers() for taken in senders.acknowledged))
        watch.wait_for(last // MESSAGES_PER_SEGMENT)
    return counted, senders


def _told(
    load: float,
    offered: float,
    acknowledged: list[Acknowledged],
    completed: dict[int, int],
    watch: Watch,
    others_share: float,
) -> Latency:
    begin = min(taken.sent_at for taken in acknowledged) + WARM_SECONDS
    counted = [taken for taken in acknowledged if taken.sent_at >= begin]
    waits: list[float] = []
    for taken in counted:
        for number in taken.answer.numbers():
            if number in completed:
                # Decided before the acknowledgement was read: no wait at all.
                wait = max(0.0, watch.decided_at(number // MESSAGES_PER_SEGMENT) - taken.at)
                waits.extend([wait] * completed[number])
    answers = [taken.at - taken.sent_at for taken in counted]
    return Latency(
        load,
        offered,
        len(waits),
        share(waits, 0.5) * 1e3,
        share(waits, 0.95) * 1e3,
        share(waits, 0.99) * 1e3,
        share(answers, 0.5) * 1e3,
        others_share,
    )
