"""What every answer of the running site has: headers, language, health. Over real HTTP."""

from __future__ import annotations

import http.client
import json
import warnings
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from silkgate.site.headers import POLICY


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def get(server: str, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


@pytest.mark.parametrize("path", ["/", "/health/live", "/health/ready", "/login", "/static/ui/silkgate.css", "/none"])
def test_every_answer_is_protected(live_server: str, path: str) -> None:
    headers = get(live_server, path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Server"] is None


@pytest.mark.parametrize(
    ("asked", "given"),
    [("zh-CN,zh;q=0.9,en;q=0.5", "zh-hans"), ("en-GB,en;q=0.9", "en"), ("fr", "zh-hans"), ("", "zh-hans")],
)
def test_the_reader_is_answered_in_his_language_and_in_chinese_by_default(
    live_server: str, asked: str, given: str
) -> None:
    answer = get(live_server, "/", Accept_Language=asked)
    assert (answer.status, answer.headers["Content-Language"]) == (200, given)


def test_health_says_ready_where_database_and_tables_are_there(live_server: str) -> None:
    answer = get(live_server, "/health/ready")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


def test_health_says_which_part_is_missing(live_server: str, database: str) -> None:
    from silkgate.site.database import url_of, use_database

    use_database(url_of(database, "no_such_database"))
    assert get(live_server, "/health/live").status == 200
    answer = get(live_server, "/health/ready")
    assert (answer.status, json.loads(answer.body)["missing"]) == (503, "database")


def test_an_unknown_host_is_refused(live_server: str) -> None:
    assert get(live_server, "/", Host="evil.example").status == 400


def test_static_files_are_whole_answers_and_may_be_asked_for_in_part(live_server: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = get(live_server, "/static/ui/silkgate.css")
    assert whole.status == 200
    assert whole.headers["Content-Type"].startswith("text/css")
    assert int(whole.headers["Content-Length"]) == len(whole.body) > 0
    part = get(live_server, "/static/ui/silkgate.css", Range="bytes=0-9")
    assert (part.status, part.body) == (206, whole.body[:10])
    again = get(live_server, "/static/ui/silkgate.css", If_Modified_Since=whole.headers["Last-Modified"])
    assert (again.status, again.body) == (304, b"")


def test_the_rest_interface_describes_itself(live_server: str) -> None:
    described = json.loads(get(live_server, "/api/v1/openapi.json").body)
    assert "/api/v1/messages" in described["paths"]
    page = get(live_server, "/api/v1/docs").body.decode()
    assert "http://" not in page
    assert "https://" not in page
