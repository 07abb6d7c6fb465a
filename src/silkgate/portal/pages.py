"""Public pages: what is happening now, messages and receipts, rules, search."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET

from silkgate.clearance import api as clearance
from silkgate.exchange import api as exchange
from silkgate.identity.api import PUBLIC, action, actor_of, concerned, opens, purpose_of, require
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.portal import front, guide, help, logbook, mine, service
from silkgate.portal.law import laws
from silkgate.portal.words import OUTCOMES, kind_name, message_rows
from silkgate.tariff.api import Card, cards, parameters
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.problems import KINDS
from silkgate.ui.shapes import Chip, Pager

LIVE_LINES = 20
PAGE_LINES = 50

MESSAGE = action(
    "portal.message",
    "读取报文原文",
    "Read a message as it was received",
    duties=["declarations"],
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
    personal=True,
)


# --- Live -----------------------------------------------------------------------------------------------------------


def _live(request: HttpRequest) -> dict[str, Any]:
    group, reason = asked(request, "state", clearance.GROUP_NAMES), asked(request, "reason", cards())
    direction = asked(request, "direction", clearance.DIRECTIONS)
    moment = at_of(request)
    now = clearance.today(china_day(moment))
    # In the order of the rules, not of their counts: a list that is looked at must not reorder itself.
    lately = dict(clearance.reasons_lately())
    return {
        "now": now,
        "moment": moment,
        "counted": clearance.COUNTED,
        "idle": now.engine_at is None or (moment - now.engine_at).total_seconds() > 30,
        "lines": clearance.latest(group=group, reason=reason, direction=direction, limit=LIVE_LINES),
        "chips": tuple(
            Chip(words, address("live", state=key, direction=direction), chosen=key == group, mark=key)
            for key, words in clearance.GROUP_NAMES.items()
        ),
        "direction_chips": clearance.direction_chips("live", direction, state=group, reason=reason),
        "reason_chips": tuple(
            _reason_chip(slug, lately[slug], slug == reason, direction) for slug in cards() if slug in lately
        ),
        "here": address("live", state=group, reason=reason, direction=direction),
        "older": address("declarations", state=group, reason=reason, direction=direction),
        "filtered": bool(group or reason or direction),
    }


def _reason_chip(slug: str, given: int, chosen: bool, direction: str) -> Chip:
    href = address("live", state="refused", reason="" if chosen else slug, direction=direction)
    return Chip(cards()[slug].title, href, chosen, given)


@opens(PUBLIC)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """GET /: for strangers the live page, for whoever has signed in what is theirs."""
    if actor_of(request).kind:
        return front.page(request)
    return render(request, "portal/live_page.html", _live(request))


@opens(PUBLIC)
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """GET /live: numbers of today and the newest decisions with reason and law; to HTMX the part that changes."""
    template = "portal/live.html" if request.headers.get("HX-Request") else "portal/live_page.html"
    return render(request, template, _live(request))


# --- Messages and receipts ------------------------------------------------------------------------------------------


@opens(PUBLIC)
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """GET /messages: received messages, newest first, filtered by outcome."""
    outcome = asked(request, "outcome", OUTCOMES)
    before = asked_number(request, "before")
    lines, older = exchange.newest_messages(outcome=outcome, before=before, limit=PAGE_LINES)
    context = {
        "lines": message_rows(lines),
        "chips": tuple(
            Chip(name, address("messages", outcome=key), key == outcome, mark=mark)
            for key, (name, mark) in OUTCOMES.items()
        ),
        "pager": Pager(
            address("messages", outcome=outcome) if before else "",
            address("messages", outcome=outcome, before=older) if older else "",
        ),
    }
    return render(request, "portal/messages.html", context)


class Stage(NamedTuple):
    """One stage of intake as the page shows it; `passed` is None where it was not reached."""

    name: Text
    passed: bool | None
    detail: Text | None = None


_STAGE_OF = {
    "format.size": 1, "format.xml": 1, "format.unknown": 1, "format.schema": 1,
    "message.guid_reused": 2,
    "sign.missing": 3, "sign.invalid": 3, "sign.certificate": 3,
    "party.unknown": 4, "party.sender": 4,
}  # fmt: skip
_STAGES = (
    Text("留存原文", "Kept as received"),
    Text("格式与规范", "Format and schema"),
    Text("是否重复", "Seen before"),
    Text("签名", "Signature"),
    Text("发送方", "Sender"),
    Text("逐单入库", "Documents taken"),
)


def _stages(stored: exchange.StoredMessage) -> tuple[Stage, ...]:
    """How far the message came: everything before the failing stage passed, nothing after it was tried."""
    line = stored.line
    if line.outcome == "received":
        return (Stage(_STAGES[0], True), *(Stage(name, None) for name in _STAGES[1:]))
    failed = len(_STAGES) - 1 if line.outcome == "rejected" else len(_STAGES)
    failed = min((_STAGE_OF.get(finding.code, failed) for finding in stored.findings), default=failed)
    if line.outcome == "duplicate":
        failed = len(_STAGES)
    return tuple(
        Stage(name, True if place < failed else False if place == failed else None)
        for place, name in enumerate(_STAGES)
    )


def _said(body: bytes, in_full: bool) -> list[Any]:
    said = clearance.said_in(body)
    return [one if in_full else one._replace(info=clearance.without_persons(one.info)) for one in said]


@opens(PUBLIC)
@require_GET
def message(request: HttpRequest, number: int) -> HttpResponse:
    """GET /messages/<number>: its stages, what was found, what it carries, the receipts that answer it."""
    stored = exchange.stored_message(number)
    if stored is None:
        raise Http404
    in_full = concerned(request, MESSAGE, [stored.line.sender]) is not None
    if in_full:
        _record_reading(request, stored)
    with exchange.connect() as outbox:
        receipts = exchange.receipts_of(outbox, number)
        sealed = exchange.newest_sealed_receipt(outbox)
    context = {
        "stored": stored,
        "line": stored.line,
        "kind": kind_name(stored.line.kind),
        "stages": _stages(stored),
        "reasons": [
            clearance.reason(finding, in_full=in_full) for finding in stored.findings if finding.code in cards()
        ],
        "carried": clearance.carried(number) if stored.line.kind[3:6] in exchange.KINDS else (),
        "sealed": sealed,
        "receipts": [(receipt, kind_name(receipt.kind), _said(receipt.body, in_full)) for receipt in receipts],
        "in_full": in_full,
    }
    return render(request, "portal/message.html", context)


def _record_reading(request: HttpRequest, stored: exchange.StoredMessage) -> None:
    """Raises Denied."""
    purpose = purpose_of(actor_of(request))
    require(request, MESSAGE, stored.line.sender, subject=f"message/{stored.line.id}", purpose=purpose)


@opens(MESSAGE, anywhere=True)
@require_GET
def message_file(request: HttpRequest, number: int) -> HttpResponse:
    """GET /messages/<number>.xml: the bytes as received. They name people: for officers and those of the sender."""
    stored = exchange.stored_message(number)
    if stored is None:
        raise Http404
    _record_reading(request, stored)
    with exchange.connect() as inbox:
        raw = exchange.received_bytes(inbox, number)
    if raw is None:
        raise Http404
    return _file(raw, f"message-{number}.xml")


@opens(PUBLIC)
@require_GET
def receipt_file(request: HttpRequest, number: int) -> HttpResponse:
    """GET /receipts/<number>.xml: a receipt exactly as it was sent; where it names a person, not for all."""
    with exchange.connect() as outbox:
        found = exchange.all_receipts(outbox, number - 1, limit=1)
    if not found or found[0].id != number:
        raise Http404
    return logbook.closed(request, found[0]) or _file(found[0].body, f"{found[0].kind}-{number}.xml")


def _file(body: bytes, name: str) -> HttpResponse:
    # As an attachment and never sniffed: bytes from outside are not to become a page of ours.
    return HttpResponse(
        body, content_type="application/xml", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# --- Rules ----------------------------------------------------------------------------------------------------------


@opens(PUBLIC)
@require_GET
def rules(request: HttpRequest) -> HttpResponse:
    """GET /rules: every rule in the order of checking, and every figure of law with its dates."""
    groups: dict[str, tuple[Text, list[Card]]] = {}
    for card in cards().values():
        groups.setdefault(card.group, (card.group_title, []))[1].append(card)
    context = {"groups": list(groups.values()), "parameters": list(parameters().values())}
    return render(request, "portal/rules.html", context)


@opens(PUBLIC)
@require_GET
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    """GET /rules/<slug>: what a rule says in both languages, where it is written, how it is read, an example.

    Errors of the interface had their page here once.
    """
    card = cards().get(slug)
    if card is None:
        if slug not in KINDS:
            raise Http404
        return redirect("problem", code=slug, permanent=True)
    today = china_day(at_of(request))
    context = {
        "card": card,
        "laws": laws(card.law),
        "in_force": card.in_force(today),
        "example": (clearance.reason(card.example, in_full=True),),
        "receipts": sorted(card.receipts.items()),
    }
    return render(request, "portal/rule.html", context)


# --- Search -----------------------------------------------------------------------------------------------------------


@opens(PUBLIC)
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """GET /search?q=: a declaration by its own, its order's or its waybill's number; a message by its guid."""
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:60]
    lines = clearance.matching(wanted) if wanted else ()
    found = exchange.with_guid(wanted.upper()) or exchange.with_guid(wanted) if len(wanted) == 36 else ()
    if len(lines) == 1 and not found:
        return redirect("declaration", number=lines[0].id)
    if len(found) == 1 and not lines:
        return redirect("message", number=found[0])
    context = {"search_text": wanted, "lines": lines, "message_numbers": found}
    return render(request, "portal/search.html", context)


urlpatterns = [
    *help.urlpatterns,
    path("", home, name="home"),
    path("live", live, name="live"),
    path("services", guide.services, name="services"),
    path("services/<slug:slug>", guide.service, name="service"),
    path("mine/declarations", mine.declarations, name="my-declarations"),
    path("mine/messages", mine.messages, name="my-messages"),
    path("mine/balances", mine.balances, name="my-balances"),
    path("messages", messages, name="messages"),
    path("messages/<int:number>", message, name="message"),
    path("messages/<int:number>.xml", message_file, name="message-file"),
    path("receipts/<int:number>.xml", receipt_file, name="receipt-file"),
    path("receipts/<int:number>.tlog-proof", logbook.receipt_proof, name="receipt-proof"),
    path("log", logbook.log, name="log"),
    path("rules", rules, name="rules"),
    path("rules/<str:slug>", rule, name="rule"),
    path("search", search, name="search"),
    path("status", service.status, name="status"),
    path("operations", service.operations, name="operations"),
]
