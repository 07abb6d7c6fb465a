"""The two streams: made where they are missing, left as the operator has changed them where they are there."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js import api as js
from nats.js.errors import NotFoundError

from silkgate.exchange.jetstream import Carrier, token

ACK_WAIT_SECONDS = 60
"""After so long the server delivers again what was not acknowledged; what is in the inbox is then recognised."""
MESSAGES_AT_ONCE = 256
MESSAGES_PER_SUBJECT = 100_000
"""So many of one firm may lie in the stream; more are refused to the firm that sends them, not to others."""
STREAM_BYTES = 4 * 2**30
RECEIPT_DAYS = 30
DUPLICATE_WINDOW_SECONDS = 600
"""So long the server remembers ids of messages; published again within it, a message is not stored again."""
_IDLE_SECONDS = 7 * 86_400
_PULL_SECONDS = 5.0
_REPLICAS = 3


class ForeignStreamError(Exception):
    """A stream of our name is there and is none that we can use. The text says what to do."""


class ConsumerGoneError(Exception):
    """The server no longer has the consumer, or its place is not where we left it."""


async def connect(carrier: Carrier, **options: Any) -> Client:
    """A connection that comes back by itself whenever it is lost, unless `options` say otherwise. The inbox has the
    user's name, so that permissions can keep one firm's answers from another's eyes."""
    lasting = {"max_reconnect_attempts": -1, "reconnect_time_wait": 1, "ping_interval": 10}
    named = {"name": "silkgate", "inbox_prefix": f"_INBOX_{carrier.prefix}"}
    return await nats.connect(list(carrier.servers), **{**named, **lasting, **options})


async def make_streams(client: Client, context: JetStreamContext, carrier: Carrier) -> str:
    """See that both streams are there; the identity of the one of messages.

    Its places count from one again when it is deleted and made anew, hence the identity. Raises ForeignStreamError.
    """
    replicas = carrier.replicas or (_REPLICAS if is_clustered(client) else 1)
    messages = await _have(context, js.StreamConfig(
        name=carrier.messages_stream, subjects=[carrier.messages_subject("*")], retention=js.RetentionPolicy.WORK_QUEUE,
        discard=js.DiscardPolicy.NEW, discard_new_per_subject=True, max_msgs_per_subject=MESSAGES_PER_SUBJECT,
        max_bytes=STREAM_BYTES, storage=js.StorageType.FILE, num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
    ))  # fmt: skip
    if (messages.config.retention, messages.config.discard) != (js.RetentionPolicy.WORK_QUEUE, js.DiscardPolicy.NEW):
        raise ForeignStreamError(
            f"流{carrier.messages_stream}已存在，但不是workqueue且discard new：请改用其他SILKGATE_NATS_PREFIX"
            f" / the stream {carrier.messages_stream} is there, but not with retention workqueue and discard new:"
            " choose another SILKGATE_NATS_PREFIX"
        )
    await _have(context, js.StreamConfig(
        name=carrier.receipts_stream, subjects=[f"{carrier.prefix}.receipts.*"],
        retention=js.RetentionPolicy.LIMITS, max_age=RECEIPT_DAYS * 86_400, storage=js.StorageType.FILE,
        num_replicas=replicas, duplicate_window=DUPLICATE_WINDOW_SECONDS,
    ))  # fmt: skip
    return f"{carrier.messages_stream} {messages.created}"


async def _have(context: JetStreamContext, config: js.StreamConfig) -> js.StreamInfo:
    assert config.name is not None
    try:
        return await context.stream_info(config.name)
    except NotFoundError:
        return await context.add_stream(config)


def is_clustered(client: Client) -> bool:
    """Whether the server that we are connected to is one of several."""
    return bool(client._server_info.get("cluster"))


async def waiting(context: JetStreamContext, carrier: Carrier) -> dict[str, int]:
    """How many messages lie in the stream, by code of the firm that published them."""
    info = await context.stream_info(carrier.messages_stream, subjects_filter=">")
    prefix = carrier.messages_subject("")
    found = {subject.removeprefix(prefix): count for subject, count in (info.state.subjects or {}).items()}
    return {code: count for code, count in found.items() if "*" not in code and ">" not in code}


def consumer_name(code: str) -> str:
    """Of the consumer that reads what one firm published; a code that is no name goes by its digest."""
    return f"in_{code}" if token(code) == code else f"in-{hashlib.sha256(code.encode()).hexdigest()[:24]}"


async def fresh_consumer(context: JetStreamContext, carrier: Carrier, code: str) -> None:
    """A consumer of one firm's messages that begins with the first that was never acknowledged."""
    name = consumer_name(code)
    await drop_consumer(context, carrier.messages_stream, name)
    info = await context.add_consumer(
        carrier.messages_stream,
        js.ConsumerConfig(
            durable_name=name, filter_subject=carrier.messages_subject(code), ack_policy=js.AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS, max_ack_pending=4 * MESSAGES_AT_ONCE, inactive_threshold=_IDLE_SECONDS,
        ),
        timeout=10,
    )  # fmt: skip
    if info.delivered is not None and info.delivered.consumer_seq:
        raise ConsumerGoneError(name)


async def receipts_consumer(context: JetStreamContext, carrier: Carrier, code: str) -> None:
    """A place for a firm from which to read its receipts: the firm itself need not be allowed to make one."""
    await context.add_consumer(
        carrier.receipts_stream,
        js.ConsumerConfig(
            durable_name=f"out_{token(code)}", filter_subject=carrier.receipts_subject(code),
            ack_policy=js.AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_SECONDS,
        ),
        timeout=10,
    )  # fmt: skip


async def drop_consumer(context: JetStreamContext, stream: str, name: str) -> None:
    """Delete a consumer if it is there."""
    try:
        await context.delete_consumer(stream, name)
    except NotFoundError:
        return


async def pull(client: Client, carrier: Carrier, code: str, count: int, max_bytes: int) -> list[Msg]:
    """What the firm's consumer has now: at most `count` messages and `max_bytes`. Raises ConsumerGoneError."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    got: list[Msg] = []
    try:
        request = {"batch": count, "max_bytes": max_bytes, "no_wait": True}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{carrier.messages_stream}.{consumer_name(code)}"
        await client.publish(subject, json.dumps(request).encode(), reply=inbox)
        while len(got) < count:
            message = await answers.next_msg(timeout=_PULL_SECONDS)
            status = (message.headers or {}).get("Status")
            if status == "503":
                raise ConsumerGoneError(code)
            if status is not None:
                break
            got.append(message)
            if not message.metadata.num_pending:
                break
    except (NoRespondersError, NatsTimeoutError, TimeoutError) as error:
        # What was delivered and did not come is missed by its number at the next look.
        if not got:
            raise ConsumerGoneError(code) from error
    finally:
        await answers.unsubscribe()
    return got
