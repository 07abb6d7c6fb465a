"""Moves that many workflows have: giving up, asking for more papers, appealing."""

from __future__ import annotations

from collections.abc import Iterable

from silkgate.casework.domain import APPLICANT, OFFICER, Move, State
from silkgate.kernel.text import Text

WITHDRAWN = State(Text("已撤回", "Withdrawn"), open=False, mark="returned")
"""The state behind `withdrawal`."""


def withdrawal(sources: Iterable[str], *, target: str = "withdrawn", name: str = "withdraw") -> Move:
    """The applicant takes the case back while it is open; no reason is asked."""
    return Move(name, Text("撤回申请", "Withdraw"), frozenset(sources), target, APPLICANT, reason=False)


def papers(working_days: int) -> State:
    """A state that waits for the applicant's further papers; the officer's deadline stands still."""
    return State(Text("待补正材料", "More papers asked for"), working_days=working_days, waits_for=APPLICANT)


def more_papers(
    source: str, *, duty: str, waiting: str = "papers", ask: str = "ask_papers", answer: str = "hand_in_papers"
) -> tuple[Move, Move]:
    """The officer asks for more papers (from `source` to `waiting`), and the applicant hands them in (and back)."""
    return (
        Move(ask, Text("要求补正材料", "Ask for more papers"), frozenset({source}), waiting, OFFICER, duty),
        Move(
            answer,
            Text("提交补正材料", "Hand in papers"),
            frozenset({waiting}),
            source,
            APPLICANT,
            reason=False,
            evidence=True,
        ),
    )


def appeal(source: str, target: str, *, within_working_days: int, name: str = "appeal") -> Move:
    """The applicant objects to what was decided, for a time after it was."""
    return Move(
        name,
        Text("提出申诉", "Appeal"),
        frozenset({source}),
        target,
        APPLICANT,
        within_working_days=within_working_days,
    )
