"""Reads the law files under `reference/`: notices, parameters, rule cards, code tables, their version. No Django."""

from __future__ import annotations

import csv
import functools
import hashlib
import os
import re
import string
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from silkgate.kernel.findings import Finding
from silkgate.kernel.text import Text
from silkgate.tariff.domain import Card, Citation, Effect, LawFileError, Notice, Parameter, Plain, Value
from silkgate.tariff.tables import Table, read_toml

_BESIDE_SOURCE = Path(__file__).resolve().parents[3] / "reference"
REFERENCE = Path(os.environ.get("SILKGATE_REFERENCE") or _BESIDE_SOURCE)
"""Where the law files are: the folder that SILKGATE_REFERENCE names, else `reference/` beside `src/`."""

_FIELDS = frozenset({"field", "found", "needed", "detail"})
_SLUG = re.compile(r"[a-z]+\.[a-z0-9_]+")
_RECEIPT_KIND = re.compile(r"[0-9]{3}|\*")
_STATUS = re.compile(r"-?[0-9]{1,9}")
_EFFECTS: Mapping[str, Effect] = {effect: effect for effect in get_args(Effect)}
_KINDS = ("decimal", "integer", "boolean", "codes")


# --- Notices -----------------------------------------------------------------------------------------------------


def read_notices(path: Path) -> dict[str, Notice]:
    """All notices of `notices.toml` by key. Raises LawFileError."""
    content = read_toml(path)
    return {key: _notice(key, content.table(key)) for key in content.content}


def _notice(key: str, table: Table) -> Notice:
    table.only("title", "subject", "published", "in_force_from", "in_force_to", "read_in", "verified", "href")
    return Notice(
        key=key,
        title=table.bilingual("title"),
        subject=table.bilingual("subject"),
        published=table.day_or_none("published"),
        in_force_from=table.day_or_none("in_force_from"),
        in_force_to=table.day_or_none("in_force_to"),
        read_in=table.text("read_in"),
        verified=table.flag("verified"),
        href=table.text("href") if "href" in table.content else "",
    )


def _citation(table: Table, notices: Mapping[str, Notice]) -> Citation:
    table.only("notice", "article", "verified")
    key = table.text("notice")
    if key not in notices:
        raise table.fault(
            "notice",
            Text(f"notices.toml中没有{key}", f"notices.toml has no {key}"),
            Text(
                "先在notices.toml中写明这份文件及其来源", "Enter the notice and where it was read in notices.toml first"
            ),
        )
    article = table.bilingual("article") if "article" in table.content else None
    return Citation(notices[key], article, table.flag("verified") if "verified" in table.content else True)


# --- Parameters --------------------------------------------------------------------------------------------------


def read_parameter(path: Path, notices: Mapping[str, Notice]) -> Parameter:
    """One parameter file. The file is called like the parameter. Raises LawFileError."""
    table = read_toml(path)
    table.only("name", "title", "kind", "unit", "values")
    name, kind, unit = table.text("name"), table.text("kind"), table.text("unit")
    if name != path.stem:
        raise table.fault(
            "name",
            Text(f"参数名{name}与文件名{path.stem}不一致", f"the name {name} differs from the file name {path.stem}"),
            Text("把文件改名为参数名", "Name the file like the parameter"),
        )
    if kind not in _KINDS:
        raise table.fault(
            "kind", Text(f"不认识的种类{kind}", f"unknown kind {kind}"), Text("、".join(_KINDS), ", ".join(_KINDS))
        )
    entries = table.tables("values")
    values = tuple(_value(entry, kind, unit, notices, first=entry is entries[0]) for entry in entries)
    days = [value.since for value in values]
    if days != sorted(set(days)):
        raise table.fault(
            "values",
            Text("起始日没有由早到晚排列，或有重复", "the days are not in order, or one is given twice"),
            Text("每个日期写一次，由早到晚", "Give each day once, oldest first"),
        )
    return Parameter(name, table.bilingual("title"), kind, unit, values)


def _value(table: Table, kind: str, unit: str, notices: Mapping[str, Notice], *, first: bool) -> Value:
    table.only("from", "value", "ended", "law", "published", "verified", "note")
    ended = "ended" in table.content and table.flag("ended")
    if ended and (first or "value" in table.content):
        raise table.fault(
            "ended",
            Text("终止的条目不能是第一条，也不能带值", "an end cannot come first and has no value"),
            Text("在终止日写ended = true，不写value", "Write ended = true on the day of the end, without a value"),
        )
    return Value(
        since=table.day("from"),
        value=None if ended else plain(table, kind),
        unit=unit,
        law=_citation(table.table("law"), notices),
        published=table.day_or_none("published"),
        verified=table.flag("verified"),
        note=table.bilingual("note") if "note" in table.content else None,
    )


def plain(table: Table, kind: str, key: str = "value") -> Plain:
    """What a table says a parameter of `kind` is worth. Raises LawFileError for a value of another kind."""
    if kind == "decimal":
        return table.decimal(key)
    if kind == "integer":
        return table.whole(key)
    if kind == "boolean":
        return table.flag(key)
    return table.texts(key)


# --- Rule cards --------------------------------------------------------------------------------------------------


def read_cards(path: Path, notices: Mapping[str, Notice]) -> list[Card]:
    """The cards of one group, in the order in which they are checked. Raises LawFileError."""
    content = read_toml(path)
    content.only("group", "rules")
    group = content.table("group")
    group.only("slug", "rank", "title", "in_force_from")
    cards = []
    for place, table in enumerate(content.tables("rules"), start=1):
        table.only(
            "id", "slug", "effect", "title", "sentence", "mend", "law", "in_force_from", "in_force_to", "receipts",
            "reading", "example", "causes",
        )  # fmt: skip
        dated = table if "in_force_from" in table.content else group
        card = Card(
            id=table.text("id"),
            slug=table.text("slug"),
            group=group.text("slug"),
            group_title=group.bilingual("title"),
            rank=group.whole("rank") * 100 + place,
            effect=table.choice("effect", _EFFECTS),
            title=table.bilingual("title"),
            sentence=table.bilingual("sentence"),
            mend=table.bilingual("mend"),
            law=tuple(_citation(entry, notices) for entry in table.tables("law")),
            in_force_from=dated.day("in_force_from"),
            in_force_to=table.day_or_none("in_force_to"),
            receipts=_receipts(table),
            reading=table.bilingual("reading") if "reading" in table.content else None,
            example=_example(table.text("slug"), table.table("example")),
            causes=_causes(table),
        )
        _judge(card, table)
        cards.append(card)
    return cards


def _receipts(table: Table) -> Mapping[str, str]:
    """What receipts say. A rule that no message meets has none: it is answered by pages and the REST interface."""
    if "receipts" not in table.content:
        return MappingProxyType({})
    entries = table.table("receipts")
    receipts = {kind: entries.text(kind) for kind in entries.content}
    wrong = [f"{k} = {v}" for k, v in receipts.items() if not (_RECEIPT_KIND.fullmatch(k) and _STATUS.fullmatch(v))]
    if wrong or not receipts:
        raise table.fault(
            "receipts",
            Text(f"不能用的回执状态：{wrong}", f"receipt statuses that cannot be used: {wrong}"),
            Text('写成"622" = "-621005"，其余回执写"*"', 'Write "622" = "-621005", and "*" for all other receipts'),
        )
    return MappingProxyType(receipts)


def _causes(table: Table) -> tuple[Text, ...]:
    entries = table.tables("causes") if "causes" in table.content else ()
    return tuple(Text(entry.text("zh"), entry.text("en")) for entry in entries)


def _example(slug: str, table: Table) -> Finding:
    table.only("field", "found", "needed", "line")
    return Finding(
        code=slug,
        field=str(table.content.get("field", "")),
        found=str(table.content.get("found", "")),
        needed=str(table.content.get("needed", "")),
        line=table.whole("line") if "line" in table.content else None,
    )


def placeholders(sentence: str) -> frozenset[str]:
    """Names of the `{fields}` of a sentence."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def _judge(card: Card, table: Table) -> None:
    """What must hold of a card as a whole."""
    if not _SLUG.fullmatch(card.slug):
        raise table.fault(
            "slug",
            Text(f"“{card.slug}”不是规则代号", f"{card.slug!r} is no slug"),
            Text("写成match.amount的形式", "Write it like match.amount"),
        )
    for key, text in (("sentence", card.sentence), ("mend", card.mend)):
        zh, en = placeholders(text.zh), placeholders(text.en)
        if not (zh | en) <= _FIELDS:
            raise table.fault(
                key,
                Text(f"不认识的栏位{sorted((zh | en) - _FIELDS)}", f"unknown fields {sorted((zh | en) - _FIELDS)}"),
                Text(
                    "只能用{field}、{found}、{needed}、{detail}",
                    "Only {field}, {found}, {needed} and {detail} can be used",
                ),
            )
        if zh != en:
            raise table.fault(
                key,
                Text(f"中英文的栏位不同：{sorted(zh ^ en)}", f"Chinese and English differ in {sorted(zh ^ en)}"),
                Text("两种语言说同样的事", "Say the same in both languages"),
            )
    if card.effect in {"refuse", "wait"} and not placeholders(card.sentence.zh) & {"found", "needed", "detail"}:
        raise table.fault(
            "sentence",
            Text("没有说出实为什么、应为什么", "the sentence says neither what was found nor what is needed"),
            Text("用{found}或{needed}说明", "Say it with {found} or {needed}"),
        )


# --- The whole law -----------------------------------------------------------------------------------------------


def _files(folder: str) -> list[Path]:
    found = sorted((REFERENCE / folder).glob("*.toml"))
    if not found:
        raise LawFileError(
            str(REFERENCE / folder),
            Text("这里没有规则文件", "there are no law files here"),
            Text(
                "把SILKGATE_REFERENCE指向本项目的reference文件夹",
                "Point SILKGATE_REFERENCE at the project's reference folder",
            ),
        )
    return found


@functools.cache
def notices() -> Mapping[str, Notice]:
    """Every notice that the law cites, by key. Raises LawFileError."""
    return MappingProxyType(read_notices(REFERENCE / "notices.toml"))


@functools.cache
def parameters() -> Mapping[str, Parameter]:
    """Every parameter by name. Raises LawFileError."""
    return MappingProxyType({path.stem: read_parameter(path, notices()) for path in _files("parameters")})


def parameter(name: str, day: date) -> Value:
    """The value of a parameter on `day`. Raises NotInForceError, and LawFileError for a name without a file."""
    known = parameters()
    if name not in known:
        raise LawFileError(
            f"parameters/{name}.toml",
            Text("没有这个参数", "there is no such parameter"),
            Text(f"已有的参数：{'、'.join(known)}", f"The parameters are {', '.join(known)}"),
        )
    return known[name].on(day)


def in_order(found: Iterable[Card]) -> dict[str, Card]:
    """Cards by slug in the order of checking. Raises LawFileError where an id, a slug or a rank is given twice."""
    ordered = sorted(found, key=lambda card: card.rank)
    for name in ("id", "slug", "rank"):
        seen: set[object] = set()
        for card in ordered:
            key = getattr(card, name)
            if key in seen:
                raise LawFileError(
                    f"rules {card.slug}",
                    Text(f"{name} {key}出现了两次", f"{name} {key} is given twice"),
                    Text("每张规则卡各用一个", "Give every card its own"),
                )
            seen.add(key)
    return {card.slug: card for card in ordered}


@functools.cache
def cards() -> Mapping[str, Card]:
    """Every rule card by slug, in the order in which the rules are checked. Raises LawFileError."""
    return MappingProxyType(in_order(card for path in _files("rules") for card in read_cards(path, notices())))


@functools.cache
def codes(table: str) -> Mapping[str, Text]:
    """A code table of `reference/codes` ("units", "countries"…): words in both languages by code. Raises LawFileError.

    Where a source has one language only, its word stands for both.
    """
    path = REFERENCE / "codes" / f"{table}.csv"
    if not path.is_file():
        raise LawFileError(
            f"codes/{table}.csv",
            Text("没有这张代码表", "there is no such code table"),
            Text("请看reference/codes/README.md", "See reference/codes/README.md"),
        )
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    words = {}
    for row in rows:
        zh, en = row.get("name_zh") or "", row.get("name_en") or ""
        words[row["code"]] = Text(zh or en or row["code"], en or zh or row["code"])
    return MappingProxyType(words)


@functools.cache
def unit_codes() -> Mapping[str, str]:
    """Unit code by Chinese name."""
    return MappingProxyType({words.zh: code for code, words in codes("units").items()})


_NO_LAW = ("trials", "services", "market", "scenarios")
"""Folders that change nothing in how anything is decided."""


@functools.cache
def law_version() -> str:
    """Twelve hexadecimal digits over names and contents of all law files (TOML and CSV; line ends do not count).

    What only describes (services, the market's kinds, scenarios, trials) is no law and does not count.
    """
    digest = hashlib.sha256()
    aside = {REFERENCE / name for name in _NO_LAW}
    for path in sorted(
        p for p in REFERENCE.rglob("*") if p.suffix in {".toml", ".csv"} and aside.isdisjoint(p.parents)
    ):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(REFERENCE).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
