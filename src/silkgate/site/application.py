"""Makes Django ready in a process that is not the web server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from silkgate.site.database import database
from silkgate.site.home import Home, current_home
from silkgate.site.moment import china_time

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
    """Bring the database to this release, one process at a time; returns the names of the applied migrations."""
    from django.core.management import call_command
    from django.db import connection

    from silkgate.site.health import unapplied_migrations

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            waiting = unapplied_migrations()
            call_command("migrate", interactive=False, verbosity=0, stdout=StringIO())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    return waiting


_MIGRATION_LOCK = 0x51_1C_6A_7E
"""Advisory lock key; any number that nobody else uses."""
