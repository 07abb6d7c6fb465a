"""From an enquiry to a completed order, step by step: who may, with which reason, what becomes frozen.

Every step is one transaction: the row locked, its step and its journal event written, the case in the work list of
whoever it waited for ended, the next one opened. Of two at once the second sees the first.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.programmes import access, models, queries, rules, workflows
from silkgate.programmes.domain import (
    BUYER,
    DISPUTED,
    ENQUIRY,
    ENQUIRY_SUBJECT,
    EVENTS,
    OFFER_AFTER,
    OPEN,
    OPERATOR,
    ORDER,
    ORDER_SUBJECT,
    PLACED,
    SENT,
    Course,
    Move,
    NotYours,
    Quoted,
    Refused,
    Wanted,
    refused,
)

_SUBJECTS = {ENQUIRY.name: ENQUIRY_SUBJECT, ORDER.name: ORDER_SUBJECT}
_LONGEST_RULE = 300


def enquire(actor: Actor, code: str, service: int, wanted: Wanted, *, at: datetime) -> models.Enquiry:
    """Ask for a service in the name of the organisation `code`. Raises Refused, NotYours (not shown)."""
    if code not in access.own(actor, access.TRADE):
        raise refused("您不能以该单位的名义办理。", "You may not act for this organisation.", "organisation")
    found = queries.service(service)
    if found is None or queries.hidden_because(found, china_day(at)):
        raise NotYours(f"service {service}")
    if found.provider_code == code:
        raise refused("不能向本单位询价。", "An organisation cannot enquire with itself.", "organisation")
    with transaction.atomic():
        row = models.Enquiry.objects.create(
            service_id=found.id,
            service_version_id=found.version_id,
            buyer_code=code,
            provider_code=found.provider_code,
            what=wanted.what,
            quantity=wanted.quantity,
            needed_by=wanted.needed_by,
            state=SENT,
            version=1,
            sent_by=actor.name,
            sent_at=at,
            entered_at=at,
        )
        _begin(ENQUIRY, row, actor, "enquiry.sent", at)
    return row


def quote(actor: Actor, number: int, quoted: Quoted, *, version: int | None = None, at: datetime) -> models.Offer:
    """Make an offer for an enquiry, or a revision that takes the place of the open one.

    `version`: of the enquiry that the actor has seen. Raises Refused, NotYours.
    """
    with transaction.atomic():
        row = locked(ENQUIRY, actor, number)
        side, target = _way(ENQUIRY, row, actor, "offer", version)
        _still_fits(row)
        _end_offer(row, "offer")
        last = queries.newest_offer(row.pk)
        made = models.Offer.objects.create(
            enquiry=row,
            number=last.number + 1 if last else 1,
            price_form=quoted.price.form,
            price_cents=quoted.price.cents,
            currency=quoted.price.currency,
            tax_included=quoted.price.tax_included,
            quantity=quoted.quantity,
            conditions=quoted.conditions,
            deliver_by=quoted.deliver_by,
            valid_until=quoted.valid_until,
            state=OPEN,
            made_by=actor.name,
            made_at=at,
        )
        _advance(ENQUIRY, row, actor, "offer", side, target, at=at)
    return made


def accept(actor: Actor, offer: int, *, version: int | None = None, at: datetime) -> models.Order:
    """Accept an open offer: the order, with both sides' terms frozen. Raises Refused, NotYours."""
    known = queries.offer(offer)
    if known is None:
        raise NotYours(f"offer {offer}")
    with transaction.atomic():
        row = locked(ENQUIRY, actor, known.enquiry_id)
        side, target = _way(ENQUIRY, row, actor, "accept", version)
        current = models.Offer.objects.get(id=offer)
        if current.state != OPEN:
            raise refused(
                "这份报价已经失效，请查看最新报价。", "This offer is not open any more. Look at the newest one."
            )
        if current.valid_until < china_day(at):
            raise refused(
                f"这份报价已于{current.valid_until}到期，请服务商重新报价。",
                f"This offer ended on {current.valid_until}. Ask the provider for another.",
            )
        _still_fits(row)
        _end_offer(row, "accept")
        _advance(ENQUIRY, row, actor, "accept", side, target, at=at)
        terms = _frozen(row, current, at)
        order = models.Order.objects.create(
            enquiry=row,
            offer=current,
            service_id=row.service_id,
            buyer_code=row.buyer_code,
            provider_code=row.provider_code,
            terms=terms,
            terms_sha256=hashlib.sha256(terms.encode()).hexdigest(),
            state=PLACED,
            version=1,
            disputed=False,
            placed_by=actor.name,
            placed_at=at,
            entered_at=at,
        )
        _begin(ORDER, order, actor, "serviceorder.placed", at)
    return order


def move_enquiry(
    actor: Actor, number: int, move: str, *, reason: str = "", version: int | None = None, at: datetime
) -> models.Enquiry:
    """Any move of an enquiry but `offer` and `accept`, which have functions of their own. Raises Refused, NotYours."""
    with transaction.atomic():
        row: models.Enquiry = locked(ENQUIRY, actor, number)
        if move in {"offer", "accept"}:
            raise refused("这一步请用报价或下单。", "For this step make an offer, or place an order.", "move")
        side, target = _way(ENQUIRY, row, actor, move, version)
        _said(ENQUIRY, move, reason, "")
        _end_offer(row, move)
        _advance(ENQUIRY, row, actor, move, side, target, reason=reason, at=at)
    return row


def move_order(
    actor: Actor,
    number: int,
    move: str,
    *,
    reason: str = "",
    rule: str = "",
    version: int | None = None,
    at: datetime,
) -> models.Order:
    """A move of an order; `rule` is what a decision of the operator rests on. Raises Refused, NotYours."""
    with transaction.atomic():
        row: models.Order = locked(ORDER, actor, number)
        side, target = _way(ORDER, row, actor, move, version)
        _said(ORDER, move, reason, rule)
        row.disputed = row.disputed or target == DISPUTED
        _advance(ORDER, row, actor, move, side, target, reason=reason, rule=rule, at=at)
    return row


# --- One step ---------------------------------------------------------------------------------------------------------


def locked(course: Course, actor: Actor, number: int) -> Any:
    """The row, locked, where it exists for the actor. Raises NotYours."""
    model: Any = models.Enquiry if course is ENQUIRY else models.Order
    row = model.objects.select_for_update().filter(id=number).first()
    if row is None or not access.sides_of(actor, access.SEE, row):
        raise NotYours(f"{course.name} {number}")
    return row


def _way(course: Course, row: Any, actor: Actor, move: str, version: int | None) -> tuple[str, str]:
    """The side for which the actor makes a move, and where it leads. Raises Refused that says why not."""
    state = course.states[row.state].words
    if version is not None and version != row.version:
        raise refused(
            f"对方或同事刚刚办理过，现为“{state.zh}”。请重新查看后再办。",
            f"It has moved on since you opened the page and stands at “{state.en}”. Look again, then decide.",
        )
    for side in sorted(access.sides_of(actor, access.TRADE, row)):
        target = course.target(move, row.state, side)
        if target:
            return side, target
    known = course.moves.get(move)
    if known is None or not any(source == row.state for source, _ in known.ways):
        raise refused(
            f"现为“{state.zh}”，不能这样办理。", f"It stands at “{state.en}”; that cannot be done now.", "move"
        )
    raise refused(
        f"“{known.words.zh}”不由您这一方办理。", f"This step is not for your side to take: {known.words.en}.", "move"
    )


def _said(course: Course, move: str, reason: str, rule: str) -> None:
    fault = rules.reason_fault(course.moves[move].reason, reason.strip())
    if fault:
        raise Refused(fault)
    if len(rule) > _LONGEST_RULE or "\0" in rule:
        raise refused(f"依据最多{_LONGEST_RULE}字。", f"The rule has at most {_LONGEST_RULE} characters.", "rule")


def _still_fits(row: models.Enquiry) -> None:
    """Raises Refused where the provider's filing does not let it do this any more."""
    found = queries.service(row.service_id)
    behind = queries.provider(row.provider_code)
    if found is None or behind is None or behind.lacks(found.kind):
        raise refused(
            "服务商的备案目前不在有效状态，不能报价和成交；备案恢复后再办。",
            "The provider’s filing has no effect at present: no offer can be made or accepted until it is restored.",
        )


def _end_offer(row: models.Enquiry, move: str) -> None:
    models.Offer.objects.filter(enquiry=row, state=OPEN).update(state=OFFER_AFTER[move])


def _begin(course: Course, row: Any, actor: Actor, event: str, at: datetime) -> None:
    _note(course, row, actor, "", "", BUYER, "", "", at)
    _tell(course, row, actor, event, "", "", at)
    _hand_on(course, row, actor, BUYER, at)


def _advance(
    course: Course,
    row: Any,
    actor: Actor,
    move: str,
    side: str,
    target: str,
    *,
    reason: str = "",
    rule: str = "",
    at: datetime,
) -> None:
    """Write a step that has been allowed."""
    source, reason, rule = row.state, reason.strip(), rule.strip()
    row.state, row.version, row.entered_at = target, row.version + 1, at
    _note(course, row, actor, move, source, side, reason, rule, at)
    _tell(course, row, actor, EVENTS[move], source, side, at)
    workflows.end_task(actor, row.task_id, reason=reason, rule=rule, decided=side == OPERATOR, at=at)
    row.task_id = None
    _hand_on(course, row, actor, side, at)


def _hand_on(course: Course, row: Any, actor: Actor, side: str, at: datetime) -> None:
    """Open a task for whoever the enquiry or order waits for now, in their work list, and save the row."""
    waits_for = course.states[row.state].waits_for
    if waits_for:
        whose = side if waits_for == OPERATOR else waits_for
        code = row.buyer_code if whose == BUYER else row.provider_code
        title = queries.title_of((row if course is ENQUIRY else row.enquiry).service_version)
        if row.service.demo:
            title = Text(f"演示：{title.zh}", f"Demo: {title.en}")
        subject, data = f"{course.name}/{row.pk}", {course.name: row.pk}
        row.task_id = workflows.open_task(actor, row.state, code, subject, title, data, at)
    row.save()


def _note(
    course: Course, row: Any, actor: Actor, move: str, source: str, side: str, reason: str, rule: str, at: datetime
) -> None:
    models.Step.objects.create(
        enquiry_id=row.pk if course is ENQUIRY else row.enquiry_id,
        course=course.name,
        number=row.version,
        move=move,
        source=source,
        target=row.state,
        side=side,
        actor=actor.name,
        at=at,
        reason=reason,
        rule=rule,
    )


def _tell(course: Course, row: Any, actor: Actor, event: str, source: str, side: str, at: datetime) -> None:
    """The journal's event. What people wrote stays in the step."""
    detail = {"service": row.service_id, "step": row.version, "from": source, "to": row.state, "side": side}
    with connection.cursor() as cursor:
        journal.record(
            cursor, at=at, actor=actor.name, kind=event, subject=(_SUBJECTS[course.name], row.pk), detail=detail
        )


def possible(actor: Actor, course: Course, row: Any) -> tuple[Move, ...]:
    """The moves that the actor may make now, on any side that is theirs."""
    held = access.sides_of(actor, access.TRADE, row)
    return tuple(move for move in course.moves.values() if any((row.state, side) in move.ways for side in held))


# --- What is frozen ---------------------------------------------------------------------------------------------------


def _frozen(row: models.Enquiry, offer: models.Offer, at: datetime) -> str:
    """What both sides agreed, as canonical JSON: members sorted, no spaces, UTF-8. Its digest is the order's."""
    version, price = row.service_version, queries.price_of(offer)
    return json.dumps(
        {
            "format": "silkgate.market.terms/1",
            "accepted_at": at.isoformat(),
            "buyer": {"code": row.buyer_code, "name": queries.name_of(row.buyer_code)},
            "provider": {"code": row.provider_code, "name": queries.name_of(row.provider_code)},
            "service": {
                "id": row.service_id,
                "version": version.number,
                "kind": row.service.kind,
                **({"demo": True} if row.service.demo else {}),
                "title": {"zh": version.title_zh, "en": version.title_en},
                "conditions": {"zh": version.conditions_zh, "en": version.conditions_en},
            },
            "enquiry": {
                "id": row.pk,
                "what": row.what,
                "quantity": row.quantity,
                "needed_by": row.needed_by.isoformat(),
            },
            "offer": {
                "id": offer.pk,
                "number": offer.number,
                "price": {
                    "form": price.form,
                    "cents": price.cents,
                    "currency": price.currency,
                    "tax_included": price.tax_included,
                },
                "quantity": offer.quantity,
                "total_cents": price.total_cents(offer.quantity),
                "conditions": offer.conditions,
                "deliver_by": offer.deliver_by.isoformat(),
                "valid_until": offer.valid_until.isoformat(),
            },
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
