"""What happens to a sale abroad next, seeing how it stands: what was late, the way out, cancels, returns, tallies."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from . import documents, zone
from .export_parcels import arrival, departure, export_cancel, export_return, manifest, tally
from .parcels import Document, again
from .random_parcels import portion

if TYPE_CHECKING:
    from .random_case import Purchase

MISSED = {"waiting.order": "303", "waiting.receipt": "403", "waiting.waybill": "505"}
Stored = dict[str, Any]


def follow_up(
    sale: Purchase, stored: Stored | None, world: dict[str, Any], chance: random.Random, kinds: frozenset[str]
) -> list[Document]:
    """The next documents of a sale; none where nothing more happens in this round."""
    if stored is None:
        return [sale.good["603"]] if chance.random() < 0.3 else []
    status = stored["row"]["status"]
    if status == "1":
        return [again(sale.shown["603"], appTime=sale.later())] if chance.random() < 0.4 else []
    if status == "2":
        return after_waiting(sale, stored, chance)
    if documents.is_refused(status):
        return after_refusal(sale, chance) if "redeclare" in kinds else []
    if status == "cancelled":
        return after_cancelling(sale, world, chance) if "redeclare" in kinds else []
    return after_acceptance(sale, stored, world, chance)


def after_waiting(sale: Purchase, stored: Stored, chance: random.Random) -> list[Document]:
    if chance.random() < 0.3:
        return []
    if chance.random() < 0.6:
        missed = [again(sale.good[MISSED[reason]], appTime=sale.later()) for reason in stored["row"]["reasons"]]
        return missed or [again(sale.good["603"], appType="2", appTime=sale.later())]
    if chance.random() < 0.3:
        return [chance.choice((manifest, arrival, departure))([sale.good["505"]], at=sale.last_at)]
    kind, app_type = chance.choice(("603", "603", "303", "403", "505")), chance.choice(("2", "2", "3"))
    status = chance.choice(("2", "2", "1")) if app_type == "2" else "2"
    return [again(sale.good[kind], appType=app_type, appStatus=status, appTime=sale.later())]


def after_refusal(sale: Purchase, chance: random.Random) -> list[Document]:
    """Put the companions right and list again; or try what is not allowed."""
    if chance.random() < 0.1:
        return [again(sale.good["603"], appType=chance.choice(("2", "3")), appTime=sale.later())]
    if chance.random() < 0.4:
        return []
    corrected = [
        again(sale.good[kind], appType="2", appTime=sale.later())
        for kind in ("303", "403", "505")
        if sale.good[kind] is not sale.shown[kind]
    ]
    return [*corrected, again(sale.good["603"], appTime=sale.later())]


def after_cancelling(sale: Purchase, world: dict[str, Any], chance: random.Random) -> list[Document]:
    old = chance.choice([number for number, known in world["known"].items() if known["row"]["status"] == "cancelled"])
    listed = again(sale.good["603"], appTime=sale.later())
    return chance.choice(
        (
            [listed],
            [listed],
            [export_cancel(sale.good["603"], old, at=sale.last_at)],
            [export_return(sale.good["603"], old, {1: ("1", "1")}, at=sale.last_at)],
            [tally(sale.good["603"], old, at=sale.last_at)],
            [again(sale.good["303"], appType="3", appTime=sale.later()), listed],
            [],
        )
    )


def after_acceptance(sale: Purchase, stored: Stored, world: dict[str, Any], chance: random.Random) -> list[Document]:
    listed: Document = {"kind": "603", "head": {**stored["head"]}, "items": stored["items"]}
    roll = chance.random()
    if roll < 0.4:
        return way_out(sale, listed, world, chance)
    if roll < 0.65:
        return returns(sale, listed, stored, chance)
    if roll < 0.77:
        return cancels(sale, listed, stored["row"]["invt_no"], world, chance)
    if roll < 0.87:
        kind, app_type = chance.choice(("303", "403", "505", "603")), chance.choice(("1", "2", "3"))
        time = chance.choice((sale.later(), "20260618065959"))
        status = "1" if app_type != "3" and chance.random() < 0.2 else "2"
        return [again(sale.shown[kind], appType=app_type, appTime=time, appStatus=status)]
    return []


def way_out(sale: Purchase, listed: Document, world: dict[str, Any], chance: random.Random) -> list[Document]:
    """Manifest, arrival and departure, alone or with the parcels of others; drafts, repeats, changes."""
    carrier = listed["head"]["logisticsCode"]
    others = [known for known in world["known"].values() if known["head"]["logisticsCode"] == carrier]
    company = [listed, *chance.sample(others, min(len(others), chance.choice((0, 0, 1, 3))))]
    if chance.random() < 0.08:
        company.append(again(listed, logisticsNo="EX26069999999"))
    make = chance.choice((manifest, arrival, arrival, departure, departure))
    cop_no = f"W{sale.number}-{sale.rounds}" if chance.random() < 0.85 else "W"
    document = make(company, at=sale.last_at, cop_no=cop_no)
    return chance.choice(
        (
            [document],
            [document],
            [document],
            [manifest(company, at=sale.last_at, cop_no=cop_no), arrival(company, at=sale.last_at, cop_no=cop_no)],
            [arrival([listed], at=sale.last_at, cop_no=cop_no), departure([listed], at=sale.last_at, cop_no=cop_no)],
            [again(document, appStatus="1"), again(document, appTime="20260618065959")],
            [again(document, appStatus="1"), again(document, appType="3", appTime=sale.later())],
            [document, again(document, appType=chance.choice(("1", "2", "3")), appTime=sale.later())],
            [document, again(document, appStatus="1", appTime=sale.later())],
            [again(document, appType=chance.choice(("2", "3")))],
            [again(document, items=[*document["items"], *document["items"]])],
            [again(document, msgSeqNo="2", msgCount="2"), again(document, msgSeqNo="02", appType="2")],
        )
    )


def cancels(
    sale: Purchase, listed: Document, number: str, world: dict[str, Any], chance: random.Random
) -> list[Document]:
    request = export_cancel(listed, number, at=sale.last_at)
    return chance.choice(
        (
            [request],
            [request],
            [request, again(request, reason="再次")],
            [again(request, appStatus="1")],
            [again(request, invtNo=chance.choice(list(world["known"])))],
            [again(request, invtNo="46122026E999999999")],
            [again(request, agentCode=zone.SHOP)],
            [again(request, appType=chance.choice(("2", "3")))],
            [arrival([listed], at=sale.last_at, cop_no=f"A{number}"), request],
        )
    )


def returns(sale: Purchase, listed: Document, stored: Stored, chance: random.Random) -> list[Document]:
    """Whole, in parts, too much, late, wrongly named, tallied or not."""
    number, lines = stored["row"]["invt_no"], stored["lines"]
    places = {int(item["gnum"]): place for place, item in enumerate(listed["items"], start=1)}
    open_lines = [gnum for gnum, line in lines.items() if line["left"] > 0] or list(lines)

    def request(quantities: dict[int, Any]) -> Document:
        by_place = {places[gnum]: (f"{qty:f}", f"{lines[gnum]['qty1']:f}") for gnum, qty in quantities.items()}
        return export_return(listed, number, by_place, at=sale.last_at, cop_no=f"T{sale.number}-{sale.rounds}")

    counted = tally(listed, number, at=sale.last_at)
    gnum = chance.choice(open_lines)
    left = lines[gnum]["left"]
    whole, part = request({gnum: lines[gnum]["left"] for gnum in open_lines}), request({gnum: portion(left, chance)})
    late = chance.choice(("99991231235959", "20270618100001"))

    def with_line(**fields: str) -> Document:
        return again(part, items=[{**part["items"][0], **fields}])

    choices = [
        [whole, counted],
        [part, counted],
        [part],
        [whole],
        [part, again(part, appTime=sale.later()), counted],
        [counted],
        [request({gnum: left + 1})],
        [again(part, appTime=late)],
        [again(part, tradeMode=chance.choice(("9661", "1261", None)))],
        [again(request({gnum: left + 1}), appTime=late, tradeMode="9610")],
        [again(part, appStatus="1"), again(counted, appStatus="1")],
        [again(part, ebcCode=chance.choice((zone.SHOP, zone.SHOP_2)))],
        [again(part, appType=chance.choice(("2", "3"))), again(counted, appType=chance.choice(("2", "3")))],
        [with_line(gcode="9999999999")],
        [with_line(gnum="98")],
        [with_line(unit="999")],
        [with_line(qty1=f"{lines[gnum]['qty1'] + 1:f}")],
        [with_line(qty1="0")],
        [with_line(qty="-1")],
        [again(part, items=[*part["items"], *part["items"]])],
        [again(counted, logisticsNo="IN-1"), again(counted, invtNo=chance.choice((None, "46122026E999999999")))],
    ]
    return chance.choice(choices[: 5 if chance.random() < 0.45 else len(choices)])
