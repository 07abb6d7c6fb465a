"""What the form says of what is typed, and that what it accepts is a message that reads back."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from drafts.made import ORDER, changed
from silkgate.drafts import rules
from silkgate.drafts.domain import (
    AUTOMATIC,
    GROUPS,
    HEAD,
    KINDS,
    Content,
    choices,
    head_fields,
    kind_of,
    line_fields,
    place_of,
    time_form,
)
from silkgate.standards.ceb.catalogue import Field
from silkgate.standards.ceb.message import Transfer
from silkgate.standards.ceb.read import Reader
from silkgate.tariff.api import codes

SENDER = Transfer("41019600E1", "河南云帆跨境电商有限公司", "DXP", "DXPENT0000010001")
GUID = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"
STAMP = "20261123100000"


# --- The catalogue carries the form -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_typed_or_filled_in_by_the_platform(kind: str) -> None:
    known = kind_of(kind)
    typed = {field.name for field in head_fields(kind)} | {field.name for field in line_fields(kind)}
    assert typed | AUTOMATIC >= {field.name for field in (*known.head_fields, *known.line_fields)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_head_field_stands_under_one_heading(kind: str) -> None:
    for field in head_fields(kind):
        assert sum(field.name in group.fields for group in GROUPS) == 1, field.name


def test_codes_that_the_catalogue_lists_are_read_from_it() -> None:
    fields = {field.name: field for kind in KINDS for field in head_fields(kind)}
    assert list(choices(fields["appType"])) == ["1", "2", "3"]
    assert choices(fields["appType"])["3"] == ("删除", "delete")
    assert not choices(fields["orderNo"])
    assert time_form(fields["payTime"]) == "yyyyMMddHHmmss"


# --- What is accepted reads back ----------------------------------------------------------------------------------


def accepted(field: Field, value: str) -> bool:
    return rules.judge_value(HEAD, field, value) is None


@functools.cache
def values(field: Field) -> st.SearchStrategy[str]:
    """Values of every sort; one that the form does not take gives way to one that it does."""
    sorts = [
        st.text(max_size=30),
        st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
        st.integers(min_value=0).map(str),
        st.just(""),
    ]
    table = codes(field.code_table) if field.code_table else choices(field)
    if table:
        sorts.append(st.sampled_from([*table, *(word for words in table.values() for word in words)]))
    if field.max_length:
        sorts.append(st.text("Aä李1 <&>]\u3000\U0001f600", max_size=min(field.max_length, 40)))
    if time_form(field):
        sorts.append(st.sampled_from(["2026-11-23 10:00:00", "20261123100000", "2026-11-23", "20261123"]))
    return st.one_of(*sorts).map(lambda value: value if accepted(field, value) else rules.stand_in(field))


@st.composite
def documents(draw: st.DrawFn, kind: str) -> Content:
    head = {field.name: draw(values(field)) for field in head_fields(kind)}
    lines = [
        {field.name: draw(values(field)) for field in line_fields(kind)}
        for _ in range(draw(st.integers(1, 2)) if kind_of(kind).line else 0)
    ]
    return Content(head, tuple(lines))


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_the_form_accepts_is_valid_and_reads_back(kind: str) -> None:
    names = [field.name for field in head_fields(kind)]
    line_names = [field.name for field in line_fields(kind)]
    reader = Reader({kind: (names, line_names)})

    def back(fields: tuple[Field, ...], part: dict[str, str]) -> list[str]:
        return [rules.plain(field, part[field.name]) for field in fields]

    @settings(max_examples=60, deadline=None)
    @given(documents(kind))
    def check(content: Content) -> None:
        assert rules.judge_values(kind, content) == []
        raw = rules.message(kind, content, SENDER, guid=GUID, document_guid=GUID, at=STAMP)
        message = reader.read(etree.fromstring(raw))
        (document,) = message.documents
        assert list(document.head) == back(head_fields(kind), dict(content.head))
        assert [list(line) for line in document.lines] == [
            back(line_fields(kind), dict(line)) for line in content.lines
        ]

    check()


# --- What is wrong is told, both languages, beside its field -------------------------------------------------------

BAD = [
    ("311", HEAD, "orderNo", "", "订单编号没有填写", "Order number is missing"),
    ("311", HEAD, "orderNo", "9" * 61, "1 至 60 个字符，现有61个", "1 to 60 characters; there are 61"),
    ("311", HEAD, "orderNo", "A\x07B", "控制字符", "characters that cannot be sent"),
    ("311", HEAD, "appType", "7", "应为1（新增）、2（变更）、3（删除）", "must be 1 (new), 2 (change), 3 (delete)"),
    ("311", HEAD, "goodsValue", "abc", "商品价格应为数字", "Goods value must be a number"),
    ("311", HEAD, "goodsValue", "1.234567", "小数最多 5 位", "at most 5 of them decimals"),
    ("311", HEAD, "goodsValue", "1" * 20, "最多 19 位", "at most 19 digits"),
    ("311", HEAD, "goodsValue", "1,23", "应为数字", "must be a number"),
    ("311", HEAD, "currency", "502", "只能是142", "can only be 142"),
    ("311", HEAD, "consigneeDistrict", "4101", "6 个字符，现有4个", "6 characters; there are 4"),
    ("311", place_of(0), "unit", "999", "不在海关代码表中", "not in the customs table"),
    ("311", place_of(0), "country", "Atlantis", "“Atlantis”不在海关代码表中", "“Atlantis” is not in the customs table"),
    ("411", HEAD, "payTime", "yesterday", "如2026-11-23 10:00:00", "such as 2026-11-23 10:00:00"),
    ("411", HEAD, "payTime", "20261301000000", "应为年月日时分秒", "must be a time"),
    ("511", HEAD, "packNo", "1.5", "整数", "a whole number"),
    ("511", HEAD, "packNo", "-1", "整数", "a whole number"),
    ("511", HEAD, "weight", "", "没有填写", "is missing"),
    ("621", HEAD, "declTime", "2026-02-30", "如2026-11-23", "such as 2026-11-23"),
    ("621", HEAD, "customsCode", "99XX", "不在海关代码表中", "not in the customs table"),
    ("621", place_of(0), "gcode", "190110", "10 个字符，现有6个", "10 characters; there are 6"),
]


@pytest.mark.parametrize(("kind", "place", "field", "value", "zh", "en"), BAD)
def test_what_is_wrong_with_a_value(kind: str, place: str, field: str, value: str, zh: str, en: str) -> None:
    content = Content({field: value}, ({},)) if place == HEAD else Content({}, ({field: value},))
    found = [one for one in rules.judge_values(kind, content) if (one.place, one.field) == (place, field)]
    assert len(found) == 1
    assert zh in found[0].what.zh
    assert en in found[0].what.en
    assert found[0].missing == (value == "")


GOOD = [
    ("311", "goodsValue", "1,234.50", "1234.50"),
    ("311", "goodsValue", " ¥360 ", "360"),
    ("311", "goodsValue", "３６０．５", "360.5"),
    ("411", "payTime", "2026-11-23 10:00", "20261123100000"),
    ("621", "declTime", "2026/11/23", "20261123"),
    ("621", "country", "日本", "116"),
    ("621", "country", "france", "305"),
    ("511", "packNo", "001", "1"),
    ("311", "orderNo", "  SL-1 ", "SL-1"),
]


@pytest.mark.parametrize(("kind", "field", "value", "carried"), GOOD)
def test_what_people_type_is_understood(kind: str, field: str, value: str, carried: str) -> None:
    known = next(one for one in head_fields(kind) if one.name == field)
    assert rules.plain(known, value) == carried
    assert rules.judge_value(HEAD, known, value) is None


def test_lines_are_counted() -> None:
    none = rules.judge_values("311", ORDER._replace(lines=()))
    assert [one.what.en for one in none] == ["There must be one line of goods at least."]
    many = rules.judge_values("311", ORDER._replace(lines=ORDER.lines * 100))
    assert "99" in many[-1].what.zh
    assert rules.judge_values("311", changed(ORDER)) == []
