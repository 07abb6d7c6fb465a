"""How a page looks: whether it fits, a picture of it for whoever wants to look; and coming to it as somebody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page

PICTURES = os.environ.get("SILKGATE_TEST_PICTURES", "")
"""Folder for pictures of the pages; none are taken without it."""


def picture(page: Page, name: str) -> None:
    """A picture of the whole page, where somebody wants to look at it."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def enter(page: Page, client: Client, address: str) -> Page:
    """The page, of whoever has signed in with `client`, on the site at `address`. Signing in is tested elsewhere."""
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
    return page
