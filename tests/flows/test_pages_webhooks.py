"""Webhooks in a real browser, with and without JavaScript: made, tried, given a new secret, paused, deleted."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from flows.axe import violations
from flows.looks import enter, fits, picture
from identity.made import OWN, member
from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import subscriptions
from silkgate.site import rooms

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
ADDRESS = "https://8.8.8.8/silkgate/events"


def entered(reader: Opened, live_server: str, **options: object) -> Page:
    """A page of a filing clerk who has signed in."""
    return enter(reader(**options), member("chen", OWN, "filer"), live_server)


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


VIEWS = {
    "zh-CN": [(1280, "light"), (1280, "dark"), (390, "light")],
    "en-GB": [(1280, "light"), (390, "light")],
}
"""Width and colours by language; the colours are the same in both languages and widths."""


@pytest.mark.parametrize("locale", VIEWS)
def test_every_page_fits_and_speaks_one_language(reader: Opened, live_server: str, locale: str) -> None:
    page = entered(reader, live_server, locale=locale)
    problems = []
    for name, address in _addresses().items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        problems += _looked_at(page, locale, name)
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
    for width, scheme in VIEWS[locale]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if not fits(page):
            problems.append(f"{name} is wider than {width} px")
        picture(page, f"webhooks-{name}-{locale}-{width}-{scheme}")
    words = page.locator("main").inner_text().replace("连接被拒绝", "").replace("connection refused", "")
    if "{{" in words or "None" in words:
        problems.append(f"{name} shows something raw")
    if locale == "en-GB" and re.search(r"[\u4e00-\u9fff]", words.replace("单位", "")):
        problems.append(f"{name} has Chinese on its English page")
    return problems
