"""Quotas as a sender meets them: over a real socket, in both languages, with the time to come again."""

from __future__ import annotations

import html
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError

import psycopg
import pytest

from exchange.conftest import Firms
from silkgate.exchange import api as exchange
from silkgate.ui.problems import KINDS


class Answer(NamedTuple):
    status: int
    headers: Any
    body: Any


def ask(request: urllib.request.Request | str) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, json.load(answer))
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, json.load(error))


@pytest.fixture
def send(firms: Firms, live_server: str) -> Callable[..., Answer]:
    """Posts messages, each as a part of one request."""

    def sent(*raws: bytes) -> Answer:
        mark = b"a-line-that-no-message-holds"
        parts = [
            b'--%s\r\nContent-Disposition: form-data; name="m"; filename="%d.xml"\r\n\r\n%s\r\n' % (mark, number, raw)
            for number, raw in enumerate(raws)
        ]
        body = b"".join(parts) + b"--%s--\r\n" % mark
        kind = {"Content-Type": f"multipart/form-data; boundary={mark.decode()}"}
        return ask(urllib.request.Request(f"{live_server}/api/v1/messages", body, kind))

    return sent


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes settings for the time of a test."""
    from django.conf import settings

    def changed(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(settings, name, value)

    return changed


def is_bilingual(problem: dict[str, Any]) -> bool:
    """The English sentence and the Chinese one are there, and each is in its language."""
    chinese = {character for character in problem["detail_zh"] if "\u4e00" <= character <= "\u9fff"}
    return bool(chinese) and problem["detail"].isascii()


def test_over_the_share_is_429_with_the_time_to_come_again(
    firms: Firms, send: Callable[..., Answer], limits: Callable[..., None], live_server: str, database: str
) -> None:
    one, other = firms.platforms()[:2]
    limits(MAX_BACKLOG_DOCUMENTS=40, MIN_SHARE_DOCUMENTS=5)
    assert send(*firms.orders(one, 2, per_message=10)).status == 202
    refused = send(*firms.orders(one, 1))
    assert refused.status == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.body["code"] == "exchange.quota"
    assert {"sender": one, "waiting": 20, "documents": 1, "share": 20}.items() <= refused.body.items()
    assert is_bilingual(refused.body)
    # Half of a request is nobody's message: the other sender's part is not kept either, and is taken alone.
    theirs = firms.orders(other, 1)
    assert send(*theirs, *firms.orders(one, 1)).status == 429
    assert len(inbox(database)) == 2
    assert send(*theirs).status == 202
    # What its type names is a page.
    with urllib.request.urlopen(live_server + refused.body["type"], timeout=30) as page:
        assert "超过份额" in page.read().decode()


def test_after_the_engine_has_decided_the_same_request_is_taken(
    firms: Firms, send: Callable[..., Answer], limits: Callable[..., None], decide: Callable[[], int]
) -> None:
    limits(MAX_BACKLOG_DOCUMENTS=20, MIN_SHARE_DOCUMENTS=5)
    assert send(*firms.orders(firms.platforms()[0], 1, per_message=10)).status == 202
    again = firms.orders(firms.platforms()[0], 2)
    assert send(*again).status == 429
    decide()
    exchange.shared_receiver().backlog.refresh()
    assert send(*again).status == 202


def test_a_full_backlog_is_503_for_everybody(
    firms: Firms, send: Callable[..., Answer], limits: Callable[..., None]
) -> None:
    one, other = firms.platforms()[:2]
    limits(MAX_BACKLOG_DOCUMENTS=8, MIN_SHARE_DOCUMENTS=4)
    assert send(*firms.orders(one, 1, per_message=10)).status == 202
    refused = send(*firms.orders(other, 1))
    assert refused.status == 503
    assert refused.body["code"] == "exchange.full"
    assert {"waiting": 10, "limit": 10}.items() <= refused.body.items()
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert is_bilingual(refused.body)


def test_with_a_disk_almost_full_nothing_is_accepted(
    firms: Firms,
    send: Callable[..., Answer],
    limits: Callable[..., None],
    live_server: str,
    tmp_path: Path,
    database: str,
) -> None:
    limits(MIN_FREE_DISK_BYTES=2**62, STORAGE_PLACES=(tmp_path,))
    refused = send(*firms.orders(firms.platforms()[0], 1))
    assert (refused.status, refused.body["code"]) == (503, "exchange.disk")
    assert refused.headers["Retry-After"] == "60"
    assert is_bilingual(refused.body)
    assert inbox(database) == []
    assert ask(f"{live_server}/api/v1/quotas").body["taking"] is False


def test_quotas_are_published(
    firms: Firms, send: Callable[..., Answer], limits: Callable[..., None], live_server: str, decide: Callable[[], int]
) -> None:
    limits(MAX_BACKLOG_DOCUMENTS=100, MIN_SHARE_DOCUMENTS=10)
    assert send(*firms.orders(firms.platforms()[0], 3, per_message=2)).status == 202
    told = ask(f"{live_server}/api/v1/quotas")
    assert told.status == 200
    assert told.body == {
        "max_message_bytes": 10_485_760,
        "max_messages_per_request": 1_000,
        "max_request_bytes": 67_108_864,
        "max_request_seconds": 60,
        "max_backlog_documents": 100,
        "hard_backlog_documents": 125,
        "min_share_documents": 10,
        "waiting_documents": 6,
        "waiting_senders": 1,
        "share_documents": 50,
        "decided_per_second": None,
        "taking": True,
    }
    assert firms.platforms()[0] not in json.dumps(told.body), "who has how much waiting is its own affair"


def test_every_problem_has_its_page(live_server: str) -> None:
    for code, kind in KINDS.items():
        for language, words in (("zh-CN", kind.title.zh), ("en", kind.title.en)):
            request = urllib.request.Request(f"{live_server}/problems/{code}", headers={"Accept-Language": language})
            with urllib.request.urlopen(request, timeout=30) as page:
                text = html.unescape(page.read().decode())
            assert words in text
            assert str(int(kind.status)) in text


def inbox(database: str) -> list[int]:
    """Numbers of all messages that were kept."""
    with psycopg.connect(database) as connection:
        return [row[0] for row in connection.execute("select id from exchange_message order by id").fetchall()]
