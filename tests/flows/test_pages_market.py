"""The market in a real browser: a carrier offers, a shop enquires, both agree, it is delivered and evaluated."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import expect

from flows import axe
from identity.made import member, officer
from programmes.made import BUYER, CARRIER, NAMES, QUOTED, SERVICE, WANTED, clerk, firm
from silkgate.identity import models as identity
from silkgate.identity.api import add_officer
from silkgate.kernel.clock import china_day
from silkgate.programmes import api as market
from silkgate.programmes import rules

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
    # All rooms' pages are imported here rather than by the first request, which a browser waits for.
    get_resolver().url_patterns  # noqa: B018
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
    lu.get_by_label("服务区域（中文）").fill("全国")
    lu.get_by_label("服务能力（中文，选填）").fill("每日5000件")
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
    expect(lu.get_by_text("¥640.00")).to_be_visible()
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


# --- How the pages look -----------------------------------------------------------------------------------------------


def _filled() -> dict[str, tuple[str, str]]:
    """A market with something of everything: name of a page, who looks at it, its address."""
    at = datetime.now(UTC)
    later = {name: day(20) for name in ("needed_by", "deliver_by", "valid_until")}
    firm(BUYER, "ebc")
    firm(CARRIER, "logistics")
    terms = rules.terms({**SERVICE, "valid_from": day(0)}, china_day(at))
    mei, lu = clerk(BUYER, "mei"), clerk(CARRIER, "lu")
    number = market.offer_service(lu, CARRIER, "logistics", terms, at=at, demo=True)
    hidden = market.offer_service(
        lu, CARRIER, "logistics", terms._replace(valid_from=china_day(at) + timedelta(days=9)), at=at
    )

    def offered() -> tuple[int, int]:
        asked = market.enquire(mei, BUYER, number, rules.wanted({**WANTED, **later}, china_day(at)), at=at)
        made = market.quote(lu, asked.pk, rules.quoted({**QUOTED, **later}, china_day(at)), at=at)
        return asked.pk, made.pk

    open_enquiry, _ = offered()
    done, disputed = (market.accept(mei, offered()[1], at=at).pk for _ in range(2))
    market.move_order(lu, done, "deliver", at=at)
    market.move_order(mei, done, "confirm", at=at)
    market.review(mei, done, 4, "基本准时，偶有破损。", at=at)
    market.move_order(mei, disputed, "dispute", reason="一直没有揽收", at=at)
    return {
        "market": ("mei", "/market"),
        "search": ("", "/market?q=express&form=parcel&most=9&sort=price"),
        "nothing": ("", "/market?q=nothing"),
        "service": ("", f"/market/services/{number}"),
        "provider": ("", f"/market/providers/{CARRIER}"),
        "enquire": ("mei", f"/market/enquire?service={number}"),
        "desk": ("mei", "/market/desk"),
        "desk-received": ("lu", "/market/desk?list=enquiries-provider"),
        "desk-disputed": ("guan", "/market/desk"),
        "enquiry": ("mei", f"/market/enquiries/{open_enquiry}"),
        "make-offer": ("lu", f"/market/enquiries/{open_enquiry}/offer"),
        "order-done": ("lu", f"/market/orders/{done}"),
        "order-disputed": ("guan", f"/market/orders/{disputed}"),
        "offering": ("lu", "/market/offering"),
        "change": ("lu", f"/market/offering/{hidden}"),
        "new": ("lu", "/market/offering/new"),
    }


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_page_fits_and_is_said_in_the_readers_language(
    database: str, reader: Opened, live_server: str, locale: str
) -> None:
    """On a desk in the light, on a telephone in the dark; in Chinese axe looks at it, too."""
    with_axe = locale == "zh-CN"
    wrong: list[str] = []
    for name, page in _visited(reader, live_server, locale=locale, bypass_csp=with_axe):
        if page.locator("html").get_attribute("lang") != ("en" if locale == "en" else "zh-Hans"):
            wrong.append(f"{name}: not said in {locale}")
        for width, scheme in ((1280, "light"), (390, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if not fits(page):
                wrong.append(f"{name}: wider than {width} px")
            picture(page, f"{name}-{locale}-{width}-{scheme}")
            if with_axe and width == 1280:
                wrong += [f"{name}: {one}" for one in axe.violations(page)]
    assert not wrong, "\n".join(wrong)


def _visited(reader: Opened, live_server: str, **options: object) -> Iterator[tuple[str, Page]]:
    """Every page of a filled market, opened by who looks at it."""
    pages = _filled()
    browsers = {
        "": Client(),
        "mei": member("mei", BUYER, "filer"),
        "lu": member("lu", CARRIER, "filer"),
        "guan": officer("guan", ["operations"], "zone"),
    }
    readers: dict[str, Page] = {}
    for name, (who, address) in pages.items():
        if who not in readers:
            readers[who] = reader(**options)
            cookies = [
                {"name": cookie.key, "value": cookie.value, "url": live_server}
                for cookie in browsers[who].cookies.values()
            ]
            readers[who].context.add_cookies(cookies)  # type: ignore[arg-type]
        readers[who].set_viewport_size({"width": 1280, "height": 900})
        answer = readers[who].goto(address)
        assert answer is not None
        assert answer.status == 200, name
        yield name, readers[who]


def test_an_order_prints_without_what_is_for_the_screen(sign_in: Callable[..., Page]) -> None:
    address = _filled()["order-done"][1]
    page = sign_in("lu", address)
    page.emulate_media(media="print")
    expect(page.get_by_text("双方约定")).to_be_visible()
    expect(page.get_by_role("button", name="公开答复")).to_be_hidden()
    expect(page.locator("nav.services")).to_be_hidden()
    picture(page, "print")
