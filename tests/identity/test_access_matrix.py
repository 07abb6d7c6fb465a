"""Who may do what, compared with what every endpoint says of itself: roles and duties × organisations × endpoints.

The list of endpoints is the site's own. A new one without an action fails here, and so does one that answers otherwise
than its action says. Endpoints that are about objects need one of each organisation: see `objects`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from identity.endpoints import WITHOUT_ACTION, Endpoint, endpoints
from identity.made import FOREIGN, OWN, PRINCIPAL, delegated, member, officer
from identity.objects import ABOUT, BODIES, ORGANISATIONS, Site, make, values
from silkgate.identity import actors, api, models
from silkgate.identity.api import DUTIES, ROLES, SCOPES, Actor

ENDPOINTS = endpoints()
GUARDED = [one for one in ENDPOINTS if one.action is not None and not one.action.anyone]


def about_object(one: Endpoint) -> bool:
    """Whether an endpoint is about an object that belongs to an organisation."""
    return bool(one.of) or (one.anywhere and ("<" in one.route or "{" in one.route))


def known(one: Endpoint) -> bool:
    """Whether there are objects to ask it for; what there are none for fails a test of its own."""
    return not about_object(one) or bool(one.of) or one.view.removeprefix("silkgate.") in ABOUT


MATRIX = [one for one in GUARDED if known(one)]

NARROWER = {
    "casework.pages.case": "a case's own workflow says which roles and duties see it",
    "casework.pages.add_papers": "the same",
    "casework.pages.paper": "the same",
    "casework.rest.one_case": "the same",
    **dict.fromkeys(
        (name for name in ABOUT if name.startswith("exchange.webhooks.")), "for an organisation’s own, not its agents"
    ),
    **dict.fromkeys(
        (name for name in ABOUT if name.startswith("programmes.")),
        "for the two parties’ own people, not their agents; the operator comes in with a dispute",
    ),
    "registry.pages.answers": "of an officer, the agency has to be one that reviews filings",
    "registry.pages.enterprise": "of an officer, the agency has to have a purpose for the record",
}
"""Endpoints whose objects are shown to fewer than the action says; none of them to more."""


# --- Nothing without a rule -------------------------------------------------------------------------------------------


def test_every_endpoint_says_what_it_does() -> None:
    silent = {one.view: one.route for one in ENDPOINTS if one.action is None and one.view not in WITHOUT_ACTION}
    assert not silent, f"mark the view: @opens(ACTION): {silent}"


@pytest.mark.parametrize("view", WITHOUT_ACTION)
def test_the_list_of_exceptions_is_not_longer_than_needed(view: str) -> None:
    assert any(one.view == view and one.action is None for one in ENDPOINTS), "take it off the list"


def test_every_action_is_known_by_its_name() -> None:
    strange = [one.action.name for one in ENDPOINTS if one.action and api.ACTIONS.get(one.action.name) != one.action]
    assert not strange


def test_addresses_have_their_names_to_themselves() -> None:
    names: dict[str, set[str]] = {}
    for one in ENDPOINTS:
        if one.name and not one.route.startswith("/api/") and not one.view.startswith(("allauth.", "django.contrib")):
            names.setdefault(one.name, set()).add(one.view)
    assert not {name: views for name, views in names.items() if len(views) > 1}


@pytest.mark.parametrize("one", [one for one in GUARDED if "organisation:" in one.route], ids=lambda one: one.name)
def test_an_address_of_an_organisation_is_decided_for_that_one(one: Endpoint) -> None:
    assert one.of or one.anywhere, "@opens(…, of=…): the argument that holds the organisation's code"


def test_there_are_objects_for_every_endpoint_that_is_about_one() -> None:
    missing = [f"{one.view}: {one.route}" for one in GUARDED if not known(one)]
    assert not missing, f"say in objects.ABOUT which kind of object it is about, and make one: {missing}"


@pytest.mark.parametrize("view", ABOUT)
def test_the_list_of_objects_is_not_longer_than_needed(view: str) -> None:
    assert any(one.view == f"silkgate.{view}" for one in GUARDED), "take it off the list"


@pytest.fixture
def site(database: str, tmp_path: Path) -> Iterator[Site]:
    """A cleared case and an object of every kind for each organisation."""
    with override_settings(EVIDENCE_FOLDER=tmp_path / "evidence", VIRUS_SCANNER=""):
        yield make(database, tmp_path / "case")


# --- Who --------------------------------------------------------------------------------------------------------------


class Somebody(NamedTuple):
    """A browser, and the actor that the site should take it for."""

    client: Client
    actor: Actor


def _somebody(client: Client, name: str) -> Somebody:
    user = User.objects.get(username=name)
    return Somebody(client, actors.person(user.id, name, datetime.now(UTC)))


def officers() -> Iterator[Somebody]:
    for duty in DUTIES:
        yield _somebody(officer(f"officer-{duty}", [duty]), f"officer-{duty}")
    yield _somebody(officer("officer-none", []), "officer-none")


def members() -> Iterator[Somebody]:
    """One in each role of one's own organisation, to which nothing is delegated."""
    for role in ROLES:
        yield _somebody(member(f"own-{role}", OWN, role), f"own-{role}")


def agents() -> Iterator[Somebody]:
    """The same people, with each of the scopes of the principal in turn."""
    for scope in SCOPES:
        models.Delegation.objects.filter(principal__code=PRINCIPAL).delete()
        delegated(PRINCIPAL, OWN, [scope])
        yield from members()


def former() -> Iterator[Somebody]:
    """One whose role has ended, and one whose principal's delegation has."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    client = member("gone", OWN, "representative")
    models.Membership.objects.filter(user__username="gone").update(until=yesterday)
    delegated(PRINCIPAL, OWN, SCOPES)
    models.Delegation.objects.filter(principal__code=PRINCIPAL).update(until=yesterday)
    yield _somebody(client, "gone")
    yield _somebody(member("still", OWN, "declarant"), "still")


# --- The matrix -------------------------------------------------------------------------------------------------------


def ask(client: Client, one: Endpoint, address: str) -> HttpResponse:
    client.raise_request_exception = False
    body = BODIES.get(one.view.removeprefix("silkgate."))
    if body is not None:
        return client.post(address, body, content_type="application/json")
    call: Callable[..., HttpResponse] = getattr(client, one.method.lower())
    answer = call(address)
    # A page that only takes forms: an empty one is a question, too.
    return client.post(address) if answer.status_code == 405 and one.method == "GET" else answer


def denied(answer: HttpResponse) -> bool:
    """Sent away: 401 or 403; 404 where whoever asks is not even to learn that it exists; or to the sign-in page."""
    return answer.status_code in {401, 403, 404} or answer.headers.get("Location", "").startswith("/login?")


def concerned(one: Endpoint) -> tuple[str, ...]:
    """The organisations for which an endpoint is asked; one with no object once, for nobody's."""
    return ORGANISATIONS if about_object(one) else ("",)


@pytest.mark.parametrize("who", [officers, members, agents, former], ids=lambda who: who.__name__)
def test_the_answer_is_what_the_action_says(site: Site, who: Callable[[], Iterator[Somebody]]) -> None:
    wrong = []
    for somebody in who():
        for one in MATRIX:
            for code in concerned(one):
                wrong += _compared(site, somebody, one, code)
    assert not wrong, "\n".join(wrong)


def last_denial() -> models.AccessRecord | None:
    return models.AccessRecord.objects.filter(allowed=False).order_by("-id").first()


def _compared(site: Site, somebody: Somebody, one: Endpoint, code: str) -> list[str]:
    assert one.action is not None
    what = one.action
    allowed = what.allows(somebody.actor, code) or bool(not code and one.anywhere and what.where(somebody.actor))
    before = None if allowed else last_denial()
    answer = ask(somebody.client, one, one.address(**values(site, one, code) if code else {}))
    told = f"{somebody.actor.name}: {one.method} {one.route} of {code or 'nobody'}: {answer.status_code}"
    if answer.status_code >= 500:
        return [f"{told}, an error of ours"]
    if allowed:
        narrower = one.view.removeprefix("silkgate.") in NARROWER
        # Members without numbers of their own are told that there is nothing; that is an answer.
        refused = denied(answer) and (answer.status_code != 404 or one.anywhere)
        return [f"{told}, though {what.name} allows it"] if refused and not narrower else []
    if not denied(answer) or (answer.status_code == 404 and not one.anywhere):
        return [f"{told}, though {what.name} does not allow it"]
    last = last_denial()
    if last is None or last == before:
        return [f"{told}, and no record of it"]
    if last.organisation_code not in {code, ""} or last.actor != somebody.actor.name:
        return [f"{told}, and the record names {last.actor} and {last.organisation_code}"]
    return []


def test_whoever_has_not_signed_in_gets_none_of_it(site: Site) -> None:
    client, wrong = Client(), []
    for one in MATRIX:
        for code in concerned(one):
            answer = ask(client, one, one.address(**values(site, one, code) if code else {}))
            to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/login?next=")
            if not (answer.status_code in {401, 403} if one.route.startswith("/api/") else to_sign_in):
                wrong.append(f"{one.method} {one.route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_nothing_that_is_guarded_shows_a_row_of_another_organisation(site: Site) -> None:
    """Each role of one's own, with everything that the principal can delegate: nothing of the foreign one is seen."""
    delegated(PRINCIPAL, OWN, SCOPES)
    seen, wrong = set(), []
    for somebody in members():
        for one in MATRIX:
            for code in (OWN, PRINCIPAL) if concerned(one) != ("",) else ("",):
                answer = ask(somebody.client, one, one.address(**values(site, one, code) if code else {}))
                page = answer.content.decode() if answer.status_code == 200 and not answer.streaming else ""
                seen |= {known_code for known_code in ORGANISATIONS if known_code in page}
                if FOREIGN in page:
                    wrong.append(f"{somebody.actor.name}: {one.method} {one.route}")
    assert not wrong, "\n".join(wrong)
    assert seen == {OWN, PRINCIPAL}, "what is one's own is shown"


# --- Personal data on public pages ------------------------------------------------------------------------------------


def _holds(answer: HttpResponse) -> bool:
    return "个人信息已部分隐去" not in answer.content.decode()


def test_personal_values_are_for_parties_agents_and_officers_and_each_reading_is_kept(
    site: Site,
) -> None:
    delegated(PRINCIPAL, OWN, ["read"])
    readers = {"representative", "declarant", "reader"}
    expected = [
        (Client(), OWN, False),
        *[(member(f"own-{role}", OWN, role), OWN, role in readers) for role in ROLES],
        (member("own-filer", OWN, "filer"), PRINCIPAL, True),
        (member("own-declarant", OWN, "declarant"), FOREIGN, False),
        *[(officer(f"officer-{duty}", [duty]), FOREIGN, duty == "declarations") for duty in DUTIES],
    ]
    for client, code, whole in expected:
        number = site["declaration"][code]
        models.AccessRecord.objects.all().delete()
        answer = client.get(f"/declarations/{number}")
        assert answer.status_code == 200
        assert _holds(answer) is whole
        kept = list(models.AccessRecord.objects.values_list("action", "organisation_code", "subject", "allowed"))
        assert kept == ([("clearance.persons", code, f"declaration/{number}", True)] if whole else [])
        assert all(models.AccessRecord.objects.values_list("purpose", flat=True)), "what for"


def test_a_public_page_looks_nobody_up(site: Site) -> None:
    wrong = []
    number = site["declaration"][OWN]
    for address in ("/", "/declarations", "/messages", "/rules", "/status", f"/declarations/{number}"):
        with CaptureQueriesContext(connection) as asked:
            assert Client().get(address).status_code == 200
        tables = ("identity_", "auth_user", "django_session")
        wrong += [f"{address}: {one['sql']}" for one in asked if any(table in one["sql"] for table in tables)]
    assert not wrong, "\n".join(wrong)


# --- What is said to whoever is denied --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh-hans", ("没有权限", "处理待审清单", "请向所在单位负责人")),
        ("en", ("You may not do this", "Decide on held")),
    ],
)
def test_a_denial_says_what_is_missing_and_what_to_do(database: str, language: str, said: tuple[str, ...]) -> None:
    client = member("deng", OWN, "declarant")
    answer = client.get("/officer/", headers={"Accept-Language": language})
    assert answer.status_code == 403
    for words in said:
        assert words in answer.content.decode()
