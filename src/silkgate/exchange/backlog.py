"""What waits for the engine, by sender, and how much of it each may have: a firm that floods does not starve others.

The engine decides in the order of arrival, so whoever comes waits for what came before. Nobody may therefore have more
than a share waiting; what is above it is refused before it is kept, and has to be sent again.
"""

from __future__ import annotations

import math
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.conf import settings

from silkgate.exchange.domain import MESSAGES_PER_SEGMENT, Received
from silkgate.kernel.text import Text

REFRESH_SECONDS = 0.25
DRAIN_SECONDS = 5.0
"""Over how long the rate at which the engine decides is averaged."""
RETRY_SECONDS = 2
"""What a sender is told where that rate is not known: if all senders stayed away for long, the engine would idle."""
LONGEST_RETRY_SECONDS = 60

_DECIDED = "select coalesce(max(message_id) / %s, 0) from exchange_answer"
"""The engine decides whole segments in their order and answers every message."""
_ARRIVED = (
    "select id / %s, sender, sum(greatest(documents, 1))::bigint from exchange_message where id >= %s group by 1, 2"
)

_OVER_SHARE = Text(
    "{who}已有{waiting}份单证等待裁决，本次请求另有{documents}份，超过其份额{share}份。"
    "整个请求未接收，请在{seconds}秒后重新发送。",
    "{who} has {waiting} documents waiting to be decided and this request adds {documents}: more than its share of"
    " {share}. Nothing of the request was taken; send it again after {seconds} seconds.",
)
_FULL = Text(
    "平台等待裁决的单证已有{waiting}份，达到上限{limit}份。整个请求未接收，请在{seconds}秒后重新发送。",
    "{waiting} documents wait to be decided, the most there may be is {limit}. Nothing of the request was taken;"
    " send it again after {seconds} seconds.",
)
_NO_SPACE = Text(
    "平台的存储空间将满。整个请求未接收，请在{seconds}秒后重新发送。",
    "The platform's disk is almost full. Nothing of the request was taken; send it again after {seconds} seconds.",
)
_FIRM = Text("企业{name}", "Sender {name}")
_ADDRESS = Text("来自{name}的不可读报文", "What cannot be read from {name}")
_NOBODY = Text("不可读报文", "What cannot be read")

Charge = tuple[str, int]
"""An account and how many documents it is charged for a message."""


class Quotas(NamedTuple):
    """How much may wait. Numbers of documents; a message that cannot be read counts as one."""

    max_backlog_documents: int
    """Of all senders together, as far as shares go."""
    min_share_documents: int
    """No sender's share is smaller, however many there are."""
    min_free_disk_bytes: int = 0
    """With less room on one of `disks` nothing is taken in."""
    disks: tuple[Path, ...] = ()

    @property
    def hard_backlog_documents(self) -> int:
        """Of all senders together, whatever their shares: a quarter above `max_backlog_documents`."""
        return self.max_backlog_documents * 5 // 4

    def share(self, senders: int, waiting: int) -> int:
        """What each of `senders` may have waiting, where `waiting` is all that waits; one more would find room."""
        if waiting > self.max_backlog_documents:
            return self.min_share_documents
        return max(self.min_share_documents, self.max_backlog_documents // (senders + 1))


def quotas() -> Quotas:
    """The installation's quotas, from its settings."""
    return Quotas(
        settings.MAX_BACKLOG_DOCUMENTS,
        settings.MIN_SHARE_DOCUMENTS,
        settings.MIN_FREE_DISK_BYTES,
        settings.STORAGE_PLACES,
    )


class Standing(NamedTuple):
    """How things stand at a moment."""

    waiting_documents: int
    senders: int
    """Who have something waiting."""
    share_documents: int
    decided_per_second: int | None
    """Documents; None where it was not measured yet."""
    short_of_disk: bool


class Refused(Exception):  # noqa: N818 - the word of the field
    """There is no room, nothing was taken. `code` names the rule, `figures` what it was judged by."""

    def __init__(
        self, code: str, text: Text, retry_after_seconds: int, *, account: str | None = None, **figures: Any
    ) -> None:
        super().__init__(text.en)
        self.code, self.text, self.retry_after_seconds = code, text, retry_after_seconds
        self.account = account
        """Who is over its share; None where nobody is taken."""
        self.figures = figures


def charge(item: Received, origin: str = "") -> Charge:
    """Who pays for a message, and how much: its sender; where it cannot be read, the address that it came from."""
    found = item.found
    account = found.sender or (f"@{origin}" if origin else "")
    return account, found.document_count or 1


class Pace:
    """How much is done in a second, what is long ago counting less. What comes in batches is not taken for a stop."""

    def __init__(self, memory_seconds: float) -> None:
        self._memory_seconds = memory_seconds
        self._done = self._seconds = 0.0

    def note(self, done: float, seconds: float) -> None:
        """So much was done in the time since the last look."""
        fading = math.exp(-seconds / self._memory_seconds)
        self._done = self._done * fading + done
        self._seconds = self._seconds * fading + seconds

    @property
    def per_second(self) -> float | None:
        """None while nothing has been done for so short a time that this says nothing."""
        if not self._done and self._seconds < self._memory_seconds / 2:
            return None
        return self._done / self._seconds


class Backlog:
    """Keeps count of what waits. One for each process, for any number of threads.

    What this process stores is counted at once, what others store and what the engine has decided at most
    `REFRESH_SECONDS` later. Each message is read once: what was counted stays counted until its segment is decided.
    """

    def __init__(
        self,
        connect: Callable[[], psycopg.Connection],
        *,
        quotas: Callable[[], Quotas] = quotas,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._quotas, self._clock = connect, quotas, clock
        self._connection: psycopg.Connection | None = None
        self._lock = threading.Lock()
        self._waiting: dict[str, int] = {}
        self._total = 0
        self._segments: dict[int, Counter[str]] = {}
        """What waits, by segment; what is on its way into one is in `_waiting` alone."""
        self._own: set[int] = set()
        """Segments whose charges this process knows; all others are read."""
        self._decided = self._seen = 0
        self._looked_at = -math.inf
        self._pace = Pace(DRAIN_SECONDS)
        self._short_of_disk = False

    # -- for intake ----------------------------------------------------------------------------------------------------

    def place(self) -> Place:
        """Room for messages on their way into the inbox. Use as a context manager."""
        return Place(self)

    def check(self, account: str, documents: int = 1) -> None:
        """Raise Refused where `account` has no room for so many: before more work is done for it."""
        with self._lock:
            self._look()
            self._judge({account: documents})

    def standing(self) -> Standing:
        """How things stand. Raises psycopg.Error."""
        with self._lock:
            self._look()
            share = self._quotas().share(max(1, len(self._waiting)), self._total)
            rate = self._pace.per_second
            decided = None if rate is None else round(rate)
            return Standing(self._total, len(self._waiting), share, decided, self._short_of_disk)

    def waiting(self, account: str) -> int:
        """Documents of one account, as far as known."""
        return self._waiting.get(account, 0)

    def refresh(self) -> None:
        """Look at the database now. Raises psycopg.Error."""
        with self._lock:
            self._looked_at = -math.inf
            self._look()

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- for places ----------------------------------------------------------------------------------------------------

    def hold(self, charges: Iterable[Charge]) -> None:
        """Count documents on their way into the inbox. Raises Refused and psycopg.Error, counting nothing then."""
        wanted = _by_account(charges)
        with self._lock:
            self._look()
            self._judge(wanted)
            for account, documents in wanted.items():
                self._waiting[account] = self._waiting.get(account, 0) + documents
                self._total += documents

    def settle(self, charges: Sequence[Charge], numbers: Sequence[int]) -> None:
        """Messages that were counted by `hold` are kept under these numbers."""
        segments: dict[int, list[Charge]] = {}
        for paid, number in zip(charges, numbers, strict=True):
            segments.setdefault(number // MESSAGES_PER_SEGMENT, []).append(paid)
        with self._lock:
            for segment, paid_in_it in segments.items():
                counted = _by_account(paid_in_it)
                if segment <= self._seen and segment not in self._own:
                    # Read from the database before we came to tell, or decided already.
                    self._give_back(counted)
                    continue
                self._own.add(segment)
                self._segments.setdefault(segment, Counter()).update(counted)

    def release(self, charges: Iterable[Charge]) -> None:
        """Messages that were counted by `hold` were not kept."""
        with self._lock:
            self._give_back(_by_account(charges))

    # -- under the lock ------------------------------------------------------------------------------------------------

    def _judge(self, wanted: Mapping[str, int]) -> None:
        if self._short_of_disk:
            raise Refused("exchange.disk", _NO_SPACE.format(seconds=LONGEST_RETRY_SECONDS), LONGEST_RETRY_SECONDS)
        if not self._total:
            return
        limits = self._quotas()
        total = self._total + sum(wanted.values())
        if total > limits.hard_backlog_documents:
            limit = limits.hard_backlog_documents
            seconds = self._seconds(total - limit)
            text = _FULL.format(waiting=self._total, limit=limit, seconds=seconds)
            raise Refused("exchange.full", text, seconds, waiting=self._total, limit=limit)
        senders = len(self._waiting) + sum([account not in self._waiting for account in wanted])
        share = limits.share(senders, total)
        for account, documents in wanted.items():
            waiting = self._waiting.get(account, 0)
            # One request is taken from who has nothing waiting, or a large one would never find room.
            if waiting + documents > share and (waiting or total > limits.max_backlog_documents):
                raise self._over_share(account, waiting, documents, share)

    def _over_share(self, account: str, waiting: int, documents: int, share: int) -> Refused:
        """Its documents lie among all others, so that many more are decided before enough of its own are."""
        excess = min(waiting, waiting + documents - share)
        seconds = self._seconds(excess * self._total // waiting if waiting else self._total)
        who = (_ADDRESS if account[:1] == "@" else _FIRM if account else _NOBODY).format(name=account.lstrip("@"))
        figures = {"waiting": waiting, "documents": documents, "share": share}
        text = Text(_OVER_SHARE.zh.format(who=who.zh, seconds=seconds, **figures),
                    _OVER_SHARE.en.format(who=who.en, seconds=seconds, **figures))  # fmt: skip
        return Refused("exchange.quota", text, seconds, account=account, sender=account, **figures)

    def _seconds(self, documents: int) -> int:
        """How long the engine takes for so many documents."""
        rate = self._pace.per_second
        if rate is None:
            return RETRY_SECONDS
        if rate * LONGEST_RETRY_SECONDS <= documents:
            return LONGEST_RETRY_SECONDS
        return max(1, math.ceil(documents / rate))

    def _look(self) -> None:
        now = self._clock()
        elapsed = now - self._looked_at
        if elapsed < REFRESH_SECONDS:
            return
        waited = self._total
        decided, arrived = self._read()
        for segment, sender, documents in arrived:
            if segment not in self._own:
                self._segments.setdefault(segment, Counter())[sender] += documents
                self._waiting[sender] = self._waiting.get(sender, 0) + documents
                self._total += documents
            self._seen = max(self._seen, segment)
        self._seen = max(self._seen, decided)
        if decided > self._decided:
            self._decided = decided
            done = [segment for segment in self._segments if segment <= decided]
            drained = sum([self._give_back(self._segments.pop(segment)) for segment in done])
            self._own.difference_update(done)
        else:
            drained = 0
        if waited and elapsed < DRAIN_SECONDS:
            self._pace.note(drained, elapsed)
        self._short_of_disk = _is_short(self._quotas())
        self._looked_at = now

    def _read(self) -> tuple[int, list[tuple[int, str, int]]]:
        """The last decided segment, and what has arrived since the last look."""
        fresh = self._connection is None or self._connection.closed
        if self._connection is None or fresh:
            self._connection = self._connect()
        try:
            if fresh:
                self._connection.autocommit = True
                # Both are looks at the end of an index; without statistics the planner would read the table.
                self._connection.execute("set enable_seqscan = off")
            row = self._connection.execute(_DECIDED, (MESSAGES_PER_SEGMENT,)).fetchone()
            assert row is not None
            first = (max(self._seen, row[0]) + 1) * MESSAGES_PER_SEGMENT
            return row[0], self._connection.execute(_ARRIVED, (MESSAGES_PER_SEGMENT, first)).fetchall()
        except psycopg.Error:
            self._connection.close()
            raise

    def _give_back(self, counted: Mapping[str, int]) -> int:
        for account, documents in counted.items():
            rest = self._waiting[account] - documents
            if rest:
                self._waiting[account] = rest
            else:
                del self._waiting[account]
        given = sum(counted.values())
        self._total -= given
        return given


class Place:
    """Room in the backlog for some messages. What was not `kept` when the block ends is given back."""

    def __init__(self, backlog: Backlog) -> None:
        self._backlog = backlog
        self._charges: list[Charge] = []

    def take(self, charges: Sequence[Charge]) -> None:
        """Room for these messages too, all of them or none. Raises Refused and psycopg.Error."""
        self._backlog.hold(charges)
        self._charges.extend(charges)

    def kept(self, numbers: Sequence[int]) -> None:
        """All of them are durable now, under these numbers, in the order in which they were taken."""
        self._backlog.settle(self._charges, numbers)
        self._charges = []

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *exception: object) -> None:
        self._backlog.release(self._charges)


def _by_account(charges: Iterable[Charge]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for account, documents in charges:
        counted[account] = counted.get(account, 0) + documents
    return counted


def _is_short(limits: Quotas) -> bool:
    """Whether one of the disks has too little room. A place that does not exist yet is looked for where it will be."""
    for place in limits.disks:
        while not place.exists():
            place = place.parent
        if shutil.disk_usage(place).free < limits.min_free_disk_bytes:
            return True
    return False


__all__ = ["Backlog", "Place", "Quotas", "Refused", "Standing", "charge", "quotas"]
