"""Reviews of real completed orders, ratings that anybody can compute again, declarations that an order served."""

from __future__ import annotations

from fractions import Fraction

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from programmes.made import (
    BUYER,
    CARRIER,
    NOW,
    OPERATOR,
    OTHER,
    STRANGER,
    STUDIO,
    clerk,
    completed,
    enquiry,
    offer,
    order,
    reviewed,
    service,
)
from programmes.test_courses import PLACES
from programmes.test_courses import at as standing
from silkgate.programmes import models, queries, reviews, rules, trading
from silkgate.programmes.domain import STARS, NotYours, Rating, Refused

# --- Who, when, how often ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for course, state in PLACES if course == "order"])
def test_only_a_completed_order_is_reviewed(firms: None, state: str) -> None:
    row = standing("order", state)
    if state == "confirmed":
        assert reviews.review(clerk(BUYER), row.pk, 5, "非常准时", at=NOW).stars == 5
    else:
        with pytest.raises(Refused, match="once it is completed"):
            reviews.review(clerk(BUYER), row.pk, 5, "非常准时", at=NOW)


def test_the_buyer_alone_reviews_once_and_the_provider_answers_once(firms: None) -> None:
    row = completed()
    with pytest.raises(Refused, match="Only the buyer"):
        reviews.review(clerk(CARRIER), row.pk, 5, "自己夸自己", at=NOW)
    with pytest.raises(Refused, match="Only the buyer"):
        reviews.review(clerk(BUYER, role="reader"), row.pk, 5, "只能查阅", at=NOW)
    with pytest.raises(Refused, match="no review yet"):
        reviews.answer(clerk(CARRIER), row.pk, "谢谢支持", at=NOW)
    for stranger in (STRANGER, OPERATOR):
        with pytest.raises(NotYours):
            reviews.review(stranger, row.pk, 1, "路过差评", at=NOW)
    reviews.review(clerk(BUYER), row.pk, 4, "基本准时", at=NOW)
    with pytest.raises(Refused, match="cannot be changed"):
        reviews.review(clerk(BUYER), row.pk, 1, "改成差评", at=NOW)
    with pytest.raises(Refused, match="Only the provider"):
        reviews.answer(clerk(BUYER), row.pk, "自问自答", at=NOW)
    reviews.answer(clerk(CARRIER), row.pk, "谢谢支持", at=NOW)
    with pytest.raises(Refused, match="cannot be changed"):
        reviews.answer(clerk(CARRIER), row.pk, "再答一次", at=NOW)
    (shown,) = queries.reviews(CARRIER).lines
    assert (shown.stars, shown.words, shown.answer) == (4, "基本准时", "谢谢支持")


def test_the_database_holds_it_too(firms: None) -> None:
    made = reviewed(3)
    values = {"provider_code": CARRIER, "service_id": made.service_id, "words": "x", "by": "x", "at": NOW}
    with pytest.raises(IntegrityError, match="order_id"), transaction.atomic():
        models.Review.objects.create(order_id=made.order_id, stars=5, answer="", answered_by="", **values)
    other = completed(made.service_id)
    with pytest.raises(IntegrityError, match="programmes_review_stars"), transaction.atomic():
        models.Review.objects.create(order_id=other.pk, stars=6, answer="", answered_by="", **values)


@pytest.mark.parametrize("given", [{"stars": "6"}, {"stars": ""}, {"words": "好"}, {"words": "x" * 2_001}])
def test_a_review_is_refused_at_its_field(given: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        rules.stars({"stars": "5", "words": "非常准时"} | given)
    assert {problem.field for problem in refused.value.problems} == set(given)


# --- The rating -------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted(STARS)), max_size=300))
def test_a_rating_follows_from_its_reviews_alone(stars: list[int]) -> None:
    """Against the obvious account: the exact mean, rounded half up to a tenth."""
    rating = Rating(tuple(stars.count(level) for level in (1, 2, 3, 4, 5)))  # type: ignore[arg-type]
    assert (rating.count, rating.stars) == (len(stars), sum(stars))
    if not stars:
        assert rating.tenths is None
        assert rating.shown == ""
        return
    exact = Fraction(sum(stars) * 10, len(stars))
    assert rating.tenths is not None
    assert Fraction(-1, 2) < exact - rating.tenths <= Fraction(1, 2) or rating.tenths - exact == Fraction(1, 2)
    assert exact - rating.tenths < Fraction(1, 2), "a half goes up"
    assert 10 <= rating.tenths <= 50
    assert rating.shown == f"{rating.tenths // 10}.{rating.tenths % 10}"


def test_what_pages_show_is_counted_from_the_rows(firms: None) -> None:
    parcels, photos = service(), service(STUDIO, "photography")
    for stars, number in ((5, parcels), (4, parcels), (4, parcels), (1, photos)):
        reviewed(stars, number)
    for code, number in ((CARRIER, parcels), (STUDIO, photos)):
        rows = list(models.Review.objects.filter(provider_code=code).values_list("stars", flat=True))
        rating = queries.rating(code)
        assert (rating.count, rating.stars) == (len(rows), sum(rows))
        assert queries.rating(code, service=number) == rating
    assert queries.rating(CARRIER).shown == "4.3"
    lines = {line.service.id: line.rating.shown for line in queries.search(NOW.date()).lines}
    assert lines == {parcels: "4.3", photos: "1.0"}
    assert queries.rating(OTHER).count == 0
    assert {field.name for field in models.Service._meta.get_fields()} & {"rating", "stars", "score"} == set()


def test_reviews_a_page_at_a_time(firms: None) -> None:
    orders = [reviewed(4).order_id for _ in range(3)]
    first = queries.reviews(CARRIER, limit=2)
    rest = queries.reviews(CARRIER, before=first.older, limit=2)
    assert [one.order_id for one in (*first.lines, *rest.lines)] == orders[::-1]
    assert rest.older is None


# --- Declarations served ----------------------------------------------------------------------------------------------


def declaration(number: int, code: str, state: str = "800", invt_no: str | None = None) -> str:
    """A declaration of the seller `code` with its waybill; its waybill number."""
    waybill = f"SF{number:012d}"
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into clearance_declaration (id, ebp_code, order_no, logistics_code, logistics_no, ebc_code,"
            " agent_code, current, state, reasons, findings, pre_no, invt_no, law_version, stored_at,"
            " message_id, position, app_time, draft)"
            " values (%s, 'EBP', %s, 'L1', %s, %s, 'A1', true, %s, '', '[]', %s, %s, '', %s, 1, 0, '', false)",
            (number, f"O{number}", waybill, code, state, f"P{number}", invt_no, NOW),
        )
    return waybill


def test_declarations_of_the_buyer_show_as_evidence(firms: None) -> None:
    row = order()
    first, second = declaration(1, BUYER), declaration(2, BUYER, "500", "I2")
    assert reviews.name_served(clerk(CARRIER), row.pk, [first, "", f" {first} "], at=NOW) == 1
    assert reviews.name_served(clerk(BUYER), row.pk, ["I2", first], at=NOW) == 1
    assert queries.served_counts(row.pk) == (2, 1)
    assert [(one.number, one.waybill, one.state) for one in queries.served(row.pk)] == [
        ("P1", first, "800"),
        ("I2", second, "500"),
    ]


def test_what_is_anothers_is_refused_like_what_does_not_exist(firms: None) -> None:
    row = order()
    own, foreign = declaration(1, BUYER), declaration(2, OTHER)
    told = []
    for wrong in (foreign, "SF999999999999"):
        with pytest.raises(Refused) as refused:
            reviews.name_served(clerk(CARRIER), row.pk, [own, wrong], at=NOW)
        told.append(refused.value.text.en.replace(wrong, "…"))
    assert told[0] == told[1]
    assert queries.served_counts(row.pk) == (0, 0), "none is named where one is wrong"
    for stranger in (STRANGER, OPERATOR):
        with pytest.raises(NotYours):
            reviews.name_served(stranger, row.pk, [own], at=NOW)
    with pytest.raises(Refused, match="1 to 200"):
        reviews.name_served(clerk(BUYER), row.pk, [], at=NOW)
    with pytest.raises(Refused, match="1 to 200"):
        reviews.name_served(clerk(BUYER), row.pk, [f"X{n}" for n in range(201)], at=NOW)


def test_only_orders_that_clear_name_declarations(firms: None) -> None:
    photos = order(offer(enquiry(service(STUDIO, "photography"))))
    waybill = declaration(1, BUYER)
    with pytest.raises(Refused, match="names no declarations"):
        reviews.name_served(clerk(STUDIO), photos.pk, [waybill], at=NOW)
    given_up = order()
    trading.move_order(clerk(BUYER), given_up.pk, "ask_cancel", reason="不需要了", at=NOW)
    trading.move_order(clerk(CARRIER), given_up.pk, "agree_cancel", at=NOW)
    with pytest.raises(Refused, match="names no declarations"):
        reviews.name_served(clerk(CARRIER), given_up.pk, [waybill], at=NOW)
