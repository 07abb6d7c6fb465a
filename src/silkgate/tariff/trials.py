"""A trial: figures, rates and prohibitions that a replay puts in the place of the law of each day. Never in service."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from silkgate.kernel.text import Text
from silkgate.tariff import rules
from silkgate.tariff.domain import DatedRate, LawFileError, Parameter, Plain, Prohibition
from silkgate.tariff.files import plain, unit_codes
from silkgate.tariff.tables import Table, read_toml

_OWN_KEYS = ("title", "tariff", "prohibited", "permitted")
_POLICY = "policy."


@dataclass(frozen=True)
class Trial:
    """What is changed; whatever a trial does not name stays as the law of the day has it."""

    title: Text
    version: str
    """Twelve hexadecimal digits over all its files."""
    figures: Mapping[str, Plain]
    """Value by the name of its parameter, such as retail_import.single_limit; on every day."""
    rates: tuple[DatedRate, ...] = ()
    """In place of all rates of their codes."""
    prohibitions: tuple[Prohibition, ...] = ()
    """In place of all prohibitions of their prefixes."""
    permitted: frozenset[str] = frozenset()
    """Prefixes that are not prohibited any more."""

    def parameters(self, parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """All parameters, with the trial's figures on every day."""
        changed = dict(parameters)
        for name, value in self.figures.items():
            known = parameters[name]
            always = known.values[0]._replace(since=date.min, value=value, note=None)
            changed[name] = Parameter(known.name, known.title, known.kind, known.unit, (always,))
        return changed

    def policy(self, policy: Mapping[str, object]) -> dict[str, object]:
        """The zone's policy values, but for those that the trial names."""
        return {name: value for name, value in policy.items() if f"{_POLICY}{name}" not in self.figures}

    def rates_over(self, rates: Iterable[DatedRate]) -> list[DatedRate]:
        """`rates`, with the trial's in place of those of the same code."""
        replaced = {dated.rate.gcode for dated in self.rates}
        return [dated for dated in rates if dated.rate.gcode not in replaced] + list(self.rates)

    def prohibitions_over(self, prohibitions: Iterable[Prohibition]) -> list[Prohibition]:
        """`prohibitions`, with the trial's in place of those of the same prefix, and without what it permits."""
        replaced = {entry.prefix for entry in self.prohibitions} | self.permitted
        return [entry for entry in prohibitions if entry.prefix not in replaced] + list(self.prohibitions)


def read_trial(path: Path, parameters: Mapping[str, Parameter]) -> Trial:
    """A trial from its TOML file and the tables that it names (`docs/replay.md` has the format).

    Raises LawFileError for what cannot be read, for a key or parameter not known and for a value of another kind;
    TariffRowError for a row of a table.
    """
    table = read_toml(path)
    digest = hashlib.sha256(path.read_bytes())
    figures = dict(_figures(table, parameters))
    rates: tuple[DatedRate, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    if "tariff" in table.content:
        rates = rules.parse_rates(
            _rows(table, path, "tariff", digest), table.text("tariff"), unit_codes=unit_codes()
        ).rates
    if "prohibited" in table.content:
        prohibitions = rules.parse_prohibitions(_rows(table, path, "prohibited", digest), table.text("prohibited"))
    permitted = frozenset(table.texts("permitted") if "permitted" in table.content else ())
    version = digest.hexdigest()[:12]
    return Trial(table.bilingual("title"), version, MappingProxyType(figures), rates, prohibitions, permitted)


def _figures(table: Table, parameters: Mapping[str, Parameter]) -> Iterable[tuple[str, Plain]]:
    for group in table.content:
        if group in _OWN_KEYS:
            continue
        values = table.content[group]
        for key in values if isinstance(values, dict) else ():
            name = f"{group}.{key}"
            if name not in parameters:
                raise table.fault(
                    name,
                    Text("没有这个参数", "there is no such parameter"),
                    Text(f"已有的参数：{'、'.join(parameters)}", f"The parameters are {', '.join(parameters)}"),
                )
            yield name, plain(table.table(group), parameters[name].kind, key)
        if not isinstance(values, dict):
            raise table.fault(
                group,
                Text("不认识的键", "unknown key"),
                Text(
                    f"可用的是{'、'.join(_OWN_KEYS)}，以及参数的表，如[retail_import]",
                    f"The keys are {', '.join(_OWN_KEYS)}, and tables of parameters such as [retail_import]",
                ),
            )


def _rows(table: Table, path: Path, key: str, digest: Any) -> list[dict[str, str | None]]:
    file = path.parent / table.text(key)
    try:
        content = file.read_bytes()
        rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LawFileError(
            f"{path.name} {key}",
            Text(f"{file.name}无法读取（{error}）", f"{file.name} cannot be read ({error})"),
            Text("请写与本文件同一目录下的CSV文件名", "Name a CSV file beside this one"),
        ) from None
    digest.update(content)
    return rows
