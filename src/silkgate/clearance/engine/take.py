"""Taking messages in: contract §2 items 3, 5 and 6. One document after the other, in recorded order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from silkgate.clearance.domain import DRAFT, STANDING, WAITING, DeclarationEntry, DocumentEntry, Party
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects, MessageAnswer, slugs
from silkgate.clearance.engine.settle import Settling
from silkgate.clearance.engine.state import Claim, State
from silkgate.exchange.api import ABSENT, CERTIFICATE, INVALID, Found
from silkgate.kernel.findings import Finding

SIGNED = frozenset(("621", "623", "625", "711", "507", "509", "603", "607"))
"""Must be signed when they declare; those of export by the text of the specification, not by its schema."""
ITEMISED = frozenset(("311", "621", "625", "711", "303", "507", "509", "603", "607", "213"))
SENDERS = {
    "311": ("ebp_code", "ebc_code"),
    "411": ("pay_code",),
    "511": ("logistics_code",),
    "513": ("logistics_code",),
    "621": ("agent_code", "ebc_code"),
    "623": ("agent_code", "ebc_code"),
    "625": ("agent_code", "ebc_code"),
    "711": ("operator_code",),
    "303": ("ebp_code", "ebc_code"),
    "403": ("ebc_code", "pay_code"),
    "505": ("logistics_code",),
    "507": ("operator_code", "logistics_code"),
    "509": ("logistics_code",),
    "603": ("agent_code", "ebc_code"),
    "605": ("agent_code", "ebc_code"),
    "607": ("agent_code",),
    "701": ("agent_code", "ebc_code"),
    "213": ("agent_code", "ebc_code"),
    "215": ("operator_code",),
}
"""Fields of a document of which one must name the sender of its message."""

CHANGES = ("2", "3")
"""appType of a change and a deletion; everything else is new."""

STORED = {
    "311": ("order", "orders"),
    "511": ("waybill", "waybills"),
    "513": ("status", "statuses"),
    "711": ("entry", "entries"),
    "303": ("order", "orders"),
    "505": ("waybill", "waybills"),
}
"""Kinds that are kept by their key alone: name of their rows, name of their cache."""

DUPLICATE = {
    "311": "duplicate.order",
    "411": "duplicate.payment",
    "511": "duplicate.waybill",
    "621": "duplicate.declaration",
    "303": "duplicate.order",
    "403": "duplicate.payment",
    "505": "duplicate.waybill",
    "603": "duplicate.declaration",
}


class Taking:
    """Takes the messages of one batch in, and hands what they complete to `Settling`."""

    def __init__(
        self, state: State, filed: Mapping[str, Party], effects: Effects, settling: Settling, answering: Answering
    ) -> None:
        self.state, self.filed, self.effects = state, filed, effects
        self.settling, self.answering = settling, answering

    def message(self, message_id: int, found: Found, documents: list[Any]) -> None:
        """One message: its answer, its documents one after the other, then the declarations that they complete."""
        if found.refusal:
            self._refuse_format(message_id, found)
            return
        claim_key = (found.guid, found.kind)
        claim = self.state.claims.now[claim_key]
        if claim is not None and claim.digest == found.digest:
            self._answer(message_id, found, "duplicate", [], claims=False, original_id=claim.message_id)
            return
        finding = (
            Finding("message.guid_reused", "guid", found.guid) if claim else judge_sender(found, documents, self.filed)
        )
        if claim is None:
            self.state.claims.now[claim_key] = Claim(message_id, found.digest)
        if finding is not None:
            for document in documents:
                self.answering.refuse(message_id, found, document, [finding])
            self._answer(message_id, found, "rejected", [finding], claims=claim is None)
            return
        taken = 0
        findings: list[Finding] = []
        take = TAKE[found.code]
        for position, document in enumerate(documents):
            refusals = take(self, message_id, position, found, document)
            if refusals:
                self.answering.refuse(message_id, found, document, refusals)
                findings.extend(refusals)
            else:
                taken += 1
        self._answer(message_id, found, "accepted" if taken else "rejected", findings, claims=True)
        self.effects.tally["documents." + found.code] += taken
        self.settling.settle()

    # -- the message as a whole -----------------------------------------------------------------------------------

    def _refuse_format(self, message_id: int, found: Found) -> None:
        finding = Finding(found.refusal, "", found.detail_zh, found.detail_en)
        self.answering.format_error(message_id, found, finding)
        self._answer(message_id, found, "rejected", [finding], claims=False)

    def _answer(
        self,
        message_id: int,
        found: Found,
        outcome: str,
        findings: list[Finding],
        *,
        claims: bool,
        original_id: int | None = None,
    ) -> None:
        reasons = ";".join(slugs(findings)) if findings else ""
        self.effects.answers.append(
            MessageAnswer(
                message_id, found.kind, found.guid, found.digest, claims, outcome, reasons, findings, original_id
            )
        )
        if outcome != "accepted":
            self.effects.tally["messages." + outcome] += 1
        if findings:
            self.effects.event(
                "message.refused" if outcome == "rejected" else "message.partly_refused",
                "message",
                message_id,
                {"findings": [finding.to_list() for finding in findings[:100]]},
            )

    # -- documents ------------------------------------------------------------------------------------------------

    def _take_stored(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        """Orders, waybills, waybill statuses, warehouse entries: one document by key.

        Statuses and entries know no duplicate: a further one is taken, whatever its time.
        """
        kind, cache_name = STORED[found.code]
        if repeated := judge_lines(found.code, document):
            return repeated
        cache = getattr(self.state, cache_name).now
        key = document.key
        existing: DocumentEntry | None = cache[key]
        draft = document.app_status != "2"
        duplicate = DUPLICATE.get(found.code)
        further = False
        if existing is not None or document.app_type in CHANGES:
            further = (
                duplicate is None and document.app_type not in CHANGES and existing is not None and not existing.draft
            )
            if not further and (
                refused := _judge_stored(document, existing, duplicate, lambda: self._in_use(kind, key))
            ):
                return refused
        if further and draft:
            pass  # what has arrived stays arrived
        elif document.app_type == "3":
            if not draft:
                cache[key] = None
                self.effects.touch(kind, key, None, existing is not None)
                self._companion_changed(kind, key, existing, None)
        else:
            entry = DocumentEntry(document, message_id, position, document.app_time, draft)
            cache[key] = entry
            self.effects.touch(kind, key, entry, existing is not None)
            self._companion_changed(kind, key, existing, entry)
        self.answering.stored(message_id, found, document)
        return None

    def _take_payment(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        """Payments: by their own key, and listed under their order in the order of acceptance."""
        key = document.key
        existing: DocumentEntry | None = self.state.payments.now[key]
        draft = document.app_status != "2"
        if refused := _judge_stored(
            document, existing, DUPLICATE[found.code], lambda: self._payment_in_use(existing, key)
        ):
            return refused
        if document.app_type == "3" and draft:
            self.answering.stored(message_id, found, document)
            return None
        state, listed = self.state, self.state.payments_of.now
        entry = None
        if document.app_type == "3":
            state.payments.now[key] = None
        else:
            entry = DocumentEntry(document, message_id, position, document.app_time, draft)
            entry.order_key = document.order_key
            state.payments.now[key] = state.living_payments[key] = entry
        if existing is not None:
            payments = listed[existing.order_key]
            paid = _paid(payments)
            payments.remove(existing)
            if _paid(payments) != paid:
                self.settling.companion(state.declarations.now[existing.order_key])
        if entry is not None:
            payments = listed[entry.order_key]
            paid = _paid(payments)
            payments.append(entry)
            if _paid(payments) != paid:
                self.settling.companion(state.declarations.now[entry.order_key])
        self.effects.touch("payment", key, entry, existing is not None)
        self.answering.stored(message_id, found, document)
        return None

    def _take_declaration(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        state, effects = self.state, self.effects
        if repeated := _repeated(document):
            return repeated
        key = document.key
        existing: DeclarationEntry | None = state.declarations.now[key]
        draft = document.app_status != "2"
        if (
            existing is not None
            and document.app_type not in CHANGES
            and not (existing.state in (DRAFT, WAITING) or existing.state in STANDING)
        ):
            self._supersede(existing)
            existing = None
        if existing is not None and existing.kind != found.code and not existing.draft:
            # An import and an export under one order: whichever was first stands.
            return [Finding(DUPLICATE[found.code], "appType", document.app_type, "2")]
        if refused := _judge_stored(
            document,
            existing,
            DUPLICATE[found.code],
            lambda: existing is not None and existing.state not in (DRAFT, WAITING),
        ):
            return refused
        if document.app_type == "3":
            if not draft:
                assert existing is not None
                self._forget(existing)
            self.answering.declaration_stored(message_id, found, document, draft=draft)
            return None
        if existing is not None and (existing.draft or draft):
            self._forget(existing)  # a draft was never there: what follows it is stored anew
            existing = None
        if existing is None:
            state.declaration_id += 1
            entry = DeclarationEntry(
                state.declaration_id,
                key,
                document.waybill_key,
                document,
                message_id,
                position,
                document.app_time,
                draft,
                found.code,
            )
            entry.stored_at = effects.at
            entry.pre_no = self.answering.pre_no("B", entry.id)
            state.declarations.now[key] = entry
            state.living[entry.id] = entry
        else:
            entry = existing
            state.declarations_of.now[entry.waybill_key].remove(entry)
            entry.doc, entry.message_id, entry.position = document, message_id, position
            entry.app_time, entry.waybill_key = document.app_time, document.waybill_key
            entry.reasons, entry.findings = (), []
        entry.ebc_code, entry.agent_code = document.ebc_code, document.agent_code
        entry.recipient = (found.sender, found.dxp_id)
        state.declarations_of.now[document.waybill_key].append(entry)
        effects.declared(entry)
        if draft:
            effects.tally["state.1"] += 1
            self.answering.declaration_stored(message_id, found, document, draft=True, entry=entry)
        else:
            if document.app_type == "2":
                self.answering.declaration_stored(message_id, found, document, draft=False, entry=entry)
            self.settling.declared(entry)
        return None

    def _take_cancel(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        return self.settling.aftercare.cancel(message_id, found, document)

    def _take_return(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        if repeated := _repeated(document):
            return repeated
        return self.settling.aftercare.give_back(message_id, found, document)

    def _take_export_cancel(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        return self._take_request(message_id, found, document, self.settling.exportcare.cancel)

    def _take_export_return(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        if repeated := _repeated(document):
            return repeated
        return self._take_request(message_id, found, document, self.settling.exportcare.give_back)

    def _take_tally(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        return self._take_request(message_id, found, document, self.settling.exportcare.tally)

    def _take_request(
        self, message_id: int, found: Found, document: Any, carry_out: Callable[[int, Any], list[Finding]]
    ) -> list[Finding] | None:
        """What is asked about an accepted export list: it has its effect, or is refused; nothing of it is kept."""
        if document.app_status == "2":
            if document.app_type != "1":
                return [Finding("document.unknown", "appType", document.app_type, "1")]
            if findings := carry_out(message_id, document):
                return findings
        self.answering.stored(message_id, found, document)
        return None

    def _take_transport(self, message_id: int, position: int, found: Found, document: Any) -> list[Finding] | None:
        """Manifests, arrivals, departures of export lists. What was declared had its effect and stays."""
        if repeated := _repeated(document):
            return repeated
        transports, key = self.state.transports.now, document.key
        existing = transports[key]
        draft, changes = document.app_status != "2", document.app_type in CHANGES
        further = existing is not None and not existing.draft and not changes
        if not further and (refused := _judge_stored(document, existing, None, lambda: True)):
            return refused
        entry = None
        if document.app_type != "3":
            if not draft and (findings := self.settling.exportcare.move(message_id, document)):
                return findings
            entry = DocumentEntry(document, message_id, position, document.app_time, draft)
        if not (draft and (further or entry is None)):
            transports[key] = entry
            self.effects.touch("transport", key, entry, existing is not None)
        self.answering.stored(message_id, found, document)
        return None

    # -- what documents mean for declarations -----------------------------------------------------------------------

    def _companion_changed(
        self, kind: str, key: Any, before: DocumentEntry | None, after: DocumentEntry | None
    ) -> None:
        """An order or waybill came or went: look again at the declarations that wait for it.

        Where one is replaced by another nobody need look: who waits lacks something else, whatever the new one says.
        Thousands may wait for the same waybill, and it may be sent again and again. Unless it was of the other
        direction, or nobody knows any more what it was.
        """
        came, went = _arrived(after), _arrived(before)
        if came == went and (not came or _same_kind(before, after)):
            return
        if kind == "order":
            self.settling.companion(self.state.declarations.now[key])
        elif kind == "waybill":
            named = self.state.declarations_of.now[key]
            for entry in sorted(named, key=_number) if len(named) > 1 else named:
                self.settling.companion(entry)

    def _in_use(self, kind: str, key: Any) -> bool:
        if kind == "order":
            entry = self.state.declarations.now[key]
            return entry is not None and entry.state in STANDING
        if kind == "waybill":
            return any(entry.state in STANDING for entry in self.state.declarations_of.now[key])
        return False

    def _payment_in_use(self, existing: DocumentEntry | None, key: tuple[str, str]) -> bool:
        if existing is None:
            return False
        entry = self.state.declarations.now[existing.order_key]
        if entry is None or entry.state not in STANDING or entry.assessment is None:
            return False
        return (entry.assessment.pay_code, entry.assessment.pay_transaction_id) == key

    def _forget(self, entry: DeclarationEntry) -> None:
        """A deleted or replaced draft, or a deleted waiting declaration: it leaves no row."""
        self.state.declarations.now[entry.key] = None
        self.state.declarations_of.now[entry.waybill_key].remove(entry)
        self.settling.withdraw(entry)
        self.effects.declarations.pop(entry.id, None)
        if entry.stored:
            self.effects.deleted_declarations.append(entry.id)

    def _supersede(self, entry: DeclarationEntry) -> None:
        """Declared again after a refusal or a cancellation: the old row stays, no longer the last word of its key."""
        self.state.declarations.now[entry.key] = None
        self.effects.superseded.append(entry.id)


TAKE = {
    "311": Taking._take_stored,
    "411": Taking._take_payment,
    "511": Taking._take_stored,
    "513": Taking._take_stored,
    "621": Taking._take_declaration,
    "623": Taking._take_cancel,
    "625": Taking._take_return,
    "711": Taking._take_stored,
    "303": Taking._take_stored,
    "403": Taking._take_payment,
    "505": Taking._take_stored,
    "603": Taking._take_declaration,
    "605": Taking._take_export_cancel,
    "607": Taking._take_transport,
    "507": Taking._take_transport,
    "509": Taking._take_transport,
    "213": Taking._take_export_return,
    "215": Taking._take_tally,
}
"""What takes a document of each kind in: None where it was taken, else the findings that refuse it."""


def judge_sender(found: Found, documents: Sequence[Any], filed: Mapping[str, Party]) -> Finding | None:
    """Items 4 and 5: signature, then sender. The first failure is the only reason."""
    party = filed.get(found.sender)
    if party is None:
        return Finding("party.unknown", "copCode", found.sender)
    if found.signature == ABSENT:
        if found.code in SIGNED and any(document.app_status == "2" for document in documents):
            return Finding("sign.missing", "Signature", "", found.sender)
    elif found.signature == INVALID:
        return Finding("sign.invalid", "Signature", "", found.sender)
    elif found.signature == CERTIFICATE:
        return Finding("sign.certificate", "Signature", "", found.sender)
    if party.dxp_id and found.dxp_id != party.dxp_id:
        return Finding("party.sender", "dxpId", found.dxp_id, party.dxp_id)
    if found.envelope_sender is not None and found.envelope_sender != found.dxp_id:
        return Finding("party.sender", "SenderId", found.envelope_sender, found.dxp_id)
    return _judge_parties(found.sender, documents, SENDERS[found.code])


def _judge_parties(sender: str, documents: Sequence[Any], fields: Sequence[str]) -> Finding | None:
    """Whether the sender is party to every document."""
    for document in documents:
        for field in fields:
            if getattr(document, field) == sender:
                break
        else:
            needed = " / ".join([getattr(document, field) for field in fields])
            return Finding("party.sender", "copCode", sender, needed)
    return None


def judge_lines(code: str, document: Any) -> list[Finding]:
    """Item 6: no line number twice, in the kinds that have lines."""
    return _repeated(document) if code in ITEMISED else []


def _arrived(entry: DocumentEntry | None) -> bool:
    return entry is not None and not entry.draft


def _same_kind(one: DocumentEntry | None, other: DocumentEntry | None) -> bool:
    """Whether both are known to be of one direction."""
    return one is not None and other is not None and one.doc is not None and type(one.doc) is type(other.doc)


def _paid(payments: Sequence[DocumentEntry]) -> set[type]:
    """What of payments (of an import) and receipts of money (of an export) has arrived for an order."""
    return {type(payment.doc) for payment in payments if not payment.draft}


def _number(entry: DeclarationEntry) -> int:
    return entry.id


def _repeated(document: Any) -> list[Finding]:
    lines = document.lines
    if len(lines) == 1 or len({line.gnum for line in lines}) == len(lines):
        return []
    seen: set[int] = set()
    for line in lines:
        if line.gnum in seen:
            return [Finding("document.items", "gnum", str(line.gnum), "", line.gnum)]
        seen.add(line.gnum)
    return []


def _judge_stored(
    document: Any, existing: DocumentEntry | None, duplicate: str | None, in_use: Any
) -> list[Finding] | None:
    """Item 6 for a document with a key: unknown; duplicate, in use, stale; the first only."""
    app_type = document.app_type
    changes = app_type in CHANGES
    if not changes:
        if existing is not None and not existing.draft and duplicate is not None:
            return [Finding(duplicate, "appType", app_type, "2")]
    elif existing is None:
        return [Finding("document.unknown", "appType", app_type, "1")]
    if existing is None or existing.draft:
        return None
    if changes and in_use():
        return [Finding("document.in_use", "appType", app_type)]
    if document.app_time < existing.app_time:
        return [Finding("document.stale", "appTime", document.app_time, f">= {existing.app_time}")]
    return None
