"""From enquiry to order: what is frozen, until when, who sees it, what is told of it."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.db import connection

from programmes.made import (
    BUYER,
    CARRIER,
    DAY,
    NOW,
    OPERATOR,
    OTHER,
    STRANGER,
    clerk,
    enquiry,
    offer,
    order,
    quoted,
    service,
)
from silkgate.identity.api import CLIENT, Actor
from silkgate.journal import api as journal
from silkgate.programmes import access, events, models, queries, trading
from silkgate.programmes.domain import NotYours, Refused


def test_what_both_agreed_is_frozen_and_anybody_can_compute_its_digest(firms: None) -> None:
    row = order(offer(enquiry(), price="3.20", quantity="200"))
    assert hashlib.sha256(row.terms.encode()).hexdigest() == row.terms_sha256
    terms = json.loads(row.terms)
    assert json.dumps(terms, ensure_ascii=False, sort_keys=True, separators=(",", ":")) == row.terms, "canonical"
    assert terms["offer"]["total_cents"] == 64_000
    assert terms["buyer"] == {"code": BUYER, "name": "豫见优选商贸有限公司"}
    assert terms["service"]["version"] == 1
    assert terms["enquiry"]["what"].startswith("每天两百个")
    trading.move_order(clerk(CARRIER), row.pk, "deliver", at=NOW)
    assert models.Order.objects.get(pk=row.pk).terms == row.terms


def test_a_revision_takes_the_place_of_the_open_offer_and_all_are_kept(firms: None) -> None:
    asked = enquiry()
    first, second = offer(asked), offer(asked, price="3.00")
    states = [(row.number, row.state) for row in queries.offers(asked.pk)]
    assert states == [(2, "open"), (1, "superseded")]
    with pytest.raises(Refused, match="not open any more"):
        trading.accept(clerk(BUYER), first.pk, at=NOW)
    trading.move_enquiry(clerk(BUYER), asked.pk, "turn_down", reason="请再优惠一些", at=NOW)
    third = offer(asked, price="2.90")
    trading.move_enquiry(clerk(CARRIER), asked.pk, "withdraw_offer", at=NOW)
    fourth = offer(asked, price="2.80")
    placed = order(fourth)
    assert [row.state for row in queries.offers(asked.pk)] == ["accepted", "taken_back", "turned_down", "superseded"]
    assert placed.offer_id == fourth.pk
    assert {first.pk, second.pk, third.pk} <= set(models.Offer.objects.values_list("id", flat=True))


@pytest.mark.parametrize(("days", "accepted"), [(0, True), (7, True), (8, False)])
def test_an_offer_is_accepted_up_to_its_last_day(firms: None, days: int, accepted: bool) -> None:
    made = offer(valid_until="2026-11-30")
    if accepted:
        assert trading.accept(clerk(BUYER), made.pk, at=NOW + days * DAY).state == "placed"
    else:
        with pytest.raises(Refused, match="ended on 2026-11-30"):
            trading.accept(clerk(BUYER), made.pk, at=NOW + days * DAY)
        assert not models.Order.objects.exists()


def test_a_page_made_for_an_older_version_is_refused(firms: None) -> None:
    """So that nobody accepts another offer than the one that they read."""
    asked = enquiry()
    first = offer(asked)
    seen = models.Enquiry.objects.get(pk=asked.pk).version
    second = offer(asked, price="9.99")
    with pytest.raises(Refused, match="moved on"):
        trading.accept(clerk(BUYER), second.pk, version=seen, at=NOW)
    with pytest.raises(Refused, match="moved on"):
        trading.move_enquiry(clerk(BUYER), asked.pk, "withdraw", version=seen, at=NOW)
    with pytest.raises(Refused, match="moved on"):
        trading.quote(clerk(CARRIER), asked.pk, quoted(), version=seen, at=NOW)
    assert first.number == 1


# --- Who sees it ------------------------------------------------------------------------------------------------------

PROGRAM = Actor("erp", CLIENT, scopes={BUYER: frozenset({"filings"}), CARRIER: frozenset({"filings"})})
AGENT = Actor("agent", "person", 9, roles={OTHER: frozenset({"filer"})}, scopes={BUYER: frozenset({"filings", "read"})})


@pytest.mark.parametrize(
    ("who", "sees", "trades"),
    [
        (clerk(BUYER), {"buyer"}, {"buyer"}),
        (clerk(CARRIER), {"provider"}, {"provider"}),
        (clerk(BUYER, role="declarant"), {"buyer"}, {"buyer"}),
        (clerk(BUYER, role="representative"), {"buyer"}, {"buyer"}),
        (clerk(BUYER, role="reader"), {"buyer"}, set()),
        (STRANGER, set(), set()),
        (AGENT, set(), set()),
        (PROGRAM, {"buyer"}, {"buyer"}),
        (OPERATOR, set(), set()),
        (Actor(""), set(), set()),
    ],
    ids=["buyer", "provider", "declarant", "chair", "reader", "stranger", "agent", "program", "operator", "nobody"],
)
def test_only_the_parties_see_and_act(who: Actor, sees: set[str], trades: set[str]) -> None:
    """An agent binds nobody; a program acts for its own organisation; the operator comes in with a dispute."""
    assert access.sides(who, access.SEE, BUYER, CARRIER, False) == sees
    assert access.sides(who, access.TRADE, BUYER, CARRIER, False) == trades
    disputed = {"operator"} if who is OPERATOR else set()
    assert access.sides(who, access.SEE, BUYER, CARRIER, True) == sees | disputed


def test_the_operator_sees_an_order_from_its_first_dispute_on(firms: None) -> None:
    row = order()
    assert queries.disputed_orders().lines == ()
    with pytest.raises(NotYours):
        trading.move_order(OPERATOR, row.pk, "uphold", reason="双方说明如上", at=NOW)
    trading.move_order(clerk(CARRIER), row.pk, "dispute", reason="对方不肯确认", at=NOW)
    assert [one.pk for one in queries.disputed_orders().lines] == [row.pk]
    done = trading.move_order(OPERATOR, row.pk, "uphold", reason="签收记录齐全", rule="服务条款", at=NOW)
    assert done.state == "confirmed"
    assert done.disputed, "the record of it stays"
    last = queries.steps(row.enquiry_id)[-1]
    assert (last.side, last.actor, last.rule) == ("operator", "operator", "服务条款")


def test_lists_hold_ones_own_by_side_a_page_at_a_time(firms: None) -> None:
    number = service()
    made = [enquiry(number).pk for _ in range(5)]
    first = queries.enquiries([BUYER], "buyer", limit=3)
    rest = queries.enquiries([BUYER], "buyer", before=first.older, limit=3)
    assert [row.pk for row in (*first.lines, *rest.lines)] == made[::-1]
    assert rest.older is None
    assert len(queries.enquiries([CARRIER], "provider").lines) == 5
    assert queries.enquiries([CARRIER], "buyer").lines == ()
    assert queries.enquiries([OTHER], "buyer").lines == ()


# --- What is told -----------------------------------------------------------------------------------------------------


def test_events_reach_both_parties_and_hold_nothing_that_people_wrote(firms: None) -> None:
    row = order()
    trading.move_order(clerk(BUYER), row.pk, "dispute", reason="王芳签收有误", at=NOW)
    with connection.cursor() as cursor:
        told = [
            *journal.of_subject(cursor, "market_enquiry", row.enquiry_id),
            *journal.of_subject(cursor, "market_order", row.pk),
        ]
        found = journal.subjects_of(cursor, told)
    kinds = [event.kind for event in told]
    assert kinds == [
        "enquiry.sent",
        "enquiry.offered",
        "enquiry.accepted",
        "serviceorder.placed",
        "serviceorder.disputed",
    ]
    assert all(subject is not None and set(subject.organisations) == {BUYER, CARRIER} for subject in found)
    assert all(kind in journal.TYPES for kind in kinds), f"{events.__name__} declares each"
    assert "王芳" not in json.dumps([event.detail for event in told], ensure_ascii=False)
