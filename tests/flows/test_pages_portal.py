"""Every page that needs no object, as stranger, merchant and officer, in both languages: sound, light, for everybody.

The addresses are the site's own list: a new page is looked at from the day on which it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest
from django.db import connection
from django.test import Client, override_settings
from playwright.sync_api import expect

from flows import axe
from flows.looks import PICTURES, fits, picture
from identity.endpoints import endpoints
from identity.made import FOREIGN, OWN, PRINCIPAL, certificate_pem, delegated, member, officer, organisation
from silkgate.casework.models import CaseRow
from silkgate.clearance import models as clearance
from silkgate.exchange import models as exchange
from silkgate.identity.api import ANONYMOUS, DUTIES, PERSON, Action, Actor
from silkgate.portal import api as portal
from silkgate.standards.uscc import check_character

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from flows.conftest import Play

pytestmark = pytest.mark.browser
MOST_BYTES = 250_000
"""Of a page with everything that it loads when it is seen for the first time."""
NARROW, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

ELSEWHERE = (
    "account/confirm", "account/inactive", "account/email", "account/password", "account/security/", "login/",
    "signup/", "log/", "oauth/", "health", "ready", "metrics", "tlog", "checkpoint", "i18n", "logout",
)  # fmt: skip
"""Beginnings of addresses that are no pages, or steps of signing in that one does not come to by an address."""
CHOICES = {"/drafts/new": "?kind=311", "/drafts/upload": "?kind=311"}
"""What pages need to be told in their address, that no page can choose for one."""
WHO = {
    "stranger": ANONYMOUS,
    "merchant": Actor("chen", PERSON, 1, roles={"its own": frozenset({"representative"})}),
    "officer": Actor("zhao", PERSON, 2, agency="customs", duties=frozenset(DUTIES)),
}
LANGUAGES = {"zh-CN": "zh-Hans", "en-GB": "en"}
AGENT = "91410100MA3XE0104" + check_character("91410100MA3XE0104")


def _opens(what: Action | None, actor: Actor) -> bool:
    return what is None or what.allows(actor) or bool(what.where(actor))


def addresses() -> dict[str, str]:
    """Addresses that take a GET and need no object, each with the first who may see it."""
    found = {}
    for one in endpoints():
        plain = one.route.startswith("/") and not re.search(r"[<({^]", one.route)
        if plain and not one.route.startswith("/api/") and not one.route[1:].startswith(ELSEWHERE):
            who = next((name for name, actor in WHO.items() if _opens(one.action, actor)), None)
            assert who, f"nobody may see {one.route}"
            found[one.route] = who
    return found


ADDRESSES = addresses()
VISITS = [
    *((address + CHOICES.get(address, ""), who) for address, who in ADDRESSES.items()),
    *(("/", who) for who in WHO if who != "stranger"),
]


class Seen(NamedTuple):
    """A site with something in it, and cookies of everybody."""

    address: str
    cookies: dict[str, str]


@pytest.fixture
def site(database: str, live_server: str, play: Play, tmp_path: Path) -> Iterator[Seen]:
    """A cleared case with held declarations; its merchant with papers, permit, certificate; an officer."""
    play("10-selection")
    with psycopg.connect(database, autocommit=True) as opened:
        portal.beat(opened, "web", datetime.now(UTC))
    clearance.Declaration.objects.update(ebc_code=OWN)
    exchange.Message.objects.update(sender=OWN)
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        merchant, customs = member("chen", OWN, "representative"), officer("zhao", DUTIES)
        _arrange(merchant)
        cookies = {"merchant": merchant.cookies["sessionid"].value, "officer": customs.cookies["sessionid"].value}
        yield Seen(live_server, {"stranger": "", **cookies})


def _arrange(merchant: Client) -> None:
    """A case of which more is asked, a permit that is nearly used, a certificate that expires soon."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from registry.made import REVIEWER, apply_and_submit
    from registry.made import member as clerk
    from silkgate.casework import api as casework
    from silkgate.registry import api as registry

    at = datetime.now(UTC)
    pem = SimpleUploadedFile("a.pem", certificate_pem("chen-20", 20))
    merchant.post(f"/account/organisations/{OWN}/certificates/new", {"pem": pem})
    with connection.cursor() as cursor:
        firm = registry.Enterprise(OWN, "豫见优选商贸有限公司", frozenset({"ebc"}), "", "")
        registry.file_enterprises(cursor, [firm])
    case = apply_and_submit(code=OWN, at=at)
    casework.move(REVIEWER, case.id, "take", at=at)
    casework.move(REVIEWER, case.id, "ask", reason="请补交公司章程", at=at)
    new = registry.NewPermit(
        "KZ-2026-0001",
        "food",
        OWN,
        "婴幼儿配方奶粉",
        ["1901"],
        500_000_000,
        "035",
        at.date(),
        at.date().replace(year=at.year + 1, day=1),
    )
    registry.enter_permit(clerk(OWN), new, at=at)


def _context(browser: Browser, site: Seen, who: str, locale: str, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=site.address, locale=locale, viewport=NARROW, **options)
    context.set_default_timeout(15_000)
    if site.cookies[who]:
        context.add_cookies([{"name": "sessionid", "value": site.cookies[who], "url": site.address}])
    return context


def _is_page(context: BrowserContext, address: str) -> bool:
    """Not what only takes forms, nor a file."""
    answer = context.request.get(address)
    return answer.status != 405 and answer.headers.get("content-type", "").startswith("text/html")


def _pictures(page: Page, name: str) -> None:
    for size in (DESKTOP, NARROW):
        page.set_viewport_size(size)
        picture(page, f"{name}-{size['width']}")


def _file(address: str) -> str:
    return address.split("?")[0].strip("/").replace("/", "-") or "front"


@pytest.mark.parametrize("locale", ["zh-CN", pytest.param("en-GB", marks=pytest.mark.slow)])
def test_every_page_is_sound_light_and_for_everybody(
    browser: Browser, site: Seen, locale: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """200; said in the reader's language; nothing for axe to find; no wider than a telephone; 250 kB at most."""
    wrong: list[str] = []
    took: list[tuple[float, str]] = []
    for who in WHO:
        context = _context(browser, site, who, locale)
        _look(context, who, locale, wrong, took)
        context.close()
    slowest = ", ".join(f"{name} {milliseconds:.0f} ms" for milliseconds, name in sorted(took, reverse=True)[:5])
    with capsys.disabled():
        print(f"\n{locale}: first view of {len(took)} pages; slowest: {slowest}")
    assert not wrong, "\n".join(wrong)
    assert len(took) > 40


def _look(context: BrowserContext, who: str, locale: str, wrong: list[str], took: list[tuple[float, str]]) -> None:
    """Every page that is for `who`: what is wrong with it, and how long its first view took in milliseconds."""
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    weighed = _scales(context, page)
    for address in [address for address, sees in VISITS if sees == who and _is_page(context, address)]:
        weighed.clear()
        answer, name = page.goto(address, wait_until="load"), f"{address} ({who})"
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{name}: {answer.status}")
            continue
        took.append((page.evaluate(_TOOK), name))
        if sum(weighed) > MOST_BYTES:
            wrong.append(f"{name}: {sum(weighed):,} bytes")
        if page.locator("html").get_attribute("lang") != LANGUAGES[locale]:
            wrong.append(f"{name}: not said in {locale}")
        if not fits(page):
            wrong.append(f"{name}: wider than {NARROW['width']} px")
        wrong += [f"{name}: {one}" for one in axe.violations(page)]
        if PICTURES:
            _pictures(page, f"{_file(address)}-{who}-{locale}")


_TOOK = "() => { const [t] = performance.getEntriesByType('navigation'); return t.loadEventEnd || t.duration }"


def _scales(context: BrowserContext, page: Page) -> list[int]:
    """Bytes of everything that the page loads, as they come over the line, with an empty cache each time."""
    weighed: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on("Network.loadingFinished", lambda event: weighed.append(int(event["encodedDataLength"])))
    return weighed


def test_reading_and_forms_work_without_javascript(browser: Browser, site: Seen) -> None:
    """Each page has its subject and text; each form can be sent; nothing that only a script could work is offered."""
    wrong = []
    for who in WHO:
        context = _context(browser, site, who, "zh-CN", java_script_enabled=False)
        page = context.new_page()
        for address in [address for address, sees in VISITS if sees == who and _is_page(context, address)]:
            answer, name = page.goto(address, wait_until="domcontentloaded"), f"{address} ({who})"
            if answer is None or answer.status != 200:
                wrong.append(f"{name}: no answer")
            elif page.locator("main h1").count() != 1 or not page.locator("main").inner_text().strip():
                wrong.append(f"{name}: nothing to read")
            wrong += [f"{name}: {one}" for one in page.evaluate(_HELPLESS)]
        context.close()
    assert not wrong, "\n".join(wrong)


_HELPLESS = """() => [
  ...[...document.querySelectorAll('form')].filter(f => f.checkVisibility()
    && !f.querySelector('button:not([type=button]), [type=submit]')),
  ...[...document.querySelectorAll('button[type=button], [data-keys], dialog[open]')].filter(e => e.checkVisibility()),
].map(e => e.outerHTML.slice(0, 120))"""


# --- Keys -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def zhao(browser: Browser, site: Seen) -> Iterator[Page]:
    """The page of an officer with all duties."""
    context = _context(browser, site, "officer", "zh-CN")
    page = context.new_page()
    page.set_viewport_size(DESKTOP)
    yield page
    context.close()


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText")).strip()


def test_officers_work_without_a_mouse(zhao: Page) -> None:
    """From the list into a declaration and back, with letters or arrows; the sheet tells them all."""
    zhao.goto("/officer/")
    rows = zhao.locator("[data-worklist] .row-link").all_inner_texts()
    assert len(rows) > 2
    zhao.keyboard.press("j")
    zhao.keyboard.press("ArrowDown")
    assert _focused(zhao) == rows[1]
    zhao.keyboard.press("ArrowUp")
    assert _focused(zhao) == rows[0]
    zhao.keyboard.press("k")
    assert _focused(zhao) == rows[0], "the list ends where it ends"
    zhao.keyboard.press("Enter")
    zhao.wait_for_url(re.compile(r"/officer/\d+$"))
    zhao.keyboard.press("u")
    zhao.wait_for_url("**/officer/")
    zhao.keyboard.press("/")
    assert zhao.evaluate("document.activeElement.id") == "search"
    zhao.keyboard.press("j")
    assert zhao.locator("#search").input_value() == "j", "whoever types is not interrupted"


def test_the_sheet_of_keys_opens_closes_and_keeps_the_focus(zhao: Page) -> None:
    zhao.goto("/work")
    sheet = zhao.locator("#keys-sheet")
    expect(sheet).to_be_hidden()
    zhao.keyboard.press("?")
    expect(sheet).to_be_visible()
    assert zhao.evaluate("document.getElementById('keys-sheet').contains(document.activeElement)")
    assert axe.violations(zhao) == []
    zhao.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    zhao.goto("/officer/")
    zhao.get_by_role("button", name="全部快捷键").click()
    expect(sheet).to_be_visible()
    zhao.keyboard.press("?")
    expect(sheet).to_be_hidden()


def test_the_menu_of_a_telephone_opens_by_touch_and_without_a_script(browser: Browser, site: Seen) -> None:
    context = _context(browser, site, "merchant", "zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    inner = page.locator(".menu").get_by_role("link", name="我的余额")
    expect(inner).to_be_hidden()
    page.locator(".menu summary").click()
    inner.click()
    page.wait_for_url("**/mine/balances")
    expect(page.locator(".services")).to_be_hidden()
    context.close()


# --- An agent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "show", "filtered"), [("zh-CN", "查看", "筛选"), ("en-GB", "Show", "Filter")])
def test_an_agent_looks_at_each_principal_as_far_as_its_scope_goes(
    browser: Browser, site: Seen, locale: str, show: str, filtered: str
) -> None:
    """Of who let it declare everything is there, of who let it file no declaration, of others nothing."""
    agent = member("sun", AGENT, "declarant")
    delegated(OWN, AGENT, ["declarations"])
    delegated(PRINCIPAL, AGENT, ["filings"])
    organisation(FOREIGN)
    orders = list(clearance.Declaration.objects.values_list("order_no", flat=True))
    context = _context(browser, site._replace(cookies={"agent": agent.cookies["sessionid"].value}), "agent", locale)
    page = context.new_page()
    page.goto("/")
    place = page.locator("#organisation")
    assert {one.get_attribute("value") for one in place.locator("option").all()} == {AGENT, OWN, PRINCIPAL}
    for code, sees in ((OWN, True), (PRINCIPAL, False), (AGENT, False)):
        place.select_option(code)
        page.get_by_role("button", name=show, exact=True).click()
        page.wait_for_url(f"**/?organisation={code}")
        expect(page.locator("#firm code")).to_have_text(code)
        words = page.locator("main").inner_text()
        assert [order in words for order in orders] == [sees] * len(orders)
        assert axe.violations(page) == []
        assert fits(page)
        picture(page, f"front-agent-{'own' if code == AGENT else 'of'}-{locale}-{code[-3:]}")
    page.goto("/mine/declarations")
    assert {one.get_attribute("value") for one in place.locator("option").all()} == {"", AGENT, OWN}
    place.select_option(OWN)
    page.get_by_role("button", name=filtered, exact=True).click()
    page.wait_for_url(re.compile(f"organisation={OWN}"))
    assert page.locator(".row-link").all_inner_texts() == orders[::-1]
    page.locator(".row-link").first.click()
    expect(page.locator("main h1")).to_contain_text(re.compile("清单|Declaration"))
    for code in (PRINCIPAL, FOREIGN):
        refused = page.goto(f"/mine/declarations?organisation={code}")
        assert refused is not None
        assert refused.status == 403
    page.goto("/mine/balances")
    place.select_option(PRINCIPAL)
    page.get_by_role("button", name=show, exact=True).click()
    page.wait_for_url(f"**/mine/balances?organisation={PRINCIPAL}")
    expect(page.locator("main h1")).to_contain_text("单位" + PRINCIPAL[-3:])
    context.close()


# --- Paper ------------------------------------------------------------------------------------------------------------


def test_what_one_keeps_prints_well(browser: Browser, site: Seen) -> None:
    """Declaration, receipt of a message, case, service: no navigation, links legible, nothing cut off."""
    declaration = clearance.Declaration.objects.order_by("id")[0]
    case = CaseRow.objects.order_by("id")[0]
    context = _context(browser, site, "merchant", "zh-CN")
    page = context.new_page()
    page.set_viewport_size({"width": 760, "height": 1080})
    page.emulate_media(media="print")
    folded = 0
    for address in (
        f"/declarations/{declaration.id}", f"/messages/{declaration.message_id}", f"/cases/{case.id}",
        "/services/enterprise-filing", "/mine/balances",
    ):  # fmt: skip
        page.goto(address)
        hidden = page.locator("nav, .menu, .foot, button, .top form, dialog, input:not([type=hidden]), .button")
        assert [one.evaluate("e => e.outerHTML.slice(0, 80)") for one in hidden.all() if one.is_visible()] == [], (
            address
        )
        expect(page.locator("main h1")).to_be_visible()
        assert fits(page), f"{address} is cut off"
        assert page.evaluate(_PALE) == [], address
        folded += page.locator("main details").count()
        assert page.evaluate(_FOLDED) == [], address
        picture(page, f"print-{_file(address)}")
    assert folded, "one of them has something folded"
    context.close()


_FOLDED = """() => [...document.querySelectorAll('main details > :not(summary)')].filter(e => !e.checkVisibility())
  .map(e => e.outerHTML.slice(0, 100))"""


_PALE = """() => [...document.querySelectorAll('main a')].filter(e => e.checkVisibility()).filter(e => {
  const [r, g, b] = getComputedStyle(e).color.match(/\\d+/g).map(Number);
  return r + g + b > 300;
}).map(e => e.outerHTML.slice(0, 100))"""
