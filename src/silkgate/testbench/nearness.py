"""Which of many words is most like one: for codes that somebody mistyped."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

CANDIDATES_MAX = 500
"""Of those that agree in two of their thirds; more are not compared with care."""


def closest(word: str, among: Iterable[str], likeness: float = 0.5) -> str:
    """The one of a few that is most like `word`; empty where none is."""
    return next(iter(difflib.get_close_matches(word, list(among), 1, likeness)), "")


class Near:
    """The same among a hundred thousand, which to compare with one by one would take seconds.

    One slip of the keyboard leaves two thirds of a code as they were: only what agrees in as much is compared.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        for word in words:
            for key in _keys(word, len(word)):
                self._by[key].append(word)

    def closest(self, word: str, fits: Callable[[str], bool]) -> str:
        """The one most like `word` of those that `fits` lets pass; empty where none is."""
        found: dict[str, None] = {}
        # A character too few or too many moves the thirds.
        for length in (len(word), len(word) - 1, len(word) + 1):
            for key in _keys(word, length):
                found |= dict.fromkeys(one for one in self._by.get(key, ())[:CANDIDATES_MAX] if fits(one))
        return closest(word, found)


def _keys(word: str, length: int) -> Iterator[tuple[int, str]]:
    """What two of its thirds say, of a word that should have `length` characters.

    A character less at the border: two changed over there are in both thirds.
    """
    third = length // 3
    most = max(length - third - 1, 0)
    yield 0, word[:most]
    yield 1, word[len(word) - most :]
    yield 2, word[:third] + word[len(word) - third :]
