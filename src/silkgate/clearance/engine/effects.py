"""What one batch does to the world: collected while deciding, written in one transaction by `store.persist`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from silkgate.clearance.domain import DeclarationEntry, DocumentEntry
from silkgate.clearance.engine.state import Account
from silkgate.kernel.findings import Finding


class ReceiptGroup:
    """The receipts of one kind that answer documents of one message."""

    __slots__ = ("code", "dxp_id", "message_id", "recipient", "rows")

    def __init__(self, message_id: int, code: str, recipient: str, dxp_id: str) -> None:
        self.message_id, self.code = message_id, code
        self.recipient, self.dxp_id = recipient, dxp_id
        self.rows: list[Any] = []


class MessageAnswer(NamedTuple):
    """What became of a message (a row of exchange_answer)."""

    message_id: int
    kind: str
    guid: str
    digest: bytes
    claims: bool
    outcome: str
    reasons: str
    findings: list[Finding]
    original_id: int | None


Transfer = tuple[int, str, int, int]
"""A change of a ledger account, in the order of `ledger.Move`: account, kind, amount, declaration."""


class Event(NamedTuple):
    """A journal entry of this batch."""

    kind: str
    subject_kind: str
    subject_id: int
    detail: dict[str, Any]
    actor: str = "engine"


class Effects:
    """The effects of one batch. Row dictionaries map a key to whether its row existed before the batch."""

    def __init__(self, batch_no: int, at: datetime) -> None:
        self.batch_no, self.at = batch_no, at
        self.answers: list[MessageAnswer] = []
        self.receipts: dict[tuple[int, str], ReceiptGroup] = {}
        self.documents: dict[str, dict[Any, tuple[DocumentEntry | None, bool]]] = {
            "order": {},
            "payment": {},
            "waybill": {},
            "status": {},
            "entry": {},
            "transport": {},
        }
        self.declarations: dict[int, tuple[DeclarationEntry, bool]] = {}
        self.deleted_declarations: list[int] = []
        self.superseded: list[int] = []
        self.transfers: list[Transfer] = []
        self.capacities: dict[int, int] = {}
        self.new_accounts: list[tuple[str, str, Account]] = []
        self.events: list[Event] = []
        self.tally: Counter[str] = Counter()
        self.instructions: list[tuple[int, str]] = []

    def touch(self, kind: str, key: Any, entry: DocumentEntry | None, existed: bool) -> None:
        """The document under `key` is now `entry` (None: deleted); `existed`: it had a row before."""
        rows = self.documents[kind]
        before = rows.get(key)
        rows[key] = (entry, before[1] if before else existed)

    def declared(self, entry: DeclarationEntry) -> None:
        """The declaration changed and its row has to follow."""
        if entry.id not in self.declarations:
            self.declarations[entry.id] = (entry, entry.stored)

    def move(self, account: Account, kind: str, amount: int, declaration_id: int) -> None:
        """Add `amount` to what is used of an account."""
        if not amount:
            return
        account.used += amount
        self.transfers.append((account.id, kind, amount, declaration_id))

    def receipt(self, message_id: int, code: str, recipient: str, dxp_id: str) -> list[Any]:
        """The rows of the receipts of kind `code` that answer documents of a message: append to it."""
        group = self.receipts.get((message_id, code))
        if group is None:
            group = self.receipts[(message_id, code)] = ReceiptGroup(message_id, code, recipient, dxp_id)
        return group.rows

    def event(
        self, kind: str, subject_kind: str, subject_id: int, detail: dict[str, Any], actor: str = "engine"
    ) -> None:
        self.events.append(Event(kind, subject_kind, subject_id, detail, actor))


def slugs(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The reasons behind some findings: each once, sorted."""
    return tuple(sorted({finding.code for finding in findings}))
