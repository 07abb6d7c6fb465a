"""The market in a real browser: a carrier offers, a shop enquires, both agree, it is delivered and evaluated."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from programmes.made import BUYER, CARRIER, NAMES, firm
from silkgate.identity import models as identity
from silkgate.identity.api import add_officer
from silkgate.kernel.clock import china_day

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PASSWORD = "silk-road-2026-market"
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES", "")
"""A folder, where somebody wants to look at the pages."""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"market-{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def sign_in(reader: Opened, database: str) -> Callable[..., Page]:
    """Opens a page of somebody who has signed in: clerk mei of the shop, clerk lu of the carrier, the operator."""
    add_officer("guan", PASSWORD, "zone", ("operations",))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for name, code, role in (("mei", BUYER, "ebc"), ("lu", CARRIER, "logistics")):
        firm(code, role)
        user = get_user_model().objects.create_user(name, password=PASSWORD)
        organisation = identity.Organisation.objects.get(code=code)
        identity.Membership.objects.create(user=user, organisation=organisation, role="filer", since=at)

    def opened(name: str, address: str, **options: object) -> Page:
        page = reader(**options)
        page.goto(address)
        page.locator("#id_login, #id_username").first.fill(name)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main form button.primary").first.click()
        page.wait_for_url(f"**{address}")
        return page

    return opened


def day(days: int) -> str:
    return (china_day(datetime.now(UTC)) + timedelta(days=days)).isoformat()


def test_from_a_service_to_its_review(sign_in: Callable[..., Page], reader: Opened) -> None:
    lu = sign_in("lu", "/market/offering/new")
    picture(lu, "offer-service")
    lu.get_by_role("button", name="上架").click()
    expect(lu.locator(".error-summary")).to_contain_text("请选择服务类别")
    lu.get_by_label("类别").select_option("logistics")
    lu.get_by_label("名称（中文）").fill("郑州至全国快递")
    lu.get_by_label("名称（英文）").fill("Express from Zhengzhou")
    lu.get_by_label("服务内容（中文）").fill("保税仓出区后次日送达主要城市，含揽收和签收回传。")
    lu.get_by_label("计价方式").select_option("parcel")
    lu.get_by_label("单价或总价").fill("三块五")
    lu.get_by_label("条款（中文）").fill("破损按货值赔付。")
    lu.get_by_label("服务区域").fill("全国")
    lu.get_by_label("服务能力（选填）").fill("每日5000件")
    lu.get_by_role("button", name="上架").click()
    expect(lu.locator(".error-summary")).to_contain_text("请填写大于0的金额")
    expect(lu.get_by_label("单价或总价")).to_have_value("三块五")
    picture(lu, "offer-service-error")
    lu.get_by_label("单价或总价").fill("3.50")
    lu.get_by_role("button", name="上架").click()
    expect(lu.get_by_role("heading", level=1)).to_have_text("郑州至全国快递")

    anybody = reader(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    anybody.goto("/market?q=快递")
    expect(anybody.get_by_text("¥3.50/件（含税）")).to_be_visible()
    picture(anybody, "narrow")
    anybody.get_by_role("link", name="郑州至全国快递").click()
    picture(anybody, "service-narrow")
    anybody.get_by_role("link", name="询价", exact=True).click()
    assert "/login" in anybody.url

    mei = sign_in("mei", "/market/desk")
    picture(mei, "desk-empty")
    mei.goto("/market")
    picture(mei, "directory")
    assert fits(mei)
    mei.get_by_role("link", name="郑州至全国快递").click()
    picture(mei, "service")
    mei.get_by_role("link", name="询价", exact=True).click()
    mei.get_by_label("需要什么").fill("每天两百个奶粉包裹，从新郑综保区发往全国。")
    mei.get_by_label("数量（件）").fill("两百")
    mei.get_by_label("希望何时完成").fill(day(30))
    mei.get_by_role("button", name="发出询价").click()
    expect(mei.locator(".error-summary")).to_contain_text("整数")
    expect(mei.get_by_label("数量（件）")).to_have_value("两百")
    picture(mei, "enquire-error")
    mei.get_by_label("数量（件）").fill("200")
    mei.get_by_role("button", name="发出询价").click()
    expect(mei.get_by_text("询价已发给服务商。")).to_be_visible()
    enquiry = mei.url

    lu.goto("/cases")
    lu.get_by_role("link", name="郑州至全国快递").click()
    picture(lu, "task")
    lu.get_by_role("link", name="报价或谢绝").click()
    expect(lu.get_by_text("等待您办理")).to_be_visible()
    lu.get_by_role("link", name="报价", exact=True).click()
    lu.get_by_label("单价或总价").fill("3.20")
    lu.get_by_label("报价有效期至").fill(day(7))
    picture(lu, "offer")
    lu.get_by_role("button", name="发出报价").click()
    expect(lu.get_by_text("CNY 640.00")).to_be_visible()
    picture(lu, "enquiry-provider")

    mei.goto(enquiry)
    picture(mei, "enquiry")
    mei.get_by_label("接受报价，下单").check()
    mei.get_by_role("button", name="确认办理").click()
    expect(mei.get_by_text("已下单，双方条款已固定。")).to_be_visible()
    order = mei.url
    picture(mei, "order")

    lu.goto(order)
    lu.get_by_label("已交付").check()
    lu.get_by_role("button", name="确认办理").click()
    expect(lu.get_by_text("已交付，待确认").first).to_be_visible()

    mei.goto(order)
    mei.get_by_label("确认完成").check()
    mei.get_by_role("button", name="确认办理").click()
    mei.get_by_label("5星 非常满意").check()
    mei.get_by_role("button", name="公开评价").click()
    expect(mei.locator(".error-summary")).to_contain_text("请填写4至2000字")
    expect(mei.get_by_label("5星 非常满意")).to_be_checked()
    mei.locator("#id_words").fill("每天准时，破损为零。")
    mei.get_by_role("button", name="公开评价").click()
    expect(mei.get_by_text("评价已公开。")).to_be_visible()

    lu.goto(order)
    lu.get_by_label("答复评价").fill("谢谢，我们会保持。")
    lu.get_by_role("button", name="公开答复").click()
    expect(lu.get_by_text("答复已公开。")).to_be_visible()
    picture(lu, "order-completed")
    assert fits(lu)

    english = reader(locale="en", viewport={"width": 390, "height": 844}, color_scheme="dark")
    english.goto(f"/market/providers/{CARRIER}")
    expect(english.get_by_text("5.0").first).to_be_visible()
    expect(english.get_by_text("每天准时，破损为零。")).to_be_visible()
    expect(english.get_by_role("heading", level=1)).to_have_text(NAMES[CARRIER])
    picture(english, "provider-english-dark")
    assert fits(english)
