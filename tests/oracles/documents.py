"""What is stored, replaced, deleted or refused of a message's documents (contract §2, item 6).

A shelf is a dict from key to a stored document; imports and exports share the shelves of orders, payments, waybills
and declarations, because a number is given once whatever the direction (exports §1). A stored document is the document
itself with `draft` (appStatus 1), `taken` (its place in the order of all documents taken in) and, for declarations, its
case row.
"""

from __future__ import annotations

from typing import Any

from . import export_keys

KEYS = {
    "311": ("ebpCode", "orderNo"),
    "411": ("payCode", "payTransactionId"),
    "511": ("logisticsCode", "logisticsNo"),
    "513": ("logisticsCode", "logisticsNo"),
    "621": ("ebpCode", "orderNo"),
    "711": ("operatorCode", "copNo"),
}
SHELVES = {"303": "311", "403": "411", "505": "511", "603": "621", "607": "607", "507": "507", "509": "509"}
DECLARATIONS = ("621", "603")
TRANSPORTS = ("607", "507", "509")
DUPLICATES = {
    "311": "duplicate.order",
    "411": "duplicate.payment",
    "511": "duplicate.waybill",
    "621": "duplicate.declaration",
    "303": "duplicate.order",
    "403": "duplicate.payment",
    "505": "duplicate.waybill",
    "603": "duplicate.declaration",
}
WITH_ITEMS = ("311", "621", "625", "711", "303", "603", "607", "507", "509", "213")
NEW, CHANGE, DELETE = "1", "2", "3"


def key_of(document: dict[str, Any]) -> tuple[str, ...]:
    if document["kind"] in SHELVES:
        return export_keys.key_of(document)
    return tuple(document["head"].get(name, "") for name in KEYS[document["kind"]])


def is_draft(document: dict[str, Any]) -> bool:
    return document["head"]["appStatus"] == "1"


def repeats_a_number(document: dict[str, Any]) -> bool:
    numbers = [int(item["gnum"]) for item in document["items"]]
    return document["kind"] in WITH_ITEMS and len(numbers) != len(set(numbers))


def is_refused(status: str) -> bool:
    """Whether a declaration's status is that of a refusal: 100 or a negative code."""
    return status == "100" or status.startswith("-")


def is_bound(stored: dict[str, Any]) -> bool:
    """Whether it may not be changed: an accepted declaration uses it, it waits no more, or it had its effect."""
    if stored["kind"] in DECLARATIONS:
        return stored["row"]["status"] not in ("1", "2")
    if stored["kind"] in TRANSPORTS:
        return True
    return bool(stored["used_by"])


def may_be_declared_again(stored: dict[str, Any]) -> bool:
    if stored["kind"] not in DECLARATIONS:
        return False
    return is_refused(stored["row"]["status"]) or stored["row"]["status"] == "cancelled"


def take_in(document: dict[str, Any], shelves: dict[str, Any], taken: int) -> str:
    """Store, replace or delete one document; the reason where it is refused, else "". For kinds that have a shelf."""
    if repeats_a_number(document):
        return "document.items"
    kind, app_type = document["kind"], document["head"]["appType"]
    shelf, key = shelves[SHELVES.get(kind, kind)], key_of(document)
    stored = shelf.get(key)
    if app_type in (CHANGE, DELETE):
        if stored is None:
            return "document.unknown"
        if not stored["draft"]:
            if kind in DECLARATIONS and stored["kind"] != kind:
                return DUPLICATES[kind]  # an import is not changed by an export, nor the other way round
            if is_bound(stored):
                return "document.in_use"
            if document["head"]["appTime"] < stored["head"]["appTime"]:
                return "document.stale"
        if app_type == DELETE and is_draft(document):
            return ""
    elif stored is not None and not stored["draft"] and not may_be_declared_again(stored):
        if kind not in DUPLICATES:
            # 513, 711, 607, 507 and 509 know no duplicate: a further one is simply taken, and a draft does not undo
            # what has arrived.
            if not is_draft(document):
                shelf[key] = {**document, "draft": False, "taken": taken, "used_by": set()}
            return ""
        return DUPLICATES[kind]
    if app_type == DELETE:
        del shelf[key]
        return ""
    shelf[key] = {**document, "draft": is_draft(document), "taken": taken, "used_by": set()}
    if kind in DECLARATIONS:
        shelf[key]["row"] = empty_row(document)
    return ""


def empty_row(document: dict[str, Any]) -> dict[str, Any]:
    """The declaration's row as it is before it is judged: a draft, or waiting to be looked at."""
    return {"status": "1" if is_draft(document) else "2", "reasons": [], "invt_no": "", "judged": False}


def arrived(shelf: dict[Any, Any], key: tuple[str, ...], kind: str) -> dict[str, Any] | None:
    """The stored document of a key, where it is of this kind and not a draft."""
    stored = shelf.get(key)
    return stored if stored is not None and stored["kind"] == kind and not stored["draft"] else None


def payments_of(shelf: dict[Any, Any], ebp_code: str, order_no: str) -> list[dict[str, Any]]:
    """The payments that have arrived for an import order, first taken first."""
    found = [
        stored
        for stored in shelf.values()
        if stored["kind"] == "411"
        and not stored["draft"]
        and (stored["head"]["ebpCode"], stored["head"]["orderNo"]) == (ebp_code, order_no)
    ]
    return sorted(found, key=lambda stored: stored["taken"])
