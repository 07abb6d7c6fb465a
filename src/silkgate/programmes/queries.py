"""Reads of the market: the directory and its search, providers with their rating, enquiries and orders by keyset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection

from silkgate.kernel.text import Text
from silkgate.programmes import models
from silkgate.programmes.domain import NO_RATING, Price, Rated, Rating, Terms
from silkgate.programmes.kinds import Kind, kinds
from silkgate.registry import api as registry

MOST_LINES = 200
BY_QUOTATION_CENTS = 2**63 - 1
"""Where the order by price has services without one: behind all others."""


@dataclass(frozen=True)
class Provider:
    """Who offers services."""

    code: str
    name: str
    filed: bool
    """There is a filing; without one the organisation is only registered on the platform."""
    roles: frozenset[str]
    """On file and in force; empty while a filing is suspended."""

    @cached_property
    def suspended(self) -> Text | None:
        """Why none of its services is shown; None: nothing of the kind."""
        if not self.filed or self.roles:
            return None
        now = registry.current(self.code)
        # Enterprises that came with a zone's files have no version that would say it.
        found = now.standing if now and now.standing != registry.ACTIVE else registry.SUSPENDED
        standing = registry.STANDINGS[found]
        since = f"{now.since:%Y-%m-%d}" if now and now.number else ""
        return Text(
            f"贵单位备案已{standing.zh}{f'（自{since}）' if since else ''}，所有服务均不展示；备案恢复后自动恢复。"
            f"{f'原因：{now.reason}' if now and now.reason else ''}",
            f"Your filing is {standing.en.lower()}{f' since {since}' if since else ''}, so none of your services is"
            f" shown; they return with it.{f' Reason: {now.reason}' if now and now.reason else ''}",
        )

    def lacks(self, kind: Kind) -> Text | None:
        """Why it may not offer services of a kind; None: it may."""
        if self.suspended:
            return self.suspended
        if kind.roles and not kind.roles & self.roles:
            words = registry.role_words(kind.roles)
            return Text(
                f"“{kind.words.zh}”服务须有有效备案（角色：{words.zh}），请先办理备案。",
                f"{kind.words.en} may be offered by who is on file as: {words.en}. File for that role first.",
            )
        return None


def providers(codes: Iterable[str]) -> dict[str, Provider]:
    """Who stands behind each code, on file or registered on the platform; codes of nobody are absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.code, coalesce(e.name, o.name), e.code is not null, coalesce(e.roles, '{}')"
            " from unnest(%s::text[]) c(code) left join registry_enterprise e on e.code = c.code and e.name <> ''"
            " left join identity_organisation o on o.code = c.code where e.code is not null or o.code is not null",
            (list(set(codes)),),
        )
        return {code: Provider(code, name, filed, frozenset(roles)) for code, name, filed, roles in cursor.fetchall()}


def provider(code: str) -> Provider | None:
    """Who stands behind a code; None: nobody."""
    return providers([code]).get(code)


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """The name behind each code, in their order; the code itself where there is none."""
    wanted = list(dict.fromkeys(codes))
    known = providers(wanted)
    return {code: known[code].name if code in known else code for code in wanted}


def name_of(code: str) -> str:
    """The name behind a code; the code itself where there is none."""
    return names_of([code])[code]


# --- Services ---------------------------------------------------------------------------------------------------------


class Service(NamedTuple):
    """A service as it stands."""

    id: int
    provider_code: str
    provider_name: str
    kind: Kind
    number: int
    """Of the version in force."""
    version_id: int
    offered: bool
    demo: bool
    terms: Terms
    changed_at: datetime


class Line(NamedTuple):
    """One line of the directory."""

    service: Service
    rating: Rating
    """Of the provider."""


class Found(NamedTuple):
    """One page of the directory; `after` is the key that asks for the next page, None where the list ends."""

    lines: tuple[Line, ...]
    after: tuple[int, int] | None


_COLUMNS = (
    "s.id, s.provider_code, coalesce(e.name, o.name, s.provider_code), s.kind, s.number, v.id, s.offered, s.demo,"
    " s.changed_at, v.title_zh, v.title_en, v.about_zh, v.about_en, v.price_form, v.price_cents, v.currency,"
    " v.tax_included, v.conditions_zh, v.conditions_en, v.area, coalesce(nullif(v.area_en, ''), v.area), v.languages,"
    " v.capacity, coalesce(nullif(v.capacity_en, ''), v.capacity), v.valid_from, v.valid_to"
)
_TABLES = (
    " from programmes_service s"
    " join programmes_serviceversion v on v.service_id = s.id and v.number = s.number"
    " left join registry_enterprise e on e.code = s.provider_code and e.name <> ''"
    " left join identity_organisation o on o.code = s.provider_code"
)
_SHOWN = (
    " join jsonb_each(%(needs)s::jsonb) as need(kind, roles) on need.kind = s.kind"
    " where s.offered and v.valid_from <= %(today)s and (v.valid_to is null or v.valid_to >= %(today)s)"
    " and case when need.roles = '[]'::jsonb then coalesce(e.roles <> '{}', o.code is not null)"
    " else coalesce(e.roles && array(select jsonb_array_elements_text(need.roles)), false) end"
)
"""What the market shows: offered, in its days, by a provider whose filing has effect in a fitting role."""


def _needs() -> str:
    return json.dumps({kind.key: sorted(kind.roles) for kind in kinds().values()})


def _service(row: Sequence[Any]) -> Service:
    (number, code, name, kind, version, version_id, offered, demo, changed_at) = row[:9]
    (title_zh, title_en, about_zh, about_en, form, cents, currency, taxed, when_zh, when_en, *rest) = row[9:]
    area_zh, area_en, languages, capacity_zh, capacity_en, first, last = rest
    terms = Terms(
        Text(title_zh, title_en),
        Text(about_zh, about_en),
        Price(form, cents, currency, taxed),
        Text(when_zh, when_en),
        Text(area_zh, area_en),
        tuple(languages),
        Text(capacity_zh, capacity_en),
        first,
        last,
    )
    return Service(number, code, name, kinds()[kind], version, version_id, offered, demo, terms, changed_at)


def search(
    today: date,
    *,
    kind: str = "",
    words: str = "",
    form: str = "",
    currency: str = "CNY",
    most_cents: int | None = None,
    provider_code: str = "",
    cheapest: bool = False,
    after: Sequence[int] | None = None,
    limit: int = 20,
) -> Found:
    """Services that the market shows on `today`: newest first, or with `cheapest` by price (by quotation last).

    `words`: all of them must stand in the texts, the kind or the provider's name, in either language. `most_cents` with
    `form`: at most so much a unit in `currency`. `after`: the key that the page before gave.
    """
    limit = min(limit, MOST_LINES)
    conditions = [_SHOWN]
    values: dict[str, Any] = {"needs": _needs(), "today": today, "limit": limit + 1}

    def where(condition: str, **given: Any) -> None:
        conditions.append(condition)
        values.update(given)

    if kind:
        where("s.kind = %(kind)s", kind=kind)
    if provider_code:
        where("s.provider_code = %(provider)s", provider=provider_code)
    if form:
        where("v.price_form = %(form)s", form=form)
    if most_cents is not None:
        where("v.price_cents <= %(most)s and v.currency = %(currency)s", most=most_cents, currency=currency)
    for place, word in enumerate(words.lower().split()[:8]):
        name = f"word{place}"
        where(f"position(%({name})s in s.words || ' ' || lower(coalesce(e.name, o.name, ''))) > 0", **{name: word})
    price = f"coalesce(v.price_cents, {BY_QUOTATION_CENTS})"
    if after is not None:
        key = {"price": after[0], "number": after[1]}
        condition = f"({price}, s.id) > (%(price)s, %(number)s)" if cheapest else "s.id < %(number)s"
        where(condition, **key)
    order = f"{price}, s.id" if cheapest else "s.id desc"
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_COLUMNS}{_TABLES}{' and '.join(conditions)} order by {order} limit %(limit)s",
            values,
        )
        rows = cursor.fetchall()
    found = [_service(row) for row in rows[:limit]]
    more = len(rows) > len(found)
    ratings = ratings_of({one.provider_code for one in found})
    lines = tuple(Line(one, ratings.get(one.provider_code, NO_RATING)) for one in found)
    last = found[-1] if found else None
    cents = last.terms.price.cents if last else None
    return Found(lines, (BY_QUOTATION_CENTS if cents is None else cents, last.id) if more and last else None)


def service(number: int) -> Service | None:
    """A service as it stands, shown or not; None: there is none."""
    with connection.cursor() as cursor:
        cursor.execute(f"select {_COLUMNS}{_TABLES} where s.id = %s", (number,))
        row = cursor.fetchone()
    return _service(row) if row else None


def services_of(codes: Iterable[str], *, limit: int = MOST_LINES) -> list[Service]:
    """All services of some providers, shown or not, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_COLUMNS}{_TABLES} where s.provider_code = any(%s) order by s.id desc limit %s",
            (list(codes), limit),
        )
        return [_service(row) for row in cursor.fetchall()]


def hidden_because(found: Service, today: date) -> Text | None:
    """Why the market does not show a service now; None: it does."""
    return all_hidden_because([found], today)[0]


def all_hidden_because(found: Sequence[Service], today: date) -> list[Text | None]:
    """The same for several, in their order."""
    behind = providers(one.provider_code for one in found)
    return [_hidden_because(one, behind.get(one.provider_code), today) for one in found]


def _hidden_because(found: Service, behind: Provider | None, today: date) -> Text | None:
    if behind is None:
        return Text("提供单位未在平台登记。", "Its provider is not registered on the platform.")
    lacking = behind.lacks(found.kind)
    if lacking:
        return lacking
    if not found.offered:
        return Text("已下架，可随时重新上架。", "Taken off the market; it can be put back at any time.")
    if found.terms.valid_from > today:
        return Text(f"自{found.terms.valid_from}起展示。", f"It is shown from {found.terms.valid_from} on.")
    if found.terms.valid_to and found.terms.valid_to < today:
        return Text(
            f"已于{found.terms.valid_to}到期，请更新有效期。",
            f"It ended on {found.terms.valid_to}; give it a new period.",
        )
    return None


def versions(number: int) -> list[models.ServiceVersion]:
    """All versions of a service, newest first."""
    return list(models.ServiceVersion.objects.filter(service_id=number).order_by("-number")[:MOST_LINES])


def price_of(row: models.ServiceVersion | models.Offer) -> Price:
    """The price of a version or of an offer."""
    return Price(row.price_form, row.price_cents, row.currency, row.tax_included)


def title_of(row: models.ServiceVersion) -> Text:
    """What a version of a service is called."""
    return Text(row.title_zh, row.title_en)


# --- Reviews ----------------------------------------------------------------------------------------------------------


def ratings_of(codes: Iterable[str], *, service: int | None = None) -> dict[str, Rating]:
    """Ratings of providers, counted now from their reviews (`service`: of one service); who has none is absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select provider_code, stars, count(*) from programmes_review where provider_code = any(%s)"
            " and (%s::bigint is null or service_id = %s) group by provider_code, stars",
            (list(codes), service, service),
        )
        counted: dict[str, list[int]] = {}
        for code, stars, count in cursor.fetchall():
            counted.setdefault(code, [0] * 5)[stars - 1] = count
    return {code: Rating(tuple(counts)) for code, counts in counted.items()}  # type: ignore[arg-type]


def rating(code: str, *, service: int | None = None) -> Rating:
    """The rating of a provider, or of one of its services."""
    return ratings_of([code], service=service).get(code, NO_RATING)


class Reviews(NamedTuple):
    """One page of reviews, newest first; `older` asks for the next page, None where the list ends."""

    lines: tuple[Rated, ...]
    older: int | None


def reviews(code: str, *, service: int | None = None, before: int | None = None, limit: int = 20) -> Reviews:
    """Reviews of a provider, or of one of its services, newest first; `before`: of orders with a lower number."""
    rows = models.Review.objects.select_related("service").filter(provider_code=code)
    if service is not None:
        rows = rows.filter(service_id=service)
    if before is not None:
        rows = rows.filter(order_id__lt=before)
    limit = min(limit, MOST_LINES)
    found = [rated(row) for row in rows.order_by("-order_id")[: limit + 1]]
    return Reviews(tuple(found[:limit]), found[limit - 1].order_id if len(found) > limit else None)


def review_of(order_id: int) -> models.Review | None:
    """The review of an order; None: there is none yet."""
    return models.Review.objects.select_related("service").filter(order_id=order_id).first()


def rated(row: models.Review) -> Rated:
    """A row as a value."""
    return Rated(row.order_id, row.service.demo, row.stars, row.words, row.at, row.answer, row.answered_at)


# --- Enquiries and orders ---------------------------------------------------------------------------------------------


class Matters(NamedTuple):
    """One page of enquiries or orders, newest first; `older` asks for the next page, None where the list ends."""

    lines: tuple[Any, ...]
    older: int | None


def enquiries(codes: Sequence[str], side: str, *, before: int | None = None, limit: int = 50) -> Matters:
    """Enquiries of some organisations as buyer or as provider (`side`), newest first, with their service version."""
    rows = models.Enquiry.objects.select_related("service_version", "service").filter(
        **{f"{side}_code__in": list(codes)}
    )
    return _page(rows, before, limit)


def orders(codes: Sequence[str], side: str, *, before: int | None = None, limit: int = 50) -> Matters:
    """Orders of some organisations as buyer or as provider (`side`), newest first, with their service version."""
    rows = models.Order.objects.select_related("enquiry__service_version", "offer", "service")
    return _page(rows.filter(**{f"{side}_code__in": list(codes)}), before, limit)


def disputed_orders(*, before: int | None = None, limit: int = 50) -> Matters:
    """Orders about which there was a dispute, newest first: for the operator."""
    rows = models.Order.objects.select_related("enquiry__service_version", "offer", "service").filter(disputed=True)
    return _page(rows, before, limit)


def _page(rows: Any, before: int | None, limit: int) -> Matters:
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: limit + 1])
    return Matters(tuple(found[:limit]), found[limit - 1].pk if len(found) > limit else None)


def enquiry(number: int) -> models.Enquiry | None:
    """An enquiry by its number, with the version of the service that it asks for."""
    return models.Enquiry.objects.select_related("service_version", "service").filter(id=number).first()


def order(number: int) -> models.Order | None:
    """An order by its number, with its enquiry and offer."""
    return models.Order.objects.select_related("enquiry__service_version", "offer", "service").filter(id=number).first()


def order_of(enquiry_id: int) -> models.Order | None:
    """The order that came of an enquiry; None: none has."""
    return models.Order.objects.filter(enquiry_id=enquiry_id).first()


def was_disputed(row: models.Enquiry | models.Order) -> bool:
    """Whether there was a dispute about the order, or that which came of the enquiry: then the operator may look."""
    if isinstance(row, models.Order):
        return row.disputed
    return models.Order.objects.filter(enquiry=row, disputed=True).exists()


def offer(number: int) -> models.Offer | None:
    """An offer by its number."""
    return models.Offer.objects.filter(id=number).first()


def offers(enquiry_id: int) -> list[models.Offer]:
    """All offers for an enquiry, newest first."""
    return list(models.Offer.objects.filter(enquiry_id=enquiry_id).order_by("-number"))


def newest_offer(enquiry_id: int) -> models.Offer | None:
    """The last offer for an enquiry, whatever has become of it; None: none was made."""
    return models.Offer.objects.filter(enquiry_id=enquiry_id).order_by("-number").first()


def steps(enquiry_id: int) -> list[models.Step]:
    """All steps of an enquiry and of its order, oldest first."""
    return list(models.Step.objects.filter(enquiry_id=enquiry_id).order_by("id"))


class Handled(NamedTuple):
    """A declaration that was named under an order."""

    declaration_id: int
    number: str
    """Its declaration number, or that of the port while it has none."""
    waybill: str
    state: str
    released_at: datetime | None


def served(order_id: int) -> list[Handled]:
    """Declarations named under an order as they stand now, in the order of naming; at most 1,000."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select d.id, coalesce(d.invt_no, d.pre_no, d.order_no), d.logistics_no, d.state, d.released_at"
            " from programmes_served s join clearance_declaration d on d.id = s.declaration_id"
            " where s.order_id = %s order by s.id limit 1000",
            (order_id,),
        )
        return [Handled._make(row) for row in cursor.fetchall()]


def served_counts(order_id: int) -> tuple[int, int]:
    """How many declarations were named under an order, and how many of them are released now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), count(*) filter (where d.state = '800') from programmes_served s"
            " join clearance_declaration d on d.id = s.declaration_id where s.order_id = %s",
            (order_id,),
        )
        row = cursor.fetchone()
    return row[0], row[1]
