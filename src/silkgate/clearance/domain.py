"""Words of clearance: states, what the engine keeps of each document, and what a declaration was assessed at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from silkgate.exchange.api import Cancel, Declaration, ExportList, Order, Payment, Return, Waybill, WaybillStatus
from silkgate.kernel.findings import Finding

DRAFT, WAITING, SENT_BACK, ACCEPTED, REVIEW, INSPECTION, RELEASED = "1", "2", "100", "120", "300", "500", "800"
CLOSED = "899"
"""An export list whose goods have left."""
APPROVED, FORMAT_ERROR = "399", "-1"
CANCELLED, PART_RETURNED, RETURNED = "cancelled", "part_returned", "returned"
DETAINED = ("501", "502", "503", "599")

ON_THE_WAY = frozenset(("declaration.manifested", "declaration.arrived", "declaration.tallied"))
"""Events that leave a declaration in the state that it had."""

HELD = frozenset((REVIEW, INSPECTION))
STANDING = frozenset((REVIEW, INSPECTION, RELEASED, CLOSED, PART_RETURNED, RETURNED, *DETAINED))
"""States of a declaration that was accepted and still uses its documents."""

IMPORT, EXPORT = "621", "603"
"""The messages that declare."""

Key = tuple[str, str]


class DocumentEntry:
    """A stored document: its record (None while it is only known where it lies) and its place in the inbox."""

    __slots__ = ("__weakref__", "app_time", "doc", "draft", "message_id", "order_key", "position")

    def __init__(self, doc: Any, message_id: int, position: int, app_time: str, draft: bool) -> None:
        self.doc = doc
        self.message_id, self.position = message_id, position
        self.app_time, self.draft = app_time, draft
        self.order_key: Key = ("", "")
        """Of a payment: the order that it pays."""

    @property
    def place(self) -> tuple[int, int]:
        """Its place in the recorded order of arrival; a replacement stands where it arrived itself."""
        return (self.message_id, self.position)


class AssessedLine(msgspec.Struct, array_like=True, gc=False):
    """One goods line as it was assessed, and what has come back of it. Money in cents, quantities in 0.00001."""

    gnum: int
    gcode: str
    qty_e5: int
    qty1_e5: int
    dutiable_cents: int
    duty_cents: int
    consumption_tax_cents: int
    value_added_tax_cents: int
    duty_e6: int
    consumption_e6: int
    value_added_e6: int
    specific_e6: int
    item_record_no: str
    returned_e5: int = 0
    returned_dutiable_cents: int = 0
    returned_duty_cents: int = 0
    returned_consumption_tax_cents: int = 0
    returned_value_added_tax_cents: int = 0

    @property
    def tax_cents(self) -> int:
        return self.duty_cents + self.consumption_tax_cents + self.value_added_tax_cents


class ExportFacts(msgspec.Struct, gc=False, omit_defaults=True):
    """What an accepted export list is remembered for."""

    trade_mode: str
    statistics_flag: str
    arrived: bool = False
    """At the supervised site (CEB507)."""
    untallied: list[tuple[int, int]] = []
    """What came back and was not yet counted: line number, quantity in 0.00001."""


class Assessment(msgspec.Struct, gc=False, omit_defaults=True):
    """What an accepted declaration was assessed at and what it took. Kept as JSON beside its row.

    An export list has no tax, allowance or guarantee: amounts are 0 and keys empty.
    """

    lines: list[AssessedLine]
    full_rates: bool
    """A single item over the limit: duty and full taxes; otherwise no duty and the reduced factor."""
    factor: str
    """Factor of the taxes as a decimal, e.g. 0.70."""
    allowance_key: str
    guarantee_key: str
    """Empty where no guarantee is checked."""
    ems_no: str
    """Account book that the stock was taken from; empty where none was."""
    pay_code: str
    pay_transaction_id: str
    cop_no: str
    customs_code: str
    selected_by: list[str]
    """Why a person has to look: selection rules as kind:value, or random."""
    export: ExportFacts | None = None
    """Of an export list."""

    @property
    def dutiable_cents(self) -> int:
        return sum([line.dutiable_cents for line in self.lines])

    @property
    def duty_cents(self) -> int:
        return sum([line.duty_cents for line in self.lines])

    @property
    def consumption_tax_cents(self) -> int:
        return sum([line.consumption_tax_cents for line in self.lines])

    @property
    def value_added_tax_cents(self) -> int:
        return sum([line.value_added_tax_cents for line in self.lines])


class DeclarationEntry(DocumentEntry):
    """A declaration with its state. `id` is the order in which declarations were stored."""

    __slots__ = (
        "agent_code",
        "assessment",
        "decided_at",
        "ebc_code",
        "findings",
        "id",
        "invt_no",
        "key",
        "kind",
        "law_version",
        "pre_no",
        "reasons",
        "recipient",
        "released_at",
        "state",
        "stored",
        "stored_at",
        "waybill_key",
    )

    def __init__(
        self,
        declaration_id: int,
        key: Key,
        waybill_key: Key,
        doc: Declaration | ExportList | None,
        message_id: int,
        position: int,
        app_time: str,
        draft: bool,
        kind: str = IMPORT,
    ) -> None:
        super().__init__(doc, message_id, position, app_time, draft)
        self.id = declaration_id
        self.kind = kind
        """Of the message that declares it: `IMPORT` or `EXPORT`."""
        self.key, self.waybill_key = key, waybill_key
        self.ebc_code = self.agent_code = ""
        self.state = DRAFT if draft else WAITING
        self.reasons: tuple[str, ...] = ()
        self.findings: list[Finding] = []
        self.pre_no = ""
        self.invt_no: str | None = None
        self.assessment: Assessment | None = None
        self.law_version = ""
        self.recipient: Key = ("", "")
        """Code and dxpId of the sender whose receipts it gets."""
        self.stored = False
        """It has a row, or will have one once the batches in flight are committed."""
        self.stored_at: datetime | None = None
        self.decided_at: datetime | None = None
        self.released_at: datetime | None = None


class Party(msgspec.Struct, frozen=True, gc=False):
    """An enterprise on file as the engine sees it."""

    code: str
    roles: frozenset[str]
    dxp_id: str


class BookRecord(msgspec.Struct, frozen=True, gc=False):
    """What an item record of an account book stands for."""

    gcode: str
    unit: str
    area_code: str


class OfficerInstruction(msgspec.Struct, frozen=True, gc=False):
    """What an officer decided about a held declaration."""

    id: int
    declaration_id: int
    state: str
    reason: str
    officer: str


__all__ = [
    "AssessedLine",
    "Assessment",
    "BookRecord",
    "Cancel",
    "Declaration",
    "DeclarationEntry",
    "DocumentEntry",
    "Finding",
    "OfficerInstruction",
    "Order",
    "Party",
    "Payment",
    "Return",
    "Waybill",
    "WaybillStatus",
]
