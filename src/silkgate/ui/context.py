"""What every page knows about its reader, for `ui/base.html`. Rooms offer their services here; one room above fills it.

A room says in its `AppConfig.ready` which of its pages belong into the side list, and which action one needs for it:

    offer("testbench", "测试台", "Test bench", group=FIRM, action="testbench.try")
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from silkgate.kernel.text import Text

FIRM, OFFICE, SERVICES, OPEN = "firm", "office", "services", "open"
GROUPS: Mapping[str, Text] = {
    FIRM: Text("本单位", "Our organisation"),
    OFFICE: Text("监管工作", "Office"),
    SERVICES: Text("公共服务", "Services"),
    OPEN: Text("公开信息", "Open to all"),
}
"""Parts of the side list, in their order: what one's organisations may do, officers' work, what is for everybody."""


class Offer(NamedTuple):
    """A page that a room puts into the side list."""

    address: str
    """Name of an address without arguments."""
    words: Text
    group: str
    action: str
    """Name of the action that one has to be allowed, for anybody at all; empty: it is shown to everybody."""
    place: int
    """Smaller stands further up within its group."""
    also: tuple[str, ...]
    """Paths of other pages that belong to it, such as `/goods`."""


_OFFERS: dict[str, Offer] = {}


def offer(
    address: str,
    zh: str,
    en: str,
    *,
    group: str = SERVICES,
    action: str = "",
    place: int = 50,
    also: tuple[str, ...] = (),
) -> None:
    """Put a page into the side list. Raises ValueError for an unknown group, or an address offered differently."""
    if group not in GROUPS:
        raise ValueError(f"{address}: unknown group {group}; known: {', '.join(GROUPS)}")
    made = Offer(address, Text(zh, en), group, action, place, also)
    if _OFFERS.setdefault(address, made) != made:
        raise ValueError(f"{address} is offered twice, and differently")


def offers() -> tuple[Offer, ...]:
    """All offers in the order of the side list."""
    order = list(GROUPS)
    return tuple(sorted(_OFFERS.values(), key=lambda one: (order.index(one.group), one.place)))


class Service(NamedTuple):
    """An entry of the side list."""

    name: Text
    href: str
    current: bool = False


class ServiceGroup(NamedTuple):
    """A part of the side list; the first one may have no heading."""

    name: Text | None
    services: tuple[Service, ...]


class Account(NamedTuple):
    """Who is signed in (empty name: nobody), where one signs in or out, and where one's own matters are."""

    name: str = ""
    sign_in_href: str = ""
    sign_out_href: str = ""
    home_href: str = ""
