"""The engine's state in a replay: caches that forget nothing, and bring back what left memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from silkgate.clearance.domain import BookRecord, DeclarationEntry, DocumentEntry, Key
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.persist import declaration_row
from silkgate.clearance.engine.state import Account, Claim, State
from silkgate.clearance.replay.spill import Spill

CAPACITY = 60_000
"""Entries that a cache holds in each of its two generations before the older one leaves memory."""

Gone = dict[str, Any]
"""What leaves memory, by the text that it is kept under."""


class PastState(State):
    """A state whose caches forget nothing: what does not fit goes to a file.

    All caches change generations together. A declaration is one object in all caches, and so is a payment; it is
    written whenever a cache lets go of it, so what was written last is how it stood when the last one did.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        super().__init__(capacity)
        self.capacity = capacity
        self.spill = Spill()
        self._plain: dict[str, Callable[[Any, Gone], Any]] = {
            "claims": _claim,
            "orders": _document,
            "payments": _payment,
            "payments_of": self._payments,
            "waybills": _document,
            "statuses": _document,
            "entries": _document,
            "declarations": _declaration,
            "declarations_of": _declarations,
            "by_invt_no": _declaration,
            "accounts": _account,
            "books": _book,
        }
        self._payment_keys: dict[int, Key] = {}
        self.stored = 0
        """Declarations that have a row."""

    def close(self) -> None:
        """Let go of what left memory."""
        self.spill.close()

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
        gone: Gone = {}
        for name, cache in caches.items():
            plain = self._plain[name]
            for key, value in cache.before.items():
                gone[kept_as(name, key)] = None if value is None else plain(value, gone)
            cache.before, cache.now = cache.now, {}
        self._payment_keys = {}
        self.spill.keep(gone)

    def kept(self, name: str, key: str | Key) -> Any:
        """What left the cache `name` under `key`, plainly; None where nothing did."""
        return self.spill.get(kept_as(name, key))

    def row(self, number: int) -> Sequence[Any] | None:
        """A declaration that is in memory or was, as a row of `DECLARATION_COLUMNS`; None where it never was."""
        if (entry := self.living.get(number)) is not None:
            return declaration_row(entry, True)
        kept: Sequence[Any] | None = self.spill.get(kept_as("declaration", str(number)))
        return kept

    def current(self, key: Key) -> int | None:
        """Number of the declaration that is the last word of its key; no cache is touched."""
        cache = self.declarations
        entry = cache.now.get(key) or cache.before.get(key)
        if entry is None and key not in cache.now and key not in cache.before:
            kept: int | None = self.kept("declarations", key)
            return kept
        return entry.id if entry else None

    def _payments(self, entries: list[DocumentEntry], gone: Gone) -> list[Any]:
        return [(*self._payment_keys[id(entry)], *_payment(entry, gone)) for entry in entries]


def kept_as(name: str, key: str | Key) -> str:
    """Name of a cache and a key in it as one text. No field of a document holds the character 0."""
    return f"{name}\0{key}" if isinstance(key, str) else f"{name}\0{key[0]}\0{key[1]}"


def _claim(claim: Claim, _: Gone) -> tuple[Any, ...]:
    return claim.message_id, claim.digest


def _document(entry: DocumentEntry, _: Gone) -> tuple[Any, ...]:
    return entry.message_id, entry.position, entry.app_time, entry.draft


def _payment(entry: DocumentEntry, gone: Gone) -> tuple[Any, ...]:
    return *_document(entry, gone), *entry.order_key


def _declaration(entry: DeclarationEntry, gone: Gone) -> int:
    """Its number, under which its row is kept."""
    name = kept_as("declaration", str(entry.id))
    if name not in gone:
        gone[name] = declaration_row(entry, True)
    return entry.id


def _declarations(entries: list[DeclarationEntry], gone: Gone) -> list[int]:
    return [_declaration(entry, gone) for entry in entries]


def _account(account: Account, _: Gone) -> tuple[int, ...] | None:
    return None if account.fresh else (account.id, account.capacity, account.used)


def _book(book: BookRecord, _: Gone) -> tuple[str, ...]:
    return book.gcode, book.unit, book.area_code
