"""Texts of forms, which are made once and read in many languages."""

from __future__ import annotations

from django.utils.functional import lazystr
from django.utils.translation import get_language

from silkgate.kernel.text import Text


class _Spoken:
    """A `Text` that becomes a string only when it is shown."""

    def __init__(self, words: Text) -> None:
        self._words = words

    def __str__(self) -> str:
        return self._words.in_language(get_language() or "zh-hans")


def spoken(zh: str, en: str) -> str:
    """A string in the language of whoever reads it, for labels, choices and error messages of forms."""
    return lazystr(_Spoken(Text(zh, en)))
