"""Documents as people type them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import Client
from lxml import etree

from clearance.rig import connector
from silkgate.clearance import api as clearance
from silkgate.drafts.domain import Content, head_fields, line_fields, place_of
from silkgate.drafts.models import Draft
from silkgate.site.traffic.drawing import Draw, Line
from silkgate.site.traffic.goods import ARTICLES
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.people import person
from silkgate.site.traffic.zone import Zone
from silkgate.standards.ceb.read import Reader
from silkgate.standards.xmldsig import SigningKey, method_for

FIRM, FIRM_NAME = "41019600E1", "河南云帆跨境电商有限公司"
"""A merchant on file in the made zone, with an RSA certificate."""
PLATFORM, PLATFORM_NAME = "41019600P1", "河南云帆优选电子商务平台有限公司"

ORDER = Content(
    {
        "appType": "1",
        "orderType": "I",
        "orderNo": "SL20261123001",
        "ebpCode": PLATFORM,
        "ebpName": PLATFORM_NAME,
        "ebcCode": FIRM,
        "ebcName": FIRM_NAME,
        "goodsValue": "360.00",
        "freight": "0",
        "discount": "0",
        "taxTotal": "32.76",
        "acturalPaid": "392.76",
        "currency": "142",
        "buyerRegNo": "li-mh",
        "buyerName": "李明华",
        "buyerTelephone": "13800138000",
        "buyerIdType": "1",
        "buyerIdNumber": "410105198803129810",
        "consignee": "李明华",
        "consigneeTelephone": "13800138000",
        "consigneeAddress": "河南省郑州市金水区经三路1号",
    },
    (
        {
            "itemNo": "A-100",
            "itemName": "婴儿配方奶粉",
            "gmodel": "800克/罐",
            "unit": "142",
            "qty": "2",
            "price": "180.00",
            "totalPrice": "360.00",
            "currency": "142",
            "country": "305",
        },
    ),
)


def zone_of_today(folder: Path) -> Zone:
    """The made zone, loaded by way of `folder`, its firms and certificates filed. A process has one set of keys."""
    made = Zone(as_of=datetime.now(UTC))
    made.write(folder / "zone")
    clearance.load_zone(folder / "zone", selection_key=bytes(32))
    return made


def posted(kind: str, content: Content, **more: Any) -> dict[str, str]:
    """What a browser sends for a document."""
    data = {f"head-{name}": value for name, value in content.head.items()}
    for number, line in enumerate(content.lines):
        data |= {f"{place_of(number)}-{name}": value for name, value in line.items()}
    return data | {"kind": kind, "organisation": FIRM, "lines": str(len(content.lines))} | more


def changed(content: Content, head: Mapping[str, str] | None = None, line: Mapping[str, str] | None = None) -> Content:
    """The document with other values in its head, and in its first line."""
    lines = content.lines
    if line:
        lines = ({**lines[0], **line}, *lines[1:])
    return Content({**content.head, **(head or {})}, lines)


def trade(zone: Zone) -> dict[str, tuple[str, Content]]:
    """The four documents of one bonded purchase as people would type them, each with who sends it."""
    draw = Draw(zone, 0, 0, zone.as_of, 1)
    shop = next(one for one in zone.shops if one.ebc.code == FIRM)
    line = Line(draw.shelf(ARTICLES[0]), 2, 10_000, "305")
    shop = shop._replace(withholds_tax=False, assure_code=shop.logistics.code)
    parcel = draw.purchase(1, shop, person(7), True, [line], 0, 0, 0)
    # The payment and the waybill of this purchase; the declaration goes out in the merchant's own name.
    senders = {"311": FIRM, "411": parcel.payment.pay_code, "511": parcel.waybill.logistics_code, "621": FIRM}
    return {item.kind[3:6]: (senders[item.kind[3:6]], typed_from(item.raw)) for item in messages([parcel], zone)}


def typed_from(raw: bytes) -> Content:
    """What somebody would have typed to get this message."""
    root = etree.fromstring(raw)
    kind = etree.QName(root).localname[3:6]
    heads, lines = ([field.name for field in fields] for fields in (head_fields(kind), line_fields(kind)))
    (document,) = Reader({kind: (heads, lines)}).read(root).documents
    return Content(
        {name: value for name, value in zip(heads, document.head, strict=True) if value},
        tuple({name: value for name, value in zip(lines, one, strict=True) if value} for one in document.lines),
    )


def signature(key: SigningKey, client: Client, number: int) -> dict[str, str]:
    """What the page takes back: the value that a key elsewhere gives for what it lets one download."""
    fingerprint = key.certificate.fingerprint
    octets = client.get(f"/drafts/{number}/signedinfo.xml?certificate={fingerprint}")
    assert octets.status_code == 200, octets.content
    value = base64.b64encode(key.value(method_for(key.certificate), octets.content)).decode()
    return {"certificate": fingerprint, "signature": value}


def prepared(client: Client, kind: str, content: Content, **more: Any) -> Draft:
    """A draft that waits for its signature."""
    saved = client.post("/drafts/new", posted(kind, content, do="sign", **more))
    assert saved.status_code == 302, saved.content.decode()
    assert saved["Location"].endswith("/sign"), client.get(saved["Location"]).content.decode()
    return Draft.objects.get(pk=int(saved["Location"].split("/")[2]))


def decide(database: str) -> None:
    """Let the engine decide what is there, by the clock of today."""
    with clearance.Engine(connector(database), lambda: datetime.now(UTC)) as engine:
        engine.drain()
