"""What an order leaves behind: the buyer's review, the provider's answer to it, the declarations that it served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.programmes import access, models, queries, trading
from silkgate.programmes.domain import (
    BUYER,
    CANCELLED,
    CONFIRMED,
    DISSOLVED,
    ORDER,
    ORDER_SUBJECT,
    PROVIDER,
    refused,
)
from silkgate.programmes.kinds import kinds

MOST_NAMED = 200
"""Declarations that are named at once."""


def review(actor: Actor, number: int, stars: int, words: str, *, at: datetime) -> models.Review:
    """Evaluate a completed order, by its buyer and once; `stars` 1 to 5. Raises Refused, NotYours."""
    with transaction.atomic():
        row: models.Order = trading.locked(ORDER, actor, number)
        _only(actor, row, BUYER, "只有需求方可以评价。", "Only the buyer reviews an order.")
        if row.state != CONFIRMED:
            raise refused("订单完成后才能评价。", "An order is reviewed once it is completed.")
        if queries.review_of(row.pk):
            raise refused("这个订单已经评价过；评价不能修改。", "This order has its review; it cannot be changed.")
        made = models.Review.objects.create(
            order=row,
            provider_code=row.provider_code,
            service_id=row.service_id,
            stars=stars,
            words=words,
            by=actor.name,
            at=at,
            answer="",
            answered_by="",
        )
        _tell(row, actor, "serviceorder.reviewed", {"stars": stars}, at)
    return made


def answer(actor: Actor, number: int, words: str, *, at: datetime) -> models.Review:
    """Answer the review of an order, by its provider and once. Raises Refused, NotYours."""
    with transaction.atomic():
        row: models.Order = trading.locked(ORDER, actor, number)
        _only(actor, row, PROVIDER, "只有服务商可以答复评价。", "Only the provider answers a review.")
        made = queries.review_of(row.pk)
        if made is None:
            raise refused("还没有评价。", "There is no review yet.")
        if made.answered_at is not None:
            raise refused("已经答复过；答复不能修改。", "It has been answered; the answer cannot be changed.")
        made.answer, made.answered_by, made.answered_at = words, actor.name, at
        made.save()
        _tell(row, actor, "serviceorder.review_answered", {}, at)
    return made


def name_served(actor: Actor, number: int, references: Iterable[str], *, at: datetime) -> int:
    """Name declarations of the buyer that were handled under an order, by declaration or waybill number; how many are
    new. By either party, while the order is not given up.

    What is nobody's and what is another's is refused in the same words. Raises Refused, NotYours; then none is named.
    """
    wanted = list(dict.fromkeys(text.strip() for text in references if text.strip()))
    with transaction.atomic():
        row: models.Order = trading.locked(ORDER, actor, number)
        if not access.sides(actor, access.TRADE, row.buyer_code, row.provider_code, False):
            raise refused("您没有办理该订单的权限。", "You may not act in this order.")
        if not kinds()[row.service.kind].clears or row.state in {CANCELLED, DISSOLVED}:
            raise refused("这个订单不能列出清单。", "This order names no declarations.")
        if not 0 < len(wanted) <= MOST_NAMED or any("\0" in text or len(text) > 60 for text in wanted):
            raise refused(
                f"请填写1至{MOST_NAMED}个清单编号或运单号，每行一个。",
                f"Give 1 to {MOST_NAMED} declaration or waybill numbers, one a line.",
                "references",
            )
        found = _of_buyer(wanted, row.buyer_code)
        missing = [text for text in wanted if text not in found]
        if missing:
            listed = "、".join(missing[:10])
            raise refused(
                f"没有找到属于需求方的这些清单或运单：{listed}。",
                f"No declaration or waybill of the buyer has these numbers: {', '.join(missing[:10])}.",
                "references",
            )
        numbers = set().union(*found.values())
        known = set(models.Served.objects.filter(order=row).values_list("declaration_id", flat=True))
        new = sorted(numbers - known)
        models.Served.objects.bulk_create(
            [models.Served(order=row, declaration_id=one, by=actor.name, at=at) for one in new]
        )
        if new:
            _tell(row, actor, "serviceorder.served", {"declarations": len(new)}, at)
    return len(new)


def _of_buyer(references: Sequence[str], code: str) -> dict[str, set[int]]:
    """Declarations in force of `code`, as seller or platform, by the declaration or waybill number that finds them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select wanted.text, found.id from unnest(%(texts)s::text[]) wanted(text) cross join lateral"
            " (select id from clearance_declaration"
            " where current and (ebc_code = %(code)s or ebp_code = %(code)s) and (invt_no = wanted.text"
            " or (hashtextextended(logistics_no, 0) = hashtextextended(wanted.text, 0) and logistics_no = wanted.text))"
            " order by id limit 20) found",
            {"code": code, "texts": list(references)},
        )
        found: dict[str, set[int]] = {}
        for text, number in cursor.fetchall():
            found.setdefault(text, set()).add(number)
    return found


def _only(actor: Actor, row: models.Order, side: str, zh: str, en: str) -> None:
    if side not in access.sides(actor, access.TRADE, row.buyer_code, row.provider_code, False):
        raise refused(zh, en)


def _tell(row: models.Order, actor: Actor, event: str, detail: dict[str, int], at: datetime) -> None:
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind=event,
            subject=(ORDER_SUBJECT, row.pk),
            detail={"service": row.service_id, **detail},
        )
