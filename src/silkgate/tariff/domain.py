"""Words of the law: notices, parameters, rule cards, rates, and the law of one day. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text

E6 = 1_000_000
"""Scale of rates and specific amounts (`_e6`)."""

E8 = 100_000_000
"""Scale of thresholds (`_e8`): the beer threshold of the tariff has eight decimals."""

Effect = Literal["refuse", "wait", "hold", "release"]
"""What a rule does to a document: sends it back, lets it wait, holds it for an officer, releases it."""

_LONGEST_VALUE = 200
"""Characters of a found or needed value that a sentence repeats; receipts have 1000 for everything."""


class TariffError(ValueError):
    """Law data that cannot be used: where it stands, what is wrong, what to do, in both languages."""

    def __init__(self, where: str, what: Text, mend: Text) -> None:
        self.where = where
        self.text = Text(f"{where}：{what.zh}。{mend.zh}。", f"{where}: {what.en}. {mend.en}.")
        super().__init__(f"{self.text.zh}\n{self.text.en}")


class LawFileError(TariffError):
    """A file under `reference/` is missing or malformed."""


class TariffRowError(TariffError):
    """A row of a tariff or of a list of prohibited goods is malformed or overlaps another."""


class PolicyError(TariffError):
    """A policy override that is not known or not usable."""


class NotInForceError(TariffError):
    """Law was asked for a day on which it is not in force."""


class Notice(NamedTuple):
    """A text that rules and parameters cite."""

    key: str
    title: Text
    subject: Text
    published: date | None
    in_force_from: date | None
    in_force_to: date | None
    read_in: str
    """Where the text, or the fact that it exists, was read."""
    verified: bool
    href: str = ""
    """Address of the text, where one is known that stays."""


class Citation(NamedTuple):
    """A notice and, where known, its article."""

    notice: Notice
    article: Text | None
    verified: bool
    """False where the article was not read in a source."""

    @property
    def text(self) -> Text:
        """The citation as one writes it: title and article."""
        if self.article is None:
            return self.notice.title
        return Text(f"{self.notice.title.zh}{self.article.zh}", f"{self.notice.title.en}, {self.article.en}")


Plain = Decimal | int | bool | tuple[str, ...]
"""What a parameter can be worth: exact decimal, whole number, yes or no, a set of codes in order."""


class Value(NamedTuple):
    """What a parameter is worth from a day on. `value` is None from the day on which it ended."""

    since: date
    value: Plain | None
    unit: str
    law: Citation
    published: date | None
    verified: bool
    note: Text | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One dated figure of law or policy, with all its values, oldest first."""

    name: str
    title: Text
    kind: str
    unit: str
    values: tuple[Value, ...]

    def on(self, day: date) -> Value:
        """The value in force on `day`. Raises NotInForceError before the first value and after the end."""
        current = next((value for value in reversed(self.values) if value.since <= day), None)
        if current is None or current.value is None:
            first = self.values[0].since.isoformat()
            raise NotInForceError(
                f"{self.name} {day.isoformat()}",
                Text("这一天没有有效的值", "no value is in force on this day"),
                Text(
                    f"第一个值自{first}起；请查询有效期内的日期，或在文件中补充该日期的值",
                    f"The first value is from {first}; ask for a day in force or add the value of that day to its file",
                ),
            )
        return current


@dataclass(frozen=True, slots=True)
class Card:
    """One rule: what the declarant reads, the nearest change that would pass, the law, the receipt status."""

    id: str
    slug: str
    group: str
    group_title: Text
    rank: int
    """Order of checking over all rules: lower is checked, and told, first."""
    effect: Effect
    title: Text
    sentence: Text
    """With fields filled from a finding: {field}, {found}, {needed}; or {detail}, which is `found` in Chinese and
    `needed` in English, where a check brings words of its own."""
    mend: Text
    law: tuple[Citation, ...]
    in_force_from: date
    in_force_to: date | None
    receipts: Mapping[str, str]
    """`returnStatus` by receipt kind ("622"); "*" stands for every other kind."""
    reading: Text | None
    """How an unclear text is read here, and why."""
    example: Finding
    causes: tuple[Text, ...] = ()
    """How it typically comes about, for its help page."""

    @property
    def verified(self) -> bool:
        """Whether every citation, down to the article, was read in a source."""
        return all(citation.verified and citation.notice.verified for citation in self.law)

    def in_force(self, day: date) -> bool:
        """Whether the rule applies on `day` (both ends included)."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)

    def receipt_code(self, kind: str) -> str:
        """`returnStatus` of this rule in a receipt of `kind` ("622"); 100 where nothing else is named."""
        return self.receipts.get(kind) or self.receipts.get("*", "100")

    def tell(self, finding: Finding) -> Text:
        """The sentence for `finding`, in both languages; an empty value reads as empty, an empty need as none."""
        return _told(self.sentence, finding, with_line=True)

    def advise(self, finding: Finding) -> Text:
        """The nearest change that would pass, for `finding`."""
        return _told(self.mend, finding, with_line=False)

    @property
    def law_text(self) -> Text:
        """All citations in one line."""
        texts = [citation.text for citation in self.law]
        return Text("；".join(text.zh for text in texts), "; ".join(text.en for text in texts))


def _told(pattern: Text, finding: Finding, *, with_line: bool) -> Text:
    field, found, needed = _clip(finding.field), _clip(finding.found), _clip(finding.needed)
    zh = pattern.zh.format(field=field, found=found or "空", needed=needed or "无", detail=found)
    en = pattern.en.format(field=field, found=found or "empty", needed=needed or "none", detail=needed)
    if with_line and finding.line is not None:
        return Text(f"第{finding.line}项：{zh}", f"Line {finding.line}: {en}")
    return Text(zh, en)


def _clip(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"


class Rate(NamedTuple):
    """Rates of one commodity code in force, as exact integers."""

    gcode: str
    name: str
    duty_e6: int
    vat_e6: int
    consumption_e6: int
    specific_e6: int
    """Specific consumption tax, CNY per unit1."""
    threshold_e8: int
    """Consumption tax applies from this dutiable value per unit1 on, CNY; 0: always."""
    unit1: str
    unit2: str
    modes: frozenset[str]
    """Modes for which the code is on the retail import list; empty: not on the list."""
    source: str
    verified: bool


class DatedRate(NamedTuple):
    """A rate and the days on which it is in force, both ends included; `valid_to` None: open."""

    rate: Rate
    valid_from: date
    valid_to: date | None


class Prohibition(NamedTuple):
    """Goods under `prefix` may not enter as retail imports on the days given, both ends included."""

    prefix: str
    reason: str
    valid_from: date
    valid_to: date | None


class Policy(NamedTuple):
    """What the zone may decide for itself; the defaults are the parameters `policy.*` of the day."""

    max_message_bytes: int
    allow_1239: bool
    random_inspection_rate: Decimal


def headings_of(gcodes: Iterable[str]) -> frozenset[str]:
    """The headings of commodity codes: their first four digits."""
    return frozenset({gcode[:4] for gcode in gcodes})


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Everything the engine asks of the law, on one day. Made by `rules.make_law`; holds no connection."""

    day: date
    version: str
    """Of the files under `reference/`."""
    tariff_version: str
    """Of the rates and prohibitions in force on the day."""
    single_limit_cents: int
    annual_limit_cents: int
    duty_within_limit_e6: int
    factor: Decimal
    """Share of VAT and consumption tax levied within the limit."""
    factor_numerator: int
    factor_denominator: int
    return_apply_days: int
    export_return_days: int
    """Exported goods may come back within so many days from release; 0: there is no such limit."""
    receipt_doc_required: bool
    """Whether a retail export needs a receipt of money."""
    match_tolerance_e5: int
    retail_modes: frozenset[str]
    allow_1239: bool
    random_inspection_rate: Decimal
    max_message_bytes: int
    rates: Mapping[str, Rate] = field(repr=False)
    prohibitions: Mapping[str, str] = field(repr=False)
    """Reason by prefix."""
    prefix_lengths: tuple[int, ...] = field(repr=False)
    """Lengths of the prefixes, longest first."""
    headings: frozenset[str] = field(repr=False)
    """First four digits of all codes in force."""

    def with_rates(self, rates: Mapping[str, Rate]) -> Law:
        """The same law with another tariff, by commodity code."""
        return replace(self, rates=rates, headings=headings_of(rates))

    def rate(self, gcode: str) -> Rate | None:
        """The rate in force for a commodity code; None where the tariff has none."""
        return self.rates.get(gcode)

    def prohibited(self, gcode: str) -> str | None:
        """Why goods of this code may not enter; None where they may. The longest prefix speaks."""
        for length in self.prefix_lengths:
            reason = self.prohibitions.get(gcode[:length])
            if reason is not None:
                return reason
        return None
