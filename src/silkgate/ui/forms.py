"""Forms that hold and show answers which a room's own rules judge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django import forms

from silkgate.kernel.text import Text
from silkgate.ui.templatetags.ui import text


class Problem(Protocol):
    """What is wrong with an answer, and where."""

    @property
    def field(self) -> str:
        """Key of the field; empty: the whole."""

    @property
    def what(self) -> Text:
        """The sentence that says how to mend it."""


class Judged(forms.Form):
    """A form whose answers are judged elsewhere; it only holds and shows them."""

    def tell(self, problems: Iterable[Problem]) -> None:
        """Show problems, each at its field; those of no field on top."""
        self.full_clean()
        for problem in problems:
            self.add_error(problem.field if problem.field in self.fields else None, text(problem.what))

    def answers(self) -> dict[str, str]:
        """What was filled in, as text by field; several choices with one space between. What is empty is left out."""
        self.full_clean()
        given = {
            name: " ".join(value) if isinstance(value, list) else value for name, value in self.cleaned_data.items()
        }
        return {name: str(value) for name, value in given.items() if value not in {None, "", False}}
