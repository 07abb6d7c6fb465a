"""Before a batch is decided: everything that its documents could need is brought into the state, in sets.

Three rounds: what the documents name; what the declarations found that way name; the records of the entries that may be
matched, which are read from the inbox segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import psycopg

from silkgate.bonded import api as bonded
from silkgate.clearance.domain import EXPORT, STANDING, WAITING, BookRecord, DeclarationEntry, DocumentEntry, Key
from silkgate.clearance.engine import rows
from silkgate.clearance.engine.ahead import NOTHING_AHEAD, ask
from silkgate.clearance.engine.needs import Messages, Needs, accounts_of
from silkgate.clearance.engine.state import Account, Claim, State
from silkgate.exchange.api import MESSAGES_PER_SEGMENT, decode, found_in
from silkgate.ledger import api as ledger


class Prefetch:
    """Reads for one state over one connection (not the one that writes: a batch may still be on its way)."""

    def __init__(self, connection: psycopg.Connection, state: State) -> None:
        self.connection, self.state = connection, state
        self.ahead = NOTHING_AHEAD
        """What was read while the batch before was decided; used by the next call only."""

    def __call__(self, messages: Messages, *, declared: Iterable[int], day: date, annual_limit_cents: int) -> None:
        """Bring into `state` what deciding these messages and officers' instructions may need."""
        try:
            self._bring(messages, declared, day, annual_limit_cents)
        finally:
            self.ahead = NOTHING_AHEAD

    def _bring(self, messages: Messages, declared: Iterable[int], day: date, annual_limit_cents: int) -> None:
        state = self.state
        needs = self.ahead.needs or Needs(messages)
        declaration_ids = list(declared)
        with self.connection.cursor() as cursor:
            self._claims(cursor, needs.claims)
            self._keyed(cursor, state.payments, needs.payments, rows.PAYMENTS, self._payment)
            named = [entry.order_key for key in needs.payments if (entry := state.payments.now[key]) is not None]
            order_keys = list(dict.fromkeys(needs.orders + named)) if named else list(needs.orders)
            waybill_keys = list(needs.waybills)
            self._keyed(cursor, state.declarations, order_keys, rows.DECLARATIONS, self._declaration)
            self._listed(cursor, state.declarations_of, waybill_keys, rows.DECLARATIONS_OF_WAYBILLS, self._declaration)
            self._by_invt_no(cursor, needs.invt_nos)
            found = [state.declarations.now[key] for key in order_keys]
            found += [entry for key in waybill_keys for entry in state.declarations_of.now[key]]
            found += [state.by_invt_no.now[number] for number in dict.fromkeys(needs.invt_nos)]
            found += self._by_id(cursor, declaration_ids)
            known = {entry.id: entry for entry in found if entry is not None}
            waiting = [entry for entry in known.values() if entry.state == WAITING]
            order_keys += [entry.key for entry in known.values()]
            waybill_keys += [entry.waybill_key for entry in known.values()]
            self._keyed(
                cursor,
                state.declarations,
                [entry.key for entry in known.values()],
                rows.DECLARATIONS,
                self._declaration,
            )
            self._listed(cursor, state.declarations_of, waybill_keys, rows.DECLARATIONS_OF_WAYBILLS, self._declaration)
            self._keyed(cursor, state.orders, order_keys, rows.ORDERS, self._document)
            self._listed(cursor, state.payments_of, order_keys, rows.PAYMENTS_OF_ORDERS, self._payment)
            self._keyed(cursor, state.waybills, waybill_keys, rows.WAYBILLS, self._document)
            status_keys = needs.statuses + [
                entry.waybill_key for number in needs.invt_nos if (entry := state.by_invt_no.now[number]) is not None
            ]
            if any(state.by_invt_no.now[number] is None for number in needs.invt_nos):
                status_keys += waybill_keys  # it may be accepted, and so get its number, within this very batch
            self._keyed(cursor, state.statuses, status_keys, rows.STATUSES, self._document)
            self._keyed(cursor, state.entries, needs.entries, rows.WAREHOUSE_ENTRIES, self._document)
            self._keyed(cursor, state.transports, needs.transports, rows.TRANSPORTS, self._document)
            read_again = [known[number] for number in declaration_ids if number in known]
            read_again += self._exports_named(needs)
            self._records(waiting, read_again, needs.declarations)
            declarations = [*needs.declarations, *[entry.doc for entry in waiting]]
            self._accounts(cursor, declarations, known.values(), day, annual_limit_cents)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _keyed(self, cursor: Any, cache: Any, keys: Sequence[Any], query: str, make: Any) -> None:
        """One entry or None for each key."""
        if not (unknown := cache.missing(keys)):
            return
        now = cache.now
        for key in unknown:
            now[key] = None
        for row in self._ask(cursor, query, unknown):
            now[(row[0], row[1])] = make(row)

    def _listed(self, cursor: Any, cache: Any, keys: Sequence[Key], query: str, make: Any) -> None:
        """A list of entries, maybe empty, for each key."""
        if not (unknown := cache.missing(keys)):
            return
        now = cache.now
        for key in unknown:
            now[key] = []
        for row in self._ask(cursor, query, unknown):
            now[(row[-2], row[-1])].append(make(row))

    @staticmethod
    def _document(row: Sequence[Any]) -> DocumentEntry:
        return DocumentEntry(None, row[2], row[3], row[4], row[5])

    def _payment(self, row: Sequence[Any]) -> DocumentEntry:
        key = (row[0], row[1])
        entry = self.state.living_payments.get(key)
        if entry is None:
            entry = DocumentEntry(None, row[2], row[3], row[4], row[5])
            entry.order_key = (row[6], row[7])
            self.state.living_payments[key] = entry
        return entry

    def _declaration(self, row: Sequence[Any]) -> DeclarationEntry:
        entry = self.state.living.get(row[2])
        if entry is None:
            entry = self.state.living[row[2]] = rows.declaration_entry(row)
        return entry

    def _by_invt_no(self, cursor: Any, numbers: Sequence[str]) -> None:
        cache = self.state.by_invt_no
        if unknown := cache.missing(numbers):
            for number in unknown:
                cache.now[number] = None
            for row in self._look_up(cursor, rows.DECLARATIONS_BY_INVT_NO, unknown):
                entry = self._declaration(row)
                assert entry.invt_no is not None
                cache.now[entry.invt_no] = entry

    def _by_id(self, cursor: Any, numbers: Sequence[int]) -> list[DeclarationEntry]:
        if not numbers:
            return []
        living = {number: entry for number in numbers if (entry := self.state.living.get(number)) is not None}
        unknown = [number for number in numbers if number not in living]
        for row in self._look_up(cursor, rows.DECLARATIONS_BY_ID, unknown):
            living[row[2]] = self._declaration(row)
        return list(living.values())

    def _claims(self, cursor: Any, keys: Sequence[tuple[str, str]]) -> None:
        cache = self.state.claims
        if unknown := cache.missing(keys):
            for key in unknown:
                cache.now[key] = None
            for guid, kind, message_id, digest in self._ask(cursor, rows.CLAIMS, unknown):
                cache.now[(guid, kind)] = Claim(message_id, bytes(digest))

    # -- records -----------------------------------------------------------------------------------------------------

    def _records(
        self, waiting: Sequence[DeclarationEntry], instructed: Sequence[DeclarationEntry], declarations: Sequence[Any]
    ) -> None:
        """Read the records of entries that may be matched, from the segments where they lie."""
        state = self.state
        bare: list[DocumentEntry] = [entry for entry in [*waiting, *instructed] if entry.doc is None]
        keys = [(document.key, document.waybill_key) for document in declarations]
        keys += [(entry.key, entry.waybill_key) for entry in waiting]
        for order_key, waybill_key in keys:
            if (entry := state.orders.now[order_key]) is not None and entry.doc is None:
                bare.append(entry)
            bare.extend([entry for entry in state.payments_of.now[order_key] if entry.doc is None])
            if (entry := state.waybills.now[waybill_key]) is not None and entry.doc is None:
                bare.append(entry)
        if not bare:
            return
        segments = found_in(self.connection, list({entry.message_id // MESSAGES_PER_SEGMENT for entry in bare}))
        decoded: dict[int, list[Any]] = {}
        for entry in bare:
            message_id = entry.message_id
            segment_id, place = divmod(message_id, MESSAGES_PER_SEGMENT)
            found = segments[segment_id][place]
            if message_id not in decoded:
                decoded[message_id] = decode(found.code, found.documents, wide=found.wide)
            entry.doc = decoded[message_id][entry.position]
            if isinstance(entry, DeclarationEntry):
                entry.recipient = (found.sender, found.dxp_id)

    def _exports_named(self, needs: Needs) -> list[DeclarationEntry]:
        """Accepted export lists that the batch's requests and transport documents name: they say what was declared."""
        state = self.state
        named = [state.by_invt_no.now[number] for number in needs.invt_nos]
        named += [entry for key in needs.parcels for entry in state.declarations_of.now[key]]
        chosen = {entry.id: entry for entry in named if entry and entry.kind == EXPORT and entry.state in STANDING}
        return list(chosen.values())

    # -- accounts ----------------------------------------------------------------------------------------------------

    def _accounts(
        self,
        cursor: Any,
        declarations: Sequence[Any],
        known: Iterable[DeclarationEntry],
        day: date,
        annual_limit_cents: int,
    ) -> None:
        state = self.state
        accounts = accounts_of(declarations, day)
        others: list[Key] = []
        for entry in known:
            if entry.state in STANDING and (assessment := entry.assessment) is not None:
                if assessment.allowance_key:
                    others.append(("allowance", assessment.allowance_key))
                if assessment.guarantee_key:
                    others.append(("guarantee", assessment.guarantee_key))
                if assessment.ems_no:
                    others.extend(
                        [("stock", f"{assessment.ems_no}/{line.item_record_no}") for line in assessment.lines]
                    )
        now = state.accounts.now
        unknown = state.accounts.missing(accounts + others)
        if unknown:
            balances = self._balances(cursor, unknown)
            for key in unknown:
                balance = balances.get(key)
                now[key] = Account(balance.id, balance.capacity, balance.used) if balance else None
        fresh = [key for key in dict.fromkeys(accounts) if now[key] is None and key[0] == "allowance"]
        if fresh:
            for key, account_id in zip(fresh, self._allot_ids(cursor, len(fresh)), strict=True):
                now[key] = Account(account_id, annual_limit_cents, 0, fresh=True)
        books = [
            (document.ems_no, line.item_record_no)
            for document in declarations
            if document.ems_no
            for line in document.lines
        ]
        if unknown_books := state.books.missing(books):
            records = bonded.records(cursor, unknown_books)
            for book_key in unknown_books:
                record = records.get(book_key)
                state.books.now[book_key] = BookRecord(record.gcode, record.unit, record.area_code) if record else None

    # -- where it is read from; a replay has other places --------------------------------------------------------------

    def _ask(self, cursor: Any, query: str, keys: Sequence[Key]) -> Iterable[Sequence[Any]]:
        """Rows for a set of keys of two texts."""
        found, rest = self.ahead.rows(query, keys)
        return [*found, *ask(cursor, query, rest)] if rest else found

    def _look_up(self, cursor: Any, query: str, numbers: Sequence[Any]) -> Iterable[Sequence[Any]]:
        """Rows for a set of numbers."""
        cursor.execute(query, (numbers,))
        return cursor.fetchall()

    def _balances(self, cursor: Any, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], ledger.Balance]:
        found, rest = self.ahead.balances(keys)
        return found | ledger.balances(cursor, rest) if rest else found

    def _allot_ids(self, cursor: Any, count: int) -> Sequence[int]:
        return ledger.allot_ids(cursor, count)
