"""A person's allowance of a year and every use of it, from the ledger and the declarations behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection

from silkgate.clearance.domain import DETAINED, HELD
from silkgate.clearance.evidence import Evidence, documents_in
from silkgate.clearance.models import Declaration
from silkgate.exchange import api as exchange
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.tariff.api import Value, parameter
from silkgate.ui.formats import yuan
from silkgate.ui.shapes import Balance

_NOT_YET_RELEASED = frozenset((*HELD, *DETAINED))


class Allowance(NamedTuple):
    """A year's allowance of one person; money in cents."""

    year: int
    annual: Value
    single: Value
    balance: Balance
    carried_cents: int
    """Used before this platform kept the account."""
    uses: int
    """How many declarations took something of it."""


class Use(NamedTuple):
    """One declaration that took something of the allowance."""

    number: int
    invt_no: str
    order_no: str
    at: datetime
    platform: str
    merchant: str
    goods: tuple[str, ...]
    state: str
    taken_cents: int
    returned_cents: int

    @property
    def counted_cents(self) -> int:
        """What counts against the limit."""
        return self.taken_cents - self.returned_cents


class UsesPage(NamedTuple):
    """One page of uses, newest first; `older` continues it (None: nothing older)."""

    lines: tuple[Use, ...]
    older: int | None


class Taken(NamedTuple):
    """What the ledger says of one declaration."""

    at: datetime
    taken_cents: int
    returned_cents: int


class Statement(NamedTuple):
    """A person's account of a year, folded by declaration."""

    year: int
    used_cents: int
    carried_cents: int
    """Used before this platform kept the account."""
    taken: dict[int, Taken]
    """By number of the declaration."""


def statement(id_number: str, year: int) -> Statement:
    """The account of a year. A person's year is short: the limit sees to that."""
    key = ("allowance", f"{id_number}/{year}")
    with connection.cursor() as cursor:
        account = ledger.balances(cursor, [key]).get(key)
        entries = ledger.statement(cursor, account.id) if account else []
    carried = 0
    first: dict[int, datetime] = {}
    taken: defaultdict[int, int] = defaultdict(int)
    returned: defaultdict[int, int] = defaultdict(int)
    for at, kind, amount, reference_kind, number in entries:
        if reference_kind != "declaration":
            carried += amount
        elif kind == "reserve":
            first.setdefault(number, at)
            taken[number] += amount
        else:
            returned[number] -= amount
    folded = {number: Taken(at, taken[number], returned[number]) for number, at in first.items()}
    return Statement(year, account.used if account else 0, carried, folded)


def allowance(stated: Statement, day: date) -> Allowance:
    """The allowance of a year under the law of `day`, which lies in it. Raises NotInForceError before 2016-04-08."""
    annual, single = (parameter(f"retail_import.{name}", day) for name in ("annual_limit", "single_limit"))
    states = dict(Declaration.objects.filter(id__in=stated.taken).values_list("id", "state"))
    reserved = sum(
        entry.taken_cents - entry.returned_cents
        for number, entry in stated.taken.items()
        if states.get(number) in _NOT_YET_RELEASED
    )
    whole = int(Decimal(str(annual.value)) * 100)
    used, free = stated.used_cents - reserved, max(whole - stated.used_cents, 0)
    name = Text(f"{stated.year}年个人年度限值", f"Personal yearly limit, {stated.year}")
    balance = Balance(name, used, reserved, free, yuan(used), yuan(reserved), yuan(free))
    return Allowance(stated.year, annual, single, balance, stated.carried_cents, len(stated.taken))


def uses(stated: Statement, *, before: int | None = None, limit: int = 10) -> UsesPage:
    """Uses of a year, newest declaration first, below number `before` (None: from the newest)."""
    taken = stated.taken
    numbers = sorted((number for number in taken if before is None or number < before), reverse=True)
    return UsesPage(_told(taken, numbers[:limit]), numbers[limit - 1] if len(numbers) > limit else None)


def use(stated: Statement, number: int) -> Use | None:
    """One use of the year; None where the declaration took nothing of this person's allowance."""
    return next(iter(_told(stated.taken, [number])), None) if number in stated.taken else None


def _told(taken: dict[int, Taken], numbers: Iterable[int]) -> tuple[Use, ...]:
    rows = Declaration.objects.in_bulk(list(numbers))
    read: dict[int, tuple[Evidence, ...]] = {}
    told = []
    with exchange.connect() as inbox:
        for number in numbers:
            row, entry = rows[number], taken[number]
            if row.message_id not in read:
                raw = exchange.received_bytes(inbox, row.message_id)
                read[row.message_id] = documents_in(raw, row.message_id) if raw else ()
            documents = read[row.message_id]
            declared = documents[row.position] if documents else None
            head = declared.head if declared else {}
            told.append(
                Use(
                    number,
                    row.invt_no or "",
                    row.order_no,
                    entry.at,
                    head.get("ebpName") or row.ebp_code,
                    head.get("ebcName") or row.ebc_code,
                    tuple(line.get("gname", "") for line in declared.lines) if declared else (),
                    row.state,
                    entry.taken_cents,
                    entry.returned_cents,
                )
            )
    return tuple(told)
