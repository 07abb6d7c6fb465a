"""An export list in a real browser: it comes over the door, waits, is held, an officer releases it, it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exchange.door import Door
from flows import axe
from flows.looks import enter, fits, picture
from identity.made import member, officer, organisation
from oracles.export_keys import NO_CODE
from oracles.export_parcels import arrival, departure, export_parcel, manifest
from oracles.parcels import Document, line
from oracles.zone import SHOP, CaseWriter
from silkgate.clearance import models
from silkgate.identity.api import DUTIES

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened

pytestmark = pytest.mark.browser
NARROW, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
REASON = "实货与申报一致，准予放行"
WORDS = {
    "zh-CN": {
        "waiting": "待齐单", "held": "查验", "released": "放行", "closed": "已结关", "release": "放行",
        "reason": "理由", "next": "下一步：核对", "confirm": "确认并执行", "export": "出口", "import": "进口",
        "detain": "扣留", "detained": "其他扣留", "send_back": "退单", "refused": "退单",
        "effect": "货物可以离境；不征税", "no_tax": "零售出口清单放行时不征税", "platform": "无（境外平台，没有代码）",
        "left": "离境，结关",
    },
    "en-GB": {
        "waiting": "Waiting", "held": "Inspection", "released": "Released", "closed": "Closed", "release": "Release",
        "reason": "Reason", "next": "Next: check", "confirm": "Confirm", "export": "Export", "import": "Import",
        "detain": "Detain", "detained": "Detained", "send_back": "Send back", "refused": "Refused",
        "effect": "the goods may leave. No tax is due", "no_tax": "Retail exports are released without tax",
        "platform": "none (foreign platform without a code)", "left": "Left the country, closed",
    },
}  # fmt: skip


class Abroad:
    """A filed zone, a list of a watch that is always inspected, and the parties that send."""

    def __init__(self, address: str, database: str, folder: Path) -> None:
        from clearance.rig import connector
        from silkgate.clearance.api import load_zone

        self.writer = CaseWriter(folder)
        self.writer.tables["selection"] = [{"kind": "gcode_prefix", "value": "9102", "action": "inspect"}]
        load_zone(self.writer.finish(), selection_key=bytes(32))
        self.door, self.connect = Door(address), connector(database)
        self.parcel = export_parcel(1, [line("watch", "1", "100.00"), line("cream", "2", "30.00")], ebp=NO_CODE)

    def send(self, *documents: Document) -> list[dict[str, Any]]:
        """Send each over the door and let the engine decide; what was acknowledged."""
        taken = [self.door.post(self.writer.message([document])).taken()[0] for document in documents]
        self.decide()
        return taken

    def decide(self) -> None:
        from silkgate.clearance.api import Engine

        with Engine(self.connect, lambda: datetime.now(UTC)) as engine:
            engine.drain()

    def declared(self) -> models.Declaration:
        return models.Declaration.objects.get()


@pytest.fixture
def abroad(database: str, live_server: str, tmp_path: Path) -> Iterator[Abroad]:
    from silkgate.exchange.api import forget_shared_receiver

    yield Abroad(live_server, database, tmp_path / "case")
    forget_shared_receiver()


def looked_at(page: Page, name: str) -> None:
    """Sound for everybody, and no wider than the screen, on a desk and on a telephone."""
    for size in (NARROW, DESKTOP):
        page.set_viewport_size(size)
        assert fits(page), f"{name} at {size['width']}"
        assert axe.violations(page) == []
        picture(page, f"exports-{name}-{size['width']}")


@pytest.fixture
def zhao(reader: Opened, live_server: str) -> Callable[[str], Page]:
    """A page of an officer who has signed in, in a language."""
    return lambda locale: enter(reader(locale=locale), officer("zhao", DUTIES), live_server)


def decide_on(page: Page, words: dict[str, str], number: int, verdict: str) -> None:
    page.goto(f"/officer/{number}")
    page.get_by_label(words[verdict], exact=True).check()
    page.get_by_label(words["reason"]).fill(REASON)
    page.get_by_role("button", name=words["next"]).click()


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_a_list_comes_waits_is_held_released_and_leaves(
    abroad: Abroad, zhao: Callable[[str], Page], locale: str
) -> None:
    words, page = WORDS[locale], zhao(locale)
    abroad.send(abroad.parcel["603"], abroad.parcel["303"])
    number = abroad.declared().id
    page.goto(f"/declarations/{number}")
    assert words["waiting"] in page.locator(".decision h2").inner_text()
    assert words["no_tax"] in page.locator("main").inner_text()
    assert words["platform"] in page.locator(".identity").inner_text()
    looked_at(page, f"waiting-{locale}")

    abroad.send(abroad.parcel["505"])
    page.goto("/officer/")
    looked_at(page, f"desk-{locale}")
    page.get_by_role("link", name=words["import"], exact=True).click()
    assert page.locator("tbody tr").count() == 0
    page.get_by_role("link", name=words["export"], exact=True).click()
    assert words["export"] in page.locator("tbody tr").inner_text()
    page.locator("tbody .row-link").click()
    page.wait_for_url(f"**/officer/{number}")
    assert words["held"] in page.locator(".decision h2").inner_text()
    looked_at(page, f"held-{locale}")

    decide_on(page, words, number, "release")
    assert words["effect"] in page.locator("main").inner_text()
    looked_at(page, f"confirm-{locale}")
    page.get_by_role("button", name=words["confirm"]).click()
    page.locator(".notice").wait_for()
    abroad.decide()
    page.locator(".decision h2", has_text=words["released"]).wait_for()
    assert "zhao" in page.locator(".decision").inner_text()
    answer = page.locator("tr", has_text="CEB604").filter(has_text="800").last
    assert REASON in answer.inner_text(), "the receipt tells the declarant the officer's reason"

    out = [abroad.parcel["505"]]
    taken = abroad.send(manifest(out), arrival(out), departure(out))
    page.goto(f"/declarations/{number}")
    assert words["closed"] in page.locator(".decision h2").inner_text()
    assert words["left"] in page.locator(".timeline").inner_text()
    receipts = page.locator("#receipts ~ .wide").inner_text()
    assert all(f"CEB{code}" in receipts for code in ("304", "506", "604", "608", "508", "510"))
    looked_at(page, f"closed-{locale}")
    decided, _ = abroad.door.receipts(taken[-1])
    assert decided

    for address in ("/live", "/declarations?state=released&direction=export"):
        page.goto(address)
        assert words["closed"] in page.locator("main tbody").inner_text()
        looked_at(page, f"{'live' if address == '/live' else 'list'}-{locale}")


@pytest.mark.parametrize(("verdict", "word", "state"), [("detain", "detained", "599"), ("send_back", "refused", "100")])
def test_a_held_list_is_detained_or_sent_back(
    abroad: Abroad, zhao: Callable[[str], Page], verdict: str, word: str, state: str
) -> None:
    words, page = WORDS["zh-CN"], zhao("zh-CN")
    abroad.send(*(abroad.parcel[kind] for kind in ("303", "505", "603")))
    decide_on(page, words, abroad.declared().id, verdict)
    assert "CEB604" in page.locator("main").inner_text()
    assert "担保" not in page.locator("main").inner_text(), "an export takes none"
    page.get_by_role("button", name=words["confirm"]).click()
    page.locator(".notice").wait_for()
    abroad.decide()
    page.locator(".decision h2", has_text=words[word]).wait_for()
    assert REASON in page.locator("tr", has_text="CEB604").filter(has_text=state).last.inner_text()
    assert abroad.declared().state == state


def test_the_seller_follows_its_lists(abroad: Abroad, reader: Opened, live_server: str) -> None:
    abroad.send(*(abroad.parcel[kind] for kind in ("303", "505", "603")))
    organisation(SHOP)
    page = enter(reader(), member("chen", SHOP, "declarant"), live_server)
    for name, address in (("front", "/"), ("mine", "/mine/declarations?direction=export")):
        page.goto(address)
        assert "查验" in page.locator("main tbody").first.inner_text()
        looked_at(page, f"seller-{name}")
