"""Clearing: contract §3, groups 1 to 8, then selection. In the order in which declarations were completed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from silkgate.clearance.domain import (
    INSPECTION,
    RELEASED,
    REVIEW,
    WAITING,
    Assessment,
    Declaration,
    DeclarationEntry,
    DocumentEntry,
    Party,
    Payment,
)
from silkgate.clearance.engine import assess, match
from silkgate.clearance.engine.aftercare import Aftercare
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects, slugs
from silkgate.clearance.engine.state import Account, State
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents, format_e5
from silkgate.registry.api import NO_CLASSES, Classes
from silkgate.risk.api import Selection
from silkgate.tariff.api import Law

Companions = tuple[DocumentEntry | None, DocumentEntry | None, DocumentEntry | None]
"""Order, payment and waybill; None where it has not arrived."""


class Zone(NamedTuple):
    """What the engine has to know of the zone that it decides for."""

    name: str
    customs_code: str
    guarantees_checked: bool
    selection_key: bytes
    """Secret that random inspection is drawn with."""


class Settling:
    """Clears the declarations that a message completed. One instance a batch."""

    def __init__(
        self,
        state: State,
        zone: Zone,
        law: Law,
        filed: Mapping[str, Party],
        selection: Selection,
        effects: Effects,
        answering: Answering,
        classes: Classes = NO_CLASSES,
    ) -> None:
        self.classes = classes
        self.state, self.zone, self.law, self.filed, self.selection = state, zone, law, filed, selection
        self.effects, self.answering = effects, answering
        self.aftercare = Aftercare(state, law, effects, answering)
        self.day: date = law.day
        self._candidates: dict[int, DeclarationEntry] = {}
        self._in_order: set[tuple[str, ...]] = set()
        self._sound: dict[int, Declaration] = {}
        """Declarations that this batch, and so this law, has found to pass groups 1 and 2."""
        self._used: list[DocumentEntry] = []
        self._factor = f"{law.factor:.2f}"

    # -- which declarations to look at ------------------------------------------------------------------------------

    def declared(self, entry: DeclarationEntry) -> None:
        """A declaration was taken in: it stands at this place in the order of grants."""
        self._candidates.pop(entry.id, None)
        self._candidates[entry.id] = entry

    def companion(self, entry: DeclarationEntry | None) -> None:
        """A companion of a waiting declaration came, changed or went."""
        if entry is not None and entry.state == WAITING:
            self._candidates.setdefault(entry.id, entry)

    def withdraw(self, entry: DeclarationEntry) -> None:
        """The declaration is no longer there."""
        self._candidates.pop(entry.id, None)

    def settle(self) -> None:
        """Clear what the message just taken in has completed, in the order in which it was completed."""
        if not self._candidates:
            return
        candidates, self._candidates = self._candidates, {}
        complete = []
        for entry in candidates.values():
            companions = self._companions(entry)
            order, payment, waybill = companions
            if order is None or payment is None or waybill is None:
                self._incomplete(entry, companions)
            else:
                last = max(entry.place, order.place, payment.place, waybill.place)
                complete.append((last, entry.place, entry, order, payment, waybill))
        if len(complete) > 1:
            complete.sort(key=_granted)
        for _, _, entry, order, payment, waybill in complete:
            self.clear(entry, order, payment, waybill)

    def _companions(self, entry: DeclarationEntry) -> Companions:
        """Order, payment and waybill of a declaration, as far as they have arrived."""
        state = self.state
        order = state.orders.now[entry.key]
        if order is not None and order.draft:
            order = None
        waybill = state.waybills.now[entry.waybill_key]
        if waybill is not None and waybill.draft:
            waybill = None
        payments = state.payments_of.now[entry.key]
        if len(payments) != 1 or payments[0].draft:
            payments = [payment for payment in payments if not payment.draft]
        if not payments:
            return order, None, waybill
        return order, payments[0] if order is None else match.choose_payment(order.doc, payments), waybill

    def forget_used(self) -> None:
        """Let go of the records behind accepted declarations; only when the batch is decided. Seldom needed again, they
        are read from the inbox then."""
        for entry in self._used:
            entry.doc = None

    # -- one declaration ----------------------------------------------------------------------------------------------

    def _incomplete(self, entry: DeclarationEntry, companions: Companions) -> None:
        """Groups 1 to 3 of a declaration that lacks companions; one that waits already has passed the first two."""
        if entry.reasons or self._stands_alone(entry) is not None:
            self._wait(entry, companions)

    def _stands_alone(self, entry: DeclarationEntry) -> str | None:
        """Groups 1 and 2. The mode that the rules treat it as; None: it was refused."""
        declaration: Declaration = entry.doc
        self.effects.declared(entry)
        mode = match.mode_of(declaration, self.law)
        if self._sound.get(entry.id) is declaration:
            return mode
        findings = self._parties(declaration) or match.fields(declaration, mode, self.day)
        if not findings:
            self._sound[entry.id] = declaration
            return mode
        self._refuse(entry, findings)
        return None

    def _parties(self, declaration: Declaration) -> list[Finding]:
        """Group 1. Most declarations name the same few together: those found in order once are not judged again."""
        named = (
            declaration.ebp_code,
            declaration.ebc_code,
            declaration.logistics_code,
            declaration.agent_code,
            declaration.assure_code,
            declaration.area_code,
        )
        if named in self._in_order:
            return []
        findings = match.parties(declaration, self.filed)
        if not findings:
            self._in_order.add(named)
        return findings

    def clear(
        self, entry: DeclarationEntry, order: DocumentEntry, payment_entry: DocumentEntry, waybill: DocumentEntry
    ) -> None:
        """Run the groups in order; the first that fails answers. Nothing is taken unless all pass."""
        mode = self._stands_alone(entry)
        if mode is None:
            return None
        declaration: Declaration = entry.doc
        law = self.law
        payment: Payment = payment_entry.doc
        findings = match.match(declaration, order.doc, payment, waybill.doc, law.match_tolerance_e5)
        if findings:
            return self._refuse(entry, findings)
        findings, rates = match.goods(declaration, mode, law)
        if findings:
            return self._refuse(entry, findings)
        valued = assess.value(declaration)
        allowance_key = f"{declaration.buyer_id_number}/{self.day.year}"
        allowance = self.state.accounts.now[("allowance", allowance_key)]
        assert allowance is not None
        findings, full = assess.limits(declaration, valued.total_cents, allowance.used, law)
        if findings:
            return self._refuse(entry, findings)
        stock: list[tuple[Account, int]] = []
        if mode == "1210":
            findings, stock = self._stock(declaration)
            if findings:
                return self._refuse(entry, findings)
        lines = assess.assess_lines(declaration, valued, rates, law, full=full)
        tax_cents = sum([line.tax_cents for line in lines])
        guarantee = None
        if self.zone.guarantees_checked:
            guarantee = self.state.accounts.now[("guarantee", declaration.assure_code)]
            available = guarantee.available if guarantee else 0
            if available < tax_cents:
                return self._refuse(
                    entry,
                    [Finding("guarantee.insufficient", "assureCode", format_cents(available), format_cents(tax_cents))],
                )
        entry.assessment = Assessment(
            lines=lines,
            full_rates=full,
            factor="1.00" if full else self._factor,
            allowance_key=allowance_key,
            guarantee_key=declaration.assure_code if guarantee else "",
            ems_no=declaration.ems_no if mode == "1210" else "",
            pay_code=payment.pay_code,
            pay_transaction_id=payment.pay_transaction_id,
            cop_no=declaration.cop_no,
            customs_code=declaration.customs_code,
            selected_by=[],
        )
        move = self.effects.move
        if allowance.capacity < law.annual_limit_cents:
            allowance.capacity = self.effects.capacities[allowance.id] = law.annual_limit_cents
        if allowance.fresh:
            allowance.fresh = False
            self.effects.new_accounts.append(("allowance", allowance_key, allowance))
        move(allowance, "reserve", valued.total_cents, entry.id)
        for account, qty_e5 in stock:
            move(account, "reserve", qty_e5, entry.id)
        if guarantee is not None:
            move(guarantee, "reserve", tax_cents, entry.id)
        self._used += (order, payment_entry, waybill)
        return self._accept(entry, declaration)

    def _stock(self, declaration: Declaration) -> tuple[list[Finding], list[tuple[Account, int]]]:
        """Group 7: the book has the record, it is these goods, and what is left covers every line."""
        findings = []
        taken: list[tuple[Account, int]] = []
        wanted: dict[str, int] = {}
        for line in declaration.lines:
            key = (declaration.ems_no, line.item_record_no)
            book = self.state.books.now[key]
            account = self.state.accounts.now[("stock", "/".join(key))]
            if book is None or account is None:
                findings.append(Finding("book.unknown", "itemRecordNo", "/".join(key), "", line.gnum))
                continue
            if line.gcode != book.gcode:
                findings.append(Finding("book.mismatch", "gcode", line.gcode, book.gcode, line.gnum))
            if line.unit != book.unit:
                findings.append(Finding("book.mismatch", "unit", line.unit, book.unit, line.gnum))
            if declaration.area_code != book.area_code:
                findings.append(Finding("book.mismatch", "areaCode", declaration.area_code, book.area_code, line.gnum))
            total = wanted[line.item_record_no] = wanted.get(line.item_record_no, 0) + line.qty_e5
            if total > account.available:
                findings.append(
                    Finding("book.insufficient", "qty", format_e5(total), format_e5(account.available), line.gnum)
                )
            taken.append((account, line.qty_e5))
        return findings, taken

    def _wait(self, entry: DeclarationEntry, companions: Companions) -> None:
        order, payment, waybill = companions
        findings = []
        if order is None:
            findings.append(Finding("waiting.order", "orderNo", "", entry.key[1]))
        if payment is None:
            findings.append(Finding("waiting.payment", "orderNo", "", entry.key[1]))
        if waybill is None:
            findings.append(Finding("waiting.waybill", "logisticsNo", "", entry.waybill_key[1]))
        reasons = slugs(findings)
        if reasons == entry.reasons:
            return  # it waits for what it waited for: its row is as it was
        first = not entry.reasons
        self.effects.declared(entry)
        entry.state = WAITING
        entry.findings = findings
        entry.reasons = reasons
        if first:
            self.effects.tally["state.2"] += 1
            self.answering.waiting(entry, findings)

    def _refuse(self, entry: DeclarationEntry, findings: Sequence[Finding]) -> None:
        entry.findings = list(findings)
        entry.reasons = slugs(findings)
        entry.state = self.answering.refused(entry, entry.findings)
        entry.decided_at = self.effects.at
        entry.law_version = self.law.version
        entry.doc = None
        self.effects.tally["state.refused"] += 1
        self.effects.event(
            "declaration.refused",
            "declaration",
            entry.id,
            {"state": entry.state, "findings": [finding.to_list() for finding in findings]},
        )

    def _accept(self, entry: DeclarationEntry, declaration: Declaration) -> None:
        state = self.state
        entry.invt_no = state.invt_no(entry, f"{self.zone.customs_code}{self.day.year:04d}I")
        state.by_invt_no.now[entry.invt_no] = entry
        entry.findings, entry.reasons = [], ()
        entry.decided_at = self.effects.at
        entry.law_version = self.law.version
        self.answering.accepted(entry)
        assessment = entry.assessment
        assert assessment is not None
        credit_class = ""
        if self.selection.asks_for_class:
            credit_class = self.classes.of(declaration.ebc_code, self.day, self.effects.at)
        action, selected_by = self.selection.choose(declaration, credit_class)
        rate = self.law.random_inspection_rate
        if action != "inspect" and rate and self._drawn(entry.invt_no):
            action = "inspect"
            selected_by = [*selected_by, "random"]
        if action:
            entry.state = INSPECTION if action == "inspect" else REVIEW
            assessment.selected_by = selected_by
            self.effects.tally["state." + entry.state] += 1
            self.effects.event(
                "declaration.selected", "declaration", entry.id, {"state": entry.state, "selected_by": selected_by}
            )
            self.answering.held(entry)
        else:
            self.release(entry)
        entry.doc = None

    def release(self, entry: DeclarationEntry, actor: str = "engine", reason: str = "") -> None:
        """Release, with the tax bill that follows."""
        entry.state = RELEASED
        entry.released_at = self.effects.at
        self.effects.tally["state.800"] += 1
        detail = {"invtNo": entry.invt_no}
        if reason:
            detail["reason"] = reason
        self.effects.event("declaration.released", "declaration", entry.id, detail, actor)
        self.answering.released(entry, reason)

    def _drawn(self, invt_no: str) -> bool:
        """Whether random inspection falls on it: HMAC-SHA256 under the zone's key, as a fraction of 2^256."""
        digest = hmac.digest(self.zone.selection_key, invt_no.encode(), "sha256")
        numerator, denominator = self.law.random_inspection_rate.as_integer_ratio()
        return int.from_bytes(digest, "big") * denominator < numerator << 256


def _granted(complete: tuple[tuple[int, int], tuple[int, int], Any, Any, Any, Any]) -> tuple[Any, Any]:
    """Order of granting: where the last document that it needs was taken in, then where it was itself."""
    return complete[0], complete[1]
