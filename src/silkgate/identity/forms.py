"""What the pages of identity ask for. What was asked wrongly is said beside the field, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django import forms
from django.conf import settings

from silkgate.identity.actions import LONGEST_NAME
from silkgate.identity.domain import ROLES, SCOPES
from silkgate.kernel.text import Text
from silkgate.ui.words import spoken

LONGEST_DELEGATION = timedelta(days=3 * 366)


def _choices(words: Mapping[str, Text]) -> list[tuple[str, str]]:
    return [(key, spoken(*text)) for key, text in words.items()]


class OrganisationForm(forms.Form):
    """Code and name of an organisation."""

    code = forms.CharField(
        label=spoken("统一社会信用代码", "Unified social credit code"),
        help_text=spoken(
            "18位，见营业执照；没有的填10位海关注册编码。",
            "18 characters, on the business licence; without one, the customs code of 10.",
        ),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": spoken("请填写统一社会信用代码。", "Give the unified social credit code."),
            "max_length": spoken("代码为18位（或10位）。", "A code has 18 characters (or 10)."),
        },
    )
    name = forms.CharField(
        label=spoken("单位名称", "Name"),
        help_text=spoken("与营业执照一致。", "As on the business licence."),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "size": "40"}),
        error_messages={
            "required": spoken("请填写单位名称。", "Give the organisation’s name."),
            "max_length": spoken(f"单位名称最多{LONGEST_NAME}字。", f"A name has at most {LONGEST_NAME} characters."),
        },
    )


_ROLE = spoken("请选择角色。", "Choose a role.")


class InvitationForm(forms.Form):
    """The role of whoever is invited."""

    role = forms.ChoiceField(
        label=spoken("角色", "Role"),
        help_text=spoken(
            "负责人可办理全部事项并管理成员；查阅人只能查看。",
            "A representative may do everything and manage members; a reader only looks.",
        ),
        choices=_choices(ROLES),
        widget=forms.RadioSelect,
        error_messages={"required": _ROLE, "invalid_choice": _ROLE},
    )


_SCOPES = spoken("请至少选择一项委托事项。", "Choose at least one thing to delegate.")
_DAY = spoken("请按2026-11-23的格式填写日期。", "Write the date as 2026-11-23.")


class DelegationForm(forms.Form):
    """To whom, what, from which day to which; `today` is the first day that is possible."""

    agent = forms.CharField(
        label=spoken("代理单位代码", "Code of the agent"),
        help_text=spoken("对方须已在平台登记。", "The agent has to be registered here."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": spoken("请填写代理单位的代码。", "Give the agent’s code."),
            "max_length": spoken("代码为18位（或10位）。", "A code has 18 characters (or 10)."),
        },
    )
    scopes = forms.MultipleChoiceField(
        label=spoken("委托事项", "What is delegated"),
        choices=_choices(SCOPES),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _SCOPES, "invalid_choice": _SCOPES},
    )
    since = forms.DateField(
        label=spoken("起始日", "First day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"required": _DAY, "invalid": _DAY},
    )
    until = forms.DateField(
        label=spoken("截止日（含当日）", "Last day (included)"),
        help_text=spoken("最长三年，可随时提前结束。", "At most three years; it can be ended at any time."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"required": _DAY, "invalid": _DAY},
    )

    def __init__(self, *given: Any, today: date, **named: Any) -> None:
        super().__init__(*given, **named)
        self.today = today

    def clean(self) -> dict[str, Any]:
        """The days in their order, within bounds."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and since < self.today:
            self.add_error("since", spoken("起始日不能早于今天。", "The first day is today or later."))
        elif since and until and until < since:
            self.add_error("until", spoken("截止日早于起始日。", "The last day is before the first."))
        elif since and until and until - since > LONGEST_DELEGATION:
            self.add_error("until", spoken("委托最长三年。", "A delegation lasts three years at most."))
        return data


class CertificateForm(forms.Form):
    """A certificate as a file."""

    pem = forms.FileField(
        label=spoken("证书文件（PEM）", "Certificate file (PEM)"),
        help_text=spoken(
            "只含一张证书，不含私钥，最多16 KiB。", "One certificate, without its private key; at most 16 KiB."
        ),
        widget=forms.FileInput(attrs={"accept": ".pem,.crt,.cer,application/x-pem-file"}),
        error_messages={
            "required": spoken("请选择证书文件。", "Choose the certificate’s file."),
            "empty": spoken("文件是空的。", "The file is empty."),
            "invalid": spoken("请选择证书文件。", "Choose the certificate’s file."),
        },
    )


class ClientForm(forms.Form):
    """What a program is called, whose it is and what it may do."""

    organisation = forms.ChoiceField(
        label=spoken("单位", "Organisation"),
        error_messages={
            "required": spoken("请选择单位。", "Choose an organisation."),
            "invalid_choice": spoken("您不是该单位的负责人。", "You do not represent this organisation."),
        },
    )
    name = forms.CharField(
        label=spoken("名称", "Name"),
        help_text=spoken("便于日后辨认，例如“订单系统”。", "To know it by later, such as “order system”."),
        max_length=80,
        error_messages={"required": spoken("请填写名称。", "Give it a name.")},
    )
    scopes = forms.MultipleChoiceField(
        label=spoken("可以办理", "What it may do"),
        choices=_choices(SCOPES),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": spoken("请至少选择一项。", "Choose at least one.")},
    )
    certificate = forms.CharField(
        label=spoken("客户端证书（PEM）", "Client certificate (PEM)"),
        help_text=spoken(
            "选填。填写后以该证书识别程序，不再发放密钥。",
            "Optional. The program is known by it and gets no secret.",
        ),
        required=False,
        max_length=16_384,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, choices: list[tuple[str, str]], *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["organisation"].choices = choices  # type: ignore[attr-defined]
        if not settings.CLIENT_CERTIFICATE_HEADER:
            del self.fields["certificate"]

    def clean_certificate(self) -> str:
        """The SHA-256 of the certificate, in hexadecimal."""
        pem = self.cleaned_data["certificate"]
        if not pem:
            return ""
        try:
            return x509.load_pem_x509_certificate(pem.encode()).fingerprint(SHA256()).hex()
        except ValueError:
            words = spoken(
                "不是PEM格式的证书。请粘贴以BEGIN CERTIFICATE开头的全文。",
                "This is no certificate in PEM form. Paste all of it, from BEGIN CERTIFICATE on.",
            )
            raise forms.ValidationError(words) from None
