"""Who may draft: declarants of the organisation, and agents to whom it has delegated declarations."""

from __future__ import annotations

import pytest
from django.test import Client

from drafts.made import FIRM, ORDER, posted
from identity.made import delegated, member, officer
from silkgate.drafts.models import Draft
from silkgate.identity.models import AccessRecord
from silkgate.site.traffic.zone import Zone

AGENT = "41019800B1"
WAYS = ("", "/sign", "/paper", ".xml", "/discard")


@pytest.mark.parametrize(("role", "allowed"), [("declarant", True), ("representative", True), ("filer", False)])
def test_members(zone: Zone, role: str, allowed: bool) -> None:
    somebody = member(f"one-{role}", FIRM, role)
    answer = somebody.post("/drafts/new", posted("311", ORDER))
    assert (answer.status_code == 302) is allowed
    assert Draft.objects.exists() is allowed


@pytest.mark.parametrize(("scope", "allowed"), [("declarations", True), ("read", False), ("filings", False)])
def test_agents(zone: Zone, scope: str, allowed: bool) -> None:
    agent = member("sun", AGENT, "declarant")
    delegated(FIRM, AGENT, [scope])
    answer = agent.post("/drafts/new", posted("311", ORDER))
    assert (answer.status_code == 302) is allowed
    assert Draft.objects.filter(organisation_code=FIRM, made_by="sun").exists() is allowed


def test_strangers_learn_nothing_and_are_kept(zone: Zone, clerk: Client) -> None:
    clerk.post("/drafts/new", posted("311", ORDER))
    number = Draft.objects.get().pk
    for stranger in (member("ma", AGENT, "declarant"), officer("zhao", ["declarations", "audit"])):
        for way in WAYS:
            assert stranger.get(f"/drafts/{number}{way}").status_code in {403, 404}
        assert stranger.post(f"/drafts/{number}/send").status_code in {403, 404}
        assert stranger.post(f"/drafts/{number}/copy").status_code in {403, 404}
        assert stranger.get(f"/drafts?organisation={FIRM}").status_code in {403, 404}
    assert AccessRecord.objects.filter(actor="ma", organisation_code=FIRM, allowed=False).count() >= len(WAYS)
    assert Client().get(f"/drafts/{number}")["Location"].startswith("/login")


def test_each_opening_of_a_draft_is_kept_with_its_purpose(zone: Zone, clerk: Client) -> None:
    clerk.post("/drafts/new", posted("311", ORDER))
    number = Draft.objects.get().pk
    clerk.get(f"/drafts/{number}")
    kept = AccessRecord.objects.get(subject=f"drafts/{number}")
    assert (kept.actor, kept.purpose, kept.allowed, kept.action) == ("chen", "own_business", True, "drafts.write")
