"""What pages of storage have in common: for whom one acts, what does not exist for others, ways between lists."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from silkgate.bonded.storage import access, queries
from silkgate.identity.api import Action, actor_of, organisation_names, record
from silkgate.kernel.text import Text
from silkgate.ui.formats import yuan
from silkgate.ui.links import address
from silkgate.ui.shapes import Balance, Chip

PAGE_LINES = 50
_TABS = (
    ("storage", Text("批次", "Lots")),
    ("storage-book", Text("暂存账", "Storage book")),
    ("storage-draws", Text("分送", "Draws")),
    ("storage-declarations", Text("集中申报", "Declarations")),
)


def tabs(here: str, code: str) -> tuple[Chip, ...]:
    """The ways from one list of an owner to the others."""
    return tuple(Chip(words, address(name, organisation=code), name == here) for name, words in _TABS)


def one_of_mine(request: HttpRequest, what: Action) -> str:
    """The organisation named, or the only one there is; empty: there is a choice. Raises Http404 for a stranger's."""
    named = (request.POST.get("organisation") or request.GET.get("organisation", ""))[:40].replace("\0", "")
    own = what.where(actor_of(request))
    if named and not what.allows(actor_of(request), named):
        record(request, what, named, subject=request.path, allowed=False)
        raise Http404
    return named or (own[0] if len(own) == 1 else "")


def choose(request: HttpRequest, what: Action, to: str) -> HttpResponse:
    """Asks for which organisation; each leads to the page named `to`."""
    codes = what.where(actor_of(request))
    names = organisation_names(codes)
    choices = [(code, names.get(code, ""), address(to, organisation=code)) for code in codes]
    return render(request, "bonded/choose.html", {"choices": choices})


def found(request: HttpRequest, row: Any, kind: str) -> Any:
    """What is there for the reader. Another's is answered like what is not there; that it was asked for is kept."""
    if row is None:
        raise Http404
    if not access.SEE.allows(actor_of(request), row.owner_code):
        record(request, access.SEE, row.owner_code, subject=f"storage/{kind}/{row.pk}", allowed=False)
        raise Http404
    return row


def guarantee(code: str) -> Balance | None:
    """The guarantee of an owner for what is stored, as a bar; None: there is none."""
    held = queries.cover(code)
    if held is None or not held.capacity:
        return None
    parts = (held.used, 0, held.capacity - held.used)
    return Balance(Text("暂存担保", "Guarantee for storage"), *parts, *(yuan(part) for part in parts))
