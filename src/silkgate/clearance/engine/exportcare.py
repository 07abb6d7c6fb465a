"""After a retail export list was accepted: cancellation, the way out, what comes back (docs/exports.md, section 4)."""

from __future__ import annotations

from datetime import timedelta

from silkgate.clearance.domain import (
    CANCELLED,
    CLOSED,
    EXPORT,
    HELD,
    PART_RETURNED,
    RELEASED,
    RETURNED,
    AssessedLine,
    DeclarationEntry,
    ExportFacts,
)
from silkgate.clearance.engine.aftercare import Aftercare
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.state import State
from silkgate.exchange.api import (
    Arrival,
    Departure,
    ExportCancel,
    ExportLine,
    ExportReturn,
    ExportReturnLine,
    Manifest,
    ReturnTally,
)
from silkgate.kernel.clock import message_time, receipt_time
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_e5
from silkgate.tariff.api import Law

UNDER_WAY = frozenset((*HELD, RELEASED))
RETURNABLE = frozenset((RELEASED, CLOSED, PART_RETURNED))
RETURN_MODES = {"9610": "9661", "1210": "1261"}
EVENTS = {"607": "declaration.manifested", "507": "declaration.arrived", "509": "declaration.departed"}


class ExportCare:
    """What enterprises ask about accepted export lists, and what carriers say of their parcels."""

    def __init__(self, state: State, law: Law, effects: Effects, answering: Answering, aftercare: Aftercare) -> None:
        self.state, self.law, self.effects, self.answering = state, law, effects, answering
        self.aftercare = aftercare

    def _named(self, document: ExportCancel | ExportReturn | ReturnTally) -> DeclarationEntry | None:
        """The export list that a request names."""
        entry = self.state.by_invt_no.now[document.invt_no]
        return entry if entry is not None and entry.kind == EXPORT else None

    def _own(self, document: ExportCancel | ExportReturn) -> DeclarationEntry | None:
        entry = self._named(document)
        if entry is None or (entry.ebc_code, entry.agent_code) != (document.ebc_code, document.agent_code):
            return None
        return entry

    def cancel(self, message_id: int, document: ExportCancel) -> list[Finding]:
        """CEB605: what was taken goes back, as long as the goods have not arrived at the supervised site."""
        entry = self._own(document)
        if entry is None:
            return [Finding("declaration.unknown", "invtNo", document.invt_no)]
        if entry.state not in UNDER_WAY:
            return [Finding("declaration.state", "invtNo", entry.state, " / ".join(sorted(UNDER_WAY)))]
        if _facts(entry).arrived:
            return [Finding("declaration.state", "invtNo", "CEB507", " / ".join(sorted(UNDER_WAY)))]
        self.aftercare.give_back_all(entry)
        self._becomes(entry, CANCELLED)
        self.effects.event("declaration.cancelled", "declaration", entry.id, {"message": message_id})
        return []

    # -- the way out ---------------------------------------------------------------------------------------------------

    def move(self, message_id: int, document: Manifest | Arrival | Departure) -> list[Finding]:
        """CEB607, 507, 509: all parcels of the document have an accepted list, or nothing happens."""
        findings, moved = [], []
        for line in document.lines:
            entry = self._of_parcel((document.logistics_code, line.logistics_no))
            if entry is None:
                findings.append(Finding("declaration.unknown", "logisticsNo", line.logistics_no, "", line.gnum))
            elif document.code == Departure.code and entry.state != RELEASED:
                findings.append(Finding("declaration.state", "logisticsNo", entry.state, RELEASED, line.gnum))
            else:
                moved.append(entry)
        if findings:
            return findings
        for entry in dict.fromkeys(moved):
            if document.code == Arrival.code:
                _facts(entry).arrived = True
                self.effects.declared(entry)
            elif document.code == Departure.code:
                self._becomes(entry, CLOSED)
                self.answering.closed(entry)
            detail = {"message": message_id, "copNo": document.cop_no, "billNo": document.bill_no}
            self.effects.event(EVENTS[document.code], "declaration", entry.id, detail)
        return []

    def _of_parcel(self, waybill_key: tuple[str, str]) -> DeclarationEntry | None:
        """The newest list of a parcel that is accepted and not closed."""
        under_way = [
            entry
            for entry in self.state.declarations_of.now[waybill_key]
            if entry.kind == EXPORT and entry.state in UNDER_WAY
        ]
        return max(under_way, key=lambda entry: entry.id, default=None)

    # -- what comes back -----------------------------------------------------------------------------------------------

    def give_back(self, message_id: int, document: ExportReturn) -> list[Finding]:
        """CEB213: goods of a released list will come back; not above what was declared less what came back before."""
        entry = self._own(document)
        if entry is None:
            return [Finding("declaration.unknown", "invtNo", document.invt_no)]
        if entry.state not in RETURNABLE:
            return [Finding("declaration.state", "invtNo", entry.state, " / ".join(sorted(RETURNABLE)))]
        assessment = entry.assessment
        assert assessment is not None
        findings = self._in_time(entry, document.app_time)
        needed = RETURN_MODES[_facts(entry).trade_mode]
        if document.trade_mode != needed:
            findings.append(Finding("return.mode", "tradeMode", document.trade_mode, needed))
        declared: dict[int, ExportLine] = {line.gnum: line for line in entry.doc.lines}
        lines = {line.gnum: line for line in assessment.lines}
        for line in document.lines:
            findings += _judge_line(line, declared.get(line.gnum), lines.get(line.gnum))
        if findings:
            return findings
        for line in document.lines:
            lines[line.gnum].returned_e5 += line.qty_e5
        facts = _facts(entry)
        facts.untallied = [*facts.untallied, *[(line.gnum, line.qty_e5) for line in document.lines]]
        complete = all(line.returned_e5 == line.qty_e5 for line in assessment.lines)
        self._becomes(entry, RETURNED if complete else PART_RETURNED)
        self.effects.event(
            "declaration.returned" if complete else "declaration.part_returned",
            "declaration",
            entry.id,
            {"message": message_id, "lines": [[line.gnum, line.qty_e5] for line in document.lines]},
        )
        return []

    def _in_time(self, entry: DeclarationEntry, app_time: str) -> list[Finding]:
        if not self.law.export_return_days:
            return []
        assert entry.released_at is not None
        latest = entry.released_at + timedelta(hours=24 * self.law.export_return_days)
        applied = message_time(app_time)
        if applied is None or applied > latest:
            return [Finding("return.late", "appTime", app_time, f"<= {receipt_time(latest)[:14]}")]
        return []

    def tally(self, message_id: int, document: ReturnTally) -> list[Finding]:
        """CEB215: what came back was counted; goods of a bonded list are stock again."""
        entry = self._named(document)
        if entry is None or entry.waybill_key != (document.logistics_code, document.logistics_no):
            return [Finding("declaration.unknown", "invtNo", document.invt_no)]
        facts, assessment = _facts(entry), entry.assessment
        assert assessment is not None
        if not facts.untallied:
            return [Finding("return.untallied", "invtNo", document.invt_no)]
        counted, facts.untallied = facts.untallied, []
        lines = {line.gnum: line for line in assessment.lines}
        if assessment.ems_no:
            for gnum, qty_e5 in counted:
                self.aftercare.restock(entry, lines[gnum], qty_e5)
        self.effects.declared(entry)
        detail = {
            "message": message_id,
            "operatorCode": document.operator_code,
            "lines": [list(one) for one in counted],
        }
        self.effects.event("declaration.tallied", "declaration", entry.id, detail)
        return []

    def _becomes(self, entry: DeclarationEntry, state: str) -> None:
        entry.state = state
        self.effects.declared(entry)
        self.effects.tally["state." + state] += 1


def _facts(entry: DeclarationEntry) -> ExportFacts:
    assert entry.assessment is not None
    assert entry.assessment.export is not None
    return entry.assessment.export


def _judge_line(line: ExportReturnLine, declared: ExportLine | None, assessed: AssessedLine | None) -> list[Finding]:
    """The first thing that keeps a line from coming back."""

    def fault(field: str, found: str, needed: str) -> list[Finding]:
        return [Finding("return.quantity", field, found, needed, line.gnum)]

    if declared is None or assessed is None:
        return fault("gnum", str(line.gnum), "")
    if line.gcode != declared.gcode:
        return fault("gcode", line.gcode, declared.gcode)
    if line.unit != declared.unit:
        return fault("unit", line.unit, declared.unit)
    left_e5 = assessed.qty_e5 - assessed.returned_e5
    if not 0 < line.qty_e5 <= left_e5:
        return fault("qty", format_e5(line.qty_e5), f"<= {format_e5(left_e5)}")
    if not 0 < line.qty1_e5 <= declared.qty1_e5:
        return fault("qty1", format_e5(line.qty1_e5), f"<= {format_e5(declared.qty1_e5)}")
    return []
