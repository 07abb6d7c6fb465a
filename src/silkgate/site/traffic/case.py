"""A case folder of made traffic: the zone's files and an inbox."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from silkgate.site.traffic.drawing import Parcel
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.zone import Zone


def write_inbox(folder: Path, traffic: Iterable[Traffic], first: int = 1) -> int:
    """Writes messages to `folder/inbox` in their order, numbered from `first`; returns how many."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    number = first
    for item in traffic:
        kind = item.kind.removeprefix("CEB").removesuffix("Message").lower()
        (inbox / f"{number:06d}-{kind}.xml").write_bytes(item.raw)
        number += 1
    return number - first


def write_case(folder: Path, zone: Zone, parcels: Iterable[Parcel], *, per_message: int = 100, seed: int = 1) -> int:
    """Writes the zone and the messages of `parcels` as a case folder without `expected/`; returns how many messages."""
    zone.write(folder)
    return write_inbox(folder, messages(parcels, zone, per_message=per_message, seed=seed))
