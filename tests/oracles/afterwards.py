"""What comes after acceptance: cancel (CEB623) and return (CEB625), contract §7."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from . import documents, tax
from .casefolder import CHINA
from .checks import number

TAXES = ("duty", "vat", "consumption")
CANCELLABLE = ("120", "300", "500", "800")
RELEASED = ("800", "part_returned", "returned")
RETURN_WINDOW = timedelta(hours=30 * 24)
NAMED_ALIKE = ("ebpCode", "orderNo", "ebcCode", "agentCode")


def move(
    declaration: dict[str, Any],
    line: dict[str, Any],
    amounts: dict[str, Decimal],
    world: dict[str, Any],
    direction: int,
) -> None:
    """Take (direction -1) from or give back (+1) to allowance, stock and guarantee what one item moves."""
    head = declaration["head"]
    year = (head["buyerIdNumber"], str(world["as_of"].year))
    world["allowances"][year] = world["allowances"].get(year, Decimal(0)) - direction * amounts["value"]
    if declaration["bonded"]:
        world["books"][line["record"]]["qty"] += direction * amounts["qty"]
    if head["assureCode"] in world["guarantees"]:
        world["guarantees"][head["assureCode"]] += direction * sum(amounts[name] for name in TAXES)


def named(document: dict[str, Any], world: dict[str, Any]) -> dict[str, Any] | None:
    """The accepted declaration that a cancel or a return names, where it names it rightly."""
    declaration = world["known"].get(document["head"]["invtNo"])
    if declaration is None or declaration["kind"] != "621":
        return None
    alike = all(declaration["head"][name] == document["head"][name] for name in NAMED_ALIKE)
    return declaration if alike else None


def has_effect(document: dict[str, Any]) -> list[str] | None:
    """The intake rules for both: a reason, nothing for a draft, None where the document is to be acted on."""
    if documents.repeats_a_number(document):
        return ["document.items"]
    if document["head"]["appType"] in (documents.CHANGE, documents.DELETE):
        return ["document.unknown"]
    return [] if documents.is_draft(document) else None


def cancel(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """CEB623: the reasons where it is refused, else none, with everything given back."""
    answer = has_effect(document)
    if answer is not None:
        return answer
    declaration = named(document, world)
    if declaration is None:
        return ["declaration.unknown"]
    parcel = (declaration["head"]["logisticsCode"], declaration["head"]["logisticsNo"])
    if declaration["row"]["status"] not in CANCELLABLE or documents.arrived(world["shelves"]["513"], parcel, "513"):
        return ["declaration.state"]
    for line in declaration["assessed"].values():
        move(declaration, line, line["taken"], world, direction=1)
    for companion in declaration["companions"].values():
        companion["used_by"].discard(declaration["row"]["invt_no"])
    declaration["row"].update(status="cancelled", reasons=[])
    return []


def is_late(app_time: str, released: datetime) -> bool:
    """Whether a time yyyyMMddHHmmss (China time) is later than 30 × 24 hours after release; no time at all is."""
    try:
        applied = datetime.strptime(app_time, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        return True
    return applied - released > RETURN_WINDOW


def is_too_much(item: dict[str, str], assessed: dict[int, dict[str, Any]]) -> bool:
    """Whether a line of a return is not of the declaration, or more than is left of it."""
    line = assessed.get(int(item["gnum"]))
    if line is None or line["gcode"] != item["gcode"]:
        return True
    qty = number(item["qty"])
    return qty <= 0 or qty > line["taken"]["qty"] - line["back"]["qty"]


def portion(line: dict[str, Any], name: str, qty: Decimal) -> Decimal:
    """What comes back of one amount of an item with `qty`: the last return takes what is left, none more than that."""
    left = line["taken"][name] - line["back"][name]
    if qty == line["taken"]["qty"] - line["back"]["qty"]:
        return left
    return min(left, tax.to_cent(Fraction(line["taken"][name]) * Fraction(qty) / Fraction(line["taken"]["qty"])))


def give_back(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """CEB625: the reasons where it is refused, else none, with the parts given back."""
    answer = has_effect(document)
    if answer is not None:
        return answer
    declaration = named(document, world)
    if declaration is None:
        return ["declaration.unknown"]
    if declaration["row"]["status"] not in RELEASED:
        return ["declaration.state"]
    reasons = []
    if is_late(document["head"]["appTime"], world["as_of"]):
        reasons.append("return.late")
    if any(is_too_much(item, declaration["assessed"]) for item in document["items"]):
        reasons.append("return.quantity")
    if reasons:
        return reasons
    for item in document["items"]:
        line, qty = declaration["assessed"][int(item["gnum"])], number(item["qty"])
        amounts = {name: portion(line, name, qty) for name in ("value", *TAXES)}
        amounts["qty"] = qty
        move(declaration, line, amounts, world, direction=1)
        for name, amount in amounts.items():
            line["back"][name] += amount
    whole = all(line["back"]["qty"] == line["taken"]["qty"] for line in declaration["assessed"].values())
    declaration["row"]["status"] = "returned" if whole else "part_returned"
    return []
