"""Forms made of what `reference/registry` declares; what is wrong is judged by the registry and told at its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from silkgate.kernel.text import Text
from silkgate.registry.bulk import MAX_ROWS, MAX_SHEET_BYTES
from silkgate.registry.declared import asked_of, declared
from silkgate.registry.domain import Asked
from silkgate.registry.goods import GOODS_FIELDS, LENGTHS, NEEDED
from silkgate.registry.permits import KINDS
from silkgate.registry.rules import LONGEST_REASON, LONGEST_RULE, MAX_LONG_TEXT, MAX_TEXT
from silkgate.tariff.api import codes
from silkgate.ui.forms import Judged
from silkgate.ui.words import spoken

_CHOOSE = spoken("请选择", "Choose")


def _spoken(words: Text) -> str:
    return spoken(words.zh, words.en)


def _optional(words: Text) -> str:
    return spoken(f"{words.zh}（选填）", f"{words.en} (optional)")


def _control(asked: Asked) -> forms.Field:
    field = asked.field
    label = _spoken(field.words) if asked.needed or field.kind == "promise" else _optional(field.words)
    options: dict[str, Any] = {
        "label": label,
        "required": False,
        "help_text": _spoken(field.help) if field.help else "",
    }
    if field.kind == "promise":
        return forms.CharField(**options, widget=forms.CheckboxInput(attrs={"value": "yes"}, check_test=bool))
    if field.kind in {"choice", "country"}:
        listed = field.choices if field.kind == "choice" else codes("countries")
        choices = [("", _CHOOSE), *((key, _spoken(words)) for key, words in listed.items())]
        return forms.CharField(**options, widget=forms.Select(choices=choices))
    if field.kind == "long_text":
        return forms.CharField(**options, widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_LONG_TEXT}))
    kinds = {"date": "date", "email": "email", "phone": "tel", "url": "url"}
    widget = forms.TextInput(
        attrs={"type": kinds.get(field.kind, "text"), "maxlength": MAX_TEXT, "autocomplete": "off"}
    )
    return forms.CharField(**options, widget=widget)


class FilingForm(Judged):
    """The answers that an application for some roles is asked for."""

    def __init__(self, roles: Iterable[str], given: Any = None, initial: Mapping[str, str] | None = None) -> None:
        super().__init__(given, initial=dict(initial or {}))
        self.asked = asked_of(roles)
        for item in self.asked:
            self.fields[item.field.key] = _control(item)

    def answers(self) -> dict[str, str]:
        """Answers as text; a promise is `yes` or left out."""
        promises = {item.field.key for item in self.asked if item.field.kind == "promise"}
        given = super().answers()
        return {key: "yes" if key in promises else value for key, value in given.items() if value != "False"}

    def groups(self) -> list[tuple[Text | None, list[Any]]]:
        """Bound fields under the role that asks for them, common ones first; the promise comes last of all."""
        grouped: dict[str, list[Any]] = {}
        for item in self.asked:
            if item.field.kind != "promise":
                grouped.setdefault(item.role, []).append(self[item.field.key])
        roles = declared().roles
        return [(roles[role].words if role else None, bound) for role, bound in grouped.items()]

    def promises(self) -> list[Any]:
        """Bound fields that are ticked."""
        return [self[item.field.key] for item in self.asked if item.field.kind == "promise"]


class ReasonForm(Judged):
    """A reason and the rule that it rests on."""

    reason = forms.CharField(
        label=spoken("理由", "Reason"),
        help_text=spoken("企业会看到。", "The enterprise reads it."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_REASON}),
    )
    rule = forms.CharField(
        label=spoken("依据", "Rule"),
        help_text=spoken("法规名称和条款", "Name of the text, and article"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": LONGEST_RULE}),
    )


class StandingForm(ReasonForm):
    """Suspend, resume or cancel."""

    kind = forms.CharField(label=spoken("提议", "Proposal"), required=False, widget=forms.RadioSelect)
    field_order = ("kind", "reason", "rule")

    def __init__(self, choices: Iterable[tuple[str, Text]], given: Any = None) -> None:
        super().__init__(given)
        self.fields["kind"].widget.choices = [(key, _spoken(words)) for key, words in choices]  # type: ignore[attr-defined]


class ClassForm(ReasonForm):
    """A credit class from a day on."""

    name = forms.CharField(label=spoken("类别", "Class"), required=False, widget=forms.Select)
    since = forms.CharField(
        label=spoken("自何日起", "From"), required=False, widget=forms.TextInput(attrs={"type": "date"})
    )
    field_order = ("name", "since", "reason", "rule")

    def __init__(self, schemes: Iterable[Any], given: Any = None, initial: Any = None) -> None:
        super().__init__(given, initial=initial)
        listed = [
            (f"{scheme.key}/{key}", spoken(f"{words.zh}（{scheme.words.zh}）", f"{words.en} ({scheme.words.en})"))
            for scheme in schemes
            for key, words in scheme.classes.items()
        ]
        self.fields["name"].widget.choices = [("", _CHOOSE), *listed]  # type: ignore[attr-defined]


class ItemForm(Judged):
    """One item of goods."""

    def __init__(self, given: Any = None, initial: Mapping[str, str] | None = None) -> None:
        super().__init__(given, initial=dict(initial or {}))
        for key, words in GOODS_FIELDS.items():
            label = _spoken(words) if key in NEEDED else _optional(words)
            most = {"maxlength": LENGTHS.get(key, MAX_TEXT)}
            widget: forms.Widget = forms.TextInput(attrs={**most, "autocomplete": "off"})
            if key in {"composition", "label"}:
                widget = forms.Textarea(attrs={"rows": 2, **most})
            elif key in {"origin", "unit"}:
                table = codes("countries" if key == "origin" else "units")
                widget = forms.Select(
                    choices=[("", _CHOOSE), *((code, _spoken(words)) for code, words in table.items())]
                )
            self.fields[key] = forms.CharField(label=label, required=False, widget=widget)


class TableForm(Judged):
    """A table of goods."""

    table = forms.FileField(
        label=spoken("上传商品表格", "Upload a table of goods"),
        help_text=spoken(
            f"XLSX或CSV，至多{MAX_ROWS:,}行、{MAX_SHEET_BYTES // 2**20}MB；第一行是列名，不能有公式和宏。",
            f"XLSX or CSV, at most {MAX_ROWS:,} rows and {MAX_SHEET_BYTES // 2**20} MB; the first line names the"
            " columns; no formulas, no macros.",
        ),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class PermitForm(Judged):
    """A permit to enter."""

    number = forms.CharField(label=spoken("许可证号", "Number"), required=False)
    kind = forms.CharField(label=spoken("种类", "Kind"), required=False, widget=forms.Select)
    holder_code = forms.CharField(label=spoken("持有人代码", "Code of the holder"), required=False)
    goods = forms.CharField(
        label=spoken("批准的货物", "Goods approved"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    hs_prefixes = forms.CharField(
        label=spoken("商品编码", "HS codes"),
        help_text=spoken("2至10位，多个用逗号分开", "2 to 10 digits; several are separated by commas"),
        required=False,
    )
    quantity = forms.CharField(label=spoken("批准数量", "Quantity approved"), required=False)
    unit = forms.CharField(label=spoken("计量单位", "Unit"), required=False, widget=forms.Select)
    valid_from = forms.CharField(
        label=spoken("有效期起", "Valid from"), required=False, widget=forms.TextInput(attrs={"type": "date"})
    )
    valid_to = forms.CharField(
        label=spoken("有效期止", "Valid to"), required=False, widget=forms.TextInput(attrs={"type": "date"})
    )

    def __init__(self, given: Any = None) -> None:
        super().__init__(given)
        for name, table in (("kind", KINDS), ("unit", codes("units"))):
            choices = [("", _CHOOSE), *((key, _spoken(words)) for key, words in table.items())]
            self.fields[name].widget.choices = choices  # type: ignore[attr-defined]


class UseForm(Judged):
    """A part of a permit that is used."""

    quantity = forms.CharField(label=spoken("使用数量", "Quantity used"), required=False)
    reference = forms.CharField(
        label=spoken("用于", "Used for"),
        help_text=spoken("如报关单或清单编号；一个编号只能用一次", "Such as a declaration’s number; each counts once"),
        required=False,
    )
