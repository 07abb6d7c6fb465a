"""The bench's pages with scenarios of exports in a real browser: apart from those of imports, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from flows.axe import violations
from flows.looks import enter, fits, picture
from identity.made import member
from silkgate import __version__
from silkgate.client import Document
from silkgate.identity.models import Organisation
from silkgate.testbench import actions, queries
from silkgate.testbench.domain import DIRECTIONS, ROLES
from silkgate.testbench.scenarios import published
from silkgate.testbench.shown import parts
from testbench.played import CODE, DAY, NAME, key, scenario_named, sent

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)


@pytest.fixture
def tried(database: str) -> dict[str, str]:
    """The firm, as a declarant, has passed one export and failed another; addresses of what shows it."""
    pem = key().to_pem().split(b"-----END PRIVATE KEY-----\n")[1]
    actions.upload_certificate(CODE, pem, by="chen", at=AT)

    def heavier(_: int, document: Document) -> Document:
        return document._replace(head={**document.head, "grossWeight": "0.45"})

    def run(name: str, change: Callable[[int, Document], Document] = lambda _, document: document) -> int:
        scenario = scenario_named(name)
        raws = sent(scenario, change)
        return actions.run((CODE, NAME), raws, day=DAY, scenario=scenario, by="chen", at=AT).id

    left, failed = run("agent.export_manifest"), run("agent.export", heavier)
    return {
        "home": "/testbench?role=agent",
        "scenario": "/testbench/scenarios/agent.export_manifest",
        "bench": f"/testbench/of/{CODE}?role=agent",
        "coverage": f"/testbench/of/{CODE}/coverage?role=agent",
        "left": f"/testbench/of/{CODE}/runs/{left}",
        "failed": f"/testbench/of/{CODE}/runs/{failed}",
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_list_has_them_under_headings_of_their_own(role: str, shared_database: str) -> None:
    client = member("chen", CODE, "declarant")
    for language, index in (("zh", 0), ("en", 1)):
        reader = Client(headers={"accept-language": language})
        reader.cookies = client.cookies
        for address, heading in (
            (f"/testbench?role={role}", '<h3 id="{0}">'),
            (f"/testbench/of/{CODE}?role={role}", '<h3 id="{0}">'),
            (f"/testbench/of/{CODE}/coverage?role={role}", '<h3 id="{0}">'),
            (f"/testbench/of/{CODE}/coverage?role={role}", '<h3 id="sheet-{0}">'),
        ):
            page = reader.get(address).content.decode()
            shown = [page.split(heading.format(direction))[1].split("</table>")[0] for direction in DIRECTIONS]
            for direction, part in zip(DIRECTIONS, shown, strict=True):
                assert part.startswith(DIRECTIONS[direction][index]), address
                for scenario in published().of_role(role):
                    there = f"/testbench/scenarios/{scenario.id}" in part.replace("?", '"').split('"')
                    assert there is (scenario.direction == direction), (address, scenario.id)


def test_the_sheet_counts_a_kind_in_its_mode(tried: dict[str, str]) -> None:
    imports, exports = parts(queries.standings(CODE, "agent", __version__))
    assert {row.kind for row in imports.sheet} == {"621", "623", "625"}
    cells = {
        row.kind: {mode: [(one.id, state.code) for one, state in cell] for mode, cell in row.cells}
        for row in exports.sheet
    }
    assert cells.keys() == {"603", "605", "607", "213"}
    assert cells["607"] == {"1210": [], "9610": [("agent.export_manifest", "done")]}
    assert cells["603"]["1210"] == [("agent.export_bonded", "not_yet")]
    assert ("agent.export", "failed") in cells["603"]["9610"]


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_they_fit_and_are_accessible(language: str, tried: dict[str, str], browser: Browser, live_server: str) -> None:
    client = member("chen", CODE, "declarant")
    Organisation.objects.filter(code=CODE).update(name=NAME)
    context = browser.new_context(base_url=live_server, locale=language)
    page: Page = enter(context.new_page(), client, live_server)
    wrong = []
    try:
        for name, address in tried.items():
            page.goto(address)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                picture(page, f"bench-export-{name}-{language[:2]}-{width}")
                wrong += [f"{name}, {width}: {one}" for one in violations(page)]
                if not fits(page):
                    wrong.append(f"{name} is wider than {width}")
    finally:
        context.close()
    assert wrong == []
