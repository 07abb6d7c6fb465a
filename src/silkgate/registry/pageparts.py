"""What pages of the registry have in common: for whom one acts, what does not exist for others, ways between lists."""

from __future__ import annotations

from typing import NoReturn

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from silkgate.identity.api import Action, actor_of, may, purpose_of, record
from silkgate.kernel.text import Text
from silkgate.registry import access
from silkgate.ui.links import address
from silkgate.ui.shapes import Chip

PAGE_LINES = 50


def mine(request: HttpRequest, what: Action) -> tuple[str, ...]:
    """Codes of the organisations for which the actor may do `what`."""
    return what.where(actor_of(request))


def asked_code(request: HttpRequest) -> str:
    """The organisation that the address or form names; empty: none."""
    return (request.POST.get("organisation") or request.GET.get("organisation", ""))[:40].replace("\0", "")


def one_of_mine(request: HttpRequest, what: Action) -> str:
    """The organisation named, or the only one there is; empty: there is a choice. Raises Http404 for a stranger's."""
    named, own = asked_code(request), mine(request, what)
    if named and not what.allows(actor_of(request), named):
        hide(request, what, named, request.path)
    return named or (own[0] if len(own) == 1 else "")


_TABS = (
    ("registry-filings", Text("企业备案", "Filing"), access.FILINGS, False),
    ("registry-register", Text("企业名录", "Register"), access.REGISTER, True),
    ("registry-goods", Text("商品", "Goods"), access.GOODS, False),
    ("registry-permits", Text("许可", "Permits"), access.PERMITS, True),
    ("registry-classes", Text("类别", "Classes"), access.CLASSES, True),
)
"""Lists of the registry, what one needs for each, and whether officers have it for everybody."""


def tabs(request: HttpRequest, here: str, code: str = "") -> tuple[Chip, ...]:
    """The ways from one list of the registry to the others, as far as the actor may go; `code`: of one only."""
    return tuple(
        Chip(words, address(name, organisation=code), name == here)
        for name, words, what, for_all in _TABS
        if (for_all and may(request, what)) or mine(request, what)
    )


def choose(request: HttpRequest, what: Action, to: str) -> HttpResponse:
    """Asks for which organisation; each leads to the page named `to`."""
    return render(request, "registry/choose.html", {"codes": mine(request, what), "to": to})


def hide(request: HttpRequest, what: Action, code: str, subject: str) -> NoReturn:
    """What is another's is answered like what is not there; that it was asked for is kept."""
    purpose = purpose_of(actor_of(request)) if what.personal else ""
    record(request, what, code, subject=subject, purpose=purpose, allowed=False)
    raise Http404
