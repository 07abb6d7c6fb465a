"""A case goes the ways that its workflow declares and no others; who may, with what reason, in what time."""

from __future__ import annotations

import threading
from datetime import date, datetime

import pytest
from django.db import DatabaseError, connection, connections, transaction

from casework.people import CHEN, FIRM, LI, LICENCE, MONDAY, STRANGERS, WANG, days, member, officer, opened_at
from silkgate.casework import api as casework
from silkgate.casework.api import Case, MoveRefused, NotYours
from silkgate.identity.api import PERSON, Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import CHINA
from silkgate.kernel.text import Text

WHY = "材料齐全"


def go(actor: Actor, case: Case, move: str, at: datetime = MONDAY, **more: object) -> Case:
    return casework.move(actor, case.id, move, at=at, **({"reason": WHY} | more))


def refused(actor: Actor, case: Case, move: str, at: datetime = MONDAY, **more: object) -> str:
    with pytest.raises(MoveRefused) as error:
        go(actor, case, move, at, **more)
    assert error.value.text.zh != error.value.text.en
    assert casework.case(case.id) == case, "a refused move changes nothing"
    return error.value.text.en


def test_two_officers_grant_what_a_clerk_asked_for(opened: Case) -> None:
    """Every step is kept with who, when, why and on which rule, and told in the journal."""
    proposed = go(LI, opened, "propose", rule="条例第8条")
    granted = go(WANG, proposed, "grant", MONDAY + days(1), data={"number": "L-1"})
    assert (granted.state, granted.is_open, granted.data) == ("granted", False, {"asked": 1, "number": "L-1"})
    steps = casework.history(opened.id)
    assert [(s.number, s.source, s.move, s.target, s.actor, s.agency, s.reason, s.rule) for s in steps] == [
        (1, "", "", "review", "chen", "", "", ""),
        (2, "review", "propose", "approval", "li", "customs", WHY, "条例第8条"),
        (3, "approval", "grant", "granted", "wang", "customs", WHY, ""),
    ]
    with connection.cursor() as cursor:
        events = journal.of_subject(cursor, "case", opened.id)
    assert [(event.kind, event.actor, event.detail["to"]) for event in events] == [
        ("case.opened", "chen", "review"),
        ("case.moved", "li", "approval"),
        ("case.moved", "wang", "granted"),
    ]
    assert WHY not in str(events), "what people wrote is not for ever"


@pytest.mark.parametrize("sql", ["update casework_step set reason = 'x'", "delete from casework_step"])
def test_nobody_rewrites_a_step(opened: Case, sql: str) -> None:
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


# --- Who --------------------------------------------------------------------------------------------------------------


def test_four_eyes_are_of_two_people(opened: Case) -> None:
    proposed = go(LI, opened, "propose")
    assert "grant" not in {move.name for move in casework.possible(LI, proposed)}
    assert "grant" in {move.name for move in casework.possible(WANG, proposed)}
    assert "Another officer" in refused(LI, proposed, "grant")
    assert go(WANG, proposed, "grant").state == "granted"


def test_nobody_decides_on_what_they_apply_for(opened: Case) -> None:
    both = officer("qian")._replace(roles={FIRM: frozenset({"filer"})})
    assert {move.by for move in casework.possible(both, opened)} == {"applicant"}
    assert "may not" in refused(both, opened, "propose")


@pytest.mark.parametrize(
    ("actor", "moves"),
    [
        (LI, {"ask_papers", "propose", "refuse", "note"}),
        (officer("he", "approvals"), set()),
        (CHEN, {"withdraw"}),
        (member("boss", role="representative"), {"withdraw"}),
        (Actor("agent", PERSON, scopes={FIRM: frozenset({"filings"})}), {"withdraw"}),
    ],
    ids=lambda value: value.name if isinstance(value, Actor) else "",
)
def test_each_may_what_the_workflow_gives_them(opened: Case, actor: Actor, moves: set[str]) -> None:
    assert casework.sees(actor, opened)
    assert {move.name for move in casework.possible(actor, opened)} == moves
    for move in {move.name for move in LICENCE.moves_from("review")} - moves:
        assert "may not" in refused(actor, opened, move)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_for_a_stranger_there_is_no_case(opened: Case, stranger: str) -> None:
    actor = STRANGERS[stranger]
    assert casework.seen(actor, opened.id) is None
    for number in (opened.id, opened.id + 1):
        with pytest.raises(NotYours):
            casework.move(actor, number, "withdraw", at=MONDAY)
        with pytest.raises(NotYours):
            casework.attach(actor, number, "a.txt", b"a", MONDAY)
    with pytest.raises(MoveRefused):
        opened_at(MONDAY, actor)
    assert casework.worklist(actor).lines == ()
    assert casework.of_applicant(actor).lines == ()


# --- What and when ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("move", "more", "word"),
    [
        ("grant", {}, "cannot be done now"),
        ("fly", {}, "cannot be done now"),
        ("propose", {"reason": " 好 "}, "reason"),
        ("propose", {"reason": "很" * 2001}, "reason"),
        ("propose", {"rule": "条" * 301}, "rule"),
        ("propose", {"version": 7}, "moved on"),
    ],
)
def test_a_move_that_cannot_be_made_is_refused_with_a_word(opened: Case, move: str, more: dict, word: str) -> None:
    assert word in refused(LI, opened, move, **more)


def test_papers_are_handed_in_with_a_file(opened: Case) -> None:
    asked = go(LI, opened, "ask_papers")
    assert "Add at least one new file" in refused(CHEN, asked, "hand_in_papers")
    casework.attach(CHEN, opened.id, "licence.txt", "许可证".encode(), MONDAY)
    back = go(CHEN, asked, "hand_in_papers", reason="")
    again = go(LI, back, "ask_papers")
    assert "Add at least one new file" in refused(CHEN, again, "hand_in_papers"), "a file counts for one move"


def test_an_appeal_has_its_time(opened: Case) -> None:
    """Five working days after Monday are the next Monday."""
    no = go(LI, opened, "refuse")
    assert not no.is_open
    assert casework.possible(CHEN, no, MONDAY + days(7))
    assert casework.possible(CHEN, no, MONDAY + days(8)) == ()
    assert "has passed" in refused(CHEN, no, "appeal", MONDAY + days(8))
    appealed = go(CHEN, no, "appeal", MONDAY + days(7))
    assert appealed.is_open
    assert "Another officer" in refused(LI, appealed, "overturn", MONDAY + days(8))
    assert go(WANG, appealed, "overturn", MONDAY + days(8)).state == "granted"


def test_the_officers_deadline_stands_still_while_papers_are_asked_for(opened: Case) -> None:
    assert opened.due_on == date(2026, 12, 7)
    asked = go(LI, opened, "ask_papers", MONDAY + days(2))
    assert (asked.due_on, asked.officer_days_left) == (date(2026, 12, 2), 8)
    casework.attach(CHEN, opened.id, "a.txt", b"a", MONDAY + days(9))
    back = go(CHEN, asked, "hand_in_papers", MONDAY + days(9))
    assert (back.due_on, back.officer_days_left) == (date(2026, 12, 14), None)
    assert go(LI, back, "note", MONDAY + days(10)).due_on == back.due_on, "a note changes no deadline"
    assert go(LI, casework.case(back.id), "propose", MONDAY + days(10)).due_on == date(2026, 12, 8)


def test_what_on_enter_raises_undoes_the_move(database: str, folder: object) -> None:
    entered: list[tuple[str, str]] = []

    def enter(case: Case, actor: Actor, at: datetime) -> None:
        entered.append((case.state, actor.name))
        if case.state == "granted":
            raise MoveRefused(Text("登记簿已满。", "The register is full."))

    workflow = LICENCE._replace(name="test-entered")
    casework.declare(workflow, on_enter=dict.fromkeys(("review", "approval", "granted"), enter))
    title = Text("一", "One")
    case = casework.open_case(CHEN, workflow.name, organisation_code=FIRM, subject="s", title=title, data={}, at=MONDAY)
    proposed = go(LI, case, "propose")
    assert refused(WANG, proposed, "grant") == "The register is full."
    assert entered == [("review", "chen"), ("approval", "li"), ("granted", "wang")]
    assert len(casework.history(case.id)) == 2


# --- Races ------------------------------------------------------------------------------------------------------------


def test_of_many_who_move_at_once_one_succeeds(opened: Case) -> None:
    """Eight officers decide on the same page at the same moment."""
    outcomes: list[str] = []
    start = threading.Barrier(8)

    def decide(number: int) -> None:
        try:
            start.wait()
            casework.move(
                officer(f"o{number}"),
                opened.id,
                "propose" if number % 2 else "refuse",
                reason=WHY,
                version=opened.version,
                at=MONDAY,
            )
            outcomes.append("moved")
        except MoveRefused as error:
            outcomes.append(error.text.en)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("moved") == 1
    assert len(set(outcomes)) == 2
    assert len(casework.history(opened.id)) == 2
    now = casework.case(opened.id)
    assert now is not None
    assert now.version == 2
    assert now.opened_at == datetime(2026, 11, 23, 10, tzinfo=CHINA)
