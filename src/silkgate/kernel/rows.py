"""Rows as PostgreSQL's COPY text: one joined string for a whole batch, the cheapest way in that was measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_BYTES = re.compile("b['\"]")
"""Where bytes were formatted that did not show in the first row (and seldom elsewhere)."""


def copy_text(value: Any) -> str:
    """One value in COPY's text form."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if ("\\" in value or not value.isprintable()) else value
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def rows_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows of equal width in COPY's text form, each ended by a line feed.

    Numbers, truth values, times and by far most texts are in COPY's form as Python writes them: rows are formatted
    whole, and only where that brought up a character that means something to COPY, value by value.
    """
    listed = [tuple(row) for row in rows]
    if not listed:
        return ""
    width = len(listed[0])
    template = "\t".join(["%s"] * width) + "\n"
    special = any(isinstance(value, bytes) for value in listed[0])
    own_backslashes = 0
    lines = []
    for row in listed:
        if special:
            own_backslashes += sum([2 for value in row if isinstance(value, bytes)]) + row.count(None)
            row = tuple([copy_text(value) if value is None or isinstance(value, bytes) else value for value in row])
        elif None in row:
            own_backslashes += row.count(None)
            row = tuple(["\\N" if value is None else value for value in row])
        lines.append(template % row)
    text = "".join(lines)
    if (
        text.count("\\") == own_backslashes
        and "\r" not in text
        and not _BYTES.search(text)
        and text.count("\n") == len(listed)
        and text.count("\t") == len(listed) * (width - 1)
    ):
        return text
    return "".join(["\t".join([copy_text(value) for value in row]) + "\n" for row in listed])


TEXTS = "(string_to_array(%s, E'\\x1f'))[2:]"
"""SQL of the array that `texts` stands for."""
_SEPARATOR = "\x1f"


def texts(values: Iterable[str]) -> str:
    """One or more texts from XML as one parameter, an array again in `TEXTS`: a quarter of an array parameter's price.

    What separates them can be in no XML document. It stands before each, so that one empty text is still one.
    """
    return _SEPARATOR + _SEPARATOR.join(values)


def numbers(values: Iterable[int]) -> str:
    """Numbers as one parameter, to be cast to an array of them."""
    return "{" + ",".join(map(str, values)) + "}"


def copy_rows(cursor: Any, target: str, rows: Iterable[Sequence[Any]]) -> None:
    """COPY `rows`, all of one width, into `target`, a table name with its columns in brackets."""
    if text := rows_text(rows):
        with cursor.copy(f"copy {target} from stdin") as copy:
            copy.write(text)
