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
        self._answers: dict[str, Callable[[Key], Iterable[Sequence[Any]]]] = {
            rows.CLAIMS: self._claim,
            rows.PAYMENTS_OF_ORDERS: self._payments_of,
            rows.DECLARATIONS: self._current,
            rows.DECLARATIONS_OF_WAYBILLS: self._of_waybill,
            **{
                query: self._document_of(name)
                for query, name in (
                    (rows.ORDERS, "orders"),
                    (rows.PAYMENTS, "payments"),
                    (rows.WAYBILLS, "waybills"),
                    (rows.STATUSES, "statuses"),
                    (rows.WAREHOUSE_ENTRIES, "entries"),
                )
            },
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
        if self.state.spill.empty:
            return ()
        answer = self._answers[query]
        return [row for key in keys for row in answer(key)]

    def _look_up(self, cursor: Any, query: str, numbers: Sequence[Any]) -> Iterable[Sequence[Any]]:
        if query == rows.DECLARATIONS_BY_INVT_NO:
            numbers = [kept for number in numbers if (kept := self.state.kept("by_invt_no", number)) is not None]
        return [row for number in numbers for row in self._row(number)]

    def _balances(self, cursor: Any, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ledger.Balance]:
        found = {}
        for key in keys:
            if (kept := self.state.kept("accounts", key)) is not None:
                found[key] = ledger.Balance(kept[0], *key, kept[1], kept[2])
            elif (opening := self._opening.get(key)) is not None:
                found[key] = ledger.Balance(next(self._account_ids), *key, *opening)
        return found

    def _allot_ids(self, cursor: Any, count: int) -> Sequence[int]:
        return list(islice(self._account_ids, count))

    # -- rows as the tables would give them ----------------------------------------------------------------------------

    def _document_of(self, name: str) -> Callable[[Key], Iterable[Sequence[Any]]]:
        def answer(key: Key) -> Iterable[Sequence[Any]]:
            kept = self.state.kept(name, key)
            return [] if kept is None else [(*key, *kept)]

        return answer

    def _claim(self, key: Key) -> Iterable[Sequence[Any]]:
        kept = self.state.kept("claims", key)
        return [] if kept is None else [(*key, *kept)]

    def _payments_of(self, key: Key) -> Iterable[Sequence[Any]]:
        return self.state.kept("payments_of", key) or ()

    def _current(self, key: Key) -> Iterable[Sequence[Any]]:
        kept = self.state.kept("declarations", key)
        return [] if kept is None else self._row(kept)

    def _of_waybill(self, key: Key) -> Iterable[Sequence[Any]]:
        return [row for number in self.state.kept("declarations_of", key) or () for row in self._row(number)]

    def _row(self, number: int) -> Iterable[Sequence[Any]]:
        """The row of a declaration that left memory. One that is still in some cache is taken from there."""
        row = self.state.kept("declaration", str(number))
        return [] if row is None else [_as_asked(row)]


def _as_asked(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row of `DECLARATION_COLUMNS` in the order in which the engine's reads give it."""
    *values, stored_at, decided_at, released_at, logistics_code, logistics_no = _IN_ORDER(row)
    moments = [moment and datetime.fromisoformat(moment) for moment in (stored_at, decided_at, released_at)]
    return *values, *moments, logistics_code, logistics_no
