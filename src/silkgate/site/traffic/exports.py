"""Made traffic of retail exports: parcels of small firms that sell abroad, and the bills that they leave under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from typing import NamedTuple

from silkgate.exchange.api import NO_CODE
from silkgate.site.traffic.enterprises import Enterprise
from silkgate.site.traffic.goods import ARTICLES, TARIFF_BY_CODE
from silkgate.site.traffic.messages import Traffic, new_guid
from silkgate.site.traffic.zone import Zone
from silkgate.standards.ceb.message import Transfer
from silkgate.standards.ceb.write import compose
from silkgate.standards.xmldsig import method_for, sign

Values = dict[str, str]
Line = dict[str, str]

SIGNED = frozenset(("603", "607", "507", "509"))
CARRIER = "41019800L3"
"""The one of the demo zone's carriers that signs, as a departure asks for."""
DESTINATIONS = (("502", "3163"), ("303", "2253"), ("304", "2110"), ("116", "2010"))
"""Country and port of destination: United States, United Kingdom, Germany, Japan."""
CURRENCY = "502"


class ExportParcel(NamedTuple):
    """One parcel: its order, its waybill and its list, as heads and lines by element name."""

    order: tuple[Values, list[Line]]
    waybill: Values
    declared: tuple[Values, list[Line]]

    @property
    def logistics_no(self) -> str:
        return self.waybill["logisticsNo"]


class ExportParcels:
    """Makes parcels by number: the same zone, seed and number give the same parcel but for its guids."""

    def __init__(self, zone: Zone, seed: int = 1, *, at: datetime | None = None) -> None:
        self.zone, self.at = zone, at or zone.as_of
        self._seed = seed
        self.carrier = zone.enterprise(CARRIER)
        self.operator = zone.in_role("operator")[0]
        self.random = Random(f"exports:{zone.seed}:{seed}")  # noqa: S311 - repeatable is what is wanted

    def parcel(self, number: int, *, bonded: bool | None = None) -> ExportParcel:
        """Parcel `number`; every third leaves bonded stock (1210) unless `bonded` says otherwise."""
        random = Random(f"export:{self._seed}:{number}")  # noqa: S311
        zone = self.zone
        shop = zone.shops[number % len(zone.shops)]
        stocked = number % 3 == 0 if bonded is None else bonded
        country, port = random.choice(DESTINATIONS)
        order_lines: list[Line] = []
        lines: list[Line] = []
        total = weight_grams = 0
        for gnum in range(1, 1 + random.choice((1, 1, 2, 3))):
            article = random.choice(ARTICLES)
            quantity = random.choice((1, 1, 1, 2, 3))
            price_cents = random.randint(article.price_from * 100, article.price_to * 100) // 7
            price, sum_ = _money(price_cents), _money(price_cents * quantity)
            total += price_cents * quantity
            weight_grams += article.weight_grams * quantity
            tariff = TARIFF_BY_CODE[article.gcode]
            common = {"gnum": str(gnum), "itemNo": article.sku, "itemName": article.name, "unit": article.unit}
            priced = {"currency": CURRENCY, "qty": str(quantity), "price": price, "totalPrice": sum_}
            order_lines.append({**common, **priced})
            second = {"unit2": tariff.unit2, "qty2": _e5(article.second_e5 * quantity)} if tariff.unit2 else {}
            record = {"itemRecordNo": zone.record_no(article)} if stocked else {}
            lines.append(
                {
                    **common, **priced, **second, **record,
                    "gcode": article.gcode, "gname": article.name, "gmodel": article.model, "barCode": "无",
                    "country": country, "qty1": _e5(article.statutory_e5 * quantity), "unit1": tariff.unit1,
                }
            )  # fmt: skip
        number_text = f"{number:09d}"
        named = {"ebpCode": shop.ebp.code, "ebpName": shop.ebp.name, "ebcCode": shop.ebc.code, "ebcName": shop.ebc.name}
        order = self._head(
            orderType="E", orderNo=f"EX{number_text}", **named,
            goodsValue=_money(total), freight="0", currency=CURRENCY,
        )  # fmt: skip
        gross = _e5((weight_grams + 150) * 100)
        carried = {**self._carried(), "logisticsNo": f"ZB{number_text}"}
        waybill = self._head(
            **carried, freight="6.5", insuredFee="0", currency=CURRENCY, grossWeight=gross, packNo="1",
            goodsInfo=lines[0]["gname"], ebcCode=shop.ebc.code, ebcName=shop.ebc.name,
        )  # fmt: skip
        area = {"iacCode": shop.area.code, "iacName": shop.area.name, "emsNo": shop.ems_no} if stocked else {}
        head = self._head(
            customsCode=zone.customs_code, orderNo=f"EX{number_text}", **named, **carried, copNo=f"XL{number_text}",
            ieFlag="E", portCode=zone.customs_code, ieDate=f"{self.at:%Y%m%d}", statisticsFlag="BA"[number % 2],
            agentCode=shop.agent.code, agentName=shop.agent.name, ownerCode=shop.ebc.code, ownerName=shop.ebc.name,
            **area, tradeMode="1210" if stocked else "9610", trafMode="3", country=country, POD=port,
            freight="6.5", fCurrency=CURRENCY, fFlag="3", insuredFee="0", iCurrency=CURRENCY, iFlag="3",
            wrapType="2", packNo="1", grossWeight=gross, netWeight=_e5(weight_grams * 100),
        )  # fmt: skip
        return ExportParcel((order, order_lines), waybill, (head, lines))

    def transport(self, code: str, bill_no: str, parcels: Sequence[str]) -> Traffic:
        """A manifest (607), arrival (507) or departure (509) of parcels by their waybill numbers."""
        sender = {"607": self.zone.in_role("agent")[0], "507": self.operator, "509": self.carrier}[code]
        part = {"msgCount": "1", "msgSeqNo": "1"}
        own: dict[str, dict[str, str]] = {
            "607": {
                "agentCode": sender.code, "agentName": sender.name, "trafMode": "3", "trafName": "X8202",
                "voyageNo": f"{self.at:%Y%m%d}", "billNo": bill_no, "grossWeight": "1000",
            },
            "507": {
                "operatorCode": sender.code, "operatorName": sender.name, "ieFlag": "E", "trafMode": "3",
                "billNo": bill_no, "domesticTrafNo": "豫A12345",
            },
            "509": {
                "trafMode": "3", "trafName": "X8202", "voyageNo": f"{self.at:%Y%m%d}", "billNo": bill_no,
                "leaveTime": f"{self.at:%Y%m%d%H%M%S}",
            },
        }  # fmt: skip
        head = self._head(
            customsCode=self.zone.customs_code, copNo=f"{code}-{bill_no}", **own[code], **self._carried(), **part
        )
        lines = [{"gnum": str(gnum), "logisticsNo": number} for gnum, number in enumerate(parcels, start=1)]
        return self.message(code, sender, [(head, lines)])

    def money(self, parcel: ExportParcel, **change: str) -> Traffic:
        """The receipt of money for a parcel's order (403), from its seller."""
        order = parcel.order[0]
        named = {name: order[name] for name in ("ebpCode", "ebpName", "ebcCode", "ebcName", "orderNo", "currency")}
        head = self._head(
            **named, payName="中原汇达支付有限公司", payNo=f"SK{order['orderNo']}", charge=order["goodsValue"],
            accountingDate=f"{self.at:%Y%m%d%H%M%S}",
        )  # fmt: skip
        return self.message("403", self.zone.enterprise(order["ebcCode"]), [({**head, **change}, [])])

    def cancel(self, parcel: ExportParcel, invt_no: str, **change: str) -> Traffic:
        """The cancellation of a parcel's list (605)."""
        head = self._head(**self._declared_by(parcel), copNo=f"CX{invt_no[-9:]}", invtNo=invt_no, reason="买家取消订单")
        return self.message("605", self.zone.enterprise(head["agentCode"]), [({**head, **change}, [])])

    def give_back(self, parcel: ExportParcel, invt_no: str, *lines: tuple[int, str], **change: str) -> Traffic:
        """The return (213) of a parcel's lines, each with its quantity; of all of them where none is named."""
        listed, declared = parcel.declared
        back = dict(lines) or {int(line["gnum"]): line["qty"] for line in declared}
        head = self._head(
            **self._declared_by(parcel), **{name: listed[name] for name in ("ebpCode", "ebpName")}, **self._carried(),
            logisticsNo=parcel.logistics_no, coElNo=f"TH{invt_no[-9:]}", invtNo=invt_no,
            tradeMode="1261" if listed["tradeMode"] == "1210" else "9661", billNo="TB1", ieFlag="I", trafMode="3",
            trafName="X8203", portCode=self.zone.customs_code, reason="买家退货", country=listed["country"],
            voyageNo=f"{self.at:%Y%m%d}",
        )  # fmt: skip
        kept = ("gnum", "gcode", "gname", "gmodel", "unit", "unit1", "qty1", "unit2", "qty2")
        items = [
            {**{name: line[name] for name in kept if name in line}, "qty": back[int(line["gnum"])]}
            for line in declared
            if int(line["gnum"]) in back
        ]
        return self.message("213", self.zone.enterprise(head["agentCode"]), [({**head, **change}, items)])

    def tally(self, parcel: ExportParcel, invt_no: str, **change: str) -> Traffic:
        """The tally of what came back (215), from the operator of the return warehouse."""
        head = self._head(
            customsCode=self.zone.customs_code, operatorCode=self.operator.code, operatorName=self.operator.name,
            **self._carried(), logisticsNo=parcel.logistics_no, invtNo=invt_no, coElNo=f"TH{invt_no[-9:]}",
            billNo="TB1", ieFlag="I", trafMode="3", trafName="X8203", voyageNo=f"{self.at:%Y%m%d}",
        )  # fmt: skip
        return self.message("215", self.operator, [({**head, **change}, [])])

    def _carried(self) -> Values:
        return {"logisticsCode": self.carrier.code, "logisticsName": self.carrier.name}

    @staticmethod
    def _declared_by(parcel: ExportParcel) -> Values:
        head = parcel.declared[0]
        return {name: head[name] for name in ("customsCode", "agentCode", "agentName", "ebcCode", "ebcName")}

    @staticmethod
    def parts(parcel: ExportParcel) -> list[tuple[str, str, tuple[Values, list[Line]]]]:
        """Order, waybill and list, each with its message's code and who sends it."""
        order = parcel.order[0]
        seller = order["ebcCode"] if order["ebpCode"] == NO_CODE else order["ebpCode"]
        return [
            ("303", seller, parcel.order),
            ("505", parcel.waybill["logisticsCode"], (parcel.waybill, [])),
            ("603", parcel.declared[0]["agentCode"], parcel.declared),
        ]

    def messages(self, parcels: Sequence[ExportParcel]) -> Iterator[Traffic]:
        """Orders, waybills and lists, a message for each kind and sender; for a foreign platform the seller sends."""
        by_sender: dict[tuple[str, str], list[tuple[Values, list[Line]]]] = {}
        for parcel in parcels:
            for code, sender, document in self.parts(parcel):
                by_sender.setdefault((code, sender), []).append(document)
        for (code, sender), documents in sorted(by_sender.items()):
            for start in range(0, len(documents), 100):
                yield self.message(code, self.zone.enterprise(sender), documents[start : start + 100])

    def message(
        self, code: str, sender: Enterprise, documents: Sequence[tuple[Values, list[Line]]], *, guid: str = ""
    ) -> Traffic:
        """A message, signed where its kind must be."""
        transfer = Transfer(sender.code, sender.name, "DXP", sender.dxp_id)
        raw = compose(code, guid or new_guid(self.random), transfer, documents)
        if code in SIGNED:
            key = self.zone.key(sender.code)
            raw = sign(raw, key, method_for(key.certificate))
        return Traffic(f"CEB{code}Message", raw, len(documents), sender.code)

    def _head(self, **values: str) -> Values:
        """A document's head with what every one has."""
        return {
            "guid": new_guid(self.random), "appType": "1", "appStatus": "2", "appTime": f"{self.at:%Y%m%d%H%M%S}",
            **values,
        }  # fmt: skip


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _e5(amount_e5: int) -> str:
    return f"{amount_e5 // 100_000}.{amount_e5 % 100_000:05d}".rstrip("0").rstrip(".")
