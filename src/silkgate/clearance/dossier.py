"""Everything that explains one declaration, gathered for a page: decision, documents, tax, receipts, history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from lxml import etree

from silkgate.clearance import queries
from silkgate.clearance.domain import EXPORT, ON_THE_WAY
from silkgate.clearance.evidence import NAMES, Evidence, documents_in, side_by_side
from silkgate.clearance.explain import ENGINE, Priced, decision, selection_findings, tax_table
from silkgate.clearance.exportevidence import (
    CameBack,
    Four,
    Terms,
    came_back,
    export_side_by_side,
    platform_words,
    terms,
)
from silkgate.exchange import api as exchange
from silkgate.journal import api as journal
from silkgate.kernel.clock import china_day, message_time
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.standards import dxp, safexml
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.refusal import Refused
from silkgate.ui.formats import decimal, yuan
from silkgate.ui.shapes import Balance, Comparison, Decision, Event, MoneyTable

MOST_PAYMENTS = 5
"""Payments for one order that are read when the one that the order names is looked for."""


class ReceiptLine(NamedTuple):
    """What one receipt says about this declaration or one of its documents."""

    id: int
    code: str
    name: Text
    status: str
    info: str
    at: datetime | None
    sealed: bool = False
    """Whether there is a proof already that it stands in the log."""


class Dossier(NamedTuple):
    """A declaration, explained. `tax` is None before acceptance and for exports; balances are there only where all is
    shown in full.
    """

    full: queries.Full
    decision: Decision
    comparison: Comparison
    tax: MoneyTable | None
    receipts: tuple[ReceiptLine, ...]
    history: tuple[Event, ...]
    declared: Evidence | None
    balances: tuple[Balance, ...]
    terms: Terms | None = None
    """Of an export list: how it was declared; None before its message was read."""
    came_back: tuple[CameBack, ...] = ()
    """Of an export list."""

    @property
    def exported(self) -> bool:
        """Whether it is an export list."""
        return self.full.row.kind == EXPORT

    @property
    def platform(self) -> Text | str:
        """The platform, as people read it."""
        return platform_words(self.full.row.ebp_code)


def gather(number: int, *, in_full: bool) -> Dossier | None:
    """The dossier of a declaration; None where there is no such declaration."""
    full = queries.declaration(number)
    if full is None:
        return None
    with connection.cursor() as cursor:
        events = journal.of_subject(cursor, "declaration", number)
    with exchange.connect() as inbox:
        documents = _documents(inbox, full)
        message_ids = {document.message_id for document in documents if document}
        message_ids |= {event.detail["message"] for event in events if isinstance(event.detail.get("message"), int)}
        receipts = _receipts(inbox, full, message_ids, documents, events)
    if not in_full:
        receipts = tuple(line._replace(info=without_persons(line.info)) for line in receipts)
    return Dossier(
        full=full,
        decision=_decision(full, events, in_full=in_full),
        comparison=_compared(full, documents, message_ids, in_full=in_full),
        tax=_tax(full, documents[0]),
        receipts=receipts,
        history=_history(events, documents),
        declared=documents[0],
        balances=_balances(full) if in_full else (),
        terms=_terms(documents[0]) if full.row.kind == EXPORT else None,
        came_back=_came_back(full, documents[0]),
    )


def _terms(declared: Evidence | None) -> Terms | None:
    return terms(declared.head.get("tradeMode", ""), declared.head.get("statisticsFlag", "")) if declared else None


def _came_back(full: queries.Full, declared: Evidence | None) -> tuple[CameBack, ...]:
    assessment = full.assessment
    return came_back(assessment.lines, assessment.export, declared) if assessment and assessment.export else ()


# --- Documents ------------------------------------------------------------------------------------------------------


def _compared(full: queries.Full, documents: Four, message_ids: Iterable[int], *, in_full: bool) -> Comparison:
    hrefs = {number: f"/messages/{number}" for number in message_ids}
    if full.row.kind == EXPORT:
        needed = "waiting.receipt" in full.line.reasons
        return export_side_by_side(documents, money_needed=needed, hrefs=hrefs)
    return side_by_side(documents, in_full=in_full, hrefs=hrefs)


def _documents(inbox: psycopg.Connection, full: queries.Full) -> Four:
    declared, order, _, waybill = (_read(inbox, place) for place in full.places)
    return declared, order, _payment(inbox, full, order), waybill


def _read(inbox: psycopg.Connection, place: queries.Place | None) -> Evidence | None:
    if place is None:
        return None
    raw = exchange.received_bytes(inbox, place.message_id)
    found = documents_in(raw, place.message_id)[place.position] if raw else None
    # Numbers are unique whatever the direction: what lies under one of them may be no companion.
    return found if found and found.code == place.code else None


def _payment(inbox: psycopg.Connection, full: queries.Full, order: Evidence | None) -> Evidence | None:
    """The payment that the order names, else the first that was accepted; of an export the first receipt of money."""
    named = order.head.get("payTransactionId") if order else None
    first = None
    for place in full.payments[:MOST_PAYMENTS]:
        paid = _read(inbox, place)
        if paid and named and paid.head.get("payTransactionId") == named:
            return paid
        first = first or paid
    return first


# --- Decision and tax -----------------------------------------------------------------------------------------------


def _decision(full: queries.Full, events: Iterable[journal.Event], *, in_full: bool) -> Decision:
    row, exported = full.row, full.row.kind == EXPORT
    findings = list(full.findings)
    if row.state in queries.GROUPS["held"] and full.assessment and not findings:
        findings = selection_findings(row.state, full.assessment.selected_by, row.invt_no or "")
    last = next(
        (event for event in reversed(list(events)) if event.kind in WORDS and event.kind not in ON_THE_WAY), None
    )
    who = ENGINE if last is None or last.actor == "engine" else _officer(last.actor)
    when = last.at if last else row.decided_at or row.stored_at
    return decision(row.state, findings, when=when, who=who, in_full=in_full, proof_href="#history", exported=exported)


def _officer(name: str) -> Text:
    return Text(f"关员{name}", f"Officer {name}")


def _tax(full: queries.Full, declared: Evidence | None) -> MoneyTable | None:
    if full.assessment is None or full.row.kind == EXPORT:
        return None
    goods: dict[int, Priced] = {}
    for line in declared.lines if declared else ():
        goods[int(line["gnum"])] = Priced(line.get("gname", ""), int(Decimal(line.get("totalPrice", "0")) * 100))
    return tax_table(full.assessment, goods, china_day(full.row.decided_at or full.row.stored_at))


# --- Receipts -------------------------------------------------------------------------------------------------------


def _receipts(
    inbox: psycopg.Connection,
    full: queries.Full,
    message_ids: Iterable[int],
    documents: Four,
    events: Iterable[journal.Event],
) -> tuple[ReceiptLine, ...]:
    """Receipts about this declaration, its documents and its way among those that answer their messages."""
    row = full.row
    paid = documents[2].head if documents[2] else {}
    ours = {
        ("orderNo", row.order_no),
        ("logisticsNo", row.logistics_no),
        ("payTransactionId", paid.get("payTransactionId", "")),
        ("payNo", paid.get("payNo", "")),
        ("invtNo", row.invt_no or ""),
        ("preNo", row.pre_no),
        ("copNo", (documents[0].head.get("copNo", "") if documents[0] else "") or row.order_no[-20:]),
    }
    # Manifest, arrival and departure name many parcels; their receipts repeat the sender's number alone.
    moved = {(event.detail["message"], event.detail["copNo"]) for event in events if "copNo" in event.detail}
    found = []
    for message_id in sorted(message_ids):
        for receipt in exchange.receipts_of(inbox, message_id):
            code = receipt.kind[3:6]
            found += [
                ReceiptLine(receipt.id, code, MESSAGES[code].name, *_said(said))
                for said in documents_of_receipt(receipt.body)
                if any(value and (element, value) in ours for element, value in said.items())
                or (message_id, said.get("copNo")) in moved
            ]
    sealed = exchange.newest_sealed_receipt(inbox)
    return tuple(line._replace(sealed=line.id <= sealed) for line in sorted(found, key=lambda line: line.id))


def documents_of_receipt(body: bytes) -> tuple[dict[str, str], ...]:
    """Every document of a receipt message, with its elements by name (those of its head, where it has one)."""
    root = safexml.parse(body)
    return tuple(
        {etree.QName(element).localname: element.text or "" for element in document.iter() if not len(element)}
        for document in root
        if isinstance(document.tag, str)
    )


def _said(document: Mapping[str, str]) -> tuple[str, str, datetime | None]:
    status = document.get("returnStatus") or document.get("status", "")
    return status, document.get("returnInfo", ""), message_time(document.get("returnTime", "")[:14])


class Said(NamedTuple):
    """What one document of a receipt says, and which number it is about."""

    number: str
    status: str
    info: str
    at: datetime | None


NUMBERS = ("payTransactionId", "payNo", "logisticsNo", "invtNo", "orderNo", "billNo", "copNo", "preNo")
"""Elements that name a document in a receipt; the first that is there speaks."""


def said_in(body: bytes) -> tuple[Said, ...]:
    """What a receipt message says, one entry per document."""
    found = []
    for document in documents_of_receipt(body):
        if not any(element in document for element in ("returnStatus", "status")):
            continue
        number = document.get("orderNo") or next((document[name] for name in NUMBERS if document.get(name)), "")
        found.append(Said(number, *_said(document)))
    return tuple(found)


class Carried(NamedTuple):
    """A document in a message: what it is and the number to find it by."""

    number: str
    order_no: str
    parcels: tuple[str, ...] = ()
    """Waybill numbers of a manifest, arrival or departure, at most `MOST_PARCELS`."""
    more: int = 0
    """How many parcels it has beyond these."""


MOST_PARCELS = 100


def carried(message_id: int) -> tuple[Carried, ...]:
    """The documents of an accepted message; none where its bytes cannot be read as a message."""
    with exchange.connect() as inbox:
        raw = exchange.received_bytes(inbox, message_id)
    if raw is None:
        return ()
    try:
        documents = documents_in(raw, message_id)
    except (safexml.XmlRefused, dxp.EnvelopeRefused, Refused):
        return ()
    return tuple(_carried(document) for document in documents)


def _carried(document: Evidence) -> Carried:
    parcels = tuple(line["logisticsNo"] for line in document.lines if "logisticsNo" in line)
    return Carried(
        next((document.head[name] for name in NUMBERS if document.head.get(name)), ""),
        document.head.get("orderNo", ""),
        parcels[:MOST_PARCELS],
        max(len(parcels) - MOST_PARCELS, 0),
    )


_NAMES_PERSONS = frozenset({"buyer.id", "match.buyer", "match.payer", "match.consignee"})
"""Reasons whose sentence repeats a personal value."""
_HIDDEN = "（含个人信息，已隐去）"


def without_persons(info: str) -> str:
    """`returnInfo` as strangers may read it: a reason that names a person keeps its slug and loses its sentence."""
    parts = re.split(r"(?=\[[a-z]+\.[a-z_]+\])", info)
    return "".join(
        f"[{slug}]{_HIDDEN}" if (slug := part[1:].partition("]")[0]) in _NAMES_PERSONS else part for part in parts
    )


def names_persons(body: bytes) -> bool:
    """Whether a receipt message repeats personal values."""
    return any(without_persons(said.info) != said.info for said in said_in(body))


# --- History --------------------------------------------------------------------------------------------------------

WORDS: dict[str, tuple[Text, str]] = {
    "declaration.refused": (Text("退单", "Refused"), "refused"),
    "declaration.selected": (Text("接受申报，选中布控", "Accepted, selected for control"), "held"),
    "declaration.released": (Text("放行", "Released"), "released"),
    "declaration.detained": (Text("扣留", "Detained"), "held"),
    "declaration.sent_back": (Text("关员退单", "Sent back"), "refused"),
    "declaration.cancelled": (Text("撤销", "Cancelled"), "returned"),
    "declaration.part_returned": (Text("部分退货", "Partly returned"), "returned"),
    "declaration.returned": (Text("全部退货", "Returned"), "returned"),
    "declaration.manifested": (Text("列入清单总分单", "Put on a manifest of lists"), ""),
    "declaration.arrived": (Text("运抵监管场所", "Arrived at the supervised site"), ""),
    "declaration.departed": (Text("离境，结关", "Left the country, closed"), "released"),
    "declaration.tallied": (Text("退货理货", "Returned goods tallied"), ""),
}


def _history(events: Iterable[journal.Event], documents: Four) -> tuple[Event, ...]:
    arrived = exchange.received_at(document.message_id for document in documents if document)
    history = [
        Event(
            arrived[document.message_id],
            Text(f"收到{NAMES[document.code].zh}", f"{NAMES[document.code].en} received"),
            Text(*_sender(document)),
            href=f"/messages/{document.message_id}",
        )
        for document in documents
        if document and document.message_id in arrived
    ]
    history += [_told(event) for event in events if event.kind in WORDS]
    return tuple(sorted(history, key=lambda event: event.when))


def _sender(document: Evidence) -> tuple[str, str]:
    for element in _SENDERS[document.code]:
        name = document.head.get(element, "")
        if name and name != exchange.NO_CODE:
            return name, name
    return "", ""


_SENDERS = {
    "621": ("agentName",),
    "311": ("ebpName",),
    "411": ("payName",),
    "511": ("logisticsName",),
    "603": ("agentName",),
    "303": ("ebpName", "ebcName"),
    "403": ("payName", "ebcName"),
    "505": ("logisticsName",),
}
"""Who speaks in a document; of a platform or payment firm without a name the seller."""


def _told(event: journal.Event) -> Event:
    what, mark = WORDS[event.kind]
    reason = str(event.detail.get("reason", ""))
    who = ENGINE if event.actor == "engine" else _officer(event.actor)
    law = Text(f"规则版本{event.law_version}", f"rules {event.law_version}") if event.law_version else None
    detail = Text(f"理由：{reason}", f"Reason: {reason}") if reason else _detail(event) or law
    message = event.detail.get("message")
    return Event(event.at, what, who, detail, mark, f"/messages/{message}" if isinstance(message, int) else "")


def _detail(event: journal.Event) -> Text | None:
    """What an event says beside its name: under which bill, or how much of which line."""
    if bill := event.detail.get("billNo"):
        return Text(f"提运单{bill}", f"bill {bill}")
    if lines := event.detail.get("lines"):
        told = [(gnum, decimal(qty_e5)) for gnum, qty_e5 in lines]
        return Text(
            "，".join(f"第{gnum}项：{qty}" for gnum, qty in told),
            ", ".join(f"line {gnum}: {qty}" for gnum, qty in told),
        )
    return None


# --- Balances -------------------------------------------------------------------------------------------------------


def _balances(full: queries.Full) -> tuple[Balance, ...]:
    """Allowance and guarantee as they stand now, with this declaration's own part apart; an export takes neither."""
    assessment = full.assessment
    if assessment is None or assessment.export:
        return ()
    standing = full.row.state not in {"cancelled", "returned", "100"}
    left = [line.dutiable_cents - line.returned_dutiable_cents for line in assessment.lines]
    year = assessment.allowance_key.rpartition("/")[2]
    wanted: list[tuple[tuple[str, str], Text, int]] = [
        (
            ("allowance", assessment.allowance_key),
            Text(f"{year}年度个人额度", f"Personal allowance of {year}"),
            sum(left),
        )
    ]
    if assessment.guarantee_key:
        own = sum(line.tax_cents - _tax_returned(line) for line in assessment.lines)
        wanted.append(
            (
                ("guarantee", assessment.guarantee_key),
                Text(f"{assessment.guarantee_key}的税款担保", f"Tax guarantee of {assessment.guarantee_key}"),
                own,
            )
        )
    with connection.cursor() as cursor:
        accounts = ledger.balances(cursor, [key for key, _, _ in wanted])
    bars = []
    for key, name, amount in wanted:
        if key in accounts:
            account = accounts[key]
            own = amount if standing else 0
            parts = (account.used - own, own, account.capacity - account.used)
            bars.append(Balance(name, *parts, *(yuan(part) for part in parts)))
    return tuple(bars)


def _tax_returned(line: Any) -> int:
    return line.returned_duty_cents + line.returned_consumption_tax_cents + line.returned_value_added_tax_cents  # cents
