"""Where a replay reaches the present: the rows and balances that stand now beside those that it came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg

from silkgate.clearance.engine.persist import DECLARATION_COLUMNS
from silkgate.clearance.replay.comparing import Difference, differences
from silkgate.clearance.replay.past import PastState
from silkgate.clearance.replay.recall import Recall

AT_ONCE = 2_000
COLUMNS = DECLARATION_COLUMNS.split(", ")
KEY = slice(COLUMNS.index("ebp_code"), COLUMNS.index("order_no") + 1)
CURRENT = COLUMNS.index("current")
LAW_VERSION = COLUMNS.index("law_version")
"""Not compared: it names the files and the tariff as a whole, of which most decisions use little."""
MOMENTS = LAW_VERSION + 1
"""The columns after it are times, which rows for COPY have as text."""
NAMES = (*COLUMNS[1:LAW_VERSION], *COLUMNS[MOMENTS:])


def compare_end(connection: psycopg.Connection, recall: Recall) -> Iterator[Difference]:
    """Every declaration, and every account, that is not as the replay left it."""
    state = recall.state
    count = 0
    query = f"select {DECLARATION_COLUMNS} from clearance_declaration order by id"  # noqa: S608 - fixed columns
    for rows in _pieces(connection, "replay_declarations", query):
        count += len(rows)
        recorded = [(*row[:LAW_VERSION], *row[MOMENTS:]) for row in rows]
        replayed = [_now(row, state) for number in rows if (row := state.row(number[0])) is not None]
        yield from differences(0, "declaration", recorded, replayed, ("number",), NAMES)
    if count != state.stored:
        yield Difference(0, "declaration", "count", str(count), str(state.stored))
    for rows in _pieces(connection, "replay_accounts", "select kind, key, used from ledger_account order by id"):
        balances = [(kind, key, recall.used((kind, key))) for kind, key, _ in rows]
        yield from differences(0, "balance", rows, balances, ("kind", "key"), ("used",))


def _now(row: Sequence[Any], state: PastState) -> tuple[Any, ...]:
    """A row of the replay as the table would have it, but for the law's version."""
    ebp_code, order_no = row[KEY]
    current = state.current((ebp_code, order_no)) == row[0]
    moments = [moment and datetime.fromisoformat(moment) for moment in row[MOMENTS:]]
    return (*row[:CURRENT], current, *row[CURRENT + 1 : LAW_VERSION], *moments)


def _pieces(connection: psycopg.Connection, name: str, query: str) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor(name) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(query, binary=True)
        rows = iter(cursor)
        while piece := list(islice(rows, AT_ONCE)):
            yield piece
