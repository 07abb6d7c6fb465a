"""Proving to be the person whose allowance is asked for: an adapter, its stand-in, limits on trying, fifteen minutes.

The stand-in proves that somebody knows a person's identity number, name and a parcel of theirs; a zone in service sets
`SILKGATE_IDENTITY_CHECK` to what asks the real-name service.
"""

from __future__ import annotations

import base64
import functools
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.utils.module_loading import import_string

from silkgate.clearance.evidence import documents_in
from silkgate.exchange import api as exchange

LASTS = timedelta(minutes=15)
"""How long a proof holds, and over how long tries are counted."""
MOST_TRIES = {"person": 5, "parcel": 10, "address": 60}
"""Tries in that time: for one identity number, for one parcel, from one address (a phone network has few)."""
MOST_DECLARATIONS = 5
"""Of one parcel that are looked at: it may have been declared again."""


class Claim(NamedTuple):
    """Who somebody says to be. `parcel` is an order or waybill number."""

    id_number: str
    name: str
    parcel: str


class Person(NamedTuple):
    """Who somebody was found to be."""

    id_number: str
    name: str

    @property
    def pseudonym(self) -> str:
        """What stands for the person in records that others read; says nothing without the installation's key."""
        return _digest("person", self.id_number)[:20]


IdentityCheck = Callable[[Claim], bool]
"""Says whether a claim holds. Raises CheckUnavailable where that cannot be told at the moment."""


class CheckUnavailable(Exception):  # noqa: N818 - nobody is at fault
    """The service that would know does not answer."""


def identity_check() -> IdentityCheck:
    """The check of this installation, as SILKGATE_IDENTITY_CHECK names it."""
    check: IdentityCheck = _named_check(settings.IDENTITY_CHECK)
    return check


_named_check = functools.cache(import_string)


def knows_a_parcel(claim: Claim) -> bool:
    """The stand-in: whether a declaration with this order or waybill number names this person as its buyer.

    Number and name are compared together and in constant time, so that neither can be guessed by itself.
    """
    wanted = f"{claim.id_number}\0{claim.name}".encode()
    fits = False
    with exchange.connect() as inbox:
        for message_id, position in _declared(claim.parcel):
            raw = exchange.received_bytes(inbox, message_id)
            head = documents_in(raw, message_id)[position].head if raw else {}
            named = f"{head.get('buyerIdNumber', '')}\0{head.get('buyerName', '')}".encode()
            fits |= hmac.compare_digest(named, wanted)
    return fits


def _declared(parcel: str) -> list[tuple[int, int]]:
    """Message and place of declarations with this order or waybill number, newest first; by the indexes on both."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_NUMBER, [parcel, parcel, parcel, MOST_DECLARATIONS])
        return [(message_id, position) for _, message_id, position in cursor.fetchall()]


_WITH_NUMBER = """
select id, message_id, position from clearance_declaration where order_no = %s and current
union select id, message_id, position from clearance_declaration
    where hashtextextended(logistics_no, 0) = hashtextextended(%s, 0) and logistics_no = %s
order by 1 desc limit %s
"""


# --- Trying ---------------------------------------------------------------------------------------------------------


def admit(claim: Claim, address: str, at: datetime) -> bool:
    """Count this try; False where too many were made for the person, the parcel or from the address."""
    named = {"person": claim.id_number, "parcel": claim.parcel, "address": address}
    # Every one is counted, whichever is exceeded first.
    tried = {what: _tries(what, value, at) for what, value in named.items()}
    return all(tried[what] <= most for what, most in MOST_TRIES.items())


def _tries(what: str, value: str, at: datetime) -> int:
    key, now = f"clearance.consumer.{what}.{_digest(what, value)[:32]}", int(at.timestamp())
    with transaction.atomic(), connection.cursor() as cursor:
        # The cache reads and writes in two steps: tries at the same moment would count as one.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        tries, until = cache.get(key) or (0, 0)
        if now >= until:
            tries, until = 0, now + int(LASTS.total_seconds())
        cache.set(key, (tries + 1, until), until - now)
    return int(tries) + 1


def _digest(what: str, value: str) -> str:
    return hmac.new(f"silkgate.consumer {settings.SECRET_KEY}".encode(), f"{what} {value}".encode(), sha256).hexdigest()


# --- Fifteen minutes ------------------------------------------------------------------------------------------------


def sealed(person: Person, at: datetime) -> str:
    """A cookie's value that says for `LASTS` who somebody is: encrypted and authenticated, readable for us alone."""
    return _cipher().encrypt_at_time(json.dumps(person).encode(), int(at.timestamp())).decode()


def opened(value: str, at: datetime) -> Person | None:
    """Whom a cookie is about; None where it is not ours, was changed, or its time is over."""
    try:
        said = _cipher().decrypt_at_time(value.encode(), int(LASTS.total_seconds()), int(at.timestamp()))
    except (InvalidToken, UnicodeEncodeError):
        return None
    return Person(*json.loads(said))


def _cipher() -> Fernet:
    key = hmac.digest(f"silkgate.consumer.cookie {settings.SECRET_KEY}".encode(), b"key", sha256)
    return Fernet(base64.urlsafe_b64encode(key))
