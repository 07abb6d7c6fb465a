"""A consumer on a phone: is that me? Finds a stranger's purchase, objects, and reads the answer on the same page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from playwright.sync_api import expect

from flows.axe import violations
from flows.looks import PICTURES, fits, picture
from portal.test_consumer import LI, NOW, number_of
from silkgate.clearance.consumer import objections
from silkgate.site import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture
def cleared(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The parcels of a case, cleared by the real engine, some days ago."""

    def told(self: moment.Moment, request: HttpRequest) -> HttpResponse:
        request.moment = NOW  # type: ignore[attr-defined]
        return self.get_response(request)

    monkeypatch.setattr(moment.Moment, "__call__", told)
    play("10-selection")
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        yield


def fill(page: Page, **claim: str) -> None:
    for name, value in claim.items():
        page.locator(f"#id_{name}").fill(value)
    page.locator("main form button.primary").click()


WORDS = {
    "zh-CN": {
        "short": "身份号码应为18位",
        "differs": "不说明是哪一项不符",
        "free": "可用",
        "object": "提出异议",
        "short_reason": "请至少写4个字",
        "waits": "待核查",
        "done": "认定非本人使用",
        "finish": "结束查询",
    },
    "en": {
        "short": "That is no identity number",
        "differs": "it is not said which one differs",
        "free": "Free",
        "object": "Object",
        "short_reason": "Write at least 4 characters",
        "waits": "To be looked into",
        "done": "Found not to be you",
        "finish": "Finish",
    },
}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("language", WORDS)
def test_a_consumer_objects_and_is_answered(
    cleared: None, reader: Opened, officer: tuple[str, str], language: str, scripts: bool
) -> None:
    words = WORDS[language]
    page = reader(locale=language, java_script_enabled=scripts, **PHONE)
    page.goto("/allowance")
    picture(page, f"consumer-{language}-1-check")
    fill(page, **LI | {"id_number": "410105"})
    expect(page.locator("#id_id_number_error")).to_contain_text(words["short"])
    expect(page.locator("#id_name")).to_have_value(LI["name"])
    fill(page, **LI | {"name": "李小华"})
    expect(page.locator(".error-summary")).to_contain_text(words["differs"])
    picture(page, f"consumer-{language}-2-differs")
    fill(page, **LI)
    expect(page.locator("figure.balance")).to_contain_text(words["free"])
    expect(page.locator("figure.balance")).to_contain_text("¥25,850.00")
    assert LI["id_number"] not in page.url
    if scripts:
        assert fits(page)
    picture(page, f"consumer-{language}-3-uses")
    page.get_by_role("link", name="46122026I000000001").click()
    page.get_by_role("button", name=words["object"]).click()
    expect(page.locator("#id_statement_error")).to_contain_text(words["short_reason"])
    page.locator("#id_statement").fill("我没有在该平台购物，也没有收到包裹。")
    picture(page, f"consumer-{language}-4-object")
    page.get_by_role("button", name=words["object"]).click()
    expect(page.locator("#objection ~ p").first).to_contain_text(words["waits"])
    if scripts:
        assert fits(page)
    picture(page, f"consumer-{language}-5-waits")
    case = objections.newest(number_of(LI["parcel"]))
    assert case is not None

    desk = reader()
    desk.goto("/work")
    desk.locator("#id_login, #id_username").first.fill(officer[0])
    desk.locator("#id_password").fill(officer[1])
    desk.locator("main form button.primary").first.click()
    desk.wait_for_url("**/work")
    desk.get_by_role("link", name="非本人使用身份").click()
    expect(desk.get_by_text("我没有在该平台购物，也没有收到包裹。").first).to_be_visible()
    desk.get_by_label("认定非本人使用").check()
    desk.get_by_label("理由或说明").fill("收货电话与地址均非本人，已移交平台所在地公安机关。")
    picture(desk, f"consumer-{language}-6-officer")
    desk.get_by_role("button", name="确认办理").click()
    expect(desk.get_by_text("已办理，现为“认定非本人使用”。")).to_be_visible()

    page.reload()
    expect(page.locator("#objection ~ p").first).to_contain_text(words["done"])
    expect(page.locator(".timeline")).to_contain_text("收货电话与地址均非本人")
    picture(page, f"consumer-{language}-7-answered")
    page.get_by_role("button", name=words["finish"]).click()
    expect(page.locator("#id_id_number")).to_have_value("")


def test_it_prints_on_one_sheet(cleared: None, reader: Opened) -> None:
    page = reader()
    page.goto("/allowance")
    fill(page, **LI)
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="结束查询")).to_be_hidden()
    expect(page.get_by_text("46122026I000000001")).to_be_visible()
    if PICTURES:
        Path(PICTURES, "consumer-print.pdf").write_bytes(page.pdf(format="A4"))


@pytest.mark.parametrize("language", WORDS)
def test_axe_finds_nothing(cleared: None, reader: Opened, language: str) -> None:
    page = reader(locale=language, **PHONE)

    def wrong() -> list[str]:
        found = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{scheme}: {one}" for one in violations(page)]
        return found

    page.goto("/allowance")
    assert wrong() == []
    fill(page, **LI | {"id_number": "410105"})
    assert wrong() == []
    fill(page, **LI)
    assert wrong() == []
    page.get_by_role("link", name="46122026I000000001").click()
    page.get_by_role("button", name=WORDS[language]["object"]).click()
    assert wrong() == []
    page.locator("#id_statement").fill("我没有在该平台购物，也没有收到包裹。")
    page.get_by_role("button", name=WORDS[language]["object"]).click()
    expect(page.locator("#objection ~ p").first).to_contain_text(WORDS[language]["waits"])
    assert wrong() == []
