"""Imports and exports as lists tell them apart: words, filters, and the message that declares each."""

from __future__ import annotations

from typing import Literal

from silkgate.clearance.domain import EXPORT, IMPORT
from silkgate.kernel.text import Text
from silkgate.ui.links import address
from silkgate.ui.shapes import Chip

KINDS = {"import": IMPORT, "export": EXPORT}
"""Directions, and the message that declares each."""
DIRECTIONS = {"": Text("进出口", "Import, export"), "import": Text("进口", "Import"), "export": Text("出口", "Export")}
"""Directions in words; "" is no filter."""


def direction_of(kind: str) -> Literal["import", "export"]:
    """The direction of what a message of this kind declares."""
    return "export" if kind == EXPORT else "import"


def direction_chips(name: str, chosen: str, **kept: object) -> tuple[Chip, ...]:
    """Filters of the list under the address of this name; `kept` is what else the list is filtered by."""
    return tuple(
        Chip(words, address(name, **kept, direction=key), chosen=key == chosen) for key, words in DIRECTIONS.items()
    )
