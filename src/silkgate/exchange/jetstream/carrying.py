"""The carrier as a process: connect, take and send until told to stop; begin anew after any trouble."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable

import psycopg
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from silkgate.exchange.jetstream import Carrier, Standing, streams
from silkgate.exchange.jetstream.sending import Outbox, Sender
from silkgate.exchange.jetstream.taking import Keeper, Taker
from silkgate.exchange.receiver import Receiver
from silkgate.exchange.receiver import connect as connect_database

log = logging.getLogger("silkgate.nats")

CARRIER_LOCK = 0x51_4B_47_0A
"""Held by the connection that keeps messages: who has lost it cannot keep any."""
IDLE_SECONDS = 0.1
RETRY_SECONDS = 1.0
_CLOSE_SECONDS = 3.0

_AWAY = (
    "NATS服务器无应答，正在重连，报文不会丢失：%s / the NATS servers do not answer, trying again, nothing is lost: %s"
)
_NO_DATABASE = "数据库不可用，正在重试，报文留在流中：%s / the database is away, trying again, messages stay: %s"
_BUSY = "另一个NATS接入进程正在工作，等待中 / another carrier is at work, waiting"


class BusyError(Exception):
    """Another carrier works on this database."""


def run(carrier: Carrier, stop: threading.Event) -> None:
    """As `jetstream.carry`."""
    asyncio.run(_until(stop, _carry(carrier)))


def look(carrier: Carrier, timeout_seconds: float) -> Standing:
    """As `jetstream.look`."""

    async def ask() -> Standing:
        # Without a number of attempts the client goes on asking servers that are away, whatever else it is told.
        once = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0}
        client = await streams.connect(carrier, connect_timeout=int(timeout_seconds), **once)
        try:
            context = client.jetstream(timeout=timeout_seconds)
            await context.account_info()
            try:
                waiting = (await context.stream_info(carrier.messages_stream)).state.messages
            except NotFoundError:
                waiting = None
            return Standing(waiting, client.max_payload, streams.is_clustered(client))
        finally:
            await client.close()

    try:
        return asyncio.run(asyncio.wait_for(ask(), 3 * timeout_seconds))
    except (NatsError, OSError, TimeoutError) as error:
        raise OSError(_said(error)) from error


async def _until(stop: threading.Event, work: Awaitable[None]) -> None:
    """Do the work until somebody stops it; its end is an orderly one."""
    working = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(asyncio.to_thread(stop.wait))
    await asyncio.wait((working, asked), return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    stop.set()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def _carry(carrier: Carrier) -> None:
    """Sessions, one after the other. Trouble of the same kind is told once until a session has done some work."""
    told: set[str] = set()

    def tell(words: str, *values: object) -> None:
        if words not in told:
            told.add(words)
            log.warning(words, *values)

    async def complain(error: Exception) -> None:
        tell(_AWAY, _said(error), _said(error))

    receiver = Receiver()
    try:
        while True:
            client: Client | None = None
            try:
                client = await streams.connect(carrier, error_cb=complain)
                await _session(carrier, client, receiver, told.clear)
            except BusyError:
                tell(_BUSY)
            except streams.ForeignStreamError as error:
                tell("%s", error)
            except psycopg.Error as error:
                tell(_NO_DATABASE, _said(error), _said(error))
            except (NatsError, OSError, TimeoutError) as error:
                await complain(error)
            finally:
                if client is not None:
                    with contextlib.suppress(NatsError, OSError, TimeoutError):
                        await asyncio.wait_for(client.close(), _CLOSE_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)
    finally:
        await asyncio.to_thread(receiver.close)


async def _session(carrier: Carrier, client: Client, receiver: Receiver, well: Callable[[], None]) -> None:
    """Take and send over one connection to the servers and two to the database, until one of them fails."""
    context = client.jetstream(timeout=5)
    stream = await streams.make_streams(client, context, carrier)
    keeping, sending = await asyncio.to_thread(connect_database), await asyncio.to_thread(connect_database)
    with keeping, sending:
        row = keeping.execute("select pg_try_advisory_lock(%s)", (CARRIER_LOCK,)).fetchone()
        if not row or not row[0]:
            raise BusyError
        taker = Taker(client, context, carrier, Keeper(keeping, receiver, stream))
        sender = Sender(context, carrier, Outbox(sending, carrier), client.max_payload)
        loops = [asyncio.ensure_future(_often(work, well)) for work in (taker.take, sender.send_new)]
        try:
            await asyncio.gather(*loops)
        finally:
            for loop in loops:
                loop.cancel()
            # A thread that keeps messages is waited for: its connection must not be closed under it.
            await asyncio.gather(*loops, return_exceptions=True)


async def _often(work: Callable[[], Awaitable[int]], well: Callable[[], None]) -> None:
    while True:
        if await work():
            well()
        else:
            await asyncio.sleep(IDLE_SECONDS)


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
