"""Export lists in every state, and an import beside them: the story that the tests of pages and lists tell."""

from __future__ import annotations

from pathlib import Path

from oracles import zone
from oracles.export_keys import NO_CODE
from oracles.export_parcels import (
    arrival,
    departure,
    export_cancel,
    export_parcel,
    export_return,
    manifest,
    tally,
)
from oracles.export_situations import send_export
from oracles.parcels import Document, line, parcel
from oracles.situations import send_parcel
from oracles.zone import CaseWriter

STATES = {
    "closed": "899",
    "returned": "part_returned",
    "waiting": "2",
    "refused": "100",
    "held": "500",
    "cancelled": "cancelled",
    "arrived": "800",
}
"""What becomes of each export list of the story, by its name."""
HELD_GOODS = "watch"


def order_no(name: str) -> str:
    """The order number of an export list of the story."""
    return f"X2606{list(STATES).index(name) + 1:07d}"


def invt_no(serial: int) -> str:
    """The number of the list that was accepted as the `serial`th of the case."""
    return f"46122026E{serial:09d}"


def tell(folder: Path) -> Path:
    """The story as a case folder: one list for each of `STATES`, in this order, then an import."""
    writer = CaseWriter(folder)
    writer.tables["selection"] = [{"kind": "gcode_prefix", "value": "9102", "action": "inspect"}]
    lists: dict[str, dict[str, Document]] = {
        "closed": export_parcel(1, [line("cream", "2", "30.00"), line("honey", "1", "12.50")], ebp=NO_CODE),
        "returned": export_parcel(2, [line("cream", "3", "30.00")], mode="1210", flag="B"),
        "waiting": export_parcel(3),
        "refused": export_parcel(4),
        "held": export_parcel(5, [line(HELD_GOODS, "1", "100.00")], flag="B"),
        "cancelled": export_parcel(6),
        "arrived": export_parcel(7, freight="8"),
    }
    refused = lists["refused"]["603"]
    refused["items"][0]["qty"] = "9"
    refused["head"]["packNo"] = "4"
    for name, made in lists.items():
        kinds = {"waiting": ("303",), "arrived": ("303", "403", "505")}.get(name, ("303", "505"))
        send_export(writer, made, kinds)
    writer.send(export_cancel(lists["cancelled"]["603"], invt_no(4)))
    out = [lists["closed"]["505"]]
    writer.send(manifest(out))
    writer.send(arrival([*out, lists["arrived"]["505"]]))
    writer.send(departure(out))
    writer.send(export_return(lists["returned"]["603"], invt_no(2), {1: ("1", "1")}, at=300))
    writer.send(tally(lists["returned"]["603"], invt_no(2), at=301))
    writer.send(export_return(lists["returned"]["603"], invt_no(2), {1: ("1", "1")}, at=302, cop_no="T2"))
    send_parcel(writer, parcel(9))
    assert zone.SHOP
    return writer.finish()
