"""One purchase of which a test says what differs and nothing else.

`order(3)`, `payment(3)`, `waybill(3)` and `declaration(3)` agree with each other: one jar of cream at 100.00, bonded,
no freight, no tax withheld, no discount, bought by the third buyer. Changes are field names of `documents`, as in
`order(3, actural_paid="99.99")`; numbers are texts, None leaves an element out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Any

from silkgate.site.traffic.documents import (
    Cancel,
    Declaration,
    DeclarationItem,
    Delivery,
    DeliveryItem,
    Document,
    Order,
    OrderItem,
    Payment,
    Return,
    ReturnItem,
    Waybill,
    WaybillStatus,
    render,
)
from silkgate.site.traffic.drawing import Draw, Line, Parcel
from silkgate.site.traffic.enterprises import Enterprise
from silkgate.site.traffic.goods import ARTICLES
from silkgate.site.traffic.messages import Senders, new_guid, write_message
from silkgate.site.traffic.people import person
from silkgate.site.traffic.zone import Zone


@lru_cache(maxsize=1)
def zone() -> Zone:
    """The zone that samples belong to; its keys live as long as the process."""
    return Zone()


@lru_cache(maxsize=1)
def _draw() -> Draw:
    return Draw(zone(), 0, 0, zone().as_of, 1)


@lru_cache(maxsize=10_000)
def parcel(number: int = 1, bonded: bool = True) -> Parcel:
    """The purchase `number`; where not bonded, the same in direct mode (9610)."""
    draw = _draw()
    draw.random.seed(f"sample {number}")
    line = Line(draw.shelf(ARTICLES[0]), 1, 10_000, "305")
    return draw.purchase(number, zone().shops[0]._replace(withholds_tax=False), person(number), bonded, [line], 0, 0, 0)


def order(number: int = 1, **changes: Any) -> Order:
    """The order of purchase `number`, with changes."""
    return parcel(number).order._replace(**changes)


def order_item(**changes: Any) -> OrderItem:
    """The order's one line, with changes."""
    return parcel().order.items[0]._replace(**changes)


def payment(number: int = 1, **changes: Any) -> Payment:
    """The payment of purchase `number`, with changes."""
    return parcel(number).payment._replace(**changes)


def waybill(number: int = 1, **changes: Any) -> Waybill:
    """The waybill of purchase `number`, with changes."""
    return parcel(number).waybill._replace(**changes)


def declaration(number: int = 1, bonded: bool = True, **changes: Any) -> Declaration:
    """The declaration of purchase `number`, with changes."""
    return parcel(number, bonded).declaration._replace(**changes)


def declaration_item(bonded: bool = True, **changes: Any) -> DeclarationItem:
    """The declaration's one line, with changes."""
    return parcel(1, bonded).declaration.items[0]._replace(**changes)


def waybill_status(of: Waybill | None = None, **changes: Any) -> WaybillStatus:
    """The parcel of a waybill has been signed for (513)."""
    of = of or waybill()
    status = WaybillStatus(
        _other_guid(of.guid, "5"),
        "1",
        of.app_time,
        "2",
        of.logistics_code,
        of.logistics_name,
        of.logistics_no,
        "S",
        of.app_time,
    )
    return status._replace(**changes)


def cancel(invt_no: str, of: Declaration | None = None, **changes: Any) -> Cancel:
    """The request to cancel a declaration (623)."""
    of = of or declaration()
    head = _request(of, _other_guid(of.guid, "6"), f"X{(of.cop_no or '')[1:]}", invt_no)
    request = Cancel._make((*head, "订购人取消订单"))
    return request._replace(**changes)


def return_request(invt_no: str, of: Declaration | None = None, **changes: Any) -> Return:
    """The request to return everything that was declared (625)."""
    of = of or declaration()
    items = tuple(ReturnItem(item.gnum, item.gcode, item.gname, item.qty, item.unit) for item in of.items)
    head = _request(of, _other_guid(of.guid, "7"), f"R{(of.cop_no or '')[1:]}", invt_no)
    return Return._make((*head, "订购人申请退货", items))._replace(**changes)


def _request(of: Declaration, guid: str, cop_no: str, invt_no: str) -> tuple[str, ...]:
    """guid to agentName, which 623 and 625 have in common."""
    return (
        guid,
        "1",
        of.app_time,
        "2",
        of.customs_code,
        of.order_no,
        of.ebp_code,
        of.ebp_name,
        of.ebc_code,
        of.ebc_name,
        of.logistics_no,
        of.logistics_code,
        of.logistics_name,
        cop_no,
        "",
        invt_no,
        "1",
        of.buyer_id_number,
        of.buyer_name,
        of.buyer_telephone,
        of.agent_code,
        of.agent_name,
    )


def delivery(waybills: Sequence[Waybill] = (), operator: Enterprise | None = None, **changes: Any) -> Delivery:
    """The warehouse-in list of one carrier's parcels on one bill (711)."""
    waybills = waybills or (parcel(bonded=False).waybill,)
    operator = operator or zone().in_role("operator")[0]
    first = waybills[0]
    document = Delivery(
        _other_guid(first.guid, "8"),
        "1",
        first.app_time,
        "2",
        zone().customs_code,
        f"D{first.logistics_no[2:]}",
        "",
        "",
        operator.code,
        operator.name,
        "I",
        "5",
        "CZ3081",
        first.app_time[:8],
        first.bill_no or "784-00000000",
        first.logistics_code,
        first.logistics_name,
        "A-01",
        tuple(DeliveryItem(str(gnum), one.logistics_no) for gnum, one in enumerate(waybills, start=1)),
    )
    return document._replace(**changes)


def _other_guid(guid: str, last: str) -> str:
    return guid[:-1] + last


def message(
    code: str,
    sender: str | Enterprise | None,
    documents: Sequence[Document],
    *,
    sign: bool = True,
    guid: str | None = None,
    of: Zone | None = None,
) -> bytes:
    """A message of kind `code` ("311") from `sender`, an enterprise or its code; None is who would naturally send it.

    621, 623, 625 and 711 are signed unless `sign` is False. Without `guid` it follows from the content, so the same
    call has the same guid and another one has another.
    """
    of = of or zone()
    if sender is None:
        sender = Senders(of).of(documents[0])
    elif isinstance(sender, str):
        sender = of.enterprise(sender)
    body = [render(document) for document in documents]
    if guid is None:
        digest = hashlib.sha256(b"".join((code.encode(), sender.code.encode(), *body))).hexdigest()
        guid = new_guid(Random(digest))  # noqa: S311 - repeatable is what is wanted
    return write_message(of, code, sender, body, guid, sign)
