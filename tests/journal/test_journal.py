"""The journal: what was decided stays as it was written, whoever tries; revisions tell that copies are old."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from silkgate.journal.api import Event, append, bump, of_subject, record, revisions
from silkgate.site.scratch import private_database

AT = datetime(2026, 6, 18, 10, tzinfo=UTC)
DETAIL = {"findings": [["match.amount", "amountPaid", "1", "2"]], "words": '制表\t换行\n反斜线\\ 引号" \\N \x7f'}


@pytest.fixture(scope="module")
def shared(database_server: str) -> Iterator[psycopg.Connection]:
    """A connection to an empty journal, for tests that leave it empty."""
    with private_database(database_server) as url, psycopg.connect(url, autocommit=True) as opened:
        yield opened


@pytest.fixture
def connection(shared: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A journal with three events, written in both ways, inside a transaction that is taken back."""
    with shared.transaction(force_rollback=True):
        with shared.cursor() as cursor:
            rows = [
                (AT, 7, "engine", kind, "declaration", number, "law1", json.dumps(DETAIL, ensure_ascii=False))
                for number, kind in ((1, "declaration.selected"), (2, "declaration.released"))
            ]
            append(cursor, rows)
            record(cursor, at=AT, actor="guan", kind="declaration.released", subject=("declaration", 1), detail=DETAIL)
        yield shared


def test_events_come_back_as_they_were_written_oldest_first(connection: psycopg.Connection) -> None:
    found = of_subject(connection.cursor(), "declaration", 1)
    assert [event._replace(id=0) for event in found] == [
        Event(0, AT, 7, "engine", "declaration.selected", "declaration", 1, "law1", DETAIL),
        Event(0, AT, None, "guan", "declaration.released", "declaration", 1, "", DETAIL),
    ]
    assert of_subject(connection.cursor(), "message", 1) == []


@pytest.mark.parametrize(
    "words",
    [
        "update journal_event set actor = 'nobody'",
        "update journal_event set actor = 'nobody' where false",
        "delete from journal_event where id = 1",
        "truncate journal_event",
        "truncate journal_event restart identity cascade",
    ],
)
def test_no_statement_changes_what_was_recorded(connection: psycopg.Connection, words: str) -> None:
    before = connection.execute("select * from journal_event order by id").fetchall()
    with pytest.raises(psycopg.errors.IntegrityError, match="only ever added"), connection.transaction():
        connection.execute(words)
    assert connection.execute("select * from journal_event order by id").fetchall() == before


def test_events_come_and_go_with_the_transaction_that_caused_them(connection: psycopg.Connection) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        record(cursor, at=AT, actor="guan", kind="zone.loaded", subject=("zone", 1), detail={})
        raise psycopg.Rollback
    assert of_subject(connection.cursor(), "zone", 1) == []


def test_a_revision_counts_changes_by_topic(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        before = revisions(cursor)
        for topic in ("a.one", "a.one", "a.two"):
            bump(cursor, topic)
        assert revisions(cursor) == {**before, "a.one": 2, "a.two": 1}
