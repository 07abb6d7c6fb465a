"""Who is told of what, at which address; the secret that deliveries are signed with."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection, transaction

from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks.events import TRIAL
from silkgate.journal import api as journal
from silkgate.standards import webhooks as signing

PER_ORGANISATION = 20
FORMER_FOR = timedelta(hours=24)
"""How long the secret before a new one goes on signing as well, so that a receiver can change it at leisure."""
_NONCE_BYTES = 12


class TooManyError(ValueError):
    """The organisation has as many as it may."""


class UnreadableSecretError(ValueError):
    """The site's secret key is another one than when this was made."""


def make(code: str, url: str, types: Sequence[str], actor: str, at: datetime) -> tuple[Subscription, str]:
    """A subscription from now on, and its secret as its owner is shown it, once. Raises TooManyError."""
    secret = secrets.token_bytes(signing.SECRET_BYTES)
    with transaction.atomic(), connection.cursor() as cursor:
        _room_for_one(cursor, code)
        cursor.execute(
            "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('journal_event', 'id')::regclass), 0)"
        )
        made = Subscription.objects.create(
            organisation_code=code,
            url=url,
            types=sorted(set(types)),
            secret=_locked(secret),
            made_by=actor,
            made_at=at,
            cursor=cursor.fetchone()[0],
        )
    return made, signing.written(secret)


def _room_for_one(cursor: Any, code: str) -> None:
    """Nobody else makes or resumes one of the organisation until the transaction ends. Raises TooManyError."""
    cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"webhooks {code}",))
    if Subscription.objects.filter(organisation_code=code, disabled_at=None).count() >= PER_ORGANISATION:
        raise TooManyError(code)


def rotate(row: Subscription, at: datetime) -> str:
    """A new secret, as its owner is shown it, once. For `FORMER_FOR` the one before signs deliveries too."""
    secret = secrets.token_bytes(signing.SECRET_BYTES)
    with transaction.atomic():
        held = Subscription.objects.select_for_update().get(pk=row.pk)
        held.former_secret, held.former_until, held.secret = held.secret, at + FORMER_FOR, _locked(secret)
        held.save(update_fields=["former_secret", "former_until", "secret"])
    return signing.written(secret)


def delete(row: Subscription, actor: str, at: datetime) -> None:
    """Forget a subscription with its deliveries; the journal keeps that it ended."""
    with transaction.atomic(), connection.cursor() as cursor:
        held = Subscription.objects.select_for_update().filter(pk=row.pk).first()
        if held is None:
            return
        if held.disabled_at is None:
            tell_ended(cursor, held.pk, "ended", actor, at)
        Delivery.objects.filter(subscription=held).delete()
        held.delete()


def end(row: Subscription, because: str, actor: str, at: datetime) -> None:
    """No more deliveries; the journal says so, once."""
    with transaction.atomic(), connection.cursor() as cursor:
        ended = Subscription.objects.filter(pk=row.pk, disabled_at=None).update(
            disabled_at=at, disabled_because=because
        )
        if ended:
            tell_ended(cursor, row.pk, because, actor, at)


def tell_ended(cursor: Any, number: int, because: str, actor: str, at: datetime) -> None:
    """Write into the journal that a subscription has ended."""
    journal.record(
        cursor, at=at, actor=actor, kind="webhook.disabled", subject=("webhook", number), detail={"because": because}
    )


def resume(row: Subscription, at: datetime) -> None:
    """Go on where it stopped: what happened meanwhile is delivered. Raises TooManyError."""
    with transaction.atomic(), connection.cursor() as cursor:
        if Subscription.objects.filter(pk=row.pk).exclude(disabled_at=None).exists():
            _room_for_one(cursor, row.organisation_code)
        Subscription.objects.filter(pk=row.pk).update(disabled_at=None, disabled_because="", failing_since=None)
        Delivery.objects.filter(subscription=row, delivered_at=None).update(due_at=at, attempts=0)


def replay(row: Subscription, after: int, at: datetime) -> None:
    """Deliver again what happened after the event `after`, whether it has arrived or not."""
    with transaction.atomic():
        locked = Subscription.objects.select_for_update().get(pk=row.pk)
        Delivery.objects.filter(subscription=row, event_id__gt=after).update(due_at=at, attempts=0, delivered_at=None)
        Subscription.objects.filter(pk=row.pk).update(cursor=min(locked.cursor, after))


def trial(row: Subscription, at: datetime) -> None:
    """Deliver a trial as soon as can be."""
    Delivery.objects.update_or_create(
        subscription=row, event_id=TRIAL, defaults={"due_at": at, "attempts": 0, "delivered_at": None, "reason": ""}
    )


def _cipher() -> AESGCM:
    return AESGCM(hmac.digest(b"silkgate.webhooks", settings.SECRET_KEY.encode(), sha256))


def _locked(secret: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, secret, None)


def secret_of(stored: bytes) -> bytes:
    """The secret behind what is stored. Raises UnreadableSecretError."""
    try:
        return _cipher().decrypt(stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], None)
    except InvalidTag as error:
        raise UnreadableSecretError("SILKGATE_SECRET_KEY has changed: make the webhook again") from error
