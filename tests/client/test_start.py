"""`docs/start` followed word for word: a browser, an empty folder, a signed statement at the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from clearance.rig import connector
from flows.test_story import fill_in, press, sign_up
from silkgate.clearance.api import load_zone
from silkgate.exchange.api import Sealer
from silkgate.site.logkeeping import current_signer
from silkgate.site.traffic.zone import Zone

if TYPE_CHECKING:
    from playwright.sync_api import Page

START = Path(__file__).parents[2] / "docs" / "start"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 120


class Block(NamedTuple):
    """A fenced block: its language, the file that it is (or none), what it holds."""

    language: str
    file: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(*found.groups("")) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def test_both_languages_have_the_same_code() -> None:
    assert blocks(START / "README.md") == blocks(START / "README.zh-CN.md")


def test_every_block_is_a_file_or_run_or_compared() -> None:
    told = blocks(START / "README.md")
    assert {block.language for block in told} == {"toml", "python", "sh", "text"}
    assert all(bool(block.file) == (block.language in {"toml", "python"}) for block in told)
    run = "".join(block.text for block in told if block.language == "sh")
    imported = "".join(block.text for block in told if block.language == "python")
    for block in told:
        if block.language == "python":
            assert block.file in run or f"from {block.file.removesuffix('.py')} import" in imported


@pytest.fixture
def zone(database: str, tmp_path: Path) -> None:
    """A platform as `make run` leaves it: a zone is loaded, its log begun."""
    at = datetime.now(UTC)
    Zone(as_of=at).write(tmp_path / "zone")
    load_zone(tmp_path / "zone")
    signer = current_signer()
    assert signer is not None
    with Sealer(connector(database), signer, lambda: at, tmp_path / "published") as sealer:
        assert sealer.drain() > 0


@pytest.mark.browser
def test_from_an_empty_folder_to_a_signed_statement(zone: None, page: Page, live_server: str, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    told = blocks(START / "README.md")
    settings = account(page, live_server, tomllib.loads(told[0].text))
    output = ""
    for block in told:
        if block.file:
            text = block.text if block.language == "python" else settings
            (folder / block.file).write_text(text, encoding="utf-8")
        elif block.language == "sh":
            output = run(block.text, folder)
        else:
            assert like(block.text, output), f"the page says:\n{block.text}\nit was:\n{output}"
    assert (folder / "conformance-ebp.json").exists()
    assert (folder / "conformance-agent.json").exists()


def account(page: Page, address: str, example: dict[str, str]) -> str:
    """Section 1 in the browser; the settings that came of it, as the page's example has them."""
    sign_up(page, "wang", example["organisation"], example["name"])
    page.goto("/account/clients/new")
    fill_in(page, {"name": "order system", "scopes": "declarations"})
    press(page, "登记")
    client_id, client_secret = page.locator("dl.identity code.code").all_inner_texts()[:2]
    made = {**example, "address": address, "client_id": client_id, "client_secret": client_secret}
    assert made.keys() == example.keys()
    return "".join(f'{name} = "{value}"\n' for name, value in made.items())


def run(words: str, folder: Path) -> str:
    """The commands in a shell of an engineer who has installed the package; their output. Fails where one fails."""
    places = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", words],
        cwd=folder,
        env={**places, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def like(told: str, output: str) -> bool:
    """Whether the output is what the page says, `…` standing for anything."""
    pattern = ".*".join(re.escape(part) for part in told.strip().split("…"))
    return re.fullmatch(pattern, output.strip(), re.DOTALL) is not None
