"""Lists of the REST interface, a page at a time: an opaque, signed cursor says where to go on, never a page number.

A view reads where to begin (`begin`), asks its query for lines after that key, and answers with `page`:

    @router.get("/things", response=Page[ThingOut])
    def things(request, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = "") -> Any:
        found = queries.things(after=begin(request, cursor), limit=limit + 1)
        lines, last = cut(found, limit, lambda thing: thing.id)
        return page(request, [told(thing) for thing in lines], last)
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Query
from pydantic import ConfigDict

from silkgate.kernel.text import Text
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import Out

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_CURSOR_CHARACTERS = 600
_PAGING = frozenset({"cursor", "limit"})

Item = TypeVar("Item")
Key = int | str | tuple[int | str, ...]
"""What a line is found by again; several values where one does not tell lines apart."""
Limit = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description=f"每页最多几项。How many a page holds at most, up to {MAX_LIMIT}.")
]
Cursor = Annotated[
    str,
    Query(max_length=MAX_CURSOR_CHARACTERS, description="上一页next中的游标。The cursor in `next` of the page before."),
]


class Page(Out, Generic[Item]):
    """A page of a list. A page may hold fewer items than `limit`, even none, while there is more."""

    # Descriptions from docstrings would be read from the source again for every kind of item: seconds of a start.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[Item]
    next: str | None = Field(
        description="Address of the next page, also in the header Link; null at the end. Of a feed (oldest first) it "
        "is always there: ask it again later for what has come since."
    )
    more: bool = Field(description="Whether there is more at this moment.")


def begin(request: HttpRequest, cursor: str) -> Any:
    """The `Key` behind `cursor`, after which the page begins; None: at the beginning.

    Raises ProblemError for a cursor that is not ours, or that was given for other parameters.
    """
    if not cursor:
        return None
    try:
        packed, _, seal = cursor.partition(".")
        key = base64.urlsafe_b64decode(packed.encode("ascii") + b"=" * (-len(packed) % 4))
        if hmac.compare_digest(seal.encode("ascii"), _seal(request, key).encode("ascii")):
            parts = json.loads(key)
            return parts[0] if len(parts) == 1 else tuple(parts)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        pass
    needed = Text("原样取自上一页的next", "as `next` of the page before has it")
    raise ProblemError("cursor.invalid", errors=[Fault("#/cursor", cursor[:60], needed, "query")])


def cut(found: Iterable[Item], limit: int, key: Callable[[Item], Key]) -> tuple[list[Item], Key | None]:
    """The lines of a page, of what was `found` by asking for one more; and the key of the last where there is more."""
    lines = list(found)
    return lines[:limit], key(lines[limit - 1]) if len(lines) > limit else None


def page(request: HttpRequest, items: Sequence[Any], last: Key | None, *, more: bool | None = None) -> dict[str, Any]:
    """The answer: `items`, and the address that goes on after the key `last` (None, or empty: there is no more).

    `more` is given for feeds, whose next address is there without more.
    """
    following, last = None, None if last == "" else last
    if last is not None:
        query = {name: request.GET[name] for name in request.GET if name != "cursor"}
        following = f"{request.path}?{urlencode({**query, 'cursor': _cursor(request, last)})}"
        # The gate writes it where the answer is made.
        request.links = f'<{following}>; rel="next"'  # type: ignore[attr-defined]
    return {"items": items, "next": following, "more": last is not None if more is None else more}


def _cursor(request: HttpRequest, last: Key) -> str:
    key = json.dumps(last if isinstance(last, tuple) else [last], separators=(",", ":")).encode()
    return f"{base64.urlsafe_b64encode(key).decode().rstrip('=')}.{_seal(request, key)}"


def _seal(request: HttpRequest, key: bytes) -> str:
    """What only we can make, for this key on this address with these parameters."""
    rest = sorted((name, value) for name, value in request.GET.items() if name not in _PAGING)
    sealed = json.dumps([request.path, rest, key.decode("latin-1")]).encode()
    made = hmac.digest(f"silkgate.cursor {settings.SECRET_KEY}".encode(), sealed, sha256)
    return base64.urlsafe_b64encode(made[:15]).decode()
