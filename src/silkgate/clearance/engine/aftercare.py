"""After acceptance: cancellation (CEB623), return (CEB625), and what an officer decides (contract §7)."""

from __future__ import annotations

from datetime import timedelta

from silkgate.clearance.domain import (
    CANCELLED,
    HELD,
    IMPORT,
    PART_RETURNED,
    RELEASED,
    RETURNED,
    SENT_BACK,
    AssessedLine,
    Cancel,
    DeclarationEntry,
    OfficerInstruction,
    Return,
)
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.state import State
from silkgate.exchange.api import Found
from silkgate.kernel.clock import message_time, receipt_time
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_e5, half_up
from silkgate.tariff.api import Law

CANCELLABLE = frozenset((*HELD, RELEASED))
RETURNABLE = frozenset((RELEASED, PART_RETURNED, RETURNED))
"""Once everything came back nothing is left: a further return asks for too much, it is not in the wrong state."""


class Aftercare:
    """Gives back what an accepted declaration took, in full or in proportion."""

    def __init__(self, state: State, law: Law, effects: Effects, answering: Answering) -> None:
        self.state, self.law, self.effects, self.answering = state, law, effects, answering

    def _named(self, document: Cancel | Return) -> DeclarationEntry | None:
        """The declaration that a request names, if it names it as it was declared."""
        entry = self.state.by_invt_no.now[document.invt_no]
        if (
            entry is None
            or entry.kind != IMPORT
            or entry.key != (document.ebp_code, document.order_no)
            or entry.ebc_code != document.ebc_code
            or entry.agent_code != document.agent_code
        ):
            return None
        return entry

    def cancel(self, message_id: int, found: Found, document: Cancel) -> list[Finding] | None:
        """CEB623: what was taken goes back in full."""
        if document.app_status != "2":
            self.answering.request_stored(message_id, found, document, final=False)
            return None
        if document.app_type != "1":
            return [Finding("document.unknown", "appType", document.app_type, "1")]
        entry = self._named(document)
        if entry is None:
            return [Finding("declaration.unknown", "invtNo", document.invt_no)]
        signed_for = self.state.statuses.now[entry.waybill_key]
        if entry.state not in CANCELLABLE:
            return [Finding("declaration.state", "invtNo", entry.state, " / ".join(sorted(CANCELLABLE)))]
        if signed_for is not None and not signed_for.draft:
            return [Finding("declaration.state", "logisticsStatus", "S", "")]
        released = entry.state == RELEASED
        self.give_back_all(entry)
        entry.state = CANCELLED
        self.effects.declared(entry)
        self.effects.tally["state.cancelled"] += 1
        self.effects.event("declaration.cancelled", "declaration", entry.id, {"message": message_id})
        self.answering.request_stored(message_id, found, document, final=True, entry=entry)
        if released:
            self.answering.tax_bill_void(message_id, found, entry)
        return None

    def give_back_all(self, entry: DeclarationEntry) -> None:
        """Allowance, stock and guarantee go back, as far as they have not already."""
        assessment = entry.assessment
        assert assessment is not None
        for line in assessment.lines:
            self._give_back(
                entry,
                line,
                line.qty_e5 - line.returned_e5,
                line.dutiable_cents - line.returned_dutiable_cents,
                line.tax_cents
                - line.returned_duty_cents
                - line.returned_consumption_tax_cents
                - line.returned_value_added_tax_cents,
            )

    def _give_back(
        self, entry: DeclarationEntry, line: AssessedLine, qty_e5: int, value_cents: int, tax_cents: int
    ) -> None:
        assessment = entry.assessment
        assert assessment is not None
        accounts, move = self.state.accounts.now, self.effects.move
        if assessment.allowance_key:
            allowance = accounts[("allowance", assessment.allowance_key)]
            assert allowance is not None
            move(allowance, "void", -value_cents, entry.id)
        if assessment.ems_no:
            self.restock(entry, line, qty_e5)
        if assessment.guarantee_key:
            guarantee = accounts[("guarantee", assessment.guarantee_key)]
            assert guarantee is not None
            move(guarantee, "void", -tax_cents, entry.id)

    def restock(self, entry: DeclarationEntry, line: AssessedLine, qty_e5: int) -> None:
        """Goods of a bonded declaration are stock of its account book again."""
        assert entry.assessment is not None
        stock = self.state.accounts.now[("stock", f"{entry.assessment.ems_no}/{line.item_record_no}")]
        assert stock is not None
        self.effects.move(stock, "void", -qty_e5, entry.id)

    def give_back(self, message_id: int, found: Found, document: Return) -> list[Finding] | None:
        """CEB625: value, taxes and stock go back in proportion to quantity, the last return takes the remainder."""
        if document.app_status != "2":
            self.answering.request_stored(message_id, found, document, final=False)
            return None
        if document.app_type != "1":
            return [Finding("document.unknown", "appType", document.app_type, "1")]
        entry = self._named(document)
        if entry is None:
            return [Finding("declaration.unknown", "invtNo", document.invt_no)]
        if entry.state not in RETURNABLE:
            return [Finding("declaration.state", "invtNo", entry.state, " / ".join(sorted(RETURNABLE)))]
        assessment = entry.assessment
        assert assessment is not None
        assert entry.released_at is not None
        findings = []
        latest = entry.released_at + timedelta(hours=24 * self.law.return_apply_days)
        applied = message_time(document.app_time)
        if applied is None or applied > latest:
            findings.append(Finding("return.late", "appTime", document.app_time, f"<= {receipt_time(latest)[:14]}"))
        declared = {line.gnum: line for line in assessment.lines}
        for line in document.lines:
            was = declared.get(line.gnum)
            if was is None:
                findings.append(Finding("return.quantity", "gnum", str(line.gnum), "", line.gnum))
            elif was.gcode != line.gcode:
                findings.append(Finding("return.quantity", "gcode", line.gcode, was.gcode, line.gnum))
            elif not 0 < line.qty_e5 <= was.qty_e5 - was.returned_e5:
                left = format_e5(was.qty_e5 - was.returned_e5)
                findings.append(Finding("return.quantity", "qty", format_e5(line.qty_e5), f"<= {left}", line.gnum))
        if findings:
            return findings
        for line in document.lines:
            self._return_line(entry, declared[line.gnum], line.qty_e5)
        complete = all(line.returned_e5 == line.qty_e5 for line in assessment.lines)
        entry.state = RETURNED if complete else PART_RETURNED
        self.effects.declared(entry)
        self.effects.tally["state." + entry.state] += 1
        self.effects.event(
            "declaration.returned" if complete else "declaration.part_returned",
            "declaration",
            entry.id,
            {"message": message_id, "lines": [[line.gnum, line.qty_e5] for line in document.lines]},
        )
        self.answering.request_stored(message_id, found, document, final=True, entry=entry)
        if complete:
            self.answering.tax_bill_void(message_id, found, entry)
        return None

    def _return_line(self, entry: DeclarationEntry, line: AssessedLine, qty_e5: int) -> None:
        last = line.returned_e5 + qty_e5 == line.qty_e5

        def part(amount: int, returned: int) -> int:
            """This return's part of an amount; never more than is left of it."""
            return amount - returned if last else min(half_up(amount * qty_e5, line.qty_e5), amount - returned)

        value = part(line.dutiable_cents, line.returned_dutiable_cents)
        duty = part(line.duty_cents, line.returned_duty_cents)
        consumption = part(line.consumption_tax_cents, line.returned_consumption_tax_cents)
        value_added = part(line.value_added_tax_cents, line.returned_value_added_tax_cents)
        line.returned_e5 += qty_e5
        line.returned_dutiable_cents += value
        line.returned_duty_cents += duty
        line.returned_consumption_tax_cents += consumption
        line.returned_value_added_tax_cents += value_added
        self._give_back(entry, line, qty_e5, value, duty + consumption + value_added)

    def send_back(self, entry: DeclarationEntry, instruction: OfficerInstruction) -> None:
        """An officer refuses a held declaration: what it took goes back."""
        self.give_back_all(entry)
        entry.state = SENT_BACK
        entry.findings = [Finding("officer.send_back", "", instruction.reason)]
        entry.reasons = ("officer.send_back",)
        self.effects.tally["state.refused"] += 1

    def detain(self, entry: DeclarationEntry, instruction: OfficerInstruction) -> None:
        """An officer detains a held declaration: what it took stays taken."""
        entry.state = instruction.state
        entry.findings = [Finding("officer.detain", "", instruction.reason)]
        entry.reasons = ("officer.detain",)
        self.effects.tally["state.detained"] += 1
