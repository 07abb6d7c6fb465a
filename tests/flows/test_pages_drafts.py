"""Declaring by hand in a real browser: typed, mended where the page says so, signed with a key that stays, sent."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from clearance.rig import connector
from drafts.made import FIRM, ORDER
from flows.axe import violations
from silkgate.clearance import api as clearance
from silkgate.site.traffic.zone import Zone

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PASSWORD = "silk-road-2026-chen"
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES", "")
"""A folder, where somebody wants to look at the pages."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"drafts-{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    """The made zone of today, and a person who declares for the firm."""
    from django.contrib.auth.models import User

    from identity.made import member

    made = Zone(as_of=datetime.now(UTC))
    made.write(tmp_path / "zone")
    clearance.load_zone(tmp_path / "zone", selection_key=bytes(32))
    member("chen", FIRM, "declarant")
    chen = User.objects.get(username="chen")
    chen.set_password(PASSWORD)
    chen.save()
    return made


@pytest.fixture
def chen(reader: Opened, zone: Zone) -> Callable[..., Page]:
    """Opens a page of the declarant, who has signed in."""

    def opened(address: str, **options: object) -> Page:
        page = reader(**options)
        # The first page of a process takes its time.
        page.set_default_timeout(60_000)
        page.goto(address)
        page.locator("#id_login, #id_username").first.fill("chen")
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main form button.primary").first.click()
        page.wait_for_url(f"**{address}")
        return page

    return opened


def fill_in(page: Page, content: dict[str, str], place: str) -> None:
    for name, value in content.items():
        control = page.locator(f'[name="{place}-{name}"]')
        if control.evaluate("here => here.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def answered(database: str) -> None:
    with clearance.Engine(connector(database), lambda: datetime.now(UTC)) as engine:
        engine.drain()


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
    chen: Callable[..., Page], zone: Zone, database: str, tmp_path: Path, language: str, options: dict[str, object]
) -> None:
    words = WORDS[language]
    page = chen(f"/drafts/new?kind=311&organisation={FIRM}", **options)
    name = f"{language}-{'phone' if 'viewport' in options else 'wide'}"
    picture(page, f"{name}-new")
    assert fits(page)
    fill_in(page, dict(ORDER.head) | {"acturalPaid": "390.00"}, "head")
    fill_in(page, dict(ORDER.lines[0]), "line-0")

    # The sum is told to be wrong beside its field, while she types.
    said = page.locator("#head-acturalPaid-said")
    expect(said).to_contain_text("392.76", timeout=20_000)
    expect(page.locator("#head-acturalPaid")).to_have_attribute("aria-invalid", "true", timeout=20_000)
    picture(page, f"{name}-typing")
    page.get_by_role("button", name=words["sign"]).click()
    expect(page.locator(".error-summary")).to_be_visible()
    assert page.locator("#head-acturalPaid").input_value() == "390.00"
    picture(page, f"{name}-told")
    assert fits(page)

    # She takes what is offered, and goes on to signing.
    page.locator("#head-acturalPaid-offer button").click()
    expect(page.locator("#head-acturalPaid")).to_have_value("392.76")
    page.get_by_role("button", name=words["sign"]).click()
    page.wait_for_url("**/sign")
    picture(page, f"{name}-sign")
    assert fits(page)
    key = zone.key(FIRM).to_pem()
    page.locator("#key").set_input_files({"name": "key.pem", "mimeType": "application/x-pem-file", "buffer": key})
    page.get_by_role("button", name=words["go"], exact=True).click()
    page.wait_for_url(re.compile("/drafts/[0-9]+$"))
    answered(database)
    page.reload()
    picture(page, f"{name}-sent")
    assert fits(page)
    page.locator('main a[href^="/messages/"]').click()
    expect(page.locator("main")).to_contain_text("CEB312")


def test_without_javascript_it_is_signed_elsewhere(
    chen: Callable[..., Page], zone: Zone, database: str, tmp_path: Path
) -> None:
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
    answered(database)
    page.reload()
    assert "已接收" in page.locator("main").inner_text()


@pytest.mark.parametrize(("scheme", "options"), [("light", {}), ("dark", PHONE)], ids=["light", "dark phone"])
def test_axe_finds_nothing(chen: Callable[..., Page], zone: Zone, scheme: str, options: dict[str, object]) -> None:
    from drafts.made import changed, posted, prepared
    from identity.made import member

    clerk = member("chen", FIRM, "declarant")
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
    page = chen("/drafts", color_scheme=scheme, **options)
    for way in ways:
        page.goto(way)
        picture(page, f"axe-{scheme}-{way.strip('/').replace('/', '-').split('?')[0]}")
        assert fits(page), way
        assert violations(page) == [], way
        assert len(page.content().encode()) < 250_000, way
