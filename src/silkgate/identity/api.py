"""The door of identity: who acts and what they may do; certificates that organisations have filed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from silkgate.identity.access import (
    ACTIONS,
    PUBLIC,
    Denied,
    action,
    actor_of,
    concerned,
    may,
    opens,
    record,
    require,
    sign_in,
)
from silkgate.identity.domain import (
    AGENCIES,
    ANONYMOUS,
    CLIENT,
    DUTIES,
    ON_FILE,
    PERSON,
    ROLES,
    SCOPES,
    TOPIC,
    Action,
    Actor,
    purpose_of,
)
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.standards.xmldsig import Certificate


def file_certificate(cursor: Any, enterprise_code: str, pem: bytes) -> Certificate:
    """File a certificate for an enterprise; filing it again changes nothing. Raises ValueError for no certificate."""
    certificate = Certificate.from_pem(pem)
    cursor.execute(
        "insert into identity_certificate (enterprise_code, fingerprint_sha256, pem, not_before, not_after)"
        " values (%s, %s, %s, %s, %s) on conflict do nothing",
        (enterprise_code, certificate.fingerprint, pem.decode("ascii"), certificate.not_before, certificate.not_after),
    )
    journal.bump(cursor, TOPIC)
    return certificate


def certificates(cursor: Any) -> dict[str, tuple[Certificate, ...]]:
    """All filed certificates that are not revoked, by enterprise code, in the order of filing."""
    cursor.execute("select enterprise_code, pem from identity_certificate where revoked_at is null order by id")
    filed: dict[str, tuple[Certificate, ...]] = {}
    for code, pem in cursor.fetchall():
        filed[code] = (*filed.get(code, ()), Certificate.from_pem(pem.encode("ascii")))
    return filed


class Standing(NamedTuple):
    """A filed certificate; `mark` and `state` say how it stands."""

    subject: str
    not_after: datetime
    mark: str
    """`released`: valid; `held`: it expires soon; `waiting`: not valid yet; `refused`: expired."""
    state: Text


Cursor = Callable[[], AbstractContextManager[Any]]


class CertificateDirectory:
    """Filed certificates by sender, kept in memory and read again when they have changed. For any number of threads."""

    def __init__(
        self, cursor: Cursor, clock: Callable[[], datetime], fresh_for: timedelta = timedelta(seconds=2)
    ) -> None:
        self._cursor, self._clock, self._fresh_for = cursor, clock, fresh_for
        self._filed: dict[str, tuple[Certificate, ...]] = {}
        self._revision: int | None = None
        self._looked_at: datetime | None = None
        self._lock = threading.Lock()

    def __call__(self, code: str) -> Sequence[Certificate]:
        """Certificates filed for the enterprise `code`; none: empty. Raises what the database says."""
        now = self._clock()
        with self._lock:
            if self._looked_at is None or now - self._looked_at > self._fresh_for:
                with self._cursor() as cursor:
                    revision = journal.revisions(cursor).get(TOPIC, 0)
                    if revision != self._revision:
                        self._filed, self._revision = certificates(cursor), revision
                self._looked_at = now
            return self._filed.get(code, ())


def organisation_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of registered organisations by code; those that nobody has registered are absent."""
    from silkgate.identity import queries

    return queries.organisation_names(codes)


def certificate_standings(code: str, at: datetime) -> tuple[Standing, ...]:
    """How the certificates stand that an organisation has filed and not revoked, the last to expire first."""
    from silkgate.identity import queries

    filed = [one for one in queries.certificates(code, at) if one.revoked_at is None]
    filed.sort(key=lambda one: one.not_after, reverse=True)
    return tuple(Standing(one.subject, one.not_after, one.mark, one.state) for one in filed)


def add_officer(username: str, password: str, agency: str | None = None, duties: Iterable[str] | None = None) -> None:
    """An officer of `agency` (customs unless said) with `duties` (all unless said).

    A known officer gets the new password, and keeps what is not said. Raises ValueError, with Django's own words, for a
    password that is too weak; KeyError, with their names, for an unknown agency or duties.
    """
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from silkgate.identity.models import Officer

    chosen = None if duties is None else sorted(set(duties))
    unknown = [*({agency} - {None, *AGENCIES}), *(set(chosen or ()) - DUTIES.keys())]
    if unknown:
        raise KeyError(", ".join(sorted(map(str, unknown))))
    model = get_user_model()
    user = model.objects.filter(username=username).first() or model(username=username)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    user.set_password(password)
    user.save()
    officer = Officer.objects.filter(user=user).first() or Officer(user=user, agency="customs", duties=sorted(DUTIES))
    officer.agency = agency or officer.agency
    officer.duties = officer.duties if chosen is None else chosen
    officer.save()


__all__ = [
    "ACTIONS",
    "AGENCIES",
    "ANONYMOUS",
    "CLIENT",
    "DUTIES",
    "ON_FILE",
    "PERSON",
    "PUBLIC",
    "ROLES",
    "SCOPES",
    "Action",
    "Actor",
    "CertificateDirectory",
    "Denied",
    "Standing",
    "action",
    "actor_of",
    "add_officer",
    "certificate_standings",
    "certificates",
    "concerned",
    "file_certificate",
    "may",
    "opens",
    "organisation_names",
    "purpose_of",
    "record",
    "require",
    "sign_in",
]
