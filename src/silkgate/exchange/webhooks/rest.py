"""Events and webhooks over HTTP: the catalogue, an organisation's own events, where it wants to be told of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal

from django.db import connection
from django.http import HttpRequest
from ninja import Path, Router, Status
from pydantic import ConfigDict, Field

from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import events, subscriptions
from silkgate.exchange.webhooks.guard import MAX_URL_CHARACTERS, AddressRefusedError, target
from silkgate.identity.api import CLIENT, PUBLIC, action, actor_of, opens, record, require
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.ui.moment import at_of
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, cut, page
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Out

router = Router(tags=["events"])

READ = action(
    "exchange.events",
    "查询本单位的事件",
    "Read an organisation’s events",
    roles=["declarant", "filer", "reader"],
    scopes=["declarations", "filings", "read"],
)
SUBSCRIBE = action(
    "exchange.webhooks",
    "管理本单位的事件推送",
    "Manage an organisation’s webhooks",
    roles=["declarant", "filer"],
    scopes=["declarations", "filings"],
)
LOOKED_AT = 1_500
"""Events of everybody that one page of a list looks at: of each it has to be asked whose it is."""
Number = Annotated[int, Path(ge=1, lt=1 << 63)]
Code = Annotated[str, Field(min_length=1, max_length=64, description="单位代码 code of the organisation")]


class TypeOut(Out):
    """A type of event."""

    type: str
    zh: str
    en: str
    when_zh: str
    when_en: str
    data_schema: dict[str, Any]
    """JSON Schema of `data`."""


class EventOut(Out):
    """An event as CloudEvents 1.0 has it: what webhooks deliver, too."""

    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    subject: str
    """Where what it is about can be read."""
    datacontenttype: str
    data: dict[str, Any]


class WebhookIn(In):
    """Where an organisation wants to be told of what."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA3X12345U",
                    "url": "https://erp.example.com/silkgate",
                    "types": ["declaration.released", "declaration.refused"],
                }
            ]
        }
    )
    organisation: Code
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARACTERS)]
    """https, on the public internet."""
    types: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=100)]
    """Of /api/v1/events/types."""


class WebhookOut(Out):
    """A webhook of an organisation."""

    id: int
    organisation: str
    url: str
    types: list[str]
    made_at: datetime
    state: Literal["active", "failing", "disabled"]
    failing_since: datetime | None
    disabled_because: str
    """Empty, failing, gone (the address answered 410) or ended."""
    last_event: str
    """Up to which event the journal was looked through for it."""


class WebhookMade(WebhookOut):
    """A webhook that has just been made."""

    secret: str
    """What deliveries are signed with. Shown this once."""


class DeliveryOut(Out):
    """An event on its way to a webhook."""

    event: str
    attempts: int
    state: Literal["waiting", "delivered", "given_up"]
    tried_at: datetime | None
    due_at: datetime | None
    """Of the next attempt."""
    status: int | None
    """Of the last answer over HTTP."""
    reason: str


class ReplayIn(In):
    """From where to deliver again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"after": "evt-1042"}, {"after": "evt-0"}]})
    after: Annotated[str, Field(pattern=r"^evt-[0-9]{1,18}$")]
    """The last event that is not wanted again."""


# --- Events -----------------------------------------------------------------------------------------------------------


@router.get("/events/types", response=list[TypeOut], summary="事件目录 / Catalogue of events")
@opens(PUBLIC)
def event_types(request: HttpRequest) -> Any:
    """全部事件类型及其数据。Every type of event with its data."""
    return [
        {
            "type": one.name,
            "zh": one.words.zh,
            "en": one.words.en,
            "when_zh": one.when.zh,
            "when_en": one.when.en,
            "data_schema": one.schema(),
        }
        for _, one in sorted(journal.TYPES.items())
    ]


@router.get("/events", response=Page[EventOut], summary="本单位的事件 / Events of one’s organisations, oldest first")
@opens(READ, anywhere=True)
def list_events(request: HttpRequest, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """先发生的在前；保存next，以后再取即可续读，不会遗漏。

    Keep `next` and ask it again later: nothing is skipped. A page may be empty while `more` is true.
    """
    start = begin(request, cursor) or 0
    codes = set(READ.where(actor_of(request)))
    with connection.cursor() as opened:
        horizon = events.horizon(opened, start)
        found, top = events.look(opened, start, list(journal.TYPES), horizon, limit=LOOKED_AT)
    mine = [one for one in found if codes.intersection(one.subject.organisations)]
    if len(mine) > limit:
        mine, top = mine[:limit], mine[limit - 1].event.id
    return page(request, [events.told(one) for one in mine], top, more=top < horizon)


# --- Webhooks ---------------------------------------------------------------------------------------------------------


@router.get("/webhooks", response=Page[WebhookOut], summary="推送订阅 / Webhooks")
@opens(SUBSCRIBE, anywhere=True)
def list_webhooks(request: HttpRequest, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """本单位的推送订阅，新的在前。Those of your own organisations, newest first."""
    before = begin(request, cursor)
    rows = Subscription.objects.filter(organisation_code__in=own(request)).order_by("-id")
    if before is not None:
        rows = rows.filter(id__lt=before)
    found, last = cut(rows[: limit + 1], limit, lambda row: row.pk)
    return page(request, [_told(row) for row in found], last)


@router.post("/webhooks", response={201: WebhookMade}, summary="新增推送 / Make a webhook")
@opens(SUBSCRIBE, anywhere=True)
def make_webhook(request: HttpRequest, wanted: WebhookIn) -> Any:
    """签名密钥只在此次答复中给出。The secret is in this answer and never again."""
    require(request, SUBSCRIBE, wanted.organisation)
    if wanted.organisation not in own(request):
        told = Text("只能为本单位订阅，受托代理不可。", "For an organisation of your own only, not as an agent.")
        raise ProblemError("access.denied", told)
    unknown = [(place, name) for place, name in enumerate(wanted.types) if name not in journal.TYPES]
    if unknown:
        needed = Text("/api/v1/events/types所列的类型", "a type that /api/v1/events/types lists")
        raise ProblemError(
            "request.invalid", errors=[Fault(f"#/types/{place}", name, needed) for place, name in unknown]
        )
    try:
        target(wanted.url)
    except AddressRefusedError as error:
        raise ProblemError("webhook.address", errors=[Fault("#/url", wanted.url, error.text)]) from error
    name, at = actor_of(request).name, at_of(request)
    with _limited():
        made, secret = subscriptions.make(wanted.organisation, wanted.url, wanted.types, name, at)
    return Status(201, {**_told(made), "secret": secret})


@contextmanager
def _limited() -> Iterator[None]:
    try:
        yield
    except subscriptions.TooManyError as error:
        raise ProblemError("webhook.too_many") from error


@router.get("/webhooks/{number}", response=WebhookOut, summary="一个推送 / One webhook")
@opens(SUBSCRIBE, anywhere=True)
def one_webhook(request: HttpRequest, number: Number) -> Any:
    """它的状态。How it stands."""
    return _told(mine(request, number))


@router.delete("/webhooks/{number}", response={204: None}, summary="停用推送 / End a webhook")
@opens(SUBSCRIBE, anywhere=True)
def end_webhook(request: HttpRequest, number: Number) -> Any:
    """不再推送；可以恢复。No more deliveries; it can be resumed."""
    subscriptions.end(mine(request, number), "ended", actor_of(request).name, at_of(request))
    return Status(204, None)


@router.post("/webhooks/{number}/resume", response=WebhookOut, summary="恢复推送 / Resume a webhook")
@opens(SUBSCRIBE, anywhere=True)
def resume_webhook(request: HttpRequest, number: Number) -> Any:
    """从停下处继续，其间的事件补推。It goes on where it stopped: what happened meanwhile is delivered."""
    row = mine(request, number)
    with _limited():
        subscriptions.resume(row, at_of(request))
    row.refresh_from_db()
    return _told(row)


@router.post("/webhooks/{number}/secret", response={201: WebhookMade}, summary="更换密钥 / A new secret")
@opens(SUBSCRIBE, anywhere=True)
def rotate_secret(request: HttpRequest, number: Number) -> Any:
    """新密钥只在此次答复中给出；此后24小时内，推送同时以新旧密钥签名。

    The secret is in this answer and never again. For 24 hours deliveries carry signatures of both, the new one and the
    one before.
    """
    row = mine(request, number)
    secret = subscriptions.rotate(row, at_of(request))
    return Status(201, {**_told(row), "secret": secret})


@router.post("/webhooks/{number}/replay", response=WebhookOut, summary="重新推送 / Deliver again")
@opens(SUBSCRIBE, anywhere=True)
def replay_webhook(request: HttpRequest, number: Number, wanted: ReplayIn) -> Any:
    """重推该事件之后的全部事件，不论是否已送达。Everything after that event, whether it has arrived or not."""
    row = mine(request, number)
    subscriptions.replay(row, int(wanted.after.removeprefix("evt-")), at_of(request))
    row.refresh_from_db()
    return _told(row)


@router.post("/webhooks/{number}/trial", response={202: WebhookOut}, summary="试推送 / Deliver a trial")
@opens(SUBSCRIBE, anywhere=True)
def try_webhook(request: HttpRequest, number: Number) -> Any:
    """推送一个webhook.trial事件，编号evt-0。Delivers an event webhook.trial with the id evt-0."""
    row = mine(request, number)
    subscriptions.trial(row, at_of(request))
    return Status(202, _told(row))


@router.get("/webhooks/{number}/deliveries", response=Page[DeliveryOut], summary="推送记录 / Deliveries")
@opens(SUBSCRIBE, anywhere=True)
def list_deliveries(request: HttpRequest, number: Number, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
    """事件新的在前；送达或放弃三十天后不再列出。Newest events first; for thirty days after they arrived."""
    before = begin(request, cursor)
    rows = Delivery.objects.filter(subscription=mine(request, number)).order_by("-event_id")
    if before is not None:
        rows = rows.filter(event_id__lt=before)
    found, last = cut(rows[: limit + 1], limit, lambda row: row.event_id)
    return page(request, [_delivery(row) for row in found], last)


def own(request: HttpRequest) -> list[str]:
    """Organisations that the actor belongs to and may do this for: what an agent sets up would outlive its delegation.

    A program's first organisation is its own.
    """
    actor = actor_of(request)
    own = actor.organisations[:1] if actor.kind == CLIENT else tuple(actor.roles)
    return [code for code in own if SUBSCRIBE.allows(actor, code)]


def mine(request: HttpRequest, number: int) -> Subscription:
    """Another's is answered like one that is not there; that it was asked for is kept."""
    row = Subscription.objects.filter(pk=number).first()
    if row is None:
        raise ProblemError("request.not_found")
    if row.organisation_code not in own(request):
        record(request, SUBSCRIBE, row.organisation_code, subject=f"webhook/{number}", allowed=False)
        raise ProblemError("request.not_found")
    return row


def _told(row: Subscription) -> dict[str, Any]:
    return {
        "id": row.pk,
        "organisation": row.organisation_code,
        "url": row.url,
        "types": row.types,
        "made_at": row.made_at,
        "state": "disabled" if row.disabled_at else "failing" if row.failing_since else "active",
        "failing_since": row.failing_since,
        "disabled_because": row.disabled_because,
        "last_event": events.name(row.cursor),
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    return {
        "event": events.name(row.event_id),
        "attempts": row.attempts,
        "state": "delivered" if row.delivered_at else "waiting" if row.due_at else "given_up",
        "tried_at": row.tried_at,
        "due_at": row.due_at,
        "status": row.status,
        "reason": row.reason,
    }
