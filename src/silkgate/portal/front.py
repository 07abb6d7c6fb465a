"""The front page of whoever has signed in: what waits for them, how they stand, what happened last."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from silkgate.casework import api as casework
from silkgate.clearance import api as clearance
from silkgate.exchange import api as exchange
from silkgate.identity import api as identity
from silkgate.identity.api import ACTIONS, Actor, actor_of
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.portal import mine, watching
from silkgate.portal.words import message_rows
from silkgate.registry import api as registry
from silkgate.ui.shapes import Balance

LINES = 5

STANDING_MARKS = {registry.ACTIVE: "released", registry.SUSPENDED: "held", registry.CANCELLED: "returned"}


def page(request: HttpRequest) -> HttpResponse:
    """GET / of somebody who has signed in. What it shows of an organisation, its actor may see on a page of its own."""
    actor, at = actor_of(request), request.moment  # type: ignore[attr-defined]
    context: dict[str, Any] = {"actor": actor, "moment": at}
    if actor.duties:
        context["office"] = _office(actor, at)
    if actor.organisations:
        context["firm"] = _firm(request, actor, at)
    return render(request, "portal/front.html", context)


def _may(actor: Actor, name: str, code: str = "") -> bool:
    return ACTIONS[name].allows(actor, code)


# --- An organisation --------------------------------------------------------------------------------------------------


class Standing(NamedTuple):
    """How an enterprise is on file."""

    mark: str
    words: Text
    roles: Text | None


def _firm(request: HttpRequest, actor: Actor, at: datetime) -> dict[str, Any]:
    """One organisation: the one that the address names, or the first; of another one nothing is told."""
    own = actor.organisations
    asked = request.GET.get("organisation", "")
    code = asked if asked in own else own[0]
    places = mine.named(own)
    sees = mine.DECLARATIONS.allows(actor, code)
    return {
        "code": code,
        "name": next(one.name for one in places if one.code == code),
        "places": places,
        "standing": _standing(code) if _may(actor, "registry.record", code) else None,
        "may_file": _may(actor, "registry.file", code),
        "waiting": [
            (line, casework.mark(line.case), casework.workflow(line.case.workflow).words)
            for line in casework.awaiting(actor, limit=LINES, at=at)
        ],
        "certificates": _certificates(actor, code, at),
        "sees": sees,
        "declarations": clearance.of_parties([code], limit=LINES) if sees else None,
        "messages": message_rows(exchange.messages_of([code], limit=LINES)[0]) if sees else (),
        "balances": _balances(code, at) if mine.BALANCES.allows(actor, code) else None,
    }


def _standing(code: str) -> Standing:
    found = registry.current(code)
    if found is None:
        return Standing("waiting", Text("尚未备案", "Not on file"), None)
    return Standing(
        STANDING_MARKS[found.standing], registry.STANDINGS[found.standing], registry.role_words(found.roles)
    )


class Certificates(NamedTuple):
    """How an organisation stands with its certificates; `mark` as states have it."""

    mark: str
    words: Text


def _certificates(actor: Actor, code: str, at: datetime) -> Certificates | None:
    """The best of what is filed; None where the actor is not to know."""
    if not _may(actor, "identity.organisation", code):
        return None
    filed = identity.certificate_standings(code, at)
    if not filed:
        return Certificates("waiting", Text("未备案证书", "No certificate filed"))
    order = ("released", "held", "waiting", "refused")
    best = min(filed, key=lambda one: order.index(one.mark))
    until = f"{best.not_after:%Y-%m-%d}"
    told = Text(f"{best.state.zh}，至{until}", f"{best.state.en}, until {until}")
    return Certificates(best.mark, told if best.mark in {"released", "waiting"} else best.state)


def _balances(code: str, at: datetime) -> list[Balance]:
    """The few that matter most: guarantee, the first books, permits that are valid today."""
    guarantee = mine.guarantee_of(code)
    stock, _ = mine.stock_of(code, after=0, limit=2)
    permits = [bar for _, bar in mine.permits_of(code, china_day(at))[:2]]
    return [*([guarantee] if guarantee else []), *stock, *permits]


# --- An office --------------------------------------------------------------------------------------------------------


def _office(actor: Actor, at: datetime) -> dict[str, Any]:
    """What waits for an officer's duties, and what an operator has to know; each only where it is theirs."""
    office: dict[str, Any] = {
        "agency": identity.AGENCIES.get(actor.agency),
        "load": casework.workload(actor, at),
        "most": casework.MOST_COUNTED,
    }
    if _may(actor, "clearance.decide"):
        oldest = clearance.held(limit=1).lines
        now = clearance.today(china_day(at))
        office |= {
            "decides": True,
            "held": now.held_now,
            "counted": clearance.COUNTED,
            "oldest": next(iter(oldest), None),
        }
    if _may(actor, "portal.operations"):
        waiting = watching.waiting()
        office |= {
            "operates": True,
            "parts": watching.status(at).parts,
            "backlog": waiting,
            "behind": waiting.is_late(at),
            "late_minutes": watching.LATE // timedelta(minutes=1),
        }
    return office
