"""The registry's kinds of case: states, moves, and what takes effect when a state is entered. Declared at start."""

from __future__ import annotations

from typing import Any

from silkgate.casework import api as casework
from silkgate.casework.api import Move, State, Workflow
from silkgate.kernel.text import Text
from silkgate.tariff.api import parameters

FILING, STANDING, GOODS = "registry.filing", "registry.standing", "registry.goods"

OFFICER, APPLICANT = casework.OFFICER, casework.APPLICANT
FILERS, SCOPES = frozenset({"filer"}), frozenset({"filings"})


def _newest(name: str) -> int:
    """A policy value as it stands last; deadlines are counted from the day on which a state is entered."""
    return int(str(parameters()[name].values[-1].value))


def _state(zh: str, en: str, waits_for: str = "", working_days: int | None = None, mark: str = "") -> State:
    return State(Text(zh, en), open=bool(waits_for), working_days=working_days, waits_for=waits_for, mark=mark)


def _by(side: str, name: str, zh: str, en: str, sources: str, target: str, **more: Any) -> Move:
    return Move(name, Text(zh, en), frozenset(sources.split()), target, side, **more)


def filing_workflow() -> Workflow:
    """An enterprise applies for roles: reviewed by one officer, approved by another; refusal can be appealed."""
    review, answer, appeal = (_newest(f"registry.{name}_working_days") for name in ("review", "answer", "appeal"))
    return Workflow(
        name=FILING,
        words=Text("企业备案", "Enterprise filing"),
        first="draft",
        states={
            "draft": _state("填报中", "Being prepared", APPLICANT),
            "submitted": _state("已提交", "Submitted", OFFICER, review),
            "in_review": _state("审核中", "In review", OFFICER, review),
            "papers_asked": _state("待补正", "More papers asked", APPLICANT, answer),
            "reviewed": _state("已审核，待复核", "Reviewed, to be approved", OFFICER, review),
            "appealed": _state("申诉中", "Appealed", OFFICER, review),
            "approved": _state("已准予备案", "Approved", mark="released"),
            "refused": _state("不予备案", "Refused", mark="refused"),
            "upheld": _state("申诉后维持不予备案", "Refusal upheld", mark="refused"),
            "withdrawn": _state("已撤回", "Withdrawn", mark="returned"),
        },
        moves=(
            _by(APPLICANT, "submit", "提交", "Submit", "draft", "submitted", reason=False, page="registry-filing"),
            _by(
                APPLICANT,
                "withdraw",
                "撤回",
                "Withdraw",
                "draft submitted in_review papers_asked reviewed",
                "withdrawn",
                reason=False,
            ),
            _by(OFFICER, "take", "受理", "Take up", "submitted", "in_review", duty="filings", reason=False),
            _by(OFFICER, "ask", "要求补正", "Ask for more", "in_review", "papers_asked", duty="filings"),
            _by(
                APPLICANT,
                "answer",
                "补正后再提交",
                "Submit again",
                "papers_asked",
                "in_review",
                reason=False,
                page="registry-filing",
            ),
            _by(OFFICER, "review", "提出审核意见", "Give an opinion", "in_review", "reviewed", duty="filings"),
            _by(OFFICER, "approve", "准予备案", "Approve", "reviewed", "approved", duty="approvals", four_eyes=True),
            _by(
                OFFICER, "send_back", "退回审核", "Send back", "reviewed", "in_review", duty="approvals", four_eyes=True
            ),
            _by(OFFICER, "refuse", "不予备案", "Refuse", "reviewed", "refused", duty="approvals", four_eyes=True),
            _by(APPLICANT, "appeal", "申诉", "Appeal", "refused", "appealed", within_working_days=appeal),
            _by(
                OFFICER,
                "grant",
                "支持申诉",
                "Grant the appeal",
                "appealed",
                "approved",
                duty="approvals",
                four_eyes=True,
            ),
            _by(OFFICER, "uphold", "维持决定", "Uphold", "appealed", "upheld", duty="approvals", four_eyes=True),
        ),
        roles=FILERS,
        scopes=SCOPES,
    )


def standing_workflow() -> Workflow:
    """An officer proposes that a record is suspended, resumed or cancelled; another one decides; it can be appealed."""
    review, appeal = _newest("registry.review_working_days"), _newest("registry.appeal_working_days")
    return Workflow(
        name=STANDING,
        words=Text("备案的暂停、恢复和注销", "Suspension, resumption, cancellation"),
        first="proposed",
        states={
            "proposed": _state("待决定", "To be decided", OFFICER, review),
            "effective": _state("已生效", "In effect", mark="released"),
            "dropped": _state("不予采纳", "Not followed", mark="returned"),
            "appealed": _state("申诉中", "Appealed", OFFICER, review),
            "upheld": _state("申诉后维持", "Upheld", mark="refused"),
            "lifted": _state("申诉后撤销", "Lifted", mark="returned"),
        },
        moves=(
            _by(OFFICER, "confirm", "同意", "Confirm", "proposed", "effective", duty="approvals", four_eyes=True),
            _by(OFFICER, "take_back", "收回提议", "Take back", "proposed", "dropped", duty="filings"),
            _by(OFFICER, "drop", "不同意", "Do not follow", "proposed", "dropped", duty="approvals"),
            _by(APPLICANT, "appeal", "申诉", "Appeal", "effective", "appealed", within_working_days=appeal),
            _by(OFFICER, "uphold", "维持", "Uphold", "appealed", "upheld", duty="approvals", four_eyes=True),
            _by(OFFICER, "lift", "撤销原决定", "Lift", "appealed", "lifted", duty="approvals", four_eyes=True),
        ),
        roles=FILERS,
        scopes=SCOPES,
    )


def goods_workflow() -> Workflow:
    """An enterprise files goods; one officer decides."""
    review, appeal = _newest("registry.review_working_days"), _newest("registry.appeal_working_days")
    return Workflow(
        name=GOODS,
        words=Text("商品备案", "Goods filing"),
        first="submitted",
        states={
            "submitted": _state("待审核", "To be reviewed", OFFICER, review),
            "approved": _state("已准予备案", "Approved", mark="released"),
            "refused": _state("不予备案", "Refused", mark="refused"),
            "withdrawn": _state("已撤回", "Withdrawn", mark="returned"),
            "appealed": _state("申诉中", "Appealed", OFFICER, review),
            "upheld": _state("申诉后维持不予备案", "Refusal upheld", mark="refused"),
        },
        moves=(
            _by(OFFICER, "approve", "准予备案", "Approve", "submitted", "approved", duty="filings"),
            _by(OFFICER, "refuse", "不予备案", "Refuse", "submitted", "refused", duty="filings"),
            _by(APPLICANT, "withdraw", "撤回", "Withdraw", "submitted", "withdrawn", reason=False),
            _by(APPLICANT, "appeal", "申诉", "Appeal", "refused", "appealed", within_working_days=appeal),
            _by(
                OFFICER,
                "grant",
                "支持申诉",
                "Grant the appeal",
                "appealed",
                "approved",
                duty="approvals",
                four_eyes=True,
            ),
            _by(OFFICER, "uphold", "维持决定", "Uphold", "appealed", "upheld", duty="approvals", four_eyes=True),
        ),
        roles=FILERS,
        scopes=SCOPES,
    )


def declare() -> None:
    """Make the three known to casework. Called when Django starts."""
    from silkgate.registry import actions, goods, summaries

    casework.declare(
        filing_workflow(),
        on_enter={
            "submitted": actions.check_complete,
            "in_review": actions.check_complete,
            "approved": actions.put_on_file,
            "refused": actions.close,
            "withdrawn": actions.close,
            "appealed": actions.reopen,
            "upheld": actions.close,
        },
        template="registry/case_filing.html",
        context=summaries.of_filing,
    )
    casework.declare(
        standing_workflow(),
        on_enter={
            "effective": actions.change_standing,
            "dropped": actions.close,
            "lifted": actions.lift_standing,
        },
        template="registry/case_standing.html",
        context=summaries.of_standing,
    )
    casework.declare(
        goods_workflow(),
        on_enter={"approved": goods.put_on_file},
        template="registry/case_goods.html",
        context=summaries.of_goods,
    )
