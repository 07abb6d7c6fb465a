"""What every test may ask for: a database of its own, a running site, a browser. Nothing outside the run is needed.

The run has one PostgreSQL in a temporary home, shared by all xdist workers. A template database is migrated once; each
test that asks for `database` gets a copy of it, or one that was washed after another test (`washing.py`).
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from silkgate.site.postgres import EmbeddedPostgres
    from washing import Laundry

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
LONGEST = (
    "identity/test_access_matrix.py",
    "flows/test_pages_portal.py",
    "site/test_run.py",
    "torture/",
    "flows/",
    "bench/",
    "site/",
)
"""Files that take minutes, or whole services; what is begun last should be short."""
NO_DATABASE = "postgresql:///this_test_asked_for_no_database?host=/nonexistent"
SERVER_URL_VARIABLE = "SILKGATE_TEST_DATABASE_URL"
"""A PostgreSQL to test on instead of the embedded one; its role must be allowed to create databases."""


def pytest_configure(config: pytest.Config) -> None:
    """A home for this run, the same for all its workers, and Django set up in it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="silkgate-test-", dir="/tmp"))
        # As root the server runs as another account, which has to pass through.
        home.chmod(0o711)
        os.environ["SILKGATE_HOME"] = str(home)
        # Tests start hundreds of processes: each would compile everything where nothing may be kept beside the sources.
        if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
            os.environ["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    from silkgate.site.application import set_up
    from silkgate.site.database import use_database

    set_up()
    use_database(NO_DATABASE)
    del os.environ["DATABASE_URL"]
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    # What makes guessing dear makes the many accounts of tests dear: half a second each.
    PBKDF2PasswordHasher.iterations = 1_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process of the run is left alone with it at the end."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((number for number, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))

    items.sort(key=rank)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's home; by now its last user has stopped the server."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["SILKGATE_HOME"], ignore_errors=True)


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[EmbeddedPostgres | None]:
    """The server of this run; None where another one was given."""
    from silkgate.site.home import current_home
    from silkgate.site.postgres import EmbeddedPostgres

    if os.environ.get(SERVER_URL_VARIABLE):
        yield None
        return
    # A test's data need not outlive the machine's power supply; killed processes lose nothing by this.
    with EmbeddedPostgres(current_home().postgres, {"fsync": "off", "shared_buffers": "64MB"}) as server:
        yield server


@pytest.fixture(scope="session")
def database_server(embedded_server: EmbeddedPostgres | None) -> str:
    """URL of a database from which others may be made, on a server that answers."""
    return embedded_server.url if embedded_server else os.environ[SERVER_URL_VARIABLE]


@pytest.fixture(scope="session")
def laundry(embedded_server: EmbeddedPostgres | None) -> Iterator[Laundry | None]:
    """Where databases are washed; None where nobody here may do that."""
    from washing import Laundry

    if embedded_server is None:
        yield None
        return
    made = Laundry(embedded_server.url, embedded_server.superuser_url)
    yield made
    made.drop()


@pytest.fixture
def database(database_server: str, laundry: Laundry | None) -> Iterator[str]:
    """A fresh, migrated database: Django's default connection, `DATABASE_URL` of children, and the URL returned."""
    from silkgate.exchange.api import forget_shared_receiver
    from silkgate.site.application import set_up
    from silkgate.site.database import use_database
    from silkgate.site.scratch import private_database

    # It belongs to the process, and whoever sent something before is still connected to another database.
    forget_shared_receiver()
    try:
        if laundry is None:
            with private_database(database_server) as url:
                yield url
            return
        url = laundry.take()
        use_database(url)
        set_up()
        yield url
    finally:
        forget_shared_receiver()
        use_database(NO_DATABASE)
        os.environ.pop("DATABASE_URL", None)
        if laundry is not None:
            laundry.take_back()


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, without a window. It ends with its file, for Playwright's loop runs in this thread."""
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
