"""The test bench in a real browser: a firm uploads a message and reads what came of it, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model

from silkgate.identity import models as identity
from testbench.played import CODE, NAME, scenario_named, sent

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PASSWORD = "silk-road-2026-bench"
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES", "")
"""A folder, where somebody wants to look at the pages."""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"bench-{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def tester(reader: Opened, database: str) -> Callable[..., Page]:
    """Opens a page of a declarant of the firm, who has signed in."""
    chen = get_user_model().objects.create_user("chen", password=PASSWORD)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    firm = identity.Organisation.objects.create(code=CODE, name=NAME, registered_at=at)
    identity.Membership.objects.create(user=chen, organisation=firm, role="declarant", since=at)

    def opened(address: str, **options: object) -> Page:
        page = reader(**options)
        page.goto(address)
        page.locator("#id_login, #id_username").first.fill("chen")
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main form button.primary").first.click()
        page.wait_for_url(f"**{address}")
        return page

    return opened


def test_a_message_is_uploaded_and_answered(tester: Callable[..., Page], tmp_path: Path) -> None:
    page = tester(f"/testbench/of/{CODE}")
    file = tmp_path / "order.xml"
    file.write_bytes(sent(scenario_named("ebp.bonded"))[0])
    page.locator("#id_messages").set_input_files(file)
    page.locator("#id_law_day").fill("2026-06-18")
    picture(page, "own")
    page.get_by_role("button", name="测试", exact=True).click()
    page.wait_for_url("**/runs/*")
    picture(page, "run")
    assert page.get_by_text("CEB311Message").count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="回执 CEB312Message").click()
    assert b"CEB312Message" in Path(download.value.path()).read_bytes()
    assert fits(page)
