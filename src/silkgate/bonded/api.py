"""The door of bonded supervision: account books and what their item records stand for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from silkgate.journal import api as journal
from silkgate.ledger import api as ledger

if TYPE_CHECKING:
    from silkgate.bonded.storage.workflows import Raised

TOPIC = "bonded.books"


class BookRecord(NamedTuple):
    """One item record of an account book."""

    ems_no: str
    item_record_no: str
    area_code: str
    gcode: str
    unit: str

    @property
    def account_key(self) -> str:
        """Key of the stock account that counts it."""
        return f"{self.ems_no}/{self.item_record_no}"


def enter_records(cursor: Any, records: Iterable[tuple[BookRecord, int]], *, at: datetime) -> int:
    """Enter item records with their quantity (0.00001 of the unit). Raises IntegrityError for one that exists."""
    accounts = []
    entered = list(records)
    ids = ledger.allot_ids(cursor, len(entered)) if entered else []
    for account_id, (record, qty_e5) in zip(ids, entered, strict=True):
        cursor.execute(
            "insert into bonded_bookrecord (ems_no, item_record_no, area_code, gcode, unit)"
            " values (%s, %s, %s, %s, %s)",
            (record.ems_no, record.item_record_no, record.area_code, record.gcode, record.unit),
        )
        accounts.append(ledger.NewAccount(account_id, "stock", record.account_key, qty_e5))
    ledger.open_accounts(cursor, accounts, at=at)
    journal.bump(cursor, TOPIC)
    return len(entered)


def records(cursor: Any, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], BookRecord]:
    """Item records by (ems_no, item_record_no); those that do not exist are absent."""
    wanted = list(keys)
    if not wanted:
        return {}
    cursor.execute(
        "select b.ems_no, b.item_record_no, b.area_code, b.gcode, b.unit from unnest(%s::text[], %s::text[])"
        " as k(ems_no, item_record_no) join bonded_bookrecord b using (ems_no, item_record_no)",
        ([ems_no for ems_no, _ in wanted], [item for _, item in wanted]),
    )
    return {(row[0], row[1]): BookRecord(*row) for row in cursor.fetchall()}


def records_of(cursor: Any, area_code: str, *, after: int = 0, limit: int = 50) -> list[tuple[int, BookRecord]]:
    """Item records of the books that a warehouse keeps, with their numbers, above number `after`."""
    cursor.execute(
        "select id, ems_no, item_record_no, area_code, gcode, unit from bonded_bookrecord"
        " where area_code = %s and id > %s order by id limit %s",
        (area_code, after, limit),
    )
    return [(row[0], BookRecord(*row[1:])) for row in cursor.fetchall()]


def raise_storage_cases(at: datetime) -> Raised:
    """Open a case, once, for each month of a storage book that was not declared in time at `at`, and for each lot that
    stays too long; the numbers of the cases. Over Django's connection: whoever has none does not load what this needs.
    """
    from silkgate.bonded.storage import workflows

    return workflows.raise_cases(at)
