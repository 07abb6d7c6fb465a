"""Reads of drafts: lists, what was typed, the message that it would be, certificates that it can be signed with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from silkgate.drafts import rules
from silkgate.drafts.domain import Content
from silkgate.drafts.models import Draft
from silkgate.identity import api as identity
from silkgate.kernel.clock import china_day
from silkgate.registry import api as registry
from silkgate.standards.ceb.message import Transfer
from silkgate.standards.xmldsig import Certificate
from silkgate.tariff import api as tariff

OPEN, STALE, SIGNED, SENT = "open", "stale", "signed", "sent"
STATES = (OPEN, STALE, SIGNED, SENT)


def draft(number: int) -> Draft | None:
    """A draft; None: there is none."""
    return Draft.objects.filter(pk=number).first()


def content(row: Draft) -> Content:
    """What was typed."""
    return Content(row.head, tuple(row.lines))


def stale_before(at: datetime) -> datetime:
    """Drafts that nobody has changed since are stale, by the policy of the day."""
    days = tariff.parameter("drafts.stale_days", china_day(at)).value
    return at - timedelta(days=int(str(days)))


def state_of(row: Draft, at: datetime) -> str:
    """open, stale, signed (and not arrived yet) or sent."""
    return _state(row, row.signed is not None, stale_before(at))


def _state(row: Draft, signed: bool, before: datetime) -> str:
    if row.sent_at is not None:
        return SENT
    if signed:
        return SIGNED
    return STALE if row.changed_at < before else OPEN


class Page(NamedTuple):
    """One page of drafts with their states, last changed first; `before` asks for the next one (0: the list ends)."""

    rows: tuple[tuple[Draft, str], ...]
    before: int


def listed(organisation: str, state: str, at: datetime, *, skip: int = 0, limit: int = 50) -> Page:
    """Drafts of an organisation in one state; empty: in any."""
    before = stale_before(at)
    rows = Draft.objects.filter(organisation_code=organisation).order_by("-changed_at", "-id").defer("signed", "lines")
    if state == SENT:
        rows = rows.filter(sent_at__isnull=False)
    elif state == SIGNED:
        rows = rows.filter(sent_at=None, signed__isnull=False)
    elif state == STALE:
        rows = rows.filter(signed=None, changed_at__lt=before)
    elif state == OPEN:
        rows = rows.filter(signed=None, changed_at__gte=before)
    # Whether it is signed, without what was signed.
    found = tuple(rows.annotate(is_signed=Q(signed__isnull=False))[skip : skip + limit + 1])
    shown = tuple((row, _state(row, row.is_signed, before)) for row in found[:limit])
    return Page(shown, skip + limit if len(found) > limit else 0)


def law(at: datetime) -> tariff.Law:
    """The law of the day in this zone."""
    with connection.cursor() as cursor:
        zone = registry.zone(cursor)
    return tariff.law_of(china_day(at), policy=zone.policy if zone else None)


def sender(organisation: str) -> Transfer | None:
    """How an organisation names itself in its messages; None where it is not on file with an address for receipts."""
    known = registry.current(organisation)
    if known is None:
        return None
    name, dxp_id = (known.data.get(field) or organisation for field in ("name_zh", "dxp_id"))
    return Transfer(organisation, name, "DXP", dxp_id)


def certificates(organisation: str, at: datetime) -> tuple[Certificate, ...]:
    """Certificates with which an organisation can sign at the time `at`, in the order of filing."""
    with connection.cursor() as cursor:
        filed = identity.certificates(cursor).get(organisation, ())
    return tuple(one for one in filed if one.not_before <= at < one.not_after)


def certificate(organisation: str, fingerprint: str, at: datetime) -> Certificate | None:
    """One of them, by its fingerprint."""
    return next((one for one in certificates(organisation, at) if one.fingerprint == fingerprint), None)


def unsigned(row: Draft, at: datetime | None = None) -> bytes:
    """The message of a draft, with the time that it was stamped with, else `at`. Raises ValueError for a fault."""
    when = row.stamped_at or at
    transfer = sender(row.organisation_code)
    if when is None or transfer is None:
        raise ValueError("a draft becomes a message once it is stamped, for an organisation on file")
    return rules.message(
        row.kind,
        content(row),
        transfer,
        guid=row.guid,
        document_guid=row.document_guid,
        at=rules.message_stamp(when),
    )
