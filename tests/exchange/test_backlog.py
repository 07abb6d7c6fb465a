"""Nobody has more than a share waiting, so nobody waits for more than the shares of the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearance.rig import connector
from exchange.conftest import Clock, Firms
from silkgate.exchange import api as exchange
from silkgate.exchange.backlog import LONGEST_RETRY_SECONDS, REFRESH_SECONDS, RETRY_SECONDS, Pace

WIDE = exchange.Quotas(max_backlog_documents=10**9, min_share_documents=10**9)
A_WHILE = REFRESH_SECONDS + 0.01


@contextmanager
def receiving(database: str, quotas: exchange.Quotas, clock: Clock | None = None) -> Iterator[exchange.Receiver]:
    """A receiver with these quotas, as another process would have one."""
    connect = lambda: psycopg.connect(database, autocommit=True)  # noqa: E731
    receiver = exchange.Receiver(connect)
    given = {"clock": clock} if clock else {}
    receiver.backlog = exchange.Backlog(connect, quotas=lambda: quotas, **given)
    try:
        yield receiver
    finally:
        receiver.close()


# --- The share -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("senders", "waiting", "share"),
    [
        (1, 0, 500),  # alone: half, so that who comes finds room
        (2, 0, 333),
        (9, 0, 100),
        (10, 0, 100),  # never below the least
        (900, 1_000, 100),
        (1, 1_001, 100),  # more than should wait: the least for everybody
    ],
)
def test_a_share_leaves_room_for_one_more(senders: int, waiting: int, share: int) -> None:
    assert exchange.Quotas(1_000, 100).share(senders, waiting) == share


def test_shares_never_add_up_to_more_than_may_wait() -> None:
    quotas = exchange.Quotas(200_000, 5_000)
    for senders in range(1, 40):
        assert senders * quotas.share(senders, 0) < quotas.max_backlog_documents
    assert quotas.hard_backlog_documents == 250_000


# --- One sender ----------------------------------------------------------------------------------------------------


def test_above_its_share_a_request_is_refused_whole(database: str, firms: Firms) -> None:
    flooder = firms.platforms()[0]
    with receiving(database, exchange.Quotas(40, 5)) as receiver:
        receiver.admit(firms.orders(flooder, 3, per_message=6), "http", "")
        assert receiver.backlog.waiting(flooder) == 18
        with pytest.raises(exchange.Refused) as refused:
            receiver.admit(firms.orders(flooder, 1) + firms.orders(flooder, 1, per_message=2), "http", "")
        told = refused.value
        assert (told.code, told.account) == ("exchange.quota", flooder)
        assert told.figures == {"sender": flooder, "waiting": 18, "documents": 3, "share": 20}
        assert told.retry_after_seconds == RETRY_SECONDS
        for text in told.text:
            assert all(str(figure) in text for figure in (flooder, 18, 3, 20, RETRY_SECONDS))
        # Nothing of it was kept, so the room is still there.
        receiver.admit(firms.orders(flooder, 2), "http", "")
        assert receiver.backlog.waiting(flooder) == 20
    assert stored(database) == {flooder: 20}


def test_who_has_nothing_waiting_finds_room_for_one_request_of_any_size(database: str, firms: Firms) -> None:
    one, other = firms.platforms()[:2]
    with receiving(database, exchange.Quotas(40, 5)) as receiver:
        receiver.admit(firms.orders(one, 1), "http", "")
        receiver.admit(firms.orders(other, 2, per_message=15), "http", "")
        with pytest.raises(exchange.Refused):
            receiver.admit(firms.orders(other, 1), "http", "")


def test_a_refused_flood_is_not_examined_to_its_end(database: str, firms: Firms) -> None:
    flooder = firms.platforms()[0]
    with receiving(database, exchange.Quotas(10, 1)) as receiver:
        receiver.admit(firms.orders(flooder, 1, per_message=5), "http", "")
        rest = iter(firms.orders(flooder, 50))
        with pytest.raises(exchange.Refused):
            receiver.admit(rest, "http", "")
        assert len(list(rest)) == 49


def test_what_could_not_be_kept_gives_its_room_back(database: str, firms: Firms) -> None:
    sender = firms.platforms()[0]
    with receiving(database, WIDE) as receiver:
        receiver.backlog.refresh()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("alter table exchange_message add constraint nothing check (false) not valid")
            with pytest.raises(psycopg.errors.CheckViolation):
                receiver.admit(firms.orders(sender, 3), "http", "")
            assert receiver.backlog.waiting(sender) == 0
            connection.execute("alter table exchange_message drop constraint nothing")
        receiver.admit(firms.orders(sender, 3), "http", "")
        assert receiver.backlog.waiting(sender) == 3


def test_what_cannot_be_read_counts_for_its_address(database: str, firms: Firms) -> None:
    """One that sends rubbish takes nothing from others that do; each message counts as a document."""
    with receiving(database, exchange.Quotas(8, 1)) as receiver:
        receiver.admit([b"no message"] * 4, "http", "192.0.2.1")
        with pytest.raises(exchange.Refused) as refused:
            receiver.admit([b"no message"], "http", "192.0.2.1")
        assert "192.0.2.1" in refused.value.text.zh
        assert "192.0.2.1" in refused.value.text.en
        receiver.admit([b"no message"], "http", "192.0.2.2")
    assert stored(database) == {"": 5}


# --- All of them ---------------------------------------------------------------------------------------------------


def test_above_what_should_wait_only_small_shares_are_taken_and_at_last_none(database: str, firms: Firms) -> None:
    """Eleven senders with ten documents each fill a backlog of 100; then ten at most, and above 125 nothing."""
    everybody = [enterprise.code for enterprise in firms.zone.enterprises]
    with receiving(database, exchange.Quotas(100, 10)) as receiver:
        for sender in everybody[:11]:
            receiver.admit(firms.orders(sender, 1, per_message=10), "http", "")
        for sender, documents in ((everybody[0], 1), (everybody[11], 11)):
            with pytest.raises(exchange.Refused, match="share of 10"):
                receiver.admit(firms.orders(sender, documents), "http", "")
        receiver.admit(firms.orders(everybody[11], 1, per_message=10), "http", "")
        receiver.admit(firms.orders(everybody[12], 5), "http", "")
        assert receiver.backlog.standing().waiting_documents == 125
        for sender in (everybody[13], everybody[0]):
            with pytest.raises(exchange.Refused) as refused:
                receiver.admit(firms.orders(sender, 1), "http", "")
            assert (refused.value.code, refused.value.account) == ("exchange.full", None)


def test_with_a_full_disk_nothing_is_taken(database: str, firms: Firms, tmp_path: Path) -> None:
    """The place need not exist yet: its disk does."""
    no_disk_has = 2**62
    with receiving(database, WIDE._replace(min_free_disk_bytes=no_disk_has, disks=(tmp_path / "a" / "b",))) as receiver:
        with pytest.raises(exchange.Refused) as refused:
            receiver.admit(firms.orders(firms.platforms()[0], 1), "http", "")
        assert (refused.value.code, refused.value.retry_after_seconds) == ("exchange.disk", LONGEST_RETRY_SECONDS)
        assert receiver.backlog.standing().short_of_disk
    assert stored(database) == {}


# --- Time ----------------------------------------------------------------------------------------------------------


def test_room_comes_back_as_the_engine_decides_and_the_wait_is_what_it_takes(
    database: str, firms: Firms, decide: Callable[[], int], clock: Clock
) -> None:
    flooder = firms.platforms()[0]
    with receiving(database, exchange.Quotas(80, 1), clock) as receiver:
        receiver.admit(firms.orders(flooder, 4, per_message=10), "http", "")
        assert decide() == 4
        receiver.admit([b"no message"], "http", "192.0.2.1")
        assert receiver.backlog.waiting(flooder) == 40, "not looked again yet"
        clock.seconds += 2
        assert receiver.backlog.standing()[:2] == (1, 1)
        assert receiver.backlog.standing().decided_per_second == 20
        receiver.admit(firms.orders(flooder, 1, per_message=20), "http", "")
        with pytest.raises(exchange.Refused) as refused:
            receiver.admit(firms.orders(flooder, 1, per_message=20), "http", "")
        # 14 too many; 21 wait of which 20 are his; 20 a second.
        assert refused.value.figures["share"] == 26
        assert refused.value.retry_after_seconds == 1


def test_while_nothing_is_decided_the_wait_is_short_at_first_and_then_the_longest(
    database: str, firms: Firms, clock: Clock
) -> None:
    flooder = firms.platforms()[0]
    told = []
    with receiving(database, exchange.Quotas(10, 1), clock) as receiver:
        receiver.admit(firms.orders(flooder, 5), "http", "")
        for _ in range(8):
            clock.seconds += 1
            with pytest.raises(exchange.Refused) as refused:
                receiver.admit(firms.orders(flooder, 1), "http", "")
            told.append(refused.value.retry_after_seconds)
    assert told == [RETRY_SECONDS] * 3 + [LONGEST_RETRY_SECONDS] * 5


def test_a_flood_from_the_first_moment_is_not_sent_away_for_long(
    database: str, firms: Firms, decide: Callable[[], int], clock: Clock
) -> None:
    """The engine has only just begun: what it has not decided yet says little of its pace."""
    flooder = firms.platforms()[0]
    with receiving(database, exchange.Quotas(80, 1), clock) as receiver:
        receiver.admit(firms.orders(flooder, 4, per_message=10), "http", "")
        for _ in range(4):
            clock.seconds += A_WHILE
            receiver.backlog.standing()
        assert decide() == 4
        clock.seconds += A_WHILE
        receiver.admit(firms.orders(flooder, 4, per_message=10), "http", "")
        with pytest.raises(exchange.Refused) as refused:
            receiver.admit(firms.orders(flooder, 1, per_message=10), "http", "")
        # 40 in 1.3 seconds, and 10 too many.
        assert receiver.backlog.standing().decided_per_second in range(25, 40)
        assert refused.value.retry_after_seconds == 1


# --- The pace ------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(batch=st.integers(1, 20_000), looks=st.integers(1, 12), begin=st.integers(0, 11), rounds=st.integers(4, 20))
def test_what_is_done_in_batches_is_known_for_its_pace(batch: int, looks: int, begin: int, rounds: int) -> None:
    """A batch at every so many looks, wherever the first falls: never twice its pace, nor half of it."""
    pace = Pace(5.0)
    true = batch / (looks * 0.25)
    for look in range(looks * rounds):
        done = look % looks == begin % looks
        pace.note(batch if done else 0, 0.25)
        if look >= 2 * looks:
            assert pace.per_second is not None
            assert true / 2 < pace.per_second < true * 2


def test_a_pace_is_forgotten_when_nothing_is_done_any_more() -> None:
    pace = Pace(5.0)
    assert pace.per_second is None
    for _ in range(100):
        pace.note(1_000, 0.25)
    assert pace.per_second == pytest.approx(4_000)
    for _ in range(120):
        pace.note(0, 0.25)
    assert pace.per_second is not None
    assert pace.per_second < 20


# --- The count -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_count_is_the_databases_whoever_stored(
    seed: int, database: str, firms: Firms, decide: Callable[[], int], clock: Clock
) -> None:
    """Two processes and a stranger without a backlog store, an engine decides: both counts follow, none is doubled."""
    random = Random(seed)
    senders = firms.platforms()[:3]
    with receiving(database, WIDE, clock) as one, receiving(database, WIDE, clock) as other:
        for _ in range(25):
            act = random.randrange(6)
            raws = firms.orders(random.choice(senders), random.randrange(1, 4), random.randrange(1, 4))
            if act == 0:
                other.keep([other.examine(raw, "cli") for raw in raws])
            elif act in (1, 2):
                random.choice((one, other)).admit(raws, "http", "")
            elif act == 3:
                decide()
            elif act == 4:
                clock.seconds += A_WHILE
                random.choice((one, other)).backlog.standing()
            else:
                between(one, [one.examine(raw, "http") for raw in raws], clock)
        for receiver in (one, other):
            receiver.backlog.refresh()
            truth = undecided(database)
            assert {sender: receiver.backlog.waiting(sender) for sender in senders} == {
                sender: truth[sender] for sender in senders
            }
            assert receiver.backlog.standing()[:2] == (truth.total(), len(truth))


def between(receiver: exchange.Receiver, received: list[exchange.Received], clock: Clock) -> None:
    """Keep messages so that the backlog reads them from the database before it is told of them."""
    with receiver.backlog.place() as place:
        place.take([exchange.charge(item) for item in received])
        numbers = receiver.keep(received)
        clock.seconds += A_WHILE
        receiver.backlog.standing()
        place.kept(numbers)


def test_threads_together_hold_no_more_than_one_share(database: str, firms: Firms) -> None:
    """Twenty at once ask for what there is room for ten times."""
    flooder = firms.platforms()[0]
    refusals: list[exchange.Refused] = []
    with receiving(database, exchange.Quotas(40, 1)) as receiver:
        requests = [firms.orders(flooder, 1, per_message=2) for _ in range(20)]
        # The certificate directory and the first look are nobody's race.
        receiver.admit([b"no message"], "http", "")

        def send(raws: list[bytes]) -> None:
            try:
                receiver.admit(raws, "http", "")
            except exchange.Refused as refused:
                refusals.append(refused)

        threads = [threading.Thread(target=send, args=(raws,)) for raws in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert receiver.backlog.waiting(flooder) == 12  # a third of 40, in twos
    assert len(refusals) == 14
    assert stored(database) == {flooder: 12, "": 1}


# --- What it is for ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quotas", "most_ahead"), [(exchange.Quotas(400, 20), 200), (WIDE, 1_000)], ids=["with shares", "without"]
)
def test_a_flood_puts_no_more_than_its_share_before_others(
    database: str, firms: Firms, decide: Callable[[], int], quotas: exchange.Quotas, most_ahead: int
) -> None:
    """One sends a thousand documents and would go on; another comes with one parcel. Seen by recorded order."""
    parcel = firms.parcel()
    flooder = next(code for code in firms.platforms() if code.encode() not in b"".join(parcel))
    with receiving(database, quotas) as receiver:
        for _ in range(50):
            try:
                receiver.admit(firms.orders(flooder, 2, per_message=10), "http", "")
            except exchange.Refused:
                break
        _, numbers = receiver.admit(parcel, "http", "")
        assert ahead(database, numbers[0]) == most_ahead
        decide()
        receiver.backlog.refresh()
        assert receiver.backlog.standing()[:2] == (0, 0)
    with psycopg.connect(database) as connection:
        kinds = {receipt.kind for number in numbers for receipt in exchange.receipts_of(connection, number)}
    assert {"CEB312Message", "CEB412Message", "CEB512Message", "CEB622Message"} <= kinds


def test_the_last_answer_tells_where_the_engine_stands(database: str, firms: Firms, decide: Callable[[], int]) -> None:
    """Every message is answered, rubbish too: so the exchange need not ask the rooms above how far they are."""
    with receiving(database, WIDE) as receiver:
        for raws in (firms.parcel(), [b"no message"], firms.orders(firms.platforms()[0], 3)):
            receiver.admit(raws, "http", "")
        decide()
    with psycopg.connect(database) as connection:
        newest = "select max(id) from exchange_message"
        assert connection.execute(f"select max(message_id) = ({newest}) from exchange_answer").fetchone() == (True,)


def ahead(database: str, number: int) -> int:
    """Documents that are to be decided before a message."""
    with psycopg.connect(database) as connection:
        query = "select sum(documents) from exchange_message where id < %s"
        return connection.execute(query, (number,)).fetchone()[0]


def stored(database: str) -> dict[str, int]:
    """Documents of each sender in the inbox; what cannot be read counts as one."""
    with psycopg.connect(database) as connection:
        query = "select sender, sum(greatest(documents, 1))::int from exchange_message group by 1"
        return dict(connection.execute(query).fetchall())


def undecided(database: str) -> Counter[str]:
    """The same of what has no answer, the slow way."""
    with connector(database)() as connection:
        query = (
            "select sender, sum(greatest(documents, 1))::int from exchange_message m"
            " where not exists (select from exchange_answer a where a.message_id = m.id) group by 1"
        )
        return Counter(dict(connection.execute(query).fetchall()))
