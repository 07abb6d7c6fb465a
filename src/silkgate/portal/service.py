"""Pages about the service itself: the public status page, and the operators' page for officers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from silkgate.identity.api import PUBLIC, action, opens
from silkgate.kernel.text import Text
from silkgate.portal import watching
from silkgate.tariff.api import cards
from silkgate.ui.moment import at_of

OPERATIONS = action("portal.operations", "查看运行监测", "Watch operations", duties=["operations"])

_UNREADABLE = Text("无法识别的发送方", "Senders that cannot be read")
_TIMES = (Text("中位", "Median"), Text("95 %", "95 %"), Text("99 %", "99 %"), Text("最长", "Longest"))
_CHART_HEIGHT = 60
_BAR_WIDTH = 10


@opens(PUBLIC)
@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """GET /status: what is at work now, and measured availability; for everybody."""
    found = watching.status(at_of(request))
    context = {
        "status": found,
        "moment": at_of(request),
        "windows": [words for words, _ in watching.WINDOWS],
        "all_at_work": bool(found.parts) and all(part.at_work for part in found.parts),
        "parts": [
            (
                part,
                [
                    (words, percent(share.per_100k))
                    for (words, _), share in zip(watching.WINDOWS, part.shares, strict=True)
                ],
            )
            for part in found.parts
        ],
    }
    return render(request, "portal/status.html", context)


def percent(per_100k: int | None) -> str:
    """Thousandths of a per cent as `99.998 %`; a dash where nothing was measured yet."""
    return "—" if per_100k is None else f"{per_100k // 1000}.{per_100k % 1000:03d} %"


class Bar(NamedTuple):
    """A minute of the chart of arrivals; x, y, height in units of its drawing."""

    x: int
    y: int
    height: int
    minute: datetime
    documents: int


@opens(OPERATIONS)
@require_GET
def operations(request: HttpRequest) -> HttpResponse:
    """GET /operations: arrivals, backlog, latency by stage, what has waited longest, refusals by reason; officers."""
    moment = at_of(request)
    arrived = watching.arrivals(moment)
    waiting = watching.waiting()
    reasons = watching.refusals(moment)
    named = cards()
    context = {
        "moment": moment,
        "arrived": arrived,
        "messages_hour": sum(minute.messages for minute in arrived),
        "documents_hour": sum(minute.documents for minute in arrived),
        "decided_hour": sum(minute.decided for minute in arrived),
        "bars": _bars(arrived),
        "chart_width": _BAR_WIDTH * len(arrived),
        "chart_height": _CHART_HEIGHT,
        "drawing_height": _CHART_HEIGHT + 1,
        "most": max((minute.documents for minute in arrived), default=0),
        "waiting": waiting,
        "late": waiting.is_late(moment),
        "senders": [(sender or _UNREADABLE, documents) for sender, documents in waiting.senders],
        "stages": [(stage, list(zip(_TIMES, map(duration, stage[2:]), strict=True))) for stage in watching.stages()],
        "newest": watching.NEWEST,
        "times": _TIMES,
        "reasons": [(slug, named.get(slug), times) for slug, times in reasons],
        "parts": watching.status(moment).parts,
    }
    return render(request, "portal/operations.html", context)


def _bars(arrived: tuple[watching.Arrived, ...]) -> list[Bar]:
    most = max((minute.documents for minute in arrived), default=0)
    bars = []
    for place, minute in enumerate(arrived):
        # Whatever came in is to be seen, be it little beside the most.
        height = max(1, minute.documents * _CHART_HEIGHT // most) if minute.documents else 0
        bars.append(Bar(place * _BAR_WIDTH, _CHART_HEIGHT - height, height, minute.minute, minute.documents))
    return bars


def duration(milliseconds: int | None) -> str:
    """A time as people read it: `12 ms`, `3.4 s`, `5 min`, `2.5 h`, `3.1 d`; a dash for none."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1_000
    for limit, unit, length in ((60, "s", 1), (3_600, "min", 60), (86_400, "h", 3_600)):
        if seconds < limit:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 86_400:.1f} d"
