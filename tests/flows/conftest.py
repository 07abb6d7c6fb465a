"""What the flows share: an example case in the database, readers of every kind, a watch over what they load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

Play = Callable[[str], None]
Opened = Callable[..., "Page"]


@pytest.fixture
def play(database: str, tmp_path: Path) -> Play:
    """Runs an example case of this name through the real intake and engine into the site's database."""
    from clearance.rig import CASES, connector
    from silkgate.clearance.api import run_case

    def played(name: str) -> None:
        run_case(CASES / name, tmp_path / name, connector(database))

    return played


@pytest.fixture
def decide(database: str) -> Callable[[str], int]:
    """Lets the engine carry out what is open, by the clock of the case of this name; how much that was."""
    from clearance.rig import CASES, connector
    from silkgate.clearance.api import Engine, read_zone_folder

    def decided(name: str) -> int:
        as_of = read_zone_folder(CASES / name).as_of
        with Engine(connector(database), lambda: as_of) as engine:
            return engine.drain()

    return decided


@pytest.fixture
def reader(browser: Browser, live_server: str) -> Iterator[Opened]:
    """Opens a new reader's page; at the end, whatever went wrong or was asked for from outside in any of them fails."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    said: list[tuple[str, str]] = []
    refused: set[str] = set()
    """Addresses that answered a form with 422, as they do to what is wrong in it: the browser calls that an error."""
    # What htmx says of a check while typing that its reader did not wait for; one that failed says sendError.
    given_up = ("htmx:afterRequest", "htmx:sendAbort")

    def answered(answer: Response) -> None:
        if answer.status == 422 and answer.request.is_navigation_request() and answer.request.method == "POST":
            refused.add(answer.url)

    def opened(**options: object) -> Page:
        given = {"base_url": live_server, "locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **options}
        context = browser.new_context(**given)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda one: said.append((one.text, one.location["url"])) if one.type == "error" else None)
        page.on("response", answered)
        page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(live_server) else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    wrong += [
        text for text, url in said if not ("status of 422" in text and url in refused) and not text.startswith(given_up)
    ]
    assert wrong == []


@pytest.fixture
def officer(database: str) -> tuple[str, str]:
    """Name and password of an officer who may sign in."""
    from silkgate.identity.api import add_officer

    add_officer("zhao", "silk-road-2026-zhao")
    return "zhao", "silk-road-2026-zhao"
