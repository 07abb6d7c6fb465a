"""Pages of webhooks: a secret that is shown once, deliveries, pauses, new secrets, the end; own ones only."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import psycopg
import pytest
from django.test import Client

from exchange.receiver_of_webhooks import Receiver
from exchange.test_lists import member
from exchange.test_webhooks import OTHER, OWN, START, Times, developer, theirs, times, work
from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import deliver, subscriptions
from silkgate.identity.models import AccessRecord
from silkgate.standards import webhooks as signing

__all__ = ["developer", "theirs", "times", "work"]  # fixtures

ADDRESS = "https://8.8.8.8/hook"


@pytest.fixture
def clerk(database: str) -> Client:
    client = member(OWN, "filer")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def made(client: Client, url: str = ADDRESS) -> tuple[Subscription, bytes]:
    """A webhook made on its page, and the secret that the page showed."""
    answer = client.post("/webhooks/new", {"organisation": OWN, "url": url, "types": ["member.joined"]})
    assert answer.status_code == 200, answer.content.decode()
    return Subscription.objects.get(), signing.read(shown(answer.content.decode()))


def shown(page: str) -> str:
    found = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", unescape(page)))
    assert len(found) == 1
    return found.pop()


def test_a_secret_is_shown_once(clerk: Client) -> None:
    row, secret = made(clerk)
    assert secret == subscriptions.secret_of(bytes(row.secret))
    for address in ("/webhooks", f"/webhooks/{row.pk}"):
        page = clerk.get(address)
        assert page.status_code == 200
        assert ADDRESS in page.content.decode()
        assert "whsec_" not in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"url": ""}, "Give the address."),
        ({"url": "http://8.8.8.8/"}, "must be an https address"),
        ({"url": "https://10.0.0.1/"}, "leads into a network that is not public"),
        ({"url": "https://8.8.8.8/" + "x" * 500}, "at most 500 characters"),
        ({"types": []}, "Choose at least one type"),
        ({"types": ["weather.changed"]}, "There is no such type"),
        ({"organisation": OTHER}, "You may not manage webhooks of this organisation."),
    ],
)
def test_what_is_wrong_stands_beside_its_field(clerk: Client, change: dict[str, object], told: str) -> None:
    given = {"organisation": OWN, "url": ADDRESS, "types": ["member.joined"]} | change
    answer = clerk.post("/webhooks/new", given)
    assert answer.status_code == 422
    page = unescape(answer.content.decode())
    assert told in page
    if "url" not in change:
        assert ADDRESS in page, "what was typed is kept"
    assert not Subscription.objects.exists()


def test_no_more_than_the_limit(clerk: Client) -> None:
    for _ in range(subscriptions.PER_ORGANISATION):
        subscriptions.make(OWN, ADDRESS, ["member.joined"], "li", START)
    answer = clerk.post("/webhooks/new", {"organisation": OWN, "url": ADDRESS, "types": ["member.joined"]})
    assert answer.status_code == 422
    assert "delete one that is not needed" in answer.content.decode()


def test_who_paused_one_and_made_another_does_not_have_more_by_resuming(clerk: Client) -> None:
    row, _ = made(clerk)
    subscriptions.end(row, "ended", "li", START)
    others = [
        subscriptions.make(OWN, ADDRESS, ["member.joined"], "li", START)[0]
        for _ in range(subscriptions.PER_ORGANISATION)
    ]
    answer = clerk.post(f"/webhooks/{row.pk}/change", {"do": "resume"}, follow=True)
    assert "delete one that is not needed" in answer.content.decode()
    refused = clerk.post(f"/api/v1/webhooks/{row.pk}/resume")
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook.too_many")
    assert clerk.post(f"/webhooks/{others[0].pk}/change", {"do": "resume"}).status_code == 302, "one that is not paused"
    subscriptions.end(others[0], "ended", "li", START)
    assert clerk.post(f"/api/v1/webhooks/{row.pk}/resume").status_code == 200
    assert Subscription.objects.filter(disabled_at=None).count() == subscriptions.PER_ORGANISATION


def test_a_trial_and_what_became_of_it(clerk: Client, theirs: Receiver, work: Callable[[], int], times: Times) -> None:
    row, secret = made(clerk, theirs.url)
    assert clerk.post(f"/webhooks/{row.pk}/change", {"do": "trial"}).status_code == 302
    Delivery.objects.update(due_at=times())
    assert work() == 1
    (call,) = theirs.got
    headers = {name.lower(): value for name, value in call.headers.items()}
    signing.verify(
        [secret],
        headers["webhook-id"],
        headers["webhook-timestamp"],
        headers["webhook-signature"],
        call.body,
        times().timestamp(),
    )
    page = clerk.get(f"/webhooks/{row.pk}").content.decode()
    for words in ("evt-0", "Delivered", "HTTP 2", "Kept for 30 days", "12 more times, over about 3 days"):
        assert words in page


def test_a_pause_and_going_on(clerk: Client) -> None:
    row, _ = made(clerk)
    for what, state in (("pause", "Paused"), ("resume", "Working")):
        assert clerk.post(f"/webhooks/{row.pk}/change", {"do": what}).status_code == 302
        assert state in clerk.get("/webhooks").content.decode()
    assert clerk.post(f"/webhooks/{row.pk}/change", {"do": "explode"}).status_code == 404


@pytest.mark.parametrize(("later", "signatures"), [(timedelta(hours=23), 2), (timedelta(hours=25), 1)])
def test_two_secrets_sign_for_a_day(
    clerk: Client, theirs: Receiver, database: str, times: Times, later: timedelta, signatures: int
) -> None:
    row, former = made(clerk, theirs.url)
    assert "24 hours" in clerk.get(f"/webhooks/{row.pk}/secret").content.decode()
    secret = signing.read(shown(clerk.post(f"/webhooks/{row.pk}/secret").content.decode()))
    assert secret != former
    row.refresh_from_db()
    assert row.former_until is not None
    times.at = row.former_until - subscriptions.FORMER_FOR + later
    subscriptions.trial(row, times())
    with psycopg.connect(database, autocommit=True) as opened, ThreadPoolExecutor(1) as pool:
        assert deliver.step(opened, times, pool) == 1
    (call,) = theirs.got
    headers = {name.lower(): value for name, value in call.headers.items()}
    given = headers["webhook-signature"].split(" ")
    wanted = [signing.sign(one, "evt-0", int(times().timestamp()), call.body) for one in (secret, former)]
    assert given == wanted[:signatures]


def test_deleted_is_gone_with_its_deliveries(clerk: Client) -> None:
    row, _ = made(clerk)
    subscriptions.trial(row, START)
    assert "cannot come back" in clerk.get(f"/webhooks/{row.pk}/delete").content.decode()
    assert Subscription.objects.count() == 1
    assert clerk.post(f"/webhooks/{row.pk}/delete").headers["Location"] == "/webhooks"
    assert not Subscription.objects.exists()
    assert not Delivery.objects.exists()
    assert clerk.get(f"/webhooks/{row.pk}").status_code == 404


@pytest.mark.parametrize("path", ["", "/change", "/secret", "/delete"])
def test_anothers_does_not_exist(clerk: Client, path: str) -> None:
    theirs, _ = subscriptions.make(OTHER, ADDRESS, ["member.joined"], "li", START)
    answer = clerk.post(f"/webhooks/{theirs.pk}{path}") if path else clerk.get(f"/webhooks/{theirs.pk}")
    assert answer.status_code == 404
    kept = AccessRecord.objects.get(allowed=False)
    assert (kept.organisation_code, kept.subject) == (OTHER, f"webhook/{theirs.pk}")
    assert Subscription.objects.count() == 1
    assert ADDRESS not in clerk.get("/webhooks").content.decode()


def test_webhooks_page_by_page(clerk: Client) -> None:
    """Those in use are few; those that were paused may be many."""
    numbers = [subscriptions.make(OWN, ADDRESS, ["member.joined"], "li", START)[0].pk for _ in range(3)]
    template = Subscription.objects.get(pk=numbers[-1])
    for _ in range(100):
        template.pk, template.disabled_at, template.disabled_because = None, START, "ended"
        template.save(force_insert=True)
    found: list[int] = []
    address: str | None = "/webhooks"
    while address:
        page = clerk.get(address).content.decode()
        found += [int(number) for number in re.findall(r'row-link" href="/webhooks/(\d+)"', page)]
        following = re.search(r'href="(/webhooks\?before=\d+)"', page)
        address = following[1] if following else None
    assert found == list(Subscription.objects.order_by("-id").values_list("pk", flat=True))
    assert len(found) == 103


def test_deliveries_page_by_page(clerk: Client) -> None:
    row, _ = made(clerk)
    Delivery.objects.bulk_create(
        [Delivery(subscription=row, event_id=n, attempts=1, tried_at=START, delivered_at=START) for n in range(1, 121)]
    )
    found: list[str] = []
    address: str | None = f"/webhooks/{row.pk}"
    while address:
        page = clerk.get(address).content.decode()
        found += re.findall(r"evt-\d+", page)
        following = re.search(rf'href="(/webhooks/{row.pk}\?before=\d+)#deliveries"', page)
        address = following[1] if following else None
    assert found == [f"evt-{n}" for n in range(120, 0, -1)]
