"""Plays a lively day against a running service, as `make run` shows it: over HTTP, like any enterprise."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple
from urllib.parse import urlsplit

from silkgate.kernel.clock import CHINA
from silkgate.site.traffic import samples
from silkgate.site.traffic.documents import Document, Waybill
from silkgate.site.traffic.drawing import Parcel
from silkgate.site.traffic.hostile import HOSTILE, hostile
from silkgate.site.traffic.messages import Senders, Traffic, message, messages, new_guid
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

Send = Callable[[bytes], None]
FindInvtNo = Callable[[str, str], str | None]
"""The invtNo of (ebpCode, orderNo), as the enterprise knows it from its receipts; None where it has none."""

_NUMBERS_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_RETRY_SECONDS = (0.5, 1, 2, 5)
_CATCH_UP_SECONDS = 10
"""How far behind its own pace the player may be and still catch up; what was longer is let go."""


_Due = Callable[[], Traffic | None]


class Mix(NamedTuple):
    """How much of what happens, as shares of all parcels."""

    faults: float = 0.12
    late: float = 0.06
    scarce: float = 0.02
    dear: float = 0.015
    enveloped: float = 0.2
    duplicates: float = 0.02
    hostile: float = 0.02
    cancels: float = 0.02
    returns: float = 0.03
    signed_for: float = 0.3


class ServiceBusyError(OSError):
    """The service answered that it cannot take the message now."""


def http_sender(base_url: str, *, timeout_seconds: float = 10) -> Send:
    """Sends a message to `POST /api/v1/messages`. OSError where it was not taken and should be tried again."""
    url = urlsplit(base_url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    address = (url.hostname or "127.0.0.1", url.port)

    def send(raw: bytes) -> None:
        connection = kind(*address, timeout=timeout_seconds)
        try:
            connection.request("POST", "/api/v1/messages", raw, {"Content-Type": "application/xml"})
            answer = connection.getresponse()
            answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"no readable answer: {error}") from error
        finally:
            connection.close()
        if answer.status == 429 or answer.status >= 500:
            raise ServiceBusyError(f"{answer.status} {answer.reason}")

    return send


def first_number(moment: datetime) -> int:
    """A parcel number that grows with time, a thousand a second: a later run does not repeat an earlier one's."""
    return (moment - _NUMBERS_BEGIN) // timedelta(milliseconds=1)


def day(
    zone: Zone, start: datetime, *, rate_per_second: float, seed: int, mix: Mix, find_invt_no: FindInvtNo | None
) -> Iterator[list[Traffic]]:
    """What is sent parcel by parcel, without end: the documents of new ones, and what follows on older ones."""
    number = first_number(start)
    random = Random(f"day:{zone.seed}:{seed}:{number}")  # noqa: S311 - it need not be secret
    parcels = Parcels(
        zone,
        seed + number,
        start=number,
        clock=start,
        per_second=rate_per_second,
        faults=mix.faults,
        late=mix.late,
        scarce=mix.scarce,
        dear=mix.dear,
        buyers=2_000,
    )
    later: list[tuple[int, int, _Due]] = []
    turn = itertools.count()
    flights: deque[Parcel] = deque()
    for count, parcel in enumerate(parcels):
        now = start + timedelta(seconds=count / rate_per_second)
        bundle = list(messages([parcel], zone, per_message=1, seed=parcel.number, enveloped=mix.enveloped, created=now))
        if parcel.late:
            companion = bundle.pop()
            later_on: _Due = partial(_as_is, companion)
            heappush(later, (count + random.randrange(4, 40), next(turn), later_on))
        follow = _Follow(zone, parcel, now, random, find_invt_no)
        follow_ups: tuple[tuple[float, tuple[int, int], _Due], ...] = (
            (mix.cancels, (5, 60), follow.cancel),
            (mix.returns, (60, 400), follow.give_back),
            (mix.signed_for, (100, 300), follow.signed_for),
        )
        for share, wait, what in follow_ups:
            if not parcel.fault and random.random() < share:
                heappush(later, (count + random.randrange(*wait), next(turn), what))
                break
        if random.random() < mix.duplicates:
            bundle.append(bundle[0]._replace(outcome="duplicate"))
        if random.random() < mix.hostile:
            bundle.append(hostile(zone, random.choice(list(HOSTILE)), random))
        if parcel.declaration.trade_mode == "9610" and not parcel.fault:
            flights.append(parcel)
            if len(flights) == 30:
                bundle.append(follow.arrived([one.waybill for one in flights]))
                flights.clear()
        while later and later[0][0] <= count:
            due = heappop(later)[2]()
            if due is not None:
                bundle.append(due)
        yield bundle


def _as_is(item: Traffic) -> Traffic | None:
    return item


class _Follow:
    """What happens to one parcel after it was declared."""

    def __init__(self, zone: Zone, parcel: Parcel, declared: datetime, random: Random, find: FindInvtNo | None) -> None:
        self._zone, self._parcel, self._declared, self._random, self._find = zone, parcel, declared, random, find

    def _message(self, document: Document) -> Traffic:
        sender = Senders(self._zone).of(document)
        raw = message(self._zone, [document], sender=sender, guid=new_guid(self._random))
        kind = raw[raw.index(b"<ceb:") + 5 :].split(b" ", 1)[0].decode()
        return Traffic(kind, raw, 1, sender.code)

    def _later(self, seconds: int) -> str:
        return (self._declared + timedelta(seconds=seconds)).astimezone(CHINA).strftime("%Y%m%d%H%M%S")

    def _invt_no(self) -> str | None:
        declaration = self._parcel.declaration
        return self._find(declaration.ebp_code, declaration.order_no) if self._find else None

    def cancel(self) -> Traffic | None:
        """The buyer takes the order back before it leaves; nothing where customs has given no number."""
        invt_no = self._invt_no()
        if invt_no is None:
            return None
        return self._message(samples.cancel(invt_no, self._parcel.declaration, app_time=self._later(90)))

    def give_back(self) -> Traffic | None:
        """One line comes back, or everything."""
        invt_no = self._invt_no()
        if invt_no is None:
            return None
        request = samples.return_request(invt_no, self._parcel.declaration, app_time=self._later(600))
        items = request.items if self._random.random() < 0.5 else request.items[:1]
        return self._message(request._replace(items=items))

    def signed_for(self) -> Traffic:
        """The consignee has it."""
        time = self._later(300)
        return self._message(samples.waybill_status(self._parcel.waybill, app_time=time, logistics_time=time))

    def arrived(self, waybills: list[Waybill]) -> Traffic:
        """One carrier's parcels of these are entered into the supervised site."""
        own = [waybill for waybill in waybills if waybill.logistics_code == waybills[0].logistics_code]
        return self._message(samples.delivery(own, self._zone.in_role("operator")[0], app_time=self._later(120)))


def play(
    send: Send,
    zone: Zone,
    rate_per_second: float,
    stop: threading.Event,
    seed: int = 1,
    *,
    mix: Mix | None = None,
    find_invt_no: FindInvtNo | None = None,
    start: datetime | None = None,
) -> int:
    """Sends traffic at `rate_per_second` parcels until `stop` is set; returns how many messages were taken.

    `send` raises OSError where a message was not taken: it is sent again until it is, or until `stop`. Cancels and
    returns need `find_invt_no`. Numbers follow the time of the first parcel, so no second run repeats a key.
    """
    sent = 0
    begin, due = start or datetime.now(CHINA), time.monotonic()
    for bundle in day(
        zone, begin, rate_per_second=rate_per_second, seed=seed, mix=mix or Mix(), find_invt_no=find_invt_no
    ):
        for item in bundle:
            if not _delivered(send, item.raw, stop):
                return sent
            sent += 1
        due = max(due + 1 / rate_per_second, time.monotonic() - _CATCH_UP_SECONDS)
        if stop.wait(max(0, due - time.monotonic())):
            return sent
    return sent


def _delivered(send: Send, raw: bytes, stop: threading.Event) -> bool:
    """Sends until it is taken; False where `stop` came first."""
    for pause in itertools.chain(_RETRY_SECONDS, itertools.repeat(_RETRY_SECONDS[-1])):
        if stop.is_set():
            return False
        try:
            send(raw)
        except OSError:
            stop.wait(pause)
        else:
            return True
    return False
