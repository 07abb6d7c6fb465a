"""What happens to a purchase next, seeing how it stands: what was late, corrections, cancels, returns, new attempts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from . import documents, export_follow_ups
from .parcels import Document, again, cancel, refund, signed_for
from .random_parcels import portion

if TYPE_CHECKING:
    from .random_case import Purchase


def follow_up(
    purchase: Purchase, world: dict[str, Any], chance: random.Random, kinds: frozenset[str]
) -> list[Document]:
    """The next documents of a purchase; none where nothing more happens in this round."""
    stored = world["shelves"]["621"].get(purchase.key())
    if stored is not None and stored["kind"] != purchase.declares:
        return []  # its number was used for the other direction
    if purchase.declares == "603":
        return export_follow_ups.follow_up(purchase, stored, world, chance, kinds)
    if stored is None:
        return [purchase.good["621"]] if chance.random() < 0.3 else []
    status = stored["row"]["status"]
    if status == "1":
        return [again(purchase.shown["621"], appTime=purchase.later())] if chance.random() < 0.4 else []
    if status == "2":
        return after_waiting(purchase, stored, chance)
    if documents.is_refused(status):
        return after_refusal(purchase, chance) if "redeclare" in kinds else []
    if status == "cancelled":
        return after_cancelling(purchase, world, chance) if "redeclare" in kinds else []
    return after_acceptance(purchase, stored, world, chance, kinds)


def after_waiting(purchase: Purchase, stored: dict[str, Any], chance: random.Random) -> list[Document]:
    """Send what is missed, or change or take back what waits; or let it wait."""
    if chance.random() < 0.35:
        return []
    if chance.random() < 0.6:
        names = {"waiting.order": "311", "waiting.payment": "411", "waiting.waybill": "511"}
        missed = [again(purchase.good[names[reason]], appTime=purchase.later()) for reason in stored["row"]["reasons"]]
        return missed or [again(purchase.good["621"], appType="2", appTime=purchase.later())]
    kind = chance.choice(("621", "621", "311", "411", "511"))
    app_type = chance.choice(("2", "2", "3"))
    status = chance.choice(("2", "2", "1")) if app_type == "2" else "2"
    return [again(purchase.good[kind], appType=app_type, appStatus=status, appTime=purchase.later())]


def after_refusal(purchase: Purchase, chance: random.Random) -> list[Document]:
    """Put the companions right and declare again; or try what is not allowed."""
    if chance.random() < 0.1:
        return [again(purchase.good["621"], appType=chance.choice(("2", "3")), appTime=purchase.later())]
    if chance.random() < 0.6:
        return []
    corrected = [
        again(purchase.good[kind], appType="2", appTime=purchase.later())
        for kind in ("311", "411", "511")
        if purchase.good[kind] is not purchase.shown[kind]
    ]
    return [*corrected, again(purchase.good["621"], appTime=purchase.later())]


def after_cancelling(purchase: Purchase, world: dict[str, Any], chance: random.Random) -> list[Document]:
    old = [number for number, known in world["known"].items() if known["row"]["status"] == "cancelled"]
    number = chance.choice(old)
    declared = again(purchase.good["621"], appTime=purchase.later())
    return chance.choice(
        (
            [declared],
            [declared],
            [cancel(purchase.good["621"], number, at=purchase.last_at)],
            [refund(purchase.good["621"], number, {1: "1"}, at=purchase.last_at)],
            [again(purchase.good["311"], appType="3", appTime=purchase.later()), declared],
            [],
        )
    )


def after_acceptance(
    purchase: Purchase, stored: dict[str, Any], world: dict[str, Any], chance: random.Random, kinds: frozenset[str]
) -> list[Document]:
    declaration = {"kind": "621", "head": stored["head"], "items": stored["items"]}
    number = stored["row"]["invt_no"]
    roll = chance.random()
    if "return" in kinds and roll < 0.3:
        return returns(purchase, declaration, stored, world, chance, kinds)
    if "cancel" in kinds and 0.3 <= roll < 0.42:
        return cancels(purchase, declaration, number, chance)
    if "documents" in kinds and 0.42 <= roll < 0.5:
        kind = chance.choice(("311", "411", "511", "621"))
        app_type = chance.choice(("1", "2", "3"))
        time = chance.choice((purchase.later(), "20260618065959"))
        status = "1" if app_type != "3" and chance.random() < 0.2 else "2"
        return [again(purchase.shown[kind], appType=app_type, appTime=time, appStatus=status)]
    return []


def cancels(purchase: Purchase, declaration: Document, number: str, chance: random.Random) -> list[Document]:
    request = cancel(declaration, number, at=purchase.last_at)
    return chance.choice(
        (
            [request],
            [request],
            [request, again(request, reason="再次")],
            [again(request, appStatus="1")],
            [again(request, invtNo="46122026I999999999")],
            [again(request, orderNo="OTHER")],
            [again(request, appType=chance.choice(("2", "3")))],
            [signed_for_declared(declaration, purchase), request],
        )
    )


def signed_for_declared(declaration: Document, purchase: Purchase) -> Document:
    """A 513 of the parcel that the declaration names."""
    return signed_for(declaration, at=purchase.last_at)


def returns(
    purchase: Purchase,
    declaration: Document,
    stored: dict[str, Any],
    world: dict[str, Any],
    chance: random.Random,
    kinds: frozenset[str],
) -> list[Document]:
    """Whole, in parts, too much, late, wrongly named."""
    if stored["row"]["status"] == "returned" and "corners" not in kinds:
        return []
    number, assessed = stored["row"]["invt_no"], stored["assessed"]
    left = {gnum: line["taken"]["qty"] - line["back"]["qty"] for gnum, line in assessed.items()}
    open_lines = [gnum for gnum, qty in left.items() if qty > 0] or list(left)
    places = {int(item["gnum"]): place for place, item in enumerate(declaration["items"], start=1)}

    def request(quantities: dict[int, Any]) -> Document:
        by_place = {places[gnum]: f"{qty:f}" for gnum, qty in quantities.items()}
        found = refund(declaration, number, by_place, at=purchase.last_at)
        for line, gnum in zip(found["items"], quantities, strict=True):
            line["gnum"] = str(gnum)
        return found

    gnum = chance.choice(open_lines)
    some = {gnum: portion(left[gnum], chance)}
    whole = request({line: left[line] for line in open_lines})
    part = request(some)
    late = chance.choice(("99991231235959", "20260718100001"))
    choices = [
        [whole],
        [part],
        [part, request({gnum: left[gnum] - some[gnum]})] if left[gnum] > some[gnum] else [whole],
        [request({gnum: left[gnum] + 1})],
        [again(part, appTime=late)],
        [again(whole, appTime=late)],
        [again(whole, appTime="20260718100000"), again(part, appTime=late)],
        [again(request({gnum: left[gnum] + 1}), appTime=late)],
        [again(part, appStatus="1")],
        [again(part, orderNo="OTHER")],
        [again(part, items=[{**part["items"][0], "gcode": "9999999999"}])],
        [again(part, items=[{**part["items"][0], "gnum": "98"}])],
        [again(part, items=[*part["items"], *part["items"]])],
    ]
    return chance.choice(choices[: 3 if chance.random() < 0.4 else len(choices)])
