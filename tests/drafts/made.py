"""Documents as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from silkgate.drafts.domain import Content, place_of

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
