"""A case in a real browser: a clerk asks, an officer wants one more paper, the clerk brings it, two officers decide."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import override_settings
from playwright.sync_api import expect

from casework import files
from casework.people import FIRM, LICENCE, opened_at
from silkgate.casework import api as casework
from silkgate.identity import models as identity
from silkgate.identity.api import add_officer

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
PASSWORD = "silk-road-2026-cases"
PICTURES = os.environ.get("SILKGATE_TEST_PICTURES", "")
"""A folder, where somebody wants to look at the pages."""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"case-{name}.png", full_page=True)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def sign_in(reader: Opened, database: str, tmp_path: Path) -> Callable[..., Page]:
    """Opens a page of somebody who has signed in: officers li and wang, clerk chen of the firm."""
    casework.declare(LICENCE)
    for name in ("li", "wang"):
        add_officer(name, PASSWORD, "customs", ("filings", "approvals"))
    chen = get_user_model().objects.create_user("chen", password=PASSWORD)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    firm = identity.Organisation.objects.create(code=FIRM, name="郑州丝路公司", registered_at=at)
    identity.Membership.objects.create(user=chen, organisation=firm, role="filer", since=at)

    def opened(name: str, address: str, **options: object) -> Page:
        page = reader(**options)
        page.goto(address)
        page.locator("#id_login, #id_username").first.fill(name)
        page.locator("#id_password").fill(PASSWORD)
        page.locator("main form button.primary").first.click()
        page.wait_for_url(f"**{address}")
        return page

    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        assert tmp_path / "evidence" == settings.EVIDENCE_FOLDER
        yield opened


def test_one_more_paper_and_two_officers(sign_in: Callable[..., Page], tmp_path: Path) -> None:
    case = opened_at(datetime.now(UTC))
    paper = tmp_path / "营业执照.pdf"
    paper.write_bytes(files.pdf())
    li = sign_in("li", "/work")
    picture(li, "work")
    assert fits(li)
    li.keyboard.press("Tab")
    li.get_by_role("link", name="郑州丝路公司的许可").click()
    li.get_by_label("要求补正材料").check()
    li.get_by_role("button", name="确认办理").click()
    expect(li.locator(".error-summary")).to_contain_text("理由应为4至2000字")
    picture(li, "refused-form")
    expect(li.get_by_label("要求补正材料")).to_be_checked()
    li.get_by_label("理由或说明").fill("请补营业执照扫描件")
    li.get_by_role("button", name="确认办理").click()
    expect(li.get_by_text("已办理，现为“待补正材料”。")).to_be_visible()
    expect(li.get_by_text("暂停计算，还剩10个工作日")).to_be_visible()

    chen = sign_in("chen", "/cases", viewport={"width": 390, "height": 844}, color_scheme="dark")
    picture(chen, "own-narrow-dark")
    chen.get_by_role("link", name="郑州丝路公司的许可").click()
    expect(chen.get_by_text("请补营业执照扫描件")).to_be_visible()
    chen.get_by_label("提交补正材料").check()
    chen.get_by_label("随附材料").set_input_files(paper)
    chen.get_by_role("button", name="确认办理").click()
    expect(chen.get_by_text("已办理，现为“审核”。")).to_be_visible()
    assert fits(chen)
    picture(chen, "narrow-dark")

    li.reload()
    with li.expect_download() as saved:
        li.get_by_role("link", name="营业执照.pdf").click()
    assert saved.value.suggested_filename == "营业执照.pdf"
    assert Path(saved.value.path()).read_bytes() == files.pdf()
    li.get_by_label("拟同意").check()
    li.get_by_label("理由或说明").fill("材料齐全，拟同意")
    li.get_by_label("依据").fill("管理办法第8条")
    li.get_by_role("button", name="确认办理").click()
    expect(li.get_by_text("已办理，现为“复核”。")).to_be_visible()
    expect(li.get_by_label("准予许可")).to_have_count(0)

    wang = sign_in("wang", f"/cases/{case.id}", locale="en")
    wang.get_by_label("Grant").check()
    wang.get_by_label("Reason or explanation").fill("Agreed, everything is there")
    picture(wang, "english")
    assert fits(wang)
    wang.get_by_role("button", name="Confirm").click()
    expect(wang.get_by_text("Done. It now stands at: Granted.")).to_be_visible()
    picture(wang, "granted")
    assert [step.actor for step in casework.history(case.id)] == ["chen", "li", "chen", "li", "wang"]
