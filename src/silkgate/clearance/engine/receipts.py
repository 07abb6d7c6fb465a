"""Receipts as messages: what the answers of a batch become on their way out.

Pure: the same rows give the same bytes, in whichever process they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from silkgate.exchange.api import Outgoing
from silkgate.standards.ceb.write import write, writer, writer_with_lines

Group = tuple[int, str, str, str, Sequence[Any]]
"""Receipts of one kind that answer documents of one message: message, code, recipient, dxpId, rows."""
Guids = tuple[str, int]
"""The first 24 characters of the guids of a batch, and how many are taken."""

PER_MESSAGE = 100
FORMAT = "900"
"""The receipt of a message that failed the format: always alone, and seldom."""

_TAIL = ("returnStatus", "returnTime", "returnInfo")
_REQUEST = ("guid", "customsCode", "agentCode", "ebpCode", "ebcCode", "copNo", "preNo", "invtNo", *_TAIL)
_FIELDS = {
    "312": ("guid", "ebpCode", "ebcCode", "orderNo", *_TAIL),
    "412": ("guid", "payCode", "payTransactionId", *_TAIL),
    "512": ("guid", "logisticsCode", "logisticsNo", *_TAIL),
    "514": ("guid", "logisticsCode", "logisticsNo", "logisticsStatus", *_TAIL),
    "622": ("guid", "customsCode", "ebpCode", "ebcCode", "agentCode", "copNo", "preNo", "invtNo", *_TAIL),
    "624": _REQUEST,
    "626": _REQUEST,
    "712": ("guid", "customsCode", "operatorCode", "copNo", "preNo", *_TAIL),
    "304": ("guid", "ebpCode", "ebcCode", "orderNo", *_TAIL),
    "404": ("guid", "ebcCode", "orderNo", "payNo", *_TAIL),
    "506": ("guid", "logisticsCode", "logisticsNo", *_TAIL),
    "508": ("guid", "operatorCode", "logisticsCode", "preNo", "copNo", "billNo", "msgSeqNo", *_TAIL),
    "510": ("guid", "logisticsCode", "copNo", "preNo", "msgSeqNo", *_TAIL),
    "604": (
        "guid",
        "agentCode",
        "copNo",
        "preNo",
        "invtNo",
        "ebcCode",
        "ebpCode",
        "orderNo",
        "statisticsFlag",
        *_TAIL,
    ),
    "606": ("guid", "agentCode", "copNo", "preNo", "invtNo", *_TAIL),
    "608": ("guid", "agentCode", "logisticsCode", "copNo", "preNo", "billNo", "msgSeqNo", *_TAIL),
    "214": ("guid", "ebpCode", "ebcCode", "agentCode", "coElNo", "preNo", "invtNo", *_TAIL),
    "216": ("guid", "operatorCode", "logisticsCode", "logisticsNo", "coElNo", "preNo", *_TAIL),
    "818": ("guid", "returnTime", "invtNo", "taxNo", "status", "assureCode"),
}
_TAX_HEAD = (
    "guid",
    "returnTime",
    "invtNo",
    "taxNo",
    "customsTax",
    "valueAddedTax",
    "consumptionTax",
    "status",
    "assureCode",
    "ebcCode",
    "logisticsCode",
    "agentCode",
    "customsCode",
)
_TAX_LINE = ("gnum", "gcode", "taxPrice", "customsTax", "valueAddedTax", "consumptionTax")
_WRITERS: dict[str, Callable[..., bytes]] = {code: writer(code, fields) for code, fields in _FIELDS.items()}
_WRITERS["816"] = writer_with_lines("816", _TAX_HEAD, _TAX_LINE)


def guid_of(head: str, number: int) -> str:
    """The guid with this number in its batch."""
    return f"{head}{number:012X}"


def count(groups: Sequence[Group]) -> int:
    """How many messages the receipts make."""
    return sum([-(-len(rows) // _per_message(code)) for _, code, _, _, rows in groups])


def outgoing(groups: Sequence[Group], guids: Guids) -> list[Outgoing]:
    """The receipts as messages, at most 100 documents each, in the order in which they arose."""
    head, number = guids
    messages = []
    for message_id, code, recipient, dxp_id, rows in groups:
        for chunk in _chunks(rows, _per_message(code)):
            number += 1
            guid = guid_of(head, number)
            body = write(code, guid, chunk) if code == FORMAT else _WRITERS[code](guid, chunk)
            messages.append(Outgoing(message_id, f"CEB{code}Message", len(chunk), recipient, dxp_id, body))
    return messages


def _per_message(code: str) -> int:
    return 1 if code == FORMAT else PER_MESSAGE


def _chunks(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
