"""What the background processes do: decide, and take in what is dropped."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import psycopg

from silkgate.site.database import named_url
from silkgate.site.home import Home

log = logging.getLogger("silkgate.worker")

_BUSY_SECONDS = 2.0


def connect() -> psycopg.Connection:
    """A new connection to the database that this process uses."""
    return psycopg.connect(named_url() or "")


def run_engine(stop: threading.Event) -> None:
    """Decide until `stop`. A second engine waits here until the first one is gone."""
    from silkgate.clearance.api import Engine, EngineBusyError

    waiting = False
    while not stop.is_set():
        try:
            with Engine(connect, lambda: datetime.now(UTC)) as engine:
                log.info("deciding")
                engine.run(stop)
        except EngineBusyError:
            if not waiting:
                log.info("another engine is at work; waiting for it to end")
            waiting = True
            stop.wait(_BUSY_SECONDS)


def run_intake(home: Home, stop: threading.Event) -> None:
    """Take in what appears in the drop folder until `stop`."""
    from silkgate.exchange.api import watch

    home.drop.mkdir(parents=True, exist_ok=True)
    watch(home.drop, stop)
