"""Running the engine in tests: a folder through intake in segments of any size, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psycopg
from django.db import connection as django_connection
from lxml import etree

from oracles.output import Outcome
from silkgate.clearance import cases
from silkgate.clearance.api import load_zone
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.ledger import api as ledger
from silkgate.tariff import api as tariff

CASES = Path(__file__).parents[1] / "cases" / "clearing"
OFFICIAL = Path(__file__).parents[1] / "specimens" / "ceb" / "xsd"
EXPORT_RECEIPTS = frozenset(("304", "404", "506", "508", "510", "604", "606", "608", "214", "216"))
SELECTION_KEY = bytes(32)

Connect = Callable[[], psycopg.Connection]


def case_folders() -> list[Path]:
    """Every example case, of imports and exports."""
    return sorted(path for path in CASES.iterdir() if path.is_dir())


def connector(url: str) -> Connect:
    """What opens connections to the database at `url`, as the engine wants it."""
    return lambda: psycopg.connect(url)


class Inbox(NamedTuple):
    """What was taken in: the clock of the case, its files, and the number of each message."""

    as_of: datetime
    files: list[Path]
    numbers: list[int]


def take_in(case: Path, connect: Connect, per_segment: Sequence[int] = (200,)) -> Inbox:
    """Load a case's zone and take its inbox in, in segments of these sizes, over and over."""
    folder = load_zone(case, selection_key=SELECTION_KEY)
    with django_connection.cursor() as cursor:
        filed = identity.certificates(cursor)
    limit = tariff.law_of(folder.as_of.date(), policy=folder.policy).max_message_bytes
    files = sorted((case / "inbox").glob("*.xml"), key=lambda file: file.name)
    numbers: list[int] = []
    with connect() as connection:
        connection.autocommit = True
        for piece in pieces(files, per_segment):
            received = [
                exchange.examine(file.read_bytes(), lambda code: filed.get(code, ()), max_message_bytes=limit)
                for file in piece
            ]
            numbers.extend(exchange.store(connection, received, folder.as_of))
    return Inbox(folder.as_of, files, numbers)


def pieces(files: Sequence[Path], sizes: Sequence[int]) -> Iterator[list[Path]]:
    """`files` in pieces of `sizes`, which start again when they are used up."""
    rest, turn = iter(files), 0
    while piece := list(islice(rest, sizes[turn % len(sizes)])):
        yield piece
        turn += 1


class Record(NamedTuple):
    """Everything that a run left, as far as anybody outside can see it."""

    outcome: Outcome
    receipts: list[tuple[int, int, str, bytes]]
    """Number, message, kind, bytes."""


def record(connect: Connect, inbox: Inbox) -> Record:
    """Read what a run left; the books must add up."""
    with connect() as connection:
        outcome = Outcome(
            cases._declarations(connection),
            cases._balances(connection),
            cases._messages(connection, inbox.files, inbox.numbers),
        )
        receipts = [(r.id, r.message_id, r.kind, r.body) for r in exchange.all_receipts(connection, 0)]
        assert ledger.audit(connection.cursor()) == []
    return Record(outcome, receipts)


def official_schema(trade: str = "import") -> etree.XMLSchema:
    """The official schema of the messages of import or export."""
    return etree.XMLSchema(file=str(OFFICIAL / f"{trade}-202205.xsd"))


def trade_of(receipt: etree._ElementTree) -> str:
    """Which of the official schemas defines a receipt."""
    return "export" if etree.QName(receipt.getroot()).localname[3:6] in EXPORT_RECEIPTS else "import"
