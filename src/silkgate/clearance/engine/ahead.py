"""Reading ahead: while one batch is decided, what the documents of the next one name is read in another thread.

Safe although a batch may change what was read: every key that a batch changes is in a cache from then on for at least
one more batch, and what was read ahead is used for keys only that are in no cache when their own batch begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple

import psycopg

from silkgate.clearance.domain import Key
from silkgate.clearance.engine import rows
from silkgate.clearance.engine.needs import Messages, Needs, accounts_of
from silkgate.clearance.engine.state import State
from silkgate.kernel.rows import texts
from silkgate.ledger import api as ledger

Row = Sequence[Any]

LISTED = frozenset((rows.PAYMENTS_OF_ORDERS, rows.DECLARATIONS_OF_WAYBILLS))
"""Queries whose rows end with the key that was asked for; those of the others begin with it."""


def ask(cursor: Any, query: str, keys: Sequence[Key]) -> list[Row]:
    """Rows for a set of keys of two texts."""
    cursor.execute(query, (texts([key[0] for key in keys]), texts([key[1] for key in keys])))
    return cursor.fetchall()


class Ahead(NamedTuple):
    """What was read: for each query the keys that were asked for, and the rows there were."""

    needs: Needs | None
    """Of the batch that it was read for."""
    found: Mapping[str, tuple[frozenset[Key], list[Row]]]
    accounts: frozenset[Key]
    standing: Mapping[Key, ledger.Balance]

    def rows(self, query: str, keys: Sequence[Key]) -> tuple[list[Row], Sequence[Key]]:
        """Rows for `keys`, and the keys that were not asked for."""
        if query not in self.found:
            return [], keys
        asked, read = self.found[query]
        if read:
            wanted = frozenset(keys)
            place = slice(-2, None) if query in LISTED else slice(2)
            read = [row for row in read if tuple(row[place]) in wanted]
        return read, [key for key in keys if key not in asked]

    def balances(self, keys: Sequence[Key]) -> tuple[dict[Key, ledger.Balance], Sequence[Key]]:
        """Balances of the accounts `keys`, and the keys that were not asked for."""
        if not self.accounts:
            return {}, keys
        standing = self.standing
        return (
            {key: standing[key] for key in keys if key in standing},
            [key for key in keys if key not in self.accounts],
        )


NOTHING_AHEAD = Ahead(None, {}, frozenset(), {})


class ReadingAhead:
    """Reads over a connection of its own."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(1, "engine-read")
        self._reading: Future[Ahead] | None = None

    def start(self, state: State, messages: Messages, day: date) -> None:
        """Begin to read for a batch. Brings what is known of its keys into the younger generation of the caches."""
        needs = Needs(messages)
        wanted = [
            (rows.CLAIMS, state.claims.missing(needs.claims)),
            (rows.PAYMENTS, state.payments.missing(needs.payments)),
            (rows.DECLARATIONS, state.declarations.missing(needs.orders)),
            (rows.DECLARATIONS_OF_WAYBILLS, state.declarations_of.missing(needs.waybills)),
            (rows.ORDERS, state.orders.missing(needs.orders)),
            (rows.PAYMENTS_OF_ORDERS, state.payments_of.missing(needs.orders)),
            (rows.WAYBILLS, state.waybills.missing(needs.waybills)),
            (rows.STATUSES, state.statuses.missing(needs.statuses)),
            (rows.WAREHOUSE_ENTRIES, state.entries.missing(needs.entries)),
            (rows.TRANSPORTS, state.transports.missing(needs.transports)),
        ]
        accounts = state.accounts.missing(accounts_of(needs.declarations, day))
        self._reading = self._thread.submit(self._read, needs, wanted, accounts)

    def take(self) -> Ahead:
        """What was read since `start`; nothing where that was not called. Raises what went wrong."""
        if self._reading is None:
            return NOTHING_AHEAD
        reading, self._reading = self._reading, None
        return reading.result()

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._connection.close()

    def _read(self, needs: Needs, wanted: Sequence[tuple[str, list[Key]]], accounts: list[Key]) -> Ahead:
        with self._connection.cursor() as cursor:
            found = {query: (frozenset(keys), ask(cursor, query, keys)) for query, keys in wanted if keys}
            return Ahead(needs, found, frozenset(accounts), ledger.balances(cursor, accounts))
