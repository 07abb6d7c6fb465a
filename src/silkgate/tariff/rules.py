"""Judges of law data: rows of a tariff, overlapping periods, policy; and the assembly of one day's law. Pure."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from silkgate.kernel.fixed import E5
from silkgate.kernel.text import Text
from silkgate.tariff.domain import (
    E6,
    E8,
    DatedRate,
    Law,
    NotInForceError,
    Parameter,
    Policy,
    PolicyError,
    Prohibition,
    Rate,
    TariffRowError,
    headings_of,
)

RATE_COLUMNS = ("gcode", "name", "duty_rate", "vat_rate", "consumption_rate", "unit1", "unit2", "listed_modes",
                "valid_from", "valid_to")  # fmt: skip
RATE_OPTIONAL = frozenset({
    "consumption_specific", "consumption_threshold", "provisional_duty_rate", "source", "verified",
    "name_en", "export_rebate_rate", "verified_fields", "list_basis", "hs_edition", "rate_snapshot", "notes",
})  # fmt: skip
"""Columns of the shipped sample and of consumption tax per unit; those after `verified` inform people only."""
PROHIBITED_COLUMNS = ("gcode_prefix", "reason", "valid_from", "valid_to")

_NUMBER = re.compile(r"\d{1,12}(\.\d+)?%?")
_DIGITS = re.compile(r"[0-9]{2,18}")
_UNIT_CODE = re.compile(r"[0-9]{3}")
_MODE = re.compile(r"[0-9]{4}")


class Skipped(NamedTuple):
    """A row of an incomplete sample that was left out, and why."""

    row: int
    gcode: str
    why: Text


class ParsedRates(NamedTuple):
    """Rates read from rows, and the rows left out."""

    rates: tuple[DatedRate, ...]
    skipped: tuple[Skipped, ...]


class _Row:
    """One row with its place, so that every complaint can say where it is."""

    def __init__(self, source: str, number: int, cells: Mapping[str, str | None]) -> None:
        self.source, self.number, self.cells = source, number, cells

    def fault(self, column: str, what: Text, mend: Text) -> TariffRowError:
        return TariffRowError(f"{self.source} #{self.number} {column}", what, mend)

    def text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def scaled(self, column: str, scale: int, *, empty_is_zero: bool = False) -> int:
        """A fraction, amount or percentage as an exact integer of 1/scale."""
        text = self.text(column)
        if not text and empty_is_zero:
            return 0
        if not _NUMBER.fullmatch(text):
            raise self.fault(
                column,
                Text(f"“{text}”不是不小于零的数", f"{text!r} is not a number of zero or more"),
                Text("请写小数（0.13）或百分数（13%）", "Write a fraction (0.13) or a percentage (13%)"),
            )
        number = Decimal(text.rstrip("%")) * scale
        if text.endswith("%"):
            number = number / 100
        if number != number.to_integral_value():
            digits = len(str(scale)) - 1
            raise self.fault(
                column,
                Text(f"“{text}”超过{digits}位小数，无法精确保存", f"{text!r} has more than {digits} decimals"),
                Text("请按公布的税率填写", "Give the rate as published"),
            )
        return int(number)

    def day(self, column: str) -> date:
        text = self.text(column)
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise self.fault(
                column,
                Text(f"“{text}”不是日期", f"{text!r} is not a date"),
                Text("请写成2019-04-01的形式", "Write it like 2019-04-01"),
            ) from None

    def period(self) -> tuple[date, date | None]:
        first = self.day("valid_from") if self.text("valid_from") else date.min
        last = self.day("valid_to") if self.text("valid_to") else None
        if last is not None and last < first:
            raise self.fault(
                "valid_to",
                Text(f"结束日{last}早于起始日{first}", f"the last day {last} is before the first day {first}"),
                Text("请核对有效期；长期有效时留空", "Check the period; leave valid_to empty where it is open"),
            )
        return first, last

    def code(self, column: str) -> str:
        text = self.text(column)
        if not _DIGITS.fullmatch(text):
            raise self.fault(
                column,
                Text(f"“{text}”不是商品编码", f"{text!r} is not a commodity code"),
                Text("请只写数字，不加点", "Write digits only, without dots"),
            )
        return text

    def unit(self, column: str, unit_codes: Mapping[str, str]) -> str:
        """A unit as its three-digit code; Chinese names are looked up in `unit_codes`."""
        text = self.text(column)
        if not text or _UNIT_CODE.fullmatch(text):
            return text
        if text not in unit_codes:
            raise self.fault(
                column,
                Text(f"“{text}”不是计量单位", f"{text!r} is not a unit"),
                Text("请用reference/codes/units.csv中的代码或名称", "Use a code or name of reference/codes/units.csv"),
            )
        return unit_codes[text]

    def modes(self) -> frozenset[str]:
        modes = frozenset(part.strip() for part in self.text("listed_modes").split(";") if part.strip())
        if any(not _MODE.fullmatch(mode) for mode in modes):
            raise self.fault(
                "listed_modes",
                Text(f"“{self.text('listed_modes')}”不是监管方式", f"{self.text('listed_modes')!r} are not modes"),
                Text("请写成9610;1210的形式，不在清单内时留空", "Write 9610;1210, or nothing where it is not listed"),
            )
        return modes


def _check_columns(source: str, cells: Mapping[str, object], needed: Sequence[str], optional: frozenset[str]) -> None:
    missing = [column for column in needed if column not in cells]
    strange = [str(column) for column in cells if column not in needed and column not in optional]
    if missing or strange:
        raise TariffRowError(
            source,
            Text(
                f"缺少的列：{missing}；不认识的列：{strange}", f"missing columns {missing}, unknown columns {strange}"
            ),
            Text(f"需要的列是{','.join(needed)}", f"The columns are {','.join(needed)}"),
        )


def _incomplete(row: _Row) -> Text | None:
    """Why a row of a sample cannot be used as a rate, or None."""
    if len(row.text("gcode")) != 10:
        return Text("编码不是十位，不能用于申报", "the code has not ten digits, so no declaration can use it")
    blank = [name for name in ("duty_rate", "vat_rate", "consumption_rate") if not row.text(name)]
    if blank:
        return Text(f"税率未知：{'、'.join(blank)}", f"rate not known: {', '.join(blank)}")
    return None


def parse_rates(
    rows: Iterable[Mapping[str, str | None]],
    source: str,
    *,
    unit_codes: Mapping[str, str],
    skip_incomplete: bool = False,
) -> ParsedRates:
    """Rows of a `tariff.csv` as dated rates. Percentages become fractions, Chinese unit names become codes.

    `skip_incomplete` leaves out rows whose rates are not known (for the shipped sample); otherwise they are errors.
    Raises TariffRowError with source, row (header = 1) and column; also where periods of one code overlap.
    """
    rates: list[DatedRate] = []
    skipped: list[Skipped] = []
    for number, cells in enumerate(rows, start=2):
        _check_columns(source, cells, RATE_COLUMNS, RATE_OPTIONAL)
        row = _Row(source, number, cells)
        why = _incomplete(row) if skip_incomplete else None
        if why:
            skipped.append(Skipped(number, row.text("gcode"), why))
            continue
        rates.append(_dated_rate(row, unit_codes))
    refuse_overlaps(((rate.rate.gcode, rate.valid_from, rate.valid_to) for rate in rates), source)
    return ParsedRates(tuple(rates), tuple(skipped))


def _dated_rate(row: _Row, unit_codes: Mapping[str, str]) -> DatedRate:
    consumption_e6 = row.scaled("consumption_rate", E6)
    if consumption_e6 >= E6:
        raise row.fault(
            "consumption_rate",
            Text("消费税税率不小于1，组成计税价格无法计算", "a rate of 1 or more leaves no composite price"),
            Text("百分数请带%，小数请小于1", "Write percentages with %, fractions below 1"),
        )
    duty_column = "provisional_duty_rate" if row.text("provisional_duty_rate") else "duty_rate"
    rate = Rate(
        gcode=row.code("gcode"),
        name=row.text("name"),
        duty_e6=row.scaled(duty_column, E6),
        vat_e6=row.scaled("vat_rate", E6),
        consumption_e6=consumption_e6,
        specific_e6=row.scaled("consumption_specific", E6, empty_is_zero=True),
        threshold_e8=row.scaled("consumption_threshold", E8, empty_is_zero=True),
        unit1=row.unit("unit1", unit_codes),
        unit2=row.unit("unit2", unit_codes),
        modes=row.modes(),
        source=row.text("source") or row.source,
        verified=row.text("verified") == "y",
    )
    return DatedRate(rate, *row.period())


def parse_prohibitions(rows: Iterable[Mapping[str, str | None]], source: str) -> tuple[Prohibition, ...]:
    """Rows of a `prohibited.csv`. Raises TariffRowError, also where periods of one prefix overlap."""
    found = []
    for number, cells in enumerate(rows, start=2):
        _check_columns(source, cells, PROHIBITED_COLUMNS, frozenset())
        row = _Row(source, number, cells)
        found.append(Prohibition(row.code("gcode_prefix"), row.text("reason"), *row.period()))
    refuse_overlaps(((entry.prefix, entry.valid_from, entry.valid_to) for entry in found), source)
    return tuple(found)


def refuse_overlaps(periods: Iterable[tuple[str, date, date | None]], source: str) -> None:
    """Raise TariffRowError where two periods of one code share a day (both ends count)."""
    by_code: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for code, first, last in periods:
        by_code[code].append((first, last or date.max))
    for code, spans in by_code.items():
        spans.sort()
        for (first, last), (next_first, _) in itertools.pairwise(spans):
            if next_first <= last:
                raise TariffRowError(
                    f"{source} {code}",
                    Text(
                        f"{first}起与{next_first}起的有效期重叠",
                        f"the periods from {first} and from {next_first} overlap",
                    ),
                    Text(
                        "前一段的结束日应早于后一段的起始日（两端都算在内）",
                        "End the earlier period before the later one begins (both ends count)",
                    ),
                )


def policy_on(parameters: Mapping[str, Parameter], day: date, overrides: Mapping[str, object]) -> Policy:
    """Policy values of `day`: the parameters `policy.*` unless overridden. Raises PolicyError."""
    strange = sorted(set(overrides) - set(Policy._fields))
    if strange:
        raise PolicyError(
            f"policy.{strange[0]}",
            Text("没有这个政策值", "there is no such policy value"),
            Text(f"可以改的是{'、'.join(Policy._fields)}", f"These can be set: {', '.join(Policy._fields)}"),
        )
    given = {key: overrides.get(key, parameters[f"policy.{key}"].on(day).value) for key in Policy._fields}
    return Policy(
        _positive("max_message_bytes", given["max_message_bytes"]),
        _yes_or_no("allow_1239", given["allow_1239"]),
        _share("random_inspection_rate", given["random_inspection_rate"]),
    )


def _not_usable(key: str, given: object, mend: Text) -> PolicyError:
    return PolicyError(f"policy.{key}", Text(f"“{given}”不能用", f"{given!r} cannot be used"), mend)


def _positive(key: str, given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise _not_usable(key, given, Text("请写正整数", "Write a whole number above 0"))


def _yes_or_no(key: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    raise _not_usable(key, given, Text("请写true或false", "Write true or false"))


def _share(key: str, given: object) -> Decimal:
    """A share from 0 to 1; what TOML or JSON gave as a binary number counts as it was written."""
    try:
        share = Decimal(-1) if isinstance(given, bool) else Decimal(str(given))
    except InvalidOperation:
        share = Decimal(-1)
    if share.is_finite() and 0 <= share <= 1:
        return share
    raise _not_usable(key, given, Text("请写0到1之间的数", "Write a number from 0 to 1"))


def _in_force(day: date, first: date, last: date | None) -> bool:
    return first <= day and (last is None or day <= last)


def make_law(
    day: date,
    parameters: Mapping[str, Parameter],
    version: str,
    *,
    rates: Iterable[DatedRate] = (),
    prohibitions: Iterable[Prohibition] = (),
    policy: Policy | None = None,
) -> Law:
    """The law of `day` out of dated parts; parts that are not in force are left out. `policy` None: the defaults.

    Raises NotInForceError for a day without limits (before 2016-04-08).
    """

    def figure(name: str) -> Decimal:
        value = parameters[f"retail_import.{name}"].on(day).value
        assert isinstance(value, Decimal | int), f"retail_import.{name} is read as a number"
        return Decimal(value)

    in_force = {dated.rate.gcode: dated.rate for dated in rates if _in_force(day, dated.valid_from, dated.valid_to)}
    reasons = {entry.prefix: entry.reason for entry in prohibitions if _in_force(day, entry.valid_from, entry.valid_to)}
    zone = policy or policy_on(parameters, day, {})
    factor = figure("vat_ct_factor")
    numerator, denominator = factor.as_integer_ratio()
    modes = parameters["retail_import.modes"].on(day).value
    assert isinstance(modes, tuple), "retail_import.modes is a list of codes"
    return Law(
        day=day,
        version=version,
        tariff_version=_tariff_version(in_force, reasons),
        single_limit_cents=int(figure("single_limit") * 100),
        annual_limit_cents=int(figure("annual_limit") * 100),
        duty_within_limit_e6=int(figure("duty_rate_within_limit") * E6),
        factor=factor,
        factor_numerator=numerator,
        factor_denominator=denominator,
        return_apply_days=int(figure("return_apply_days")),
        export_return_days=_standing(parameters["export.return_days"], day, 0),
        receipt_doc_required=bool(_standing(parameters["export.receipt_doc_required"], day, 0)),
        match_tolerance_e5=int(figure("match_tolerance") * E5),
        retail_modes=frozenset(modes),
        allow_1239=zone.allow_1239,
        random_inspection_rate=zone.random_inspection_rate,
        max_message_bytes=zone.max_message_bytes,
        rates=in_force,
        prohibitions=reasons,
        prefix_lengths=tuple(sorted({len(prefix) for prefix in reasons}, reverse=True)),
        headings=headings_of(in_force),
    )


def _standing(parameter: Parameter, day: date, otherwise: int) -> int:
    """A value that is not always in force, as a whole number (1 and 0 for yes and no); `otherwise` where it is not."""
    try:
        value = parameter.on(day).value
    except NotInForceError:
        return otherwise
    assert isinstance(value, int), f"{parameter.name} is a whole number or yes and no"
    return value


def _tariff_version(rates: Mapping[str, Rate], prohibitions: Mapping[str, str]) -> str:
    """Short digest of the rates and prohibitions in force, so that a decision can name the tariff it used."""
    digest = hashlib.sha256()
    for gcode in sorted(rates):
        rate = rates[gcode]
        digest.update(repr((*rate[:9], sorted(rate.modes))).encode())
    for prefix in sorted(prohibitions):
        digest.update(repr((prefix, prohibitions[prefix])).encode())
    return digest.hexdigest()[:12]
