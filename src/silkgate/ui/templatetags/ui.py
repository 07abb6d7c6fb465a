"""Template tags of the visual language. `{% load ui %}`; both languages stand at the place of use."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import RadioSelect
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from silkgate.kernel.text import Text
from silkgate.ui import formats, shapes, states

register = template.Library()


def _language() -> str:
    return get_language() or "zh-hans"


@register.simple_tag
def say(zh: str, en: str, **values: object) -> str:
    """`{% say "共{n}票" "{n} in all" n=count %}`: the sentence in the reader's language, `{name}` fields filled in.

    Literals of a template are trusted as written; values are escaped.
    """
    sentence = conditional_escape(Text(zh, en).in_language(_language()))
    if not values:
        return sentence
    escaped = {name: conditional_escape(value) for name, value in values.items()}
    return SafeString(sentence.format(**escaped))


@register.filter
def text(value: Text | str | None) -> str:
    """A `Text` in the reader's language; a plain string as it is; None as nothing."""
    if value is None:
        return ""
    return value.in_language(_language()) if isinstance(value, Text) else str(value)


@register.filter
def other_language(value: Text | None) -> str:
    """A `Text` in the language that the reader has not chosen, for sentences of law shown in both."""
    if value is None:
        return ""
    return value.en if _language().startswith("zh") else value.zh


@register.simple_tag
def other_lang_code() -> str:
    """The `lang` attribute that belongs to `other_language`."""
    return "en" if _language().startswith("zh") else "zh-Hans"


@register.simple_tag
def page_language() -> str:
    """The `lang` attribute of the page."""
    return "zh-Hans" if _language().startswith("zh") else "en"


@register.filter
def yuan(amount_cents: int | None) -> str:
    """Cents as `¥1,234.50`; nothing for None."""
    return "" if amount_cents is None else formats.yuan(amount_cents)


@register.filter
def yuan_e5(amount_e5: int | None) -> str:
    """Micro-units as `¥1,234.50`, with more decimals where there are more."""
    return "" if amount_e5 is None else formats.yuan_e5(amount_e5)


@register.filter
def decimal(value_e5: int | None) -> str:
    """Micro-units as a number without trailing zeros."""
    return "" if value_e5 is None else formats.decimal(value_e5)


@register.filter
def grouped(value: int | None) -> str:
    """A count with thousands separated."""
    return "" if value is None else formats.grouped(value)


@register.filter
def plain(value: object) -> str:
    """A figure of law as it is written: numbers without trailing zeros, yes and no in words, codes with commas."""
    if isinstance(value, bool):
        return Text("是" if value else "否", "yes" if value else "no").in_language(_language())
    if isinstance(value, int):
        return formats.grouped(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if isinstance(value, tuple):
        return Text("、", ", ").in_language(_language()).join(str(part) for part in value)
    return str(value)


@register.filter
def percent(rate_e5: int | None) -> str:
    """A rate in micro-units as per cent."""
    return "" if rate_e5 is None else formats.percent(rate_e5)


@register.filter
def quantity(value_e5: int | None, unit: Text | str) -> str:
    """Micro-units with their unit: `2件`, `1.5 kg`."""
    return "" if value_e5 is None else formats.quantity(value_e5, unit, _language())


@register.filter
def moment(when: datetime | None, form: str = "full") -> str:
    """A `<time>`: `2026-11-23 10:00:00 +08:00`, or `"clock"`: the time of day, under a heading that names the zone."""
    if when is None:
        return ""
    shown = formats.clock(when) if form == "clock" else formats.moment(when)
    stamp = when.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, formats.moment(when), shown)


@register.filter
def day(when: date | datetime | None) -> str:
    """A `<time>` of a calendar day, `2026-11-23`."""
    return "" if when is None else format_html('<time datetime="{0}">{0}</time>', formats.day(when))


@register.inclusion_tag("ui/shapes/state.html")
def declaration_mark(status: str | int) -> dict[str, Any]:
    """Word, shape and colour of a declaration's status."""
    return {"state": states.declaration_state(status)}


@register.inclusion_tag("ui/shapes/state.html")
def message_mark(outcome: str) -> dict[str, Any]:
    """Word, shape and colour of a message's outcome."""
    return {"state": states.message_state(outcome)}


@register.inclusion_tag("ui/shapes/state.html")
def marked(mark: str, words: Text) -> dict[str, Any]:
    """Word, shape and colour of a state that only one room knows."""
    return {"state": {"mark": mark, "name": words}}


@register.inclusion_tag("ui/shapes/shape.html")
def shape(mark: str) -> dict[str, Any]:
    """Only the shape of one of the five marks, for headings that carry the word themselves."""
    return {"mark": mark}


@register.simple_tag
def code(value: str | None) -> str:
    """A number of a document, monospaced; one click copies it where JavaScript runs."""
    return format_html('<code class="code" data-copy>{}</code>', value) if value else ""


@register.inclusion_tag("ui/shapes/decision.html")
def decision_panel(decision: shapes.Decision, heading: str = "h2") -> dict[str, Any]:
    """What was decided, why, who and when."""
    return {"decision": decision, "state": states.declaration_state(decision.status), "heading": heading}


@register.inclusion_tag("ui/shapes/reasons.html")
def reasons(found: tuple[shapes.Reason, ...], mark: str = "refused") -> dict[str, Any]:
    """Findings explained: field, found, needed, rule, law, nearest change. `mark` says whether they refuse."""
    return {"reasons": found, "wrong": mark == "refused"}


@register.inclusion_tag("ui/shapes/law.html")
def law(source: shapes.Law | None) -> dict[str, Any]:
    """Where a rule is written, with its date."""
    return {"law": source}


@register.inclusion_tag("ui/shapes/comparison.html")
def comparison(table: shapes.Comparison) -> dict[str, Any]:
    """Documents side by side with differences marked in place."""
    goods = [
        (
            group,
            [
                (source, [(row.name, row.cells[place]) for row in group.rows])
                for place, source in enumerate(table.sources[: len(group.rows[0].cells)])
            ],
        )
        for group in table.goods
    ]
    return {"table": table, "columns": len(table.sources) + 1, "goods": goods}


@register.filter
def with_sources(cells: tuple[shapes.Cell, ...], sources: tuple[shapes.Source, ...]) -> list[tuple[Any, Any]]:
    """Each cell of a comparison with the document it belongs to."""
    return list(zip(cells, sources, strict=True))


@register.inclusion_tag("ui/shapes/money.html")
def money_table(table: shapes.MoneyTable) -> dict[str, Any]:
    """Money line by line, with sums whose parts are shown."""
    return {"table": table}


@register.inclusion_tag("ui/shapes/timeline.html")
def timeline(events: tuple[shapes.Event, ...]) -> dict[str, Any]:
    """What happened, oldest first."""
    return {"events": events}


@register.inclusion_tag("ui/shapes/balance.html")
def balance_bar(balance: shapes.Balance) -> dict[str, Any]:
    """Used, reserved and free of one account."""
    used, reserved = balance.permille(balance.used), balance.permille(balance.reserved)
    return {"balance": balance, "used": used, "reserved": reserved, "reserved_end": used + reserved}


@register.inclusion_tag("ui/shapes/chips.html")
def chips(choices: tuple[shapes.Chip, ...], zh: str = "筛选", en: str = "Filter") -> dict[str, Any]:
    """Filters that live in the URL."""
    return {"chips": choices, "label": Text(zh, en)}


@register.inclusion_tag("ui/shapes/pager.html")
def pager(pages: shapes.Pager) -> dict[str, Any]:
    """First and next page of a list."""
    return {"pager": pages}


@register.inclusion_tag("ui/shapes/empty.html")
def empty_state(
    what: Text, next_step: Text | None = None, href: str = "", action: Text | None = None
) -> dict[str, Any]:
    """An empty state that says what to do next."""
    return {"what": what, "next_step": next_step, "href": href, "action": action}


@register.simple_tag
def both(zh: str, en: str) -> Text:
    """A `Text` for another tag: `{% both "没有" "None" as what %}`."""
    return Text(zh, en)


@register.inclusion_tag("ui/shapes/error_summary.html")
def error_summary(form: Any, focus: bool = True) -> dict[str, Any]:
    """Errors of a form on top, each linked to its field; takes the focus, so that it is read first."""
    errors = [
        (form[name].id_for_label or form[name].auto_id, messages)
        for name, messages in form.errors.items()
        if name != "__all__"
    ]
    return {"form": form, "field_errors": errors, "count": len(errors) + len(form.non_field_errors()), "focus": focus}


@register.inclusion_tag("ui/shapes/field.html")
def field(bound: Any) -> dict[str, Any]:
    """One field of a form: label, help, error, control, with the answers kept."""
    return {"field": bound, "multiple": isinstance(bound.field.widget, RadioSelect)}


@register.inclusion_tag("ui/shapes/addition.html")
def addition(bound: Any, zh: str, en: str, name: str, *given: object) -> dict[str, Any]:
    """A form of one field that adds to what stands above it; the button's texts, then the address it is posted to."""
    return {"field": bound, "button": Text(zh, en), "href": reverse(name, args=given)}


_BAR_HEIGHT, _BAR_STEP, _CHART_WIDTH = 20, 32, 640


@register.inclusion_tag("ui/shapes/chart.html")
def chart(figure: shapes.Chart) -> dict[str, Any]:
    """Bars and the same figures as a table."""
    bars = [
        {"bar": bar, "y": index * _BAR_STEP, "width": _CHART_WIDTH * bar.value // figure.greatest}
        for index, bar in enumerate(figure.bars)
    ]
    return {"chart": figure, "bars": bars, "height": max(len(bars) * _BAR_STEP, 1), "bar_height": _BAR_HEIGHT}
