"""The time of a request: read once, where the request comes in. Pages and REST take it from the request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse


class Moment:
    """Middleware: `request.moment` is the aware time at which the request came in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.moment = datetime.now(tz=UTC)  # type: ignore[attr-defined]
        return self.get_response(request)
