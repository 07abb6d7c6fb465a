"""From a finding to its help page, and from a word to it, in a real browser: both languages, phone and desk."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from lxml import html
from playwright.sync_api import expect

from flows.axe import violations
from flows.looks import fits, picture
from silkgate.clearance.models import Declaration
from silkgate.exchange.api import newest_messages

if TYPE_CHECKING:
    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}
PARTS = {
    "zh-CN": ["含义", "常见原因", "怎样改正", "实例", "涉及的报文和栏目", "依据"],
    "en": ["What it means", "Typical causes", "How to mend it", "An example", "Messages and fields", "Law"],
}


@pytest.mark.parametrize("language", PARTS)
def test_a_finding_leads_to_its_page(reader: Opened, play: Play, language: str) -> None:
    play("05-match-differences")
    refused = Declaration.objects.filter(reasons__contains="match.amount").first()
    assert refused is not None
    page = reader(locale=language, **PHONE)
    page.goto(f"/declarations/{refused.id}")
    page.locator(".reason", has_text="match.amount").get_by_role(
        "link", name="帮助" if language == "zh-CN" else "Help"
    ).click()
    assert page.url.endswith("/help/match.amount")
    assert page.locator("main h2").all_inner_texts() == PARTS[language]
    expect(page.locator("pre").first).to_contain_text("<ceb:amountPaid>")
    assert fits(page)
    picture(page, f"help-{language}-narrow")
    desk = reader(locale=language)
    desk.goto("/help/match.amount")
    picture(desk, f"help-{language}-wide")
    desk.goto("/help/-621005")
    picture(desk, f"help-{language}-status")
    desk.goto("/problems/exchange.quota")
    picture(desk, f"help-{language}-problem")


def test_a_message_that_was_not_taken_leads_there(reader: Opened, play: Play) -> None:
    play("12-hostile-intake")
    lines, _ = newest_messages(outcome="rejected", before=None, limit=50)
    page = reader()
    for line in lines:
        told = html.document_fromstring(page.request.get(f"/messages/{line.id}").text())
        links = [link.get("href") for reason in told.find_class("reason") for link in reason.iter("a")]
        assert [link for link in links if link.startswith("/help/")] == [f"/help/{slug}" for slug in line.reasons]
    page.goto(f"/messages/{lines[-1].id}")
    page.locator(".reason a[href^='/help/']").first.click()
    expect(page.locator("main h2")).to_have_text(PARTS["zh-CN"])


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize(
    ("language", "query", "found"),
    [("zh-CN", "年度限额", "超过年度交易限值"), ("en", "yearly limit", "Above the yearly limit")],
)
def test_words_lead_to_a_page(
    reader: Opened, database: str, language: str, query: str, found: str, scripts: bool
) -> None:
    page = reader(locale=language, java_script_enabled=scripts, **PHONE)
    page.goto("/help")
    picture(page, f"help-{language}-contents")
    page.locator("#help-q").fill(query)
    page.locator("main form button").click()
    expect(page.locator("#help-q")).to_have_value(query)
    picture(page, f"help-{language}-found")
    if scripts:
        assert fits(page)
    page.get_by_role("link", name=found, exact=True).click()
    assert page.url.endswith("/help/limit.annual")
    page.goto("/help?q=zzzzzz")
    expect(page.locator(".empty")).to_be_visible()
    picture(page, f"help-{language}-nothing")
    page.goto("/help?q=-621018")
    assert page.url.endswith("/help/-621018")


@pytest.mark.parametrize(
    "address", ["/help", "/help?q=订单", "/help/limit.single", "/help/100", "/help/request.invalid"]
)
def test_pages_are_light(reader: Opened, database: str, address: str) -> None:
    page = reader()
    answer = page.request.get(address)
    assert answer.ok
    assert len(answer.body()) < 250_000


def test_axe_finds_nothing(reader: Opened, database: str) -> None:
    """On a desk and on a telephone, in light and in dark."""
    page = reader()
    for address in (
        "/help",
        "/help?q=订单",
        "/help?q=zzzzz",
        "/help/match.amount",
        "/help/100",
        "/help/exchange.quota",
    ):
        page.goto(address)
        for width, scheme in product((1280, 390), ("light", "dark")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page) == [], (address, width, scheme)
