"""Reads of the tariff tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from silkgate.tariff import models
from silkgate.tariff.domain import E6, E8, DatedRate, Prohibition, Rate


def revision() -> UUID | None:
    """The token of the present state of the tariff; None while nothing was ever loaded."""
    return models.Revision.objects.values_list("token", flat=True).first()


def _on(day: date) -> Q:
    return Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))


def rates_in_force(day: date) -> list[DatedRate]:
    """All rates in force on `day`, in one query."""
    return _dated(models.Rate.objects.filter(_on(day)))


def rates_of(gcodes: Iterable[str]) -> list[DatedRate]:
    """All rates of the codes given, of every period."""
    return _dated(models.Rate.objects.filter(gcode__in=set(gcodes)))


def prohibitions_in_force(day: date) -> list[Prohibition]:
    """All prohibitions in force on `day`."""
    return _prohibitions(models.Prohibited.objects.filter(_on(day)))


def prohibitions_of(prefixes: Iterable[str]) -> list[Prohibition]:
    """All prohibitions of the prefixes given, of every period."""
    return _prohibitions(models.Prohibited.objects.filter(gcode_prefix__in=set(prefixes)))


def _prohibitions(rows: Iterable[models.Prohibited]) -> list[Prohibition]:
    return [Prohibition(row.gcode_prefix, row.reason, row.valid_from, row.valid_to) for row in rows]


def _dated(rows: Iterable[models.Rate]) -> list[DatedRate]:
    return [DatedRate(_rate(row), row.valid_from, row.valid_to) for row in rows]


def _rate(row: models.Rate) -> Rate:
    return Rate(
        gcode=row.gcode,
        name=row.name,
        duty_e6=_scaled(row.duty_rate, E6),
        vat_e6=_scaled(row.vat_rate, E6),
        consumption_e6=_scaled(row.consumption_rate, E6),
        specific_e6=_scaled(row.consumption_specific, E6),
        threshold_e8=_scaled(row.consumption_threshold, E8),
        unit1=row.unit1,
        unit2=row.unit2,
        modes=frozenset(filter(None, row.listed_modes.split(";"))),
        source=row.source,
        verified=row.verified,
    )


def _scaled(number: Decimal, scale: int) -> int:
    """The columns have as many decimals as the scale has zeros, so nothing is lost."""
    return int(number * scale)
