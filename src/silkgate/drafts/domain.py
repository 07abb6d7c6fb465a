"""Words of drafts: kinds, groups of fields, what was typed, what is wrong with it. No Django.

Names, lengths and codes come from the field catalogue; here stands only which fields belong together.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.standards.ceb.catalogue import MESSAGES, Field, MessageKind

KINDS = ("311", "411", "511", "621")
"""Messages that are typed by hand, in the order in which a trade makes them."""

KEYS = {"311": "orderNo", "411": "payTransactionId", "511": "logisticsNo", "621": "orderNo"}
"""The number by which people call a document of each kind."""

AUTOMATIC = frozenset({"guid", "appTime", "appStatus", "gnum", "preNo"})
"""Fields that the platform fills in: identifiers, the time of signing, that it is meant, line numbers."""

MAX_VALUE_CHARS = 4_000
"""What is typed is kept as it is, up to this: the longest field has 1,000."""

HEAD = "head"


class Group(NamedTuple):
    """Fields under one heading."""

    name: str
    words: Text
    fields: frozenset[str]


def _group(name: str, zh: str, en: str, fields: str) -> Group:
    return Group(name, Text(zh, en), frozenset(fields.split()))


GROUPS = (
    _group(
        "what",
        "申报事项",
        "What is declared",
        "appType orderType ieFlag tradeMode orderNo payTransactionId payTime logisticsNo copNo invtNo declTime ieDate"
        " customsCode portCode emsNo loctNo licenseNo batchNumbers",
    ),
    _group(
        "parties",
        "参与企业",
        "The firms",
        "ebpCode ebpName ebcCode ebcName payCode payName logisticsCode logisticsName agentCode agentName areaCode"
        " areaName assureCode",
    ),
    _group(
        "buyer",
        "订购人、支付人",
        "Buyer or payer",
        "buyerRegNo buyerName buyerTelephone buyerIdType buyerIdNumber payerName payerIdType payerIdNumber telephone",
    ),
    _group(
        "delivery",
        "收货",
        "Delivery",
        "consignee consigneeTelephone consigneeAddress consigneeDistrict",
    ),
    _group(
        "transport",
        "运输和包装",
        "Transport and packing",
        "trafMode trafNo voyageNo billNo country wrapType packNo weight grossWeight netWeight goodsInfo",
    ),
    _group(
        "money",
        "金额",
        "Money",
        "goodsValue freight insuredFee discount taxTotal acturalPaid amountPaid currency",
    ),
    _group("note", "备注", "Notes", "note"),
)
"""Every head field that is typed stands in exactly one; a test holds it."""


class Content(NamedTuple):
    """What was typed, as text by element name; nothing is changed on the way."""

    head: Mapping[str, str]
    lines: tuple[Mapping[str, str], ...] = ()

    def part(self, place: str) -> Mapping[str, str]:
        """The head, or the line of a place `line-0`. KeyError for neither."""
        if place == HEAD:
            return self.head
        number = line_of(place)
        if number is None or number >= len(self.lines):
            raise KeyError(place)
        return self.lines[number]


class Problem(NamedTuple):
    """Something wrong with one field. `place` is `head` or `line-0`; `field` empty: with the document as a whole."""

    place: str
    field: str
    what: Text
    code: str = "format.schema"
    """Slug of the rule: its help page explains it."""
    missing: bool = False
    """Nothing was typed yet: told when one saves, not while one types."""
    mend: Text | None = None

    @property
    def id(self) -> str:
        """Of the control that it is about."""
        return f"{self.place}-{self.field}"


def place_of(line: int) -> str:
    """The place of a line, from 0."""
    return f"line-{line}"


def line_of(place: str) -> int | None:
    """Which line a place is, from 0; None for the head."""
    found = re.fullmatch(r"line-([0-9]{1,3})", place)
    return int(found[1]) if found else None


def kind_of(code: str) -> MessageKind:
    """The message of a draft. KeyError for one that is not typed by hand."""
    if code not in KINDS:
        raise KeyError(code)
    return MESSAGES[code]


def typed(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Of the fields of a part those that people fill in."""
    return tuple(field for field in fields if field.name not in AUTOMATIC)


@functools.cache
def head_fields(code: str) -> tuple[Field, ...]:
    """What is typed in the head of a document, in the order of the groups, then of the message."""
    ranks = {name: rank for rank, group in enumerate(GROUPS) for name in group.fields}
    return tuple(sorted(typed(kind_of(code).head_fields), key=lambda field: ranks.get(field.name, len(GROUPS))))


@functools.cache
def line_fields(code: str) -> tuple[Field, ...]:
    """What is typed in each goods line; nothing where a document has none."""
    return typed(kind_of(code).line_fields)


_CHOICE_ZH = re.compile(r"([0-9A-Z]{1,4}) (\S.*)")


@functools.cache
def choices(field: Field) -> Mapping[str, Text]:
    """The codes that the catalogue's note lists (`1 新增，2 变更，3 删除`), with their words; empty: it lists none."""
    zh = [_CHOICE_ZH.fullmatch(part) for part in field.note.zh.split("，")]
    en = [_CHOICE_ZH.fullmatch(part) for part in field.note.en.split(", ")]
    longest = field.max_length or 0
    if len(zh) != len(en) or not all(zh) or not all(en):
        return {}
    pairs = [(one[1], Text(one[2], other[2])) for one, other in zip(zh, en, strict=True) if one and other]
    if any(len(code) != longest for code, _ in pairs) or longest > 4:
        return {}
    return dict(pairs)


def time_form(field: Field) -> str:
    """`yyyyMMddHHmmss` or `yyyyMMdd` where the catalogue says that a field is a time or day; else empty."""
    found = re.match(r"yyyyMMdd(HHmmss)?", field.note.en)
    return found[0] if found else ""
