"""What every test may ask for: a database of its own, a running site, a browser. Nothing outside the run is needed.

The run has one PostgreSQL in a temporary home, shared by all xdist workers. A template database is migrated once; each
test that asks for `database` gets a copy of it, in about 50 ms.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TEMPLATE = "silkgate_template"
NO_DATABASE = "this_test_asked_for_no_database"
SERVER_URL_VARIABLE = "SILKGATE_TEST_DATABASE_URL"
"""A PostgreSQL to test on instead of the embedded one; its role must be allowed to create databases."""


def pytest_configure(config: pytest.Config) -> None:
    """A home for this run, the same for all its workers, and Django set up in it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="silkgate-test-", dir="/tmp"))
        # As root the server runs as another account, which has to pass through.
        home.chmod(0o711)
        os.environ["SILKGATE_HOME"] = str(home)
    os.environ.pop("DATABASE_URL", None)
    from silkgate.site.application import set_up

    set_up()
    _point_django_at(NO_DATABASE)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's home; by now its last user has stopped the server."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["SILKGATE_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """URL of a database from which others may be made, on a server that answers."""
    from silkgate.site.home import current_home
    from silkgate.site.postgres import EmbeddedPostgres

    given = os.environ.get(SERVER_URL_VARIABLE)
    if given:
        yield given
        return
    # A test's data need not outlive the machine's power supply; killed processes lose nothing by this.
    with EmbeddedPostgres(current_home().postgres, {"fsync": "off", "shared_buffers": "64MB"}) as server:
        yield server.url


@pytest.fixture(scope="session")
def migrated_template(database_server: str) -> str:
    """Name of the database that holds every table and no row of a test; made by the first worker that needs it."""
    from silkgate.site.application import migrate
    from silkgate.site.home import current_home

    with (current_home().root / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(database_server, autocommit=True) as connection:
            name = f"{TEMPLATE}_{current_home().root.name[-8:]}"
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
            unfinished = f"{name}_unfinished"
            _drop(connection, unfinished)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(unfinished)))
            _point_django_at(_url_of(database_server, unfinished))
            migrate()
            _point_django_at(NO_DATABASE)
            words = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(words.format(sql.Identifier(unfinished), sql.Identifier(name)))
            return name


@pytest.fixture
def database(database_server: str, migrated_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A fresh, migrated database: Django's default connection, `DATABASE_URL` of children, and the URL returned."""
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(database_server, autocommit=True) as connection:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(words.format(sql.Identifier(name), sql.Identifier(migrated_template)))
        url = _url_of(database_server, name)
        monkeypatch.setenv("DATABASE_URL", url)
        _point_django_at(url)
        try:
            yield url
        finally:
            _point_django_at(NO_DATABASE)
            _drop(connection, name)


@pytest.fixture
def live_server(database: str) -> Iterator[str]:
    """Address (`http://127.0.0.1:port`) of the site, served as in production, on this test's database."""
    from silkgate.site import web

    listening = socket.create_server(("127.0.0.1", 0))
    server = web.server()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        # The socket listens already: a request made before the server is ready waits in its queue.
        yield web.address(listening)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, without a window."""
    if not CHROMIUM.exists():
        reason = f"no Chromium at {CHROMIUM}; on Debian: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("SILKGATE_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
            yield opened
            opened.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """A page of a new reader of `live_server` who prefers Chinese; relative addresses are the site's."""
    context = browser.new_context(base_url=live_server, locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def _url_of(url: str, name: str) -> str:
    """The same server's database `name`."""
    head, _, tail = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{tail}" if tail else "")


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _point_django_at(url: str) -> None:
    """Every later connection of every thread goes there; NO_DATABASE makes the next one fail with that name."""
    from django.db import connections

    from silkgate.site.database import django_database

    connections.close_all()
    # One dictionary per alias, shared by the connections of all threads.
    settings = connections.settings["default"]
    settings.update({"NAME": NO_DATABASE} if url == NO_DATABASE else django_database(url))
