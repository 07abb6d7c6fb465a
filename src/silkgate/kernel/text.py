"""Text that exists in Chinese and in English at once, so that a missing translation cannot be written."""

from __future__ import annotations

from typing import NamedTuple


class Text(NamedTuple):
    """One sentence in both languages. Chinese is the source."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The sentence in `language` ("zh…" is Chinese, everything else English)."""
        return self.zh if language.startswith("zh") else self.en

    def format(self, **values: object) -> Text:
        """Both sentences with `{name}` fields filled in."""
        return Text(self.zh.format(**values), self.en.format(**values))
