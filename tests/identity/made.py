"""Organisations, people and certificates for tests of access."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.contrib.auth.models import User
from django.test import Client

from silkgate.identity import models
from silkgate.standards import uscc

OWN, PRINCIPAL, FOREIGN = (
    first + uscc.check_character(first) for first in ("91410100MA3XE0101", "91410100MA3XE0102", "91410100MA3XE0103")
)
"""One's own organisation, one that has delegated to it, one that has nothing to do with either."""
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "silk-road-2026"


def who(client: Client) -> str:
    """The name of whoever has signed in; empty: nobody."""
    number = client.session.get("_auth_user_id")
    return User.objects.get(id=number).username if number else ""


def signed_in(name: str, **headers: Any) -> Client:
    """A browser of a person who has signed in; makes the account where there is none."""
    user, _ = User.objects.get_or_create(username=name)
    client = Client(**headers)
    client.force_login(user)
    return client


def organisation(code: str) -> models.Organisation:
    """The organisation with this code; registered long ago."""
    return models.Organisation.objects.get_or_create(
        code=code, defaults={"name": f"单位{code[-3:]}", "registered_at": LONG_AGO}
    )[0]


def member(name: str, code: str, role: str, **headers: Any) -> Client:
    """A browser of a member of an organisation, in this role."""
    client = signed_in(name, **headers)
    user = User.objects.get(username=name)
    models.Membership.objects.get_or_create(user=user, organisation=organisation(code), role=role, since=LONG_AGO)
    return client


def officer(name: str, duties: Iterable[str], agency: str = "customs", **headers: Any) -> Client:
    """A browser of an officer with these duties."""
    client = signed_in(name, **headers)
    user = User.objects.get(username=name)
    models.Officer.objects.update_or_create(user=user, defaults={"agency": agency, "duties": sorted(duties)})
    return client


def delegated(principal: str, agent: str, scopes: Iterable[str]) -> None:
    """`principal` lets `agent` do what `scopes` say, since long ago."""
    models.Delegation.objects.create(
        principal=organisation(principal),
        agent=organisation(agent),
        scopes=sorted(scopes),
        since=LONG_AGO,
        given_by="",
    )


@functools.cache
def certificate_pem(name: str, days: int = 365, *, curve: bool = False) -> bytes:
    """A certificate of a new key, valid until `days` from now."""
    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)
