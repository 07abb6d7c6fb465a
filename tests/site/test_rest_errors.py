"""One way of errors: whatever goes wrong under /api/ is a problem document in both languages with a page of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.test import Client
from ninja import Router

from silkgate.identity.api import PUBLIC, action, opens
from silkgate.kernel.text import Text
from silkgate.site import gate, rest
from silkgate.ui.problems import KINDS, Fault, Kind, ProblemError, enter
from silkgate.ui.schemas import In

TRY = action("tests.try", "试办", "Try something", roles=["filer"])


class Wanted(In):
    name: str
    lines: tuple[int, ...] = ()


def _raise(error: Exception) -> Any:
    raise error


RAISED: dict[str, tuple[Exception, int, str]] = {
    "not-found": (Http404("no"), 404, "request.not_found"),
    "own": (ProblemError("request.conflict"), 409, "request.conflict"),
    "suspicious": (SuspiciousOperation("secret detail"), 400, "request.unreadable"),
    "away": (psycopg.OperationalError("host 10.1.2.3 secret detail"), 503, "request.unavailable"),
    "broken": (ZeroDivisionError("secret detail"), 500, "server.error"),
    "often": (ProblemError("request.too_often", headers={"Retry-After": "3"}), 429, "request.too_often"),
}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """The interface with a few endpoints that fail in every way, on addresses of their own."""
    from django.urls import clear_url_caches, path, set_urlconf

    from silkgate.site import urls

    router = Router()

    @router.post("/trial")
    @opens(PUBLIC)
    def trial(request: Any, wanted: Wanted, size: int = 1) -> Any:
        return {"name": wanted.name}

    @router.get("/raises/{what}", response=dict[str, str])
    @opens(PUBLIC)
    def raises(request: Any, what: str) -> Any:
        return _raise(RAISED[what][0])

    @router.get("/guarded")
    @opens(TRY)
    def guarded(request: Any) -> Any:
        return {}

    @router.post("/guarded")
    @opens(action("tests.known", "办理", "Do something", signed_in=True))
    def write(request: Any) -> Any:
        return {}

    made = rest.build([router], "trial")
    urls.urlpatterns.insert(0, path("api/trial/", made.urls))
    clear_url_caches()
    yield Client(raise_request_exception=False)
    urls.urlpatterns.pop(0)
    set_urlconf(None)
    clear_url_caches()


def told(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The members of a problem document, after all that holds for each of them."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content[:300]
    found = json.loads(answer.content)
    assert (found["status"], found["code"], found["type"]) == (status, code, f"/problems/{code}")
    for member in ("title", "detail", "mend"):
        assert found[member].strip(), member
        assert any("\u4e00" <= character <= "\u9fff" for character in found[f"{member}_zh"]), member
    return dict(found)


@pytest.mark.parametrize("way", RAISED)
def test_what_a_view_raises(client: Client, database: str, way: str) -> None:
    _, status, code = RAISED[way]
    answer = client.get(f"/api/trial/raises/{way}")
    told(answer, status, code)
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content
    if status in {429, 503}:
        assert int(answer["Retry-After"]) > 0


INVALID: list[tuple[Any, list[tuple[str, str, str]]]] = [
    ({}, [("body", "#/name", "")]),
    ({"name": 5}, [("body", "#/name", "5")]),
    ({"name": "a", "lines": [1, "x"]}, [("body", "#/lines/1", '"x"')]),
    ({"name": "a", "more": 1}, [("body", "#/more", "1")]),
    ({"name": None, "lines": 3}, [("body", "#/name", "null"), ("body", "#/lines", "3")]),
    ([], [("body", "#", "[]")]),
    ({"name": "x" * 999, "lines": "y" * 999}, [("body", "#/lines", '"' + "y" * 199 + "…")]),
]


@pytest.mark.parametrize(("body", "faults"), INVALID, ids=[json.dumps(body)[:40] for body, _ in INVALID])
def test_every_fault_of_a_body_has_its_place(client: Client, body: Any, faults: list[tuple[str, str, str]]) -> None:
    answer = client.post("/api/trial/trial", json.dumps(body), content_type="application/json")
    errors = told(answer, 422, "request.invalid")["errors"]
    assert [(error["in"], error["pointer"], error["found"]) for error in errors] == faults
    assert all(error["needed"] and error["needed_zh"] for error in errors)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("size=x", "#/size"), ("sice=1", "#/sice"), ("size=1&size=2", "#/size"), ("size=%00", "#/size")],
)
def test_every_fault_of_a_query_has_its_place(client: Client, query: str, pointer: str) -> None:
    answer = client.post(f"/api/trial/trial?{query}", {"name": "a"}, content_type="application/json")
    (error,) = told(answer, 422, "request.invalid")["errors"]
    assert (error["in"], error["pointer"]) == ("query", pointer)


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name": "a", "name": "b"}', b'{"name": NaN}', b'{"name": "\\u0000"}', b'{"name": "\\ud800"}', b"\xff\xfe",
     b"[" * 100_000],
    ids=["cut", "twice", "nan", "nul", "surrogate", "not utf-8", "deep"],
)  # fmt: skip
def test_json_that_means_nothing_or_two_things(client: Client, body: bytes) -> None:
    told(client.post("/api/trial/trial", body, content_type="application/json"), 400, "request.unreadable")


def test_forms_of_a_request(client: Client, database: str) -> None:
    told(client.post("/api/trial/trial", b"a=b", content_type="text/plain"), 415, "request.media_type")
    told(client.get("/api/trial/raises/own", headers={"Accept": "image/png"}), 406, "request.not_acceptable")
    answer = client.delete("/api/trial/guarded")
    told(answer, 405, "request.method")
    assert answer["Allow"] == "GET, POST"
    for address in ("/api/trial/nowhere", "/api/nowhere", "/api/v2/messages", "/api/v1/messages/a/b/c"):
        told(client.get(address), 404, "request.not_found")


def test_who_asks(client: Client, database: str) -> None:
    answer = client.get("/api/trial/guarded")
    told(answer, 401, "access.sign_in")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    user = get_user_model().objects.create_user("reader", password="a long word")
    session = Client(raise_request_exception=False)
    session.force_login(user)
    told(session.get("/api/trial/guarded"), 403, "access.denied")


def test_a_foreign_site_cannot_write_with_a_browsers_session(client: Client, database: str) -> None:
    user = get_user_model().objects.create_user("reader", password="a long word")
    session = Client(enforce_csrf_checks=True)
    session.force_login(user)
    told(session.post("/api/trial/guarded"), 403, "access.csrf")
    session.cookies["csrftoken"] = "a" * 32
    assert session.post("/api/trial/guarded", headers={"X-CSRFToken": "a" * 32}).status_code == 200


def test_every_kind_is_told_in_both_languages_and_has_its_page(database: str) -> None:
    pages = Client()
    for code, kind in KINDS.items():
        assert all(word.strip() for text in (kind.title, kind.mend) for word in text), code
        for language, words in (("zh-hans", kind.mend.zh), ("en", kind.mend.en)):
            page = pages.get(f"/problems/{code}", headers={"Accept-Language": language})
            assert page.status_code == 200
            assert code in page.content.decode()
            assert words in unescape(page.content.decode()), code
    assert pages.get("/problems/no.such").status_code == 404
    assert pages.get("/rules/exchange.quota").headers["Location"] == "/problems/exchange.quota"


def test_a_code_means_one_thing() -> None:
    known = KINDS["request.conflict"]
    assert enter({"request.conflict": known})
    with pytest.raises(ValueError, match=r"request\.conflict"):
        enter({"request.conflict": Kind(known.status, Text("别的", "Else"), known.mend)})


def test_a_fault_carries_its_place(client: Client) -> None:
    error = ProblemError("request.invalid", errors=[Fault("#/a~1b", "1", Text("二", "two"))])
    assert json.loads(error.response().content)["errors"] == [
        {"in": "body", "pointer": "#/a~1b", "found": "1", "needed": "two", "needed_zh": "二"}
    ]


def test_only_the_message_door_passes_nothing() -> None:
    """It is measured in microseconds; whatever else is asked goes through the gate."""
    ungated = {
        (operation.methods[0], path)
        for path, view in rest.views(rest.api)
        for operation in view.operations
        if "run" not in vars(operation)
    }
    assert ungated == gate.STRAIGHT
