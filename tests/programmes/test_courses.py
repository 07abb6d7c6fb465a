"""The two courses as tables: where every step leads, for every side; everything else is refused."""

from __future__ import annotations

import pytest
from django.db import connection

from programmes.made import BUYER, CARRIER, NOW, OPERATOR, STRANGER, clerk, completed, enquiry, offer, order, quoted
from silkgate.casework import api as casework
from silkgate.casework.models import CaseRow
from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.programmes import models, queries, trading
from silkgate.programmes.domain import COURSES, EVENTS, SIDES, NotYours, Refused
from silkgate.programmes.workflows import TASKS

LEADS = {
    ("enquiry", "sent", "offer", "provider"): "offered",
    ("enquiry", "offered", "offer", "provider"): "offered",
    ("enquiry", "offered", "withdraw_offer", "provider"): "sent",
    ("enquiry", "sent", "decline", "provider"): "declined",
    ("enquiry", "offered", "decline", "provider"): "declined",
    ("enquiry", "offered", "accept", "buyer"): "ordered",
    ("enquiry", "offered", "turn_down", "buyer"): "sent",
    ("enquiry", "sent", "withdraw", "buyer"): "withdrawn",
    ("enquiry", "offered", "withdraw", "buyer"): "withdrawn",
    ("order", "placed", "deliver", "provider"): "delivered",
    ("order", "delivered", "confirm", "buyer"): "confirmed",
    ("order", "disputed", "confirm", "buyer"): "confirmed",
    ("order", "placed", "ask_cancel", "buyer"): "buyer_cancels",
    ("order", "placed", "ask_cancel", "provider"): "provider_cancels",
    ("order", "buyer_cancels", "agree_cancel", "provider"): "cancelled",
    ("order", "provider_cancels", "agree_cancel", "buyer"): "cancelled",
    ("order", "buyer_cancels", "carry_on", "buyer"): "placed",
    ("order", "buyer_cancels", "carry_on", "provider"): "placed",
    ("order", "provider_cancels", "carry_on", "buyer"): "placed",
    ("order", "provider_cancels", "carry_on", "provider"): "placed",
    ("order", "placed", "dispute", "buyer"): "disputed",
    ("order", "placed", "dispute", "provider"): "disputed",
    ("order", "delivered", "dispute", "buyer"): "disputed",
    ("order", "delivered", "dispute", "provider"): "disputed",
    ("order", "buyer_cancels", "dispute", "buyer"): "disputed",
    ("order", "buyer_cancels", "dispute", "provider"): "disputed",
    ("order", "provider_cancels", "dispute", "buyer"): "disputed",
    ("order", "provider_cancels", "dispute", "provider"): "disputed",
    ("order", "disputed", "uphold", "operator"): "confirmed",
    ("order", "disputed", "dissolve", "operator"): "dissolved",
}
"""Course, state, step, side: the state that it leads to. What does not stand here cannot be done."""
ACTORS = {"buyer": clerk(BUYER), "provider": clerk(CARRIER), "operator": OPERATOR}
PLACES = [(course.name, state) for course in COURSES.values() for state in course.states]


def at(course: str, state: str) -> models.Enquiry | models.Order:
    """An enquiry or order that stands in a state, by the steps that lead there."""
    row = enquiry()
    if course == "enquiry":
        if state != "sent":
            made = offer(row)
            if state == "ordered":
                order(made)
            elif state == "declined":
                trading.move_enquiry(ACTORS["provider"], row.pk, "decline", reason="目前没有运力", at=NOW)
            elif state == "withdrawn":
                trading.move_enquiry(ACTORS["buyer"], row.pk, "withdraw", at=NOW)
        return models.Enquiry.objects.get(pk=row.pk)
    made_order = order(offer(row))
    ways = {
        "placed": (),
        "delivered": (("provider", "deliver"),),
        "buyer_cancels": (("buyer", "ask_cancel"),),
        "provider_cancels": (("provider", "ask_cancel"),),
        "disputed": (("buyer", "dispute"),),
        "confirmed": (("provider", "deliver"), ("buyer", "confirm")),
        "cancelled": (("buyer", "ask_cancel"), ("provider", "agree_cancel")),
        "dissolved": (("buyer", "dispute"), ("operator", "dissolve")),
    }
    for side, move in ways[state]:
        trading.move_order(ACTORS[side], made_order.pk, move, reason="双方说明如上", at=NOW)
    return models.Order.objects.get(pk=made_order.pk)


def step(course: str, row: models.Enquiry | models.Order, move: str, actor: Actor) -> None:
    """Make a step by its own function."""
    if course == "order":
        trading.move_order(actor, row.pk, move, reason="双方说明如上", rule="第八条", at=NOW)
    elif move == "offer":
        trading.quote(actor, row.pk, quoted(), at=NOW)
    elif move == "accept":
        newest = next(iter(queries.offers(row.pk)), None)
        trading.accept(actor, newest.pk if newest else 0, at=NOW)
    else:
        trading.move_enquiry(actor, row.pk, move, reason="双方说明如上", at=NOW)


def test_the_table_is_the_courses() -> None:
    declared = {
        (course.name, state, move.name, side): target
        for course in COURSES.values()
        for move in course.moves.values()
        for (state, side), target in move.ways.items()
    }
    assert declared == LEADS
    assert {move for _, _, move, _ in LEADS} == EVENTS.keys(), "every step has its event"


@pytest.mark.parametrize(("course", "state"), PLACES)
def test_every_step_by_every_side_does_what_the_table_says(firms: None, course: str, state: str) -> None:
    """Also those of the operator, and of somebody who is neither; what is refused changes nothing."""
    row = at(course, state)
    model = type(row)
    for move in COURSES[course].moves:
        for side in SIDES:
            if (course, state, move, side) in LEADS:
                continue
            with pytest.raises((Refused, NotYours)):
                step(course, row, move, ACTORS[side])
        with pytest.raises(NotYours):
            step(course, row, move, STRANGER)
    assert model.objects.get(pk=row.pk).version == row.version
    assert model.objects.get(pk=row.pk).state == state


@pytest.mark.parametrize(("course", "state", "move", "side"), LEADS)
def test_a_step_leads_where_the_table_says(firms: None, course: str, state: str, move: str, side: str) -> None:
    """With its line in the history, its event, and the case of whoever it waits for now."""
    row = at(course, state)
    step(course, row, move, ACTORS[side])
    now = type(row).objects.get(pk=row.pk)
    assert now.state == LEADS[course, state, move, side]
    assert now.version == row.version + 1
    written = models.Step.objects.filter(course=course, number=now.version).get()
    assert (written.move, written.source, written.target, written.side) == (move, state, now.state, side)
    subject = "market_enquiry" if course == "enquiry" else "market_order"
    with connection.cursor() as cursor:
        assert journal.of_subject(cursor, subject, row.pk)[-1].kind == EVENTS[move]
    waits_for = COURSES[course].states[now.state].waits_for
    waiting = CaseRow.objects.filter(closed_at=None, subject=f"{course}/{row.pk}")
    if not waits_for:
        assert not waiting
        assert now.task_id is None
        return
    case = waiting.get()
    assert (case.pk, case.workflow) == (now.task_id, TASKS[now.state])
    whose = side if waits_for == "operator" else waits_for
    assert case.organisation_code == {"buyer": BUYER, "provider": CARRIER}[whose]


def test_a_step_lies_in_the_work_list_of_whoever_it_waits_for(firms: None) -> None:
    """With a deadline in working days; the other side does not see it, the operator has complaints."""
    row = enquiry()
    provider, buyer = clerk(CARRIER), clerk(BUYER)
    (line,) = casework.of_applicant(provider).lines
    assert line.case.due_on is not None
    assert casework.of_applicant(buyer).lines == ()
    made = offer(row)
    (line,) = casework.of_applicant(buyer).lines
    assert line.case.workflow == "programmes.accept"
    placed = order(made)
    trading.move_order(buyer, placed.pk, "dispute", reason="一直没有揽收", at=NOW)
    (line,) = casework.worklist(OPERATOR).lines
    assert line.case.subject == f"order/{placed.pk}"
    trading.move_order(OPERATOR, placed.pk, "dissolve", reason="查无揽收记录", rule="服务条款第二条", at=NOW)
    assert casework.worklist(OPERATOR).lines == ()
    history = casework.history(line.case.id)
    assert (history[-1].move, history[-1].reason, history[-1].rule) == ("decided", "查无揽收记录", "服务条款第二条")


def test_what_asks_for_a_reason_gets_one(firms: None) -> None:
    placed = order()
    with pytest.raises(Refused, match="reason"):
        trading.move_order(clerk(BUYER), placed.pk, "dispute", reason="坏", at=NOW)
    asked = enquiry()
    with pytest.raises(Refused, match="reason"):
        trading.move_enquiry(clerk(CARRIER), asked.pk, "decline", at=NOW)


def test_a_completed_order_was_delivered_and_confirmed(firms: None) -> None:
    row = completed()
    assert [one.move for one in queries.steps(row.enquiry_id)] == ["", "offer", "accept", "", "deliver", "confirm"]
