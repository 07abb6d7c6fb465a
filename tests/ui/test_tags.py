"""Template tags: both languages, everything escaped, sums that add up."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from silkgate.kernel.text import Text
from silkgate.ui import shapes
from silkgate.ui.formats import masked

WHEN = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)


def _render(source: str, language: str = "zh-hans", **values: object) -> str:
    with translation.override(language):
        return re.sub(r"\s+", " ", Template("{% load ui %}" + source).render(Context(values))).strip()


@pytest.fixture(params=["zh-hans", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize(
    ("source", "zh", "en"),
    [
        ('{% say "放行" "Released" %}', "放行", "Released"),
        ('{% say "共{n}票" "{n} in all" n=n %}', "共3票", "3 in all"),
        ('{% say "“{t}”" "{t}" t=unsafe %}', "“&lt;b&gt;{n}”", "&lt;b&gt;{n}"),
        ("{{ sentence|text }}", "等待", "Waiting"),
        ("{{ sentence|other_language }}", "Waiting", "等待"),
        ("{{ nothing|text }}{{ nothing|yuan }}{{ nothing|moment }}{{ nothing|quantity:sentence }}", "", ""),
        ("{{ cents|yuan }}", "¥1,234.50", "¥1,234.50"),
        ("{{ e5|yuan_e5 }} {{ e5|decimal }} {{ rate|percent }}", "¥12.345 12.345 9.1%", "¥12.345 12.345 9.1%"),
        ("{{ e5|quantity:unit }}", "12.345千克", "12.345 kg"),
        (
            "{{ day|day }}",
            '<time datetime="2019-01-01">2019-01-01</time>',
            '<time datetime="2019-01-01">2019-01-01</time>',
        ),
    ],
)
def test_words_and_numbers(source: str, zh: str, en: str) -> None:
    values = {
        "n": 3, "unsafe": "<b>{n}", "sentence": Text("等待", "Waiting"), "nothing": None, "cents": 123_450,
        "e5": 1_234_500, "rate": 9_100, "unit": Text("千克", "kg"), "day": date(2019, 1, 1),
    }  # fmt: skip
    assert _render(source, "zh-hans", **values) == zh
    assert _render(source, "en", **values) == en


def test_a_moment_says_its_zone_and_stays_machine_readable() -> None:
    shown = _render("{{ when|moment }}", when=WHEN)
    assert 'datetime="2026-11-23T02:00:00+00:00"' in shown
    assert ">2026-11-23 10:00:00 +08:00<" in shown
    assert ">10:00:00<" in _render('{{ when|moment:"clock" }}', when=WHEN)


def test_a_state_is_never_colour_alone(language: str) -> None:
    shown = _render('{% declaration_mark "500" %}', language)
    assert "mark-held" in shown
    assert "<svg" in shown
    assert ("查验" if language.startswith("zh") else "Inspection") in shown


def test_a_code_is_escaped_and_copyable() -> None:
    assert _render("{% code value %}", value="A<1>") == '<code class="code" data-copy>A&lt;1&gt;</code>'
    assert _render("{% code value %}", value="") == ""


def test_the_decision_panel_names_everything_a_person_can_act_on(language: str) -> None:
    law = shapes.Law(
        Text("财关税〔2018〕49号", "Notice 2018 No. 49"), date(2019, 1, 1), "/rules/limit.single", verified=False
    )
    reason = shapes.Reason(
        "limit.single", Text("不得超过5,000元。", "At most ¥5,000."),
        Text("完税价格", "Dutiable value"), "totalPrice", 2,
        "¥5,120.00", "≤ ¥5,000.00", law, Text("减少¥120.00。", "Lower it by ¥120.00."),
    )  # fmt: skip
    decision = shapes.Decision(
        "-621005", Text("超限。", "Above the limit."), (reason,), Text("引擎", "Engine"), WHEN, "#record"
    )
    shown = _render("{% decision_panel decision %}", language, decision=decision)
    both_languages = ["不得超过5,000元。", "At most ¥5,000."]
    facts = [
        "-621005",
        "totalPrice",
        "¥5,120.00",
        "≤ ¥5,000.00",
        "2019-01-01",
        "/rules/limit.single",
        "limit.single",
        "#record",
    ]
    assert [word for word in both_languages + facts if word not in shown] == []
    assert ("减少¥120.00。" if language.startswith("zh") else "Lower it by ¥120.00.") in shown
    assert ("待核实" if language.startswith("zh") else "not yet verified") in shown


def test_differences_are_marked_in_place_and_said_in_words() -> None:
    sources = (shapes.Source(Text("清单", "Declaration"), "I1"), shapes.Source(Text("运单", "Waybill"), missing=True))
    row = shapes.compare(Text("姓名", "Name"), ("李明华", "李明花"), "buyerName")
    table = shapes.Comparison(sources, (shapes.ComparisonGroup(Text("订购人", "Buyer"), (row,)),))
    shown = _render("{% comparison table %}", table=table)
    assert "李明<mark>花</mark>" in shown
    assert "1处不一致" in shown
    assert "未到" in shown
    assert "未发现不一致" in _render("{% comparison table %}", table=shapes.Comparison(sources, ()))


@pytest.mark.parametrize(
    ("values", "reference", "differs"),
    [
        (("12.00", "12"), None, (False, True)),
        (("12.00", "12"), 1, (True, False)),
        (("12.00", None), 1, (False, False)),
        ((None, "12", "12"), None, (False, False, False)),
        (("", "12"), None, (False, True)),
        (("a", "b", "a"), None, (False, True, False)),
        (("a", "b", "b"), 1, (True, False, False)),
    ],
)
def test_what_counts_as_a_difference(
    values: tuple[str | None, ...], reference: int | None, differs: tuple[bool, ...]
) -> None:
    row = shapes.compare(Text("金额", "Amount"), values, reference=reference)
    assert tuple(cell.differs for cell in row.cells) == differs
    assert row.differs == any(differs)


def test_a_comparison_knows_equal_numbers_and_shows_no_more_than_it_may() -> None:
    def numbers(one: str, other: str) -> bool:
        return Decimal(one) == Decimal(other)

    assert not shapes.compare(Text("金额", "Amount"), ("12.00", "12"), same=numbers).differs
    row = shapes.compare(Text("姓名", "Name"), ("李明华", "李晓华"), shown=masked)
    assert row.differs
    assert ["".join(str(part.text) for part in cell.parts) for cell in row.cells] == ["李*华", "李*华"]


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=2, max_size=5))
def test_sums_show_the_parts_that_make_them(parts: list[int]) -> None:
    table = shapes.MoneyTable(Text("税", "Tax"), (), (shapes.MoneySum(Text("合计", "Sum"), tuple(parts)),))
    shown = re.findall(r"¥([\d,]+)\.(\d\d)", _render("{% money_table table %}", table=table))
    amounts = [int(whole.replace(",", "") + fraction) for whole, fraction in shown]
    assert amounts == [*parts, sum(parts)]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_balance_bar_never_leaves_its_frame(used: int, reserved: int, free: int) -> None:
    balance = shapes.Balance(Text("额度", "Allowance"), used, reserved, free, "a", "b", "c")
    assert 0 <= balance.permille(used) + balance.permille(reserved) <= 1000


class ReasonForm(forms.Form):
    reason = forms.CharField(label="理由", min_length=4, widget=forms.Textarea)


def test_errors_stand_on_top_and_lead_to_their_field() -> None:
    form = ReasonForm({"reason": "<x"})
    shown = _render("{% error_summary form %}{% field form.reason %}", form=form)
    assert 'href="#id_reason"' in shown
    assert 'id="id_reason"' in shown
    assert "&lt;x" in shown, "answers are kept"
    assert _render("{% error_summary form %}", form=ReasonForm()) == ""
