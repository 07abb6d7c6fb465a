"""The door of the exchange: messages in, answers and receipts out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from silkgate.exchange.auditing import Audited, audit
from silkgate.exchange.backlog import Backlog, Quotas, Refused, Standing, charge, quotas
from silkgate.exchange.documents import (
    KINDS,
    WANTED,
    Cancel,
    Declaration,
    DeclarationLine,
    Document,
    Order,
    OrderLine,
    Payment,
    Return,
    ReturnLine,
    WarehouseEntry,
    Waybill,
    WaybillStatus,
    decode,
)
from silkgate.exchange.domain import ABSENT, CERTIFICATE, INVALID, MESSAGES_PER_SEGMENT, VALID, Found, Received
from silkgate.exchange.exports import (
    CHECKED,
    EXPORTS,
    NO_CODE,
    Arrival,
    Departure,
    ExportCancel,
    ExportLine,
    ExportList,
    ExportOrder,
    ExportReturn,
    ExportReturnLine,
    ExportWaybill,
    Manifest,
    MoneyReceived,
    ReturnTally,
)
from silkgate.exchange.folder import watch
from silkgate.exchange.idempotency import HEADER as IDEMPOTENCY_HEADER
from silkgate.exchange.idempotency import once
from silkgate.exchange.inbox import NOTIFY_CHANNEL, Segment, found_in, received_bytes, segments_after, store
from silkgate.exchange.intake import examine
from silkgate.exchange.jetstream import Carrier, carry
from silkgate.exchange.jetstream import Standing as CarrierStanding
from silkgate.exchange.jetstream import look as look_at_carrier
from silkgate.exchange.naming import message_name, message_number
from silkgate.exchange.outbox import (
    Answer,
    Outgoing,
    StoredReceipt,
    all_receipts,
    answers_for,
    receipts_for,
    receipts_of,
    write_answers,
    write_receipts,
)
from silkgate.exchange.problems import KINDS as PROBLEMS
from silkgate.exchange.problems import problem
from silkgate.exchange.queries import (
    MessageLine,
    StoredMessage,
    messages_of,
    newest_messages,
    received_at,
    stored_message,
    with_guid,
)
from silkgate.exchange.receiver import Receiver, connect, forget_shared_receiver, max_message_bytes, shared_receiver
from silkgate.exchange.sealing import (
    LogRolledBackError,
    Sealer,
    SealerBusyError,
    newest_batch,
    newest_sealed_receipt,
    receipt_proof,
    run_sealer,
)

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def messages_in(request: HttpRequest) -> list[bytes] | HttpResponse:
    """The messages that an HTTP request carries, as the message door takes them; an answer where it has none."""
    from silkgate.exchange import rest

    return rest.messages_in(request)


def messages_described() -> dict[str, Any]:
    """The body of a request that `messages_in` reads, as OpenAPI describes it."""
    from silkgate.exchange import rest

    return rest.BODIES


def run_webhooks(stop: threading.Event, connect: Callable[[], psycopg.Connection], now: Callable[[], datetime]) -> None:
    """Deliver events to the addresses of organisations until `stop`: `webhooks/deliver.py`."""
    from silkgate.exchange.webhooks.deliver import run

    run(stop, connect, now)


__all__ = [
    "ABSENT",
    "CERTIFICATE",
    "CHECKED",
    "EXPORTS",
    "IDEMPOTENCY_HEADER",
    "INVALID",
    "KINDS",
    "MESSAGES_PER_SEGMENT",
    "NOTIFY_CHANNEL",
    "NO_CODE",
    "PROBLEMS",
    "VALID",
    "WANTED",
    "Answer",
    "Arrival",
    "Audited",
    "Backlog",
    "Cancel",
    "Carrier",
    "CarrierStanding",
    "Declaration",
    "DeclarationLine",
    "Departure",
    "Document",
    "ExportCancel",
    "ExportLine",
    "ExportList",
    "ExportOrder",
    "ExportReturn",
    "ExportReturnLine",
    "ExportWaybill",
    "Found",
    "LogRolledBackError",
    "Manifest",
    "MessageLine",
    "MoneyReceived",
    "Order",
    "OrderLine",
    "Outgoing",
    "Payment",
    "Quotas",
    "Received",
    "Receiver",
    "Refused",
    "Return",
    "ReturnLine",
    "ReturnTally",
    "Sealer",
    "SealerBusyError",
    "Segment",
    "Standing",
    "StoredMessage",
    "StoredReceipt",
    "WarehouseEntry",
    "Waybill",
    "WaybillStatus",
    "all_receipts",
    "answers_for",
    "audit",
    "carry",
    "charge",
    "connect",
    "decode",
    "examine",
    "forget_shared_receiver",
    "found_in",
    "look_at_carrier",
    "max_message_bytes",
    "message_name",
    "message_number",
    "messages_described",
    "messages_in",
    "messages_of",
    "newest_batch",
    "newest_messages",
    "newest_sealed_receipt",
    "once",
    "problem",
    "quotas",
    "receipt_proof",
    "receipts_for",
    "receipts_of",
    "received_at",
    "received_bytes",
    "run_sealer",
    "run_webhooks",
    "segments_after",
    "shared_receiver",
    "store",
    "stored_message",
    "watch",
    "with_guid",
    "write_answers",
    "write_receipts",
]
