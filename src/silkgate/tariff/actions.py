"""Writes of the tariff room: rates and prohibitions are added, never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from silkgate.tariff import files, models, queries, rules
from silkgate.tariff.domain import DatedRate, Prohibition


class Loaded(NamedTuple):
    """What a load did: rows added, rows that stood there already, rows left out with the reason."""

    added: int
    unchanged: int
    skipped: tuple[rules.Skipped, ...] = ()


@transaction.atomic
def load_tariff(rows: Iterable[Mapping[str, str | None]], source: str, *, skip_incomplete: bool = False) -> Loaded:
    """Add the rates of a `tariff.csv` (rows as from csv.DictReader), all or none.

    Columns as in the contract's case folder, and those of the shipped sample. Rates may be fractions or percentages,
    units codes or Chinese names. `source` names the file where a row names no source of its own. A row that stands
    there already is left as it is. `skip_incomplete` leaves out rows without known rates (the shipped sample).
    Raises TariffRowError with row and column; also where a period overlaps another of the same code.
    """
    parsed = rules.parse_rates(rows, source, unit_codes=files.unit_codes(), skip_incomplete=skip_incomplete)
    stored = queries.rates_of(dated.rate.gcode for dated in parsed.rates)
    known = set(stored)
    new = [dated for dated in parsed.rates if dated not in known]
    rules.refuse_overlaps(((dated.rate.gcode, dated.valid_from, dated.valid_to) for dated in (*stored, *new)), source)
    models.Rate.objects.bulk_create([_rate_row(dated) for dated in new], batch_size=1000)
    return Loaded(len(new), len(parsed.rates) - len(new), parsed.skipped)


@transaction.atomic
def load_prohibited(rows: Iterable[Mapping[str, str | None]], source: str) -> Loaded:
    """Add the prohibitions of a `prohibited.csv` (gcode_prefix, reason, valid_from, valid_to), all or none.

    Raises TariffRowError; also where a period overlaps another of the same prefix.
    """
    parsed = rules.parse_prohibitions(rows, source)
    stored = queries.prohibitions_of(entry.prefix for entry in parsed)
    known = set(stored)
    new = [entry for entry in parsed if entry not in known]
    rules.refuse_overlaps(((entry.prefix, entry.valid_from, entry.valid_to) for entry in (*stored, *new)), source)
    models.Prohibited.objects.bulk_create([_prohibited_row(entry) for entry in new], batch_size=1000)
    return Loaded(len(new), len(parsed) - len(new))


def _rate_row(dated: DatedRate) -> models.Rate:
    rate = dated.rate
    return models.Rate(
        gcode=rate.gcode,
        name=rate.name,
        duty_rate=Decimal(rate.duty_e6).scaleb(-6),
        vat_rate=Decimal(rate.vat_e6).scaleb(-6),
        consumption_rate=Decimal(rate.consumption_e6).scaleb(-6),
        consumption_specific=Decimal(rate.specific_e6).scaleb(-6),
        consumption_threshold=Decimal(rate.threshold_e8).scaleb(-8),
        unit1=rate.unit1,
        unit2=rate.unit2,
        listed_modes=";".join(sorted(rate.modes, reverse=True)),
        valid_from=dated.valid_from,
        valid_to=dated.valid_to,
        source=rate.source,
        verified=rate.verified,
    )


def _prohibited_row(entry: Prohibition) -> models.Prohibited:
    return models.Prohibited(
        gcode_prefix=entry.prefix, reason=entry.reason, valid_from=entry.valid_from, valid_to=entry.valid_to
    )
