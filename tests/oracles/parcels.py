"""Documents of one parcel that agree with each other, as plain fields, to be changed as a test needs."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import zone

Document = dict[str, Any]
Line = dict[str, Any]


def line(goods: str = "cream", qty: str = "1", price: str = "100", **more: Any) -> Line:
    """One item: goods by word, quantity and unit price; qty1 (default: the quantity), total, country, record."""
    return {"goods": goods, "qty": qty, "price": price, **more}


def total_of(item: Line) -> Decimal:
    return Decimal(str(item.get("total", Decimal(item["qty"]) * Decimal(item["price"]))))


def plain(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def parcel(
    number: int,
    lines: Sequence[Line] = (),
    *,
    mode: str = "1210",
    buyer: tuple[str, str] = zone.BUYERS[0],
    freight: str = "0",
    insured: str = "0",
    tax: str = "0",
    discount: str = "0",
    ebp: str = zone.PLATFORM,
    ebc: str = zone.SHOP,
    carrier: str = zone.CARRIER,
    payer: str = zone.PAYER,
    agent: str = zone.AGENT,
    assure: str = "",
    at: int = 0,
) -> dict[str, Document]:
    """Order 311, payment 411, waybill 511 and declaration 621 of one purchase. `at`: seconds after 07:00 (appTime)."""
    lines = lines or [line()]
    order_no, logistics_no = f"D2606{number:07d}", f"KG2606{number:07d}"
    goods_value = sum((total_of(item) for item in lines), Decimal(0))
    paid = goods_value + Decimal(freight) + Decimal(tax) - Decimal(discount)
    transaction = f"PAY2606{number:09d}"
    start = {"guid": f"{number:036d}", "appType": "1", "appTime": app_time(at), "appStatus": "2"}
    names = {"ebpCode": ebp, "ebpName": f"企业{ebp}", "ebcCode": ebc, "ebcName": f"企业{ebc}"}
    shipping = {"logisticsCode": carrier, "logisticsName": f"企业{carrier}", "logisticsNo": logistics_no}
    receiver = {
        "consignee": buyer[1],
        "consigneeTelephone": "19900000000",
        "consigneeAddress": "河南省郑州市金水区花园路1号",
    }
    person = {
        "buyerName": buyer[1],
        "buyerTelephone": "19900000000",
        "buyerIdType": "1",
        "buyerIdNumber": buyer[0],
    }
    bonded = mode in ("1210", "1239")
    order = {
        **start,
        "orderType": "I",
        "orderNo": order_no,
        **names,
        "goodsValue": plain(goods_value),
        "freight": freight,
        "discount": discount,
        "taxTotal": tax,
        "acturalPaid": plain(paid),
        "currency": "142",
        "buyerRegNo": f"u{number}",
        **person,
        "payCode": payer,
        "payName": f"企业{payer}",
        "payTransactionId": transaction,
        "batchNumbers": None,
        **receiver,
        "note": None,
    }
    payment = {
        **start,
        "payCode": payer,
        "payName": f"企业{payer}",
        "payTransactionId": transaction,
        "orderNo": order_no,
        "ebpCode": ebp,
        "ebpName": f"企业{ebp}",
        "payerIdType": "1",
        "payerIdNumber": buyer[0],
        "payerName": buyer[1],
        "telephone": None,
        "amountPaid": plain(paid),
        "currency": "142",
        "payTime": app_time(at),
        "note": None,
    }
    waybill = {
        **start,
        **shipping,
        "billNo": None if bonded else f"999-{number:08d}",
        "orderNo": order_no,
        "freight": freight,
        "insuredFee": insured,
        "currency": "142",
        "weight": "1.5",
        "packNo": "1",
        "goodsInfo": None,
        "consignee": receiver["consignee"],
        "consigneeAddress": receiver["consigneeAddress"],
        "consigneeTelephone": receiver["consigneeTelephone"],
        "note": None,
    }
    declaration = {
        **start,
        "orderNo": order_no,
        **names,
        "logisticsNo": logistics_no,
        "logisticsCode": carrier,
        "logisticsName": f"企业{carrier}",
        "copNo": f"C{number:010d}",
        "preNo": None,
        "assureCode": assure or ebp,
        "emsNo": zone.EMS_NO if bonded else None,
        "invtNo": None,
        "ieFlag": "I",
        "declTime": "20260618",
        "customsCode": "4612",
        "portCode": "4612",
        "ieDate": None,
        "buyerIdType": "1",
        "buyerIdNumber": buyer[0],
        "buyerName": buyer[1],
        "buyerTelephone": "19900000000",
        "consigneeAddress": receiver["consigneeAddress"],
        "agentCode": agent,
        "agentName": f"企业{agent}",
        "areaCode": zone.WAREHOUSE if bonded else None,
        "areaName": f"企业{zone.WAREHOUSE}" if bonded else None,
        "tradeMode": mode,
        "trafMode": "Y" if bonded else "5",
        "trafNo": None if bonded else "CZ3081",
        "voyageNo": None if bonded else "0618",
        "billNo": None if bonded else f"999-{number:08d}",
        "loctNo": None,
        "licenseNo": None,
        "country": "142" if bonded else "305",
        "freight": freight,
        "insuredFee": insured,
        "currency": "142",
        "wrapType": "2",
        "packNo": "1",
        "grossWeight": "1.5",
        "netWeight": "1.4",
        "note": None,
    }
    items = list(enumerate(lines, start=1))
    return {
        "311": {"kind": "311", "head": order, "items": [order_item(gnum, item) for gnum, item in items]},
        "411": {"kind": "411", "head": payment, "items": []},
        "511": {"kind": "511", "head": waybill, "items": []},
        "621": {
            "kind": "621",
            "head": declaration,
            "items": [declared_item(gnum, item, bonded=bonded) for gnum, item in items],
        },
    }


def app_time(seconds: int) -> str:
    """yyyyMMddHHmmss, this many seconds after 07:00 on 18 June 2026."""
    hours, rest = divmod(seconds, 3600)
    return f"20260618{7 + hours:02d}{rest // 60:02d}{rest % 60:02d}"


def order_item(gnum: int, item: Line) -> dict[str, Any]:
    return {
        "gnum": str(gnum),
        "itemNo": None,
        "itemName": item["goods"],
        "gmodel": item["goods"],
        "unit": item.get("unit", zone.GOODS[item["goods"]][8]),
        "qty": item["qty"],
        "price": item["price"],
        "totalPrice": plain(total_of(item)),
        "currency": "142",
        "country": item.get("country", "305"),
        "note": None,
    }


def declared_item(gnum: int, item: Line, *, bonded: bool) -> dict[str, Any]:
    gcode, _, _, _, unit1, _, _, _, unit, record = zone.GOODS[item["goods"]]
    return {
        "gnum": str(gnum),
        "itemRecordNo": item.get("record", record) if bonded else None,
        "itemNo": None,
        "itemName": item["goods"],
        "gcode": item.get("gcode", gcode),
        "gname": item["goods"],
        "gmodel": item["goods"],
        "barCode": None,
        "country": item.get("country", "305"),
        "currency": "142",
        "qty": item["qty"],
        "unit": item.get("unit", unit),
        "qty1": item.get("qty1", item["qty"]),
        "unit1": unit1,
        "price": item["price"],
        "totalPrice": plain(total_of(item)),
        "note": None,
    }


def again(document: Document, items: Sequence[dict[str, Any]] | None = None, **changes: Any) -> Document:
    """The same document with other head fields (and items)."""
    fresh = copy.deepcopy(document)
    fresh["head"].update(changes)
    if items is not None:
        fresh["items"] = [dict(item) for item in items]
    return fresh


def with_item(document: Document, place: int, /, **changes: Any) -> Document:
    """The same document with one item changed, counted from 1."""
    fresh = copy.deepcopy(document)
    fresh["items"][place - 1].update(changes)
    return fresh


def request_head(declaration: Document, invt_no: str, at: int) -> dict[str, Any]:
    """The fields that a cancel and a return share."""
    head = declaration["head"]
    start = {"guid": head["guid"], "appType": "1", "appTime": app_time(at), "appStatus": "2", "customsCode": "4612"}
    same = ("orderNo", "ebpCode", "ebpName", "ebcCode", "ebcName", "logisticsNo", "logisticsCode", "logisticsName")
    person = ("buyerIdType", "buyerIdNumber", "buyerName", "buyerTelephone", "agentCode", "agentName")
    return {
        **start,
        **{name: head[name] for name in same},
        "copNo": None,
        "preNo": None,
        "invtNo": invt_no,
        **{name: head[name] for name in person},
        "reason": "订购人申请",
        "note": None,
    }


def cancel(declaration: Document, invt_no: str, at: int = 100) -> Document:
    """CEB623 for a declaration."""
    return {"kind": "623", "head": request_head(declaration, invt_no, at), "items": []}


def refund(declaration: Document, invt_no: str, quantities: dict[int, str], at: int = 100) -> Document:
    """CEB625 for a declaration: quantity by gnum."""
    lines = [
        {
            "gnum": str(gnum),
            "gcode": declaration["items"][gnum - 1]["gcode"],
            "gname": declaration["items"][gnum - 1]["gname"],
            "qty": qty,
            "unit": declaration["items"][gnum - 1]["unit"],
            "note": None,
        }
        for gnum, qty in quantities.items()
    ]
    return {"kind": "625", "head": request_head(declaration, invt_no, at), "items": lines}


def signed_for(waybill: Document, at: int = 100, status: str = "2") -> Document:
    """CEB513: the parcel of a waybill has been delivered."""
    head = {
        "guid": waybill["head"]["guid"],
        "appType": "1",
        "appTime": app_time(at),
        "appStatus": status,
        **{name: waybill["head"][name] for name in ("logisticsCode", "logisticsName", "logisticsNo")},
        "logisticsStatus": "S",
        "logisticsTime": app_time(at),
        "note": None,
    }
    return {"kind": "513", "head": head, "items": []}


def stored_in(waybills: Sequence[Document], operator: str = zone.OPERATOR, at: int = 100) -> Document:
    """CEB711: parcels have come into the supervised site."""
    first = waybills[0]["head"]
    head = {
        "guid": first["guid"],
        "appType": "1",
        "appTime": app_time(at),
        "appStatus": "2",
        "customsCode": "4612",
        "copNo": f"R{first['logisticsNo']}",
        "preNo": None,
        "rkdNo": None,
        "operatorCode": operator,
        "operatorName": f"企业{operator}",
        "ieFlag": "I",
        "trafMode": "5",
        "trafNo": "CZ3081",
        "voyageNo": "0618",
        "billNo": "999-00000001",
        "logisticsCode": first["logisticsCode"],
        "logisticsName": first["logisticsName"],
        "unloadLocation": None,
        "note": None,
    }
    lines = [
        {"gnum": str(gnum), "logisticsNo": waybill["head"]["logisticsNo"], "note": None}
        for gnum, waybill in enumerate(waybills, start=1)
    ]
    return {"kind": "711", "head": head, "items": lines}
