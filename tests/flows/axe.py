"""axe-core, as the package `axe_playwright_python` brings it: what a machine can tell about accessibility."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""Everything that WCAG 2.2 asks for at levels A and AA."""


# By itself axe fetches all styles again, which takes as long as all rules together and which none of them uses.
_RUN = """tags => axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: {assets: ['media']},
})"""


@cache
def script() -> str:
    """The text of axe-core."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, a line each: rule, and where."""
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(script())
    found = page.evaluate(_RUN, list(TAGS))
    return [
        f"{one['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]
