"""What the engine asks before a batch, answered from the replay's own past instead of the tables of today.

The tables say how things ended, not how they stood. Only what batches do not change is read from them: what accounts
were opened with, account books, received documents where they lie, and with a changed law the numbers given then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import count, islice
from operator import itemgetter
from typing import Any

import psycopg

from silkgate.clearance.domain import DeclarationEntry, Key
from silkgate.clearance.engine import rows
from silkgate.clearance.engine.persist import DECLARATION_COLUMNS
from silkgate.clearance.engine.prefetch import Prefetch
from silkgate.clearance.replay.past import PastState
from silkgate.ledger import api as ledger

_OPENING = (
    "select kind, key, capacity, 0 from ledger_account where kind in ('stock', 'guarantee')"
    " union all select a.kind, a.key, a.capacity, t.amount from ledger_transfer t"
    " join ledger_account a on a.id = t.account_id where t.kind = 'open'"
)

_COLUMNS = DECLARATION_COLUMNS.split(", ")
_IN_ORDER = itemgetter(*[_COLUMNS.index(name.strip().removeprefix("d.")) for name in rows.DECLARATION.split(",")])


class Recall(Prefetch):
    """A prefetch that knows nothing of what came later. Reads over one connection, which may be read-only."""

    state: PastState

    def __init__(self, connection: psycopg.Connection, state: PastState) -> None:
        super().__init__(connection, state)
        self._account_ids = count(1)
        self._opening: dict[tuple[str, str], tuple[int, int]] = {}
        """Capacity and what was used at the opening, of the accounts that were not opened by a batch."""
        for kind, key, capacity, used in connection.execute(_OPENING):
            before = self._opening.get((kind, key), (0, 0))
            self._opening[(kind, key)] = (capacity, before[1] + used)
        self._answers: dict[str, Callable[[Sequence[Any]], Iterable[Sequence[Any]]]] = {
            rows.CLAIMS: self._keyed_rows("claims"),
            rows.ORDERS: self._keyed_rows("orders"),
            rows.PAYMENTS: self._keyed_rows("payments"),
            rows.WAYBILLS: self._keyed_rows("waybills"),
            rows.STATUSES: self._keyed_rows("statuses"),
            rows.WAREHOUSE_ENTRIES: self._keyed_rows("entries"),
            rows.TRANSPORTS: self._keyed_rows("transports"),
            rows.PAYMENTS_OF_ORDERS: self._payments_of,
            rows.DECLARATIONS: lambda keys: self._rows(
                [number for _, number in state.left["declarations"].found(keys)]
            ),
            rows.DECLARATIONS_OF_WAYBILLS: self._of_waybills,
            rows.DECLARATIONS_BY_INVT_NO: lambda numbers: self._rows(
                [number for _, number in state.left["by_invt_no"].found(numbers)]
            ),
            rows.DECLARATIONS_BY_ID: self._rows,
        }

    def current(self, keys: Sequence[Key]) -> list[DeclarationEntry | None]:
        """The declarations that are the last word of their keys, as they stand now in the replay."""
        with self.connection.cursor() as cursor:
            self._keyed(cursor, self.state.declarations, keys, rows.DECLARATIONS, self._declaration)
        return [self.state.declarations.now[key] for key in keys]

    def used(self, key: tuple[str, str]) -> int:
        """What is used of an account now; 0 where the replay knows of none. No cache is touched."""
        cache = self.state.accounts
        account = cache.now.get(key) or cache.before.get(key)
        if account is None and (balance := self._balances(None, [key]).get(key)) is not None:
            return balance.used
        return account.used if account else 0

    # -- what the engine asks ------------------------------------------------------------------------------------------

    def _ask(self, cursor: Any, query: str, keys: Sequence[Key]) -> Iterable[Sequence[Any]]:
        return self._answers[query](keys)

    def _look_up(self, cursor: Any, query: str, numbers: Sequence[Any]) -> Iterable[Sequence[Any]]:
        return self._answers[query](numbers)

    def _balances(self, cursor: Any, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ledger.Balance]:
        kept = dict(self.state.left["accounts"].found(keys))
        found = {}
        for key in keys:
            if key in kept:
                account_id, capacity, used = kept[key]
                found[key] = ledger.Balance(account_id, *key, capacity, used)
            elif key in self._opening:
                found[key] = ledger.Balance(next(self._account_ids), *key, *self._opening[key])
        return found

    def _allot_ids(self, cursor: Any, count: int) -> Sequence[int]:
        return list(islice(self._account_ids, count))

    # -- rows as the tables would give them ----------------------------------------------------------------------------

    def _keyed_rows(self, name: str) -> Callable[[Sequence[Any]], Iterable[Sequence[Any]]]:
        left = self.state.left[name]
        return lambda keys: [(*key, *kept) for key, kept in left.found(keys)]

    def _payments_of(self, keys: Sequence[Key]) -> Iterable[Sequence[Any]]:
        return [row for _, kept in self.state.left["payments_of"].found(keys) for row in kept]

    def _of_waybills(self, keys: Sequence[Key]) -> Iterable[Sequence[Any]]:
        return self._rows([number for _, kept in self.state.left["declarations_of"].found(keys) for number in kept])

    def _rows(self, numbers: Sequence[int]) -> Iterable[Sequence[Any]]:
        """Rows of declarations that left memory. One that is still in some cache is taken from there all the same."""
        return [_as_asked(row) for _, row in self.state.rows_left.found(numbers)]


def _as_asked(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row of `DECLARATION_COLUMNS` in the order in which the engine's reads give it."""
    *values, stored_at, decided_at, released_at, kind, logistics_code, logistics_no = _IN_ORDER(row)
    moments = [moment and datetime.fromisoformat(moment) for moment in (stored_at, decided_at, released_at)]
    return *values, *moments, kind, logistics_code, logistics_no
