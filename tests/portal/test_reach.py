"""Every page can be come to by clicking: from the front page, link by link, as stranger, merchant and officer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import Resolver404, resolve, reverse
from lxml import html

from clearance.rig import CASES, connector
from identity.endpoints import Endpoint, endpoints
from identity.made import OWN, member, officer, signed_in
from registry.made import REVIEWER, apply_and_submit
from registry.made import member as clerk
from silkgate.casework import api as casework
from silkgate.clearance.api import run_case
from silkgate.identity.api import ANONYMOUS, DUTIES, PERSON, Actor
from silkgate.registry import api as registry

ROOMS = ("registry.", "identity.", "casework.", "clearance.pages", "portal.", "ui.", "exchange.")
MOST_PAGES = 300
NOT_BY_CLICKING = {
    "account_email_verification_sent": "after signing up",
    "account_inactive": "after signing in to an account that was closed",
    "account_change_password": "stands under security where one has a password",
    "account_set_password": "stands under security where one has none",
    "account_reset_password_done": "after asking for it",
    "account_reauthenticate": "asked for in between",
    "mfa_reauthenticate": "asked for in between",
    "mfa_reauthenticate_webauthn": "asked for in between",
    "mfa_authenticate": "the second step of signing in",
    "mfa_login_webauthn": "asked for by a script",
    "socialaccount_login_cancelled": "back from an outside provider",
    "socialaccount_login_error": "back from an outside provider",
    "socialaccount_signup": "back from an outside provider",
    "mfa_deactivate_totp": "where an authenticator is set up",
    "mfa_view_recovery_codes": "where an authenticator is set up",
    "mfa_download_recovery_codes": "where an authenticator is set up",
    "mfa_generate_recovery_codes": "where an authenticator is set up",
    "invitation": "from the link that one is sent",
    "account_login": "the same as login",
    "logout": "takes a form",
    "oauth-token": "for programs",
    "live": "stands at the front for strangers",
}
"""Pages that one does not come to by clicking, each with its reason."""


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[None]:
    """A cleared case, an enterprise on file that asks for more, a permit of its, a suspended one."""
    run_case(CASES / "10-selection", tmp_path / "case", connector(database))
    at = datetime.now(UTC)
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        with connection.cursor() as cursor:
            registry.file_enterprises(cursor, [registry.Enterprise(OWN, "豫见优选", frozenset({"ebc"}), "", "")])
        case = apply_and_submit(code=OWN, at=at)
        casework.move(REVIEWER, case.id, "take", at=at)
        casework.move(REVIEWER, case.id, "ask", reason="请补交章程", at=at)
        last = at.date().replace(year=at.year + 1, day=1)
        new = registry.NewPermit("KZ-2026-0001", "food", OWN, "奶粉", ["1901"], 500_000_000, "035", at.date(), last)
        registry.enter_permit(clerk(OWN), new, at=at)
        yield


def walked(client: Client) -> set[str]:
    """Names of the addresses that one comes to from the front page, opening one page of each name and query shape."""
    waiting, opened, found = deque(["/"]), set(), set()
    while waiting and len(opened) < MOST_PAGES:
        address = waiting.popleft()
        name = _name(address)
        shape = (name, tuple(sorted(re.findall(r"[?&](\w+)=", address))))
        if not name or shape in opened:
            continue
        opened.add(shape)
        found.add(name)
        answer = client.get(address)
        while answer.status_code in {301, 302}:
            found.add(_name(answer.headers["Location"]))
            answer = client.get(answer.headers["Location"])
        assert answer.status_code == 200, f"a link leads to {address}: {answer.status_code}"
        waiting.extend(_links(answer))
    return found - {""}


def _links(answer: HttpResponse) -> list[str]:
    if answer.streaming or not answer.headers["Content-Type"].startswith("text/html"):
        return []
    page = html.document_fromstring(answer.content.decode())
    return [one.get("href").split("#")[0] for one in page.xpath("//a[@href]") if one.get("href").startswith("/")]


def _name(address: str) -> str:
    try:
        return resolve(address.split("?")[0]).url_name or ""
    except Resolver404:
        return ""


def _wanted(actor: Actor) -> set[str]:
    """Pages of these rooms that take no object and that are for `actor`."""
    return {one.name for one in endpoints() if _is_wanted(one, actor)} - NOT_BY_CLICKING.keys()


def _is_wanted(one: Endpoint, actor: Actor) -> bool:
    plain = one.name and not re.search(r"[<({]", one.route) and not one.route.startswith("/api/")
    if not plain or not one.action or not one.view.removeprefix("silkgate.").startswith(ROOMS):
        return False
    # Whoever has signed in need not come to the pages of strangers, nor an officer to what is for firms.
    if one.action.anyone or not actor.kind:
        return one.action.anyone and not actor.kind
    return bool(one.action.duties & actor.duties or one.action.where(actor))


@pytest.mark.parametrize("who", ["stranger", "merchant", "officer"])
def test_every_page_is_reached_by_clicking(site: None, who: str) -> None:
    clients = {
        "stranger": Client,
        "merchant": lambda: member("chen", OWN, "representative"),
        "officer": lambda: officer("zhao", DUTIES),
    }
    actors = {
        "stranger": ANONYMOUS,
        "merchant": Actor("chen", PERSON, 1, roles={OWN: frozenset({"representative"})}),
        "officer": Actor("zhao", PERSON, 2, agency="customs", duties=frozenset(DUTIES)),
    }
    missing = _wanted(actors[who]) - walked(clients[who]())
    assert not missing, f"no link leads {who} to {sorted(missing)}"


def test_objects_are_reached_too(site: None) -> None:
    merchant = {
        "case", "registry-record", "registry-permit", "registry-filing", "organisation", "certificates", "delegations",
        "accesses", "certificate-new", "delegate", "invite", "declaration", "message", "service",
    }  # fmt: skip
    assert merchant <= walked(member("chen", OWN, "representative"))
    office = {"officer-held", "registry-record", "registry-permit", "registry-class", "registry-standing"}
    assert office <= walked(officer("zhao", DUTIES))


def test_somebody_without_an_organisation_meets_no_dead_end(database: str) -> None:
    found = walked(signed_in("new"))
    assert {"register", "services", "account"} <= found
    assert reverse("home") == "/"


@pytest.mark.parametrize("name", NOT_BY_CLICKING)
def test_the_list_of_exceptions_is_not_longer_than_needed(name: str) -> None:
    assert any(one.name == name for one in endpoints()), "take it off the list"
