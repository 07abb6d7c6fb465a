"""Several at once: one succeeds, the others are told so, and the books hold one of each."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections

from programmes.made import (
    BUYER,
    CARRIER,
    NOW,
    SERVICE,
    TODAY,
    clerk,
    completed,
    enquiry,
    offer,
    order,
    quoted,
    service,
)
from silkgate.casework.models import CaseRow
from silkgate.programmes import models, reviews, trading
from silkgate.programmes.actions import change_service
from silkgate.programmes.domain import Refused
from silkgate.programmes.rules import terms

AT_ONCE = 6


def outcomes(*acts: Callable[[int], object]) -> list[str]:
    """What became of each of `acts`, begun at the same moment in turn: done, or why not."""
    said: list[str] = []
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        try:
            start.wait()
            acts[number % len(acts)](number)
            said.append("done")
        except Refused as refused:
            said.append(refused.text.en)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == AT_ONCE
    return said


def test_of_many_acceptances_of_one_offer_one_makes_an_order(firms: None) -> None:
    made = offer()
    said = outcomes(lambda number: trading.accept(clerk(BUYER, f"b{number}"), made.pk, at=NOW))
    assert said.count("done") == 1
    assert models.Order.objects.count() == 1
    assert models.Step.objects.filter(move="accept").count() == 1
    assert CaseRow.objects.filter(closed_at=None).count() == 1, "one task lies open, for the provider"


def test_an_offer_that_is_accepted_is_not_withdrawn_at_the_same_moment(firms: None) -> None:
    made = offer()
    said = outcomes(
        lambda number: trading.accept(clerk(BUYER, f"b{number}"), made.pk, at=NOW),
        lambda number: trading.move_enquiry(clerk(CARRIER, f"c{number}"), made.enquiry_id, "withdraw_offer", at=NOW),
    )
    made.refresh_from_db()
    assert (made.state, models.Order.objects.count()) in {("accepted", 1), ("taken_back", 0)}
    assert said.count("done") == 1


def test_one_offer_of_an_enquiry_is_open(firms: None) -> None:
    asked = enquiry()
    said = outcomes(lambda number: trading.quote(clerk(CARRIER, f"c{number}"), asked.pk, quoted(), at=NOW))
    assert said.count("done") == AT_ONCE, "each is a revision of the one before"
    assert sorted(models.Offer.objects.values_list("number", flat=True)) == list(range(1, AT_ONCE + 1))
    assert models.Offer.objects.get(state="open").number == AT_ONCE


def test_of_many_reviews_of_one_order_one_is_kept(firms: None) -> None:
    row = completed()
    said = outcomes(
        lambda number: reviews.review(clerk(BUYER, f"b{number}"), row.pk, 1 + number % 5, "评价如下", at=NOW)
    )
    assert said.count("done") == 1
    assert models.Review.objects.count() == 1


def test_an_order_is_either_confirmed_or_disputed(firms: None) -> None:
    row = order()
    trading.move_order(clerk(CARRIER), row.pk, "deliver", at=NOW)
    seen = models.Order.objects.get(pk=row.pk).version
    said = outcomes(
        lambda number: trading.move_order(clerk(BUYER), row.pk, "confirm", version=seen, at=NOW),
        lambda number: trading.move_order(clerk(CARRIER), row.pk, "dispute", reason="尚未收款", version=seen, at=NOW),
    )
    assert said.count("done") == 1
    assert models.Order.objects.get(pk=row.pk).state in {"confirmed", "disputed"}


def test_of_many_changes_of_a_page_one_is_the_next_version(firms: None) -> None:
    number = service()
    said = outcomes(lambda place: change_service(clerk(CARRIER), number, terms(SERVICE, TODAY), version=1, at=NOW))
    assert said.count("done") == 1
    assert models.ServiceVersion.objects.count() == 2
