"""Storage in a real browser: a lot enters, an order draws on it, the month is declared; every page as it looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.urls import get_resolver
from playwright.sync_api import expect

from bonded import kept
from bonded.kept import BOOK, DRILL, OWNER, PHONE, WAREHOUSE, drawn, enter, line, lot, order
from flows import axe
from flows.looks import enter as come
from flows.looks import fits, picture
from identity.made import member, officer
from silkgate.bonded.storage import actions
from silkgate.bonded.storage.domain import EXPORT, IMPORT, month_of
from silkgate.bonded.storage.workflows import raise_cases
from silkgate.kernel.clock import china_day

if TYPE_CHECKING:
    from flows.conftest import Opened

pytestmark = pytest.mark.browser


@pytest.fixture
def ready(database: str) -> None:
    """All rooms' pages are imported here rather than by the first request, which a browser waits for."""
    get_resolver().url_patterns  # noqa: B018
    kept.firms()
    kept.lodge(at=datetime.now(UTC))


def test_from_a_lot_to_the_declaration(ready: None, reader: Opened, live_server: str) -> None:
    clerk = come(reader(), member("mei", OWNER, "declarant"), live_server)
    clerk.goto("/storage")
    expect(clerk.get_by_text("还没有暂存货物")).to_be_visible()
    clerk.get_by_role("link", name="入库", exact=True).click()
    clerk.get_by_label("批次编号").fill("LOT-2026-118")
    clerk.get_by_label("仓库企业代码").fill(WAREHOUSE)
    clerk.get_by_label("账册号").fill(BOOK)
    clerk.get_by_label("货号").fill("DRILL-18V")
    clerk.get_by_label("商品编码").fill(DRILL)
    clerk.get_by_label("商品名称").fill("手提式电钻")
    clerk.get_by_label("计量单位").select_option("001")
    clerk.get_by_label("数量", exact=True).fill("一百")
    clerk.get_by_label("法定数量").fill("100")
    clerk.get_by_label("原产国（地区）").select_option("142")
    clerk.get_by_label("货值（元）").fill("1000")
    clerk.get_by_role("button", name="入库").click()
    expect(clerk.locator(".error-summary")).to_contain_text("数量应大于0")
    expect(clerk.get_by_label("货号")).to_have_value("DRILL-18V")
    picture(clerk, "storage-lot-error")
    clerk.get_by_label("数量", exact=True).fill("100")
    clerk.get_by_role("button", name="入库").click()
    expect(clerk.get_by_text("已入库，担保已占用")).to_be_visible()

    clerk.goto("/storage/draws/new")
    clerk.get_by_label("订单或出库单编号").fill("SO-1")
    clerk.get_by_label("出区内销（进口申报）").check()
    clerk.get_by_label("提取DRILL-18V的数量").fill("130")
    clerk.get_by_role("button", name="分送").click()
    expect(clerk.locator(".reasons")).to_contain_text("暂存库存只剩100")
    picture(clerk, "storage-draw-error")
    assert fits(clerk)
    clerk.get_by_label("提取DRILL-18V的数量").fill("30")
    clerk.get_by_role("button", name="分送").click()
    expect(clerk.get_by_text("已分送。")).to_be_visible()

    clerk.goto("/storage")
    clerk.get_by_role("link", name="预览并申报").click()
    expect(clerk.get_by_text("应缴税款").first).to_be_visible()
    clerk.get_by_role("button", name="集中申报").click()
    expect(clerk.get_by_text("已集中申报，担保已释放")).to_be_visible()
    clerk.emulate_media(media="print")
    expect(clerk.get_by_text("下载数据")).to_be_hidden()
    expect(clerk.get_by_role("heading", level=1)).to_contain_text("SD")
    picture(clerk, "storage-print")
    clerk.emulate_media(media="screen")

    clerk.goto("/storage/book")
    expect(clerk.get_by_role("row").nth(1)).to_contain_text("70台")


def _filled() -> dict[str, tuple[str, str]]:
    """Storage with something of everything: name of a page, who looks at it, its address."""
    now = datetime.now(UTC)
    long_ago, lately = now - timedelta(days=400), now - timedelta(days=100)
    old = enter(lot("LOT-2025-01", line(), line("PHONE-X", 40, 800, gcode=PHONE, name="智能手机")), at=long_ago)
    enter(lot("LOT-2026-118", line(pieces=500, yuan=12_345), line("DRILL-12V", 60, 900, name="手持充电式电钻")), at=now)
    late = drawn(order("SO-LATE", 7), at=lately)
    drawn(order("SO-1", 120, direction=IMPORT), at=now)
    made = actions.declare(kept.CLERK, OWNER, BOOK, IMPORT, month_of(china_day(now)), at=now)
    drawn(order("SO-2", 30), at=now)
    drawn(order("SO-3", 12, "DRILL-12V", direction=IMPORT), at=now)
    raised = raise_cases(now)
    month = f"{china_day(now):%Y-%m}"
    link = f"/storage/declare?organisation={OWNER}&book={BOOK}&month={month}&direction="
    return {
        "home": ("mei", "/storage"),
        "lot": ("mei", f"/storage/lots/{old}"),
        "lot-new": ("mei", "/storage/lots/new?rows=2"),
        "book": ("mei", "/storage/book"),
        "draws": ("mei", "/storage/draws"),
        "draw-new": ("mei", "/storage/draws/new"),
        "draw": ("mei", f"/storage/draws/{late}"),
        "declare-import": ("mei", f"{link}{IMPORT}"),
        "declare-export": ("mei", f"{link}{EXPORT}"),
        "declarations": ("mei", "/storage/declarations"),
        "declaration": ("mei", f"/storage/declarations/{made.pk}"),
        "case": ("mei", f"/cases/{raised.overstay[0]}"),
        "watch": ("guan", "/storage/watch"),
        "watch-late": ("guan", "/storage/watch?list=late"),
        "watch-case": ("guan", f"/cases/{raised.late[0]}"),
        "guarantees": ("guan", "/storage/guarantees"),
        "help": ("", "/help/storage.insufficient"),
    }


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_page_fits_and_is_said_in_the_readers_language(
    ready: None, reader: Opened, live_server: str, locale: str
) -> None:
    """On a desk in the light, on a telephone in the dark; in Chinese axe looks at it, too."""
    with_axe = locale == "zh-CN"
    readers = {"": reader(locale=locale, bypass_csp=with_axe)}
    for name, client in (("mei", member("mei", OWNER, "declarant")), ("guan", officer("guan", ["declarations"]))):
        readers[name] = come(reader(locale=locale, bypass_csp=with_axe), client, live_server)
    wrong: list[str] = []
    for name, (who, address) in _filled().items():
        page = readers[who]
        page.set_viewport_size({"width": 1280, "height": 900})
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, name
        if page.locator("html").get_attribute("lang") != ("en" if locale == "en" else "zh-Hans"):
            wrong.append(f"{name}: not said in {locale}")
        for width, scheme in ((1280, "light"), (390, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            if not fits(page):
                wrong.append(f"{name}: wider than {width} px")
            picture(page, f"storage-{name}-{locale}-{width}-{scheme}")
            if with_axe and width == 1280:
                wrong += [f"{name}: {one}" for one in axe.violations(page)]
    assert not wrong, "\n".join(wrong)
