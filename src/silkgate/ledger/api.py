"""The door of the ledger: open accounts, move what is used of them, read and audit them.

Guarantees, held by the database: `0 <= used <= capacity` at all times; transfers are only ever added; an account's
`used` is the sum of its transfers (`audit` recomputes it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from silkgate.kernel.rows import TEXTS, copy_rows, numbers, texts


class Balance(NamedTuple):
    """An account and what is used of it, in its smallest unit."""

    id: int
    kind: str
    key: str
    capacity: int
    used: int


class NewAccount(NamedTuple):
    """An account to open; `used` was used before (an opening transfer says so)."""

    id: int
    kind: str
    key: str
    capacity: int
    used: int = 0


class Move(NamedTuple):
    """A change of `used`: reserve (≥ 0) or void (≤ 0), for the subject `reference`."""

    account_id: int
    kind: str
    amount: int
    reference_id: int


class OverspentError(Exception):
    """The database refused a change that would have overspent an account or taken it below zero."""


def allot_ids(cursor: Any, count: int) -> list[int]:
    """Numbers for accounts that are about to be opened."""
    cursor.execute("select nextval('ledger_account_id_seq') from generate_series(1, %s)", (count,))
    return [row[0] for row in cursor.fetchall()]


def open_accounts(cursor: Any, accounts: Sequence[NewAccount], *, at: datetime) -> None:
    """Open accounts inside the caller's transaction, with opening transfers for what was used before."""
    copy_rows(cursor, "ledger_account (id, kind, key, capacity, used)", accounts)
    opening = [(account.id, "open", account.used, "account", account.id, at) for account in accounts if account.used]
    copy_rows(cursor, "ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)", opening)


def post(
    cursor: Any,
    moves: Sequence[Move | tuple[int, str, int, int]],
    *,
    reference_kind: str,
    at: datetime,
    opened: Sequence[NewAccount] = (),
) -> None:
    """Apply moves inside the caller's transaction: all of them or, with an error of the database, none.

    Accounts are locked once each, in the order of their numbers. `opened` are accounts that do not exist yet, with
    nothing used before: they are written once, with what these moves use of them.
    """
    stamp = at.isoformat()
    deltas: dict[int, int] = {}
    for account_id, _, amount, _ in moves:
        deltas[account_id] = deltas.get(account_id, 0) + amount
    copy_rows(
        cursor,
        "ledger_account (id, kind, key, capacity, used)",
        [(new.id, new.kind, new.key, new.capacity, deltas.pop(new.id, 0)) for new in opened],
    )
    ids = sorted(account_id for account_id, delta in deltas.items() if delta)
    if ids:
        cursor.execute(
            "update ledger_account a set used = a.used + d.delta"
            " from unnest(%s::bigint[], %s::bigint[]) as d(id, delta) where a.id = d.id",
            (numbers(ids), numbers([deltas[account_id] for account_id in ids])),
        )
        if cursor.rowcount != len(ids):
            raise OverspentError(f"{len(ids)} accounts to change, {cursor.rowcount} found")
    copy_rows(
        cursor,
        "ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)",
        [(account_id, kind, amount, reference_kind, number, stamp) for account_id, kind, amount, number in moves],
    )


def raise_capacities(cursor: Any, capacities: Mapping[int, int]) -> None:
    """Set higher capacities, as when the law raises a limit within the year."""
    for account_id, capacity in sorted(capacities.items()):
        cursor.execute(
            "update ledger_account set capacity = greatest(capacity, %s) where id = %s", (capacity, account_id)
        )


def balances(cursor: Any, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Balance]:
    """Accounts by (kind, key); those that do not exist are absent."""
    wanted = list(keys)
    if not wanted:
        return {}
    cursor.execute(
        f"select a.id, a.kind, a.key, a.capacity, a.used from unnest({TEXTS}, {TEXTS}) as k(kind, key)"  # noqa: S608
        " join ledger_account a on a.kind = k.kind and a.key = k.key",
        (texts([kind for kind, _ in wanted]), texts([key for _, key in wanted])),
    )
    return {(row[1], row[2]): Balance(*row) for row in cursor.fetchall()}


def all_balances(cursor: Any) -> list[Balance]:
    """Every account, by kind and key."""
    cursor.execute("select id, kind, key, capacity, used from ledger_account order by kind, key")
    return [Balance(*row) for row in cursor.fetchall()]


def statement(cursor: Any, account_id: int) -> list[tuple[datetime, str, int, str, int]]:
    """Transfers of an account, oldest first: at, kind, amount, reference kind, reference."""
    cursor.execute(
        # The summary of pages is for bigint only: without the cast every transfer would be read.
        "select at, kind, amount, reference_kind, reference_id from ledger_transfer where account_id = %s::bigint"
        " order by id",
        (account_id,),
    )
    return list(cursor.fetchall())


def audit(cursor: Any) -> list[str]:
    """Recompute every account from its transfers; what does not add up, a line each. Empty: all is well."""
    cursor.execute(
        "select a.kind, a.key, a.used, coalesce(t.total, 0) from ledger_account a"
        " left join (select account_id, sum(amount) as total from ledger_transfer group by account_id) t"
        " on t.account_id = a.id where a.used <> coalesce(t.total, 0) or a.used < 0 or a.used > a.capacity"
    )
    return [f"{kind} {key}: used {used}, transfers {total}" for kind, key, used, total in cursor.fetchall()]
