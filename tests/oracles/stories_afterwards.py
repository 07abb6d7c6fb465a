"""Example cases of what comes after acceptance, at the door and beside imports: docs/exports.md §1 and §4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import zone
from .export_keys import NO_CODE
from .export_parcels import arrival, departure, export_cancel, export_parcel, export_return, manifest, tally
from .parcels import again, cancel, line, parcel, refund, with_item
from .situations import changed
from .stories import SPECIFICATION, Sale, Story
from .zone import CARRIER, PAYER, PLATFORM, SHIPPER, SHOP, SHOP_2

AT_SCHEMA = "contract §2, item 2, with the official export schema"
REUSED = "rejected message.guid_reused"
GUARANTEES = [{"assure_code": PLATFORM, "balance": "100000.00"}]


def number(serial: int) -> str:
    return f"46122026E{serial:09d}"


def cancellation(folder: Path) -> None:
    story = Story(
        folder,
        "Cancellation (605) and its limits",
        f"exports §4; {SPECIFICATION}, 2.13",
        books=zone.book_rows("10"),
        selection=[{"kind": "country", "value": "116", "action": "inspect"}],
    )
    parcels = [export_parcel(serial, [line("cream", "1")], mode="1210") for serial in range(1, 7)]
    parcels[1] = export_parcel(2, [line("cream", "1", country="116")], mode="1210")
    parcels[4] = export_parcel(5, [line("cream", "2")], mode="1210")
    free, held, arrived, closed, returned, _ = parcels
    ends = [
        ("800", "cancelled, and declared again under the next number"),
        ("cancelled", "held (500) and cancelled"),
        ("800", "not cancelled: it has arrived"),
        ("899", "not cancelled: it is closed"),
        ("part_returned", "not cancelled: something came back"),
        ("800", "not cancelled: never rightly named"),
    ]
    story.sell(*(Sale(subject, *end) for subject, end in zip(parcels, ends, strict=True)))
    requests = [export_cancel(subject["603"], number(serial)) for serial, subject in enumerate(parcels, start=1)]
    story.send(arrival([arrived["505"]]), why="arrived at the supervised site")
    story.send(departure([closed["505"]]), why="left the country")
    story.send(export_return(returned["603"], number(5), {1: ("1", "1")}), why="one of two came back")
    state, unknown = "rejected declaration.state", "rejected declaration.unknown"
    story.send(requests[1], why="a list that is held may be cancelled")
    story.send(requests[2], why="it has arrived", answer=state)
    story.send(requests[3], why="it is closed", answer=state)
    story.send(requests[4], why="something came back", answer=state)
    story.send(again(requests[5], invtNo=number(99)), why="no such list", answer=unknown)
    story.send(again(requests[5], invtNo="46122026I000000006"), why="no such list: I is for imports", answer=unknown)
    story.send(again(requests[5], ebcCode=SHOP_2), why="another seller's name", answer=unknown)
    other_agent = again(requests[5], agentCode=SHOP)
    story.send(other_agent, why="another declarant's name", answer=unknown, sender=SHOP)
    story.send(again(requests[5], appStatus="1"), why="a draft does nothing")
    story.send(
        again(requests[5], appType="2"), why="nothing is stored to be changed", answer="rejected document.unknown"
    )
    story.send(again(requests[5], appType="3"), why="nor to be deleted", answer="rejected document.unknown")
    story.send(free["603"], why="not cancelled yet", answer="rejected duplicate.declaration")
    story.send(requests[0], why="cancelled: stock and documents are free")
    story.send(requests[0], why="cancelled already", answer=state)
    story.send(again(free["505"], appType="2", packNo="2"), why="a waybill that is free may be changed")
    story.send(again(free["603"], packNo="2"), why="declared again under the next number", answer="accepted")
    story.send(manifest([held["505"]]), why="a cancelled list is none", answer=unknown)
    story.finish({"R001": "4"})


def transports(folder: Path) -> None:
    story = Story(
        folder,
        "Manifest (607), arrival (507) and departure (509)",
        f"exports §1 and §4; {SPECIFICATION}, 2.7, 2.9, 2.15",
        selection=[{"kind": "country", "value": "116", "action": "review"}],
    )
    one, two = export_parcel(1), export_parcel(2)
    held, waits = export_parcel(3, [line("cream", country="116")]), export_parcel(4)
    others = export_parcel(5, carrier=CARRIER)
    story.sell(
        Sale(one, "899", "left with the first departure"),
        Sale(two, "899", "left with the second"),
        Sale(held, "300", "held for review: it arrives, and does not leave"),
        Sale(others, "800", "another carrier's parcel"),
    )
    story.sell(Sale(waits, "2 waiting.order;waiting.waybill", "never complete"), kinds=())
    unknown, state = "rejected declaration.unknown", "rejected declaration.state"
    for make, name in ((manifest, "manifest"), (arrival, "arrival"), (departure, "departure")):
        story.send(
            make([one["505"], waits["603"]]), why=f"{name}: one list is not accepted, so all is refused", answer=unknown
        )
        foreign = again(make([others["505"]]), logisticsCode=SHIPPER)
        story.send(foreign, why=f"{name}: a parcel of another carrier", answer=unknown)
    story.send(manifest([one["505"], two["505"], held["505"]]), why="released and held lists are accepted lists")
    story.send(arrival([one["505"], two["505"], held["505"]]), why="all three arrive")
    story.send(departure([one["505"], held["505"]]), why="one is held", answer=state)
    story.send(
        departure([held["505"], waits["603"]]), why="one is held, one unknown", answer=f"{state};declaration.unknown"
    )
    draft = again(departure([one["505"], waits["603"]], cop_no="D-1"), appStatus="1")
    story.send(draft, why="a draft is kept as it is")
    first = departure([one["505"]], cop_no="D-1")
    story.send(first, why="the draft's number; the first list is closed")
    story.send(first, why="the number again: the list is closed and no accepted one any more", answer=unknown)
    in_use = "rejected document.in_use"
    story.send(again(first, appType="2"), why="it has had its effect", answer=in_use)
    story.send(again(first, appType="3"), why="it has had its effect", answer=in_use)
    change = again(departure([two["505"]], cop_no="D-2"), appType="2")
    story.send(change, why="nothing is there to be changed", answer="rejected document.unknown")
    twice = departure([two["505"], two["505"]])
    story.send(with_item(twice, 2, gnum="1"), why="a gnum twice", answer="rejected document.items")
    story.send(again(departure([two["505"]], cop_no="D-1"), msgSeqNo="2", msgCount="2"), why="the second part of D-1")
    story.send(again(arrival([one["505"]], cop_no="A-9"), items=[]), why="an arrival without parcels")
    story.finish({})


def returns(folder: Path) -> None:
    story = Story(
        folder,
        "Returns (213) and their tally (215)",
        f"exports §4; export.return_window, one year from release since 2020-03-27 (notice 2020 No. 44); "
        f"{SPECIFICATION}, 2.17 and 2.19 (9661, 1261)",
        books=zone.book_rows("10"),
        selection=[{"kind": "country", "value": "116", "action": "inspect"}],
    )
    goods = [line("cream", "3", qty1="0.9"), line("wine", "2", qty1="1.5")]
    stored, general = export_parcel(1, goods, mode="1210", flag="B"), export_parcel(2, goods)
    held = export_parcel(3, [line("cream", country="116")], mode="1210")
    story.sell(
        Sale(stored, "returned", "all of it came back in three parts"),
        Sale(general, "part_returned", "closed, and one came back"),
        Sale(held, "500", "held: it has not gone yet"),
    )
    story.send(departure([general["505"]]), why="it left")

    def back(lines: dict[int, tuple[str, str]], serial: int = 1) -> zone.Document:
        return export_return((stored, general, held)[serial - 1]["603"], number(serial), lines, cop_no=f"T-{serial}")

    quantity, unknown = "rejected return.quantity", "rejected declaration.unknown"
    story.send(tally(stored["603"], number(1)), why="nothing was returned", answer="rejected return.untallied")
    part = back({1: ("1", "0.3")})
    story.send(again(part, tradeMode="9661"), why="9661 is for 9610", answer="rejected return.mode")
    story.send(again(part, tradeMode=None), why="no mode is another mode", answer="rejected return.mode")
    story.send(again(part, appTime="20270618100001"), why="365 × 24 hours and a second", answer="rejected return.late")
    late = again(back({1: ("4", "0.3")}), appTime="20270618100001", tradeMode="9661")
    story.send(late, why="all are told", answer="rejected return.late;return.mode;return.quantity")
    story.send(with_item(part, 1, gnum="3"), why="no such line", answer=quantity)
    story.send(with_item(part, 1, gcode="2204210000"), why="another gcode", answer=quantity)
    story.send(with_item(part, 1, unit="035"), why="another unit", answer=quantity)
    story.send(back({1: ("3.00001", "0.9")}), why="more than went out", answer=quantity)
    story.send(back({1: ("3", "0.90001")}), why="qty1 above the list's", answer=quantity)
    story.send(back({1: ("0", "0.3")}), why="nothing is no quantity", answer=quantity)
    story.send(back({1: ("1", "0")}), why="nothing is no quantity", answer=quantity)
    story.send(back({1: ("1", "0.3"), 2: ("3", "1")}), why="one line too much refuses all", answer=quantity)
    story.send(again(part, ebcCode=SHOP_2), why="another seller's name", answer=unknown)
    story.send(again(part, invtNo=number(77)), why="no such list", answer=unknown)
    story.send(again(part, appType="2"), why="nothing is stored to be changed", answer="rejected document.unknown")
    story.send(again(part, appType="3"), why="nor to be deleted", answer="rejected document.unknown")
    story.send(again(part, appStatus="1"), why="a draft does nothing")
    story.send(back({1: ("1", "1")}, 3), why="it is held", answer="rejected declaration.state")
    story.send(again(part, appTime="20270618100000"), why="1 of 3 came back at the last second")
    story.send(back({1: ("2.00001", "0.6")}), why="2 are left", answer=quantity)
    story.send(again(tally(stored["603"], number(1)), logisticsNo="IN-1"), why="another parcel", answer=unknown)
    story.send(again(tally(stored["603"], number(1)), invtNo=None), why="no list is named", answer=unknown)
    story.send(again(tally(stored["603"], number(1)), appStatus="1"), why="a draft does nothing")
    story.send(tally(stored["603"], number(1)), why="1 of R001 is stock again")
    story.send(tally(stored["603"], number(1)), why="it is tallied", answer="rejected return.untallied")
    story.send(back({1: ("2", "0.6")}), why="the rest of the first line")
    story.send(back({2: ("2", "1.5")}), why="the second line: all came back")
    story.send(tally(stored["603"], number(1)), why="2 of R001 and 2 of R004 are stock again")
    story.send(back({1: ("1", "0.3")}), why="it came back as a whole", answer="rejected declaration.state")
    story.send(back({1: ("1", "0.3")}, 2), why="9661 of a closed list of 9610")
    story.send(tally(general["603"], number(2)), why="no book for 9610")
    story.finish({"R001": "9", "R004": "10"})


def intake(folder: Path) -> None:
    story = Story(
        folder,
        "Exports at the door: hostile, repeated, changed, deleted, drafts, senders, signatures",
        f"exports, first paragraph and §1; contract §2; {SPECIFICATION}, appStatus (signature of 603, 607, 507, 509)",
        policy={"max_message_bytes": 20000},
    )
    writer, one, two = story.writer, export_parcel(1), export_parcel(2)
    order = writer.message([one["303"]], sender=PLATFORM)
    xml, schema = "rejected format.xml", "rejected format.schema"
    story.put(order[:-20], "not well-formed", xml)
    story.put(order.replace(b"<ceb:CEB", b'<!DOCTYPE m [<!ENTITY e "x">]><ceb:CEB', 1), "a DTD", xml)
    story.put(
        order.replace(b"CEB303Message", b"CEB304Message"), "receipts are not sent to us", "rejected format.unknown"
    )
    story.put(order.replace(b"CEB303Message", b"CEB701Message"), "not taken yet", "rejected format.unknown")
    story.put(order.replace(b"CEB303Message", b"CEB311Message"), "an import by its root, an export inside", schema)
    story.put(order + b" " * 20000, "longer than the policy allows", "rejected format.size")
    story.send(again(one["603"], preNo=""), why=f"an empty preNo: {AT_SCHEMA}", answer=schema)
    story.send(with_item(one["603"], 1, gcode="3304"), why="gcode has ten characters, simplified or not", answer=schema)
    story.send(again(one["603"], POD="CNZGZ"), why="POD has three or four characters", answer=schema)
    sent = story.put(order, "the order", "accepted")
    story.put(sent, "the same bytes again", "duplicate")
    story.put(
        sent.replace(b">1.5<", b">1.6<").replace(b"SKU-cream", b"SKU-other"), "another message under its guid", REUSED
    )
    story.send(one["303"], why="another message, the order again", answer="rejected duplicate.order", sender=PLATFORM)
    senders = "rejected party.sender"
    story.send(
        one["403"], why="a receipt of money is the payment company's or the seller's", answer=senders, sender=PLATFORM
    )
    story.send(one["505"], why="a waybill is the carrier's", answer=senders, sender=CARRIER)
    story.send(one["603"], why="a list is the declarant's or the seller's", answer=senders, sender=PAYER)
    story.send(one["303"], why="nobody", answer="rejected party.unknown", sender="4101900X99")
    story.send(one["603"], why="another's address", answer=senders, dxp_id="DXPENT0000900001")
    story.send(one["603"], why="declared, not signed", answer="rejected sign.missing", sign=False)
    story.send(manifest([one["505"]]), why="declared, not signed", answer="rejected sign.missing", sign=False)
    story.send(one["603"], why="another's key", answer="rejected sign.certificate", key=zone.key_of(PAYER))
    tampered = writer.message([one["603"]]).replace(b"<ceb:packNo>1<", b"<ceb:packNo>2<")
    story.put(tampered, "changed after it was signed", "rejected sign.invalid")
    story.send(again(one["603"], appStatus="1"), why="a draft needs no signature", sign=False)
    story.send(one["603"], why="the draft's key, declared; it waits")
    story.send(again(one["505"], appType="2"), why="nothing is there to be changed", answer="rejected document.unknown")
    story.send(again(one["505"], appStatus="1", packNo="7"), why="a draft of the waybill")
    older = again(one["505"], appTime="20260101000000")
    story.send(older, why="replaces the draft, older though it is: the list is complete")
    story.expect(one["603"], "800", "after everything above")
    in_use = "rejected document.in_use"
    story.send(again(one["303"], appType="3"), why="an accepted list uses it", answer=in_use, sender=PLATFORM)
    story.send(again(one["603"], appType="2"), why="accepted", answer=in_use)
    story.send(two["603"], why="it waits")
    stale = again(two["603"], appType="2", appTime="20260618065959")
    story.send(stale, why="older than what is stored", answer="rejected document.stale")
    story.send(again(two["603"], appType="2", statisticsFlag="B"), why="changed while it waits (2 is a change, §1)")
    story.send(again(two["603"], appType="3"), why="deleted while it waits: no row is left")
    repeated = again(two["303"], items=[*two["303"]["items"], *two["303"]["items"]])
    story.send(repeated, why="a gnum twice", answer="rejected document.items")
    half = again(two["303"], orderNo="X26060000099")
    story.send(half, one["303"], why="one document of two is taken", answer="accepted duplicate.order")
    story.finish({})


def beside_imports(folder: Path) -> None:
    story = Story(
        folder,
        "Imports and exports beside each other: keys, numbers, stock",
        f"exports §1, §3; {SPECIFICATION}, 2.1 and 2.5 (order and waybill numbers are unique)",
        books=zone.book_rows("5"),
        guarantees=GUARANTEES,
    )
    bought = parcel(1, [line("cream", "2", "100")])
    sold = export_parcel(2, [line("cream", "2", "10")], mode="1210", carrier=CARRIER, order_no="X26060000002")
    for kind in ("311", "411", "511"):
        story.send(bought[kind], why=f"CEB{kind}")
    story.send(bought["621"], why="CEB621")
    story.expect(bought["621"], "part_returned", "an import: the first number, 2 of R001, tax 18.20; one came back")
    story.sell(Sale(sold, "800", "an export: the second number of the same count, 2 of R001, no tax"))
    third = parcel(3, [line("cream", "2", "100")])
    for kind in ("311", "411", "511", "621"):
        story.send(third[kind], why=f"CEB{kind}")
    story.expect(third["621"], "100 book.insufficient", "one record for both directions: 1 is left")
    order, waybill = "rejected duplicate.order", "rejected duplicate.waybill"
    order_no: dict[str, Any] = {"orderNo": bought["311"]["head"]["orderNo"]}
    parcel_no: dict[str, Any] = {"logisticsNo": bought["511"]["head"]["logisticsNo"]}
    story.send(again(sold["303"], **order_no), why="the number of an import order", answer=order)
    story.send(again(sold["505"], **parcel_no), why="the number of an import parcel", answer=waybill)
    story.send(again(bought["311"], orderNo="X26060000002"), why="the number of an export order", answer=order)
    story.send(again(bought["511"], logisticsNo="EX26060000002"), why="the number of an export parcel", answer=waybill)
    alien = changed(export_parcel(4, carrier=CARRIER), "603", **parcel_no)
    story.sell(Sale(alien, "2 waiting.waybill", "what an import brought is no companion"), kinds=("303",))
    unknown = "rejected declaration.unknown"
    names = {name: sold["603"]["head"][name] for name in ("ebpCode", "orderNo", "ebcCode", "agentCode")}
    import_request = again(cancel(bought["621"], number(2)), **names)
    story.send(import_request, why="623 does not find an export list", answer=unknown)
    import_refund = again(refund(bought["621"], number(2), {1: "1"}), **names)
    story.send(import_refund, why="625 does not find an export list", answer=unknown)
    first = "46122026I000000001"
    story.send(export_cancel(sold["603"], first), why="605 does not find an import", answer=unknown)
    story.send(export_return(sold["603"], first, {1: ("1", "1")}), why="213 does not find an import", answer=unknown)
    wrong_parcel = again(tally(sold["603"], first), **parcel_no)
    story.send(wrong_parcel, why="215 does not find an import", answer=unknown)
    imported = again(arrival([sold["505"]]), items=[{"gnum": "1", **parcel_no}])
    story.send(imported, why="507 does not find an import's parcel", answer=unknown)
    story.send(refund(bought["621"], first, {1: "1"}), why="one comes back from the buyer: 2 of R001 are left")
    last = export_parcel(5, [line("cream", "2")], mode="1210")
    story.sell(Sale(last, "800", "takes the last two: the third number"))
    story.finish({"R001": "0"})


def selection(folder: Path) -> None:
    rules = [("gcode_prefix", "2204", "inspect"), ("country", "116", "review"), ("ebc_code", SHOP_2, "review")]
    story = Story(
        folder,
        "Selection of exports",
        "exports §3, last paragraph (the country of a line is that of destination); contract §3, selection",
        books=zone.book_rows("10"),
        selection=[dict(zip(zone.COLUMNS["selection"], rule, strict=True)) for rule in rules],
    )
    japan = line("cream", country="116")
    story.sell(
        Sale(export_parcel(1), "800", "meets no rule"),
        Sale(export_parcel(2, [line("cream"), japan], mode="1210"), "300", "one line goes to 116; its stock is taken"),
        Sale(export_parcel(3, [line("wine")], mode="1210"), "500", "goods; its stock is taken"),
        Sale(export_parcel(4, [line("wine", country="116")]), "500", "inspection wins over review"),
        Sale(export_parcel(5, [line("wine", gcode="2204000000")]), "500", "simplified: by the gcode that is declared"),
        Sale(changed(export_parcel(6), "603", country="116"), "800", "the head's country is not looked at"),
    )
    sold = export_parcel(7, ebc=SHOP_2)
    story.sell(Sale(sold, "300", "the seller"))
    story.finish({"R001": "8", "R004": "9"})


def no_code(folder: Path) -> None:
    story = Story(
        folder,
        "Platforms abroad without a code (无)",
        f"exports §1 and §3, group 1; {SPECIFICATION}, 2.1 (ebpCode, since 2022-05)",
    )
    one, two, three = (export_parcel(serial, ebp=NO_CODE, order_no="A-1") for serial in (1, 2, 3))
    two = export_parcel(2, ebp=NO_CODE, ebc=SHOP_2, order_no="A-1")
    story.sell(Sale(one, "800", "no platform need be filed"))
    story.sell(Sale(two, "800", "another seller's order of the same number"))
    story.send(three["303"], why="this seller's number again", answer="rejected duplicate.order")
    four = changed(export_parcel(4, ebp=NO_CODE, order_no="B-1"), "603", ebcCode=SHOP_2)
    story.sell(Sale(four, "2 waiting.order", "a list names its order by its own seller"), kinds=("303", "505"))
    five = changed(export_parcel(5, ebp=NO_CODE, order_no="C-1"), "603", ebpCode=PLATFORM)
    story.sell(Sale(five, "2 waiting.order", "the order is no platform's"))
    story.send(departure([one["505"], two["505"]]), why="parcels are the carrier's, whatever the platform")
    story.expect(one["603"], "899", "no platform need be filed; departed")
    story.expect(two["603"], "899", "another seller's order of the same number; departed")
    story.finish({})
