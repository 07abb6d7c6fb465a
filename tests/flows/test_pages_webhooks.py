"""Webhooks in a real browser, with and without JavaScript: made, tried, given a new secret, paused, deleted."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from flows.axe import violations
from identity.made import OWN, member
from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import subscriptions
from silkgate.site import rooms

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES")
"""Folder for pictures of the pages; none are taken without it."""
ADDRESS = "https://8.8.8.8/silkgate/events"


def entered(reader: Opened, live_server: str, **options: object) -> Page:
    """A page of a filing clerk who has signed in."""
    cookie = member("chen", OWN, "filer").cookies["sessionid"].value
    page = reader(**options)
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server}])
    return page


@pytest.mark.parametrize("javascript", [True, False])
def test_a_webhook_from_its_making_to_its_end(reader: Opened, live_server: str, javascript: bool) -> None:
    page = entered(reader, live_server, java_script_enabled=javascript)
    page.goto("/")
    page.get_by_role("link", name="事件推送").first.click()
    expect(page.get_by_text("还没有推送")).to_be_visible()
    page.get_by_role("link", name="新增推送").click()
    page.get_by_label("推送地址", exact=True).fill(ADDRESS)
    page.get_by_label("备案生效：企业备案或变更生效").check()
    page.get_by_role("button", name="新增", exact=True).click()
    expect(page.get_by_text("密钥只显示这一次")).to_be_visible()
    page.get_by_role("link", name="查看这个推送").click()
    expect(page.get_by_text("还没有推送过")).to_be_visible()
    page.get_by_role("button", name="发送试推送").click()
    expect(page.locator("tbody tr")).to_contain_text("待推送")
    page.get_by_role("link", name="更换密钥").click()
    page.get_by_role("button", name="更换", exact=True).click()
    assert re.search(r"whsec_[A-Za-z0-9+/]+=", page.inner_text("dl"))
    page.get_by_role("link", name="查看这个推送").click()
    expect(page.get_by_text("新旧密钥并用至")).to_be_visible()
    page.get_by_role("button", name="暂停").click()
    expect(page.locator("main .facts")).to_contain_text("已暂停")
    page.get_by_role("button", name="恢复推送").click()
    expect(page.locator("main .facts")).to_contain_text("正常")
    page.get_by_role("link", name="删除", exact=True).click()
    page.get_by_role("button", name="删除").click()
    expect(page.get_by_text("推送已删除")).to_be_visible()
    assert not Subscription.objects.exists()


def _filled() -> Subscription:
    """A webhook with deliveries of every kind, and one that is paused."""
    rooms.furniture("events")
    at = datetime.now(UTC) - timedelta(hours=2)
    row, _ = subscriptions.make(OWN, ADDRESS, ["declaration.released", "enterprise.filed", "goods.filed"], "chen", at)
    other, _ = subscriptions.make(OWN, "https://8.8.4.4/hook", ["case.moved"], "chen", at)
    subscriptions.end(other, "ended", "chen", at)
    subscriptions.rotate(row, datetime.now(UTC))
    Subscription.objects.filter(pk=row.pk).update(failing_since=at)
    made = [
        Delivery(event_id=3, attempts=1, tried_at=at, delivered_at=at, status=204),
        Delivery(event_id=2, attempts=4, tried_at=at, due_at=at + timedelta(hours=3), status=503, reason="HTTP 503"),
        Delivery(event_id=1, attempts=13, tried_at=at, reason="connection refused / 连接被拒绝"),
    ]
    for one in made:
        one.subscription = row
    Delivery.objects.bulk_create(made)
    return row


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1280), ("en-GB", 1280), ("zh-CN", 390), ("en-GB", 390)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_speaks_one_language(
    reader: Opened, live_server: str, locale: str, width: int, scheme: str
) -> None:
    if scheme == "dark" and (locale, width) != ("zh-CN", 1280):
        pytest.skip("the colours are the same in both languages and widths")
    page = entered(reader, live_server, locale=locale, viewport={"width": width, "height": 900}, color_scheme=scheme)
    problems = []
    for name, address in _addresses().items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        problems += _looked_at(page, locale, name)
        if PICTURES:
            path = Path(PICTURES) / f"webhooks-{name}-{locale}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True)
    assert problems == []


def test_axe_finds_nothing(reader: Opened, live_server: str) -> None:
    page = entered(reader, live_server, bypass_csp=True)
    problems = []
    for name, address in _addresses().items():
        page.goto(address)
        problems += [f"{name}: {one}" for one in violations(page)]
    assert problems == []


def _addresses() -> dict[str, str]:
    row = _filled()
    return {
        "list": "/webhooks",
        "new": "/webhooks/new",
        "one": f"/webhooks/{row.pk}",
        "rotate": f"/webhooks/{row.pk}/secret",
        "delete": f"/webhooks/{row.pk}/delete",
    }


def _looked_at(page: Page, locale: str, name: str) -> list[str]:
    problems = []
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        problems.append(f"{name} is wider than the screen")
    words = page.locator("main").inner_text().replace("连接被拒绝", "").replace("connection refused", "")
    if "{{" in words or "None" in words:
        problems.append(f"{name} shows something raw")
    if locale == "en-GB" and re.search(r"[\u4e00-\u9fff]", words.replace("单位", "")):
        problems.append(f"{name} has Chinese on its English page")
    return problems
