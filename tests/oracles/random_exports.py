"""Sales abroad at random, and the ways in which their documents can be wrong; beside `random_parcels` for purchases."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from . import zone
from .export_keys import NO_CODE
from .export_parcels import export_parcel
from .parcels import Document, Line, line
from .random_parcels import QUANTITIES, STATUTORY, Twist, add, more, price_of, set_to
from .situations import changed

Parcel = dict[str, Document]
COUNTRIES = ("502", "502", "116", "609", "305")
CHARGES = ("0", "0", "0.00", "3.33", "0.00001", "12.5")


def random_sale(chance: random.Random, number: int) -> Parcel:
    """A sale abroad whose documents agree, under numbers that no purchase has."""
    lines = [random_line(chance) for _ in range(chance.choices((1, 2, 3, 7), (60, 25, 12, 3))[0])]
    found = export_parcel(
        number,
        lines,
        mode=chance.choice(("9610", "1210")),
        flag=chance.choice("AB"),
        freight=chance.choice(CHARGES),
        insured=chance.choice(CHARGES),
        ebp=chance.choice((zone.PLATFORM, zone.PLATFORM, zone.PLATFORM_2, NO_CODE)),
        ebc=chance.choice((zone.SHOP, zone.SHOP, zone.SHOP_2)),
        carrier=chance.choice((*[zone.SHIPPER] * 6, zone.CARRIER, zone.CARRIER_2)),
        agent=chance.choice((zone.AGENT, zone.AGENT, zone.AGENT_SM2)),
        at=number % 3000,
    )
    if chance.random() < 0.2:
        found = changed(found, "403", payCode=chance.choice(("", None)), payNo=chance.choice(("", None, "N1")))
    return found


def random_line(chance: random.Random) -> Line:
    qty, price = chance.choice(QUANTITIES), price_of(chance)
    total = (Decimal(qty) * Decimal(price)).quantize(Decimal(chance.choice(("0.01", "0.00001"))), ROUND_HALF_UP)
    qty1 = chance.choice((qty, *STATUTORY))
    return line(chance.choice(sorted(zone.GOODS)), qty, price, qty1=qty1, total=total, country=chance.choice(COUNTRIES))


TWISTS: dict[str, list[Twist]] = {
    "match": [
        ("303", 0, set_to(ebcCode=zone.SHOP_2)),
        ("303", 0, set_to(ebcCode="4101900E09")),
        ("505", 0, set_to(ebcCode=zone.SHOP_2)),
        ("505", 0, set_to(ebcCode=None)),
        ("303", 0, set_to(orderType="B")),
        ("303", 0, set_to(orderType="W")),
        ("303", 1, add("qty", "0.00001")),
        ("303", 1, set_to(unit="999")),
        ("603", 1, set_to(currency="142")),
        ("603", 1, add("totalPrice", "0.00001")),
        ("603", 1, set_to(gnum="50")),
        ("303", 1, lambda old: {"price": more(old["price"], "0.011")}),
        ("303", 0, add("goodsValue", "0.01")),
        ("303", 0, add("goodsValue", "0.02")),
        ("403", 0, add("charge", "0.00001")),
        ("403", 0, set_to(currency="142")),
        ("403", 0, set_to(ebcCode=zone.SHOP)),
        ("505", 0, set_to(packNo="2")),
        ("603", 0, set_to(packNo="2")),
        ("505", 0, set_to(grossWeight="1.50001")),
    ],
    "same": [
        ("403", 0, lambda old: {"charge": f"{Decimal(old['charge']):.5f}"}),
        ("505", 0, set_to(grossWeight="+1.50", packNo="01")),
        ("603", 0, set_to(packNo="+1", grossWeight="01.5")),
        ("603", 1, set_to(gnum="01")),
        ("603", 1, set_to(price="77.7", country="116")),
        ("603", 0, set_to(country="116", trafName="CZ3081", voyageNo="0618", billNo="999")),
    ],
    "parties": [
        ("603", 0, set_to(ebpCode="4101900X01")),
        ("603", 0, set_to(ebpCode=zone.CARRIER)),
        ("603", 0, set_to(logisticsCode="4101900X02")),
        ("603", 0, set_to(logisticsCode=zone.PAYER)),
        ("603", 0, set_to(iacCode="4101900X03")),
        ("603", 0, set_to(iacCode=zone.AGENT)),
        ("603", 0, set_to(agentCode=zone.SHOP)),
    ],
    "fields": [
        ("603", 0, set_to(emsNo="")),
        ("603", 0, set_to(iacCode=None)),
        ("603", 0, set_to(iacName="")),
        ("603", 1, set_to(itemRecordNo=None)),
        ("603", 0, set_to(tradeMode="9710")),
        ("603", 0, set_to(tradeMode="1239")),
        ("603", 0, set_to(freight="-0.00001")),
        ("603", 0, set_to(insuredFee="-1")),
        ("603", 0, set_to(netWeight="0")),
        ("603", 0, set_to(netWeight="1.5")),
        ("603", 0, set_to(netWeight="1.50001")),
        ("603", 0, set_to(licenseNo="21-AB-123456")),
        ("603", 0, set_to(licenseNo="21-AB-123456", statisticsFlag="A")),
        ("603", 1, set_to(qty="0")),
        ("603", 1, set_to(qty1="0.00000")),
        ("603", 1, set_to(totalPrice="-0.01")),
    ],
    "goods": [
        ("603", 1, set_to(gcode="9999999999")),
        ("603", 1, set_to(gcode="1111111111")),
        ("603", 1, set_to(gcode="2222222222")),
        ("603", 1, lambda old: {"gcode": f"{old['gcode'][:4]}000000"}),
        ("603", 1, lambda old: {"gcode": f"{old['gcode'][:5]}99999"}),
    ],
    "stock": [
        ("603", 0, set_to(emsNo="T9999W000001")),
        ("603", 1, set_to(itemRecordNo="R999")),
        ("603", 1, set_to(itemRecordNo="R003")),
        ("603", 0, set_to(iacCode=zone.WAREHOUSE_2)),
    ],
}
TWIST_CHANCES = {"match": 0.3, "same": 0.08, "parties": 0.05, "fields": 0.18, "goods": 0.08, "stock": 0.07}


def twisted_sale(chance: random.Random, good: Parcel, kinds: frozenset[str]) -> Parcel:
    """The sale with what may be wrong with it; often nothing, now and then two things."""
    found = good
    for kind, rate in TWIST_CHANCES.items():
        if kind in kinds and chance.random() < rate:
            document, item, change = chance.choice(TWISTS[kind])
            old: dict[str, Any] = found[document]["items"][item - 1] if item else found[document]["head"]
            found = changed(found, document, item, **change(old))
    return found
