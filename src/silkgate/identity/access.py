"""Every access is decided here: rooms say what there is to do and who may, pages and REST ask.

Models are imported where they are used: processes without a web application come through this door, too.
A view carries its action (`opens`); one that does not is found by the access matrix in the tests.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from silkgate.identity import actors
from silkgate.identity.domain import DUTIES, ROLES, SCOPES, Action, Actor
from silkgate.kernel.text import Text
from silkgate.ui.moment import at_of

V = TypeVar("V", bound=Callable[..., Any])

ACTIONS: dict[str, Action] = {}
"""Everything that there is to do, by name; filled by the rooms as they are imported."""


def action(
    name: str,
    zh: str,
    en: str,
    *,
    anyone: bool = False,
    signed_in: bool = False,
    duties: Iterable[str] = (),
    roles: Iterable[str] = (),
    scopes: Iterable[str] = (),
    personal: bool = False,
) -> Action:
    """Say that there is something to do and who may. Raises ValueError for a name given twice and for unknown words."""
    made = Action(
        name, Text(zh, en), anyone, signed_in, frozenset(duties), frozenset(roles), frozenset(scopes), personal
    )
    unknown = (made.duties - DUTIES.keys()) | (made.roles - ROLES.keys()) | (made.scopes - SCOPES.keys())
    if unknown:
        raise ValueError(f"{name}: unknown {', '.join(sorted(unknown))}")
    if ACTIONS.setdefault(name, made) != made:
        raise ValueError(f"{name} is said twice, and differently")
    return made


PUBLIC = action("public", "公开信息", "What is public", anyone=True)


class Denied(PermissionDenied):
    """Somebody may not do this. `signed_in` tells whether it is worth signing in."""

    def __init__(self, what: Action, actor: Actor) -> None:
        super().__init__(what.name)
        self.action, self.actor = what, actor

    @property
    def signed_in(self) -> bool:
        return bool(self.actor.kind)

    @property
    def text(self) -> Text:
        """What is missing, for the one who was denied."""
        return Text(
            f"您没有办理“{self.action.words.zh}”的权限。请向所在单位负责人或平台管理员申请。",
            f"You may not do this: {self.action.words.en}. Ask your organisation’s representative, or the operator.",
        )


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request; looked up once."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        actor = actors.of_request(request)
        request.actor = actor  # type: ignore[attr-defined]
    return actor


def may(request: HttpRequest, what: Action, organisation: str = "") -> bool:
    """Whether to show the way to something; decides nothing, records nothing."""
    return what.allows(actor_of(request), organisation)


def require(
    request: HttpRequest, what: Action, organisation: str = "", *, subject: str = "", purpose: str = ""
) -> Actor:
    """The actor who may do `what` to `subject`, which belongs to `organisation`. Raises Denied, which is recorded.

    Reading personal data is recorded with its `purpose`; ValueError where none is given: that is a mistake of ours.
    """
    actor = actor_of(request)
    allowed = what.allows(actor, organisation)
    if what.personal and not purpose:
        raise ValueError(f"{what.name} reads personal data: give its purpose")
    if what.personal or not allowed:
        record(request, what, organisation, subject=subject, purpose=purpose, allowed=allowed)
    if not allowed:
        raise Denied(what, actor)
    return actor


def record(
    request: HttpRequest, what: Action, organisation: str = "", *, subject: str = "", purpose: str = "", allowed: bool
) -> None:
    """Keep who wanted what, when, and what for."""
    from silkgate.identity.models import AccessRecord

    actor = actor_of(request)
    AccessRecord.objects.create(
        at=at_of(request),
        actor=actor.name,
        agency=actor.agency,
        action=what.name,
        # As an address may hold anything, and the database not.
        organisation_code=organisation[:40].replace("\0", ""),
        subject=(subject or request.path)[:300].replace("\0", ""),
        purpose=purpose,
        allowed=allowed,
    )


def concerned(request: HttpRequest, what: Action, organisations: Iterable[str]) -> str | None:
    """The first of `organisations` for which the actor may do `what`; None: for none of them. Records nothing."""
    actor = actor_of(request)
    return next((code for code in organisations if what.allows(actor, code)), None)


def sign_in(request: HttpRequest) -> HttpResponse:
    """To the page where one signs in, and from there back."""
    from django.contrib.auth.views import redirect_to_login

    return redirect_to_login(request.get_full_path())


def opens(what: Action, *, anywhere: bool = False, of: str = "") -> Callable[[V], V]:
    """Mark a view with what it does. Without `anywhere` it is decided before the view runs.

    `of`: the argument of the address that holds the code of the organisation concerned.
    `anywhere`: what is asked for belongs to an organisation that only the view knows. Whoever may do it for none at all
    is sent away before; the view itself has to `require` it for the one concerned.
    """

    def decorate(view: V) -> V:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if what.anyone:
                # Nobody is looked up: a public page costs what it cost without this.
                return view(request, *args, **kwargs)
            actor = actor_of(request)
            if anywhere and not what.allows(actor) and what.where(actor):
                return view(request, *args, **kwargs)
            if not actor.kind and not request.path.startswith("/api/"):
                return sign_in(request)
            require(request, what._replace(personal=False), kwargs[of] if of else "")
            return view(request, *args, **kwargs)

        guarded.action = what  # type: ignore[attr-defined]
        guarded.anywhere, guarded.of = anywhere, of  # type: ignore[attr-defined]
        # Ninja reads types where a function was made, which for this one is here. Names for the type checker alone
        # occur in pages, whose signatures nobody reads.
        with contextlib.suppress(NameError):
            guarded.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate
