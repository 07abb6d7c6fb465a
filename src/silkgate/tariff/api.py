"""The door of the tariff room: the law of a day, rule cards, parameters, code tables, and the loaders of rates.

Everything is asked for a day; an error says where the law data is wrong and what to do (TariffError and its kinds).
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff import queries, rules, trials
from silkgate.tariff.actions import Loaded, load_prohibited, load_tariff
from silkgate.tariff.domain import (
    E6,
    E8,
    Card,
    Citation,
    DatedRate,
    Law,
    LawFileError,
    Notice,
    NotInForceError,
    Parameter,
    Policy,
    PolicyError,
    Prohibition,
    Rate,
    TariffError,
    TariffRowError,
    Value,
)
from silkgate.tariff.files import REFERENCE, cards, codes, law_version, notices, parameter, parameters
from silkgate.tariff.taxes import Taxes, taxes
from silkgate.tariff.trials import Trial

__all__ = [
    "E6",
    "E8",
    "REFERENCE",
    "Card",
    "Citation",
    "DatedRate",
    "Law",
    "LawFileError",
    "Loaded",
    "NotInForceError",
    "Notice",
    "Parameter",
    "Policy",
    "PolicyError",
    "Prohibition",
    "Rate",
    "TariffError",
    "TariffRowError",
    "Taxes",
    "Trial",
    "Value",
    "cards",
    "codes",
    "law_of",
    "law_of_rows",
    "law_version",
    "load_prohibited",
    "load_shipped_tariff",
    "load_tariff",
    "notices",
    "parameter",
    "parameters",
    "read_trial",
    "taxes",
    "tell",
]


def law_of(day: date, *, policy: Mapping[str, object] | None = None, trial: Trial | None = None) -> Law:
    """The law of `day` (UTC+8) from the files and the tariff tables; `policy` overrides fields of Policy.

    A `trial` (see `read_trial`) changes it; the law's version names it then.

    Reads the rates with one query and keeps the law until the tariff changes; a call costs one small query then.
    Raises NotInForceError before 2016-04-08, PolicyError for an override not known, LawFileError.
    """
    if trial is not None:
        return _law_tried(day, trial, policy or {})
    zone = rules.policy_on(parameters(), day, policy or {})
    token = queries.revision()
    return _law_from_tables(day, zone, None) if token is None else _kept_law(day, zone, token)


def law_of_rows(
    day: date,
    *,
    rates: Iterable[DatedRate] = (),
    prohibitions: Iterable[Prohibition] = (),
    policy: Mapping[str, object] | None = None,
) -> Law:
    """The law of `day` with rates given instead of read: no database is touched. Errors as `law_of`."""
    zone = rules.policy_on(parameters(), day, policy or {})
    return rules.make_law(day, parameters(), law_version(), rates=rates, prohibitions=prohibitions, policy=zone)


def _law_from_tables(day: date, zone: Policy, _token: UUID | None) -> Law:
    return rules.make_law(
        day,
        parameters(),
        law_version(),
        rates=queries.rates_in_force(day),
        prohibitions=queries.prohibitions_in_force(day),
        policy=zone,
    )


def _law_tried(day: date, trial: Trial, policy: Mapping[str, object]) -> Law:
    changed = trial.parameters(parameters())
    return rules.make_law(
        day,
        changed,
        f"{law_version()}+{trial.version}",
        rates=trial.rates_over(queries.rates_in_force(day)),
        prohibitions=trial.prohibitions_over(queries.prohibitions_in_force(day)),
        policy=rules.policy_on(changed, day, trial.policy(policy)),
    )


def read_trial(path: Path) -> Trial:
    """A trial law from its TOML file; the format is in `docs/replay.md`. Raises LawFileError, TariffRowError."""
    return trials.read_trial(path, parameters())


_kept_law = functools.lru_cache(maxsize=32)(_law_from_tables)


def load_shipped_tariff() -> Loaded:
    """Load `reference/tariff/tariff-sample.csv`; rows without known rates are left out and named in the result."""
    path = REFERENCE / "tariff" / "tariff-sample.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return load_tariff(csv.DictReader(lines), path.name, skip_incomplete=True)


def tell(finding: Finding) -> Text:
    """What the declarant reads about a finding, in both languages. KeyError for a code without a card."""
    return cards()[finding.code].tell(finding)
