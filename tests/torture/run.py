"""A run: a lively day through both doors while the deck of faults is played; then all is left to come to rest."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from silkgate.clearance.api import load_zone
from silkgate.exchange import api as exchange
from silkgate.kernel.clock import CHINA
from silkgate.site.application import migrate
from silkgate.site.database import URL_VARIABLE, use_database
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.traffic.player import FindInvtNo, Mix, day
from silkgate.site.traffic.zone import Zone
from torture.disk import small_disk
from torture.faults import Fault, Injector, deck, recovery_seconds
from torture.senders import SINGLE, WAYS, Senders, Sending
from torture.service import Service

AS_OF = datetime(2026, 6, 18, 10, tzinfo=CHINA)
MIX = Mix(faults=0.1, late=0.1, scarce=0.1, duplicates=0.1, hostile=0.1, cancels=0.4, returns=0.4, signed_for=0.2)
DISK_MEGABYTES = 640
NO_DATABASE = "postgresql:///the_tortured_database_is_gone?host=/nonexistent"
_POSTGRES = {"shared_buffers": "32MB", "min_wal_size": "32MB", "max_wal_size": "64MB"}
_SENDINGS_TOGETHER = 6
_MOST_TIMES = 5
"""The least messages of a plan, at most."""
_MESSAGES_PER_SECOND = 50
"""As much as the oracle can judge afterwards: it looks at everything that waits after each message."""


class Plan(NamedTuple):
    """How long and how hard."""

    faults: int
    seed: int
    senders: int = 4
    longest_wait_seconds: float = 1.0
    """Between two faults."""
    least_messages: int = 400


class Aftermath(NamedTuple):
    """What was done and acknowledged, and the service's state when all was quiet again."""

    service: Service
    case: Path
    """The zone; its inbox holds what was received, in the recorded order."""
    senders: Senders
    faults: list[Fault]
    seconds: float
    with_disk: bool
    """Whether a disk could be filled: mounting one needs the right to."""

    def recoveries(self) -> list[tuple[str, float]]:
        """Kind of fault, and seconds until a later message was acknowledged and answered."""
        timed = [(fault.kind, recovery_seconds(fault, self.senders, self.service)) for fault in self.faults]
        return [(kind, seconds) for kind, seconds in timed if seconds is not None]


@contextmanager
def tortured(plan: Plan) -> Iterator[Aftermath]:
    """A service after the run, still there for the time of the block."""
    # As root the database runs as another account, which has to pass through.
    place = Path(tempfile.mkdtemp(prefix="silkgate-torture-", dir="/tmp"))
    place.chmod(0o711)
    before = os.environ.get(URL_VARIABLE)
    try:
        with ExitStack() as opened:
            disk = opened.enter_context(small_disk(place / "disk", DISK_MEGABYTES))
            home = place / "disk" / "home"
            home.mkdir(mode=0o711)
            server = opened.enter_context(EmbeddedPostgres(home / "postgres", _POSTGRES))
            use_database(server.url)
            migrate()
            zone = Zone(seed=plan.seed, as_of=AS_OF, scarce_stock=3)
            zone.write(place / "case")
            load_zone(place / "case", selection_key=bytes(32))
            service = opened.enter_context(Service(home, server, AS_OF, disk))
            yield _torture(service, zone, place / "case", plan)
    finally:
        use_database(NO_DATABASE)
        os.environ.pop(URL_VARIABLE)
        if before is not None:
            os.environ[URL_VARIABLE] = before
        shutil.rmtree(place, ignore_errors=True)


def _torture(service: Service, zone: Zone, case: Path, plan: Plan) -> Aftermath:
    random = Random(plan.seed)
    (service.home / "drop").mkdir(exist_ok=True)
    drawn = deck(plan.faults, random, with_disk=service.disk is not None)
    began = time.monotonic()
    with Senders(service, plan.senders, random) as senders:
        injector = Injector(service, senders, drawn, random, plan.longest_wait_seconds)
        injector.start()
        count = 0
        for sending in _sendings(service, zone, plan.seed, random):
            senders.put(sending)
            count += len(sending.raws)
            time.sleep(max(0.0, began + count / _MESSAGES_PER_SECOND - time.monotonic()))
            if senders.failures or (injector.over.is_set() and _enough(service, count, plan)):
                break
        injector.join()
    service.wait_until_quiet()
    seconds = time.monotonic() - began
    _keep_inbox(service, case / "inbox")
    return Aftermath(service, case, senders, injector.done, seconds, service.disk is not None)


def _enough(service: Service, count: int, plan: Plan) -> bool:
    """Whether the run has shown what it is to show: a slow machine may have cancelled nothing by then."""
    if count < plan.least_messages:
        return False
    shown = service.ask("select 1 from clearance_declaration where state = 'cancelled' limit 1")
    return bool(shown) or count >= _MOST_TIMES * plan.least_messages


def _sendings(service: Service, zone: Zone, seed: int, random: Random) -> Iterator[Sending]:
    """The day's messages, alone or together, one way or another."""
    stream = (
        item.raw
        for bundle in day(zone, AS_OF, rate_per_second=5, seed=seed, mix=MIX, find_invt_no=_finder(service))
        for item in bundle
    )
    number = 0
    while True:
        number += 1
        way = random.choice(WAYS)
        together = 1 if way in SINGLE else random.randint(2, _SENDINGS_TOGETHER)
        yield Sending(number, way, [next(stream) for _ in range(together)])


def _finder(service: Service) -> FindInvtNo:
    def invt_no(ebp_code: str, order_no: str) -> str | None:
        """As the enterprise would know it from its receipts."""
        rows = service.ask(
            "select invt_no from clearance_declaration where ebp_code = %s and order_no = %s and current",
            ebp_code,
            order_no,
        )
        return str(rows[0][0]) if rows and rows[0][0] else None

    return invt_no


def _keep_inbox(service: Service, folder: Path) -> None:
    """What was received, in the recorded order, as the inbox of a case."""
    folder.mkdir()
    with service.connect() as connection:
        for (number,) in connection.execute("select id from exchange_message order by id").fetchall():
            raw = exchange.received_bytes(connection, number)
            assert raw is not None
            (folder / f"{number:012d}.xml").write_bytes(raw)


__all__ = ["AS_OF", "Aftermath", "Plan", "tortured"]
