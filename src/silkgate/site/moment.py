"""The time: read once, where a request comes in or a process starts. Pages and REST take it from the request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse

from silkgate.site.problem import Problem

_FIRST_PLAUSIBLE_YEAR = 2025
"""No release is older. A machine without a battery wakes up in 1970 or in the year of its firmware."""


def china_time() -> datetime:
    """The time of day in the zone's own time. Raises Problem where the clock cannot be right."""
    now = datetime.now(UTC)
    if now.year < _FIRST_PLAUSIBLE_YEAR:
        raise Problem(
            f"系统时间是{now:%Y-%m-%d}，显然不对，请校时。", f"The clock says {now:%Y-%m-%d}, which cannot be. Set it."
        )
    try:
        return now.astimezone(ZoneInfo("Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        raise Problem(
            "系统没有Asia/Shanghai时区数据，请安装tzdata。",
            "The machine knows no time zone Asia/Shanghai. Install tzdata.",
        ) from None


class Moment:
    """Middleware: `request.moment` is the aware time at which the request came in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.moment = datetime.now(tz=UTC)  # type: ignore[attr-defined]
        return self.get_response(request)
