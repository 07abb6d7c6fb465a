"""What the pages of a person's own allowance ask for; what is wrong is said beside the field."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from silkgate.casework.api import LONGEST_REASON, SHORTEST_REASON, Case, Move
from silkgate.clearance.engine.match import valid_id_number
from silkgate.ui.templatetags.ui import text
from silkgate.ui.words import spoken

_SHORT = spoken(
    f"请至少写{SHORTEST_REASON}个字，关员会看到。",
    f"Write at least {SHORTEST_REASON} characters; the officer reads it.",
)
_LONG = spoken(f"最多{LONGEST_REASON}个字。", f"At most {LONGEST_REASON} characters.")
_PAPER_HELP = spoken(
    "可不选。PDF、PNG、JPEG等，例如收到的短信、快递面单的照片。",
    "May be left out. PDF, PNG, JPEG: a text message, a picture of the label.",
)


class ClaimForm(forms.Form):
    """Who one is, and a parcel of one's own."""

    id_number = forms.CharField(
        label=spoken("公民身份号码", "Identity number"),
        help_text=spoken("18位，末位可以是X。", "18 characters; the last may be X."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={
            "required": spoken("请填写公民身份号码。", "Give your identity number."),
            "max_length": spoken("身份号码为18位。", "An identity number has 18 characters."),
        },
    )
    name = forms.CharField(
        label=spoken("姓名", "Name"),
        help_text=spoken("与购物平台实名认证的一致。", "As the shopping platform has it."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": spoken("请填写姓名。", "Give your name."),
            "max_length": spoken("姓名最多60个字。", "A name has at most 60 characters."),
        },
    )
    parcel = forms.CharField(
        label=spoken("一个跨境包裹的订单号或运单号", "Order or waybill number of one of your parcels"),
        help_text=spoken(
            "在购物平台的订单详情或快递面单上，任选一个本年度收到的。",
            "In the order’s details on the platform or on the label; any one you know of.",
        ),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        error_messages={
            "required": spoken("请填写一个订单号或运单号。", "Give an order or waybill number."),
            "max_length": spoken("单号最多60个字。", "A number has at most 60 characters."),
        },
    )

    def __init__(self, day: date, *given: Any) -> None:
        super().__init__(*given)
        self._day = day

    def clean_id_number(self) -> str:
        """As GB 11643 writes it: no spaces, a capital X."""
        number = str(self.cleaned_data["id_number"]).replace(" ", "").upper()
        if not valid_id_number(number, self._day):
            raise forms.ValidationError(
                spoken(
                    "身份号码应为18位，请核对：出生日期和校验位与号码不符。",
                    "That is no identity number: 18 characters, a real birth date, the right last one. Check it.",
                )
            )
        return number


class ObjectionForm(forms.Form):
    """Why this was not oneself, and perhaps a paper."""

    statement = forms.CharField(
        label=spoken("情况说明", "What happened"),
        help_text=spoken(
            "例如：没有在该平台购物，没有收到包裹。请不要写与此无关的个人信息。",
            "Such as: I never bought there, no parcel came. Leave out personal data that is not needed.",
        ),
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _SHORT, "min_length": _SHORT, "max_length": _LONG},
    )
    paper = forms.FileField(
        label=spoken("附件", "A paper"), help_text=_PAPER_HELP, required=False, allow_empty_file=True
    )


class StepForm(forms.Form):
    """One of the moves that the person may make now."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    move = forms.ChoiceField(
        label=spoken("您要做什么", "What do you want to do"),
        widget=forms.RadioSelect,
        error_messages={
            "required": spoken("请选择一项。", "Choose one."),
            "invalid_choice": spoken("请选择一项。", "Choose one."),
        },
    )
    reason = forms.CharField(
        label=spoken("说明", "Explanation"),
        help_text=spoken("撤回时可以不填。", "May be left out when you withdraw."),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": _LONG},
    )
    paper = forms.FileField(
        label=spoken("附件", "A paper"), help_text=_PAPER_HELP, required=False, allow_empty_file=True
    )

    def __init__(self, case: Case, moves: tuple[Move, ...], *given: Any) -> None:
        super().__init__(*given, initial={"version": case.version})
        self._moves = {move.name: move for move in moves}
        self.fields["move"].choices = [(move.name, text(move.words)) for move in moves]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """An explanation where the chosen move asks for one."""
        cleaned = super().clean() or self.cleaned_data
        chosen = self._moves.get(cleaned.get("move", ""))
        if chosen and chosen.reason and len(cleaned.get("reason", "").strip()) < SHORTEST_REASON:
            self.add_error("reason", _SHORT)
        return cleaned


def papers_of(upload: UploadedFile | None, max_bytes: int) -> list[tuple[str, bytes]]:
    """Name and bytes of what a form brought; a byte more than the limit where there are more, so that it is told."""
    return [(upload.name or "", bytes(upload.read(max_bytes + 1)))] if upload else []
