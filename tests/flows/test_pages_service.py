"""Status and operations in a real browser: what is measured is shown, to whom it belongs, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from silkgate.portal import api as portal

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES")
"""Folder for pictures of the pages; none are taken without it."""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.fixture
def measured(database: str, play: Play) -> None:
    """A case cleared and counted a moment ago, and an hour of beats in which the engine was away for a while."""
    play("05-match-differences")
    now = datetime.now(UTC)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update exchange_segment set received_at = %s", [now - timedelta(minutes=3, seconds=2)])
        connection.execute("update clearance_batch set at = %s", [now - timedelta(minutes=3)])
        connection.execute("alter table journal_event disable trigger all")
        connection.execute("update journal_event set at = %s", [now - timedelta(minutes=3)])
        while (counted := portal.step(connection)) is not None and counted.anything:
            pass
        for ago in range(61):
            for part in ("web", "engine", "intake", "watch"):
                if part != "engine" or ago > 9:
                    portal.beat(connection, part, now - timedelta(minutes=ago))


@pytest.mark.parametrize(
    ("locale", "words", "width"),
    [("zh-CN", ("部分服务没有运行", "裁决引擎", "停止", "可用率为实测"), 1280),
     ("en-GB", ("Part of the service is not at work", "Clearance engine", "Away", "Availability is measured"), 390)],
)  # fmt: skip
def test_everybody_may_see_how_the_service_stands(
    reader: Opened, measured: None, locale: str, words: tuple[str, ...], width: int
) -> None:
    page = reader(locale=locale, viewport={"width": width, "height": 900})
    page.goto("/status")
    text = page.locator("main").inner_text()
    for word in words:
        assert word in text
    rows = {row.split("\n")[0].split("\t")[0]: row for row in page.locator("tbody tr").all_inner_texts()}
    engine = next(row for name, row in rows.items() if words[1] in name)
    web = next(row for name, row in rows.items() if name in ("网页与接口", "Web and interface"))
    assert "100.000 %" in web
    assert "85.000 %" in engine, "51 of 60 minutes"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"status-{locale}")


def test_nothing_measured_is_not_called_well(reader: Opened, database: str) -> None:
    page = reader()
    page.goto("/status")
    assert "还没有测量结果" in page.locator("main").inner_text()
    assert "全部正常" not in page.locator("main").inner_text()


@pytest.fixture
def signed_in(reader: Opened, officer: tuple[str, str]) -> Callable[..., Page]:
    """A page of an officer who asked for the operators' page and has signed in."""

    def opened(**options: object) -> Page:
        page = reader(**options)
        page.goto("/operations")
        assert "/login" in page.url, "strangers are asked to sign in"
        page.locator("#id_username").fill(officer[0])
        page.locator("#id_password").fill(officer[1])
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/operations")
        return page

    return opened


@pytest.mark.parametrize(
    ("locale", "words", "width"),
    [("zh-CN", ("收到报文→裁决", "等引擎裁决", "退单与拒收原因", "2.0 s"), 1280),
     ("en-GB", ("Message received → decided", "For the engine", "Reasons of refusal", "2.0 s"), 390)],
)  # fmt: skip
def test_operators_see_what_arrives_what_waits_and_why(
    signed_in: Callable[..., Page], measured: None, locale: str, words: tuple[str, ...], width: int
) -> None:
    page = signed_in(locale=locale, viewport={"width": width, "height": 900})
    text = page.locator("main").inner_text()
    for word in words:
        assert word in text, word
    assert "match.buyer" in text, "why declarations were refused"
    assert page.locator("rect").count() == 61, "a minute each, and the base line"
    assert max(int(bar.get_attribute("height") or 0) for bar in page.locator("rect").all()) == 60
    assert page.locator("svg[role=img]").get_attribute("aria-label")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"operations-{locale}")


def test_an_empty_installation_says_so(signed_in: Callable[..., Page]) -> None:
    text = signed_in().locator("main").inner_text()
    assert "近24小时没有退单和拒收" in text
