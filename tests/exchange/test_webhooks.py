"""Webhooks: each event of an organisation arrives at its addresses, signed, at least once, and nowhere else."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.conftest import Firms
from exchange.receiver_of_webhooks import Receiver, receiver
from exchange.test_lists import items, member, send
from silkgate.exchange.models import Delivery, Subscription
from silkgate.exchange.webhooks import deliver, events, guard, post, subscriptions
from silkgate.exchange.webhooks import rest as webhooks_rest
from silkgate.journal import api as journal
from silkgate.standards import webhooks as signing

API = "/api/v1"
START = datetime(2026, 6, 18, 2, 0, tzinfo=UTC)
OWN, OTHER = "91410100MA3X00001X", "91410100MA3X00002X"


class Times:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def theirs() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture(autouse=True)
def developer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is allowed, as on a developer's machine; rooms have declared their events."""
    from django.conf import settings

    from silkgate.site import rooms

    rooms.furniture("events")
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", ["127.0.0.0/8"])
    monkeypatch.setattr(settings, "DEBUG", True)


@pytest.fixture
def work(database: str, times: Times) -> Callable[[], int]:
    """Do what is due now; how many calls that were."""

    def done() -> int:
        with psycopg.connect(database, autocommit=True) as opened, ThreadPoolExecutor(4) as pool:
            while deliver.fan_out(opened, times()):
                pass
            calls = 0
            while number := deliver.step(opened, times, pool):
                calls += number
            return calls

    return done


def organisation(code: str) -> int:
    from silkgate.identity.models import Organisation

    return Organisation.objects.get_or_create(code=code, defaults={"name": code, "registered_at": START})[0].pk


def happen(kind: str = "member.joined", code: str = OWN, **detail: Any) -> int:
    """Something that an organisation may be told of; its number."""
    with connection.cursor() as cursor:
        journal.record(
            cursor, at=START, actor="somebody", kind=kind, subject=("organisation", organisation(code)), detail=detail
        )
        cursor.execute("select max(id) from journal_event")
        return int(cursor.fetchone()[0])


def subscribed(url: str, code: str = OWN, types: tuple[str, ...] = ("member.joined",)) -> tuple[Subscription, bytes]:
    made, secret = subscriptions.make(code, url, types, "somebody", START)
    return made, signing.read(secret)


# --- What arrives -------------------------------------------------------------------------------------------------


def test_an_event_arrives_signed(theirs: Receiver, work: Callable[[], int], times: Times) -> None:
    _, secret = subscribed(f"{theirs.url}/hook?a=1")
    number = happen(role="reader", name="a person’s name")
    assert work() == 1
    (got,) = theirs.got
    assert got.path == "/hook?a=1"
    assert got.headers["content-type"] == "application/json"
    assert got.event == {
        "specversion": "1.0",
        "id": f"evt-{number}",
        "source": "/api/v1/events",
        "type": "member.joined",
        "time": START.isoformat(),
        "subject": f"/account/organisations/{OWN}",
        "datacontenttype": "application/json",
        "data": {"role": "reader"},
    }
    assert got.headers[signing.ID] == f"evt-{number}"
    now = times().timestamp()
    timestamp, signature = got.headers[signing.TIMESTAMP], got.headers[signing.SIGNATURE]
    signing.verify([secret], f"evt-{number}", timestamp, signature, got.body, now)
    for wrong in (
        ([b"x" * 32], f"evt-{number}", timestamp, signature, got.body, now),
        ([secret], "evt-0", timestamp, signature, got.body, now),
        ([secret], f"evt-{number}", timestamp, signature, got.body + b" ", now),
        ([secret], f"evt-{number}", timestamp, signature, got.body, now + 301),
        ([secret], f"evt-{number}", str(int(timestamp) + 1), signature, got.body, now),
    ):
        with pytest.raises(signing.WrongSignatureError):
            signing.verify(*wrong)
    assert work() == 0


def test_everyone_is_told_of_their_own_only(theirs: Receiver, work: Callable[[], int]) -> None:
    with receiver() as others:
        subscribed(theirs.url)
        subscribed(others.url, OTHER)
        subscribed(others.url, OTHER, ("member.ended",))
        mine = [happen(role="reader"), happen(role="filer")]
        yours = happen(code=OTHER)
        happen("member.ended", OWN)
        happen("not.in.the.catalogue")
        work()
        assert sorted(got.event["id"] for got in theirs.got) == sorted(events.name(number) for number in mine)
        assert [got.event["id"] for got in others.got] == [events.name(yours)]


def test_what_happened_before_is_not_told(theirs: Receiver, work: Callable[[], int]) -> None:
    happen()
    subscribed(theirs.url)
    assert work() == 0


def test_events_of_a_declaration(
    firms: Firms, decide: Callable[[], int], theirs: Receiver, work: Callable[[], int]
) -> None:
    raws = firms.parcel()
    for code in firms.platforms():
        subscribed(theirs.url, code, tuple(journal.TYPES))
    send(*raws, *raws[:1])
    decide()
    work()
    released = [got.event for got in theirs.got if got.event["type"] == "declaration.released"]
    assert len(released) == 1
    listed = [one["href"] for code in firms.platforms() for one in items(member(code), f"{API}/declarations")]
    assert listed == [released[0]["subject"]]
    assert set(released[0]["data"]) == {"invt_no"}


def test_an_event_that_commits_late_is_not_skipped(
    database: str, theirs: Receiver, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower number may appear after a higher one: whoever follows waits for it."""
    from silkgate.journal import feed

    monkeypatch.setattr(feed, "TRIES", 3)
    subscribed(theirs.url)
    number = organisation(OWN)
    with psycopg.connect(database) as late:
        journal.record(
            late.cursor(), at=START, actor="x", kind="member.joined", subject=("organisation", number), detail={}
        )
        happen()
        assert work() == 0, "the later event waits for the earlier one"
        late.commit()
    assert work() == 2


# --- What fails -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [199 + 101, 301, 307, 400, 404, 429, 500, 503])
def test_anything_but_success_is_tried_again(
    theirs: Receiver, work: Callable[[], int], times: Times, status: int
) -> None:
    theirs.answers(status, 200)
    row, _ = subscribed(theirs.url)
    happen()
    assert work() == 1
    assert [got.path for got in theirs.got] == ["/"], "no redirect is followed"
    row.refresh_from_db()
    assert row.failing_since == START
    assert work() == 0, "not before its time"
    times.at += deliver.RETRIES[0] * 2
    assert work() == 1
    row.refresh_from_db()
    assert row.failing_since is None
    assert len({(got.headers[signing.ID], got.body) for got in theirs.got}) == 1
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.status, delivery.due_at, delivery.delivered_at) == (2, 200, None, times.at)


def test_a_slow_receiver_is_cut_off_and_holds_up_nobody(
    theirs: Receiver, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = threading.Event()

    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not leave.wait(0.05):
            try:
                handler.wfile.write(b"X-Slow: 1\r\n")
            except OSError:
                break
        handler.close_connection = True

    theirs.behave = drip
    monkeypatch.setattr(post.call, "__kwdefaults__", {"seconds": 0.5, "context": None})
    with receiver() as quick:
        subscribed(theirs.url)
        subscribed(quick.url)
        happen()
        work()
        leave.set()
        assert len(quick.got) == 1
    slow = Delivery.objects.get(delivered_at=None)
    assert slow.reason == "no answer within 0.5 s"


def test_many_headers_do_not_fill_the_memory(theirs: Receiver, work: Callable[[], int]) -> None:
    theirs.behave = lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5_000) and None
    subscribed(theirs.url)
    happen()
    work()
    assert Delivery.objects.get().delivered_at is None


def test_nobody_there(work: Callable[[], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    subscribed(f"http://127.0.0.1:{port}")
    happen()
    assert work() == 1
    assert "refused" in Delivery.objects.get().reason.lower()


def test_backoff_gives_up_and_the_subscription_is_disabled_in_the_end(
    theirs: Receiver, work: Callable[[], int], times: Times
) -> None:
    theirs.answers(500)
    row, _ = subscribed(theirs.url, types=("member.joined", "webhook.disabled"))
    happen()
    waits = []
    while work():
        delivery = Delivery.objects.order_by("id").first()
        assert delivery is not None
        if delivery.due_at is None:
            break
        waits.append(delivery.due_at - times.at)
        times.at = delivery.due_at
    for wait, plain in zip(waits, deliver.RETRIES, strict=True):
        assert plain * deliver.JITTER[0] / 100 <= wait <= plain * deliver.JITTER[1] / 100
    row.refresh_from_db()
    assert row.disabled_at is None
    times.at = START + deliver.DISABLED_AFTER
    happen()
    assert work() == 1
    row.refresh_from_db()
    assert (row.disabled_because, row.disabled_at) == ("failing", times.at)
    with connection.cursor() as cursor:
        (told,) = journal.of_subject(cursor, "webhook", row.pk)
    assert (told.kind, told.detail) == ("webhook.disabled", {"because": "failing"})
    happen()
    assert work() == 0
    theirs.answers(200)
    subscriptions.resume(row, times.at)
    work()
    arrived = {got.event["id"] for got in theirs.got}
    assert len(arrived) == 4, "what was given up, what failed, what happened meanwhile, and that it had ended"
    assert not Delivery.objects.filter(delivered_at=None).exists()


def test_an_address_that_is_gone_is_not_called_again(theirs: Receiver, work: Callable[[], int], times: Times) -> None:
    theirs.answers(410)
    row, _ = subscribed(theirs.url)
    happen()
    work()
    row.refresh_from_db()
    assert row.disabled_because == "gone"
    times.at += timedelta(days=30)
    assert work() == 0


def test_who_dies_between_call_and_note_calls_again(
    database: str, theirs: Receiver, work: Callable[[], int], times: Times
) -> None:
    subscribed(theirs.url)
    happen()
    with psycopg.connect(database, autocommit=True) as dying:
        deliver.fan_out(dying, times())
        assert len(deliver.claim(dying, times())) == 1
        assert deliver.claim(dying, times()) == [], "taken by one worker at a time"
    assert work() == 0
    times.at += deliver.LEASE
    assert work() == 1


def test_one_that_fails_does_not_hold_up_others(theirs: Receiver, database: str, times: Times) -> None:
    failing, _ = subscribed(f"{theirs.url}/failing")
    subscribed(f"{theirs.url}/well")
    Subscription.objects.filter(pk=failing.pk).update(failing_since=START)
    for _ in range(deliver.AT_ONCE):
        happen()
    with psycopg.connect(database, autocommit=True) as opened:
        while deliver.fan_out(opened, times()):
            pass
        taken = deliver.claim(opened, times())
    assert sorted(due.url.rpartition("/")[2] for due in taken) == ["failing", *["well"] * deliver.PER_SUBSCRIPTION]


def test_replay(theirs: Receiver, work: Callable[[], int], times: Times) -> None:
    row, _ = subscribed(theirs.url)
    first, *later = [happen() for _ in range(5)]
    work()
    theirs.got.clear()
    subscriptions.replay(row, first, times())
    Delivery.objects.filter(event_id=later[-1]).delete()
    work()
    assert sorted(got.event["id"] for got in theirs.got) == sorted(events.name(number) for number in later)


def test_old_deliveries_are_forgotten(theirs: Receiver, work: Callable[[], int], database: str) -> None:
    subscribed(theirs.url)
    happen()
    work()
    with psycopg.connect(database, autocommit=True) as opened:
        deliver.prune(opened, START + deliver.KEPT_FOR)
        assert Delivery.objects.count() == 1
        deliver.prune(opened, START + deliver.KEPT_FOR + timedelta(seconds=1))
    assert Delivery.objects.count() == 0


def test_the_worker_as_a_process(theirs: Receiver, database: str) -> None:
    """`silkgate worker --role webhooks`, with a real clock, killed in the middle and started again."""
    import os
    import subprocess
    import sys

    subscribed(theirs.url)
    environment = {**os.environ, "DATABASE_URL": database, "SILKGATE_DEBUG": "1"}
    command = [sys.executable, "-m", "silkgate", "worker", "--role", "webhooks"]
    arrived = threading.Event()
    theirs.behave = lambda handler: arrived.set() or 200  # type: ignore[func-returns-value]
    for _ in range(2):
        arrived.clear()
        happen()
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
            try:
                assert arrived.wait(60)
            finally:
                process.kill()
    assert len({got.event["id"] for got in theirs.got}) == 2


# --- Where it may lead ----------------------------------------------------------------------------------------------

REFUSED = [
    "http://example.com/", "ftp://example.com/", "https://", "https:///x", "//example.com", "example.com", "",
    "https://user@example.com/", "https://user:secret@example.com/", "https://example.com/#part", "https://a b/",
    "https://example.com:22/", "https://example.com:0/", "https://example.com:99999/", "https://exa\\mple.com/",
    "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0.0.0.0/", "https://10.0.0.1/",
    "https://172.16.5.4/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/",
    "https://[fe80::1]/", "https://[fc00::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/",
    "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://[::]/", "https://192.0.2.1/",
    "https://" + "a" * 500 + ".example/", "https://no-such-name.invalid/", "https://[::1%25eth0]/",
    "http://127.0.0.1:8600/", "https://例子.测试/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_addresses_that_are_not_called(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "DEBUG", False)
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", [])
    with pytest.raises(guard.AddressRefusedError) as refused:
        guard.target(url)
    assert all(refused.value.text)
    assert post.call(url, b"", {}).status is None


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [("https://8.8.8.8/a?b=1", "8.8.8.8", 443), ("https://[2400:3200::1]:8443/", "2400:3200::1", 8443)],
)
def test_public_addresses_are_called(url: str, address: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "DEBUG", False)
    found = guard.target(url)
    assert (found.https, found.address, found.port) == (True, address, port)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "DEBUG", False)
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", [])
    answers = [(2, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **named: answers)
    with pytest.raises(guard.AddressRefusedError):
        guard.target("https://rebinding.example/")
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", ["10.0.0.0/24"])
    assert guard.target("https://rebinding.example/").address == "8.8.8.8"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_guard(text: str) -> None:
    with suppress(guard.AddressRefusedError):
        https, host, port, path = guard._parts(f"https://{text}")
        assert https
        assert host
        assert port == 443 or 1024 <= port <= 65_535
        assert path.startswith(("/", "?"))


# --- Over HTTP ------------------------------------------------------------------------------------------------------


def asked(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = client.generic(
        method, f"{API}{path}", json.dumps(body) if body is not None else b"", content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def test_the_life_of_a_webhook(theirs: Receiver, work: Callable[[], int], database: str) -> None:
    client = member(OWN)
    wanted = {"organisation": OWN, "url": theirs.url, "types": ["member.joined", "member.joined"]}
    made = asked(client, "POST", "/webhooks", wanted, 201)
    assert made["secret"].startswith("whsec_")
    assert (made["state"], made["types"]) == ("active", ["member.joined"])
    path = f"/webhooks/{made['id']}"
    shown = asked(client, "GET", path)
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert items(client, f"{API}/webhooks?limit=1") == [shown]
    with psycopg.connect(database) as opened:
        stored = opened.execute("select secret from exchange_subscription").fetchone()
    assert stored is not None
    assert signing.read(made["secret"]) not in bytes(stored[0])
    number = happen(role="reader")
    asked(client, "POST", f"{path}/trial", status=202)
    Delivery.objects.update(due_at=START)
    work()
    assert {got.event["type"] for got in theirs.got} == {"member.joined", "webhook.trial"}
    listed = items(client, f"{API}{path}/deliveries?limit=1")
    assert [(one["event"], one["state"], one["status"]) for one in listed] == [
        (f"evt-{number}", "delivered", 204), ("evt-0", "delivered", 204),
    ]  # fmt: skip
    asked(client, "POST", f"{path}/replay", {"after": "evt-0"})
    asked(client, "DELETE", path, status=204)
    assert asked(client, "GET", path)["disabled_because"] == "ended"
    assert asked(client, "POST", f"{path}/resume")["state"] == "active"


def test_what_is_wrong_with_a_wish_is_told(theirs: Receiver, database: str) -> None:
    client = member(OWN)
    wish = {"organisation": OWN, "url": theirs.url, "types": ["member.joined"]}
    for changed, code, pointer in (
        ({"types": ["member.joined", "no.such"]}, "request.invalid", "#/types/1"),
        ({"types": []}, "request.invalid", "#/types"),
        ({"url": "https://10.0.0.1/"}, "webhook.address", "#/url"),
        ({"url": "gopher://x/"}, "webhook.address", "#/url"),
    ):
        told = asked(client, "POST", "/webhooks", {**wish, **changed}, 422)
        assert (told["code"], told["errors"][0]["pointer"]) == (code, pointer)
    assert asked(client, "POST", "/webhooks", {**wish, "organisation": OTHER}, 403)["code"] == "access.denied"
    for _ in range(subscriptions.PER_ORGANISATION):
        asked(client, "POST", "/webhooks", wish, 201)
    assert asked(client, "POST", "/webhooks", wish, 409)["code"] == "webhook.too_many"


def test_another_organisations_webhook_is_not_there(theirs: Receiver, database: str) -> None:
    row, _ = subscribed(theirs.url, OTHER)
    client = member(OWN)
    for method, rest, body in (
        ("GET", "", None), ("DELETE", "", None), ("POST", "/resume", None), ("POST", "/trial", None),
        ("POST", "/replay", {"after": "evt-0"}), ("GET", "/deliveries", None),
    ):  # fmt: skip
        asked(client, method, f"/webhooks/{row.pk}{rest}", body, 404)
    assert items(client, f"{API}/webhooks") == []


def test_an_agent_makes_no_webhook_for_its_principal(theirs: Receiver, database: str) -> None:
    """It would go on when the delegation has ended."""
    from silkgate.identity.models import Delegation, Organisation

    agent = member(OWN)
    organisation(OTHER)
    Delegation.objects.create(
        principal=Organisation.objects.get(code=OTHER), agent=Organisation.objects.get(code=OWN),
        scopes=["declarations"], since=START, given_by="x", ended_by="",
    )  # fmt: skip
    row, _ = subscribed(theirs.url, OTHER)
    wish = {"organisation": OTHER, "url": theirs.url, "types": ["member.joined"]}
    assert asked(agent, "POST", "/webhooks", wish, 403)["code"] == "access.denied"
    asked(agent, "GET", f"/webhooks/{row.pk}", status=404)
    number = happen(code=OTHER)
    assert [one["id"] for one in items(agent, f"{API}/events")] == [f"evt-{number}"], "while it lasts it may read"


def test_events_are_a_feed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = member(OWN)
    numbers = [happen() for _ in range(3)]
    happen(code=OTHER)
    assert [one["id"] for one in items(client, f"{API}/events?limit=2")] == [f"evt-{number}" for number in numbers]
    with monkeypatch.context() as patched:
        patched.setattr(webhooks_rest, "LOOKED_AT", 1)
        assert [one["id"] for one in items(client, f"{API}/events")] == [f"evt-{number}" for number in numbers]
    last = client.get(f"{API}/events").json()
    assert (last["more"], bool(last["next"])) == (False, True)
    later = happen()
    assert [one["id"] for one in client.get(last["next"]).json()["items"]] == [f"evt-{later}"]


def test_only_known_people_of_the_organisation(database: str) -> None:
    asked(Client(), "GET", "/webhooks", status=401)
    asked(Client(), "GET", "/events", status=401)
    stranger = Client()
    stranger.force_login(get_user_model().objects.create_user("stranger"))
    asked(stranger, "GET", "/webhooks", status=403)
    asked(member(OWN, "reader"), "POST", "/webhooks", {"organisation": OWN, "url": "https://x/", "types": ["a"]}, 403)


def test_the_example_of_the_documents_verifies_what_arrives(
    theirs: Receiver, work: Callable[[], int], times: Times
) -> None:
    """What `docs/interfaces.md` gives to receivers is run as it stands."""
    page = (Path(__file__).parents[2] / "docs" / "interfaces.md").read_text(encoding="utf-8")
    (source,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "webhook-id" in block]
    given: dict[str, Any] = {}
    exec(source, given)
    times.at = datetime.now(UTC)
    _, secret = subscribed(theirs.url)
    happen()
    assert work() == 1
    (got,) = theirs.got
    assert given["is_genuine"](signing.written(secret), got.headers, got.body)
    assert not given["is_genuine"](signing.written(b"x" * 32), got.headers, got.body)
    assert not given["is_genuine"](signing.written(secret), got.headers, got.body + b" ")
    earlier = str(int(got.headers[signing.TIMESTAMP]) - 301)
    signature = signing.sign(secret, got.headers[signing.ID], int(earlier), got.body)
    stale = {**got.headers, signing.TIMESTAMP: earlier, signing.SIGNATURE: signature}
    assert not given["is_genuine"](signing.written(secret), stale, got.body)
