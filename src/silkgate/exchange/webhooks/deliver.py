"""The worker: follows the journal for every subscription, calls what is due, tries again, gives up in the end.

At least once: who dies between call and note calls again, under the same webhook-id. Any number of workers may run.
"""

from __future__ import annotations

import json
import logging
import random
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from silkgate.exchange import idempotency
from silkgate.exchange.webhooks import events
from silkgate.exchange.webhooks.post import Outcome, call
from silkgate.exchange.webhooks.subscriptions import UnreadableSecretError, secret_of, tell_ended
from silkgate.journal import api as journal
from silkgate.standards import webhooks as signing

log = logging.getLogger("silkgate.webhooks")

RETRIES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800, 57_600, 86_400)
)
"""What passes before each next attempt, before jitter: about three days in all. Then a delivery is given up."""
JITTER = (80, 120)
"""Each wait is this many hundredths of the one above, so that who was away is not met by all at once."""
DISABLED_AFTER = timedelta(days=5)
KEPT_FOR = timedelta(days=30)
LEASE = timedelta(seconds=60)
"""Longer than a call may take: a delivery whose worker died is due again after it."""
AT_ONCE, PER_SUBSCRIPTION = 16, 4
LOOK_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)
GONE = 410
_FAN_OUT_LOCK = 0x51_1C_6A_7F

Connect = Callable[[], psycopg.Connection]
Now = Callable[[], datetime]


class Due(NamedTuple):
    """A delivery that this worker has taken for `LEASE`."""

    id: int
    subscription_id: int
    event_id: int
    attempts: int
    url: str
    secret: bytes
    former: bytes | None
    """The secret before, while it still signs too."""
    body: bytes


def run(stop: threading.Event, connect: Connect, now: Now) -> None:
    """Deliver until `stop`. Outlives a database that is away."""
    connection: psycopg.Connection | None = None
    pruned_at: datetime | None = None
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while not stop.is_set():
            busy = False
            try:
                if connection is None or connection.closed:
                    connection = connect()
                if pruned_at is None or now() - pruned_at > PRUNE_EVERY:
                    pruned_at = now()
                    prune(connection, pruned_at)
                busy = fan_out(connection, now()) > 0
                busy = step(connection, now, pool) > 0 or busy
            except psycopg.Error as error:
                log.warning("推送中断 / webhooks are interrupted: %s", " ".join(str(error).split()))
                if connection is not None:
                    connection.close()
            if not busy:
                stop.wait(LOOK_SECONDS)
    if connection is not None:
        connection.close()


# --- From the journal to deliveries -----------------------------------------------------------------------------------


def fan_out(connection: psycopg.Connection, at: datetime) -> int:
    """Make deliveries of what has happened, for the subscriptions that are furthest behind; how many were made."""
    cursor = connection.cursor()
    row = cursor.execute("select min(cursor) from exchange_subscription where disabled_at is null").fetchone()
    if row is None or row[0] is None:
        return 0
    low = row[0]
    high = events.horizon(cursor, low)
    if high <= low:
        return 0
    with connection.transaction():
        locked = cursor.execute("select pg_try_advisory_xact_lock(%s)", (_FAN_OUT_LOCK,)).fetchone()
        if not locked or not locked[0]:
            return 0
        waiting = cursor.execute(
            "select id, organisation_code, types, cursor from exchange_subscription"
            " where disabled_at is null and cursor >= %s and cursor < %s for update",
            (low, min(high, low + events.SPAN)),
        ).fetchall()
        if not waiting:
            return 0
        found, top = events.look(cursor, low, sorted({kind for one in waiting for kind in one[2]}), high)
        rows = [
            (number, one.event.id, at)
            for number, code, types, after in waiting
            for one in found
            if one.event.id > after and one.event.kind in types and code in one.subject.organisations
        ]
        cursor.executemany(
            "insert into exchange_delivery (subscription_id, event_id, due_at) values (%s, %s, %s)"
            " on conflict do nothing",
            rows,
        )
        cursor.execute(
            "update exchange_subscription set cursor = %s where id = any(%s) and cursor < %s",
            (top, [one[0] for one in waiting], top),
        )
    return len(rows) + (1 if top < high else 0)


# --- From deliveries to addresses -------------------------------------------------------------------------------------


def step(
    connection: psycopg.Connection, now: Now, pool: ThreadPoolExecutor, context: ssl.SSLContext | None = None
) -> int:
    """Call what is due, side by side; how many those were."""
    due = claim(connection, now())
    outcomes = pool.map(lambda one: _call(one, now(), context), due)
    for one, outcome in zip(due, outcomes, strict=True):
        note(connection, one, outcome, now())
    return len(due)


def claim(connection: psycopg.Connection, at: datetime) -> list[Due]:
    """Take deliveries that are due: few of each subscription, one where they fail, so that none holds up others."""
    cursor = connection.cursor()
    with connection.transaction():
        rows = cursor.execute(
            "with taken as (select d.id from exchange_subscription s cross join lateral"
            " (select id, due_at from exchange_delivery where subscription_id = s.id and due_at <= %(at)s"
            " order by due_at, id limit case when s.failing_since is null then %(each)s else 1 end) one"
            " join exchange_delivery d on d.id = one.id and d.due_at <= %(at)s"
            " where s.disabled_at is null order by one.due_at limit %(all)s for update of d skip locked)"
            " update exchange_delivery d set due_at = %(lease)s, tried_at = %(at)s,"
            " attempts = least(attempts + 1, 30000)"
            " from taken, exchange_subscription s where d.id = taken.id and s.id = d.subscription_id"
            " returning d.id, d.subscription_id, d.event_id, d.attempts, s.url, s.secret,"
            " case when s.former_until > %(at)s then s.former_secret end",
            {"at": at, "lease": at + LEASE, "each": PER_SUBSCRIPTION, "all": AT_ONCE},
        ).fetchall()
    bodies = _bodies(cursor, [(row[1], row[2]) for row in rows], at)
    return [
        Due._make((*row[:5], bytes(row[5]), row[6] and bytes(row[6]), body))
        for row, body in sorted(zip(rows, bodies, strict=True), key=lambda pair: pair[0][2])
    ]


def _bodies(cursor: Any, wanted: Sequence[tuple[int, int]], at: datetime) -> list[bytes]:
    found = journal.numbered(cursor, sorted({number for _, number in wanted}))
    about = dict(zip(found, journal.subjects_of(cursor, list(found.values())), strict=True))
    nobodys = journal.Subject((), "")
    told = [
        events.trial(subscription, at)
        if number == events.TRIAL
        else events.told(events.Found(found[number], about[number] or nobodys))
        for subscription, number in wanted
    ]
    return [json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() for members in told]


def _call(due: Due, at: datetime, context: ssl.SSLContext | None) -> Outcome:
    name, seconds = events.name(due.event_id), int(at.timestamp())
    try:
        secrets = [secret_of(stored) for stored in (due.secret, due.former) if stored]
        signature = " ".join([signing.sign(secret, name, seconds, due.body) for secret in secrets])
    except UnreadableSecretError as error:
        return Outcome(None, str(error))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "silkgate-webhooks/1",
        signing.ID: name,
        signing.TIMESTAMP: str(seconds),
        signing.SIGNATURE: signature,
    }
    return call(due.url, due.body, headers, context=context)


def note(connection: psycopg.Connection, due: Due, outcome: Outcome, at: datetime) -> None:
    """Write down what came of a call: done, due again, given up; a subscription that keeps failing is disabled."""
    cursor = connection.cursor()
    with connection.transaction():
        again = None if outcome.arrived or due.attempts > len(RETRIES) else at + wait_after(due.attempts)
        cursor.execute(
            "update exchange_delivery set due_at = %s, delivered_at = %s, status = %s, reason = %s where id = %s",
            (again, at if outcome.arrived else None, outcome.status, outcome.reason[:200], due.id),
        )
        if outcome.arrived:
            cursor.execute(
                "update exchange_subscription set failing_since = null where id = %s and failing_since is not null",
                (due.subscription_id,),
            )
            return
        cursor.execute(
            "update exchange_subscription set failing_since = coalesce(failing_since, %(at)s) where id = %(id)s",
            {"at": at, "id": due.subscription_id},
        )
        because = "gone" if outcome.status == GONE else "failing"
        ended = cursor.execute(
            "update exchange_subscription set disabled_at = %(at)s, disabled_because = %(because)s where id = %(id)s"
            " and disabled_at is null and (%(because)s = 'gone' or failing_since <= %(oldest)s) returning id",
            {"at": at, "because": because, "id": due.subscription_id, "oldest": at - DISABLED_AFTER},
        ).fetchone()
        if ended:
            tell_ended(cursor, due.subscription_id, because, "webhooks", at)
    log.info("%s → %s: %s", events.name(due.event_id), due.url, outcome.reason)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts, with jitter."""
    plain = RETRIES[min(attempts, len(RETRIES)) - 1]
    return plain * random.randint(*JITTER) / 100  # noqa: S311 - spreads load, keeps no secret


def prune(connection: psycopg.Connection, at: datetime) -> None:
    """Forget deliveries that arrived or were given up long ago, and answers of idempotency keys."""
    connection.execute("delete from exchange_delivery where due_at is null and tried_at < %s", (at - KEPT_FOR,))
    idempotency.prune(connection.cursor(), at)
