"""From the outbox into the stream of receipts: those that answer messages which came over this carrier.

The place is moved once the server has stored all receipts up to it. After a crash in between they are published again
under the same id, their number, by which the server, or else their recipient, knows them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from nats.js import JetStreamContext

from silkgate.exchange import outbox
from silkgate.exchange.jetstream import Carrier, streams, token
from silkgate.exchange.jetstream.waiting import all_of, in_thread
from silkgate.exchange.naming import message_name
from silkgate.exchange.outbox import StoredReceipt

log = logging.getLogger("silkgate.nats")

LOOKS_AT_ONCE = 5_000
"""Receipts looked at for one that answers a message of this carrier."""
RECEIPTS_AT_ONCE = 500
BYTES_AT_ONCE = 8 * 2**20
_PUBLISH_SECONDS = 10.0

_NEXT = """select n.id, m.sha256, coalesce(o.code, n.recipient)
    from (select id, message_id, recipient from exchange_receipt where id > %s order by id limit %s) n
    left join exchange_message m on m.id = n.message_id and m.channel = 'nats'
    left join exchange_carrierorigin o on o.message_id = m.id
    order by n.id"""


class Leaving(NamedTuple):
    """A receipt and where it goes."""

    receipt: StoredReceipt
    message: str
    """Name of the message that it answers."""
    code: str


class Outbox:
    """Reads what is to leave, and keeps the place. On a connection of its own."""

    def __init__(self, connection: psycopg.Connection, carrier: Carrier) -> None:
        self._connection = connection
        self._name = carrier.receipts_stream
        row = connection.execute(
            "select sequence from exchange_carrierplace where name = %s", (self._name,)
        ).fetchone()  # fmt: skip
        self._after: int = row[0] if row else 0

    def next(self) -> tuple[list[Leaving], int]:
        """What is to leave next, in order, and the number up to which that is everything."""
        rows = self._connection.execute(_NEXT, (self._after, LOOKS_AT_ONCE)).fetchall()
        ours = {number: (bytes(sha256), code) for number, sha256, code in rows if sha256 is not None}
        reached = rows[-1][0] if rows else self._after
        numbers = list(ours)
        if len(numbers) > RECEIPTS_AT_ONCE:
            numbers = numbers[:RECEIPTS_AT_ONCE]
            reached = numbers[-1]
        leaving: list[Leaving] = []
        size = 0
        for receipt in outbox.receipts_numbered(self._connection, numbers):
            if leaving and size + len(receipt.body) > BYTES_AT_ONCE:
                return leaving, leaving[-1].receipt.id
            sha256, code = ours[receipt.id]
            leaving.append(Leaving(receipt, message_name(receipt.message_id, sha256), code))
            size += len(receipt.body)
        return leaving, reached

    def left(self, number: int) -> None:
        """Everything up to this receipt is in the stream; durable when this returns."""
        if number > self._after:
            self._connection.execute(
                "insert into exchange_carrierplace (name, sequence) values (%s, %s)"
                " on conflict (name) do update set sequence = excluded.sequence",
                (self._name, number),
            )
            self._after = number


class Sender:
    """Publishes receipts and waits until the servers have stored them."""

    def __init__(self, context: JetStreamContext, carrier: Carrier, outbox: Outbox, max_payload_bytes: int) -> None:
        self._context, self._carrier, self._outbox, self._most = context, carrier, outbox, max_payload_bytes
        self._known: set[str] = set()

    async def send_new(self) -> int:
        """Publish what is new; how many receipts. Raises NatsError and psycopg.Error; then the same are next again."""
        leaving, reached = await in_thread(self._outbox.next)
        for code in {token(item.code) for item in leaving} - self._known:
            await streams.receipts_consumer(self._context, self._carrier, code)
            self._known.add(code)
        await self._publish(leaving)
        await in_thread(lambda: self._outbox.left(reached))
        return len(leaving)

    async def _publish(self, leaving: Sequence[Leaving]) -> None:
        await all_of([self._publish_one(item) for item in leaving])

    async def _publish_one(self, item: Leaving) -> None:
        receipt = item.receipt
        headers = {
            "Nats-Msg-Id": str(receipt.id),
            "Silkgate-Kind": receipt.kind,
            "Silkgate-Message": item.message,
        }
        body = receipt.body
        if len(body) + 1_024 > self._most:
            body = b""
            headers["Silkgate-Fetch"] = f"/api/v1/messages/{item.message}/receipts"
        await self._context.publish(
            self._carrier.receipts_subject(item.code), body, headers=headers, timeout=_PUBLISH_SECONDS,
            stream=self._carrier.receipts_stream,
        )  # fmt: skip
