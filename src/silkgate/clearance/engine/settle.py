"""Clearing: contract §3, groups 1 to 8, then selection. In the order in which declarations were completed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from silkgate.clearance.domain import (
    EXPORT,
    IMPORT,
    INSPECTION,
    RELEASED,
    REVIEW,
    WAITING,
    Assessment,
    Declaration,
    DeclarationEntry,
    DocumentEntry,
    ExportFacts,
    Order,
    Party,
    Payment,
    Waybill,
)
from silkgate.clearance.engine import assess, exports, match
from silkgate.clearance.engine.aftercare import Aftercare
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects, slugs
from silkgate.clearance.engine.exportcare import ExportCare
from silkgate.clearance.engine.state import Account, State
from silkgate.exchange.api import ExportList, ExportOrder, ExportWaybill, MoneyReceived
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents, format_e5
from silkgate.registry.api import NO_CLASSES, Classes
from silkgate.risk.api import Selection
from silkgate.tariff.api import Law

Companions = tuple[DocumentEntry | None, DocumentEntry | None, DocumentEntry | None]
"""Order, payment and waybill; None where it has not arrived."""


NOT_NEEDED = DocumentEntry(None, 0, 0, "", False)
"""Stands where a companion would, on days on which none is asked for."""


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
        self.exportcare = ExportCare(state, law, effects, answering, self.aftercare)
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
            companions = self._companions(entry) if entry.kind == IMPORT else self._export_companions(entry)
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
        if order is not None and (order.draft or type(order.doc) is not Order):
            order = None
        waybill = state.waybills.now[entry.waybill_key]
        if waybill is not None and (waybill.draft or type(waybill.doc) is not Waybill):
            waybill = None
        payments = state.payments_of.now[entry.key]
        if len(payments) != 1 or payments[0].draft or type(payments[0].doc) is not Payment:
            payments = [payment for payment in payments if not payment.draft and type(payment.doc) is Payment]
        if not payments:
            return order, None, waybill
        return order, payments[0] if order is None else match.choose_payment(order.doc, payments), waybill

    def _export_companions(self, entry: DeclarationEntry) -> Companions:
        """Order, receipt of money and waybill of an export list; `NOT_NEEDED` on days that ask for no receipt."""
        state = self.state
        order = state.orders.now[entry.key]
        if order is not None and (order.draft or type(order.doc) is not ExportOrder):
            order = None
        waybill = state.waybills.now[entry.waybill_key]
        if waybill is not None and (waybill.draft or type(waybill.doc) is not ExportWaybill):
            waybill = None
        money: DocumentEntry | None = NOT_NEEDED
        if self.law.receipt_doc_required:
            arrived = state.payments_of.now[entry.key]
            money = next((one for one in arrived if not one.draft and type(one.doc) is MoneyReceived), None)
        return order, money, waybill

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
        imported = entry.kind == IMPORT
        mode = match.mode_of(declaration, self.law) if imported else entry.doc.trade_mode
        if self._sound.get(entry.id) is declaration:
            return mode
        if imported:
            findings = self._parties(declaration) or match.fields(declaration, mode, self.day)
        else:
            findings = exports.parties(entry.doc, self.filed) or exports.fields(entry.doc)
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
        if entry.kind == EXPORT:
            return self._clear_export(entry, order, payment_entry, waybill)
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

    def _clear_export(
        self, entry: DeclarationEntry, order: DocumentEntry, money: DocumentEntry, waybill: DocumentEntry
    ) -> None:
        """Groups 4, 5 and 7 of an export list; there is no tax, no limit and no guarantee."""
        declared: ExportList = entry.doc
        received = None if money is NOT_NEEDED else money.doc
        findings = exports.match(declared, order.doc, received, waybill.doc, self.law.match_tolerance_e5)
        findings = findings or exports.goods(declared, self.law)
        stock: list[tuple[Account, int]] = []
        if not findings and declared.trade_mode == "1210":
            findings, stock = self._stock(declared)
        if findings:
            return self._refuse(entry, findings)
        entry.assessment = Assessment(
            lines=exports.lines_of(declared),
            full_rates=False,
            factor="",
            allowance_key="",
            guarantee_key="",
            ems_no=declared.ems_no if declared.trade_mode == "1210" else "",
            pay_code=received.pay_code or received.ebc_code if received else "",
            pay_transaction_id=received.pay_no or received.order_no if received else "",
            cop_no=declared.cop_no,
            customs_code=declared.customs_code,
            selected_by=[],
            export=ExportFacts(declared.trade_mode, declared.statistics_flag),
        )
        for account, qty_e5 in stock:
            self.effects.move(account, "reserve", qty_e5, entry.id)
        self._used += (order, waybill)
        if received:
            self._used.append(money)
        return self._accept(entry, declared)

    def _stock(self, declaration: Declaration | ExportList) -> tuple[list[Finding], list[tuple[Account, int]]]:
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
            if not exports.same_goods(declaration, line.gcode, book.gcode):
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
            missing = "waiting.payment" if entry.kind == IMPORT else "waiting.receipt"
            findings.append(Finding(missing, "orderNo", "", entry.key[1]))
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

    def _accept(self, entry: DeclarationEntry, declaration: Declaration | ExportList) -> None:
        state = self.state
        direction = "I" if entry.kind == IMPORT else "E"
        entry.invt_no = state.invt_no(entry, f"{self.zone.customs_code}{self.day.year:04d}{direction}")
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
        if entry.kind == IMPORT:
            entry.doc = None
        else:
            # It may go on its way, and even come back, within this very batch.
            self._used.append(entry)

    def release(self, entry: DeclarationEntry, actor: str = "engine", reason: str = "") -> None:
        """Release, with the tax bill that follows an import."""
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
