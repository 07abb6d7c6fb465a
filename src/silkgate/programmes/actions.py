"""What providers change of the directory: offering a service, a new version of it, taking it off, putting it back."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from silkgate.identity.api import Actor
from silkgate.journal import api as journal
from silkgate.programmes import access, models, queries
from silkgate.programmes.domain import LANGUAGES, NotYours, Problem, Refused, Terms, refused
from silkgate.programmes.kinds import Kind, kinds

SERVICE = "market_service"
"""What the journal calls a service."""


def offer_service(actor: Actor, code: str, kind: str, terms: Terms, *, at: datetime, demo: bool = False) -> int:
    """Offer a service in the name of the organisation `code`; its number.

    Raises Refused where the actor may not, where `kind` is none, or where the organisation's filing does not fit it.
    """
    _permit(actor, code)
    known = _fitting(code, kind)
    with transaction.atomic():
        row = models.Service.objects.create(
            provider_code=code,
            kind=kind,
            number=1,
            offered=True,
            demo=demo,
            words=_words(known, terms),
            made_at=at,
            changed_at=at,
        )
        _keep(row, terms, actor, at)
        _tell(row, actor, "service.offered", at)
    return row.pk


def change_service(actor: Actor, number: int, terms: Terms, *, version: int, at: datetime) -> None:
    """Give a service new terms from now on; offers that were made keep the version that they name.

    `version`: that the actor has seen. Raises Refused, NotYours.
    """
    with transaction.atomic():
        row = _mine(actor, number)
        if row.number != version:
            raise refused(
                "这项服务在您打开页面之后已有改动，请重新查看。",
                "The service was changed since you opened the page. Look at it again.",
            )
        row.number += 1
        row.words, row.changed_at = _words(_fitting(row.provider_code, row.kind), terms), at
        row.save()
        _keep(row, terms, actor, at)
        _tell(row, actor, "service.changed", at)


def set_offered(actor: Actor, number: int, offered: bool, *, at: datetime) -> None:
    """Take a service off the market, or put it back. Doing it twice changes nothing. Raises Refused, NotYours."""
    with transaction.atomic():
        row = _mine(actor, number)
        if row.offered == offered:
            return
        if offered:
            _fitting(row.provider_code, row.kind)
        row.offered, row.changed_at = offered, at
        row.save()
        _tell(row, actor, "service.offered" if offered else "service.withdrawn", at)


def _permit(actor: Actor, code: str) -> None:
    if code not in access.own(actor, access.TRADE):
        raise refused("您不能以该单位的名义办理。", "You may not act for this organisation.", "organisation")


def _mine(actor: Actor, number: int) -> models.Service:
    """The service, locked. Raises NotYours."""
    row = models.Service.objects.select_for_update().filter(id=number).first()
    if row is None or row.provider_code not in access.own(actor, access.TRADE):
        raise NotYours(f"service {number}")
    return row


def _fitting(code: str, kind: str) -> Kind:
    """The kind, where the filing of `code` lets it offer that. Raises Refused."""
    known, behind = kinds().get(kind), queries.provider(code)
    if known is None:
        raise refused("请选择服务类别。", "Choose the kind of service.", "kind")
    if behind is None:
        raise refused("该单位未在平台登记。", "The organisation is not registered on the platform.", "organisation")
    lacking = behind.lacks(known)
    if lacking:
        raise Refused(Problem("kind", lacking))
    return known


def _words(kind: Kind, terms: Terms) -> str:
    """What the search looks through, in small letters."""
    spoken = [LANGUAGES[code] for code in terms.languages]
    texts = [kind.words, terms.title, terms.about, terms.conditions, *spoken, terms.area, terms.capacity]
    return " ".join(part for text in texts for part in text).lower()


def _keep(row: models.Service, terms: Terms, actor: Actor, at: datetime) -> None:
    models.ServiceVersion.objects.create(
        service=row,
        number=row.number,
        title_zh=terms.title.zh,
        title_en=terms.title.en,
        about_zh=terms.about.zh,
        about_en=terms.about.en,
        price_form=terms.price.form,
        price_cents=terms.price.cents,
        currency=terms.price.currency,
        tax_included=terms.price.tax_included,
        conditions_zh=terms.conditions.zh,
        conditions_en=terms.conditions.en,
        area=terms.area.zh,
        area_en=terms.area.en,
        languages=list(terms.languages),
        capacity=terms.capacity.zh,
        capacity_en=terms.capacity.en,
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
        made_by=actor.name,
        made_at=at,
    )


def _tell(row: models.Service, actor: Actor, kind: str, at: datetime) -> None:
    with connection.cursor() as cursor:
        journal.record(
            cursor,
            at=at,
            actor=actor.name,
            kind=kind,
            subject=(SERVICE, row.pk),
            detail={"kind": row.kind, "version": row.number},
        )
