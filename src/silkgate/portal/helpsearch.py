"""Search over the help pages, in both languages: an index in memory, made once. Pure reading, no database."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.portal.helpbook import Entry, book

LONGEST_QUERY = 60
_CODE, _CODE_BEGINS, _IN_CODE, _IN_TITLE, _IN_FIELD, _IN_TEXT = 100, 60, 40, 30, 20, 10
_ENOUGH_PERCENT = 60
"""Of a Chinese phrase's pairs of characters that have to occur where the phrase itself does not."""
_CHINESE = re.compile(r"[\u3400-\u9fff]{2,}")
_ENDINGS = ("ies", "ing", "ed", "es", "s")


class _Indexed(NamedTuple):
    """An entry's words, small letters, by how much they say about it."""

    entry: Entry
    codes: tuple[str, ...]
    title: str
    fields: str
    text: str


@functools.lru_cache(maxsize=1)
def _index(entries: int) -> tuple[_Indexed, ...]:
    """Made once for the book as it is: rooms enter errors of their own as they are imported."""
    return tuple(
        _Indexed(
            entry,
            tuple(code.lower() for code in (entry.code, *entry.aliases)),
            _both((entry.title, entry.group)),
            " ".join(f"{element.name} {_both((element.words,))}" for element in entry.elements).lower(),
            _both(
                (
                    *entry.meaning,
                    *entry.causes,
                    *entry.mend,
                    *entry.messages,
                    *(law.name for law in entry.law),
                    *(link.title for link in entry.links),
                )
            ),
        )
        for entry in book().values()
    )


def _both(texts: Iterable[Text]) -> str:
    return " ".join(f"{text.zh} {text.en}" for text in texts).lower()


def search(query: str, *, limit: int = 30) -> tuple[Entry, ...]:
    """Entries in which every word of the query occurs, those first that it says most about."""
    words = query[:LONGEST_QUERY].replace("\u3000", " ").lower().split()
    terms = [word for word in words if any(character.isalnum() for character in word)]
    if not terms:
        return ()
    found = []
    for place, one in enumerate(_index(len(book()))):
        scores = [_score(one, term) for term in terms]
        if all(scores):
            # Codes of the national system that are never answered here stand behind those that are.
            known = _CODE in scores
            found.append((not (one.entry.answered or known), -sum(scores), place, one.entry))
    return tuple(entry for *_, entry in sorted(found, key=lambda item: item[:3])[:limit])


def _score(one: _Indexed, term: str) -> int:
    """How much a word says about an entry; 0: nothing."""
    if term in one.codes:
        return _CODE
    if any(code.startswith(term) for code in one.codes):
        return _CODE_BEGINS
    if any(term in code for code in one.codes):
        return _IN_CODE
    for words, score in ((one.title, _IN_TITLE), (one.fields, _IN_FIELD), (one.text, _IN_TEXT)):
        if any(form in words for form in _forms(term)):
            return score
    return _alike(one, term)


def _forms(term: str) -> tuple[str, ...]:
    """A word, and what is left of an English one without its ending."""
    if not term.isascii() or not term.isalpha():
        return (term,)
    stems = (term.removesuffix(ending) for ending in _ENDINGS if term.endswith(ending))
    return (term, *(stem for stem in stems if len(stem) >= 4))


def _alike(one: _Indexed, term: str) -> int:
    """A Chinese phrase is not cut into words: most of its pairs of characters have to occur."""
    pairs = [run[at : at + 2] for run in _CHINESE.findall(term) for at in range(len(run) - 1)]
    if len(pairs) < 2:
        return 0
    for words, score in ((one.title, _IN_TITLE), (one.text, _IN_TEXT)):
        if sum(pair in words for pair in pairs) * 100 >= _ENOUGH_PERCENT * len(pairs):
            return score // 2
    return 0
