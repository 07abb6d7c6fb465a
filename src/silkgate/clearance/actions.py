"""What officers do with held declarations. An instruction is an input of the engine; CEB622 follows from there."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from silkgate.clearance.domain import DETAINED, HELD, RELEASED, SENT_BACK
from silkgate.clearance.engine.run import INSTRUCTION_CHANNEL
from silkgate.kernel.text import Text

STATES = {"release": (RELEASED,), "detain": DETAINED, "send_back": (SENT_BACK,)}
"""States that each action may lead to; the first is meant where none is named."""

REASON_CHARACTERS = 500


class InstructionRefusedError(ValueError):
    """The instruction cannot be given; `text` says why, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def instruct(
    declaration_id: int, action: str, *, reason: str, officer: str, at: datetime, state: str | None = None
) -> int:
    """Release, detain or send back a held declaration, with a reason; the instruction's number.

    Raises InstructionRefusedError where the declaration is not held, an instruction is already on its way, the action
    or state is unknown, or the reason is empty or too long.
    """
    reason = reason.strip()
    if action not in STATES:
        raise InstructionRefusedError(Text("未知的处置方式", "there is no such action"))
    target = state or STATES[action][0]
    if target not in STATES[action]:
        raise InstructionRefusedError(Text(f"{target}不是该处置的状态", f"{target} is no state of this action"))
    if not reason:
        raise InstructionRefusedError(Text("请填写理由", "a reason is needed"))
    if len(reason) > REASON_CHARACTERS:
        raise InstructionRefusedError(
            Text(f"理由最多{REASON_CHARACTERS}字", f"a reason has at most {REASON_CHARACTERS} characters")
        )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select state from clearance_declaration where id = %s for update", (declaration_id,))
        row = cursor.fetchone()
        if row is None or row[0] not in HELD | set(DETAINED):
            raise InstructionRefusedError(Text("该清单不在待处置状态", "the declaration is not held"))
        cursor.execute(
            "select 1 from clearance_instruction where declaration_id = %s and batch_no is null", (declaration_id,)
        )
        if cursor.fetchone():
            raise InstructionRefusedError(Text("已有处置正在执行", "a decision on it is already being carried out"))
        cursor.execute(
            "insert into clearance_instruction (declaration_id, action, state, reason, officer, at, outcome)"
            " values (%s, %s, %s, %s, %s, %s, '') returning id",
            (declaration_id, action, target, reason, officer, at),
        )
        (number,) = cursor.fetchone()
        cursor.execute(f"notify {INSTRUCTION_CHANNEL}")
    return int(number)
