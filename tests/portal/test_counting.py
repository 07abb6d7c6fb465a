"""What the portal counts is what was committed: nothing twice, nothing left out, whenever it looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle

import msgspec
import psycopg
import pytest

from clearance.rig import CASES, connector, take_in
from silkgate.clearance.api import Engine
from silkgate.portal import counting, watching

CASE = CASES / "12-hostile-intake"
"""Messages refused at intake, among good ones."""


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def settle(connection: psycopg.Connection, *, tell: bool = False) -> list[counting.Passed]:
    """Count until there is nothing more to count; what was told."""
    told: list[counting.Passed] = []
    while (counted := counting.step(connection, tell=tell)) is not None and counted.anything:
        told += counted.passed
    return told


def expected(connection: psycopg.Connection) -> dict[str, Counter[str]]:
    """The same counts, made the slow way from the rows themselves."""

    def rows(words: str) -> list[tuple]:
        return connection.execute(words).fetchall()  # type: ignore[call-overload,no-any-return]

    found: dict[str, Counter[str]] = {name: Counter() for name in ("messages", "documents", "outcomes", "refusals",
                                                                   "receipts", "decisions")}  # fmt: skip
    for kind, channel, documents in rows("select kind, channel, documents from exchange_message"):
        found["messages"][f"{channel} {kind}"] += 1
        found["documents"][kind] += documents
    for outcome, reasons in rows("select outcome, reasons from exchange_answer"):
        found["outcomes"][outcome] += 1
        found["refusals"].update(reason for reason in reasons.split(";") if reason)
    for kind, detail in rows("select kind, detail from journal_event where subject_kind = 'declaration'"
                             " and batch_no is not null"):  # fmt: skip
        found["decisions"][kind] += 1
        if kind == "declaration.refused":
            found["refusals"].update({finding[0] for finding in msgspec.json.decode(detail)["findings"]})
    found["receipts"].update(kind for (kind,) in rows("select kind from exchange_receipt"))
    return found


def counted(measure: str) -> Counter[str]:
    return Counter(watching.counters().get(measure, {}))


@pytest.mark.parametrize("case", ["05-match-differences", "12-hostile-intake", "14-senders-and-redeclaration"])
@pytest.mark.parametrize(
    ("per_segment", "at_once", "looks"),
    [((1,), 1, "never"), ((1,), 500, "often"), ((3, 5), 1, "between"), ((3, 5), 500, "never"), ((200,), 1, "often")],
)
def test_counts_are_what_was_committed_however_it_looks(
    connection: psycopg.Connection, database: str, case: str, per_segment: tuple[int, ...], at_once: int, looks: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("SEGMENTS_AT_ONCE", "BATCHES_AT_ONCE"):
        monkeypatch.setattr(counting, name, at_once)
    monkeypatch.setattr(counting, "RECEIPTS_AT_ONCE", 7 * at_once)
    inbox = take_in(CASES / case, connector(database), per_segment)
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        look = cycle({"never": [False], "between": [True, False, False], "often": [True]}[looks])
        while engine.step():
            if next(look):
                counting.step(connection)
    settle(connection)
    for measure, wanted in expected(connection).items():
        assert counted(measure) == +wanted, measure
    assert counted("documents").total() > 0
    assert counted("refusals").total() > 0
    answered = counted("outcomes").total()
    assert counted("decided_within").total() == answered == len(inbox.numbers)
    assert counted("receipt_within").total() == counted("receipts").total() > 0
    settle(connection)
    assert counted("outcomes").total() == answered, "counted once, looked at twice"


def test_what_was_not_committed_is_not_counted(connection: psycopg.Connection, database: str) -> None:
    take_in(CASE, connector(database))
    with connection.transaction() as transaction:
        counting.step(connection)
        raise psycopg.Rollback(transaction)
    assert watching.counters() == {}
    settle(connection)
    assert counted("documents").total() > 0


def test_one_counts_at_a_time(connection: psycopg.Connection, database: str) -> None:
    settle(connection)
    take_in(CASE, connector(database))
    with psycopg.connect(database, autocommit=True) as other:
        with other.transaction():
            assert counting.step(other) == counting.Counted(True, [])  # and has not committed yet
            assert counting.step(connection) is None
        assert counting.step(connection) == counting.Counted(False, [])
    assert counted("documents") == +expected(connection)["documents"]


def test_every_message_leaves_its_trail(connection: psycopg.Connection, database: str) -> None:
    inbox = take_in(CASE, connector(database), (4,))
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        engine.drain()
    told = settle(connection, tell=True)
    for number in inbox.numbers:
        trail = [passed.event for passed in told if passed.message == number]
        assert trail[:2] == ["message.received", "message.decided"]
        assert set(trail[2:]) <= {"receipt.issued"}
    assert sum(passed.event == "receipt.issued" for passed in told) == counted("receipts").total()
    refused = [passed for passed in told if passed.fields.get("outcome") == "rejected"]
    assert all(passed.fields["reasons"] for passed in refused)


# --- Availability ---------------------------------------------------------------------------------------------------

NOW = datetime(2026, 6, 18, 12, 0, 30, tzinfo=UTC)
BeatAt = Callable[[str, int], None]


@pytest.fixture
def beat_at(connection: psycopg.Connection) -> BeatAt:
    """Call it with a part and how many minutes ago it was at work."""
    return lambda part, ago: counting.beat(connection, part, NOW - timedelta(minutes=ago))


def shares(part: str) -> list[tuple[int, int]]:
    return [tuple(share) for found in watching.status(NOW).parts if found.name == part for share in found.shares]  # type: ignore[misc]


def test_nothing_measured_is_said_so(database: str) -> None:
    assert watching.status(NOW) == watching.Status((), None)


def test_availability_is_the_share_of_whole_minutes(beat_at: BeatAt) -> None:
    for ago in (10, 9, 7, 7, 2, 0):  # one of them twice, and the minute that is not over yet
        beat_at("web", ago)
    beat_at("engine", 5)
    assert shares("web") == [(4, 10)] * 3
    assert shares("engine") == [(1, 10)] * 3
    assert shares("database") == [(5, 10)] * 3, "whoever could note anything"
    assert {part.name: part.at_work for part in watching.status(NOW).parts} == {
        "web": True, "engine": False, "database": True,
    }  # fmt: skip


def test_each_window_has_its_own_minutes(beat_at: BeatAt) -> None:
    day = 24 * 60
    for ago in (40 * day, 30 * day, 30 * day + 1, 7 * day, 7 * day + 1, day, day + 1, 1):
        beat_at("web", ago)
    assert shares("web") == [(2, day), (4, 7 * day), (6, 30 * day)]


@pytest.mark.parametrize(
    ("seen", "minutes", "shown"),
    [(0, 0, "—"), (0, 10, "0.000 %"), (10, 10, "100.000 %"), (43_199, 43_200, "99.997 %"), (2, 3, "66.666 %")],
)
def test_what_is_not_whole_is_never_called_whole(seen: int, minutes: int, shown: str) -> None:
    from silkgate.portal.service import percent

    assert percent(watching.Share(seen, minutes).per_100k) == shown


def test_old_minutes_are_forgotten(connection: psycopg.Connection, beat_at: BeatAt) -> None:
    beat_at("web", 41 * 24 * 60)
    beat_at("web", 1)
    counting.prune(connection, NOW)
    assert shares("web") == [(1, 1)] * 3


def test_every_process_is_shown_by_its_name() -> None:
    from silkgate.site.cli import Role

    processes = {role.value for role in Role if role is not Role.ALL} | {"web", counting.DATABASE}
    assert set(watching.PARTS) == processes, "what leaves a mark is told of on the status page and in the metrics"
