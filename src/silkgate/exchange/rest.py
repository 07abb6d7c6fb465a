"""The exchange over HTTP: messages in, receipts out.

A message is named `<number>-<first 16 hexadecimal digits of its SHA-256>`: whoever sent it knows the digest, nobody
else can guess it.
"""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus
from itertools import islice
from typing import Any

import msgspec
import psycopg
from django.conf import settings
from django.core.exceptions import SuspiciousOperation, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from ninja import Schema

from silkgate.exchange import inbox, outbox
from silkgate.exchange.backlog import Refused, quotas
from silkgate.exchange.domain import Received
from silkgate.exchange.lists import router
from silkgate.exchange.naming import message_name, message_number
from silkgate.exchange.problems import KINDS, problem
from silkgate.exchange.receiver import connect, max_message_bytes, shared_receiver
from silkgate.exchange.sealing import receipt_proof
from silkgate.identity.api import PUBLIC, action, opens
from silkgate.standards.archives import ArchiveRefused, unpack_zip
from silkgate.standards.netstrings import NetstringRefused, netstrings

SEND = action(
    "exchange.send", "报送报文（凭报文签名认定）", "Send messages (each counts by its signature)", anyone=True
)
NAMED = action("exchange.named", "凭编号读取报文和回执", "Read a message or receipt by its name", anyone=True)
"""Names are secrets: half of each comes from the digest of the bytes, which only sender and recipient have."""

RETRY_AFTER_SECONDS = 5
LOGGED_AFTER_SECONDS = 2
MESSAGES_PER_REQUEST = 1_000
NETSTRINGS = "application/vnd.silkgate.netstrings"
"""Many messages in one body, each as a netstring: what costs a firm's program and the platform least."""

_encode = msgspec.json.Encoder().encode


class Taken(Schema):
    """A message that is durable now."""

    id: str
    """Its name in all other calls."""
    sha256: str
    kind: str
    """Root name such as CEB621Message; Unknown where it could not be read."""
    guid: str
    documents: int
    refusal: str
    """Slug of the format rule that it broke; empty where it broke none."""
    href: str
    receipts: str


class Acknowledgement(Schema):
    """What was taken in, in the order of the request."""

    messages: list[Taken]


class ReceiptOut(Schema):
    """One receipt message."""

    id: int
    kind: str
    documents: int
    recipient: str
    xml: str
    proof: str
    """Where the proof is that it stands in the public log, a few seconds later."""


class Receipts(Schema):
    """All receipts for a message so far, oldest first. `decided` is false while the engine has not reached it."""

    decided: bool
    receipts: list[ReceiptOut]


class Quotas(Schema):
    """What may be sent and what may wait, and how things stand now. Documents, bytes, seconds."""

    max_message_bytes: int
    max_messages_per_request: int
    max_request_bytes: int
    max_request_seconds: int
    max_backlog_documents: int
    """Of all senders, as far as shares go."""
    hard_backlog_documents: int
    """Above it nothing is taken from anybody."""
    min_share_documents: int
    waiting_documents: int
    waiting_senders: int
    share_documents: int
    """What each sender may have waiting at this moment."""
    decided_per_second: int | None
    """Null where it was not measured yet."""
    taking: bool
    """False while nothing is taken from anybody."""


class _BadRequestError(Exception):
    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status_code)
        self.response = response


_MANY = {"type": "string", "format": "binary"}
BODIES = {
    "requestBody": {
        "required": True,
        "description": "一份或多份报文。One message or many.",
        "content": {
            "application/xml": {"schema": {"type": "string", "description": "CEBxxxMessage or DxpMsg"}},
            NETSTRINGS: {"schema": _MANY, "example": "20:<CEB311Message ... />,"},
            "application/zip": {"schema": _MANY},
            "multipart/form-data": {"schema": {"type": "object", "additionalProperties": _MANY}},
        },
    }
}


def _file(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What is described of an operation that answers with a file."""
    return {"responses": {200: {"description": "OK", "content": {media_type: {"schema": schema}}}}}


@router.post(
    "/messages",
    response={202: Acknowledgement},
    summary="发送报文 / Send messages",
    openapi_extra=BODIES,
)
@opens(SEND)
def send_messages(request: HttpRequest) -> Any:
    """Take in one message (application/xml, raw or in a DXP envelope), or many: application/vnd.silkgate.netstrings
    (each as length, colon, bytes, comma), application/zip or multipart/form-data.

    202 once everything is durable; the business answer follows as receipts. 429 with Retry-After where a sender has its
    share waiting, 503 with Retry-After where nothing can be kept: then nothing of the request was taken.
    """
    raws = messages_in(request)
    if isinstance(raws, HttpResponse):
        return raws
    try:
        received, numbers = shared_receiver().admit(raws, "http", request.META.get("REMOTE_ADDR", ""))
    except Refused as refused:
        return problem(
            KINDS[refused.code].status,
            refused.code,
            *refused.text,
            figures=refused.figures,
            Retry_After=str(refused.retry_after_seconds),
        )
    except psycopg.Error:
        return _unavailable()
    taken = [_taken(number, item) for number, item in zip(numbers, received, strict=True)]
    return HttpResponse(_encode({"messages": taken}), content_type="application/json; charset=utf-8", status=202)


def _unavailable() -> HttpResponse:
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "exchange.unavailable",
        "报文未能保存，请稍后重发同一报文。",
        "Nothing could be kept. Send the same message again later.",
        Retry_After=str(RETRY_AFTER_SECONDS),
    )


def messages_in(request: HttpRequest) -> list[bytes] | HttpResponse:
    """The messages that a request carries, in any of the forms of the message door; or why there are none to be had."""
    try:
        return _bodies(request)
    except _BadRequestError as bad:
        return bad.response


def _bodies(request: HttpRequest) -> list[bytes]:
    kind = (request.content_type or "").lower()
    if kind == "multipart/form-data":
        bodies: list[bytes] = []
        for _, files in _files(request):
            for file in files:
                data = file.read()
                bodies.extend(_unpacked(data) if data[:4] == b"PK\x03\x04" else [data])
    elif kind in ("application/zip", "application/x-zip-compressed"):
        bodies = _unpacked(request.body)
    elif kind == NETSTRINGS:
        bodies = _netstrings(request.body)
    elif kind in ("application/xml", "text/xml", "application/octet-stream", ""):
        bodies = [request.body]
    else:
        raise _BadRequestError(
            problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "exchange.media_type",
                f"不支持的内容类型{kind}；请用application/xml、application/zip、multipart/form-data或{NETSTRINGS}。",
                f"The media type {kind} is not taken: use application/xml, application/zip, multipart/form-data"
                f" or {NETSTRINGS}.",
            )
        )
    if not bodies or not all(bodies):
        raise _BadRequestError(
            problem(HTTPStatus.BAD_REQUEST, "exchange.empty", "请求中没有报文。", "There is no message in the request.")
        )
    if len(bodies) > MESSAGES_PER_REQUEST:
        raise _BadRequestError(_too_many())
    return bodies


def _files(request: HttpRequest) -> list[tuple[str, list[Any]]]:
    try:
        return list(request.FILES.lists())
    except TooManyFilesSent as error:
        raise _BadRequestError(_too_many()) from error
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise _BadRequestError(
            problem(
                HTTPStatus.BAD_REQUEST,
                "exchange.multipart",
                f"multipart/form-data内容无法解析：{error}",
                f"The multipart/form-data body cannot be read: {error}",
            )
        ) from error


def _too_many() -> HttpResponse:
    return problem(
        HTTPStatus.BAD_REQUEST,
        "exchange.too_many",
        f"一次请求最多{MESSAGES_PER_REQUEST}份报文。",
        f"At most {MESSAGES_PER_REQUEST} messages in one request.",
    )


def _unpacked(data: bytes) -> list[bytes]:
    try:
        return [body for _, body in unpack_zip(data)]
    except ArchiveRefused as refused:
        raise _BadRequestError(
            problem(HTTPStatus.BAD_REQUEST, refused.code, refused.detail.zh, refused.detail.en)
        ) from refused


def _netstrings(body: bytes) -> list[bytes]:
    try:
        return list(islice(netstrings(body), MESSAGES_PER_REQUEST + 1))
    except NetstringRefused as refused:
        raise _BadRequestError(
            problem(HTTPStatus.BAD_REQUEST, "exchange.netstrings", refused.detail.zh, refused.detail.en)
        ) from refused


def _taken(number: int, item: Received) -> dict[str, Any]:
    """As `Taken` says; plain, because a request may carry a thousand."""
    name = message_name(number, item.sha256)
    found = item.found
    return {
        "id": name,
        "sha256": item.sha256.hex(),
        "kind": found.kind,
        "guid": found.guid,
        "documents": found.document_count,
        "refusal": found.refusal,
        "href": f"/api/v1/messages/{name}",
        "receipts": f"/api/v1/messages/{name}/receipts",
    }


def _not_found() -> HttpResponse:
    return problem(
        HTTPStatus.NOT_FOUND,
        "exchange.no_message",
        "没有这份报文，或编号中的摘要不符。",
        "There is no such message, or the digest in its name is not its own.",
    )


@router.get("/quotas", response=Quotas, summary="配额与现状 / Quotas, and how things stand")
@opens(PUBLIC)
def get_quotas(request: HttpRequest) -> Any:
    """Limits of a request, quotas of the backlog, and how much of it is used. No sender's own figures."""
    limits = quotas()
    try:
        standing = shared_receiver().backlog.standing()
    except psycopg.Error:
        return _unavailable()
    full = standing.waiting_documents >= limits.hard_backlog_documents
    return Quotas(
        max_message_bytes=max_message_bytes(),
        max_messages_per_request=MESSAGES_PER_REQUEST,
        max_request_bytes=settings.MAX_REQUEST_BODY_BYTES,
        max_request_seconds=settings.MAX_REQUEST_BODY_SECONDS,
        max_backlog_documents=limits.max_backlog_documents,
        hard_backlog_documents=limits.hard_backlog_documents,
        min_share_documents=limits.min_share_documents,
        waiting_documents=standing.waiting_documents,
        waiting_senders=standing.senders,
        share_documents=standing.share_documents,
        decided_per_second=standing.decided_per_second,
        taking=not (full or standing.short_of_disk),
    )


@router.get("/messages/{name}/receipts", response=Receipts, summary="报文的回执 / Receipts of a message")
@opens(NAMED)
def receipts(request: HttpRequest, name: str) -> Any:
    """All receipts for a message so far."""
    with connect() as connection:
        number = message_number(connection, name)
        if number is None:
            return _not_found()
        return Receipts(
            decided=number in outbox.answers_for(connection, [number]),
            receipts=[
                ReceiptOut(
                    id=receipt.id,
                    kind=receipt.kind,
                    documents=receipt.documents,
                    recipient=receipt.recipient,
                    xml=receipt.body.decode(),
                    proof=f"/api/v1/receipts/{message_name(receipt.id, sha256(receipt.body).digest())}/proof",
                )
                for receipt in outbox.receipts_of(connection, number)
            ],
        )


@router.get(
    "/receipts/{name}/proof",
    summary="回执入日志的证明 / Proof that a receipt is in the log",
    openapi_extra=_file("text/plain", {"type": "string"}),
)
@opens(NAMED)
def proof(request: HttpRequest, name: str, size: int | None = None) -> HttpResponse:
    """A proof file (c2sp.org/tlog-proof) for the newest checkpoint, or for that of `size`.

    A receipt is named by its number and the first 16 hexadecimal digits of the SHA-256 of its bytes, as messages are.
    """
    with connect() as connection:
        receipt = outbox.receipt_named(connection, name)
        if receipt is None:
            return problem(
                HTTPStatus.NOT_FOUND,
                "exchange.no_receipt",
                "没有这份回执，或编号中的摘要不符。",
                "There is no such receipt, or the digest in its name is not its own.",
            )
        found = receipt_proof(connection, receipt.id, size) if size is None or 0 < size < 1 << 63 else None
    if found is None:
        return problem(
            HTTPStatus.NOT_FOUND,
            "exchange.not_logged",
            "这份回执还没有记入该检查点的日志。",
            "This receipt is not in the log of that checkpoint yet.",
            Retry_After=str(LOGGED_AFTER_SECONDS),
        )
    return HttpResponse(
        found.text(),
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{receipt.kind}-{receipt.id}.tlog-proof"'},
    )


@router.get(
    "/messages/{name}/content",
    summary="报文原文 / A message as it was received",
    openapi_extra=_file("application/octet-stream", _MANY),
)
@opens(NAMED)
def content(request: HttpRequest, name: str) -> HttpResponse:
    """The bytes of a message exactly as they were received."""
    with connect() as connection:
        number = message_number(connection, name)
        body = inbox.received_bytes(connection, number) if number is not None else None
    if body is None:
        return _not_found()
    return HttpResponse(body, content_type="application/octet-stream")
