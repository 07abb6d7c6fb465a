"""From a request to the actor: the person who has signed in, or the machine client whose token it carries."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from silkgate.identity.domain import ANONYMOUS, PERSON, Actor
from silkgate.ui.moment import at_of


def of_request(request: HttpRequest) -> Actor:
    """Who acts; `ANONYMOUS` where nobody has signed in. A program is never taken for the person of a session.

    A token that is unknown or over makes the request nobody's. Costs no query where there is nothing to look up.
    """
    at = at_of(request)
    header = settings.CLIENT_CERTIFICATE_HEADER
    certificate = request.headers.get(header, "") if header else ""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if certificate or kind.lower() == "bearer":
        from silkgate.identity import clients

        known = clients.with_certificate(certificate, at) or clients.with_token(token.strip(), at)
        if known or kind.lower() == "bearer":
            return known or ANONYMOUS
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ANONYMOUS
    actor = person(user.pk, user.get_username(), at)
    if actor.duties and settings.OFFICERS_NEED_MFA:
        from silkgate.identity.signing_in import factors

        if not factors.given(request):
            return actor._replace(agency="", duties=frozenset())
    return actor


def person(user_id: int, name: str, at: datetime) -> Actor:
    """A person with all that is theirs at the time `at`."""
    from silkgate.identity.models import Membership, Officer, in_force

    officer = Officer.objects.filter(user_id=user_id).first()
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for code, role in Membership.objects.filter(in_force(at), user_id=user_id).values_list(
        "organisation__code", "role"
    ):
        roles[code].add(role)
    return Actor(
        name,
        PERSON,
        user_id,
        agency=officer.agency if officer else "",
        duties=frozenset(officer.duties if officer else ()),
        roles={code: frozenset(held) for code, held in roles.items()},
        scopes=delegated(list(roles), at),
    )


def delegated(agents: list[str], at: datetime) -> dict[str, frozenset[str]]:
    """What others have delegated to any of the organisations `agents`, by code of the one that delegates."""
    from silkgate.identity.models import Delegation, in_force

    scopes: defaultdict[str, set[str]] = defaultdict(set)
    if agents:
        rows = Delegation.objects.filter(in_force(at), agent__code__in=agents)
        for code, given in rows.values_list("principal__code", "scopes"):
            scopes[code].update(given)
    return {code: frozenset(given) for code, given in scopes.items()}
