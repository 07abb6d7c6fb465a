"""What every page knows about its reader, for `ui/base.html`. Rooms above fill it; `ui` only names its fields."""

from __future__ import annotations

from typing import NamedTuple

from silkgate.kernel.text import Text


class Service(NamedTuple):
    """An entry of the side list."""

    name: Text
    href: str
    current: bool = False


class Account(NamedTuple):
    """Who is signed in (empty name: nobody), where one signs in or out, and where one's own matters are."""

    name: str = ""
    sign_in_href: str = ""
    sign_out_href: str = ""
    home_href: str = ""
