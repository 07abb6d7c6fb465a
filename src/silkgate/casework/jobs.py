"""What is done without being asked: deadlines that come near or have passed are told once each."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, NamedTuple

from silkgate.casework.calendar import calendar
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day

NEAR_WORKING_DAYS = 3
"""So many working days before it ends, a deadline is near."""
_AT_ONCE = 5_000


class Reminded(NamedTuple):
    """Cases about which something was told now."""

    near: tuple[int, ...]
    late: tuple[int, ...]


def remind(cursor: Any, at: datetime) -> Reminded:
    """Tell in the journal of deadlines that are near (`case.due_soon`) and passed (`case.overdue`), once each.

    At most 5,000 of each at a call, oldest first; inside the caller's transaction. Two callers at once share the cases.
    """
    today = china_day(at)
    soon = calendar().working_day_after(today, NEAR_WORKING_DAYS)
    return Reminded(
        near=_tell(cursor, at, "near_told_on", "case.due_soon", "due_on >= %s and due_on <= %s", [today, soon]),
        late=_tell(cursor, at, "late_told_on", "case.overdue", "due_on < %s", [today]),
    )


def _tell(cursor: Any, at: datetime, column: str, kind: str, when: str, values: list[object]) -> tuple[int, ...]:
    cursor.execute(
        f"update casework_case set {column} = due_on where id in ("  # noqa: S608 - fixed texts
        f"select id from casework_case where closed_at is null and {when} and {column} is distinct from due_on"
        " order by due_on, id limit %s for update skip locked) returning id, workflow, state, due_on",
        [*values, _AT_ONCE],
    )
    told = cursor.fetchall()
    rows = [
        (at, None, "casework", kind, "case", number, "", _detail(workflow, state, due_on))
        for number, workflow, state, due_on in sorted(told)
    ]
    if rows:
        journal.append(cursor, rows)
    return tuple(sorted(number for number, *_ in told))


def _detail(workflow: str, state: str, due_on: date) -> str:
    return json.dumps({"workflow": workflow, "state": state, "due_on": due_on.isoformat()}, ensure_ascii=False)
