"""What comes after acceptance of an export list (docs/exports.md §4): the reasons of each document, none if taken."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from . import afterwards, documents
from .casefolder import CHINA
from .checks import number
from .export_clearing import stock_wanted

ACCEPTED = ("300", "500", "800")
RETURNABLE = ("800", "899", "part_returned")
RETURN_MODE = {"9610": "9661", "1210": "1261"}
RETURN_WINDOW = timedelta(hours=365 * 24)
RETURN_WINDOW_SINCE = date(2020, 3, 27)
"""Notice 2020 No. 44; no window is known for the days before."""


def named(document: dict[str, Any], world: dict[str, Any], *alike: str) -> dict[str, Any] | None:
    """The export list that a request names by `invtNo`, where these fields are as declared."""
    declaration = world["known"].get(document["head"].get("invtNo", ""))
    if declaration is None or declaration["kind"] != "603":
        return None
    same = all(declaration["head"][name] == document["head"][name] for name in alike)
    return declaration if same else None


# --- Cancellation (CEB605) -----------------------------------------------------------------------------------------


def cancel(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    answer = afterwards.has_effect(document)
    if answer is not None:
        return answer
    declaration = named(document, world, "agentCode", "ebcCode")
    if declaration is None:
        return ["declaration.unknown"]
    if declaration["row"]["status"] not in ACCEPTED or declaration["arrived"]:
        return ["declaration.state"]
    for record, qty in stock_wanted(declaration).items():
        world["books"][record]["qty"] += qty
    for companion in declaration["companions"].values():
        companion["used_by"].discard(declaration["row"]["invt_no"])
    declaration["row"].update(status="cancelled", reasons=[])
    return []


# --- Manifest of lists (CEB607), arrival (507), departure (509) ----------------------------------------------------


def list_of_parcel(carrier: str, logistics_no: str, world: dict[str, Any]) -> dict[str, Any] | None:
    """The newest accepted list under a carrier's parcel number."""
    found = None
    for declaration in world["known"].values():  # in the order in which they were accepted
        head = declaration["head"]
        if (
            declaration["kind"] == "603"
            and declaration["row"]["status"] in ACCEPTED
            and (head["logisticsCode"], head["logisticsNo"]) == (carrier, logistics_no)
        ):
            found = declaration
    return found


def transport(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """Taken as a whole or not at all."""
    kind, head = document["kind"], document["head"]
    trial = {kind: dict(world["shelves"][kind])}
    reason = documents.take_in(document, trial, world["taken"])
    if reason:
        return [reason]
    if documents.is_draft(document) or head["appType"] == documents.DELETE:
        world["shelves"][kind] = trial[kind]
        return []
    lists, reasons = [], set()
    for item in document["items"]:
        declaration = list_of_parcel(head["logisticsCode"], item["logisticsNo"], world)
        if declaration is None:
            reasons.add("declaration.unknown")
        elif kind == "509" and declaration["row"]["status"] != "800":
            reasons.add("declaration.state")
        else:
            lists.append(declaration)
    if reasons:
        return sorted(reasons)
    world["shelves"][kind] = trial[kind]
    for declaration in lists:
        if kind == "507":
            declaration["arrived"] = True
        if kind == "509":
            declaration["row"].update(status="899", reasons=[])
    return []


# --- Return (CEB213) and its tally (CEB215) ------------------------------------------------------------------------


def has_effect(document: dict[str, Any]) -> list[str] | None:
    """The intake rules for both: a reason, nothing for a draft, None where the document is to be acted on."""
    if documents.repeats_a_number(document):
        return ["document.items"]
    if document["head"]["appType"] != documents.NEW:
        return ["document.unknown"]
    return [] if documents.is_draft(document) else None


def is_late(app_time: str, released: datetime) -> bool:
    """Whether a time yyyyMMddHHmmss (China time) is past the window; no time at all is."""
    if released.date() < RETURN_WINDOW_SINCE:
        return False
    try:
        applied = datetime.strptime(app_time, "%Y%m%d%H%M%S").replace(tzinfo=CHINA)
    except ValueError:
        return True
    return applied - released > RETURN_WINDOW


def is_too_much(item: dict[str, str], lines: dict[int, dict[str, Any]]) -> bool:
    """Whether a line of a return is not of the list, is nothing, or is more than is left (qty1: than declared)."""
    line = lines.get(int(item["gnum"]))
    if line is None or (item["gcode"], item["unit"]) != (line["gcode"], line["unit"]):
        return True
    qty, qty1 = number(item["qty"]), number(item["qty1"])
    return qty <= 0 or qty > line["left"] or qty1 <= 0 or qty1 > line["qty1"]


def give_back(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    answer = has_effect(document)
    if answer is not None:
        return answer
    head = document["head"]
    declaration = named(document, world, "agentCode", "ebcCode")
    if declaration is None:
        return ["declaration.unknown"]
    if declaration["row"]["status"] not in RETURNABLE:
        return ["declaration.state"]
    faults = {
        "return.late": is_late(head["appTime"], world["as_of"]),
        "return.mode": head.get("tradeMode", "") != RETURN_MODE[declaration["head"]["tradeMode"]],
        "return.quantity": any(is_too_much(item, declaration["lines"]) for item in document["items"]),
    }
    if any(faults.values()):
        return [reason for reason, holds in faults.items() if holds]
    for item in document["items"]:
        line = declaration["lines"][int(item["gnum"])]
        line["left"] -= number(item["qty"])
        line["untallied"] += number(item["qty"])
    whole = all(line["left"] == 0 for line in declaration["lines"].values())
    declaration["row"]["status"] = "returned" if whole else "part_returned"
    return []


def tally(document: dict[str, Any], world: dict[str, Any]) -> list[str]:
    """What came back and was not tallied yet is stock again, for 1210."""
    answer = has_effect(document)
    if answer is not None:
        return answer
    declaration = named(document, world, "logisticsCode", "logisticsNo")
    if declaration is None:
        return ["declaration.unknown"]
    lines = declaration.get("lines", {}).values()
    if not any(line["untallied"] for line in lines):
        return ["return.untallied"]
    for line in lines:
        if declaration["head"]["tradeMode"] == "1210":
            world["books"][line["record"]]["qty"] += line["untallied"]
        line["untallied"] *= 0
    return []


ACTIONS = {"605": cancel, **dict.fromkeys(documents.TRANSPORTS, transport), "213": give_back, "215": tally}
