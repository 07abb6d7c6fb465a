"""Documents of one parcel that leaves the country, which agree with each other, to be changed as a test needs."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import zone
from .export_keys import NO_CODE
from .parcels import Document, Line, app_time, line, plain, total_of

DESTINATION = "502"
DOLLAR = "502"
WEIGHT, NET_WEIGHT = "1.5", "1.4"


def export_parcel(
    number: int,
    lines: Sequence[Line] = (),
    *,
    mode: str = "9610",
    flag: str = "A",
    freight: str = "0",
    insured: str = "0",
    ebp: str = zone.PLATFORM,
    ebc: str = zone.SHOP,
    carrier: str = zone.SHIPPER,
    payer: str = zone.PAYER,
    agent: str = zone.AGENT,
    at: int = 0,
    order_no: str = "",
) -> dict[str, Document]:
    """Order 303, receipt of money 403, waybill 505 and export list 603 of one sale. `at`: seconds after 07:00."""
    lines = lines or [line()]
    order_no, logistics_no = order_no or f"X2606{number:07d}", f"EX2606{number:07d}"
    goods_value = sum((total_of(item) for item in lines), Decimal(0))
    start = {"guid": f"{number:036d}", "appType": "1", "appTime": app_time(at), "appStatus": "2"}
    platform = {"ebpCode": ebp, "ebpName": "境外平台" if ebp == NO_CODE else f"企业{ebp}"}
    seller = {"ebcCode": ebc, "ebcName": f"企业{ebc}"}
    shipping = {"logisticsCode": carrier, "logisticsName": f"企业{carrier}", "logisticsNo": logistics_no}
    bonded = mode == "1210"
    order = {
        **start,
        "orderType": "E",
        "orderNo": order_no,
        **platform,
        **seller,
        "goodsValue": plain(goods_value),
        "freight": freight,
        "currency": DOLLAR,
        "note": None,
    }
    receipt = {
        **start,
        **platform,
        **seller,
        "orderNo": order_no,
        "payCode": payer,
        "payName": f"企业{payer}",
        "payNo": f"REC2606{number:09d}",
        "charge": plain(goods_value + Decimal(freight)),
        "currency": DOLLAR,
        "accountingDate": app_time(at),
        "note": None,
    }
    waybill = {
        **start,
        **shipping,
        "freight": freight,
        "insuredFee": insured,
        "currency": DOLLAR,
        "grossWeight": WEIGHT,
        "packNo": "1",
        "goodsInfo": "日用品",
        "ebcCode": ebc,
        "ebcName": None,
        "ebcTelephone": None,
        "note": None,
    }
    declaration = {
        **start,
        "customsCode": "4612",
        **platform,
        "orderNo": order_no,
        **shipping,
        "copNo": f"E{number:010d}",
        "preNo": None,
        "invtNo": None,
        "ieFlag": "E",
        "portCode": "4604",
        "ieDate": "20260618",
        "statisticsFlag": flag,
        "agentCode": agent,
        "agentName": f"企业{agent}",
        **seller,
        "ownerCode": ebc,
        "ownerName": f"企业{ebc}",
        "iacCode": zone.WAREHOUSE if bonded else None,
        "iacName": f"企业{zone.WAREHOUSE}" if bonded else None,
        "emsNo": zone.EMS_NO if bonded else None,
        "tradeMode": mode,
        "trafMode": "5",
        "trafName": None,
        "voyageNo": None,
        "billNo": None,
        "totalPackageNo": None,
        "loctNo": None,
        "licenseNo": None,
        "country": DESTINATION,
        "POD": "5020",
        "freight": freight,
        "fCurrency": DOLLAR,
        "fFlag": "3",
        "insuredFee": insured,
        "iCurrency": DOLLAR,
        "iFlag": "3",
        "wrapType": "2",
        "packNo": "1",
        "grossWeight": WEIGHT,
        "netWeight": NET_WEIGHT,
        "note": None,
    }
    items = list(enumerate(lines, start=1))
    return {
        "303": {"kind": "303", "head": order, "items": [order_item(gnum, item) for gnum, item in items]},
        "403": {"kind": "403", "head": receipt, "items": []},
        "505": {"kind": "505", "head": waybill, "items": []},
        "603": {
            "kind": "603",
            "head": declaration,
            "items": [listed_item(gnum, item, bonded=bonded) for gnum, item in items],
        },
    }


def order_item(gnum: int, item: Line) -> dict[str, Any]:
    return {
        "gnum": str(gnum),
        "itemNo": f"SKU-{item['goods']}",
        "itemName": item["goods"],
        "itemDescribe": None,
        "barCode": None,
        "unit": item.get("unit", zone.GOODS[item["goods"]][8]),
        "currency": DOLLAR,
        "qty": item["qty"],
        "price": item["price"],
        "totalPrice": plain(total_of(item)),
        "note": None,
    }


def listed_item(gnum: int, item: Line, *, bonded: bool) -> dict[str, Any]:
    gcode, _, _, _, unit1, _, _, _, unit, record = zone.GOODS[item["goods"]]
    return {
        "gnum": str(gnum),
        "itemNo": f"SKU-{item['goods']}",
        "itemRecordNo": item.get("record", record) if bonded else None,
        "itemName": item["goods"],
        "gcode": item.get("gcode", gcode),
        "gname": item["goods"],
        "gmodel": item["goods"],
        "barCode": "无",
        "country": item.get("country", DESTINATION),
        "currency": DOLLAR,
        "qty": item["qty"],
        "qty1": item.get("qty1", item["qty"]),
        "qty2": None,
        "unit": item.get("unit", unit),
        "unit1": unit1,
        "unit2": None,
        "price": item["price"],
        "totalPrice": plain(total_of(item)),
        "note": None,
    }


# --- After acceptance ----------------------------------------------------------------------------------------------


def start_of(document: Document, at: int) -> dict[str, Any]:
    return {
        "guid": document["head"]["guid"],
        "appType": "1",
        "appTime": app_time(at),
        "appStatus": "2",
        "customsCode": "4612",
    }


def taken_from(document: Document, *names: str) -> dict[str, Any]:
    return {name: document["head"][name] for name in names}


def export_cancel(declaration: Document, invt_no: str, at: int = 100) -> Document:
    """CEB605 for an export list."""
    head = {
        **start_of(declaration, at),
        "copNo": f"Z{invt_no[-9:]}",
        "preNo": None,
        "invtNo": invt_no,
        "reason": "订单取消",
        **taken_from(declaration, "agentCode", "agentName", "ebcCode", "ebcName"),
        "note": None,
    }
    return {"kind": "605", "head": head, "items": []}


def parcel_lines(waybills: Sequence[Document]) -> list[dict[str, Any]]:
    return [
        {"gnum": str(gnum), "logisticsNo": waybill["head"]["logisticsNo"]}
        for gnum, waybill in enumerate(waybills, start=1)
    ]


def manifest(waybills: Sequence[Document], agent: str = zone.AGENT, at: int = 100, cop_no: str = "") -> Document:
    """CEB607: the lists of these parcels leave under one bill. Any document that names its parcel will do."""
    head = {
        **start_of(waybills[0], at),
        "copNo": cop_no or f"M{at:010d}",
        "preNo": None,
        "agentCode": agent,
        "agentName": f"企业{agent}",
        "loctNo": None,
        "trafMode": "5",
        "trafName": "CZ3081",
        "voyageNo": "0618",
        "billNo": "999-00000001",
        "domesticTrafNo": None,
        "grossWeight": plain(Decimal(WEIGHT) * len(waybills)),
        **taken_from(waybills[0], "logisticsCode", "logisticsName"),
        "msgCount": "1",
        "msgSeqNo": "1",
        "note": None,
    }
    return {"kind": "607", "head": head, "items": parcel_lines(waybills)}


def arrival(waybills: Sequence[Document], operator: str = zone.OPERATOR, at: int = 100, cop_no: str = "") -> Document:
    """CEB507: these parcels have arrived at the supervised site."""
    head = {
        **start_of(waybills[0], at),
        "copNo": cop_no or f"A{at:010d}",
        "preNo": None,
        "operatorCode": operator,
        "operatorName": f"企业{operator}",
        "loctNo": None,
        "ieFlag": "E",
        "trafMode": "5",
        "billNo": "999-00000001",
        "domesticTrafNo": "豫A00001",
        **taken_from(waybills[0], "logisticsCode", "logisticsName"),
        "msgCount": "1",
        "msgSeqNo": "1",
        "note": None,
    }
    return {"kind": "507", "head": head, "items": parcel_lines(waybills)}


def departure(waybills: Sequence[Document], at: int = 100, cop_no: str = "") -> Document:
    """CEB509: these parcels have left the country."""
    head = {
        **start_of(waybills[0], at),
        "copNo": cop_no or f"D{at:010d}",
        "preNo": None,
        **taken_from(waybills[0], "logisticsCode", "logisticsName"),
        "trafMode": "5",
        "trafName": "CZ3081",
        "voyageNo": "0618",
        "billNo": "999-00000001",
        "leaveTime": app_time(at),
        "msgCount": "1",
        "msgSeqNo": "1",
        "note": None,
    }
    return {"kind": "509", "head": head, "items": parcel_lines(waybills)}


def export_return(
    declaration: Document, invt_no: str, quantities: dict[int, tuple[str, str]], at: int = 100, cop_no: str = ""
) -> Document:
    """CEB213 for an export list: qty and qty1 by the place of the line."""
    mode = {"9610": "9661", "1210": "1261"}.get(declaration["head"]["tradeMode"], "9661")
    head = {
        **start_of(declaration, at),
        "loctNo": None,
        **taken_from(declaration, "ebpCode", "ebpName", "ebcCode", "ebcName"),
        **taken_from(declaration, "logisticsNo", "logisticsCode", "logisticsName"),
        "coElNo": cop_no or f"T{at:010d}",
        "preNo": None,
        "invtNo": invt_no,
        "tradeMode": mode,
        **taken_from(declaration, "agentCode", "agentName"),
        "billNo": "999-00000002",
        "ieFlag": "I",
        "trafMode": "5",
        "trafName": "CZ3082",
        "portCode": "4604",
        "reason": "无人签收",
        "country": DESTINATION,
        "voyageNo": "0718",
        "note": None,
    }
    names = ("gnum", "gcode", "gname", "gmodel")
    lines = []
    for place, (qty, qty1) in quantities.items():
        item = declaration["items"][place - 1]
        units = {"qty": qty, "qty1": qty1, "unit": item["unit"], "unit1": item["unit1"]}
        lines.append({**{name: item[name] for name in names}, **units, "qty2": None, "unit2": None, "note": None})
    return {"kind": "213", "head": head, "items": lines}


def tally(declaration: Document, invt_no: str, operator: str = zone.OPERATOR, at: int = 100) -> Document:
    """CEB215: what came back of an export list lies in the return warehouse."""
    head = {
        **start_of(declaration, at),
        "operatorCode": operator,
        "operatorName": f"企业{operator}",
        **taken_from(declaration, "logisticsCode", "logisticsName", "logisticsNo"),
        "invtNo": invt_no,
        "coElNo": f"L{at:010d}",
        "preNo": None,
        "billNo": "999-00000002",
        "ieFlag": "I",
        "trafMode": "5",
        "trafName": "CZ3082",
        "voyageNo": "0718",
        "location": "B-07",
        "note": None,
    }
    return {"kind": "215", "head": head, "items": []}
