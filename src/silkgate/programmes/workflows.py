"""Who an enquiry or an order waits for has a case in the firm's work list, with its deadline; complaints are decided by
the operator. Declared to casework at start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from silkgate.casework import api as casework
from silkgate.casework.api import APPLICANT, OFFICER, Move, State, Workflow
from silkgate.identity.api import Actor
from silkgate.kernel.text import Text
from silkgate.programmes.domain import (
    BUYER_CANCELS,
    DELIVERED,
    DISPUTED,
    OFFERED,
    PLACED,
    PROVIDER_CANCELS,
    SENT,
)
from silkgate.tariff.api import parameters

PAGE = "market-task"
DONE, DECIDED = "done", "decided"
COMPLAINT = "programmes.complaint"
TASKS = {
    SENT: "programmes.answer",
    OFFERED: "programmes.accept",
    PLACED: "programmes.deliver",
    DELIVERED: "programmes.confirm",
    BUYER_CANCELS: "programmes.cancel",
    PROVIDER_CANCELS: "programmes.cancel",
    DISPUTED: COMPLAINT,
}
"""What lies in the work list of whoever a state waits for."""


def _days(name: str) -> int:
    """A policy value as it stands last; deadlines are counted from the day on which a state is entered."""
    return int(str(parameters()[f"market.{name}_working_days"].values[-1].value))


def _task(name: str, words: Text, waiting: Text, act: Text, working_days: int | None = None) -> Workflow:
    """A case that waits for one of the two parties and ends with the step, whoever takes it."""
    return Workflow(
        name=name,
        words=words,
        first="waiting",
        states={
            "waiting": State(waiting, waits_for=APPLICANT, working_days=working_days),
            DONE: State(Text("已办理", "Done"), open=False, mark="released"),
        },
        moves=(Move(DONE, act, frozenset({"waiting"}), DONE, APPLICANT, reason=False, page=PAGE),),
        roles=frozenset({"filer", "declarant"}),
        scopes=frozenset(),
    )


def _complaint(working_days: int) -> Workflow:
    open_ = frozenset({"open"})
    return Workflow(
        name=COMPLAINT,
        words=Text("服务订单争议", "Dispute about an order of services"),
        first="open",
        states={
            "open": State(Text("待裁定", "To be decided"), waits_for=OFFICER, working_days=working_days),
            DECIDED: State(Text("已裁定", "Decided"), open=False, mark="released"),
            DONE: State(Text("双方已了结", "Settled by the parties"), open=False, mark="returned"),
        },
        moves=(
            Move(DECIDED, Text("裁定", "Decide"), open_, DECIDED, OFFICER, duty="operations", page=PAGE),
            Move(DONE, Text("了结", "Settle"), open_, DONE, APPLICANT, reason=False, page=PAGE),
        ),
        roles=frozenset({"filer", "declarant"}),
        scopes=frozenset(),
    )


def declare() -> None:
    """Make them known to casework. Called when Django starts."""
    answer, confirm, complaint = (_days(name) for name in ("answer", "confirm", "complaint"))
    for workflow in (
        _task(
            "programmes.answer",
            Text("服务询价", "Enquiry for a service"),
            Text("待报价", "To be answered"),
            Text("报价或谢绝", "Make an offer, or decline"),
            answer,
        ),
        _task(
            "programmes.accept",
            Text("服务报价", "Offer of a service"),
            Text("待答复", "To be decided on"),
            Text("查看报价", "Look at the offer"),
        ),
        _task(
            "programmes.deliver",
            Text("服务订单履约", "Order of services to carry out"),
            Text("履约中", "To be delivered"),
            Text("办理交付", "Deliver"),
        ),
        _task(
            "programmes.confirm",
            Text("服务订单确认", "Order of services to confirm"),
            Text("待确认", "To be confirmed"),
            Text("确认或提出争议", "Confirm, or dispute"),
            confirm,
        ),
        _task(
            "programmes.cancel",
            Text("服务订单取消请求", "Request to cancel an order"),
            Text("待答复", "To be answered"),
            Text("答复取消请求", "Answer the request"),
            confirm,
        ),
        _complaint(complaint),
    ):
        casework.declare(workflow)


def seat(actor: Actor, code: str) -> Actor:
    """`actor` in the place of the organisation `code`, for a case that a step of the other side opens or ends.

    The step itself has been allowed before; the case's history names who really took it.
    """
    return actor._replace(agency="", duties=frozenset(), roles={code: frozenset({"representative"})}, scopes={})


def open_task(actor: Actor, state: str, code: str, subject: str, title: Text, data: Any, at: datetime) -> int:
    """Put what a state waits for into the work list of `code`; the case's number. Inside the caller's transaction."""
    case = casework.open_case(
        seat(actor, code), TASKS[state], organisation_code=code, subject=subject, title=title, data=data, at=at
    )
    return case.id


def end_task(actor: Actor, number: int | None, *, reason: str, rule: str, decided: bool, at: datetime) -> None:
    """The step was taken: its case ends, by a decision of the operator or otherwise."""
    case = casework.case(number) if number else None
    if case is None or not case.is_open:
        return
    if decided:
        casework.move(actor, case.id, DECIDED, reason=reason, rule=rule, at=at)
    else:
        casework.move(seat(actor, case.organisation_code), case.id, DONE, at=at)
