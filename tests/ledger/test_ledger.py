"""What the ledger promises, held by the database itself: nothing overspent, nothing rewritten, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest

from silkgate.ledger.api import (
    Move,
    NewAccount,
    OverspentError,
    allot_ids,
    audit,
    balances,
    open_accounts,
    post,
    raise_capacities,
    statement,
)
from silkgate.site.scratch import private_database

AT = datetime(2026, 6, 18, 10, tzinfo=UTC)
ALLOWANCE, STOCK, GUARANTEE = ("allowance", "A/2026"), ("stock", "B1/3"), ("guarantee", "G1")
OPENED = {ALLOWANCE: (2_600_000, 1_000), STOCK: (500_000, 0), GUARANTEE: (100_000, 0)}
"""Capacity, and what was used before."""


def open_all(connection: psycopg.Connection) -> None:
    """Three accounts."""
    with connection.transaction(), connection.cursor() as cursor:
        ids = allot_ids(cursor, len(OPENED))
        accounts = [NewAccount(number, *key, *OPENED[key]) for number, key in zip(ids, OPENED, strict=True)]
        open_accounts(cursor, accounts, at=AT)


@pytest.fixture(scope="module")
def shared(database_server: str) -> Iterator[psycopg.Connection]:
    """A connection to an empty ledger, for tests that leave it empty."""
    with private_database(database_server) as url, psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def connection(shared: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A ledger with three accounts, inside a transaction that is taken back."""
    with shared.transaction(force_rollback=True):
        open_all(shared)
        yield shared


def number_of(connection: psycopg.Connection, key: tuple[str, str]) -> int:
    return balances(connection.cursor(), [key])[key].id


def used(connection: psycopg.Connection) -> dict[tuple[str, str], int]:
    return {key: balance.used for key, balance in balances(connection.cursor(), OPENED).items()}


def pay(connection: psycopg.Connection, moves: Sequence[tuple[tuple[str, str], str, int]], reference: int = 1) -> None:
    """Post moves, given by account key, in one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        listed = [Move(number_of(connection, key), kind, amount, reference) for key, kind, amount in moves]
        post(cursor, listed, reference_kind="declaration", at=AT)


def test_what_was_used_before_is_a_transfer_too(connection: psycopg.Connection) -> None:
    number = number_of(connection, ALLOWANCE)
    assert statement(connection.cursor(), number) == [(AT, "open", 1_000, "account", number)]
    assert audit(connection.cursor()) == []


def test_absent_accounts_are_absent(connection: psycopg.Connection) -> None:
    assert balances(connection.cursor(), [("stock", "B1/4")]) == {}
    assert balances(connection.cursor(), []) == {}


def test_a_set_of_moves_is_applied_together(connection: psycopg.Connection) -> None:
    pay(
        connection,
        [(ALLOWANCE, "reserve", 500), (STOCK, "reserve", 7), (STOCK, "reserve", 3), (GUARANTEE, "reserve", 1)],
    )
    pay(connection, [(STOCK, "void", -4), (STOCK, "reserve", 4)], reference=2)  # nothing on balance, yet both are told
    assert used(connection) == {ALLOWANCE: 1_500, STOCK: 10, GUARANTEE: 1}
    told = [
        (kind, amount, reference)
        for _, kind, amount, _, reference in statement(connection.cursor(), number_of(connection, STOCK))
    ]
    assert told == [("reserve", 7, 1), ("reserve", 3, 1), ("void", -4, 2), ("reserve", 4, 2)]
    assert audit(connection.cursor()) == []


@pytest.mark.parametrize(
    "moves",
    [
        [(GUARANTEE, "reserve", 100_001)],
        [(GUARANTEE, "reserve", 60_000), (GUARANTEE, "reserve", 40_001)],
        [(ALLOWANCE, "reserve", 2_599_001)],
        [(STOCK, "void", -1)],
        [(ALLOWANCE, "void", -1_001)],
        [(STOCK, "reserve", 5), (GUARANTEE, "reserve", 100_001)],
        [(STOCK, "reserve", -5)],
        [(ALLOWANCE, "void", 5)],
        [(ALLOWANCE, "gift", 5)],
    ],
    ids=[
        "above the capacity",
        "together above it",
        "above it with what was used before",
        "below zero",
        "more back than was used",
        "one of two cannot be met",
        "reserving less than nothing",
        "giving back less than nothing",
        "no such kind",
    ],
)
def test_the_database_refuses_and_nothing_of_the_set_is_done(
    connection: psycopg.Connection, moves: list[tuple[tuple[str, str], str, int]]
) -> None:
    before = used(connection)
    with pytest.raises(psycopg.errors.CheckViolation):
        pay(connection, moves)
    assert used(connection) == before
    assert audit(connection.cursor()) == []
    assert connection.execute("select count(*) from ledger_transfer where kind <> 'open'").fetchone() == (0,)


def test_the_limit_itself_can_be_used_up_and_given_back(connection: psycopg.Connection) -> None:
    pay(connection, [(GUARANTEE, "reserve", 100_000)])
    with pytest.raises(psycopg.errors.CheckViolation):
        pay(connection, [(GUARANTEE, "reserve", 1)])
    pay(connection, [(GUARANTEE, "void", -100_000)])
    assert used(connection)[GUARANTEE] == 0


def test_an_account_that_is_not_there_ends_the_set(connection: psycopg.Connection) -> None:
    with pytest.raises(OverspentError), connection.transaction(), connection.cursor() as cursor:
        post(
            cursor,
            [Move(number_of(connection, STOCK), "reserve", 5, 1), Move(9_999, "reserve", 5, 1)],
            reference_kind="declaration",
            at=AT,
        )
    assert used(connection)[STOCK] == 0


def test_an_account_exists_once(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction(), connection.cursor() as cursor:
        open_accounts(cursor, [NewAccount(allot_ids(cursor, 1)[0], *STOCK, 5)], at=AT)


def test_a_capacity_is_raised_and_never_lowered(connection: psycopg.Connection) -> None:
    number = number_of(connection, GUARANTEE)
    for wanted, capacity in ((150_000, 150_000), (10, 150_000)):
        raise_capacities(connection.cursor(), {number: wanted})
        assert balances(connection.cursor(), [GUARANTEE])[GUARANTEE].capacity == capacity


# --- Nothing is rewritten ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "update ledger_transfer set amount = 0",
        "update ledger_transfer set amount = 0 where false",
        "delete from ledger_transfer",
        "truncate ledger_transfer",
        "truncate ledger_transfer cascade",
        "merge into ledger_transfer t using ledger_transfer s on t.id = s.id when matched then delete",
        "insert into ledger_transfer (id, account_id, kind, amount, reference_kind, reference_id, at)"
        " select id, account_id, kind, 5, '', 0, at from ledger_transfer on conflict (id) do update set amount = 5",
    ],
)
def test_transfers_stay_as_they_were_written(connection: psycopg.Connection, words: str) -> None:
    pay(connection, [(STOCK, "reserve", 7)])
    before = connection.execute("select * from ledger_transfer order by id").fetchall()
    with pytest.raises(psycopg.errors.IntegrityError, match="only ever added"), connection.transaction():
        connection.execute(words)
    assert connection.execute("select * from ledger_transfer order by id").fetchall() == before


def test_an_account_cannot_be_set_beyond_its_bounds_by_hand(connection: psycopg.Connection) -> None:
    for words in ("used = -1", "used = capacity + 1", "capacity = used - 1"):
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            connection.execute(f"update ledger_account set {words} where kind = 'allowance'")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("update ledger_account set used = 999 where kind = 'allowance'", "allowance A/2026: used 999, transfers 1000"),
        ("update ledger_account set used = 5 where kind = 'stock'", "stock B1/3: used 5, transfers 0"),
        (
            "insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
            " select id, 'reserve', 3, 'declaration', 1, now() from ledger_account where kind = 'guarantee'",
            "guarantee G1: used 0, transfers 3",
        ),
    ],
    ids=["used lowered", "used raised", "transfer added"],
)
def test_the_audit_finds_what_was_tampered_with(connection: psycopg.Connection, words: str, told: str) -> None:
    connection.execute(words)
    assert audit(connection.cursor()) == [told]


# --- Many at once ------------------------------------------------------------------------------------------------

POSTERS, SETS = 4, 60


def test_whoever_posts_at_the_same_time_nothing_is_overspent(database: str) -> None:
    """Each poster takes and gives back at random; what the database let through is exactly what the accounts show."""
    connection = psycopg.connect(database, autocommit=True)
    open_all(connection)
    numbers = {key: number_of(connection, key) for key in OPENED}
    done: list[dict[tuple[str, str], int]] = []
    refused: list[int] = []
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        random = Random(seed)
        try:
            with psycopg.connect(database, autocommit=True) as own:
                for turn in range(SETS):
                    wanted = {
                        key: random.randint(-capacity // 8, capacity // 4) for key, (capacity, _) in OPENED.items()
                    }
                    moves = [
                        Move(numbers[key], "reserve" if amount >= 0 else "void", amount, turn)
                        for key, amount in random.sample(sorted(wanted.items()), 3)
                    ]
                    try:
                        with own.transaction(), own.cursor() as cursor:
                            post(cursor, moves, reference_kind="declaration", at=AT)
                        done.append(wanted)
                    except psycopg.errors.CheckViolation:
                        refused.append(turn)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(POSTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(done) + len(refused) == POSTERS * SETS
    assert len(done) > SETS // 4
    assert len(refused) > SETS // 4
    assert used(connection) == {
        key: before + sum(wanted[key] for wanted in done) for key, (_, before) in OPENED.items()
    }
    assert audit(connection.cursor()) == []
    connection.close()


def test_a_statement_is_read_through_the_summary_of_pages(connection: psycopg.Connection) -> None:
    """Not by reading every transfer there is: a plan that could do nothing else would be disabled here."""
    seen: list[str] = []

    class Explaining(psycopg.Cursor):
        def execute(self, query: str, values: Sequence[object]) -> Explaining:  # type: ignore[override]
            super().execute("explain " + query, values)
            seen.extend(row[0] for row in self.fetchall())
            return super().execute(query, values)

    number = number_of(connection, ALLOWANCE)
    connection.execute("set local enable_seqscan = off")
    connection.execute("set local enable_indexscan = off")
    assert len(statement(Explaining(connection), number)) == 1
    assert any("ledger_transfer_of_account" in line for line in seen), seen
