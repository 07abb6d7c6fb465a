"""What is one's own: declarations, messages and balances of the organisations for which one may act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from silkgate.bonded import api as bonded
from silkgate.clearance import api as clearance
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.identity.api import Action, action, actor_of, opens, require
from silkgate.kernel.clock import CHINA, china_day
from silkgate.kernel.text import Text
from silkgate.ledger import api as ledger
from silkgate.portal.words import OUTCOMES, message_rows
from silkgate.registry import api as registry
from silkgate.tariff.api import codes
from silkgate.ui.formats import quantity, yuan
from silkgate.ui.links import address, asked, asked_number
from silkgate.ui.shapes import Balance, Chip, Pager

PAGE_LINES = 50
_BOOKS = 20

DECLARATIONS = action(
    "portal.declarations",
    "查看本单位的清单和报文",
    "See an organisation’s own declarations and messages",
    roles=["declarant", "reader"],
    scopes=["declarations", "read"],
)
BALANCES = action(
    "portal.balances",
    "查看本单位的余额",
    "See an organisation’s balances",
    roles=["filer", "declarant", "reader"],
    scopes=["filings", "declarations", "read"],
)


def _language() -> str:
    return get_language() or "zh-hans"


class Filter(NamedTuple):
    """What a list of one's own was asked for."""

    code: str
    """Of one organisation; empty: of all."""
    day: date | None
    before: int | None

    @property
    def since(self) -> datetime | None:
        """Where the day begins; None without a day."""
        return datetime.combine(self.day, time(), CHINA) if self.day else None

    @property
    def until(self) -> datetime | None:
        """Where it ends."""
        return self.since + timedelta(days=1) if self.since else None

    @property
    def fields(self) -> dict[str, object]:
        """What stands in the addresses of the list beside its own filter."""
        return {"organisation": self.code, "day": self.day}


class Place(NamedTuple):
    """An organisation that one may choose."""

    code: str
    name: str


def places(request: HttpRequest, what: Action) -> tuple[Place, ...]:
    """The organisations for which the actor may do `what`, one's own first."""
    return named(what.where(actor_of(request)))


def named(organisations: Sequence[str]) -> tuple[Place, ...]:
    """Organisations with their names, in the order given."""
    names = identity.organisation_names(organisations)
    return tuple(Place(code, names.get(code, code)) for code in organisations)


def chosen(request: HttpRequest, what: Action) -> str:
    """The organisation that the address names; empty: none. Raises Denied for one that is not the actor's."""
    code = request.GET.get("organisation", "").replace("\0", "")[:40]
    if code:
        require(request, what, code)
    return code


def asked_day(request: HttpRequest) -> date | None:
    """The day that the address names; None where it names none, or none that can be."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None
    return day if date(2016, 4, 8) <= day <= date(9000, 1, 1) else None


def _asked(request: HttpRequest, what: Action) -> Filter:
    return Filter(chosen(request, what), asked_day(request), asked_number(request, "before"))


@opens(DECLARATIONS, anywhere=True)
@require_GET
def declarations(request: HttpRequest) -> HttpResponse:
    """GET /mine/declarations: those that name one's organisations, newest first, by state, direction, day and firm."""
    wanted, own = _asked(request, DECLARATIONS), places(request, DECLARATIONS)
    group = asked(request, "state", clearance.GROUP_NAMES)
    direction = asked(request, "direction", clearance.DIRECTIONS)
    page = clearance.of_parties(
        [wanted.code] if wanted.code else [one.code for one in own],
        group=group,
        direction=direction,
        before=wanted.before,
        limit=PAGE_LINES,
        since=wanted.since,
        until=wanted.until,
    )
    context = {
        "page": page,
        "filter": wanted,
        "places": own,
        "kept": {"state": group, "direction": direction},
        "chips": tuple(
            Chip(
                words,
                address("my-declarations", state=key, direction=direction, **wanted.fields),
                key == group,
                mark=key,
            )
            for key, words in clearance.GROUP_NAMES.items()
        ),
        "direction_chips": clearance.direction_chips("my-declarations", direction, state=group, **wanted.fields),
        "pager": _pager("my-declarations", wanted, page.older, state=group, direction=direction),
    }
    return render(request, "portal/mine/declarations.html", context)


@opens(DECLARATIONS, anywhere=True)
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """GET /mine/messages: those that one's organisations sent, newest first, by outcome, day and organisation."""
    wanted, own = _asked(request, DECLARATIONS), places(request, DECLARATIONS)
    outcome = asked(request, "outcome", OUTCOMES)
    senders = [wanted.code] if wanted.code else [one.code for one in own]
    lines, _, older = exchange.messages_of(
        senders, outcome=outcome, before=wanted.before, limit=PAGE_LINES, since=wanted.since, until=wanted.until
    )
    context = {
        "lines": message_rows(lines),
        "older": older,
        "filter": wanted,
        "places": own,
        "kept": {"outcome": outcome},
        "chips": tuple(
            Chip(name, address("my-messages", outcome=key, **wanted.fields), key == outcome, mark=mark)
            for key, (name, mark) in OUTCOMES.items()
        ),
        "pager": _pager("my-messages", wanted, older, outcome=outcome),
    }
    return render(request, "portal/mine/messages.html", context)


def _pager(name: str, wanted: Filter, older: int | None, **kept: str) -> Pager:
    return Pager(
        address(name, **kept, **wanted.fields) if wanted.before else "",
        address(name, **kept, **wanted.fields, before=older) if older else "",
    )


# --- Balances ---------------------------------------------------------------------------------------------------------


@opens(BALANCES, anywhere=True)
@require_GET
def balances(request: HttpRequest) -> HttpResponse:
    """GET /mine/balances: guarantee, bonded stock and permits of one organisation, with what is left of each."""
    own = places(request, BALANCES)
    code = chosen(request, BALANCES) or own[0].code
    after = asked_number(request, "after") or 0
    stock, more = stock_of(code, after=after, limit=_BOOKS)
    context = {
        "code": code,
        "name": next((one.name for one in own if one.code == code), code),
        "places": own,
        "guarantee": guarantee_of(code),
        "stock": stock,
        "permits": permits_of(code, china_day(request.moment)),  # type: ignore[attr-defined]
        "pager": Pager(
            address("my-balances", organisation=code) if after else "",
            address("my-balances", organisation=code, after=more) if more else "",
        ),
    }
    return render(request, "portal/mine/balances.html", context)


def guarantee_of(code: str) -> Balance | None:
    """The tax guarantee of an enterprise; None where none is filed with the zone."""
    with connection.cursor() as cursor:
        held = ledger.balances(cursor, [("guarantee", code)]).get(("guarantee", code))
    if held is None:
        return None
    parts = (held.used, 0, held.capacity - held.used)
    return Balance(Text("税款担保", "Tax guarantee"), *parts, *(yuan(part) for part in parts))


def stock_of(code: str, *, after: int, limit: int) -> tuple[tuple[Balance, ...], int | None]:
    """Bonded stock in the books that the enterprise keeps, and after which record the next page begins."""
    with connection.cursor() as cursor:
        records = bonded.records_of(cursor, code, after=after, limit=limit + 1)
        keys = [("stock", record.account_key) for _, record in records[:limit]]
        held = ledger.balances(cursor, keys)
    bars = []
    for _, record in records[:limit]:
        found = held.get(("stock", record.account_key))
        if found is not None:
            unit = codes("units").get(record.unit, Text(record.unit, record.unit))
            parts = (found.used, 0, found.capacity - found.used)
            name = Text(
                f"账册{record.ems_no} 项号{record.item_record_no}",
                f"Book {record.ems_no}, item {record.item_record_no}",
            )
            bars.append(Balance(name, *parts, *(quantity(part, unit, _language()) for part in parts)))
    return tuple(bars), records[limit - 1][0] if len(records) > limit else None


def permits_of(code: str, day: date) -> tuple[tuple[registry.Permit, Balance], ...]:
    """The newest permits of a holder that are valid on `day`."""
    page = registry.permits(day=day, holder=code, limit=20)
    return tuple((one, _permit(one)) for one in page.lines if one.valid_from <= day <= one.valid_to)


def _permit(one: registry.Permit) -> Balance:
    unit = codes("units").get(one.unit, Text(one.unit, one.unit))
    parts = (one.used_e5, 0, one.free_e5)
    return Balance(
        Text(f"许可{one.number}", f"Permit {one.number}"),
        *parts,
        *(quantity(part, unit, _language()) for part in parts),
    )
