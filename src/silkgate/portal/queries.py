"""What the frame of every page shows: organisation, services, who is signed in."""

from __future__ import annotations

import functools
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse

from silkgate.identity.api import ACTIONS, Action, Actor, actor_of
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.ui.context import FIRM, GROUPS, Account, Offer, Service, ServiceGroup, offers

_href = functools.cache(reverse)
"""Of addresses without arguments, which stay where they are."""

HOME, LIVE = Text("首页", "Home"), "live"
FOOTER = (
    ("status", Text("运行状态", "Service status")),
    ("ui-components", Text("界面组件", "Components")),
    ("api:openapi-view", Text("接口说明", "Interface")),
)
"""What stands at the foot of every page: names of addresses and their words."""

ZONES = {"zhengzhou": Text("郑州跨境电子商务综合试验区", "Zhengzhou cross-border e-commerce pilot zone")}
"""Zones by the name that their folder gives them; any other name is shown as it is."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor for `ui/base.html`. Costs no query where the page is shown without a zone or a session."""
    actor = actor_of(request)
    return {
        "services": services(actor, request.path),
        "footer": tuple(Service(words, _href(name)) for name, words in FOOTER),
        "account": Account(actor.name, _href("login"), _href("logout"), _href("account")),
        "search_href": _href("search"),
        "organisation": organisation,
    }


def services(actor: Actor, path: str) -> tuple[ServiceGroup, ...]:
    """The side list for `actor` on the page at `path`: what may be used, in groups, one entry as the current one.

    Whoever has signed in has a front page of their own; for strangers the live page stands there.
    """
    shown = [one for one in offers() if not one.action or _may(actor, ACTIONS[one.action], one.group)]
    here = path.rstrip("/") or ("" if actor.kind else _href(LIVE))
    current = _current(shown, here)
    groups = [
        ServiceGroup(
            name,
            tuple(
                Service(one.words, _href(one.address), one.address == current) for one in shown if one.group == group
            ),
        )
        for group, name in GROUPS.items()
    ]
    front = ServiceGroup(None, (Service(HOME, _href("home"), not here),) if actor.kind else ())
    return tuple(group for group in (front, *groups) if group.services)


def _current(shown: list[Offer], here: str) -> str:
    """Of the offers whose pages `here` belongs to, the one that says most about it; empty: none."""
    belonging = [
        (len(prefix), one.address)
        for one in shown
        for prefix in (_href(one.address).rstrip("/"), *one.also)
        if here == prefix or here.startswith(f"{prefix}/")
    ]
    return max(belonging, default=(0, ""))[1]


def _may(actor: Actor, what: Action, group: str) -> bool:
    """For an organisation's matters one has to belong to one, or act for it, whatever one may do by office."""
    return bool(what.where(actor)) or (group != FIRM and what.allows(actor))


def organisation() -> Text | None:
    """The zone that this installation serves; None before one was loaded."""
    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
    return ZONES.get(zone.name, Text(zone.name, zone.name)) if zone else None
