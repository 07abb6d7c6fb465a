"""Forms of the market; what is typed is judged by `rules` and told at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from silkgate.kernel.text import Text
from silkgate.programmes.domain import (
    CURRENCIES,
    FORMS,
    LANGUAGES,
    QUOTE,
    STARS,
    UNITS,
    Move,
    Price,
    Terms,
    refused,
)
from silkgate.programmes.kinds import kinds
from silkgate.programmes.rules import LONGEST_REASON, MAX_LINE, MAX_TEXT, MAX_TITLE
from silkgate.ui.forms import Judged
from silkgate.ui.templatetags.ui import text
from silkgate.ui.words import spoken

_CHOOSE = spoken("请选择", "Choose")


def seen_version(answers: Mapping[str, str]) -> int:
    """The version that the page was made for; 0, which is none, where it says nothing usable."""
    given = answers.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _words(words: Text) -> str:
    return spoken(words.zh, words.en)


def _choices(listed: Mapping[str, Text]) -> list[tuple[str, str]]:
    return [("", _CHOOSE), *((key, _words(words)) for key, words in listed.items())]


def _line(label: str, longest: int = MAX_LINE, help_text: str = "", **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"maxlength": longest, "size": min(longest, 40), "autocomplete": "off", **attrs})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _prose(label: str, help_text: str = "", rows: int = 4, longest: int = MAX_TEXT) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "maxlength": longest})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _day(label: str, help_text: str = "") -> forms.CharField:
    return _line(label, 10, help_text, type="date")


def _select(label: str, listed: Mapping[str, Text], help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, help_text=help_text, widget=forms.Select(choices=_choices(listed))
    )


class _PriceForm(Judged):
    """Fields of a price."""

    price_form = _select(spoken("计价方式", "How it is priced"), FORMS)
    price = _line(
        spoken("单价或总价", "Price"),
        12,
        spoken("如3.50；面议不填", "Such as 3.50; empty by quotation"),
        inputmode="decimal",
    )
    currency = forms.CharField(
        label=spoken("币种", "Currency"),
        required=False,
        initial="CNY",
        widget=forms.Select(choices=[(code, code) for code in CURRENCIES]),
    )
    tax_included = forms.CharField(
        label=spoken("税", "Tax"),
        required=False,
        initial="yes",
        widget=forms.Select(choices=[("yes", spoken("含税", "Tax included")), ("no", spoken("不含税", "Before tax"))]),
    )


def price_initial(price: Price) -> dict[str, str]:
    """A price as its fields hold it."""
    cents = price.cents
    return {
        "price_form": price.form,
        "price": "" if cents is None else f"{cents // 100}.{cents % 100:02d}",
        "currency": price.currency,
        "tax_included": "yes" if price.tax_included else "no",
    }


class ServiceForm(_PriceForm):
    """What a provider offers."""

    kind = _select(spoken("类别", "Kind"), {})
    title_zh = _line(spoken("名称（中文）", "Name, in Chinese"), MAX_TITLE)
    title_en = _line(spoken("名称（英文）", "Name, in English"), MAX_TITLE)
    about_zh = _prose(spoken("服务内容（中文）", "What is done, in Chinese"))
    about_en = _prose(
        spoken("服务内容（英文，选填）", "What is done, in English (optional)"),
        spoken("不填则英文页显示中文", "Without it, English pages show the Chinese"),
    )
    conditions_zh = _prose(spoken("条款（中文）", "Terms, in Chinese"), rows=3)
    conditions_en = _prose(spoken("条款（英文，选填）", "Terms, in English (optional)"), rows=3)
    area_zh = _line(
        spoken("服务区域（中文）", "Area served, in Chinese"), help_text=spoken("如郑州、全国", "Such as 郑州、全国")
    )
    area_en = _line(
        spoken("服务区域（英文，选填）", "Area served, in English (optional)"),
        help_text=spoken("如all of China", "Such as Zhengzhou, all of China"),
    )
    languages = forms.MultipleChoiceField(
        label=spoken("服务语言", "Languages"),
        required=False,
        choices=[(key, _words(words)) for key, words in LANGUAGES.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    capacity_zh = _line(
        spoken("服务能力（中文，选填）", "Capacity, in Chinese (optional)"),
        help_text=spoken("如每日5000件", "Such as 每日5000件"),
    )
    capacity_en = _line(
        spoken("服务能力（英文，选填）", "Capacity, in English (optional)"),
        help_text=spoken("如5,000 parcels a day", "Such as 5,000 parcels a day"),
    )
    valid_from = _day(spoken("有效期起", "Valid from"))
    valid_to = _day(spoken("有效期止（选填）", "Valid to (optional)"))
    version = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = (
        "kind", "title_zh", "title_en", "about_zh", "about_en", "price_form", "price", "currency", "tax_included",
        "conditions_zh", "conditions_en", "area_zh", "area_en", "languages", "capacity_zh", "capacity_en",
        "valid_from", "valid_to", "version",
    )  # fmt: skip

    def __init__(self, given: Any = None, initial: Mapping[str, Any] | None = None, *, fixed: bool = False) -> None:
        super().__init__(given, initial=dict(initial or {}))
        listed = {key: kind.words for key, kind in kinds().items()}
        self.fields["kind"].widget.choices = _choices(listed)  # type: ignore[attr-defined]
        if fixed:
            del self.fields["kind"]
        else:
            del self.fields["version"]


def _both(field: str, words: Text) -> dict[str, str]:
    """A text whose English was perhaps left out."""
    return {f"{field}_zh": words.zh, f"{field}_en": words.en if words.en != words.zh else ""}


def service_initial(terms: Terms) -> dict[str, Any]:
    """The terms of a service as its form holds them."""
    return {
        "title_zh": terms.title.zh,
        "title_en": terms.title.en,
        **_both("about", terms.about),
        **_both("conditions", terms.conditions),
        **_both("area", terms.area),
        "languages": list(terms.languages),
        **_both("capacity", terms.capacity),
        "valid_from": terms.valid_from.isoformat(),
        "valid_to": terms.valid_to.isoformat() if terms.valid_to else "",
        **price_initial(terms.price),
    }


class EnquiryForm(Judged):
    """What a buyer asks for."""

    organisation = forms.CharField(label=spoken("以哪个单位的名义", "For which organisation"), required=False)
    what = _prose(
        spoken("需要什么", "What is needed"),
        spoken("货物、路线、时间等，写得越具体，报价越准", "Goods, route, times: the clearer, the better the offer"),
    )
    quantity = _line(spoken("数量", "Quantity"), 12, inputmode="numeric")
    needed_by = _day(spoken("希望何时完成", "Needed by"))

    def __init__(self, codes: Mapping[str, str], price_form: str, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        choices = [(code, f"{name} · {code}") for code, name in codes.items()]
        if len(choices) == 1:
            self.fields["organisation"].initial = choices[0][0]
            self.fields["organisation"].widget = forms.HiddenInput()
        else:
            self.fields["organisation"].widget = forms.Select(choices=[("", _CHOOSE), *choices])
        unit = UNITS[price_form].many
        self.fields["quantity"].label = spoken(f"数量（{unit.zh}）", f"Quantity ({unit.en})")


class OfferForm(_PriceForm):
    """What a provider offers for an enquiry."""

    quantity = _line(
        spoken("数量", "Quantity"),
        12,
        spoken("按件、千克或月计价时，总价＝单价×数量", "Per parcel, kg or month the total is price × quantity"),
        inputmode="numeric",
    )
    conditions = _prose(spoken("报价条款", "Terms of the offer"), rows=3)
    deliver_by = _day(spoken("何时交付", "Delivered by"))
    valid_until = _day(spoken("报价有效期至", "Offer valid until"), spoken("含当日", "That day included"))
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["price"].help_text = spoken("如3.50", "Such as 3.50")
        listed = {key: words for key, words in FORMS.items() if key != QUOTE}
        self.fields["price_form"].widget.choices = _choices(listed)  # type: ignore[attr-defined]


class MoveForm(Judged):
    """One of the steps that may be taken now."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)
    move = forms.CharField(label=spoken("选择步骤", "What to do"), required=False, widget=forms.RadioSelect)
    reason = _prose(
        spoken("理由或说明", "Reason or explanation"), spoken("对方会看到。", "The other side reads it."), rows=3,
        longest=LONGEST_REASON,
    )  # fmt: skip
    rule = _line(spoken("依据（选填）", "Rule (optional)"), 300)

    def __init__(self, moves: Iterable[Move], version: int, given: Any = None, *, decides: bool = False) -> None:
        super().__init__(given, initial={"version": version})
        possible = {move.name: move for move in moves}
        # To make an offer takes a page of its own.
        self.may_offer = possible.pop("offer", None) is not None
        self.moves = tuple(possible.values())
        self.fields["move"].widget.choices = [(move.name, text(move.words)) for move in self.moves]  # type: ignore[attr-defined]
        if not decides:
            del self.fields["rule"]
        if not any(move.reason for move in self.moves):
            self.fields["reason"].label = spoken("说明（选填）", "Explanation (optional)")

    def chosen(self) -> str:
        """The step that was chosen. Raises Refused where none was."""
        move = self.answers().get("move", "")
        if not move:
            raise refused("请选择要办理的步骤。", "Choose what to do.", "move")
        return move


class ReviewForm(Judged):
    """Stars and words."""

    stars = forms.CharField(
        label=spoken("满意程度", "How satisfied"),
        required=False,
        widget=forms.RadioSelect(
            choices=[(str(level), spoken(f"{level}星 {w.zh}", f"{level} – {w.en}")) for level, w in STARS.items()]
        ),
    )
    words = _prose(
        spoken("评价", "Review"),
        spoken("公开显示，提交后不能修改。", "Everybody reads it; it cannot be changed."),
        rows=3,
        longest=LONGEST_REASON,
    )


class AnswerForm(Judged):
    """The provider's answer to a review."""

    answer = _prose(
        spoken("答复评价", "Answer the review"),
        spoken("公开显示，提交后不能修改。", "Everybody reads it; it cannot be changed."),
        rows=3,
        longest=LONGEST_REASON,
    )


class ServedForm(Judged):
    """Declarations that an order served."""

    references = _prose(
        spoken("清单编号或运单号", "Declaration or waybill numbers"),
        spoken("每行一个，须是需求方的清单。", "One a line; they must be the buyer’s."),
        rows=3,
        longest=12_000,
    )
