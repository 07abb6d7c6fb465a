"""What officers do with held declarations. An instruction is an input of the engine; CEB622 follows from there."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from silkgate.clearance.domain import DETAINED, HELD, RELEASED, SENT_BACK
from silkgate.clearance.engine.run import INSTRUCTION_CHANNEL
from silkgate.kernel.text import Text

RELEASE, DETAIN, SEND_BACK = "release", "detain", "send_back"
STATES = {RELEASE: (RELEASED,), DETAIN: DETAINED, SEND_BACK: (SENT_BACK,)}
"""States that each action may lead to."""

SHORTEST_REASON, LONGEST_REASON = 4, 500
"""Characters of a reason."""


class NotDecidableError(ValueError):
    """The decision cannot be taken; `text` says why, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def instruct(declaration_id: int, action: str, state: str, reason: str, *, officer: str, at: datetime) -> int:
    """Release, detain or send back a held declaration, with a reason; the instruction's number.

    Raises NotDecidableError where the declaration is not held, a decision on it is already on its way, the state does
    not belong to the action, or the reason is too short or too long.
    """
    reason = reason.strip()
    if state not in STATES.get(action, ()):
        raise NotDecidableError(f"{action}不能使清单进入状态{state}。", f"{action} does not lead to state {state}.")
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise NotDecidableError(
            f"理由应为{SHORTEST_REASON}至{LONGEST_REASON}字。",
            f"A reason has {SHORTEST_REASON} to {LONGEST_REASON} characters.",
        )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select state from clearance_declaration where id = %s for update", (declaration_id,))
        row = cursor.fetchone()
        if row is None or row[0] not in HELD | set(DETAINED):
            raise NotDecidableError("该清单已不在待处理状态。", "The declaration is not held any more.")
        cursor.execute(
            "select 1 from clearance_instruction where declaration_id = %s and batch_no is null", (declaration_id,)
        )
        if cursor.fetchone():
            raise NotDecidableError("已有处理决定正在执行。", "A decision on it is already being carried out.")
        cursor.execute(
            "insert into clearance_instruction (declaration_id, action, state, reason, officer, at, outcome)"
            " values (%s, %s, %s, %s, %s, %s, '') returning id",
            (declaration_id, action, state, reason, officer, at),
        )
        (number,) = cursor.fetchone()
        cursor.execute(f"notify {INSTRUCTION_CHANNEL}")
    return int(number)
