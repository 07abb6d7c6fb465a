"""Reads of identity for pages. Each is about one organisation or one person; whether one may is decided before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509

from silkgate.identity.actions import digest_of
from silkgate.identity.domain import ROLES, SCOPES
from silkgate.identity.models import (
    AccessRecord,
    Certificate,
    Delegation,
    Invitation,
    Membership,
    Organisation,
    in_force,
)
from silkgate.kernel.text import Text
from silkgate.standards.xmldsig import Certificate as Signing

EXPIRES_SOON = timedelta(days=30)


def organisation(code: str) -> Organisation | None:
    """The organisation with this code; None where nobody has registered it."""
    return Organisation.objects.filter(code=code).first()


def organisation_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of registered organisations by code; those that nobody has registered are absent."""
    return dict(Organisation.objects.filter(code__in=list(codes)).values_list("code", "name"))


class Place(NamedTuple):
    """An organisation, with one's roles in it or what it has delegated to one's own."""

    code: str
    name: str
    words: tuple[Text, ...]


def places(roles: dict[str, frozenset[str]], words: dict[str, Text]) -> tuple[Place, ...]:
    """Organisations by name, of an actor's `roles` with ROLES, or of its `scopes` with SCOPES."""
    names = organisation_names(roles)
    found = [
        Place(code, names.get(code, code), tuple(word for key, word in words.items() if key in held))
        for code, held in roles.items()
    ]
    return tuple(sorted(found, key=lambda place: (place.name, place.code)))


class Member(NamedTuple):
    """A person's role in an organisation."""

    id: int
    user_id: int
    name: str
    role: Text
    since: datetime


def members(code: str, at: datetime) -> tuple[Member, ...]:
    """Everybody with a role at the time `at`, in order of joining."""
    rows = Membership.objects.filter(in_force(at), organisation__code=code).order_by("id")
    return tuple(
        Member(number, user_id, name, ROLES[role], since)
        for number, user_id, name, role, since in rows.values_list("id", "user_id", "user__username", "role", "since")
    )


class Invited(NamedTuple):
    """An invitation that can still be used."""

    id: int
    role: Text
    by: str
    expires_at: datetime


def invitations(code: str, at: datetime) -> tuple[Invited, ...]:
    """Invitations that nobody has used, newest first."""
    rows = Invitation.objects.filter(organisation__code=code, used_at=None, expires_at__gt=at).order_by("-id")
    return tuple(
        Invited(number, ROLES[role], by, expires_at)
        for number, role, by, expires_at in rows.values_list("id", "role", "invited_by", "expires_at")
    )


class Offer(NamedTuple):
    """What an invitation offers to whoever has its link."""

    code: str
    name: str
    role: Text
    by: str


def offer(secret: str, at: datetime) -> Offer | None:
    """What the invitation with this secret offers; None where it was used, withdrawn, has expired or never was."""
    row = (
        Invitation.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=at)
        .values_list("organisation__code", "organisation__name", "role", "invited_by")
        .first()
    )
    return Offer(row[0], row[1], ROLES[row[2]], row[3]) if row else None


class Given(NamedTuple):
    """A delegation as either side sees it; `mark` and `state` say how it stands."""

    id: int
    other_code: str
    other_name: str
    scopes: tuple[Text, ...]
    since: datetime
    until: datetime | None
    mark: str
    state: Text
    ended: bool

    @property
    def last_day(self) -> datetime | None:
        """A moment of the last day, which counts in full."""
        return self.until - timedelta(seconds=1) if self.until else None


_STATES = {
    "released": Text("有效", "In force"),
    "waiting": Text("未开始", "Not begun"),
    "refused": Text("已结束", "Ended"),
}


def _given(row: Delegation, other: Organisation, at: datetime) -> Given:
    ended = row.until is not None and row.until <= at
    mark = "refused" if ended else "waiting" if row.since > at else "released"
    scopes = tuple(words for scope, words in SCOPES.items() if scope in row.scopes)
    return Given(row.id, other.code, other.name, scopes, row.since, row.until, mark, _STATES[mark], ended)


def delegations(code: str, at: datetime) -> tuple[tuple[Given, ...], tuple[Given, ...]]:
    """What the organisation has delegated, and what was delegated to it; newest first, at most 200 each."""
    rows = Delegation.objects.select_related("principal", "agent").order_by("-id")
    given = rows.filter(principal__code=code)[:200]
    received = rows.filter(agent__code=code)[:200]
    return (
        tuple(_given(row, row.agent, at) for row in given),
        tuple(_given(row, row.principal, at) for row in received),
    )


class Filed(NamedTuple):
    """A certificate on file; `mark` and `state` say how it stands."""

    id: int
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str
    filed_by: str
    revoked_at: datetime | None
    mark: str
    state: Text


def certificates(code: str, at: datetime) -> tuple[Filed, ...]:
    """All that were ever filed for an enterprise, newest first."""
    return tuple(_filed(row, at) for row in Certificate.objects.filter(enterprise_code=code).order_by("-id"))


def _filed(row: Certificate, at: datetime) -> Filed:
    pem = row.pem.encode("ascii")
    mark, state = _standing_of(row, at)
    return Filed(
        row.id,
        Signing.from_pem(pem).subject,
        x509.load_pem_x509_certificate(pem).issuer.rfc4514_string(),
        row.not_before,
        row.not_after,
        row.fingerprint_sha256,
        row.filed_by,
        row.revoked_at,
        mark,
        state,
    )


def _standing_of(row: Certificate, at: datetime) -> tuple[str, Text]:
    if row.revoked_at:
        return "refused", Text("已撤销", "Revoked")
    if row.not_after <= at:
        return "refused", Text("已到期", "Expired")
    if row.not_before > at:
        return "waiting", Text("未生效", "Not valid yet")
    days = (row.not_after - at).days
    if row.not_after - at <= EXPIRES_SOON:
        return "held", Text(f"剩余{days}天，请换发", f"Days left: {days}; renew it")
    return "released", Text("有效", "Valid")


class Accesses(NamedTuple):
    """One page of the access log, newest first; `older` continues it (None: it ends)."""

    rows: tuple[AccessRecord, ...]
    older: int | None


def accesses(
    codes: Sequence[str] | None, *, allowed: bool | None = None, before: int | None = None, limit: int = 50
) -> Accesses:
    """Who read personal data (`allowed`) or was denied something of the organisations `codes` (None: of anybody's)."""
    rows = AccessRecord.objects.order_by("-id")
    if codes is not None:
        rows = rows.filter(organisation_code__in=codes)
    if allowed is not None:
        rows = rows.filter(allowed=allowed)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = tuple(rows[: limit + 1])
    return Accesses(found[:limit], found[limit - 1].id if len(found) > limit else None)
