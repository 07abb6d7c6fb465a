"""Purchases at random: goods, prices with every kind of fraction, and the ways in which documents can be wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from . import zone
from .checks import ID_CHECK_CHARACTERS, ID_WEIGHTS
from .parcels import Document, Line, line, parcel, plain
from .situations import changed

Parcel = dict[str, Document]
QUANTITIES = ("1", "1", "1", "2", "3", "4", "0.5", "1.25", "0.33333", "2.00000", "12.34567", "7")
STATUTORY = ("0.4", "0.7", "1", "2", "100", "0.00001", "3.33333")
CHARGES = ("0", "0", "0", "0.00", "0.01", "0.05", "3.33", "6", "12.5", "15.00000", "29.99")
SPECIAL = (
    # Thresholds met exactly and missed by a cent, half cents of tax, spirits by volume, a gift taxed by quantity.
    ("serum", "1", "1000", "100"),
    ("serum", "1", "999.99", "100"),
    ("watch", "1", "10000", "1"),
    ("watch", "1", "9999.99", "1"),
    ("whisky", "1", "400", "0.7"),
    ("beer", "6", "5", "2"),
    ("beer", "1", "0", "12"),
    ("nappies", "1", "315", "1"),
    ("honey", "1", "105", "1"),
    ("cream", "1", "100", "0.4"),
    ("cream", "3", "0.05", "0.4"),
)


def identity_number(chance: random.Random) -> str:
    day = f"{chance.randint(1950, 2007)}{chance.randint(1, 12):02d}{chance.randint(1, 28):02d}"
    digits = f"{chance.choice(('410105', '110101', '440305'))}{day}{chance.randint(0, 999):03d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, ID_WEIGHTS, strict=True))
    return digits + ID_CHECK_CHARACTERS[total % 11]


def price_of(chance: random.Random) -> str:
    kind = chance.randrange(10)
    if kind == 0:
        return "0"
    if kind == 1:
        return f"{chance.randint(1, 99)}.{chance.randint(0, 99999):05d}"
    if kind == 2 and chance.random() < 0.3:
        return f"{chance.randint(300, 2600)}"
    if kind < 6:
        return f"{chance.randint(1, 90)}.{chance.randint(0, 99):02d}"
    return str(chance.randint(1, 150))


def random_line(chance: random.Random, mode: str) -> Line:
    listed = "1210" if mode == "1239" else mode
    words = [word for word, goods in zone.GOODS.items() if listed in goods[5].split(";") and word != "tobacco"]
    country = chance.choice(("305", "305", "609", "502"))
    if chance.random() < 0.2:
        word, qty, price, qty1 = chance.choice(SPECIAL)
        return line(word, qty, price, qty1=qty1, country=country)
    qty, price = chance.choice(QUANTITIES), price_of(chance)
    total = (Decimal(qty) * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return line(chance.choice(words), qty, price, qty1=chance.choice((qty, *STATUTORY)), total=total, country=country)


def boundary_lines(chance: random.Random, single: Decimal, left: Decimal) -> list[Line]:
    """Items that come to exactly a limit, or a cent more, in one piece, two pieces or two items."""
    limit = chance.choice((single, max(left, Decimal(1)))) + chance.choice((Decimal(0), Decimal(0), Decimal("0.01")))
    half = (limit / 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
    shape = chance.randrange(4)
    if shape == 0:
        return [line("watch", "1", plain(limit))]
    if shape == 1:
        return [line("nappies", "2", plain(limit / 2), total=limit)]
    if shape == 2:
        return [line("cream", "1.5", plain((limit / Decimal("1.5")).quantize(Decimal("0.00001"))), total=limit)]
    return [line("cream", "1", plain(half)), line("wine", "1", plain(limit - half), qty1="0.75")]


def tiny_lines(chance: random.Random) -> list[Line]:
    """Many small items, some free, so that rounded shares come to more than there is; or nothing but gifts."""
    if chance.random() < 0.3:
        return [line("cream", "1", "0") for _ in range(chance.randint(1, 4))]
    prices = [chance.choice(("1", "1", "1", "0", "2")) for _ in range(chance.randint(4, 12))]
    return [line("cream", "1", price) for price in (*prices, "1")]


def random_parcel(
    chance: random.Random, number: int, buyers: list[tuple[str, str]], world: dict[str, Any], kinds: frozenset[str]
) -> Parcel:
    """A purchase whose documents agree."""
    modes = ["1210"] * 12 + ["9610"] * 8 + (["1239"] if "modes" in kinds else [])
    mode = chance.choice(modes)
    buyer = chance.choice(buyers)
    count = chance.choices((1, 2, 3, 5, 9, 30), (50, 25, 12, 7, 5, 0.5))[0]
    lines = [random_line(chance, mode) for _ in range(count)]
    charges = chance.choice(CHARGES), chance.choice(CHARGES)
    if "limits" in kinds and chance.random() < 0.15:
        used = world["allowances"].get((buyer[0], str(world["as_of"].year)), Decimal(0))
        lines = boundary_lines(chance, world["single_limit"], world["annual_limit"] - used)
        charges = ("0", "0")
    if chance.random() < 0.06:
        lines, charges = tiny_lines(chance), (chance.choice(("0.02", "0.05", "0.07")), "0")
    ebp = chance.choice((zone.PLATFORM, zone.PLATFORM, zone.PLATFORM_2))
    ebc = chance.choice((zone.SHOP, zone.SHOP, zone.SHOP_2))
    carrier = chance.choice((zone.CARRIER, zone.CARRIER, zone.CARRIER_2))
    guarantors = [ebp, ebp, *(code for code in (ebc, carrier) if code in (zone.SHOP, zone.CARRIER))]
    return parcel(
        number,
        lines,
        mode=mode,
        buyer=buyer,
        freight=charges[0],
        insured=charges[1],
        tax=chance.choice(("0", "0", "9.1", "0.01")),
        discount=chance.choice(("0", "0", "5", "0.01")),
        ebp=ebp,
        ebc=ebc,
        carrier=carrier,
        payer=chance.choice((zone.PAYER, zone.PAYER_2)),
        agent=chance.choice((zone.AGENT, zone.AGENT, zone.AGENT_SM2)),
        assure=chance.choice(guarantors),
        at=number % 3000,
    )


# --- What can be wrong ---------------------------------------------------------------------------------------------


def more(amount: str, step: str = "0.01") -> str:
    return plain(Decimal(amount) + Decimal(step))


Twist = tuple[str, int, Callable[[dict[str, Any]], dict[str, Any]]]


def set_to(**fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda old: fields


def add(name: str, step: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda old: {name: more(old[name], step)}


# By kind of trouble: document, gnum of the item (0 = head), new fields from old ones.
TWISTS: dict[str, list[Twist]] = {
    "match": [
        ("621", 0, set_to(buyerName="某某")),
        ("621", 0, set_to(buyerIdNumber=zone.BUYERS[0][0])),
        ("311", 0, set_to(ebcCode=zone.SHOP_2)),
        ("311", 0, set_to(ebcCode="4101900E09")),
        ("311", 1, add("qty", "0.00001")),
        ("311", 1, set_to(unit="999")),
        ("311", 1, set_to(country="999")),
        ("621", 1, set_to(gnum="50")),
        ("621", 1, add("totalPrice", "0.01")),
        ("311", 1, lambda old: {"price": more(old["price"], "0.011")}),
        ("311", 0, add("goodsValue", "0.01")),
        ("311", 0, add("goodsValue", "0.02")),
        ("311", 0, add("taxTotal", "0.01")),
        ("311", 0, add("discount", "0.02")),
        ("411", 0, add("amountPaid", "0.01")),
        ("411", 0, set_to(payerName="某某")),
        ("411", 0, set_to(payerIdNumber=zone.BUYERS[1][0])),
        ("311", 0, set_to(payTransactionId="OTHER")),
        ("311", 0, set_to(payTransactionId="")),
        ("311", 0, set_to(payTransactionId=None)),
        ("511", 0, set_to(consignee="某某")),
        ("511", 0, set_to(consigneeTelephone="1")),
        ("511", 0, set_to(consigneeAddress="某地 & 别处")),
        ("511", 0, set_to(orderNo="OTHER")),
        ("511", 0, set_to(freight=None)),
        ("511", 0, set_to(insuredFee=None)),
        ("621", 0, add("insuredFee", "0.01")),
    ],
    "same": [
        ("411", 0, lambda old: {"amountPaid": f"{Decimal(old['amountPaid']):.5f}"}),
        ("621", 0, lambda old: {"freight": f"+{old['freight']}"}),
        ("511", 0, lambda old: {"freight": f"00{old['freight']}"}),
        ("621", 1, lambda old: {"gnum": "01"}),
        ("621", 0, set_to(consigneeAddress="别处", buyerTelephone="2", copNo=None)),
        ("621", 1, set_to(price="77.7")),
    ],
    "parties": [
        ("621", 0, set_to(ebpCode="4101900X01")),
        ("621", 0, set_to(logisticsCode="4101900X02")),
        ("621", 0, set_to(areaCode="4101900X03")),
        ("621", 0, set_to(areaCode=zone.AGENT)),
        ("621", 0, set_to(agentCode=zone.SHOP)),
        ("621", 0, set_to(logisticsCode=zone.PAYER)),
        ("621", 0, set_to(assureCode=zone.OPERATOR)),
        ("621", 0, set_to(assureCode=zone.AGENT, areaCode="4101900X03")),
        ("621", 0, lambda old: {"assureCode": old["ebcCode"]}),
    ],
    "fields": [
        ("621", 0, set_to(emsNo="")),
        ("621", 0, set_to(areaCode=None)),
        ("621", 0, set_to(areaName="")),
        ("621", 1, set_to(itemRecordNo=None)),
        ("621", 0, set_to(trafNo=None)),
        ("621", 0, set_to(voyageNo="")),
        ("621", 0, set_to(billNo=None)),
        ("621", 0, set_to(tradeMode="0110")),
        ("621", 0, set_to(tradeMode="1239")),
        ("621", 0, set_to(buyerIdType="2")),
        ("621", 0, set_to(buyerIdNumber="410105198803129811")),
        ("621", 0, set_to(buyerIdNumber="44030519990226981x")),
        ("621", 0, set_to(buyerIdNumber="410105880312981")),
        ("621", 0, set_to(freight="1.005")),
        ("621", 1, add("totalPrice", "0.00500")),
        ("621", 1, set_to(qty="0")),
        ("621", 1, set_to(qty1="0.00000")),
    ],
    "goods": [
        ("621", 1, set_to(gcode="9999999999")),
        ("621", 1, set_to(gcode="2402200000")),
        ("621", 1, set_to(gcode="2402999999")),
        ("621", 1, set_to(gcode=zone.GOODS["petfood"][0])),
        ("621", 1, set_to(gcode=zone.GOODS["toy"][0])),
        ("621", 1, set_to(gcode=zone.GOODS["formula"][0])),
        ("621", 1, set_to(gcode="1111111111")),
        ("621", 1, set_to(gcode="2222222222")),
    ],
    "stock": [
        ("621", 0, set_to(emsNo="T9999W000001")),
        ("621", 1, set_to(itemRecordNo="R999")),
        ("621", 1, set_to(itemRecordNo="R002")),
        ("621", 0, set_to(areaCode=zone.WAREHOUSE_2)),
    ],
}
TWIST_CHANCES = {"match": 0.24, "same": 0.08, "parties": 0.05, "fields": 0.1, "goods": 0.05, "stock": 0.07}


def twisted(chance: random.Random, good: Parcel, kinds: frozenset[str]) -> Parcel:
    """The purchase with what may be wrong with it; often nothing, now and then two things."""
    found = good
    for kind, rate in TWIST_CHANCES.items():
        if kind in kinds and chance.random() < rate:
            document, item, change = chance.choice(TWISTS[kind])
            old = found[document]["items"][item - 1] if item else found[document]["head"]
            found = changed(found, document, item, **change(old))
    return found


def portion(left: Decimal, chance: random.Random) -> Decimal:
    """Part of a quantity, with at most five decimals, above nothing."""
    part = (left / chance.choice((1, 2, 3, 3, 7))).quantize(Decimal("0.00001"))
    return min(left, max(part, Decimal("0.00001")))
