"""Every endpoint that the site answers at, read from the URL resolver and the REST interface themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver

from silkgate.identity.domain import Action

WITHOUT_ACTION = {
    "silkgate.journal.pages.checkpoint": "stands beneath identity; the public log",
    "silkgate.journal.pages.keys": "stands beneath identity; the public log",
    "silkgate.journal.pages.tile": "stands beneath identity; the public log",
    "silkgate.journal.pages.consistency": "stands beneath identity; the public log",
    "silkgate.ui.pages.components": "stands beneath identity; specimens alone",
    "silkgate.site.refusals.unknown": "answers 404, whoever asks",
    "django.views.i18n.set_language": "Django's; sets a cookie",
    "ninja.openapi.views.openapi_json": "Ninja's; the description of the interface",
    "ninja.openapi.views.openapi_view": "Ninja's; the same as a page",
    "ninja.openapi.views.default_home": "Ninja's; an address that answers 404",
}
"""Views that carry no action, each with its reason. All of them are for everybody and name no organisation."""


class Endpoint(NamedTuple):
    """An address with one method; `route` holds `<converter:name>` or `{name}` where values go."""

    name: str
    method: str
    route: str
    view: str
    action: Action | None
    anywhere: bool
    of: str

    def address(self, **values: str) -> str:
        """The address with values; those not given are 1 for numbers, x for words."""

        def value(found: re.Match[str]) -> str:
            kind, name = (found["kind"] or "", found["name"] or found["braced"])
            return values.get(name) or ("1" if kind == "int" or name in ("number", "id") else "x")

        filled = re.sub(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>|\{(?P<braced>\w+)\}", value, self.route)
        # Regular expressions as addresses: only of signing in, whose secrets are any word.
        return re.sub(r"\(\?P<\w+>.*?\)(?=[/$-])", "x", filled).replace("^", "").replace("$", "")


def endpoints() -> list[Endpoint]:
    """All of them, pages first."""
    from silkgate.site import rest

    pages = [one for one in _pages(get_resolver(), "/") if not one.view.startswith("ninja.operation")]
    return [*pages, *_operations(rest)]


def _pages(resolver: URLResolver, prefix: str) -> Iterator[Endpoint]:
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _pages(one, route)
        elif isinstance(one, URLPattern):
            yield _endpoint(one.name or "", "GET", route, one.callback)


def _operations(rest: Any) -> Iterator[Endpoint]:
    for path, view in rest.views(rest.api):
        for operation in view.operations:
            for method in operation.methods:
                yield _endpoint(operation.view_func.__name__, method, f"/api/v1{path}", operation.view_func)


def _endpoint(name: str, method: str, route: str, view: Callable[..., Any]) -> Endpoint:
    inner: Any = view
    while hasattr(inner, "func"):
        inner = inner.func
    return Endpoint(
        name,
        method,
        route,
        f"{inner.__module__}.{inner.__qualname__}",
        getattr(view, "action", None),
        getattr(view, "anywhere", False),
        getattr(view, "of", ""),
    )
