"""Events of cases that the organisation concerned may be told of. What people wrote stays in the case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from silkgate.journal.api import Member, Subject, event_type, subjects
from silkgate.kernel.text import Text

_WORD = {"type": "string"}
_WORKFLOW = Member("workflow", _WORD, Text("事项", "what kind of case"))
_STATE = Member("state", _WORD, Text("状态", "its state"))
_TO = Member("state", _WORD, Text("状态", "its state"), lambda detail: detail.get("to"))
_MOVE = Member("move", _WORD, Text("动作", "what was done"))
_DUE = Member("due_on", {"type": "string", "format": "date"}, Text("期限", "the deadline"))

event_type("case.opened", Text("立案", "case opened"), Text("提交了一件事项", "a case is opened"),
           subject="case", members=(_WORKFLOW, _TO))  # fmt: skip
event_type("case.moved", Text("办理", "case moved"), Text("事项进入下一状态", "a case enters another state"),
           subject="case", members=(_WORKFLOW, _MOVE, _TO))  # fmt: skip
event_type("case.evidence_added", Text("补充材料", "file added"), Text("事项收到一份材料", "a file is added to a case"),
           subject="case")  # fmt: skip
event_type("case.due_soon", Text("即将到期", "due soon"), Text("期限临近", "a deadline comes near"),
           subject="case", members=(_WORKFLOW, _STATE, _DUE))  # fmt: skip
event_type("case.overdue", Text("逾期", "overdue"), Text("期限已过", "a deadline has passed"),
           subject="case", members=(_WORKFLOW, _STATE, _DUE))  # fmt: skip


def _cases(cursor: Any, numbers: Sequence[int]) -> dict[int, Subject]:
    cursor.execute("select id, organisation_code from casework_case where id = any(%s)", (list(numbers),))
    return {number: Subject((code,), f"/api/v1/cases/{number}") for number, code in cursor.fetchall() if code}


subjects("case", _cases)
