"""The carrier NATS JetStream, with real servers: nothing lost, nothing doubled, whoever dies."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from exchange.broker import Servers, servers, wait_until
from exchange.conftest import Firms
from silkgate.exchange import api as exchange
from silkgate.exchange.jetstream.taking import Frame, Keeper
from silkgate.site.problem import Problem
from silkgate.site.traffic.messages import Traffic, messages

PARCELS = 150
REFUSALS = 8
"""Of a firm that tries four subjects to publish to and four to hear."""


def read(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


def traffic(firms: Firms, parcels: int) -> list[Traffic]:
    """The four messages of each of some parcels."""
    return list(messages(islice(firms.parcels, parcels), firms.zone, per_message=1, seed=3))


def by_sender(items: Sequence[Traffic]) -> dict[str, list[bytes]]:
    sorted_out: dict[str, list[bytes]] = defaultdict(list)
    for item in items:
        sorted_out[item.sender].append(item.raw)
    return sorted_out


async def publish(made: Servers, code: str, raws: Sequence[bytes], acknowledged: list[bytes]) -> None:
    """As a firm does it: one after the other, again until the broker acknowledges."""
    from nats.errors import Error

    async with made.client(code) as client:
        context = client.jetstream(timeout=2)
        for raw in raws:
            headers = {"Nats-Msg-Id": hashlib.sha256(raw).hexdigest()}
            while True:
                try:
                    await context.publish(f"silkgate.messages.{code}", raw, headers=headers)
                    break
                except (Error, OSError, TimeoutError):
                    await asyncio.sleep(0.1)
            acknowledged.append(raw)


async def fetch(made: Servers, code: str, wanted: int) -> list[tuple[str, bytes]]:
    """As a firm does it: number and bytes of its receipts, from its own consumer, acknowledged."""
    from nats.errors import Error

    got: list[tuple[str, bytes]] = []
    async with made.client(code) as client:
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        while len(got) < wanted:
            await client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.SILKGATE_RECEIPTS.out_{code}", b'{"batch":100,"no_wait":true}', reply=inbox
            )
            with contextlib.suppress(Error, TimeoutError):
                while True:
                    message = await answers.next_msg(timeout=1)
                    if "Status" in (message.headers or {}):
                        break
                    got.append((message.headers["Nats-Msg-Id"], message.data))
                    await message.ack()
    return got


async def state_of(made: Servers, stream: str) -> Any:
    async with made.client() as client:
        return await client.jetstream(timeout=2).stream_info(stream)


def leader(made: Servers, stream: str) -> str:
    """Name of the server that leads the stream now."""
    info = asyncio.run(state_of(made, stream))
    assert info.cluster is not None
    assert info.cluster.leader
    return info.cluster.leader


class Worker:
    """The process `silkgate worker --role nats`."""

    def __init__(self, made: Servers, log: Path) -> None:
        self._environment = os.environ | {"SILKGATE_NATS_URL": made.url()}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "silkgate", "worker", "--role", "nats"], env=self._environment, stdout=log,
                stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def in_background(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(10)
    assert not thread.is_alive()


@contextlib.contextmanager
def carried(made: Servers) -> Iterator[None]:
    """The carrier in a thread of this process, on this test's database."""
    stop = threading.Event()
    carrier = exchange.Carrier(tuple(made.url().split(",")))
    thread = threading.Thread(target=exchange.carry, args=(carrier, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.slow
def test_a_cluster_loses_and_doubles_nothing_while_leader_and_carrier_are_killed(
    firms: Firms, database: str, tmp_path: Path, decide: Callable[[], int]
) -> None:
    sent = by_sender(traffic(firms, PARCELS))
    total = sum(map(len, sent.values()))
    acknowledged: list[bytes] = []

    go_on = threading.Event()

    async def publish_all(made: Servers) -> None:
        first = {code: raws[: len(raws) // 3] for code, raws in sent.items()}
        await asyncio.gather(*[publish(made, code, raws, acknowledged) for code, raws in first.items()])
        await asyncio.to_thread(go_on.wait)
        rest = {code: raws[len(raws) // 3 :] for code, raws in sent.items()}
        await asyncio.gather(*[publish(made, code, raws, acknowledged) for code, raws in rest.items()])

    def kept() -> int:
        return read(database, "select count(*) from exchange_message")[0][0]

    with servers(tmp_path / "nats", list(sent), 3) as made:
        worker = Worker(made, tmp_path / "worker.log")
        worker.start()
        try:
            with in_background(lambda: asyncio.run(publish_all(made))):
                wait_until(lambda: kept() >= total // 10, "a tenth is in the inbox")
                killed = leader(made, "SILKGATE_MESSAGES")
                go_on.set()
                wait_until(lambda: len(acknowledged) > total // 3 + 8, "firms publish again")
                made.nodes[killed].kill()
                assert len(acknowledged) < total, "killed in mid-stream"
                before = kept()
                wait_until(lambda: kept() > before + 20, "the others go on")
                worker.kill()
                worker.start()
                wait_until(lambda: len(acknowledged) == total, "everything is acknowledged")
            made.nodes[killed].start()
            wait_until(lambda: kept() >= total, "everything is in the inbox")
            wait_until(lambda: decide() == 0 and not answers_missing(database), "everything is answered")
            out = dict(read(database, "select recipient, count(*) from exchange_receipt group by 1"))
            received = {code: asyncio.run(asyncio.wait_for(fetch(made, code, out[code]), 60)) for code in sent}
            wait_until(
                lambda: not asyncio.run(state_of(made, "SILKGATE_MESSAGES")).state.messages, "the queue is empty"
            )
        finally:
            worker.kill()

    inbox = read(database, "select sha256, sender, channel from exchange_message order by id")
    assert Counter(bytes(row[0]) for row in inbox) == Counter(hashlib.sha256(raw).digest() for raw in acknowledged)
    assert {row[2] for row in inbox} == {"nats"}
    for code, raws in sent.items():
        in_order = [bytes(row[0]) for row in inbox if row[1] == code]
        assert in_order == [hashlib.sha256(raw).digest() for raw in raws], code
    outcomes = dict(read(database, "select outcome, count(*) from exchange_answer group by 1"))
    assert outcomes == {"accepted": total}, "each answered once, none of them as a repetition"
    with psycopg.connect(database) as connection:
        for code, got in received.items():
            stored = exchange.receipts_for(connection, code, 0, limit=10_000)
            assert dict(got) == {str(receipt.id): receipt.body for receipt in stored}
            assert len(got) == len(stored), "none came twice"


def answers_missing(database: str) -> int:
    return read(
        database,
        "select count(*) from exchange_message m left join exchange_answer a on a.message_id = m.id"
        " where a.message_id is null",
    )[0][0]


@pytest.fixture
def single(firms: Firms, tmp_path: Path) -> Iterator[Servers]:
    """One server, for what needs no cluster."""
    with servers(tmp_path / "nats", list(firms.platforms()[:2]), 1) as made:
        yield made


def test_what_cannot_be_read_is_answered_to_whoever_published_it(
    single: Servers, firms: Firms, database: str, decide: Callable[[], int]
) -> None:
    code = firms.platforms()[0]
    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        asyncio.run(publish(single, code, [b"<no-message/>"], []))
        wait_until(lambda: read(database, "select 1 from exchange_message"), "it is in the inbox")
        decide()
        got = asyncio.run(asyncio.wait_for(fetch(single, code, 1), 30))
    assert b"CEB900Message" in got[0][1]


def test_a_firm_may_use_its_own_subjects_and_no_other_ones(
    single: Servers, firms: Firms, database: str, decide: Callable[[], int]
) -> None:
    """With the permissions that docs/nats.md gives it."""
    from nats.errors import Error

    ours, theirs = firms.platforms()[:2]

    async def refused() -> list[str]:
        told: list[str] = []

        async def note(error: Exception) -> None:
            told.append(str(error))

        async with single.client(ours, error_cb=note) as client:
            # None of them is ever answered.
            context = client.jetstream(timeout=0.1)
            for subject in (
                f"silkgate.messages.{theirs}",
                f"silkgate.receipts.{ours}",
                f"$JS.API.CONSUMER.MSG.NEXT.SILKGATE_RECEIPTS.out_{theirs}",
                "$JS.API.STREAM.DELETE.SILKGATE_MESSAGES",
            ):
                with contextlib.suppress(Error, TimeoutError):
                    await context.publish(subject, b"x")
            for subject in (
                f"silkgate.receipts.{ours}",
                "silkgate.messages.*",
                f"_INBOX_{theirs}.>",
                "_INBOX_silkgate.>",
            ):
                await client.subscribe(subject)
            await client.flush()
            # What the server said has come by now; the client tells it one by one, beside what else it does.
            deadline = time.monotonic() + 30
            while len(told) < REFUSALS and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
        return told

    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        assert len([text for text in asyncio.run(refused()) if "permissions violation" in text.lower()]) == REFUSALS
    assert not read(database, "select 1 from exchange_message")


def test_who_has_its_share_waiting_waits_in_the_stream_and_others_go_past_it(
    single: Servers, firms: Firms, database: str, decide: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from silkgate.exchange.jetstream import taking

    monkeypatch.setattr(settings, "MAX_BACKLOG_DOCUMENTS", 40)
    monkeypatch.setattr(settings, "MIN_SHARE_DOCUMENTS", 5)
    monkeypatch.setattr(taking, "LONGEST_WAIT_SECONDS", 0.2)
    flooder, other = firms.platforms()[:2]
    flood, few = firms.orders(flooder, 60), firms.orders(other, 3)

    def kept(code: str) -> list[bytes]:
        rows = read(database, f"select sha256 from exchange_message where sender = '{code}' order by id")
        return [bytes(row[0]) for row in rows]

    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        asyncio.run(publish(single, flooder, flood, []))
        asyncio.run(publish(single, other, few, []))
        wait_until(lambda: len(kept(other)) == 3, "the other one is taken in")
        assert len(kept(flooder)) < 60
        assert asyncio.run(state_of(single, "SILKGATE_MESSAGES")).state.messages >= 60 - 40
        wait_until(lambda: decide() >= 0 and len(kept(flooder)) == 60, "room comes, and the rest is taken in")
    assert kept(flooder) == [hashlib.sha256(raw).digest() for raw in flood]


def test_a_message_that_is_delivered_again_is_neither_stored_nor_answered_again(
    single: Servers, firms: Firms, database: str
) -> None:
    """As after the death of a carrier between its commit and its acknowledgement."""
    code = firms.platforms()[0]
    raws = firms.orders(code, 20)
    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
    asyncio.run(publish(single, code, raws, []))
    receiver = exchange.Receiver()
    with exchange.connect() as connection:
        created = asyncio.run(state_of(single, "SILKGATE_MESSAGES")).created
        keeper = Keeper(connection, receiver, f"SILKGATE_MESSAGES {created}")
        frames = [Frame(sequence, code, raw) for sequence, raw in enumerate(raws, 1)]
        assert keeper.keep(frames[:12]).kept == 12
        assert keeper.keep(frames[4:12]).kept == 0
    receiver.close()
    with carried(single):
        wait_until(lambda: not asyncio.run(state_of(single, "SILKGATE_MESSAGES")).state.messages, "the queue is empty")
    assert digests(database) == [hashlib.sha256(raw).digest() for raw in raws]


def test_a_delivery_that_goes_astray_is_missed_and_read_again(single: Servers, firms: Firms, database: str) -> None:
    code = firms.platforms()[0]
    raws = firms.orders(code, 30)

    async def lead_astray() -> bool:
        """Have the consumer deliver one message to somebody else: for the carrier it is lost on its way."""
        async with single.client() as client:
            inbox = client.new_inbox()
            stray = await client.subscribe(inbox)
            subject = f"$JS.API.CONSUMER.MSG.NEXT.SILKGATE_MESSAGES.in_{code}"
            context = client.jetstream(timeout=2)
            await client.publish(subject, b'{"batch":1,"expires":10000000000}', reply=inbox)
            await client.flush()
            await context.publish(f"silkgate.messages.{code}", raws[1])
            return (await stray.next_msg(timeout=10)).data == raws[1]

    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        asyncio.run(publish(single, code, raws[:1], []))
        wait_until(lambda: len(digests(database)) == 1, "the consumer is there")
        assert asyncio.run(lead_astray()), "the message went to somebody else"
        asyncio.run(publish(single, code, raws[2:], []))
        wait_until(lambda: len(digests(database)) == 30, "all are in the inbox")
    assert digests(database) == [hashlib.sha256(raw).digest() for raw in raws]


def test_a_stream_that_was_made_anew_counts_from_one_and_is_not_taken_for_the_old_one(
    single: Servers, firms: Firms, database: str
) -> None:
    code = firms.platforms()[0]
    first, second = firms.orders(code, 10), firms.orders(code, 10)

    async def delete() -> None:
        async with single.client() as client:
            await client.jetstream(timeout=5).delete_stream("SILKGATE_MESSAGES")

    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        asyncio.run(publish(single, code, first, []))
        wait_until(lambda: len(digests(database)) == 10, "the first are in the inbox")
        asyncio.run(delete())
        asyncio.run(publish(single, code, second, []))
        wait_until(lambda: len(digests(database)) == 20, "the second ones too")
    assert digests(database) == [hashlib.sha256(raw).digest() for raw in [*first, *second]]


def test_while_the_server_is_away_nothing_is_lost_and_it_goes_on_by_itself(
    single: Servers, firms: Firms, database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from silkgate.site import carrier

    code = firms.platforms()[0]
    raws = firms.orders(code, 10)
    monkeypatch.setenv("SILKGATE_NATS_URL", single.url())
    (node,) = single.nodes.values()
    with carried(single):
        wait_until(lambda: has_stream(single), "the stream is there")
        text = carrier.told()
        assert text is not None
        assert text.en.startswith("The single NATS server answers")
        asyncio.run(publish(single, code, raws[:5], []))
        node.kill()
        wait_until(lambda: "the NATS servers do not answer" in caplog.text, "it says that the server is away")
        with pytest.raises(Problem, match="do not answer"):
            carrier.told()
        node.start()
        asyncio.run(publish(single, code, raws[5:], []))
        wait_until(lambda: len(digests(database)) == 10, "all are in the inbox")
    assert "正在重连" in caplog.text
    assert digests(database) == [hashlib.sha256(raw).digest() for raw in raws]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SILKGATE_NATS_URL", "http://example.org", "nats://user:password@host"),
        ("SILKGATE_NATS_PREFIX", "zone.one", "letters and digits"),
        ("SILKGATE_NATS_REPLICAS", "2", "1, 3 or 5"),
    ],
)
def test_settings_that_cannot_be_meant_are_told(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from silkgate.site import carrier

    monkeypatch.setenv("SILKGATE_NATS_URL", "nats://localhost")
    monkeypatch.setenv(name, value)
    with pytest.raises(Problem, match=said):
        carrier.named_carrier()


def digests(database: str) -> list[bytes]:
    """SHA-256 of what the inbox holds, in the recorded order."""
    return [bytes(row[0]) for row in read(database, "select sha256 from exchange_message order by id")]


async def _has_stream(made: Servers) -> bool:
    from nats.js.errors import NotFoundError

    try:
        await state_of(made, "SILKGATE_RECEIPTS")
    except NotFoundError:
        return False
    return True


def has_stream(made: Servers) -> bool:
    return asyncio.run(_has_stream(made))
