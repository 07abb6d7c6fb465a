"""Answers: which receipt each document and each lasting state gets (contract §8). `receipts` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from silkgate.clearance.domain import (
    ACCEPTED,
    APPROVED,
    CLOSED,
    DRAFT,
    EXPORT,
    FORMAT_ERROR,
    IMPORT,
    RELEASED,
    WAITING,
    DeclarationEntry,
)
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.receipts import Group, Guids, guid_of
from silkgate.clearance.engine.state import State
from silkgate.exchange.api import Found
from silkgate.kernel.clock import china_day, receipt_time
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents
from silkgate.tariff.api import Card

STORED_INFO = "海关入库"
DRAFT_INFO = "已暂存，未申报；请以appStatus为2报送后办理"
ACCEPTED_INFO = "海关入库：四单相符，税款、额度、账册、担保核对通过"
REVIEW_INFO = "人工审核：已转关员审核，请等候通知"
INSPECTION_INFO = "查验：已布控查验，请配合海关查验"
RELEASED_INFO = "放行"
REPLACED_INFO = "海关入库：变更已接受"
DELETED_INFO = "海关入库：删除已接受"
APPROVED_INFO = {
    "623": "海关审结：撤销成功，额度、账册、担保已恢复",
    "625": "海关审结：退货成功，额度、账册、担保按退货数量恢复",
}

RECEIPT_OF = {
    "311": "312",
    "411": "412",
    "511": "512",
    "513": "514",
    "621": "622",
    "623": "624",
    "625": "626",
    "711": "712",
    "303": "304",
    "403": "404",
    "505": "506",
    "507": "508",
    "509": "510",
    "603": "604",
    "605": "606",
    "607": "608",
    "213": "214",
    "215": "216",
}

EXPORT_ACCEPTED_INFO = "海关入库：订单、运单与清单相符"
CLOSED_INFO = "结关：货物已离境"

EXPORT_ANSWERS = {
    "303": ((ACCEPTED, STORED_INFO),),
    "403": ((ACCEPTED, STORED_INFO),),
    "505": ((APPROVED, "海关审结：运单已接受"),),
    "607": ((ACCEPTED, STORED_INFO),),
    "507": ((APPROVED, "海关审结：运抵已登记"),),
    "509": ((APPROVED, "海关审结：离境已登记，清单结关"),),
    "605": ((APPROVED, "海关审结：撤销成功，账册已恢复"),),
    "213": ((ACCEPTED, STORED_INFO), (RELEASED, "放行：退货申请已接受，请到退货仓理货")),
    "215": ((APPROVED, "海关审结：退货已理货"),),
}
"""What a document of export that was taken is answered: statuses that the specification has for its receipt."""
EXPORT_FIELDS = {
    "303": ("ebp_code", "ebc_code", "order_no"),
    "403": ("ebc_code", "order_no", "pay_no"),
    "505": ("logistics_code", "logistics_no"),
    "607": ("agent_code", "logistics_code", "cop_no", "pre_no", "bill_no", "msg_seq_no"),
    "507": ("operator_code", "logistics_code", "pre_no", "cop_no", "bill_no", "msg_seq_no"),
    "509": ("logistics_code", "cop_no", "pre_no", "msg_seq_no"),
    "605": ("agent_code", "cop_no", "pre_no", "invt_no"),
    "213": ("ebp_code", "ebc_code", "agent_code", "co_el_no", "pre_no", "invt_no"),
    "215": ("operator_code", "logistics_code", "logistics_no", "co_el_no", "pre_no"),
}
"""What the receipt of each repeats of it, in the receipt's order; `pre_no` is made."""
PRE_NO_LETTERS = {"605": "C", "213": "T", "215": "o", "607": "B", "507": "B", "509": "B"}

RETURN_INFO_CHARACTERS = 1000


class Answering:
    """Collects the receipts of one batch. All texts are Chinese, as the field `returnInfo` asks for."""

    def __init__(self, state: State, effects: Effects, cards: Mapping[str, Card]) -> None:
        self.state, self.effects, self.cards = state, effects, cards
        self.time = receipt_time(effects.at)
        self._pre_day = china_day(effects.at).strftime("%Y%m%d")
        self._guid_head = _guid_head(effects.batch_no)
        self._count = 0
        self._law_texts: dict[str, str] = {}

    # -- numbers -----------------------------------------------------------------------------------------------------

    def guid(self) -> str:
        """A new upper-case guid, made from the batch number and a count: the same input gives the same receipts."""
        self._count += 1
        return guid_of(self._guid_head, self._count)

    def pre_no(self, letter: str, number: int) -> str:
        """E-port's number: one letter, the day, nine digits."""
        return f"{letter}{self._pre_day}{number % 1_000_000_000:09d}"

    def _next_pre_no(self, letter: str) -> str:
        self.state.declaration_id += 1
        return self.pre_no(letter, self.state.declaration_id)

    # -- documents ---------------------------------------------------------------------------------------------------

    def stored(self, message_id: int, found: Found, document: Any) -> None:
        """A document was taken: 120, or what the specification has for its kind."""
        if found.code not in EXPORT_ANSWERS:
            self._document(message_id, found, document, ACCEPTED, STORED_INFO)
        elif document.app_status != "2":
            self._document(message_id, found, document, DRAFT, DRAFT_INFO)
        else:
            for status, info in EXPORT_ANSWERS[found.code]:
                self._document(message_id, found, document, status, info)

    def refuse(self, message_id: int, found: Found, document: Any, findings: Sequence[Finding]) -> None:
        """A document was not taken: the rule's number and what to do."""
        receipt = RECEIPT_OF[found.code]
        self._document(message_id, found, document, self.status(findings, receipt), self.explain(findings))

    def _document(self, message_id: int, found: Found, document: Any, status: str, info: str) -> None:
        code = found.code
        rows = self.effects.receipt(message_id, RECEIPT_OF[code], found.sender, found.dxp_id)
        guid = self.guid()
        if code == "311":
            rows.append((guid, document.ebp_code, document.ebc_code, document.order_no, status, self.time, info))
        elif code == "411":
            rows.append((guid, document.pay_code, document.pay_transaction_id, status, self.time, info))
        elif code == "511":
            rows.append((guid, document.logistics_code, document.logistics_no, status, self.time, info))
        elif code == "513":
            rows.append(
                (
                    guid,
                    document.logistics_code,
                    document.logistics_no,
                    document.logistics_status,
                    status,
                    self.time,
                    info,
                )
            )
        elif code in EXPORT_FIELDS:
            letter = PRE_NO_LETTERS.get(code)
            pre_no = self._next_pre_no(letter) if letter else ""
            said = [pre_no if name == "pre_no" else getattr(document, name) for name in EXPORT_FIELDS[code]]
            rows.append((guid, *said, status, self.time, info))
        elif code in (IMPORT, EXPORT):
            rows.append(self._declaration_row(guid, document, self._next_pre_no("B"), "", status, info))
        elif code == "711":
            rows.append(
                (
                    guid,
                    document.customs_code,
                    document.operator_code,
                    document.cop_no or document.bill_no[-20:],
                    self._next_pre_no("R"),
                    status,
                    self.time,
                    info,
                )
            )
        else:
            rows.append(self._request_row(guid, found.code, document, "", status, info))

    def _declaration_row(
        self, guid: str, doc: Any, pre_no: str, invt_no: str, status: str, info: str
    ) -> tuple[str, ...]:
        cop_no = doc.cop_no or doc.order_no[-20:]
        if doc.code == EXPORT:
            number = (guid, doc.agent_code, cop_no, pre_no, invt_no)
            return (*number, doc.ebc_code, doc.ebp_code, doc.order_no, doc.statistics_flag, status, self.time, info)
        return (
            guid,
            doc.customs_code,
            doc.ebp_code,
            doc.ebc_code,
            doc.agent_code,
            cop_no,
            pre_no,
            invt_no,
            status,
            self.time,
            info,
        )

    def _request_row(self, guid: str, code: str, doc: Any, invt_no: str, status: str, info: str) -> tuple[str, ...]:
        return (
            guid,
            doc.customs_code,
            doc.agent_code,
            doc.ebp_code,
            doc.ebc_code,
            doc.cop_no or doc.order_no[-20:],
            self._next_pre_no("C" if code == "623" else "T"),
            invt_no,
            status,
            self.time,
            info,
        )

    def request_stored(
        self, message_id: int, found: Found, document: Any, *, final: bool, entry: DeclarationEntry | None = None
    ) -> None:
        """A cancellation or return was taken (120) and, unless it was a draft, approved (399)."""
        rows = self.effects.receipt(message_id, RECEIPT_OF[found.code], found.sender, found.dxp_id)
        invt_no = entry.invt_no or "" if entry else ""
        rows.append(
            self._request_row(
                self.guid(), found.code, document, invt_no, ACCEPTED, STORED_INFO if final else DRAFT_INFO
            )
        )
        if final:
            rows.append(
                self._request_row(self.guid(), found.code, document, invt_no, APPROVED, APPROVED_INFO[found.code])
            )

    def format_error(self, message_id: int, found: Found, finding: Finding) -> None:
        """A message that failed the format: CEB900."""
        rows = self.effects.receipt(message_id, "900", found.sender, found.dxp_id)
        card = self.cards[finding.code]
        told, advice = card.tell(finding), card.advise(finding)
        rows.append(
            {
                "guid": self.guid(),
                "returnStatus": FORMAT_ERROR,
                "returnInfo": f"[{finding.code}] {told.zh} {advice.zh} / {told.en} {advice.en}"[:5000],
                "returnTime": self.time,
                "oriCopMsgId": found.envelope_id,
                "oriMessageType": found.kind[:15],
                "oriBizMessage": found.excerpt,
            }
        )

    # -- declarations ------------------------------------------------------------------------------------------------

    def _state(self, entry: DeclarationEntry, doc: Any, status: str, info: str) -> None:
        rows = self.effects.receipt(entry.message_id, RECEIPT_OF[entry.kind], *entry.recipient)
        rows.append(self._declaration_row(self.guid(), doc, entry.pre_no, entry.invt_no or "", status, info))

    def declaration_stored(
        self, message_id: int, found: Found, document: Any, *, draft: bool, entry: DeclarationEntry | None = None
    ) -> None:
        """A draft (1), or a change or deletion that was taken (120)."""
        rows = self.effects.receipt(message_id, RECEIPT_OF[found.code], found.sender, found.dxp_id)
        pre_no = entry.pre_no if entry else self._next_pre_no("B")
        if draft:
            status, info = DRAFT, DRAFT_INFO
        else:
            status, info = ACCEPTED, DELETED_INFO if document.app_type == "3" else REPLACED_INFO
        rows.append(self._declaration_row(self.guid(), document, pre_no, "", status, info))

    def waiting(self, entry: DeclarationEntry, findings: Sequence[Finding]) -> None:
        self._state(entry, entry.doc, WAITING, self.explain(findings))

    def refused(self, entry: DeclarationEntry, findings: Sequence[Finding]) -> str:
        """The receipt of a refusal; returns its status, which is the declaration's state."""
        status = self.status(findings, RECEIPT_OF[entry.kind])
        self._state(entry, entry.doc, status, self.explain(findings))
        return status

    def accepted(self, entry: DeclarationEntry) -> None:
        self._state(entry, entry.doc, ACCEPTED, ACCEPTED_INFO if entry.kind == IMPORT else EXPORT_ACCEPTED_INFO)

    def held(self, entry: DeclarationEntry) -> None:
        self._state(entry, entry.doc, entry.state, INSPECTION_INFO if entry.state == "500" else REVIEW_INFO)

    def decided_by_officer(self, entry: DeclarationEntry, info: str) -> None:
        """The receipt that follows an officer's decision."""
        self._state(entry, entry.doc, entry.state, info)

    def closed(self, entry: DeclarationEntry) -> None:
        """899: the goods of an export list have left."""
        self._state(entry, entry.doc, CLOSED, CLOSED_INFO)

    def released(self, entry: DeclarationEntry, reason: str) -> None:
        """800, and for an import the electronic tax bill (816, status 1)."""
        doc, assessment = entry.doc, entry.assessment
        assert assessment is not None
        assert entry.invt_no is not None
        self._state(
            entry, doc, RELEASED, f"{RELEASED_INFO}：{reason}"[:RETURN_INFO_CHARACTERS] if reason else RELEASED_INFO
        )
        if entry.kind == EXPORT:
            return
        duty = consumption = value_added = 0
        lines = []
        for line in assessment.lines:
            duty += line.duty_cents
            consumption += line.consumption_tax_cents
            value_added += line.value_added_tax_cents
            lines.append(
                (
                    str(line.gnum),
                    line.gcode,
                    format_cents(line.dutiable_cents),
                    format_cents(line.duty_cents),
                    format_cents(line.value_added_tax_cents),
                    format_cents(line.consumption_tax_cents),
                )
            )
        head = (
            self.guid(),
            self.time,
            entry.invt_no,
            tax_no(entry.invt_no),
            format_cents(duty),
            format_cents(value_added),
            format_cents(consumption),
            "1",
            doc.assure_code,
            doc.ebc_code,
            doc.logistics_code,
            doc.agent_code,
            doc.customs_code,
        )
        self.effects.receipt(entry.message_id, "816", *entry.recipient).append((head, lines))

    def tax_bill_void(self, message_id: int, found: Found, entry: DeclarationEntry) -> None:
        """818, status 3: the tax bill of a cancelled or wholly returned declaration is void."""
        assert entry.invt_no is not None
        assert entry.assessment is not None
        self.effects.receipt(message_id, "818", found.sender, found.dxp_id).append(
            (self.guid(), self.time, entry.invt_no, tax_no(entry.invt_no), "3", entry.assessment.guarantee_key)
        )

    # -- words -------------------------------------------------------------------------------------------------------

    def status(self, findings: Sequence[Finding], receipt: str) -> str:
        """returnStatus: that of the finding whose rule comes first."""
        cards = self.cards
        if len(findings) == 1:
            return cards[findings[0].code].receipt_code(receipt)
        return min([cards[finding.code] for finding in findings], key=lambda card: card.rank).receipt_code(receipt)

    def explain(self, findings: Sequence[Finding]) -> str:
        """returnInfo: for each finding the rule, field, value found and value needed; at most 1000 characters."""
        parts = []
        for finding in findings[:20]:
            card = self.cards[finding.code]
            parts.append(f"[{finding.code}] {card.tell(finding).zh}{_where(finding)}（依据：{self._law_text(card)}）")
        return "；".join(parts)[:RETURN_INFO_CHARACTERS]

    def _law_text(self, card: Card) -> str:
        text = self._law_texts.get(card.slug)
        if text is None:
            text = self._law_texts[card.slug] = card.law_text.zh
        return text

    # -- messages ----------------------------------------------------------------------------------------------------

    def groups(self) -> list[Group]:
        """The receipts of the batch by kind and the message that they answer, in the order in which they arose."""
        return [
            (group.message_id, group.code, group.recipient, group.dxp_id, group.rows)
            for group in self.effects.receipts.values()
        ]

    def guids(self) -> Guids:
        """Where the guids of the batch stand: the receipt messages take the next ones."""
        return (self._guid_head, self._count)


def _where(finding: Finding) -> str:
    """Field, value found and value needed, as every reason carries them."""
    parts = []
    if finding.field:
        parts.append(f"字段{finding.field}")
    if finding.found:
        parts.append(f"实际{finding.found[:120]}")
    if finding.needed:
        parts.append(f"要求{finding.needed[:120]}")
    return f"【{'，'.join(parts)}】" if parts else ""


def tax_no(invt_no: str) -> str:
    """Number of a declaration's electronic tax bill."""
    return f"{invt_no}T01"


def _guid_head(batch_no: int) -> str:
    """The first 24 characters of the guids of a batch, in the form of a version 8 UUID."""
    high = f"{batch_no:012X}"
    return f"{high[:8]}-{high[8:]}-8000-8000-"
