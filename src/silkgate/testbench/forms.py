"""What the pages of the bench ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.http import HttpRequest

from silkgate.standards.archives import ArchiveRefused, unpack_zip
from silkgate.testbench.domain import BYTES_PER_RUN, DIRECTIONS, MESSAGES_PER_RUN, ROLES, Refused, Scenario
from silkgate.ui.words import spoken

_ZIP = b"PK\x03\x04"


class _Files(forms.FileInput):
    allow_multiple_selected = True


class UploadForm(forms.Form):
    """Messages, the day of the law, and the scenario that they belong to."""

    messages = forms.FileField(
        label=spoken("报文文件", "Messages"),
        help_text=spoken(
            f"一份或多份XML，或一个zip；至多{MESSAGES_PER_RUN}份、{BYTES_PER_RUN // 2**20}MB，按文件名顺序处理。",
            f"One XML file or several, or a zip; at most {MESSAGES_PER_RUN} and {BYTES_PER_RUN // 2**20} MB, taken in"
            " the order of their names.",
        ),
        required=False,
        widget=_Files(attrs={"multiple": True, "accept": ".xml,.zip"}),
    )
    scenario = forms.ChoiceField(
        label=spoken("情景", "Scenario"),
        help_text=spoken(
            "选情景则由测试台代发其他企业的报文，并核对结果。",
            "With a scenario the bench sends the other firms’ messages and looks at what comes of it.",
        ),
        required=False,
        error_messages={"invalid_choice": spoken("没有这个情景，请重新选择。", "No such scenario: choose another.")},
    )
    law_day = forms.DateField(
        label=spoken("按哪一天的法规", "By the law of"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": spoken("请填日期。", "Give a day."),
            "invalid": spoken("日期写作2026-06-18。", "Write the day as 2026-06-18."),
        },
    )

    def __init__(self, scenarios: Sequence[Scenario], day: date, given: Any = None, scenario: str = "") -> None:
        super().__init__(given, initial={"law_day": day.isoformat(), "scenario": scenario})
        choices: list[Any] = [("", spoken("不选，按原样处理", "None: as they are"))]
        for role, words in ROLES.items():
            for direction, way in DIRECTIONS.items():
                own = [
                    (one.id, spoken(one.title.zh, one.title.en))
                    for one in scenarios
                    if (one.role, one.direction) == (role, direction)
                ]
                choices.append((spoken(f"{words.zh}：{way.zh}", f"{words.en}: {way.en}"), own))
        self.fields["scenario"].choices = choices  # type: ignore[attr-defined]


class CertificateForm(forms.Form):
    """A certificate for the bench."""

    certificate = forms.FileField(
        label=spoken("测试用证书（PEM）", "A certificate for the bench (PEM)"),
        help_text=spoken(
            "只在测试台上有效；已备案的证书无须上传。不要上传私钥。",
            "It counts on the bench alone; one that is filed need not be uploaded. Never upload a private key.",
        ),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pem,.crt,.cer"}),
    )


def uploaded(request: HttpRequest, name: str) -> list[bytes]:
    """The messages in the files of a form, in the order of their names. Raises Refused."""
    raws: list[bytes] = []
    for file in sorted(request.FILES.getlist(name), key=lambda one: one.name or ""):
        content = bytes(file.read(10 * BYTES_PER_RUN))
        if content[:4] == _ZIP:
            try:
                raws += [body for _, body in unpack_zip(content)]
            except ArchiveRefused as refused:
                raise Refused(refused.detail) from refused
        else:
            raws.append(content)
    return raws
