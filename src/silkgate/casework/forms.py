"""Forms of a case: a move with its reason, rule and files; files alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from silkgate.casework import rules
from silkgate.casework.domain import LONGEST_REASON, LONGEST_RULE, OFFICER, Case, Move
from silkgate.casework.filetypes import KINDS
from silkgate.kernel.text import Text
from silkgate.ui.templatetags.ui import text
from silkgate.ui.words import spoken

MOST_FILES_AT_ONCE = 20
_NO_MOVE = spoken("请选择要办理的步骤。", "Choose what to do.")
_HELP = spoken(
    "PDF、PNG、JPEG、XLSX、DOCX、CSV或TXT，可选多份。", "PDF, PNG, JPEG, XLSX, DOCX, CSV or TXT; several may be chosen."
)


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; their contents are judged by casework."""

    def __init__(self, **options: Any) -> None:
        accepted = ",".join(f".{ending}" for ending in KINDS)
        super().__init__(widget=_ManyFiles(attrs={"accept": accepted}), allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not given:
            super().clean(None, initial)
        if len(given) > MOST_FILES_AT_ONCE:
            raise forms.ValidationError(
                text(Text(f"一次最多{MOST_FILES_AT_ONCE}份。", f"At most {MOST_FILES_AT_ONCE} files at once."))
            )
        return given


class MoveForm(forms.Form):
    """One of the moves that may be made now."""

    version = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": _NO_MOVE, "invalid": _NO_MOVE})
    move = forms.ChoiceField(
        label=spoken("选择步骤", "What to do"),
        widget=forms.RadioSelect,
        error_messages={"required": _NO_MOVE, "invalid_choice": _NO_MOVE},
    )
    reason = forms.CharField(
        label=spoken("理由或说明", "Reason or explanation"),
        help_text=spoken("对方会看到。", "The other side reads it."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_REASON}),
    )
    rule = forms.CharField(
        label=spoken("依据", "Rule"),
        help_text=spoken(
            "法规名称和条款，没有可不填。", "Name of the text and article; leave empty where there is none."
        ),
        required=False,
        widget=forms.Textarea(attrs={"rows": 1, "maxlength": LONGEST_RULE}),
    )
    files = FilesField(label=spoken("随附材料", "Papers"), help_text=_HELP, required=False)

    def __init__(self, case: Case, moves: tuple[Move, ...], *given: Any) -> None:
        super().__init__(*given, initial={"version": case.version})
        self.moves = {move.name: move for move in moves}
        self.fields["move"].choices = [(move.name, text(move.words)) for move in moves]  # type: ignore[attr-defined]
        if not any(move.by == OFFICER for move in moves):
            del self.fields["rule"]
        if not any(move.evidence for move in moves):
            del self.fields["files"]
        if not any(move.reason for move in moves):
            self.fields["reason"].label = spoken("说明（可不填）", "Explanation (may be left out)")

    def clean(self) -> dict[str, Any]:
        """A reason where the chosen move asks for one."""
        cleaned = super().clean() or self.cleaned_data
        chosen = self.moves.get(cleaned.get("move", ""))
        fault = chosen and rules.reason_fault(chosen, cleaned.get("reason", ""), cleaned.get("rule", ""))
        if fault:
            self.add_error("rule" if len(cleaned.get("rule", "")) > LONGEST_RULE else "reason", text(fault))
        return cleaned


class FilesForm(forms.Form):
    """Files to add without a move."""

    papers = FilesField(
        label=spoken("选择文件", "Choose files"),
        help_text=_HELP,
        error_messages={"required": spoken("请先选择文件。", "Choose a file first.")},
    )
