"""From a request to the actor: the person who has signed in, or the machine client whose token it carries."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest

from silkgate.identity.domain import ANONYMOUS, PERSON, Actor


def of_request(request: HttpRequest) -> Actor:
    """Who acts; `ANONYMOUS` where nobody has signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ANONYMOUS
    return person(user.pk, user.get_username(), request.moment)  # type: ignore[attr-defined]


def person(user_id: int, name: str, at: datetime) -> Actor:
    """A person with all that is theirs at the time `at`."""
    from silkgate.identity.models import Membership, Officer

    officer = Officer.objects.filter(user_id=user_id).first()
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for code, role in Membership.objects.filter(
        Q(until=None) | Q(until__gt=at), user_id=user_id, since__lte=at
    ).values_list("organisation__code", "role"):
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
    from silkgate.identity.models import Delegation

    scopes: defaultdict[str, set[str]] = defaultdict(set)
    if agents:
        for code, given in Delegation.objects.filter(
            Q(until=None) | Q(until__gt=at), agent__code__in=agents, since__lte=at
        ).values_list("principal__code", "scopes"):
            scopes[code].update(given)
    return {code: frozenset(given) for code, given in scopes.items()}
