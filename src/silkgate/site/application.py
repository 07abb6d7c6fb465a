"""Makes Django ready in a process that is not the web server."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import psycopg

from silkgate.site.database import database
from silkgate.site.home import Home, current_home
from silkgate.site.moment import china_time
from silkgate.site.problem import Problem

SETTINGS = "silkgate.site.settings"


@contextmanager
def application() -> Iterator[Home]:
    """For the time of the block: a database that answers and Django set up on it. Raises Problem."""
    # Whatever is decided is decided on the law of a day: better nothing than on that of a wrong one.
    china_time()
    home = current_home().prepare()
    with database(home):
        set_up()
        try:
            yield home
        finally:
            from django.db import connections

            connections.close_all()


def set_up() -> None:
    """Django on the database that the environment names; call after `database` was entered."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    django.setup()


def migrate() -> list[str]:
    """Bring the database to this release, one process at a time; returns the names of the applied migrations.

    May run while an older release works on it: a step that does not get its table within `LOCK_SECONDS` lets those
    who write pass and tries again. Raises Problem where a table stays taken.
    """
    from django.db import connection

    from silkgate.site.health import unapplied_migrations

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            waiting = unapplied_migrations()
            # Whoever comes behind a step that waits for its table waits with it.
            cursor.execute("SET lock_timeout = %s", [f"{LOCK_SECONDS}s"])
            _apply()
        finally:
            cursor.execute("RESET lock_timeout")
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    return waiting


def _apply() -> None:
    """All steps, each in a transaction of its own; what was done stays done when a later one is tried again."""
    from django.core.management import call_command
    from django.db import OperationalError

    for attempt in range(_ATTEMPTS):
        try:
            call_command("migrate", interactive=False, verbosity=0, stdout=StringIO())
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                raise
            if attempt == _ATTEMPTS - 1:
                reason = str(error).splitlines()[0]
                raise Problem(
                    f"升级数据表时一直等不到锁：{reason}。请在空闲时重试，已完成的步骤会保留。",
                    f"A table to be changed stayed in use: {reason}. Try again at a quiet time; "
                    "the steps that were done stay done.",
                ) from error
        time.sleep(LOCK_SECONDS)


LOCK_SECONDS = 2
"""How long a step of a migration waits for its table, and how long those who write then have before the next try."""
_ATTEMPTS = 30
_MIGRATION_LOCK = 0x51_1C_6A_7E
"""Advisory lock key; any number that nobody else uses."""
