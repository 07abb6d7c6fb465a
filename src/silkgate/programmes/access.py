"""What there is to do in the market, and who may. Pages and REST carry these actions."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from silkgate.identity.api import CLIENT, ROLES, Action, Actor, action, actor_of, record
from silkgate.programmes import queries
from silkgate.programmes.domain import BUYER, OPERATOR, PROVIDER

MARKET = action("programmes.market", "查看服务市场", "See the market of services", anyone=True)
SEE = action(
    "programmes.trades",
    "查看本单位的询价和订单",
    "See one’s own enquiries and orders",
    duties=["operations"],
    roles=ROLES,
    scopes=["filings", "read"],
)
TRADE = action(
    "programmes.trade",
    "提供服务、询价、报价和下单",
    "Offer services, enquire, quote and order",
    roles=["filer", "declarant"],
    scopes=["filings"],
)
DECIDE = action("programmes.decide", "裁定服务订单争议", "Decide disputes about orders", duties=["operations"])


def own(actor: Actor, what: Action) -> tuple[str, ...]:
    """Organisations that the actor belongs to and may do `what` for. An agent binds nobody to pay.

    A program's first organisation is its own.
    """
    codes = actor.organisations[:1] if actor.kind == CLIENT else tuple(actor.roles)
    return tuple(code for code in codes if what.allows(actor._replace(duties=frozenset()), code))


def sides(actor: Actor, what: Action, buyer_code: str, provider_code: str, disputed: bool) -> frozenset[str]:
    """On which sides of an enquiry or order the actor may do `what`; the operator comes in with a dispute."""
    held = set(own(actor, what))
    found = {side for side, code in ((BUYER, buyer_code), (PROVIDER, provider_code)) if code in held}
    if disputed and DECIDE.allows(actor):
        found.add(OPERATOR)
    return frozenset(found)


def sides_of(actor: Actor, what: Action, row: Any) -> frozenset[str]:
    """The same for a row. Whether there was a dispute is looked up for those alone who decide one."""
    disputed = DECIDE.allows(actor) and queries.was_disputed(row)
    return sides(actor, what, row.buyer_code, row.provider_code, disputed)


def asked_sides(request: HttpRequest, what: Action, row: Any) -> frozenset[str]:
    """The same for who asks. Where there is none it is to be answered as if it were not there; that it was asked for is
    kept.
    """
    held = sides_of(actor_of(request), what, row)
    if not held:
        record(request, what, row.buyer_code, subject=f"{row._meta.model_name}/{row.pk}", allowed=False)
    return held
