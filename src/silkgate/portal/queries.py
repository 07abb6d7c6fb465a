"""What the frame of every page shows: organisation, services, who is signed in."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.urls import reverse

from silkgate.identity.api import ACTIONS, Action, Actor, actor_of
from silkgate.kernel.text import Text
from silkgate.registry import api as registry
from silkgate.ui.context import Account, Service

SERVICES = (
    ("home", "", Text("实时通关", "Live clearance")),
    ("declarations", "/declarations", Text("清单", "Declarations")),
    ("messages", "/messages", Text("报文", "Messages")),
    ("rules", "/rules", Text("规则", "Rules")),
    ("log", "/log", Text("验证回执", "Verify a receipt")),
    ("officer", "/officer", Text("关员工作台", "Officer’s desk")),
    ("status", "/status", Text("运行状态", "Service status")),
)
"""Address names of the services, the paths that belong to each, their words."""
FOR_SOME = (
    ("work", "/work", Text("待办", "Work list")),
    ("cases", "/cases", Text("我的事项", "Our cases")),
    ("operations", "/operations", Text("运行监测", "Operations")),
)
"""The same, for those alone who may do what stands in NEEDED."""
NEEDED = {
    "officer": "clearance.decide",
    "work": "casework.work",
    "cases": "casework.own",
    "operations": "portal.operations",
}
"""What one has to be allowed for a service to be shown; strangers see those of SERVICES, on the way to signing in."""


ZONES = {"zhengzhou": Text("郑州跨境电子商务综合试验区", "Zhengzhou cross-border e-commerce pilot zone")}
"""Zones by the name that their folder gives them; any other name is shown as it is."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor for `ui/base.html`. Costs no query where the page is shown without a zone or a session."""
    here = request.path.rstrip("/")
    actor = actor_of(request)
    services = [
        Service(words, reverse(address), here == prefix or bool(prefix and here.startswith(prefix + "/")))
        for address, prefix, words in (SERVICES + FOR_SOME if actor.kind else SERVICES)
        if not actor.kind or address not in NEEDED or _may(actor, ACTIONS[NEEDED[address]])
    ]
    return {
        "services": services,
        "account": Account(actor.name, reverse("login"), reverse("logout"), reverse("account")),
        "search_href": reverse("search"),
        "organisation": organisation,
    }


def _may(actor: Actor, what: Action) -> bool:
    return what.allows(actor) or bool(what.where(actor))


def organisation() -> Text | None:
    """The zone that this installation serves; None before one was loaded."""
    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
    return ZONES.get(zone.name, Text(zone.name, zone.name)) if zone else None
