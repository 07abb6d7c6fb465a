"""Example cases of export lists, from what is sent to what is accepted: docs/exports.md §1 to §3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import zone
from .export_parcels import arrival, departure, export_parcel, manifest
from .parcels import again, line
from .situations import changed
from .stories import SPECIFICATION, Sale, Story
from .zone import AGENT, PAYER, PLATFORM, SHIPPER, SHOP, SHOP_2

ALL_THREE = "100 field.amount;mode.unsupported;simplified.licence"


def direct(folder: Path) -> None:
    story = Story(
        folder,
        "9610 out: listed, arrived, departed, closed",
        f"exports §1 to §4; {SPECIFICATION}, 2.1, 2.5, 2.7, 2.9, 2.11, 2.15",
    )
    one = export_parcel(1, [line("cream", "2", "15.5"), line("toy", "1", "8.99")])
    two = export_parcel(2, [line("nappies", "3", "7.25")], flag="B", freight="4.2", insured="0.5")
    three = export_parcel(3, [line("toy", "0.33333", "3")], agent=zone.AGENT_SM2)
    story.sell(
        Sale(one, "899", "simplified (A), two lines; departed: §4, 509"),
        Sale(two, "899", "in full (B), with freight; departed: §4, 509"),
        Sale(three, "800", "signed sm2-sm3; price × qty is within 0.01 of totalPrice; released and still here"),
    )
    waybills = [one["505"], two["505"]]
    story.send(
        manifest(waybills), why="the bill on which they leave; trafName, voyageNo, billNo stand here, not in 603"
    )
    story.send(arrival([*waybills, three["505"]]), why="all three have arrived at the supervised site")
    story.send(departure(waybills), why="two have left: their lists are closed", envelope=True)
    story.finish({})


def bonded(folder: Path) -> None:
    story = Story(
        folder,
        "1210 out: goods from the account book",
        f"exports §3, groups 2 and 7; {SPECIFICATION}, 2.11 (emsNo, iacCode, itemRecordNo)",
        books=zone.book_rows("10"),
    )
    goods = [line("cream", "2"), line("wine", "1.5", qty1="1.125"), line("cream", "3")]
    other_heading = line("honey", gcode="2204210000")
    sales = [
        (export_parcel(1, goods, mode="1210", flag="B"), "800", "5 of R001 on two lines, 1.5 of R004"),
        (export_parcel(2, [line("cream", "5.00001")], mode="1210"), "100 book.insufficient", "5 of R001 are left"),
        (export_parcel(3, [line("cream", "5")], mode="1210"), "800", "the last 5 of R001"),
        (
            export_parcel(4, [line("nappies", "6"), line("nappies", "4.5")], mode="1210"),
            "100 book.insufficient",
            "lines of one record are added up",
        ),
        (export_parcel(5, [line("honey", record="R999")], mode="1210"), "100 book.unknown", "no such record"),
        (
            changed(export_parcel(6, [line("honey")], mode="1210"), "603", emsNo="T4612W000999"),
            "100 book.unknown",
            "no such book",
        ),
        (
            changed(export_parcel(7, [line("honey")], mode="1210"), "603", iacCode=zone.WAREHOUSE_2),
            "100 book.mismatch",
            "another warehouse's book",
        ),
        (export_parcel(8, [line("honey", unit="011")], mode="1210"), "100 book.mismatch", "another unit"),
        (
            export_parcel(9, [line("serum", gcode="3304100091")], mode="1210", flag="B"),
            "100 book.mismatch",
            "in full, all ten digits of gcode are the book's",
        ),
        (
            export_parcel(10, [line("serum", gcode="3304100091")], mode="1210"),
            "800",
            "simplified, four digits of gcode are the book's",
        ),
        (export_parcel(11, [other_heading], mode="1210"), "100 book.mismatch", "simplified, but of another heading"),
        (
            export_parcel(12, [line("honey", "99", record="R010")], mode="1210"),
            "100 book.insufficient;book.mismatch",
            "both are told",
        ),
    ]
    story.sell(*(Sale(*sale) for sale in sales))
    story.finish({"R001": "0", "R003": "9", "R004": "8.5"})


def receipts(folder: Path) -> None:
    story = Story(
        folder,
        "The last day on which a receipt of money is needed",
        f"exports §1, §2, §3 group 4; export.receipt_doc_required, 2019-01-01 to 2024-12-14 (notices 2018 No. 194 and "
        f"2024 No. 167); {SPECIFICATION}, 2.3",
        as_of="2024-12-14T23:59:59+08:00",
    )
    kinds = ("303", "403", "505")
    plain = [export_parcel(serial, [line("cream", "1", "20")], freight="3") for serial in range(1, 10)]
    story.sell(
        Sale(plain[0], "800", "charge is goodsValue + freight"),
        Sale(changed(plain[1], "403", charge="20"), "100 match.receipt", "charge leaves the freight out"),
        Sale(changed(plain[2], "403", charge="23.00001"), "100 match.receipt", "not even a fraction more"),
        Sale(changed(plain[3], "403", currency="142"), "100 match.receipt", "another currency than the order's"),
        Sale(changed(plain[4], "403", payCode="", payNo=""), "800", "paid abroad: known by seller and order number"),
        Sale(changed(plain[5], "403", orderNo="X26069999999"), "2 waiting.receipt", "the receipt is another order's"),
        kinds=kinds,
    )
    late, twice = plain[6], plain[7]
    story.sell(Sale(late, "800", "§2: it waits for its receipt, which comes last"), kinds=("303", "505"))
    story.send(late["403"], why="the receipt that was waited for")
    story.send(again(twice["403"], payNo="REC-EARLY", charge="1"), why="the first receipt of an order")
    story.sell(Sale(twice, "100 match.receipt", "of several receipts the first to arrive counts"), kinds=kinds)
    nothing = plain[8]
    story.sell(Sale(nothing, "2 waiting.order;waiting.receipt;waiting.waybill", "§2: nothing is there"), kinds=())
    story.send(again(plain[0]["403"], appType="2"), why="an accepted list uses it", answer="rejected document.in_use")
    story.send(plain[4]["403"], why="its own number, not that without one", answer="accepted")
    again_without = changed(plain[4], "403", payCode=None, payNo=None)["403"]
    story.send(again_without, why="the key without numbers is taken", answer="rejected duplicate.payment", sender=SHOP)
    story.finish({})


def no_receipts(folder: Path) -> None:
    story = Story(
        folder,
        "The first day on which no receipt of money is needed",
        "exports §2; export.receipt_doc_required ended on 2024-12-15 (notice 2024 No. 167)",
        as_of="2024-12-15T00:00:00+08:00",
    )
    story.sell(Sale(export_parcel(1), "800", "none is there"))
    wrong = changed(export_parcel(2), "403", charge="0.01", currency="142")
    story.sell(Sale(wrong, "800", "one that is there is not looked at"), kinds=("303", "403", "505"))
    story.send(again(wrong["403"], appType="3"), why="and is not in use")
    story.finish({})


def waiting(folder: Path) -> None:
    story = Story(
        folder,
        "Waiting, and who comes first to what is scarce",
        "exports §2; contract §3, group 3 and order of grants",
        books=zone.book_rows("3"),
    )
    parcels = [export_parcel(serial, [line("cream", "2")], mode="1210") for serial in range(1, 7)]
    one, two, three, four, five, six = parcels
    story.sell(Sale(three, "2 waiting.order;waiting.waybill", "nothing is there"), kinds=())
    story.sell(Sale(four, "2 waiting.waybill", "its order is there"), kinds=("303",))
    story.sell(Sale(five, "2 waiting.order", "its waybill is there"), kinds=("505",))
    story.sell(Sale(six, "2 waiting.order", "its order is a draft"), kinds=("505",))
    story.send(again(six["303"], appStatus="1"), why="a draft has not arrived")
    story.sell(Sale(one, "100 book.insufficient", "listed first, but its last document came second"), kinds=("303",))
    story.sell(Sale(two, "800", "its last document came first"), kinds=("303",))
    story.send(two["505"], one["505"], why="in the order of the message: the second parcel takes 2 of 3")
    wrong = changed(export_parcel(7), "603", agentCode="4101900X09", netWeight="-1")
    story.send(wrong["603"], why="parties are judged before it waits", sender=SHOP)
    story.expect(wrong["603"], "-10102 party.unknown", "group 1 answers at once, and alone")
    light = changed(export_parcel(8), "603", netWeight="-1")
    story.send(light["603"], why="fields are judged before it waits")
    story.expect(light["603"], "100 field.amount", "group 2 answers at once")
    story.finish({"R001": "1"})


def match(folder: Path) -> None:
    story = Story(
        folder,
        "Every way in which the documents of an export can disagree",
        f"exports §3, group 4; {SPECIFICATION}, 2.1 (303), 2.5 (505), 2.11 (603)",
    )
    two = [line("cream", "2", "10"), line("toy", "3", "1.5")]

    def sale(serial: int) -> dict[str, zone.Document]:
        return export_parcel(serial, two)

    several = changed(changed(sale(20), "505", ebcCode=SHOP_2, packNo="9"), "303", orderType="B", goodsValue="1")
    swapped = again(sale(10)["603"], items=list(reversed(sale(10)["603"]["items"])))
    fewer = again(sale(11)["603"], items=sale(11)["603"]["items"][:1])
    sales = [
        (sale(1), "800", "nothing"),
        (changed(sale(2), "303", ebcCode=SHOP_2), "100 match.ebc", "ebcCode of the order"),
        (changed(sale(3), "505", ebcCode=SHOP_2), "100 match.ebc", "ebcCode of the waybill"),
        (changed(sale(4), "505", ebcCode=None), "800", "a waybill need not name the seller"),
        (changed(sale(5), "303", orderType="W"), "100 match.order_type", "a booking of an overseas warehouse"),
        (changed(sale(6), "603", 1, qty="2.00001"), "100 match.items", "qty"),
        (changed(sale(7), "603", 2, unit="007"), "100 match.items", "unit"),
        (changed(sale(8), "603", 1, totalPrice="20.00001"), "100 match.items", "totalPrice"),
        (changed(sale(9), "603", 2, currency="142"), "100 match.items", "currency"),
        ({**sale(10), "603": swapped}, "800", "lines pair by gnum, in whatever order they stand"),
        ({**sale(11), "603": fewer}, "100 match.items", "a line of the order is missing"),
        (changed(sale(12), "603", 2, gnum="3"), "100 match.items", "no line of the order has this gnum"),
        (changed(sale(13), "603", 1, price="7", country="116", gname="别名"), "800", "price and name are not compared"),
        (changed(sale(14), "303", 1, price="10.005"), "800", "price × qty within 0.01 of totalPrice, in the order"),
        (changed(sale(15), "303", 1, price="10.00501"), "100 match.order_sum", "0.01002 off"),
        (changed(sale(16), "303", goodsValue="24.51"), "800", "the lines' sum within 0.01 of goodsValue"),
        (changed(sale(17), "303", goodsValue="24.48999"), "100 match.order_sum", "0.01001 off"),
        (changed(sale(18), "505", packNo="2"), "100 match.parcel", "packNo"),
        (changed(sale(19), "505", grossWeight="1.50001"), "100 match.parcel", "grossWeight"),
        (several, "100 match.ebc;match.order_sum;match.order_type;match.parcel", "all differences are told"),
        (changed(sale(21), "505", grossWeight="1.50", packNo="01"), "800", "the same numbers, written otherwise"),
    ]
    for entry in sales:
        one = Sale(*entry)
        if one.parcel["303"]["head"]["ebcCode"] != SHOP:
            story.send(one.parcel["303"], why="CEB303", sender=PLATFORM)
            story.sell(one, kinds=("505",))
        else:
            story.sell(one)
    story.finish({})


def fields(folder: Path) -> None:
    story = Story(
        folder,
        "Parties and fields of an export list",
        f"exports §3, groups 1 and 2; {SPECIFICATION}, 2.11",
    )
    heads = [
        ({"ebpCode": "4101900X01"}, "-10102 party.unknown", "ebpCode is not filed"),
        ({"ebpCode": SHOP}, "-10101 party.role", "ebpCode is no platform"),
        ({"ebcCode": "4101900X02"}, "-10102 party.unknown", "ebcCode is not filed"),
        ({"ebcCode": PAYER}, "-10101 party.role", "ebcCode is no seller"),
        ({"logisticsCode": "4101900X03"}, "-10102 party.unknown", "logisticsCode is not filed"),
        ({"logisticsCode": zone.OPERATOR}, "-10101 party.role", "logisticsCode is no carrier"),
        ({"agentCode": "4101900X04"}, "-10102 party.unknown", "agentCode is not filed"),
        ({"agentCode": SHIPPER}, "-10101 party.role", "agentCode is no declarant"),
        ({"iacCode": "4101900X05"}, "-10102 party.unknown", "iacCode is given and not filed, though 9610"),
        ({"iacCode": AGENT}, "-10101 party.role", "iacCode is no warehouse"),
        ({"agentCode": "4101900X04", "ebpCode": SHOP, "netWeight": "9"}, "-10102 party.role;party.unknown", "both"),
        ({"tradeMode": "9710"}, "100 mode.unsupported", "B2B is not cleared by list here"),
        ({"tradeMode": "1239"}, "100 mode.unsupported", "a mode of imports alone"),
        ({"freight": "-0.01"}, "100 field.amount", "freight below 0"),
        ({"insuredFee": "-0.00001"}, "100 field.amount", "insuredFee below 0"),
        ({"netWeight": "1.50001"}, "100 field.amount", "netWeight above grossWeight"),
        ({"netWeight": "0"}, "100 field.amount", "netWeight not above 0"),
        ({"netWeight": "1.5", "freight": "0.00001"}, "800", "netWeight may be grossWeight; five decimals"),
        ({"licenseNo": "21-AB-123456"}, "100 simplified.licence", "statisticsFlag A with a licence"),
        ({"licenseNo": "21-AB-123456", "tradeMode": "9810", "freight": "-1"}, ALL_THREE, "all are told"),
    ]
    for serial, (change, status, why) in enumerate(heads, start=1):
        subject = changed(export_parcel(serial), "603", **change)
        declare(story, subject, status, why)
    items = [
        ({"totalPrice": "-1"}, "100 field.amount", "totalPrice below 0"),
        ({"qty": "0"}, "100 field.amount", "qty not above 0"),
        ({"qty1": "-1"}, "100 field.amount", "qty1 not above 0"),
    ]
    for serial, (change, status, why) in enumerate(items, start=31):
        declare(story, changed(export_parcel(serial), "603", 1, **change), status, why)
    needed: list[tuple[dict[str, Any], str, str]] = [
        ({}, "800", "1210 has all that it needs"),
        ({"emsNo": ""}, "100 field.mode", "1210 without emsNo"),
        ({"iacCode": None}, "100 field.mode", "1210 without iacCode"),
        ({"iacName": ""}, "100 field.mode", "1210 without iacName"),
        ({"licenseNo": "21-AB-123456"}, "800", "statisticsFlag B may have a licence"),
        ({"tradeMode": "9710", "emsNo": None}, "100 mode.unsupported", "nothing about what the mode needs"),
    ]
    for serial, (change, status, why) in enumerate(needed, start=41):
        declare(story, changed(export_parcel(serial, mode="1210", flag="B"), "603", **change), status, why)
    no_record = changed(export_parcel(51, mode="1210", flag="B"), "603", 1, itemRecordNo="")
    declare(story, no_record, "100 field.mode", "1210 without itemRecordNo")
    story.finish({"R001": "498"})


def declare(story: Story, subject: dict[str, zone.Document], status: str, why: str) -> None:
    """A parcel whose list may name parties that cannot send: whoever of the others can sends it."""
    for kind in ("303", "505"):
        story.send(subject[kind], why=f"CEB{kind}")
    head = subject["603"]["head"]
    story.send(subject["603"], why="CEB603", sender=AGENT if head["agentCode"] == AGENT else SHOP)
    story.expect(subject["603"], status, why)


def simplified(folder: Path) -> None:
    yesterday = {**zone.tariff_rows()[0], "gcode": "4202220000", "valid_to": "2026-06-17"}
    tomorrow = {**zone.tariff_rows()[0], "gcode": "6109100021", "valid_from": "2026-06-19"}
    story = Story(
        folder,
        "Simplified declaration (A) and declaration in full (B)",
        f"exports §3, groups 2 and 5; {SPECIFICATION}, 2.11 (statisticsFlag, gcode); regulation §4, simplified "
        "classification (简化归类)",
        tariff=[*zone.tariff_rows(), yesterday, tomorrow],
        prohibited=[{"gcode_prefix": "2402", "reason": "烟草制品", "valid_from": "2016-04-08", "valid_to": ""}],
    )
    sales = [
        ("A", "3304990029", "800", "in the tariff"),
        ("A", "3304000000", "800", "the heading 3304 is in the tariff"),
        ("A", "3304999999", "800", "only four digits count"),
        ("A", "3305000000", "100 goods.unknown", "no heading 3305"),
        ("B", "3304990029", "800", "in the tariff"),
        ("B", "3304000000", "100 goods.unknown", "in full, all ten digits count"),
        ("A", "4202000000", "100 goods.unknown", "the heading's only line ended yesterday"),
        ("B", "4202220000", "100 goods.unknown", "ended yesterday"),
        ("B", "6109100021", "100 goods.unknown", "begins tomorrow"),
        ("A", "6109000000", "100 goods.unknown", "the heading begins tomorrow"),
        ("B", "2402200000", "800", "on the negative list of imports, which does not bind exports"),
        ("A", "2402000000", "800", "so here"),
        ("B", "2309109000", "800", "not on the positive list of imports, which does not bind exports"),
    ]
    story.sell(
        *(
            Sale(export_parcel(serial, [line("cream", gcode=gcode)], flag=flag), status, f"{flag} {gcode}: {why}")
            for serial, (flag, gcode, status, why) in enumerate(sales, start=1)
        )
    )
    two = [line("cream"), line("cream", gcode="9999000000")]
    story.sell(Sale(export_parcel(20, two), "100 goods.unknown", "every line must be known"))
    story.finish({})
