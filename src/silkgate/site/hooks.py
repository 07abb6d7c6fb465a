"""The process `silkgate worker --role webhooks`: events on their way to the addresses of organisations."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from silkgate.site import rooms


def deliver(stop: threading.Event) -> None:
    """Deliver until `stop`."""
    from silkgate.exchange.api import connect, run_webhooks

    rooms.furniture("events")
    run_webhooks(stop, connect, lambda: datetime.now(UTC))
