"""Idempotency keys: the same request again has no second effect and gets the first answer, whatever dies meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from django.test import Client
from ninja import File, Router
from ninja.files import UploadedFile

from silkgate.exchange import idempotency
from silkgate.identity.api import PUBLIC, action, opens
from silkgate.journal import api as journal
from silkgate.site import rest
from silkgate.ui.problems import ProblemError
from silkgate.ui.schemas import In

KNOWN = action("tests.create", "新建", "Create", signed_in=True)
ADDRESS = "/api/keys/things"
meanwhile: list[Callable[[], None]] = []
"""What happens between the effect and the answer."""


class Thing(In):
    name: str


def effect(request: Any, name: str) -> int:
    with connection.cursor() as cursor:
        journal.record(
            cursor, at=request.moment, actor="test", kind="thing.made", subject=("thing", 1), detail={"name": name}
        )
        cursor.execute("select max(id) from journal_event")
        return int(cursor.fetchone()[0])


def effects() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from journal_event where kind = 'thing.made'")
        return int(cursor.fetchone()[0])


@pytest.fixture(scope="module", autouse=True)
def things() -> Iterator[None]:
    """An interface whose POST has an effect that can be counted."""
    from django.urls import clear_url_caches, path

    from silkgate.site import urls

    router = Router()

    @router.post("/things", response={201: dict[str, Any]})
    @opens(KNOWN)
    def make(request: Any, thing: Thing) -> Any:
        number = effect(request, thing.name)
        if thing.name == "refused":
            raise ProblemError("request.conflict")
        for happens in meanwhile:
            happens()
        return {"number": number, "secret": "shown-once"}

    @router.post("/files", response={201: dict[str, Any]})
    @opens(KNOWN)
    def take(request: Any, file: UploadedFile = File(...)) -> Any:  # noqa: B008 - as ninja wants it
        return {"number": effect(request, str(file.name)), "size": len(file.read())}

    @router.post("/open", response={201: dict[str, Any]})
    @opens(PUBLIC)
    def anybody(request: Any) -> Any:
        return {"number": effect(request, "open")}

    urls.urlpatterns.insert(0, path("api/keys/", rest.build([router], "keys").urls))
    clear_url_caches()
    yield
    urls.urlpatterns.pop(0)
    clear_url_caches()


@pytest.fixture(autouse=True)
def nothing_meanwhile() -> Iterator[None]:
    yield
    meanwhile.clear()


def person(name: str = "one") -> Client:
    user, _ = get_user_model().objects.get_or_create(username=name)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def post(client: Client, body: Any, key: str | None = "k-1", address: str = ADDRESS) -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(address, json.dumps(body), content_type="application/json", headers=headers)


def test_the_same_request_gets_the_same_answer(database: str) -> None:
    client = person()
    first = post(client, {"name": "a"})
    again = [post(client, {"name": "a"}), post(client, {"name": "a"}, '"k-1"')]
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first
    for answer in again:
        assert (answer.status_code, answer.content, answer["Content-Type"]) == (
            first.status_code, first.content, first["Content-Type"],
        )  # fmt: skip
        assert answer["Idempotency-Replayed"] == "true"
    assert effects() == 1


def test_without_a_key_each_request_counts(database: str) -> None:
    client = person()
    assert {post(client, {"name": "a"}, None).json()["number"] for _ in range(2)} == {1, 2}


def test_a_key_belongs_to_who_sent_it(database: str) -> None:
    numbers = {post(person(name), {"name": "a"}).json()["number"] for name in ("one", "two")}
    assert len(numbers) == effects() == 2
    anybody = [post(Client(), {}, address="/api/keys/open") for _ in range(2)]
    assert {answer.status_code for answer in anybody} == {201}
    assert effects() == 4, "who is not known has no keys"


@pytest.mark.parametrize(
    ("body", "address"),
    [({"name": "b"}, ADDRESS), ({"name": "a"}, f"{ADDRESS}?x=1"), ({"name": "a"}, "/api/keys/open")],
    ids=["body", "query", "address"],
)
def test_another_request_under_a_used_key_is_refused(database: str, body: Any, address: str) -> None:
    client = person()
    post(client, {"name": "a"})
    refused = post(client, body, address=address)
    assert refused.status_code == 422
    assert refused.json()["code"] in {"idempotency.reused", "request.invalid"}
    assert effects() == 1


@pytest.mark.parametrize("key", ["", '""', " ", "a b", "a\tb", "键", "x" * 256, 'a"b', "a\\b"])
def test_keys_that_are_none(database: str, key: str) -> None:
    refused = post(person(), {"name": "a"}, key)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency.key")
    assert effects() == 0


def test_a_refusal_is_not_kept(database: str) -> None:
    client = person()
    assert post(client, {"name": "refused"}).status_code == 409
    assert post(client, {"nome": "a"}).status_code == 422
    assert post(client, {"name": "a"}).status_code == 201


def test_while_one_is_worked_on_another_is_told_to_wait(database: str) -> None:
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert leave.wait(30)

    meanwhile.append(wait)
    client, answers = person(), []

    def first() -> None:
        answers.append(post(client, {"name": "a"}))
        connections.close_all()

    working = threading.Thread(target=first)
    working.start()
    assert inside.wait(30)
    busy = post(person(), {"name": "a"})
    assert (busy.status_code, busy.json()["code"], busy["Retry-After"]) == (409, "idempotency.busy", "1")
    leave.set()
    working.join(30)
    meanwhile.clear()
    assert post(person(), {"name": "a"}).content == answers[0].content
    assert effects() == 1


def test_who_was_not_answered_sends_again(database: str) -> None:
    """The connection dies after the effect and before the end: neither effect nor key is there."""
    client = person()

    def die() -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with psycopg.connect(database) as other:
            other.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    meanwhile.append(die)
    assert post(client, {"name": "a"}).status_code in {500, 503}
    meanwhile.clear()
    connection.close()
    assert effects() == 0
    assert post(client, {"name": "a"}).status_code == 201
    assert effects() == 1


def test_a_failure_inside_leaves_nothing(database: str) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    meanwhile.append(fail)
    client = person()
    assert post(client, {"name": "a"}).status_code == 500
    meanwhile.clear()
    assert effects() == 0
    assert post(client, {"name": "a"}).status_code == 201


def test_a_file_sent_again_is_the_same_under_another_boundary(database: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test.client import encode_multipart

    client = person()

    def send(content: bytes, boundary: str) -> Any:
        body = encode_multipart(boundary, {"file": SimpleUploadedFile("a.csv", content)})
        kind = f"multipart/form-data; boundary={boundary}"
        return client.post("/api/keys/files", body, content_type=kind, headers={"Idempotency-Key": "f"})

    first = send(b"1,2", "one")
    assert first.json()["size"] == 3
    assert first.content == send(b"1,2", "two").content
    other = send(b"1,3", "one")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.reused")


def test_answers_are_kept_for_a_day_and_cannot_be_read_from_the_database(database: str) -> None:
    client = person()
    post(client, {"name": "a"})
    with connection.cursor() as cursor:
        cursor.execute("select body, digest, at from exchange_keptanswer")
        ((body, digest, at),) = cursor.fetchall()
    assert b"shown-once" not in bytes(body)
    assert b"k-1" not in bytes(body) + bytes(digest)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    with connection.cursor() as cursor:
        assert idempotency.prune(cursor, at + idempotency.KEPT_FOR - timedelta(seconds=1)) == 0
        cursor.execute("update exchange_keptanswer set at = at - interval '24 hours 1 second'")
    assert post(client, {"name": "b"}).status_code == 201, "after a day the key is as new"
    with connection.cursor() as cursor:
        assert idempotency.prune(cursor, at + 2 * idempotency.KEPT_FOR) == 1
