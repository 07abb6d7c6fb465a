"""When a request came in. The clock is read once, at the edge (`site.moment`), and everything else asks here."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest


def at_of(request: HttpRequest) -> datetime:
    """The aware time at which the request came in."""
    at: datetime = request.moment  # type: ignore[attr-defined]
    return at
