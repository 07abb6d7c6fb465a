"""The engine over a zone that exists in memory only: what a test bench plays on.

The decider is that of service, called as a replay calls it. There is no connection behind it: what it asks for is
answered from the messages of the same sandbox, so nothing of the zone can be read here and nothing can be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import count, islice
from typing import Any, NamedTuple, cast

from silkgate.clearance.domain import EXPORT, IMPORT, Assessment, BookRecord, DeclarationEntry, DocumentEntry, Party
from silkgate.clearance.engine.decide import Reference, decide
from silkgate.clearance.engine.needs import Messages
from silkgate.clearance.engine.prefetch import Prefetch
from silkgate.clearance.engine.receipts import outgoing
from silkgate.clearance.engine.settle import Zone
from silkgate.clearance.engine.state import State
from silkgate.exchange.api import Found, Outgoing
from silkgate.kernel.findings import Finding
from silkgate.ledger import api as ledger
from silkgate.risk.api import Selection
from silkgate.tariff.api import Law


class Item(NamedTuple):
    """An item record of an account book of the sandbox."""

    ems_no: str
    item_record_no: str
    area_code: str
    gcode: str
    unit: str
    qty_e5: int


class SandboxZone(NamedTuple):
    """A zone of its own: who is filed, what is in stock, what is guaranteed, what buyers have used up this year."""

    name: str
    customs_code: str
    parties: Mapping[str, Party]
    items: Sequence[Item]
    guarantees_cents: Mapping[str, int]
    used_cents: Mapping[str, int]
    """Yearly allowance that is used, by the buyer's identity number."""
    selection: Selection


class Played(NamedTuple):
    """What became of one message."""

    outcome: str
    """accepted, rejected or duplicate."""
    findings: tuple[Finding, ...]


class PlayedDeclaration(NamedTuple):
    """A declaration as it stands in the sandbox."""

    message: int
    """Which message carried it, from 1."""
    position: int
    ebp_code: str
    order_no: str
    logistics_no: str
    mode: str
    invt_no: str
    state: str
    findings: tuple[Finding, ...]
    assessment: Assessment | None


class Sandbox:
    """Messages in, one after the other, each decided at once under the law that was given."""

    def __init__(self, zone: SandboxZone, law: Law, at: datetime) -> None:
        self._law, self._at = law, at
        self._state = State()
        self._memory = _Memory(self._state, zone, law.day)
        self._reference = Reference(
            # Nobody is drawn at random here: the same messages have the same end.
            Zone(zone.name, zone.customs_code, True, bytes(32)),
            {},
            zone.parties,
            zone.selection,
        )
        self._entries: dict[int, DeclarationEntry] = {}
        self._kept: dict[int, list[Any]] = {}
        self.receipts: list[Outgoing] = []
        """All receipts so far, in the order in which they arose."""

    def take(self, found: Found) -> Played:
        """Decide the next message. Messages are numbered from 1; receipts name them so."""
        number = len(self._kept) + 1
        documents = found.records()
        self._kept[number] = self._memory.kept[number] = documents
        answering = decide(
            self._state, self._memory, self._reference, self._law, self._at, [(number, found, documents)], ()
        )
        effects = answering.effects
        for number_of_entry in effects.deleted_declarations:
            self._entries.pop(number_of_entry, None)
        for entry, _ in effects.declarations.values():
            self._entries[entry.id] = entry
            entry.stored = True
        self.receipts += outgoing(answering.groups(), answering.guids())
        (answer,) = effects.answers
        return Played(answer.outcome, tuple(answer.findings))

    def document(self, message: int, position: int) -> Any:
        """A document as the decider saw it."""
        return self._kept[message][position]

    def declarations(self) -> list[PlayedDeclaration]:
        """Every declaration, in the order in which they were taken in."""
        return [
            PlayedDeclaration(
                entry.message_id,
                entry.position,
                *entry.key,
                entry.waybill_key[1],
                self._kept[entry.message_id][entry.position].trade_mode,
                entry.invt_no or "",
                entry.state,
                tuple(entry.findings),
                entry.assessment,
            )
            for _, entry in sorted(self._entries.items())
        ]


class _Nowhere:
    """Stands where a connection would be; whoever asks it for anything fails."""

    @contextmanager
    def cursor(self) -> Iterator[None]:
        yield None


class _Memory(Prefetch):
    """Answers what the engine asks before a message from nothing but the sandbox."""

    def __init__(self, state: State, zone: SandboxZone, day: date) -> None:
        super().__init__(cast(Any, _Nowhere()), state)
        self.kept: dict[int, list[Any]] = {}
        self._ids = count(1)
        self._books = {
            (item.ems_no, item.item_record_no): BookRecord(item.gcode, item.unit, item.area_code) for item in zone.items
        }
        self._opened = {("stock", f"{item.ems_no}/{item.item_record_no}"): (item.qty_e5, 0) for item in zone.items}
        self._opened |= {("guarantee", code): (cents, 0) for code, cents in zone.guarantees_cents.items()}
        self._used = {("allowance", f"{buyer}/{day.year}"): cents for buyer, cents in zone.used_cents.items()}

    def __call__(self, messages: Messages, *, declared: Iterable[int], day: date, annual_limit_cents: int) -> None:
        self._opened |= {key: (max(annual_limit_cents, used), used) for key, used in self._used.items()}
        books = self.state.books.now
        for _, found, documents in messages:
            if found.code in (IMPORT, EXPORT):
                for document in documents:
                    for line in document.lines:
                        key = (document.ems_no, line.item_record_no)
                        books.setdefault(key, self._books.get(key))
        super().__call__(messages, declared=declared, day=day, annual_limit_cents=annual_limit_cents)

    def _records(self, waiting: Sequence[DeclarationEntry], instructed: Any, declarations: Any) -> None:
        state = self.state
        entries: list[DocumentEntry | None] = [
            *waiting,
            *instructed,
            *state.orders.now.values(),
            *state.payments.now.values(),
            *state.waybills.now.values(),
        ]
        for entry in entries:
            if entry is not None and entry.doc is None:
                entry.doc = self.kept[entry.message_id][entry.position]

    def _ask(self, cursor: Any, query: str, keys: Sequence[Any]) -> Iterable[Sequence[Any]]:
        return ()

    def _look_up(self, cursor: Any, query: str, numbers: Sequence[Any]) -> Iterable[Sequence[Any]]:
        return ()

    def _balances(self, cursor: Any, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ledger.Balance]:
        return {key: ledger.Balance(next(self._ids), *key, *self._opened[key]) for key in keys if key in self._opened}

    def _allot_ids(self, cursor: Any, count: int) -> Sequence[int]:
        return list(islice(self._ids, count))
