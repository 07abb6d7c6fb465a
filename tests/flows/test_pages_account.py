"""Organisations in a real browser, with and without JavaScript: a firm registers, invites, delegates, files its key."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import expect

from flows.looks import enter, fits, picture
from identity.made import FOREIGN, OWN, certificate_pem, member, officer, organisation, signed_in
from silkgate.identity import models
from silkgate.kernel.clock import china_day

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser


@pytest.fixture
def entered(reader: Opened, live_server: str) -> Callable[..., Page]:
    """A page of somebody who has signed in; how one signs in is tested elsewhere."""

    def opened(client: Client, **options: object) -> Page:
        return enter(reader(**options), client, live_server)

    return opened


@pytest.mark.parametrize("javascript", [True, False])
def test_a_firm_arranges_who_acts_for_it(entered: Callable[..., Page], tmp_path: Path, javascript: bool) -> None:
    organisation(FOREIGN)
    page = entered(signed_in("chen"), java_script_enabled=javascript)
    page.goto("/")
    page.get_by_role("link", name="chen").click()
    expect(page.get_by_text("您还没有加入任何单位")).to_be_visible()
    page.get_by_role("link", name="登记单位").click()
    page.get_by_label("统一社会信用代码").fill(OWN[:-1] + ("0" if OWN[-1] != "0" else "1"))
    page.get_by_label("单位名称").fill("河南云帆跨境电商有限公司")
    page.get_by_role("button", name="登记", exact=True).click()
    summary = page.locator(".error-summary")
    assert "第18位校验码不符" in summary.inner_text()
    assert page.get_by_label("单位名称").input_value() == "河南云帆跨境电商有限公司", "answers are kept"
    summary.get_by_role("link").click()
    assert page.evaluate("location.hash") == "#id_code"
    page.get_by_label("统一社会信用代码").fill(OWN)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("单位已登记，您是负责人")).to_be_visible()

    page.get_by_role("link", name="邀请成员").click()
    page.get_by_label("申报员").check()
    page.get_by_role("button", name="生成链接").click()
    link = page.locator("#link").inner_text()
    other = entered(signed_in("deng"), java_script_enabled=javascript)
    other.goto(link)
    other.get_by_role("button", name="加入").click()
    expect(other.get_by_text("已加入单位")).to_be_visible()

    page.goto(f"/account/organisations/{OWN}")
    page.get_by_role("link", name="委托", exact=True).click()
    page.get_by_role("link", name="新增委托").click()
    page.get_by_role("button", name="委托", exact=True).click()
    assert page.locator(".error-summary a").evaluate_all("links => links.every(a => document.querySelector(a.hash))")
    page.get_by_label("代理单位代码").fill(FOREIGN)
    page.get_by_label("代理申报").check()
    page.get_by_label("截止日").fill(f"{datetime.now(UTC).year + 1}-01-31")
    page.get_by_role("button", name="委托", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("有效")

    page.get_by_role("link", name="证书", exact=True).click()
    page.get_by_role("link", name="备案证书").click()
    file = tmp_path / "chen.pem"
    file.write_bytes(certificate_pem("chen"))
    page.get_by_label("证书文件").set_input_files(file)
    page.get_by_role("button", name="备案", exact=True).click()
    expect(page.get_by_text("CN=chen").first).to_be_visible()
    page.get_by_role("link", name="撤销").click()
    page.get_by_role("button", name="确认").click()
    expect(page.get_by_text("证书已撤销")).to_be_visible()
    assert models.Certificate.objects.get().revoked_at


VIEWS = {
    "zh-CN": [(1280, "light"), (1280, "dark"), (390, "light")],
    "en-GB": [(1280, "light"), (390, "light")],
}
"""Width and colours by language; the colours are the same in both languages and widths."""


@pytest.mark.parametrize("locale", VIEWS)
def test_every_page_fits_speaks_one_language_and_prints_nothing_raw(
    entered: Callable[..., Page], locale: str, tmp_path: Path
) -> None:
    chair = member("chen", OWN, "representative")
    models.Organisation.objects.filter(code=OWN).update(name="Yunfan E-commerce" if locale == "en-GB" else "云帆电商")
    member("chen", FOREIGN, "reader")
    _arrange(chair)
    page = entered(chair, locale=locale)
    one = f"/account/organisations/{OWN}"
    member_id = models.Membership.objects.filter(organisation__code=OWN).first().id
    addresses = {
        "home": "/account/",
        "register": "/account/organisations/new",
        "members": one,
        "invite": f"{one}/invite",
        "end": f"{one}/members/{member_id}/end",
        "delegations": f"{one}/delegations",
        "delegate": f"{one}/delegations/new",
        "certificates": f"{one}/certificates",
        "certificate": f"{one}/certificates/new",
        "access": f"{one}/access",
        "invitation": "/account/invitation?secret=none",
    }
    problems = []
    for name, address in addresses.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200
        problems += _looked_at(page, locale, name)
    for name, forms in (
        ("register", "登记|Register"),
        ("delegate", "委托|Delegate"),
        ("invite", "生成链接|Make the link"),
    ):
        page.goto(addresses[name])
        page.get_by_role("button", name=re.compile(forms)).click()
        problems += _looked_at(page, locale, f"{name}-refused")
    auditor = entered(officer("shen", ["audit", "accounts"]), locale=locale)
    for name, address in (("office", "/account/"), ("audit", "/account/access"), ("opening", "/account/opening")):
        auditor.goto(address)
        problems += _looked_at(auditor, locale, name)
    assert not problems


def test_whoever_may_not_is_told_what_is_missing(page: Page, live_server: str) -> None:
    enter(page, member("chen", OWN, "representative"), live_server)
    answer = page.goto("/account/access")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", name="没有权限")).to_be_visible()
    assert "查看全部访问记录" in page.locator("main").inner_text()
    picture(page, "account-denied")
    page.get_by_role("link", name="查看您在各单位的角色").click()
    expect(page.get_by_role("heading", name="我的账户")).to_be_visible()


def _arrange(chair: Client) -> None:
    """Something of everything, through the pages."""
    one = f"/account/organisations/{OWN}"
    today = china_day(datetime.now(UTC))
    chair.post(f"{one}/invite", {"role": "filer"})
    for scopes in (["declarations", "read"], ["filings"]):
        data = {"agent": FOREIGN, "scopes": scopes, "since": today, "until": today.replace(year=today.year + 1, day=1)}
        assert chair.post(f"{one}/delegations/new", data).status_code == 302
    chair.post(f"{one}/delegations/{models.Delegation.objects.first().id}/end")
    from django.core.files.uploadedfile import SimpleUploadedFile

    for days in (20, 900):
        pem = SimpleUploadedFile("a.pem", certificate_pem(f"yunfan-{days}", days))
        assert chair.post(f"{one}/certificates/new", {"pem": pem}).status_code == 302
    for number in range(3):
        models.AccessRecord.objects.create(
            at=datetime.now(UTC),
            actor=("zhao", "", "wang")[number],
            agency=("customs", "", "")[number],
            action=("clearance.persons", "portal.message", "identity.organisation")[number],
            organisation_code=OWN,
            subject=("declaration/17", "message/4", f"/account/organisations/{OWN}")[number],
            purpose=("supervision", "", "")[number],
            allowed=number == 0,
        )
    assert User.objects.exists()


def _looked_at(page: Page, locale: str, name: str) -> list[str]:
    """What is wrong with how a page looks or speaks."""
    wrong = []
    page.locator("main").wait_for()
    for width, scheme in VIEWS[locale]:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if not fits(page):
            wrong.append(f"{name}: wider than {width} px")
        picture(page, f"account-{name}-{locale}-{width}-{scheme}")
    words = page.locator("main").inner_text()
    if locale == "en-GB" and re.search("[\u4e00-\u9fff]", words.replace("单位", "")):
        found = re.search("[^\n]*[\u4e00-\u9fff][^\n]*", words.replace("单位", ""))
        wrong.append(f"{name}: Chinese on an English page: {found[0] if found else ''}")
    if re.search(r"\{[%{]|Text\(|None\b", words):
        wrong.append(f"{name}: raw")
    return wrong
