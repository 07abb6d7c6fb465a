"""The log's page in a real browser: a receipt and its proof from a declaration, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from playwright.sync_api import expect

from exchange.logbook import AT, sealing, signer
from silkgate.clearance import models
from silkgate.journal import api as journal

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from flows.conftest import Opened, Play

pytestmark = pytest.mark.browser
CASE = "05-match-differences"


@pytest.fixture
def seal(database: str, tmp_path: Path) -> Callable[[], int]:
    """Seals what is decided; how many leaves that made."""

    def sealed() -> int:
        with sealing(database, tmp_path / "published") as sealer:
            return sealer.drain()

    return sealed


def _downloaded(page: Page, click: Callable[[], None], folder: Path) -> Path:
    with page.expect_download() as waiting:
        click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file


def _receipt_and_proof(page: Page, link: str, folder: Path) -> tuple[Path, Path]:
    """The receipt of a declaration's order, and its proof, as they are downloaded from the declaration's page."""
    number = models.Declaration.objects.filter(order_no="D202606180001").values_list("id", flat=True)[0]
    page.goto(f"/declarations/{number}")
    row = page.locator("tr", has_text="CEB312")
    receipt = _downloaded(page, row.get_by_role("link", name="CEB312").click, folder)
    return receipt, _downloaded(page, row.get_by_role("link", name=link, exact=True).click, folder)


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_from_a_declaration_to_a_verdict(
    reader: Opened, play: Play, seal: Callable[[], int], tmp_path: Path, scripts: bool
) -> None:
    play(CASE)
    assert seal() > 0
    page = reader(java_script_enabled=scripts, accept_downloads=True)
    receipt, proof = _receipt_and_proof(page, "证明", tmp_path)
    assert proof.suffix == ".tlog-proof"
    section = page.locator("section", has=page.locator("#receipts"))
    section.get_by_role("link", name="验证").click()
    page.wait_for_url("**/log")
    page.get_by_label("回执文件").set_input_files(receipt)
    page.get_by_label("证明文件").set_input_files(proof)
    page.get_by_role("button", name="核对").click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("属实")
    expect(verdict).to_contain_text("CEB312Message")
    expect(verdict).to_contain_text("It holds: receipt")

    forged = tmp_path / "forged.xml"
    forged.write_bytes(receipt.read_bytes().replace(b"<returnStatus>120", b"<returnStatus>100", 1))
    page.get_by_label("回执文件").set_input_files(forged)
    page.get_by_label("证明文件").set_input_files(proof)
    page.get_by_role("button", name="核对").click()
    expect(verdict).to_contain_text("未能证实")
    expect(verdict).to_contain_text("内容被改动过")


def test_a_checkpoint_that_one_kept_is_enough_later(
    reader: Opened, play: Play, seal: Callable[[], int], tmp_path: Path
) -> None:
    """The server links the old checkpoint to the proof's; one of another log is refused."""
    play(CASE)
    seal()
    page = reader(locale="en-US", accept_downloads=True)
    page.goto("/log")
    kept = tmp_path / "kept"
    kept.write_bytes(page.request.get("/log/checkpoint").body())
    expect(page.locator("pre").first).to_contain_text(kept.read_text(encoding="utf-8").splitlines()[2])
    assert page.request.get("/log/key").text().strip() == str(signer().key)
    with connection.cursor() as cursor:
        journal.record(cursor, at=AT, actor="zhao", kind="zone.loaded", subject=("zone", 1), detail={})
    assert seal() == 1
    receipt, proof = _receipt_and_proof(page, "proof", tmp_path)
    for checkpoint, words in ((kept, "It holds"), (_of_another_log(tmp_path), "Not proven")):
        page.goto("/log")
        page.get_by_label("The receipt").set_input_files(receipt)
        page.get_by_label("Its proof").set_input_files(proof)
        page.get_by_label("A checkpoint (optional)").set_input_files(checkpoint)
        page.get_by_role("button", name="Check", exact=True).click()
        expect(page.locator("#verdict")).to_contain_text(words)


def _of_another_log(folder: Path) -> Path:
    file = folder / "other"
    text = "silkgate/test\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    file.write_text(signer(seed=bytes(32)).sign(text), encoding="utf-8")
    return file


def test_a_receipt_that_is_not_sealed_yet(reader: Opened, play: Play) -> None:
    play(CASE)
    page = reader(java_script_enabled=False)
    page.goto("/log")
    expect(page.get_by_text("日志还没有检查点")).to_be_visible()
    answer = page.request.get("/receipts/1.tlog-proof")
    assert answer.status == 404
    assert "通常只需几秒" in answer.text()


def test_what_names_a_person_needs_an_officer(
    reader: Opened, play: Play, seal: Callable[[], int], officer: tuple[str, str]
) -> None:
    """The proof lies open to whom the receipt does."""
    play(CASE)
    seal()
    page = reader()
    closed = [number for number in range(1, 30) if "/login" in page.request.get(f"/receipts/{number}.xml").url]
    assert closed
    for number in closed:
        assert re.search(
            r"/login\?next=/receipts/\d+\.tlog-proof", page.request.get(f"/receipts/{number}.tlog-proof").url
        )
    assert page.request.get("/receipts/999999.tlog-proof").status == 404


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_the_page_fits_a_telephone(reader: Opened, play: Play, seal: Callable[[], int], locale: str) -> None:
    play(CASE)
    seal()
    page = reader(locale=locale, viewport={"width": 375, "height": 800})
    page.goto("/log")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
