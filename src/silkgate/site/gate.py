"""What every operation of the REST interface passes before its view: who asks, in which form, with which parameters.

The message door passes nothing: it is measured in microseconds, and checks for itself what it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from ninja.operation import Operation
from ninja.parser import Parser

from silkgate.exchange.api import IDEMPOTENCY_HEADER as HEADER
from silkgate.exchange.api import once
from silkgate.identity.api import PERSON, Action, actor_of, require
from silkgate.kernel.text import Text
from silkgate.ui.problems import Fault, ProblemError

STRAIGHT = frozenset({("POST", "/messages")})
"""Operations that pass nothing."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
JSON = "application/json"

Run = Callable[..., HttpResponseBase]


class StrictParser(Parser):
    """JSON that means one thing: UTF-8, no member twice, no NaN; and that the database can keep: no NUL character."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as JSON. Raises ValueError, RecursionError."""
        found = json.loads(request.body.decode(), object_pairs_hook=_once, parse_constant=_refuse_constant)
        for text in _texts(found):
            if "\0" in text:
                raise ValueError("NUL")
            text.encode()  # a lone surrogate is no character
        return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def gated(operation: Operation) -> Run:
    """`operation.run` behind the checks. Errors are told by the handlers of the interface."""
    run = operation.run
    what: Action | None = getattr(operation.view_func, "action", None)
    of: str = getattr(operation.view_func, "of", "")
    known = {name for model in operation.models if _part(model) == "query" for name in names(model)}
    takes_json = any(_part(model) == "body" for model in operation.models)
    gives_json = any(isinstance(model, type) for model in operation.response_models.values())

    def passed(request: HttpRequest, **arguments: Any) -> HttpResponseBase:
        try:
            if gives_json and not request.accepts(JSON):
                raise ProblemError("request.not_acceptable")
            if what is not None and not what.anyone:
                _identify(request, what, arguments.get(of, ""))
            _check_address(request, known)
            if takes_json and (request.content_type or "").lower() != JSON:
                raise ProblemError("request.media_type", headers={"Accept": JSON})
        except Exception as error:
            return operation.api.on_exception(request, error)
        answer = _run_once(request, lambda: run(request, **arguments), operation)
        if hasattr(request, "links"):
            answer["Link"] = request.links
        return answer

    return passed


def _run_once(request: HttpRequest, run: Callable[[], HttpResponseBase], operation: Operation) -> HttpResponseBase:
    """The view's answer; to a POST with an Idempotency-Key by somebody known the one that was given first."""
    key = request.headers.get(HEADER) if request.method == "POST" else None
    if key is None or not actor_of(request).kind:
        return run()
    try:
        return once(request, actor_of(request), key, run)
    except Exception as error:
        return operation.api.on_exception(request, error)


def _part(model: Any) -> str:
    return str(model.__ninja_param_source__)


def names(model: Any) -> Iterator[str]:
    """Names of the parameters of a model of ninja, as they stand in a request."""
    yield from getattr(model, "__ninja_flatten_map__", {})


def _identify(request: HttpRequest, what: Action, organisation: str) -> None:
    """Raises Denied, before anything is said about the request itself, for whoever may not do this for the organisation
    in the address; where there is none, for whoever may do it nowhere."""
    actor = actor_of(request)
    if organisation or (not what.allows(actor) and not what.where(actor)):
        require(request, what._replace(personal=False), organisation)
    # A browser sends a person's session with forms of any site: only a program's own token proves the intention.
    if actor.kind == PERSON and request.method not in SAFE and _is_forged(request):
        raise ProblemError("access.csrf")


class _Forgery(CsrfViewMiddleware):
    """Django's check, which an interface for programs is exempt from, without its page."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden(reason)


def _is_forged(request: HttpRequest) -> bool:
    check = _Forgery(lambda asked: HttpResponseForbidden())
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    check.process_request(request)
    return check.process_view(request, _is_forged, (), {}) is not None


def _check_address(request: HttpRequest, known: set[str]) -> None:
    if "\0" in request.path_info:
        raise ProblemError("request.not_found")
    errors = []
    for name, values in request.GET.lists():
        if name not in known:
            needed = Text("没有这个参数，请删去", "no such parameter: leave it out")
            errors.append(Fault(f"#/{name[:60]}", values[-1][:60], needed, "query"))
        elif any("\0" in value for value in values):
            errors.append(Fault(f"#/{name}", "", Text("不含NUL字符", "no NUL character"), "query"))
        elif len(values) > 1:
            errors.append(Fault(f"#/{name}", str(len(values)), Text("只给一次", "to be given once"), "query"))
    if errors:
        raise ProblemError("request.invalid", errors=errors)
