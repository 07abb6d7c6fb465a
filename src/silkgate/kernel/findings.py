"""Findings: what a check found, as data. A refused declaration is a normal day's work, not an exception."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One failed check: the rule's slug, where, what was found and what would have passed."""

    code: str
    field: str = ""
    found: str = ""
    needed: str = ""
    line: int | None = None
    """The goods line (gnum) it is about; None for the head."""

    def to_list(self) -> list[str | int | None]:
        """A plain list for JSON and msgpack."""
        return [self.code, self.field, self.found, self.needed, self.line]
