"""Where a replay reaches the present: the rows and balances that stand now beside those that it came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg

from silkgate.clearance.engine.persist import DECLARATION_COLUMNS, declaration_row
from silkgate.clearance.replay.comparing import Difference, differences
from silkgate.clearance.replay.recall import Recall

AT_ONCE = 2_000
COLUMNS = DECLARATION_COLUMNS.split(", ")
KEY = COLUMNS.index("ebp_code"), COLUMNS.index("order_no")
LAW_VERSION = COLUMNS.index("law_version")
"""Not compared: it names the files and the tariff as a whole, of which most decisions use little."""
MOMENTS = LAW_VERSION + 1
"""The columns after it are times, which rows for COPY have as text."""


NAMES = (*COLUMNS[1:LAW_VERSION], *COLUMNS[MOMENTS:])


def compare_end(connection: psycopg.Connection, recall: Recall) -> Iterator[Difference]:
    """Every declaration, and every account, that is not as the replay left it."""
    query = f"select {DECLARATION_COLUMNS} from clearance_declaration order by id"  # noqa: S608 - fixed columns
    count = 0
    for rows in _pieces(connection, "replay_declarations", query):
        count += len(rows)
        numbers = [row[0] for row in rows]
        currents = recall.current([(row[KEY[0]], row[KEY[1]]) for row in rows])
        replayed = [
            declaration_row(entry, entry is current)
            for entry, current in zip(recall.by_number(numbers), currents, strict=True)
            if entry is not None
        ]
        yield from differences(0, "declaration", _plain(rows), _plain(replayed), ("number",), NAMES)
        recall.state.rotate()
    if count != recall.state.stored:
        yield Difference(0, "declaration", "count", str(count), str(recall.state.stored))
    for rows in _pieces(connection, "replay_accounts", "select kind, key, used from ledger_account order by id"):
        used = recall.used([(row[0], row[1]) for row in rows])
        replayed = [(row[0], row[1], amount) for row, amount in zip(rows, used, strict=True)]
        yield from differences(0, "balance", rows, replayed, ("kind", "key"), ("used",))
        recall.state.rotate()


def _plain(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return [(*row[:LAW_VERSION], *map(_moment, row[MOMENTS:])) for row in rows]


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _pieces(connection: psycopg.Connection, name: str, query: str) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor(name) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(query, binary=True)
        rows = iter(cursor)
        while piece := list(islice(rows, AT_ONCE)):
            yield piece
