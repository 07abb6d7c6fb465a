"""Notes which parts are at work, counts what was committed, tells it to the log, and tells of deadlines: the process
`worker --role watch`, and a heart in every other process.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg

from silkgate.exchange.api import connect
from silkgate.portal import api as portal
from silkgate.site import logs

log = logging.getLogger("silkgate.watch")
trail = logging.getLogger("silkgate.trail")

BEAT_SECONDS = 20.0
"""Three looks a minute: a minute is missed only by who was away for most of it."""
COUNT_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)
_PROBE_SECONDS = 10
_STALE = timedelta(seconds=60)

Well = Callable[[psycopg.Connection], bool]
"""Whether a part is at work; asked before each beat, with a connection to the database."""


def always(connection: psycopg.Connection) -> bool:
    """For a part whose process is at work as long as it lives."""
    return True


def engine_is_well(connection: psycopg.Connection) -> bool:
    """The engine has finished a batch, or looked for one, within a minute."""
    row = connection.execute("select max(at) from clearance_enginecursor").fetchone()
    return row is not None and row[0] is not None and datetime.now(UTC) - row[0] < _STALE


def answers_at(address: str) -> Well:
    """Whether the web server at `address` answers a request, as its users would make it."""
    parts = urlsplit(address)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname or "")  # noqa: S104

    def answers(connection: psycopg.Connection) -> bool:
        asked = http.client.HTTPConnection(host, parts.port, timeout=_PROBE_SECONDS)
        try:
            asked.request("GET", "/health/ready", headers={"Host": "localhost"})
            return asked.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asked.close()

    return answers


@contextmanager
def heart(part: str, is_well: Well = always) -> Iterator[None]:
    """For the time of the block this process notes in every minute that `part` is at work."""
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(part, is_well, stop), name="heart", daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join(_PROBE_SECONDS)


def _beat(part: str, is_well: Well, stop: threading.Event) -> None:
    connection: psycopg.Connection | None = None
    told = False
    while not stop.is_set():
        seen = False
        try:
            # One connection for all beats: the engine runs without a collector of garbage.
            if connection is None or connection.closed:
                connection = connect()
            seen = is_well(connection)
            if seen:
                portal.beat(connection, part, datetime.now(UTC))
            told = False
        except psycopg.Error as error:  # most likely a database that is away: no beat
            if not told:
                told = True
                log.warning("%s: 无法记录运行 / cannot note that it is at work: %s", part, " ".join(str(error).split()))
            if connection is not None:
                connection.close()
        # Who is not up yet is looked at again soon.
        stop.wait(BEAT_SECONDS if seen else COUNT_SECONDS)
    if connection is not None:
        connection.close()


def watch(stop: threading.Event) -> None:
    """Count what is committed, once a second, until `stop`. Outlives a database that is away."""
    pruned_at = datetime.now(UTC) - PRUNE_EVERY
    connection: psycopg.Connection | None = None
    while not stop.is_set():
        try:
            if connection is None or connection.closed:
                connection = connect()
            if datetime.now(UTC) - pruned_at >= PRUNE_EVERY:
                pruned_at = datetime.now(UTC)
                portal.prune(connection, pruned_at)
                _look_after_cases(connection, pruned_at)
                _begin_classes(connection, pruned_at)
                look_after_storage(pruned_at)
            counted = portal.step(connection, tell=logs.is_structured())
        except psycopg.Error as error:
            log.warning("计数中断 / counting is interrupted: %s", " ".join(str(error).split()))
            if connection is not None:
                connection.close()
            counted = None
        for passed in counted.passed if counted else ():
            trail.info(passed.event, extra={"fields": {"message": passed.message, **passed.fields}})
        if counted is None or not counted.anything:
            stop.wait(COUNT_SECONDS)
    if connection is not None:
        connection.close()


def _begin_classes(connection: psycopg.Connection, moment: datetime) -> None:
    """Credit classes that were given for a later day begin with that day."""
    from silkgate.registry import api as registry

    with connection.transaction(), connection.cursor() as cursor:
        registry.keep_classes(cursor, moment)


def look_after_storage(moment: datetime) -> None:
    """What is overdue in bonded storage becomes a case. Cases are opened over a connection of Django's own."""
    from django.db import Error, connections

    from silkgate.bonded import api as bonded

    try:
        raised = bonded.raise_storage_cases(moment)
    except Error as error:
        log.warning("暂存逾期无法立案 / no cases of overdue storage: %s", " ".join(str(error).split()))
        return
    finally:
        connections.close_all()
    if raised.late or raised.overstay:
        late, overstay = len(raised.late), len(raised.overstay)
        told = "暂存逾期立案：未申报%d件，超期%d件 / storage: cases of months not declared: %d, of lots: %d"
        log.info(told, late, overstay, late, overstay)


def _look_after_cases(connection: psycopg.Connection, moment: datetime) -> None:
    """Tell of deadlines near and passed, once each; put away what ended processes left of files."""
    from silkgate.casework import api as casework

    with connection.transaction(), connection.cursor() as cursor:
        told = casework.remind(cursor, moment)
    if told.near or told.late:
        near, late = len(told.near), len(told.late)
        log.info("事项将到期%d件，已逾期%d件 / cases near deadline: %d, late: %d", near, late, near, late)
    try:
        with connection.transaction(), connection.cursor() as cursor:
            casework.tidy(cursor, moment)
    except OSError as error:
        log.warning("材料目录无法整理 / the evidence folder cannot be tidied: %s", error)
