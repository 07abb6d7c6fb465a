"""Declaring by hand in a real browser: typed, mended where the page says so, signed with a key that stays, sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from drafts.made import FIRM, ORDER, changed, decide, posted, prepared, zone_of_today
from flows.axe import violations
from flows.looks import enter, fits, picture
from identity.made import member
from silkgate.site.traffic.zone import Zone

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    """The made zone of today."""
    return zone_of_today(tmp_path)


@pytest.fixture
def clerk(zone: Zone) -> Client:
    """A browser of a person who declares for the firm."""
    return member("chen", FIRM, "declarant")


@pytest.fixture
def chen(reader: Opened, clerk: Client, live_server: str) -> Callable[..., Page]:
    """Opens a page of the declarant."""

    def opened(address: str, **options: object) -> Page:
        page = enter(reader(**options), clerk, live_server)
        page.goto(address)
        return page

    return opened


def fill_in(page: Page, content: dict[str, str], place: str) -> None:
    for name, value in content.items():
        control = page.locator(f'[name="{place}-{name}"]')
        if control.evaluate("here => here.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


WORDS = {
    "zh": {"sign": "检查，去签名", "go": "签名并发送"},
    "en": {"sign": "Check, and go on to signing", "go": "Sign and send"},
}


@pytest.mark.parametrize(
    ("language", "options"),
    [("zh", {}), ("en", {"locale": "en-GB"}), ("zh", PHONE)],
    ids=["zh", "en", "phone"],
)
def test_an_order_is_typed_mended_signed_in_the_browser_and_answered(
    chen: Callable[..., Page], zone: Zone, database: str, language: str, options: dict[str, object]
) -> None:
    words = WORDS[language]
    page = chen(f"/drafts/new?kind=311&organisation={FIRM}", **options)
    name = f"{language}-{'phone' if 'viewport' in options else 'wide'}"
    picture(page, f"drafts-{name}-new")
    assert fits(page)
    fill_in(page, dict(ORDER.head) | {"acturalPaid": "390.00"}, "head")
    fill_in(page, dict(ORDER.lines[0]), "line-0")

    # The sum is told to be wrong beside its field, while she types.
    said = page.locator("#head-acturalPaid-said")
    expect(said).to_contain_text("392.76", timeout=20_000)
    expect(page.locator("#head-acturalPaid")).to_have_attribute("aria-invalid", "true", timeout=20_000)
    picture(page, f"drafts-{name}-typing")
    page.get_by_role("button", name=words["sign"]).click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert page.locator("#head-acturalPaid").input_value() == "390.00"
    picture(page, f"drafts-{name}-told")
    assert fits(page)

    # She takes what is offered, and goes on to signing.
    page.locator("#head-acturalPaid-offer button").click()
    expect(page.locator("#head-acturalPaid")).to_have_value("392.76")
    page.get_by_role("button", name=words["sign"]).click()
    page.wait_for_url("**/sign")
    picture(page, f"drafts-{name}-sign")
    assert fits(page)
    key = zone.key(FIRM).to_pem()
    page.locator("#key").set_input_files({"name": "key.pem", "mimeType": "application/x-pem-file", "buffer": key})
    page.get_by_role("button", name=words["go"], exact=True).click()
    page.wait_for_url(re.compile("/drafts/[0-9]+$"))
    decide(database)
    page.reload()
    picture(page, f"drafts-{name}-sent")
    assert fits(page)
    page.locator('main a[href^="/messages/"]').click()
    expect(page.locator("main")).to_contain_text("CEB312")


def test_without_javascript_it_is_signed_elsewhere(chen: Callable[..., Page], zone: Zone, database: str) -> None:
    from silkgate.standards.xmldsig import Method

    page = chen(f"/drafts/new?kind=311&organisation={FIRM}", java_script_enabled=False)
    fill_in(page, dict(ORDER.head) | {"acturalPaid": "390.00"}, "head")
    fill_in(page, dict(ORDER.lines[0]), "line-0")
    page.get_by_role("button", name="加一行商品").click()
    assert page.locator("fieldset.line").count() == 2
    page.get_by_role("button", name="删去第2行").click()
    assert page.locator("fieldset.line").count() == 1
    assert page.locator("#line-0-itemName").input_value() == ORDER.lines[0]["itemName"]
    page.get_by_role("button", name="检查，去签名").click()
    assert "392.76" in page.locator("#head-acturalPaid-said").inner_text()
    page.locator("#head-acturalPaid").fill("392.76")
    page.get_by_role("button", name="检查，去签名").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载signedinfo.xml").click()
    octets = download.value.path().read_bytes()
    value = zone.key(FIRM).value(Method.RSA_SHA256, octets)
    page.locator("#signature_file").set_input_files(
        {"name": "signature.bin", "mimeType": "application/octet-stream", "buffer": value}
    )
    page.get_by_role("button", name="核验签名并发送").click()
    decide(database)
    page.reload()
    assert "已接收" in page.locator("main").inner_text()


def test_axe_finds_nothing(chen: Callable[..., Page], clerk: Client) -> None:
    bad = clerk.post("/drafts/new", posted("311", changed(ORDER, {"acturalPaid": "1", "goodsValue": "x"})))
    ready = prepared(clerk, "311", ORDER)
    ways = [
        "/drafts",
        f"/drafts/new?kind=621&organisation={FIRM}",
        bad["Location"],
        f"/drafts/{ready.pk}/sign",
        f"/drafts/{ready.pk}/paper",
        f"/drafts/{ready.pk}/discard",
        f"/drafts/upload?kind=621&organisation={FIRM}",
        "/drafts/fields/621",
    ]
    for scheme, options in (("light", {}), ("dark", PHONE)):
        page = chen("/drafts", color_scheme=scheme, **options)
        for way in ways:
            page.goto(way)
            picture(page, f"drafts-axe-{scheme}-{way.strip('/').replace('/', '-').split('?')[0]}")
            assert fits(page), (scheme, way)
            assert violations(page) == [], (scheme, way)
            assert len(page.content().encode()) < 250_000, way
