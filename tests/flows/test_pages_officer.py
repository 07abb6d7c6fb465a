"""The officer's desk in a real browser: sign in, look, decide with a reason, confirm; the receipt follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from flows.looks import enter
from identity.made import officer
from silkgate.clearance import models
from silkgate.identity.api import DUTIES

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
CASE = "10-selection"
HELD = ["D202606180002", "D202606180003", "D202606180004", "D202606180005"]
REASON = "实货与申报一致，准予放行"


@pytest.fixture
def signed_in(reader: Opened, live_server: str, play: Play) -> Callable[..., Page]:
    """A page of an officer who has signed in and looks at the desk, with the held declarations of the case."""
    play(CASE)

    def opened(**options: object) -> Page:
        page = enter(reader(**options), officer("zhao", DUTIES), live_server)
        page.goto("/officer/")
        return page

    return opened


def _row(order_no: str) -> models.Declaration:
    return models.Declaration.objects.get(order_no=order_no)


@pytest.mark.parametrize("address", ["/officer/", "/officer/1", "/officer/1/pending"])
def test_strangers_are_asked_to_sign_in(reader: Opened, play: Play, address: str) -> None:
    play(CASE)
    page = reader()
    page.goto(address)
    assert "/login" in page.url
    page.locator("#id_username").fill("nobody")
    page.locator("#id_password").fill("wrong")
    page.locator("main button[type=submit]").click()
    assert "用户名或密码不正确" in page.locator(".error-summary").inner_text()
    refused = page.request.post(address, form={"verdict": "release", "reason": REASON}, max_redirects=0)
    assert refused.status in {302, 403}
    assert not models.Instruction.objects.exists()


def test_the_desk_shows_who_waits_longest_first_and_why(signed_in: Callable[..., Page]) -> None:
    page = signed_in()
    rows = page.locator("tbody tr")
    assert [text.split()[0] for text in rows.all_inner_texts()] == HELD
    assert all(re.search(r"商品编码|电商企业代码|原产国", text) for text in rows.all_inner_texts())
    page.get_by_role("link", name="查验", exact=True).click()
    assert page.locator("tbody tr").count() == 2
    page.get_by_role("link", name="已扣留").click()
    expect(page.get_by_text("没有待处理的清单")).to_be_visible()


def test_the_desk_is_walked_by_keys(signed_in: Callable[..., Page]) -> None:
    page = signed_in()

    def focused() -> str:
        return page.evaluate("document.activeElement.innerText")

    page.keyboard.press("j")
    assert focused() == HELD[0]
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused() == HELD[2]
    page.keyboard.press("k")
    assert focused() == HELD[1]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/officer/{_row(HELD[1]).id}")
    page.go_back()
    page.get_by_label("使用快捷键").uncheck()
    page.keyboard.press("j")
    assert focused() not in HELD, "whoever is disturbed by single keys can switch them off"


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(
    ("verdict", "state", "word", "status"),
    [("放行", "800", "放行", "800"), ("退单", "100", "退单", "100"), ("扣留，移送缉私", "502", "扣留移送缉私", "502")],
)
def test_a_decision_is_taken_checked_carried_out_and_answered(
    signed_in: Callable[..., Page],
    decide: Callable[[str], int],
    verdict: str,
    state: str,
    word: str,
    status: str,
    javascript: bool,
) -> None:
    page = signed_in(java_script_enabled=javascript)
    row = _row(HELD[0])
    page.get_by_role("link", name=HELD[0]).click()
    assert re.search(r"\d{17}[\dX]", page.locator(".comparison").first.inner_text()), "evidence is shown in full"
    assert page.locator(".balance").count() >= 1
    page.get_by_label(verdict, exact=True).check()
    page.get_by_label("理由").fill(REASON)
    page.get_by_role("button", name="下一步：核对").click()
    expect(page.get_by_role("heading", name="核对决定")).to_be_visible()
    assert REASON in page.locator("main").inner_text()
    assert not models.Instruction.objects.exists(), "nothing happens before it is confirmed"
    page.get_by_role("button", name="确认并执行").click()
    expect(page.get_by_text("决定已记录，正在执行")).to_be_visible()
    assert page.get_by_role("button", name="下一步：核对").count() == 0

    decide(CASE)
    if not javascript:
        page.get_by_role("link", name="查看结果").click()
    page.locator(".decision h2", has_text=word).wait_for()
    row.refresh_from_db()
    assert row.state == state
    assert "关员zhao" in page.locator(".decision").inner_text()
    assert REASON in page.locator(".timeline").inner_text()
    answer = page.locator("tr", has_text="CEB622").filter(has_text=status).last
    assert REASON in answer.inner_text(), "the receipt tells the declarant the officer's reason"


def test_without_a_reason_nothing_is_decided(signed_in: Callable[..., Page]) -> None:
    page = signed_in()
    page.goto(f"/officer/{_row(HELD[0]).id}")
    page.get_by_label("放行", exact=True).check()
    page.get_by_label("理由").fill("好")
    page.get_by_role("button", name="下一步：核对").click()
    summary = page.locator(".error-summary")
    assert "理由至少4个字" in summary.inner_text()
    assert page.evaluate("document.activeElement.className") == "error-summary", "it is read first"
    assert page.get_by_label("放行", exact=True).is_checked(), "answers are kept"
    assert page.get_by_label("理由").input_value() == "好"
    summary.get_by_role("link").click()
    assert page.evaluate("document.activeElement.id") == "id_reason"
    assert not models.Instruction.objects.exists()


def test_a_decision_can_be_changed_before_it_is_confirmed(signed_in: Callable[..., Page]) -> None:
    page = signed_in()
    page.goto(f"/officer/{_row(HELD[0]).id}")
    page.get_by_label("退单", exact=True).check()
    page.get_by_label("理由").fill(REASON)
    page.get_by_role("button", name="下一步：核对").click()
    page.get_by_role("button", name="返回修改").click()
    assert page.get_by_label("退单", exact=True).is_checked()
    assert page.get_by_label("理由").input_value() == REASON
    assert page.locator(".error-summary").count() == 0
    assert not models.Instruction.objects.exists()


def test_of_two_officers_the_first_decides(signed_in: Callable[..., Page]) -> None:
    first, second = signed_in(), None
    number = _row(HELD[0]).id
    second = first.context.new_page()
    for page, verdict in ((first, "放行"), (second, "退单")):
        page.goto(f"/officer/{number}")
        page.get_by_label(verdict, exact=True).check()
        page.get_by_label("理由").fill(REASON)
        page.get_by_role("button", name="下一步：核对").click()
    first.get_by_role("button", name="确认并执行").click()
    second.get_by_role("button", name="确认并执行").click()
    expect(second.locator(".notice", has_text="已有").first).to_be_visible()
    assert [made.action for made in models.Instruction.objects.all()] == ["release"]


def test_what_is_not_held_cannot_be_decided(signed_in: Callable[..., Page]) -> None:
    page = signed_in()
    released = models.Declaration.objects.filter(state="800")[0]
    page.goto(f"/officer/{released.id}")
    assert page.get_by_role("button", name="下一步：核对").count() == 0
    assert page.request.get("/officer/999999").status == 404


def test_signing_out_hides_persons_again(signed_in: Callable[..., Page]) -> None:
    page = signed_in()
    number = _row(HELD[0]).id
    page.goto(f"/declarations/{number}")
    assert re.search(r"\d{17}[\dX]", page.locator("main").inner_text())
    page.get_by_role("button", name="退出").click()
    page.goto(f"/declarations/{number}")
    assert not re.search(r"\b\d{17}[\dX]\b", page.locator("main").inner_text())
