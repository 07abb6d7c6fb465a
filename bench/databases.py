"""Databases of the runs: a zone, declarations of long ago, nothing received. Made once for each amount, then copied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from bench.prefill import prefill
from silkgate.site.application import migrate, set_up
from silkgate.site.database import url_of, use_database


class Databases:
    """On the server at `url`; `zone` is the folder of the zone that each of them has loaded."""

    def __init__(self, url: str, zone: Path) -> None:
        self.url, self._zone = url, zone
        self._templates: dict[int, str] = {}
        self.prefill_seconds: dict[int, float] = {}

    @contextmanager
    def fresh(self, stored: int = 0) -> Iterator[str]:
        """A database with `stored` declarations for the time of the block; Django is pointed at it meanwhile."""
        name = f"bench_{uuid4().hex[:12]}"
        template = self._template(stored)
        with psycopg.connect(self.url, autocommit=True) as connection:
            self._create(connection, name, template)
            try:
                use_database(url_of(self.url, name))
                yield url_of(self.url, name)
            finally:
                use_database(self.url)
                _drop(connection, name)

    def forget(self, stored: int) -> None:
        """The disk space of a template that is not needed any more."""
        if name := self._templates.pop(stored, None):
            with psycopg.connect(self.url, autocommit=True) as connection:
                _drop(connection, name)

    def _template(self, stored: int) -> str:
        if stored not in self._templates:
            self._templates[stored] = name = f"bench_stored_{stored}"
            with psycopg.connect(self.url, autocommit=True) as connection:
                self._create(connection, name, self._template(0) if stored else "template0")
            url = url_of(self.url, name)
            if stored:
                start = time.monotonic()
                prefill(url, stored)
                self.prefill_seconds[stored] = time.monotonic() - start
            else:
                self._migrate(url)
        return self._templates[stored]

    def _migrate(self, url: str) -> None:
        from django.db import connections

        use_database(url)
        set_up()
        migrate()
        from silkgate.clearance.api import load_zone

        load_zone(self._zone)
        connections.close_all()
        use_database(self.url)

    def _create(self, connection: psycopg.Connection, name: str, template: str) -> None:
        """Copied as files: written to the log as well, gigabytes would be written twice."""
        words = "create database {} template {} strategy file_copy"
        connection.execute(sql.SQL(words).format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection, name: str) -> None:
    """With `force` the server refuses an owner while autovacuum is at work there; without, it ends that one itself."""
    ours = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = current_user"
    connection.execute(ours, (name,))
    connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))
