"""The test bench in a real browser: a firm uploads a message and reads what came of it, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from clearance.rig import CASES
from flows.axe import violations
from flows.looks import enter, fits, picture
from identity.made import member
from silkgate.clearance.api import load_zone
from silkgate.client import Document
from silkgate.identity.models import Organisation
from silkgate.testbench import actions
from silkgate.testbench.scenarios import published
from silkgate.testbench.statements import state
from testbench.played import CODE, DAY, NAME, key, scenario_named, sent

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser


@pytest.fixture
def tester(reader: Opened, live_server: str) -> Callable[..., Page]:
    """Opens a page of a declarant of the firm."""
    client = member("chen", CODE, "declarant")
    Organisation.objects.filter(code=CODE).update(name=NAME)

    def opened(address: str, **options: object) -> Page:
        page = enter(reader(**options), client, live_server)
        page.goto(address)
        return page

    return opened


def test_a_message_is_uploaded_and_answered(tester: Callable[..., Page], tmp_path: Path) -> None:
    page = tester(f"/testbench/of/{CODE}")
    file = tmp_path / "order.xml"
    file.write_bytes(sent(scenario_named("ebp.bonded"))[0])
    page.locator("#id_messages").set_input_files(file)
    page.locator("#id_law_day").fill("2026-06-18")
    picture(page, "bench-own")
    page.get_by_role("button", name="测试", exact=True).click()
    page.wait_for_url("**/runs/*")
    picture(page, "bench-run")
    assert page.get_by_text("CEB311Message").count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="回执 CEB312Message").click()
    assert b"CEB312Message" in Path(download.value.path()).read_bytes()
    assert fits(page)


@pytest.fixture
def tried(database: str) -> dict[str, str]:
    """The firm has passed as a platform, failed once as a declarant, and has a statement; addresses of it all."""
    at = datetime(2026, 6, 18, 2, tzinfo=UTC)
    load_zone(CASES / "01-happy-bonded-1210", selection_key=bytes(32))
    for scenario in published().of_role("ebp"):
        actions.run((CODE, NAME), sent(scenario), day=DAY, scenario=scenario, by="chen", at=at)
    wrong = scenario_named("agent.bonded")
    raws = sent(wrong, lambda _, document: Document({**document.head, "freight": "11"}, document.lines))
    broken = raws[0].replace("李测试".encode(), "王测试".encode())
    pem = key().to_pem().split(b"-----END PRIVATE KEY-----\n")[1]
    actions.upload_certificate(CODE, pem, by="chen", at=at)
    failed = actions.run((CODE, NAME), raws, day=DAY, scenario=wrong, by="chen", at=at)
    unsigned = actions.run((CODE, NAME), [broken, b"<a>"], day=DAY, scenario=None, by="chen", at=at)
    made = state((CODE, NAME), "ebp", by="chen", at=at)
    return {
        "home": "/testbench?role=agent",
        "scenario": "/testbench/scenarios/agent.direct",
        "bench": f"/testbench/of/{CODE}",
        "coverage": f"/testbench/of/{CODE}/coverage?role=ebp",
        "failed": f"/testbench/of/{CODE}/runs/{failed.id}",
        "unreadable": f"/testbench/of/{CODE}/runs/{unsigned.id}",
        "statement": f"/testbench/statements/{made.name}",
    }


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_every_page_fits_and_is_accessible(language: str, tester: Callable[..., Page], tried: dict[str, str]) -> None:
    page = tester(tried["bench"], locale=language)
    wrong = []
    for name, address in tried.items():
        page.goto(address)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            picture(page, f"bench-{name}-{language[:2]}-{width}")
            wrong += [f"{name}, {width}: {one}" for one in violations(page)]
            if not fits(page):
                wrong.append(f"{name} is wider than {width}")
    assert wrong == []


def test_it_works_without_javascript(tester: Callable[..., Page], tried: dict[str, str], tmp_path: Path) -> None:
    page = tester(tried["bench"], java_script_enabled=False)
    file = tmp_path / "order.xml"
    file.write_bytes(sent(scenario_named("ebp.direct"))[0])
    page.locator("#id_messages").set_input_files(file)
    page.locator("#id_scenario").select_option("ebp.direct")
    page.locator("#id_law_day").fill("2026-06-18")
    page.get_by_role("button", name="测试", exact=True).click()
    expect(page.locator("main")).to_contain_text("通过")
    page.goto(tried["coverage"])
    page.get_by_role("button", name="签发声明").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("符合性声明")


def test_what_is_wrong_is_said_beside_the_field(tester: Callable[..., Page], tmp_path: Path) -> None:
    page = tester(f"/testbench/of/{CODE}")
    page.get_by_role("button", name="测试", exact=True).click()
    expect(page.locator(".error-summary")).to_contain_text("没有报文，请选择文件")
    picture(page, "bench-nothing")
    page.locator("#id_law_day").fill("")
    page.get_by_role("button", name="测试", exact=True).click()
    expect(page.locator("#id_law_day_error")).to_contain_text("请填日期")
    whole = tmp_path / "key.pem"
    whole.write_bytes(key().to_pem())
    page.locator("#id_certificate").set_input_files(whole)
    page.get_by_role("button", name="上传证书").click()
    expect(page.locator("#id_certificate_error")).to_contain_text("私钥")
    assert violations(page) == []
