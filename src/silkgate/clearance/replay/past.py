"""The engine's state in a replay: caches that forget nothing, and bring back what left memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from silkgate.clearance.domain import DeclarationEntry, DocumentEntry, Key
from silkgate.clearance.engine.batch import declaration_row
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.state import State
from silkgate.clearance.replay.spill import Spill

CAPACITY = 60_000
"""Entries that a cache holds in each of its two generations before the older one leaves memory."""


class PastState(State):
    """A state whose caches forget nothing: what does not fit goes to a file.

    All caches change generations together. A declaration is one object in all caches, and so is a payment; it is
    written whenever a cache lets go of it, so what was written last is how it stood when the last one did.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__(capacity)
        self.capacity = capacity
        self._plain: dict[str, Callable[[Any], Any]] = {
            "claims": lambda claim: (claim.message_id, claim.digest),
            "orders": _document,
            "payments": _payment,
            "payments_of": self._payments,
            "waybills": _document,
            "statuses": _document,
            "entries": _document,
            "transports": _document,
            "declarations": self._number,
            "declarations_of": lambda entries: [self._number(entry) for entry in entries],
            "by_invt_no": self._number,
            "accounts": lambda account: None if account.fresh else (account.id, account.capacity, account.used),
            "books": lambda book: (book.gcode, book.unit, book.area_code),
        }
        """By cache: an entry as plain values. A declaration is its number there, and its row lies apart."""
        self.left: dict[str, Spill[Any]] = {name: Spill() for name in self._plain}
        """By cache: what left memory, plainly."""
        self.rows_left: Spill[int] = Spill()
        """Declarations that left memory, by number: rows of `DECLARATION_COLUMNS`."""
        self._leaving: dict[int, DeclarationEntry] = {}
        self._payment_keys: dict[int, Key] = {}
        self.stored = 0
        """Declarations that have a row."""

    def close(self) -> None:
        """Let go of what left memory."""
        for spill in (*self.left.values(), self.rows_left):
            spill.close()

    def written(self, effects: Effects) -> None:
        """A batch is as good as written: its declarations have rows."""
        for entry, existed in effects.declarations.values():
            self.stored += not existed
            entry.stored = True
        self.stored -= len(effects.deleted_declarations)

    def rotate(self) -> None:
        """Between batches: where a cache is full, the older generation of all goes to the file."""
        caches = {name: getattr(self, name) for name in self._plain}
        if all(len(cache.now) < self.capacity for cache in caches.values()):
            return
        self._payment_keys = {id(entry): key for key, entry in self.living_payments.items()}
        for name, cache in caches.items():
            plain = self._plain[name]
            self.left[name].keep({key: None if value is None else plain(value) for key, value in cache.before.items()})
            cache.before, cache.now = cache.now, {}
        self.rows_left.keep({number: declaration_row(entry, True) for number, entry in self._leaving.items()})
        self._leaving, self._payment_keys = {}, {}

    def _number(self, entry: DeclarationEntry) -> int:
        self._leaving[entry.id] = entry
        return entry.id

    def row(self, number: int) -> Sequence[Any] | None:
        """A declaration that is in memory or was, as a row of `DECLARATION_COLUMNS`; None where it never was."""
        if (entry := self.living.get(number)) is not None:
            return declaration_row(entry, True)
        kept: Sequence[Any] | None = self.rows_left.get(number)
        return kept

    def current(self, key: Key) -> int | None:
        """Number of the declaration that is the last word of its key; no cache is touched."""
        cache = self.declarations
        entry = cache.now.get(key) or cache.before.get(key)
        if entry is None and key not in cache.now and key not in cache.before:
            kept: int | None = self.left["declarations"].get(key)
            return kept
        return entry.id if entry else None

    def _payments(self, entries: list[DocumentEntry]) -> list[Any]:
        return [(*self._payment_keys[id(entry)], *_payment(entry)) for entry in entries]


def _document(entry: DocumentEntry) -> tuple[Any, ...]:
    return entry.message_id, entry.position, entry.app_time, entry.draft


def _payment(entry: DocumentEntry) -> tuple[Any, ...]:
    return entry.message_id, entry.position, entry.app_time, entry.draft, *entry.order_key
