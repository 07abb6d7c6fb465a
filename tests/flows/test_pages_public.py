"""The public pages in a real browser: live page, a declaration explained, messages, rules, search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from lxml import etree, html
from playwright.sync_api import expect

from silkgate.clearance import models

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _number(order_no: str) -> int:
    return models.Declaration.objects.filter(order_no=order_no).values_list("id", flat=True)[0]


# --- Live -----------------------------------------------------------------------------------------------------------


def test_the_live_page_follows_what_is_decided(reader: Opened, play: Play) -> None:
    page = reader()
    page.goto("/")
    expect(page.get_by_text("还没有收到清单")).to_be_visible()
    play("05-match-differences")
    row = page.locator("tr", has_text="D202606180002")
    row.wait_for()
    assert "退单" in row.inner_text()
    assert "清单与订单的订购人不一致" in row.inner_text()
    assert "财关税" in row.inner_text(), "the law stands beside the reason"
    row.get_by_role("link", name="D202606180002").click()
    page.wait_for_url(f"**/declarations/{_number('D202606180002')}")


def test_updates_can_be_paused(reader: Opened) -> None:
    page = reader()
    page.clock.install()
    page.goto("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/live" in request.url else None)
    pause = page.get_by_role("button", name="暂停更新")
    for paused in (False, True, False):
        assert pause.get_attribute("aria-pressed") == str(paused).lower()
        if paused:
            before = len(asked)
            page.clock.run_for(9_000)
            assert len(asked) == before
        else:
            with page.expect_request("**/live"):
                page.clock.run_for(9_000)
        pause.click()


def test_the_live_page_works_without_javascript(reader: Opened, play: Play) -> None:
    play("05-match-differences")
    page = reader(java_script_enabled=False)
    page.goto("/")
    assert page.locator("tbody tr").count() > 5
    page.get_by_role("link", name="退单", exact=True).click()
    assert "state=refused" in page.url
    page.get_by_role("link", name=re.compile("支付人与订购人不一致")).first.click()
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("link", name="D202606180006").click()
    assert page.locator("h1").inner_text().endswith("D202606180006")


@pytest.mark.parametrize("query", ["?state=nothing", "?reason=nothing", "?state=refused&reason=limit.single"])
def test_a_filter_that_finds_nothing_says_what_to_do(reader: Opened, play: Play, query: str) -> None:
    play("01-happy-bonded-1210")
    page = reader()
    page.goto(f"/{query}")
    assert page.locator("main").inner_text()
    if "limit" in query:
        page.get_by_role("link", name="查看全部").click()
    assert page.locator("tbody tr").count() > 0


# --- A declaration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "sentence", "found", "needed"),
    [
        ("D202606180005", "两者应相等", "331.90", "340.90"),
        ("D202606180009", "两者应相等", None, None),
    ],
)
def test_a_refusal_says_field_found_needed_rule_law(
    reader: Opened, play: Play, order: str, sentence: str, found: str | None, needed: str | None
) -> None:
    play("05-match-differences")
    page = reader()
    page.goto(f"/declarations/{_number(order)}")
    panel = page.locator(".decision")
    assert sentence in panel.inner_text()
    assert panel.locator(".rule-other").get_attribute("lang") == "en"
    shown = {name.inner_text(): value.inner_text() for name, value in _pairs(panel.locator(".facts"))}
    assert {"字段", "实际", "要求", "依据", "怎样可通过", "规则代码"} <= set(shown)
    marked = page.locator("td.different")
    assert marked.count() >= 1
    assert "不一致" in marked.first.inner_text()
    panel.locator(".law a").click()
    page.wait_for_url("**/rules/*")
    assert page.get_by_role("heading", level=1).inner_text()


def _pairs(facts):
    return [(row.locator("dt"), row.locator("dd")) for row in facts.locator("> div").all()]


def test_tax_adds_up_before_ones_eyes(reader: Opened, play: Play) -> None:
    play("13-specific-and-threshold-tax")
    page = reader()
    page.goto(f"/declarations/{_number('D202606180002')}")
    last = page.locator(".money tfoot tr.strong")
    parts = [int(amount.replace(",", "").replace(".", "")) for amount in re.findall(r"¥([\d,.]+)", last.inner_text())]
    assert sum(parts[:-1]) == parts[-1] == 4557 + 7056
    expect(page.get_by_text("财关税").first).to_be_visible()


def test_receipts_can_be_had_as_they_were_sent(reader: Opened, play: Play) -> None:
    play("01-happy-bonded-1210")
    page = reader()
    page.goto(f"/declarations/{models.Declaration.objects.order_by('id')[0].id}")
    kinds = set()
    for link in page.locator('a[href^="/receipts/"]').all():
        answer = page.request.get(link.get_attribute("href") or "")
        assert answer.ok
        assert "attachment" in answer.headers["content-disposition"]
        kinds.add(etree.QName(etree.fromstring(answer.body())).localname)
    assert {"CEB312Message", "CEB412Message", "CEB512Message", "CEB622Message", "CEB816Message"} <= kinds


def test_personal_data_is_for_officers(reader: Opened, play: Play) -> None:
    play("05-match-differences")
    page = reader()
    number = _number("D202606180002")
    page.goto(f"/declarations/{number}")
    assert not re.search(r"\b\d{17}[\dX]\b", page.content()), "no identity number in full"
    named = [link.get_attribute("href") for link in page.locator('a[href^="/receipts/"]').all()]
    answers = [page.request.get(href or "", max_redirects=0).status for href in named]
    assert 302 in answers, "the receipt that names the buyer asks for an officer"
    message = models.Declaration.objects.get(id=number).message_id
    assert page.request.get(f"/messages/{message}.xml", max_redirects=0).status == 302


def test_a_declaration_prints_on_one_page(reader: Opened, play: Play) -> None:
    play("03-mixed-consumption-tax")
    page = reader()
    for number in models.Declaration.objects.order_by("id").values_list("id", flat=True):
        page.goto(f"/declarations/{number}")
        printed = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation").first.is_visible()


# --- Messages, rules, search ----------------------------------------------------------------------------------------


def test_a_refused_message_shows_where_it_failed(reader: Opened, play: Play) -> None:
    play("12-hostile-intake")
    page = reader()
    page.goto("/messages?outcome=rejected")
    links = [link.get_attribute("href") for link in page.locator("[data-worklist] .row-link").all()]
    assert len(links) > 20
    failed = set()
    for href in links:
        told = html.document_fromstring(page.request.get(href or "").text())
        stages = [" ".join(stage.text_content().split()) for stage in told.xpath('//*[@class="stages"]/li')]
        assert sum("未通过" in stage for stage in stages) == 1
        at = next(place for place, stage in enumerate(stages) if "未通过" in stage)
        assert all("通过" in stage for stage in stages[:at])
        assert all("未进行" in stage for stage in stages[at + 1 :])
        failed.add(stages[at].split()[0])
        assert told.find_class("reason")
    assert failed == {"格式与规范", "是否重复", "签名", "发送方", "逐单入库"}
    page.goto("/messages?outcome=duplicate")
    page.locator(".row-link").first.click()
    page.get_by_role("link", name="第一次收到的报文").click()
    expect(page.locator("h1")).to_be_visible()


def test_search_finds_by_any_number(reader: Opened, play: Play) -> None:
    play("01-happy-bonded-1210")
    row = models.Declaration.objects.order_by("id")[0]
    page = reader()
    for asked in (row.order_no, row.logistics_no, row.invt_no):
        page.goto("/")
        page.get_by_role("searchbox").fill(f" {asked} ")
        page.get_by_role("button", name="查询").click()
        page.wait_for_url(f"**/declarations/{row.id}")
    for asked in ("nothing", "", "%00", "' or 1=1 --"):
        page.goto(f"/search?q={asked}")
        expect(page.locator(".empty")).to_be_visible()


# --- Every page, every reader ---------------------------------------------------------------------------------------


def _addresses() -> list[str]:
    rows = models.Declaration.objects.order_by("id").values_list("id", "message_id")
    declarations = [f"/declarations/{number}" for number, _ in rows]
    return [
        "/", "/declarations", "/declarations?state=refused", "/messages", f"/messages/{rows[0][1]}", *declarations,
        "/rules", "/rules/limit.single", "/search?q=nothing", "/login", "/components",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("locale", "lang"), [("zh-CN", "zh-Hans"), ("en-GB", "en")])
def test_every_page_is_fit_for_every_reader(reader: Opened, play: Play, width: int, locale: str, lang: str) -> None:
    """Language said, one subject, nothing wider than the screen, every control named and large enough to hit."""
    play("11-cancel-and-return")
    page = reader(locale=locale, viewport={"width": width, "height": 900}, has_touch=width == 390)
    for address in _addresses():
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == lang, address
        assert page.locator("h1").count() == 1, address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is wider than {width}"
        assert page.evaluate(_UNNAMED) == [], address
        assert page.evaluate(_SMALL, 24) == [], address
        if lang == "en":
            frame = page.locator("header, nav, h1, h2, h3, thead, dt, button, figcaption, caption").all_inner_texts()
            left = [text for text in frame if CHINESE.search(text.replace("丝关", "").replace("中文", ""))]
            assert [text for text in left if not _is_a_name(page, text)] == [], address


def _is_a_name(page: Page, text: str) -> bool:
    """Chinese that is not ours to translate: what a message says, and the two-language form of the component page."""
    return "/components" in page.url


_UNNAMED = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea')]
  .filter(e => e.checkVisibility() && !(e.innerText || '').trim() && !e.labels?.length && !e.getAttribute('aria-label'))
  .map(e => e.outerHTML.slice(0, 120))"""
_SMALL = """least => [...document.querySelectorAll('button, input:not([type=hidden]), .button, .chip, .row-link')]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < least)
  .map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("javascript", [True, False])
def test_the_language_can_be_changed_anywhere(reader: Opened, play: Play, javascript: bool) -> None:
    play("01-happy-bonded-1210")
    page = reader(java_script_enabled=javascript)
    page.goto("/declarations?state=released")
    page.get_by_role("button", name="English").click()
    page.wait_for_url("**/declarations?state=released")
    expect(page.get_by_role("heading", name="Declarations")).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", name="清单", exact=True)).to_be_visible()


def test_a_number_is_copied_with_one_click(reader: Opened, play: Play) -> None:
    play("01-happy-bonded-1210")
    page = reader(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/declarations/{models.Declaration.objects.order_by('id')[0].id}")
    number = page.locator("code[data-copy]").first
    number.click()
    assert page.evaluate("navigator.clipboard.readText()") == number.inner_text()
    assert number.inner_text() in page.locator("#announce").inner_text()
