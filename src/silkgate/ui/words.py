"""Texts of forms, which are made once and read in many languages."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.translation import get_language

from silkgate.kernel.text import Text


def _now(words: Text) -> str:
    return words.in_language(get_language() or "zh-hans")


# Made once: each call of `lazy` makes a class.
_lazily = lazy(_now, str)


def spoken(zh: str, en: str) -> str:
    """A string in the language of whoever reads it, for labels, choices and error messages of forms."""
    return _lazily(Text(zh, en))
