"""`GET /metrics`: numbers for Prometheus.

They are read from the database at the moment of asking, so it does not matter which of several web processes answers,
and a process that starts again loses nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from silkgate import __version__
from silkgate.identity.api import action, opens
from silkgate.portal import api as portal
from silkgate.ui.moment import at_of

METRICS = action(
    "site.metrics",
    "读取监测指标（凭令牌或在本机）",
    "Read metrics (with the token, or on the machine itself)",
    anyone=True,
)

log = logging.getLogger("silkgate.metrics")

_COUNTERS = {
    "documents": ("silkgate_documents", "Documents received, by kind of message.", ("kind",)),
    "messages": ("silkgate_messages", "Messages received, by channel and kind.", ("channel", "kind")),
    "outcomes": ("silkgate_answers", "Messages answered, by outcome.", ("outcome",)),
    "refusals": ("silkgate_refusals", "Messages and declarations refused, by reason.", ("reason",)),
    "decisions": ("silkgate_decisions", "Decisions on declarations, by kind.", ("kind",)),
    "receipts": ("silkgate_receipts", "Receipts issued, by kind.", ("kind",)),
}
_TIMES = {
    "decided": ("silkgate_decision_seconds", "From the receipt of a message to its decision."),
    "receipt": ("silkgate_receipt_seconds", "From the receipt of a message to each receipt that answers it."),
}


@opens(METRICS)
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: 200 in Prometheus' text form; 403 to strangers; `silkgate_up 0` where the database is away."""
    if not _may_read(request):
        return HttpResponse("403\n", status=403, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(Numbers(at_of(request).timestamp()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    """With a token of the installation whoever knows it, without one only this machine itself and no proxy on it."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    if any(name.startswith("X-Forwarded-") or name == "Forwarded" for name in request.headers):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class Numbers(Collector):
    """What the database knows at `now` (seconds since 1970)."""

    def __init__(self, now: float) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """All families; only `silkgate_up` where the database is away."""
        up = GaugeMetricFamily("silkgate_up", "1 where the database answers.")
        try:
            families = [*self._counted(), *self._waiting(), *self._beats()]
        except DatabaseError as error:
            log.warning("没有监测数据 / no numbers: %s", " ".join(str(error).split()))
            families = []
        up.add_metric([], 1 if families else 0)
        build = GaugeMetricFamily("silkgate_build_info", "The release.", labels=("version",))
        build.add_metric([__version__], 1)
        yield from (up, build, *families)

    def _counted(self) -> Iterator[Metric]:
        counted = portal.counters()
        for measure, (name, words, labels) in _COUNTERS.items():
            family = CounterMetricFamily(name, words, labels=labels)
            for label, amount in counted.get(measure, {}).items():
                family.add_metric(label.split(" ", len(labels) - 1), amount)
            yield family
        for stage, (name, words) in _TIMES.items():
            within = {int(place): amount for place, amount in counted.get(f"{stage}_within", {}).items()}
            total_ms = counted.get(f"{stage}_ms", {}).get("", 0)
            yield _histogram(name, words, within, total_ms / 1000)

    def _waiting(self) -> Iterator[Metric]:
        waiting = portal.waiting()
        queues = (
            ("engine", waiting.documents, waiting.oldest_at),
            ("companions", waiting.companions, waiting.companions_oldest_at),
            ("officer", waiting.held, waiting.held_oldest_at),
        )
        size = GaugeMetricFamily(
            "silkgate_waiting", "Documents waiting for the engine; declarations for others.", labels=("for",)
        )
        age = GaugeMetricFamily(
            "silkgate_waiting_oldest_seconds", "How long the oldest of them has waited.", labels=("for",)
        )
        for name, count, oldest in queues:
            size.add_metric([name], count)
            age.add_metric([name], max(0.0, self._now - oldest.timestamp()) if oldest else 0)
        yield from (size, age)

    def _beats(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "silkgate_part_seen_timestamp_seconds", "The last minute in which a part was at work.", labels=("part",)
        )
        for part, minute in portal.beats():
            family.add_metric([part], minute.timestamp())
        yield family


def _histogram(name: str, words: str, within: dict[int, int], total_seconds: float) -> Metric:
    """`within`: class number (0: up to the first bound) to how many, as PostgreSQL's width_bucket numbers them."""
    buckets, so_far = [], 0
    for place, bound in enumerate((*portal.BOUNDS_SECONDS, float("inf"))):
        so_far += within.get(place, 0)
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), so_far))
    family = HistogramMetricFamily(name, words)
    family.add_metric([], buckets, sum_value=total_seconds)
    return family
