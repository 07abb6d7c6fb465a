"""Programs that act for an organisation: made and ended by its representatives, recognised by token or certificate."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from django.db import connection, transaction

from silkgate.identity import actors
from silkgate.identity.domain import CLIENT, SCOPES, Actor
from silkgate.identity.models import Client, Organisation
from silkgate.journal import api as journal

SECRET_BYTES = 32
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Made(NamedTuple):
    """A new program and its secret, which is kept nowhere; empty for one that is known by its certificate."""

    client: Client
    secret: str


class TakenError(ValueError):
    """Another program that has not been ended is known by this certificate."""


def make(
    organisation: Organisation, name: str, scopes: Iterable[str], *, by: str, at: datetime, certificate: str = ""
) -> Made:
    """A program of `organisation` with `scopes`; `certificate`: the SHA-256 of its DER form, then it has no secret.

    Raises TakenError for a certificate in use, ValueError for unknown scopes or none.
    """
    given = sorted(set(scopes))
    if not given or not SCOPES.keys() >= set(given):
        raise ValueError(f"no such scopes: {given}")
    fingerprint = as_fingerprint(certificate)
    secret = "" if fingerprint else secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        if fingerprint:
            _alone(fingerprint)
        client = Client.objects.create(
            organisation=organisation,
            name=name,
            client_id=f"sg-{secrets.token_hex(12)}",
            scopes=given,
            certificate_sha256=fingerprint,
            made_by=by,
            made_at=at,
        )
        if secret:
            _application(client, secret)
        _told(client, "client.made", by, at)
    return Made(client, secret)


def end(client: Client, *, by: str, at: datetime) -> bool:
    """The program may do nothing any more, with none of its tokens; False where it was ended before."""
    from oauth2_provider.models import Application

    with transaction.atomic():
        ended = Client.objects.filter(id=client.id, ended_at=None).update(ended_at=at, ended_by=by)
        if ended:
            # Its tokens go with it.
            Application.objects.filter(client_id=client.client_id).delete()
            _told(client, "client.ended", by, at)
    return bool(ended)


def of(codes: Sequence[str]) -> tuple[Client, ...]:
    """Programs of the organisations `codes`, newest first, those that were ended last."""
    rows = Client.objects.filter(organisation__code__in=codes).select_related("organisation").order_by("-id")
    return tuple(sorted(rows[:500], key=lambda client: client.ended_at is not None))


def as_fingerprint(given: str) -> str:
    """The SHA-256 of a certificate in 64 small hexadecimal digits, however it was written; else nothing."""
    plain = given.strip().replace(":", "").lower()
    return plain if _FINGERPRINT.fullmatch(plain) else ""


def with_token(token: str, at: datetime) -> Actor | None:
    """The program that carries this token; None where the token is unknown or over, or the program was ended."""
    from oauth2_provider.models import AccessToken

    if not token:
        return None
    found = (
        AccessToken.objects.filter(token_checksum=sha256(token.encode()).hexdigest(), expires__gt=at)
        .values_list("application__client_id", "scope")
        .first()
    )
    if found is None:
        return None
    client = Client.objects.filter(client_id=found[0], ended_at=None).select_related("organisation").first()
    return _actor(client, frozenset(found[1].split()), at) if client else None


def with_certificate(fingerprint: str, at: datetime) -> Actor | None:
    """The program that is known by the certificate whose SHA-256 the proxy has passed on."""
    plain = as_fingerprint(fingerprint)
    if not plain:
        return None
    rows = list(Client.objects.filter(certificate_sha256=plain, ended_at=None).select_related("organisation")[:2])
    # Two of them could not be told apart: then it is neither.
    return _actor(rows[0], frozenset(rows[0].scopes), at) if len(rows) == 1 else None


def _actor(client: Client, asked: frozenset[str], at: datetime) -> Actor:
    """What the program may do for its own organisation, and for those that have delegated to it as much."""
    scopes = asked & frozenset(client.scopes)
    code = client.organisation.code
    held = {code: scopes}
    for principal, given in actors.delegated([code], at).items():
        held[principal] = scopes & given
    return Actor(client.client_id, CLIENT, scopes={one: may for one, may in held.items() if may})


def _alone(fingerprint: str) -> None:
    with connection.cursor() as cursor:
        # Two representatives may register the same certificate at the same time.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"client {fingerprint}"])
    if Client.objects.filter(certificate_sha256=fingerprint, ended_at=None).exists():
        raise TakenError(fingerprint)


def _application(client: Client, secret: str) -> None:
    """What the token endpoint knows: a confidential application of one grant, its secret hashed."""
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=client.client_id,
        client_secret=secret,
        name=client.name[:255],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        hash_client_secret=True,
    )


def _told(client: Client, kind: str, by: str, at: datetime) -> None:
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=by,
            kind=kind,
            subject=("organisation", client.organisation_id),
            detail={"client": client.client_id, "scopes": client.scopes},
        )
