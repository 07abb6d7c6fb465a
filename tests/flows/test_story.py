"""The story of a new firm, in a browser and over the interface: from signing up to its first parcel released."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import override_settings

from clearance.rig import connector
from registry.made import ANSWERS, OTHER, picture
from silkgate.clearance import api as clearance
from silkgate.identity import api as identity
from silkgate.identity.models import AccessRecord
from silkgate.kernel.clock import CHINA
from silkgate.registry import api as registry
from silkgate.site.traffic.drawing import Draw, Line
from silkgate.site.traffic.goods import ARTICLES
from silkgate.site.traffic.keys import certificate_pem, made_key
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.people import person
from silkgate.site.traffic.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser

PASSWORD = "silk-road-2026-wang"
FIRM, NAME = "91410100MA3XP0003K", "丝路优选电子商务平台有限公司"
AGENT = OTHER


@pytest.fixture
def zone(database: str, tmp_path: Path) -> Zone:
    """A zone in which the firm is not filed yet: everything of it but its enterprise and its certificate."""
    known = Zone(as_of=datetime.now(UTC))
    others = tuple(firm for firm in known.enterprises if firm.code != FIRM)
    replace(known, enterprises=others).write(tmp_path / "zone")
    clearance.load_zone(tmp_path / "zone", selection_key=bytes(32))
    return known


@pytest.fixture(autouse=True)
def _papers(tmp_path: Path) -> Iterator[None]:
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        yield


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/login")
    page.locator("#id_username").fill(name)
    page.locator("#id_password").fill(password)
    press(page, "登录")
    page.wait_for_url(re.compile("/(account/)?$|/work"))


def sign_up(page: Page, name: str, code: str, firm: str) -> None:
    """A person makes an account and registers the organisation that they represent."""
    page.goto("/signup")
    fill_in(page, {"username": name, "email": f"{name}@silu.example", "password1": PASSWORD, "password2": PASSWORD})
    press(page, "注册")
    page.goto("/account/organisations/new")
    fill_in(page, {"code": code, "name": firm})
    press(page, "登记")
    page.wait_for_url(f"**/account/organisations/{code}**")


def press(page: Page, name: str) -> None:
    """Press a button; what was filled in is taken."""
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()
    refused = page.locator(".error-summary")
    assert refused.count() == 0, refused.inner_text()


def act(page: Page, case: str, move: str, reason: str) -> None:
    """An officer makes a move, with its reason."""
    page.goto(case)
    page.locator(f'input[name="move"][value="{move}"]').check()
    page.locator("#id_reason").fill(reason)
    press(page, "确认办理")


def fill_in(page: Page, answers: dict[str, str]) -> None:
    for key, value in answers.items():
        there = page.locator(f'[name="{key}"]')
        if there.count() == 0:
            continue
        if there.first.get_attribute("type") in ("radio", "checkbox"):
            page.locator(f'[name="{key}"][value="{value}"]').or_(there).first.check()
        elif there.first.evaluate("here => here.tagName") == "SELECT":
            there.select_option(value)
        else:
            there.fill(value)


def test_a_firm_signs_up_is_filed_and_sees_its_first_parcel_released(
    reader: Opened, zone: Zone, database: str, decide_now: Callable[[], int], tmp_path: Path
) -> None:
    for name, duty in (("chen", "filings"), ("zhao", "approvals")):
        identity.add_officer(name, PASSWORD, "customs", (duty,))

    # She signs up and registers the firm.
    page = reader()
    sign_up(page, "wang", FIRM, NAME)
    sign_up(reader(), "sun", AGENT, "郑州通达报关有限公司")

    # It files as platform and as merchant.
    page.goto(f"/filings/new?organisation={FIRM}&role=ebp&role=ebc")
    fill_in(page, ANSWERS | {"credit_code": FIRM, "name_zh": NAME})
    press(page, "下一步：材料")
    page.wait_for_url("**/filings/*")
    for seed, file in enumerate(page.locator('input[type="file"]').all()):
        file.set_input_files({"name": f"{seed}.png", "mimeType": "image/png", "buffer": picture(seed)})
    press(page, "上传并提交审核")
    page.wait_for_url("**/cases/*")
    case = page.url.removeprefix(page.url.split("/cases/")[0])

    # One officer asks for one more paper; it comes; a second officer approves what the first has reviewed.
    chen, zhao = reader(), reader()
    sign_in(chen, "chen", PASSWORD)
    sign_in(zhao, "zhao", PASSWORD)
    chen.goto("/work")
    chen.get_by_role("link", name=re.compile(NAME)).first.click()
    act(chen, case, "take", "开始审核")
    act(chen, case, "ask", "请补充平台与商家的合作协议")
    page.goto(case.replace("/cases/", "/filings/"))
    assert "请补充平台与商家的合作协议" in page.locator("main").inner_text()
    page.locator('input[type="file"]').last.set_input_files(
        {"name": "协议.png", "mimeType": "image/png", "buffer": picture(99)}
    )
    press(page, "补正后再提交")
    page.wait_for_url("**/cases/*")
    act(chen, case, "review", "材料齐全，内容一致")
    zhao.goto(case)
    act(zhao, case, "approve", "同意备案")
    with connection.cursor() as cursor:
        assert registry.enterprises(cursor)[FIRM].roles >= {"ebp", "ebc"}

    # It files its certificate, lets an agent declare, and registers its program.
    page.goto(f"/account/organisations/{FIRM}/certificates/new")
    page.locator('input[type="file"]').set_input_files(
        {"name": "silu.pem", "mimeType": "application/x-pem-file", "buffer": certificate_pem(made_key(FIRM, "rsa"))}
    )
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/certificates")
    page.goto(f"/account/organisations/{FIRM}/delegations/new")
    page.locator("#id_agent").fill(AGENT)
    page.locator('input[name="scopes"][value="declarations"]').check()
    fill_in(
        page,
        {"since": f"{datetime.now(CHINA):%Y-%m-%d}", "until": f"{datetime.now(CHINA) + timedelta(days=365):%Y-%m-%d}"},
    )
    press(page, "委托")
    page.goto(f"/account/clients/new?organisation={FIRM}")
    fill_in(page, {"organisation": FIRM, "name": "订单系统"})
    for scope in ("declarations", "read"):
        page.locator(f'input[name="scopes"][value="{scope}"]').check()
    press(page, "登记")
    number, secret = (page.locator("dl.identity dd").nth(place).inner_text().split()[0] for place in (0, 1))

    # The program gets a token and sends the first order; payment, waybill and declaration come from the others.
    token = page.request.post(
        "/oauth/token",
        form={"grant_type": "client_credentials", "client_id": number, "client_secret": secret},
    )
    assert token.ok, token.text()
    bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
    draw = Draw(zone, 0, 0, zone.as_of, 1)
    shop = next(one for one in zone.shops if one.ebp.code == FIRM)
    bought = draw.purchase(
        1,
        shop._replace(withholds_tax=False, assure_code=shop.logistics.code),
        person(7),
        True,
        [Line(draw.shelf(ARTICLES[0]), 1, 10_000, "305")],
        0,
        0,
        0,
    )
    for item in messages([bought], zone, per_message=1, seed=1):
        own = item.sender == FIRM
        sent = page.request.post(
            "/api/v1/messages", data=item.raw, headers={"Content-Type": "application/xml", **(bearer if own else {})}
        )
        assert sent.status == 202, sent.text()
    assert decide_now() > 0

    # The firm sees it released, with the person's name in full; that it was read is kept.
    listed = page.request.get("/api/v1/declarations", headers=bearer)
    assert listed.ok, listed.text()
    page.goto("/declarations")
    page.locator(".row-link").first.click()
    page.wait_for_load_state()
    shown = page.locator("main").inner_text()
    assert "放行" in shown, shown
    assert person(7).name in shown
    assert AccessRecord.objects.filter(actor="wang", allowed=True, organisation_code=FIRM).exists()

    # Nobody else sees its papers.
    assert reader().request.get(case, max_redirects=0).status == 302


@pytest.fixture
def decide_now(database: str) -> Callable[[], int]:
    """Lets the engine decide what is there, by the clock of today."""

    def decided() -> int:
        with clearance.Engine(connector(database), lambda: datetime.now(UTC)) as engine:
            return engine.drain()

    return decided
