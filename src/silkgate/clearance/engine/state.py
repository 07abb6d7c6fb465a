"""What the engine knows: a bounded cache of what the database holds. The database has the last word.

Everything that a batch needs is brought into `now` before the batch is decided (`store.prefetch`), so the decider
reads plain dictionaries. A key that is known not to exist is there with None. Entries live for at least one whole
generation, which is far longer than a batch stays uncommitted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from silkgate.clearance.domain import BookRecord, DeclarationEntry, DocumentEntry, Key

K = TypeVar("K")
V = TypeVar("V")

CACHE_CAPACITY = 12_500
"""Entries of each kind in a generation: about 4 KiB for a declaration with its three companions."""


class Cache(Generic[K, V]):
    """Two generations of a dictionary. When the younger one is full it becomes the older one, which is forgotten."""

    __slots__ = ("before", "capacity", "now")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.now: dict[K, V] = {}
        self.before: dict[K, V] = {}

    def missing(self, keys: Iterable[K]) -> list[K]:
        """Bring what is known of `keys` into `now`; return the keys that have to be asked for, each once."""
        now, before = self.now, self.before
        unknown = list(dict.fromkeys([key for key in keys if key not in now]))
        if not before:
            return unknown
        for key in unknown:
            if key in before:
                now[key] = before.pop(key)
        return [key for key in unknown if key not in now]

    def rotate(self) -> None:
        """Forget the older generation if the younger one is full. Only between batches."""
        if len(self.now) >= self.capacity:
            self.before, self.now = self.now, {}


class Account:
    """A ledger account as the engine counts on it, ahead of the database by what is not yet committed."""

    __slots__ = ("capacity", "fresh", "id", "used")

    def __init__(self, account_id: int, capacity: int, used: int, *, fresh: bool = False) -> None:
        self.id, self.capacity, self.used = account_id, capacity, used
        self.fresh = fresh
        """It has no row yet; the batch that first uses it writes one."""

    @property
    def available(self) -> int:
        return self.capacity - self.used


class Claim:
    """A message kind and guid that is taken: by which message, with which bytes."""

    __slots__ = ("digest", "message_id")

    def __init__(self, message_id: int, digest: bytes) -> None:
        self.message_id, self.digest = message_id, digest


class State:
    """Caches by key, and the numbers that the engine gives out."""

    def __init__(self, capacity: int = CACHE_CAPACITY) -> None:
        self.claims: Cache[tuple[str, str], Claim | None] = Cache(capacity)
        self.orders: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.payments: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.payments_of: Cache[Key, list[DocumentEntry]] = Cache(capacity)
        self.waybills: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.statuses: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.entries: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.transports: Cache[Key, DocumentEntry | None] = Cache(capacity)
        self.declarations: Cache[Key, DeclarationEntry | None] = Cache(capacity)
        self.declarations_of: Cache[Key, list[DeclarationEntry]] = Cache(capacity)
        self.by_invt_no: Cache[str, DeclarationEntry | None] = Cache(capacity)
        self.accounts: Cache[tuple[str, str], Account | None] = Cache(capacity)
        self.books: Cache[Key, BookRecord | None] = Cache(capacity)
        self.living: WeakValueDictionary[int, DeclarationEntry] = WeakValueDictionary()
        """Every declaration in any cache, by number: one object each, however it was found."""
        self.living_payments: WeakValueDictionary[Key, DocumentEntry] = WeakValueDictionary()
        self.batch_no = 0
        self.declaration_id = 0
        self.serial = 0
        self.receipt_id = 0
        self.segment_id = 0

    def invt_no(self, entry: DeclarationEntry, head: str) -> str:
        """The number of a declaration that is accepted: `head` and the next serial."""
        self.serial += 1
        return f"{head}{self.serial:09d}"

    def caches(self) -> list[Cache[Any, Any]]:
        return [value for value in vars(self).values() if isinstance(value, Cache)]

    def rotate(self) -> None:
        for cache in self.caches():
            cache.rotate()

    def sizes(self) -> dict[str, int]:
        """Entries per cache, for watching memory."""
        return {
            name: len(value.now) + len(value.before) for name, value in vars(self).items() if isinstance(value, Cache)
        }
