"""A workflow with everything that workflows have, and people who act in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from silkgate.casework import api as casework
from silkgate.casework.api import OFFICER, Case, Move, State, Workflow
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text

MONDAY = datetime(2026, 11, 23, 10, tzinfo=CHINA)
FIRM, OTHER_FIRM = "91410100MA00000001", "91410100MA00000002"

LICENCE = Workflow(
    "test-licence",
    Text("许可申请", "Licence application"),
    "review",
    {
        "review": State(Text("审核", "In review"), working_days=10, waits_for=OFFICER),
        "papers": casework.papers(5),
        "approval": State(Text("复核", "Second look"), working_days=3, waits_for=OFFICER),
        "granted": State(Text("准予", "Granted"), open=False, mark="released"),
        "refused": State(Text("不予许可", "Refused"), open=False, mark="refused"),
        "appealed": State(Text("申诉中", "Under appeal"), working_days=15, waits_for=OFFICER),
        "upheld": State(Text("维持原决定", "Refusal upheld"), open=False, mark="refused"),
        "withdrawn": casework.WITHDRAWN,
    },
    (
        *casework.more_papers("review", duty="filings"),
        Move("propose", Text("拟同意", "Propose to grant"), frozenset({"review"}), "approval", OFFICER, "filings"),
        Move("return", Text("退回重审", "Send back"), frozenset({"approval"}), "review", OFFICER, "approvals"),
        Move("grant", Text("准予许可", "Grant"), frozenset({"approval"}), "granted", OFFICER, "approvals", True),
        Move("refuse", Text("不予许可", "Refuse"), frozenset({"review", "approval"}), "refused", OFFICER, "filings"),
        Move("note", Text("记录", "Note"), frozenset({"review"}), "review", OFFICER, "filings"),
        casework.appeal("refused", "appealed", within_working_days=5),
        Move("overturn", Text("改为准予", "Overturn"), frozenset({"appealed"}), "granted", OFFICER, "approvals", True),
        Move("uphold", Text("维持", "Uphold"), frozenset({"appealed"}), "upheld", OFFICER, "approvals", True),
        casework.withdrawal({"review", "papers", "approval"}),
    ),
    roles=frozenset({"filer"}),
    scopes=frozenset({"filings"}),
)


def officer(name: str, *duties: str) -> Actor:
    return Actor(name, PERSON, agency="customs", duties=frozenset(duties or ("filings", "approvals")))


def member(name: str, code: str = FIRM, role: str = "filer") -> Actor:
    return Actor(name, PERSON, roles={code: frozenset({role})})


LI, WANG = officer("li"), officer("wang")
"""Officers with both duties."""
CHEN = member("chen")
"""Filing clerk of the firm."""
STRANGERS = {
    "nobody": Actor(""),
    "clerk of another firm": member("zhao", OTHER_FIRM),
    "reader of the firm": member("sun", role="reader"),
    "officer with other duties": officer("zhou", "declarations", "audit"),
    "agent with another scope": Actor("agent", PERSON, scopes={FIRM: frozenset({"declarations"})}),
}


def opened_at(at: datetime, actor: Actor = CHEN, code: str = FIRM) -> Case:
    title = Text("郑州丝路公司的许可", "Licence of Zhengzhou Silk Road")
    return casework.open_case(
        actor, LICENCE.name, organisation_code=code, subject=f"licence/{code}", title=title, data={"asked": 1}, at=at
    )


def days(count: int) -> timedelta:
    return timedelta(days=count)
