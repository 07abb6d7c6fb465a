"""An item record is entered once, together with the stock account that counts it."""

from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction

from silkgate.bonded import api as bonded
from silkgate.kernel.clock import CHINA
from silkgate.ledger import api as ledger

AT = datetime(2026, 6, 18, 10, tzinfo=CHINA)
RECORD = bonded.BookRecord("T4612W000101", "R001", "4101461W01", "3304990029", "011")


@pytest.fixture
def cursor(database: str):
    with connection.cursor() as opened:
        yield opened


def test_a_record_and_its_stock_are_there_together(cursor) -> None:
    assert bonded.enter_records(cursor, [(RECORD, 50_000_000), (RECORD._replace(item_record_no="R002"), 0)], at=AT) == 2
    key = ("T4612W000101", "R001")
    assert bonded.records(cursor, [key, ("T4612W000101", "R009")]) == {key: RECORD}
    balance = ledger.balances(cursor, [("stock", RECORD.account_key)])[("stock", "T4612W000101/R001")]
    assert (balance.capacity, balance.used) == (50_000_000, 0)


def test_entering_a_record_twice_changes_nothing(cursor) -> None:
    bonded.enter_records(cursor, [(RECORD, 100_000)], at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        bonded.enter_records(cursor, [(RECORD, 900_000)], at=AT)
    assert [balance.capacity for balance in ledger.all_balances(cursor)] == [100_000]
