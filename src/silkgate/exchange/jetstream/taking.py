"""From the stream of messages into the inbox: each once, each firm's in the order in which it published them.

How far each firm's messages are in the inbox is a row, changed in the transaction that keeps them. It may be trusted
because deliveries are counted: a consumer is read from its first delivery on without a gap, and whenever one is missing
or a message finds no room, the consumer is thrown away. A new one begins with what was never acknowledged.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from silkgate.exchange import inbox
from silkgate.exchange.backlog import Refused, charge
from silkgate.exchange.domain import MESSAGES_PER_SEGMENT, Received
from silkgate.exchange.jetstream import Carrier, streams
from silkgate.exchange.jetstream.waiting import all_of, in_thread
from silkgate.exchange.receiver import Receiver, now, pieces

log = logging.getLogger("silkgate.nats")

CHANNEL = "nats"
FIRMS_AT_ONCE = 8
BYTES_AT_ONCE = 32 * 2**20
LONGEST_WAIT_SECONDS = 5.0
"""A firm without room is looked at again after so long at most, whatever its backlog."""
_ACK_SECONDS = 5.0


class Frame(NamedTuple):
    """One message as it lies in the stream."""

    sequence: int
    code: str
    """Of the firm that published it, as the subject says."""
    raw: bytes


class Outcome(NamedTuple):
    """What became of frames: how far each firm's are in the inbox, and who has to wait, for how many seconds."""

    places: dict[str, int]
    wait_seconds: dict[str, float]
    kept: int


class Keeper:
    """Keeps frames in the inbox, with the place. `connection` holds the lock that makes it the only one."""

    def __init__(self, connection: psycopg.Connection, receiver: Receiver, stream: str) -> None:
        self._connection, self._receiver, self._stream = connection, receiver, stream

    def keep(self, frames: Sequence[Frame]) -> Outcome:
        """Keep those that are not there yet and find room; durable when this returns. Raises psycopg.Error: nothing
        was kept then, or it cannot be known, and the place in the database tells.

        Frames of one firm must be complete: from its place on, in order, none left out.
        """
        places = self._places({frame.code for frame in frames})
        wait_seconds: dict[str, float] = {}
        new: list[tuple[Frame, Received]] = []
        with self._receiver.backlog.place() as room:
            for frame in sorted(frames):
                if frame.code in wait_seconds or frame.sequence <= places.get(frame.code, 0):
                    continue
                item = self._receiver.examine(frame.raw, CHANNEL)
                try:
                    room.take([charge(item, frame.code)])
                except Refused as refused:
                    full = {frame.code} if refused.account is not None else {each.code for each in frames}
                    wait_seconds |= dict.fromkeys(full, min(refused.retry_after_seconds, LONGEST_WAIT_SECONDS))
                    continue
                new.append((frame, item))
                places[frame.code] = frame.sequence
            if new:
                room.kept(self._commit(new))
        return Outcome(places, wait_seconds, len(new))

    def _commit(self, new: Sequence[tuple[Frame, Received]]) -> list[int]:
        numbers: list[int] = []
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for piece in pieces([item for _, item in new]):
                numbers.extend(inbox.store(self._connection, piece, now()))
            reached = {self._name(frame.code): frame.sequence for frame, _ in new}
            cursor.executemany(
                "insert into exchange_carrierplace (name, sequence) values (%s, %s)"
                " on conflict (name) do update set sequence = excluded.sequence",
                sorted(reached.items()),
            )
            nameless = [
                (number, frame.code)
                for number, (frame, item) in zip(numbers, new, strict=True)
                if not item.found.sender
            ]
            cursor.executemany("insert into exchange_carrierorigin (message_id, code) values (%s, %s)", nameless)
        return numbers

    def _places(self, codes: set[str]) -> dict[str, int]:
        names = {self._name(code): code for code in codes}
        rows = self._connection.execute(
            "select name, sequence from exchange_carrierplace where name = any(%s)", (list(names),)
        ).fetchall()
        return {names[name]: sequence for name, sequence in rows}

    def _name(self, code: str) -> str:
        return f"{self._stream} {code}"


@dataclass
class _Firm:
    """What we know of one firm's consumer."""

    delivered: int | None = None
    """How many deliveries we have had from it; None where it is to be made anew."""
    not_before: float = 0.0


@dataclass
class _Pulled:
    frames: list[Frame] = field(default_factory=list)
    messages: dict[str, list[Msg]] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        return sum([len(frame.raw) for frame in self.frames])


class Taker:
    """Pulls from every firm's consumer in turn, keeps, acknowledges."""

    def __init__(self, client: Client, context: JetStreamContext, carrier: Carrier, keeper: Keeper) -> None:
        self._client, self._context, self._carrier, self._keeper = client, context, carrier, keeper
        self._firms: dict[str, _Firm] = {}
        self._turn = ""

    async def take(self) -> int:
        """One round over all firms that have something in the stream; how many messages were kept.

        Raises psycopg.Error and NatsError; afterwards all consumers are made anew.
        """
        pulled = _Pulled()
        try:
            for codes in self._in_turn(await streams.waiting(self._context, self._carrier)):
                for code, messages in zip(codes, await all_of([self._pull(code) for code in codes]), strict=True):
                    if messages:
                        pulled.messages[code] = messages
                        pulled.frames += [Frame(m.metadata.sequence.stream, code, m.data) for m in messages]
                if len(pulled.frames) >= MESSAGES_PER_SEGMENT or pulled.size_bytes >= BYTES_AT_ONCE:
                    self._turn = codes[-1]
                    break
            if not pulled.frames:
                return 0
            outcome = await in_thread(lambda: self._keeper.keep(pulled.frames))
        except BaseException:
            self._firms.clear()
            raise
        await all_of([self._settle(code, pulled.messages[code], outcome) for code in pulled.messages])
        return outcome.kept

    def _in_turn(self, waiting: Mapping[str, int]) -> list[list[str]]:
        """Firms whose time it is, a few at once; those first that were not reached in the last round."""
        moment = time.monotonic()
        ready = sorted(code for code in waiting if self._firm(code).not_before <= moment)
        ready = [code for code in ready if code > self._turn] + [code for code in ready if code <= self._turn]
        self._turn = ""
        return [ready[start : start + FIRMS_AT_ONCE] for start in range(0, len(ready), FIRMS_AT_ONCE)]

    async def _pull(self, code: str) -> list[Msg]:
        """The firm's next messages without a gap; none where its consumer has to be made anew."""
        firm = self._firm(code)
        try:
            if firm.delivered is None:
                await streams.fresh_consumer(self._context, self._carrier, code)
                firm.delivered = 0
            most_bytes = max(BYTES_AT_ONCE // FIRMS_AT_ONCE, 2 * self._client.max_payload)
            messages = await streams.pull(
                self._client, self._carrier, code, streams.MESSAGES_AT_ONCE, most_bytes
            )  # fmt: skip
        except streams.ConsumerGoneError:
            firm.delivered = None
            return []
        expected = range(firm.delivered + 1, firm.delivered + 1 + len(messages))
        if [message.metadata.sequence.consumer for message in messages] != list(expected):
            log.info("%s: 投递不连续，重新读取 / a delivery is missing, reading again", code)
            firm.delivered = None
            return []
        firm.delivered += len(messages)
        return messages

    async def _settle(self, code: str, messages: Sequence[Msg], outcome: Outcome) -> None:
        """Acknowledge what is in the inbox. What is not stays in the stream until the firm has room."""
        firm, place = self._firm(code), outcome.places.get(code, 0)
        kept = [message for message in messages if message.metadata.sequence.stream <= place]
        try:
            for message in kept[:-1]:
                await message.ack()
            if kept:
                await kept[-1].ack_sync(timeout=_ACK_SECONDS)
        except (NatsError, TimeoutError):
            firm.delivered = None  # delivered again, recognised by its place, acknowledged then
        if code in outcome.wait_seconds:
            firm.delivered = None
            firm.not_before = time.monotonic() + outcome.wait_seconds[code]

    def _firm(self, code: str) -> _Firm:
        return self._firms.setdefault(code, _Firm())
