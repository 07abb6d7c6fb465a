"""Lists of an organisation's messages and receipts over HTTP. `rest.py` goes on with the same router.

Receipts are listed without their text, which may name people: that has the address that only its recipient knows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from silkgate.exchange import queries
from silkgate.exchange.naming import message_name
from silkgate.exchange.receiver import connect
from silkgate.exchange.webhooks.rest import router as webhooks
from silkgate.identity.api import action, opens, require
from silkgate.identity.api import actor_of as who
from silkgate.ui.paging import DEFAULT_LIMIT, Cursor, Limit, Page, begin, page
from silkgate.ui.schemas import Moment, Out

router = Router(tags=["messages"])
router.add_router("", webhooks)

LIST = action(
    "exchange.list",
    "查询本单位的报文和回执",
    "List an organisation’s messages and receipts",
    duties=["declarations"],
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
)
Organisation = Annotated[
    str,
    Query(
        max_length=64,
        description="只看这个单位（代码）；不填为全部有权的单位。Of this one only; else all that one may.",
    ),
]
Since = Annotated[Moment | None, Query(description="只看此后的（RFC 3339）。Only from this time on (RFC 3339).")]


class MessageLine(Out):
    """One message as it was received."""

    id: str
    """Its name in all other calls."""
    sha256: str
    kind: str
    guid: str
    sender: str
    documents: int
    channel: str
    received_at: datetime
    outcome: str
    """received until it is decided; then accepted, rejected or duplicate."""
    reasons: list[str]
    """Slugs of the rules that it broke: /rules/<slug>."""
    href: str
    receipts: str


class ReceiptLine(Out):
    """One receipt message."""

    id: int
    message: str
    """Name of the message that it answers."""
    kind: str
    documents: int
    recipient: str
    href: str
    """Where it is read, with its proof: the receipts of that message."""


def codes(request: HttpRequest, organisation: str) -> tuple[str, ...] | None:
    """Whose things to list: of `organisation`, else of all for whom the actor may; None: of everybody, for officers."""
    if organisation:
        require(request, LIST, organisation)
        return (organisation,)
    return None if LIST.allows(who(request)) else LIST.where(who(request))


@router.get("/messages", response=Page[MessageLine], summary="报文列表 / Messages, newest first")
@opens(LIST, anywhere=True)
def list_messages(
    request: HttpRequest,
    organisation: Organisation = "",
    since: Since = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Any:
    """新到的在前。一页最多查看两万份报文，可能少于limit甚至为空，只要next还在就请继续。

    Newest first. A page looks at twenty thousand messages of all senders at most and may hold fewer than `limit`.
    """
    before = begin(request, cursor)
    senders = codes(request, organisation)
    lines, digests, last = queries.messages_of(senders, before=before, since=since, limit=limit)
    return page(request, [_message(line, digest) for line, digest in zip(lines, digests, strict=True)], last)


def _message(line: queries.MessageLine, digest: str) -> MessageLine:
    name = message_name(line.id, bytes.fromhex(digest))
    return MessageLine(
        id=name,
        sha256=digest,
        kind=line.kind,
        guid=line.guid,
        sender=line.sender,
        documents=line.documents,
        channel=line.channel,
        received_at=line.received_at,
        outcome=line.outcome,
        reasons=list(line.reasons),
        href=f"/api/v1/messages/{name}",
        receipts=f"/api/v1/messages/{name}/receipts",
    )


@router.get("/receipts", response=Page[ReceiptLine], summary="回执列表 / Receipts, oldest first")
@opens(LIST, anywhere=True)
def list_receipts(
    request: HttpRequest, organisation: Organisation = "", limit: Limit = DEFAULT_LIMIT, cursor: Cursor = ""
) -> Any:
    """本单位的回执，先发的在前；保存next，以后再取即可续收。主管人员须指明organisation。

    Keep `next` and ask it again later: a feed of everything that is sent to your organisations. Officers name one.
    """
    start = begin(request, cursor) or 0
    recipients = codes(request, organisation) or LIST.where(who(request))
    lines = queries.receipts_to(recipients, after=start, limit=limit)
    with connect() as connection:
        names = message_names(connection, [line.message_id for line in lines])
    last = lines[-1].id if lines else start
    return page(
        request,
        [
            ReceiptLine(
                id=line.id,
                message=names[line.message_id],
                kind=line.kind,
                documents=line.documents,
                recipient=line.recipient,
                href=f"/api/v1/messages/{names[line.message_id]}/receipts",
            )
            for line in lines
        ],
        last,
        more=len(lines) == limit,
    )


def message_names(connection: Any, numbers: list[int]) -> dict[int, str]:
    """Names of messages by number."""
    rows = connection.execute("select id, sha256 from exchange_message where id = any(%s)", (numbers,)).fetchall()
    return {number: message_name(number, bytes(digest)) for number, digest in rows}
