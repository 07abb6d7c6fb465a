"""Monitoring as operators meet it: metrics, JSON logs with the trail of a message, beats, the names of health."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.test import RequestFactory
from prometheus_client.parser import text_string_to_metric_families

from silkgate.portal import api as portal
from silkgate.site import logs, metrics, watching
from silkgate.site.problem import Problem

WaitUntil = Callable[[Callable[[], bool]], bool]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def get(server: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(server).netloc, timeout=20)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scraped(server: str) -> Samples:
    """What a Prometheus would read."""
    status, body = get(server, "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body)
        for sample in family.samples
    }


def one(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


@pytest.fixture
def cleared(database: str) -> list[int]:
    """Numbers of the messages of a case that was taken in, decided and counted."""
    from clearance.rig import CASES, connector, take_in
    from silkgate.clearance.api import Engine

    inbox = take_in(CASES / "12-hostile-intake", connector(database))
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        engine.drain()
    with psycopg.connect(database, autocommit=True) as connection:
        while (counted := portal.step(connection)) is not None and counted.anything:
            pass
    return inbox.numbers


def test_prometheus_reads_what_was_counted(live_server: str, cleared: list[int]) -> None:
    samples = scraped(live_server)
    assert one(samples, "silkgate_up") == 1
    answers = sum(value for (name, _), value in samples.items() if name == "silkgate_answers_total")
    assert answers == len(cleared)
    assert one(samples, "silkgate_decision_seconds_count") == len(cleared)
    assert one(samples, "silkgate_decision_seconds_bucket", le="+Inf") == len(cleared)
    assert one(samples, "silkgate_refusals_total", reason="format.xml") > 0
    assert one(samples, "silkgate_waiting", **{"for": "engine"}) == 0
    assert one(samples, "silkgate_messages_total", channel="cli", kind="CEB621Message") > 0
    assert ("process_cpu_seconds_total", frozenset()) in samples
    again = scraped(live_server)
    business = {key for key in samples if key[0].startswith("silkgate_")}
    assert {key: again[key] for key in business} == {key: samples[key] for key in business}


def test_classes_of_a_histogram_add_up(live_server: str, cleared: list[int], database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("update exchange_segment set received_at = received_at - interval '3 seconds'")
        connection.execute("truncate portal_position, portal_counter, portal_minute")
    with psycopg.connect(database, autocommit=True) as connection:
        while (counted := portal.step(connection)) is not None and counted.anything:
            pass
    samples = scraped(live_server)
    of_bound = {dict(labels)["le"]: value for (name, labels), value in samples.items()
                if name == "silkgate_decision_seconds_bucket"}  # fmt: skip
    assert (of_bound["2.0"], of_bound["5.0"], of_bound["+Inf"]) == (0, len(cleared), len(cleared))
    assert one(samples, "silkgate_decision_seconds_sum") == 3 * len(cleared)


def test_without_a_database_it_says_so(live_server: str, database: str) -> None:
    from silkgate.site.database import url_of, use_database

    use_database(url_of(database, "no_such_database"))
    samples = scraped(live_server)
    assert one(samples, "silkgate_up") == 0
    assert not [name for name, _ in samples if name.startswith("silkgate_documents")]


@pytest.mark.parametrize(
    ("token", "address", "headers", "allowed"),
    [
        ("", "127.0.0.1", {}, True),
        ("", "::1", {}, True),
        ("", "10.0.0.7", {}, False),
        ("", "", {}, False),
        ("", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, False),
        ("", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}, False),
        ("", "10.0.0.7", {"Authorization": "Bearer "}, False),
        ("s3cret", "127.0.0.1", {}, False),
        ("s3cret", "10.0.0.7", {"Authorization": "Bearer s3cret"}, True),
        ("s3cret", "10.0.0.7", {"Authorization": "Bearer s3cre"}, False),
        ("s3cret", "10.0.0.7", {"Authorization": "Bearer 密"}, False),
    ],
)
def test_numbers_are_not_for_strangers(
    database: str, monkeypatch: pytest.MonkeyPatch, token: str, address: str, headers: dict[str, str], allowed: bool
) -> None:
    monkeypatch.setattr(settings, "METRICS_TOKEN", token)
    request = RequestFactory().get("/metrics", headers=headers, REMOTE_ADDR=address)
    request.moment = datetime.now(UTC)  # type: ignore[attr-defined]
    assert metrics.metrics(request).status_code == (200 if allowed else 403)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_has_the_names_that_orchestrators_know(live_server: str, path: str) -> None:
    assert get(live_server, path) == (200, '{"status": "ok"}')


# --- Logs -----------------------------------------------------------------------------------------------------------


class Lines(logging.Handler):
    """Keeps what a handler with the JSON formatter would write."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.JsonLines())
        self.lines: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        assert "\n" not in text
        self.lines.append(json.loads(text))

    def of(self, logger: str) -> list[dict]:
        return [line for line in self.lines if line["logger"] == logger]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setenv(logs.VARIABLE, "json")
    kept = Lines()
    logger = logging.getLogger("silkgate")
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    yield kept
    logger.setLevel(before)
    logger.removeHandler(kept)


def test_a_message_can_be_followed_through_all_stages(
    lines: Lines, live_server: str, wait_until: WaitUntil, database: str
) -> None:
    """Handed in over HTTP, decided, answered: every line of it has the number of the message."""
    from clearance.rig import CASES, SELECTION_KEY, connector
    from silkgate.clearance.api import Engine, load_zone

    case = CASES / "01-happy-bonded-1210"
    as_of = load_zone(case, selection_key=SELECTION_KEY).as_of
    stop = threading.Event()
    watcher = threading.Thread(target=watching.watch, args=(stop,))
    watcher.start()
    try:
        connection = http.client.HTTPConnection(urlsplit(live_server).netloc, timeout=20)
        number = 0
        for file in sorted((case / "inbox").glob("*.xml")):
            connection.request(
                "POST", "/api/v1/messages", file.read_bytes(),
                {"Content-Type": "application/xml", "X-Request-ID": f"firm-{file.stem}"},
            )  # fmt: skip
            answer = connection.getresponse()
            assert answer.getheader("X-Request-ID") == f"firm-{file.stem}"
            number = int(json.loads(answer.read())["messages"][0]["id"].partition("-")[0])
        connection.close()
        with Engine(connector(database), lambda: as_of) as engine:
            engine.drain()
        told = lambda: [line for line in lines.of("silkgate.trail") if line["message"] == number]  # noqa: E731
        assert wait_until(lambda: "receipt.issued" in {line["event"] for line in told()})
    finally:
        stop.set()
        watcher.join()
    assert [line["event"] for line in told()][:2] == ["message.received", "message.decided"]
    assert told()[1]["outcome"] == "accepted"
    request = next(line for line in lines.of("silkgate.access") if number in line.get("messages", ()))
    assert (request["status"], request["method"]) == (202, "POST")
    assert request["request"].startswith("firm-")


def test_a_callers_number_cannot_write_lines_of_its_own(lines: Lines, database: str) -> None:
    from django.http import HttpResponse

    for given in ("a\nb", "x" * 65, "密"):
        request = RequestFactory().get("/", headers={"X-Request-ID": given})
        response = logs.AccessLog(lambda _: HttpResponse())(request)
        assert len(response.headers["X-Request-ID"]) == 32


def test_an_error_is_one_line_too(lines: Lines) -> None:
    try:
        raise ValueError("why\nnot")
    except ValueError:
        logging.getLogger("silkgate.site").exception("it failed")
    assert "ValueError: why" in lines.lines[0]["exception"]


@pytest.mark.parametrize("line", ['{"event": "x", "logger": "silkgate.trail"}', "Traceback (most recent call last):"])
def test_lines_of_other_processes_are_json_too(line: str) -> None:
    told = json.loads(logs.relayed("engine", line))
    assert told["logger"] in ("silkgate.trail", "silkgate.engine")
    assert told["event"] in ("x", line)


def test_an_unknown_form_of_logs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.VARIABLE, "xml")
    with pytest.raises(Problem, match="SILKGATE_LOG must be text or json, not 'xml'"):
        logs.form()


# --- Beats ----------------------------------------------------------------------------------------------------------


def parts_seen() -> set[str]:
    with watching.connect() as connection:
        return {row[0] for row in connection.execute("select part from portal_beat").fetchall()}


def test_a_web_server_that_answers_is_seen_and_one_that_does_not_is_not(
    live_server: str, wait_until: WaitUntil
) -> None:
    with watching.heart("web", watching.answers_at(live_server)):
        assert wait_until(lambda: parts_seen() == {"web", "database"})
    away = watching.answers_at("http://127.0.0.1:1")
    with watching.connect() as connection:
        assert not away(connection)


@pytest.mark.parametrize(("age_seconds", "well"), [(None, False), (5, True), (300, False)])
def test_an_engine_is_seen_by_what_it_does_not_by_its_process(
    database: str, age_seconds: int | None, well: bool
) -> None:
    if age_seconds is not None:
        place = dict.fromkeys(("segment_id", "batch_no", "declaration_id", "serial", "receipt_id"), 0)
        at = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age_seconds, UTC)
        apps.get_model("clearance", "EngineCursor").objects.create(id=1, at=at, **place)
    with watching.connect() as connection:
        assert watching.engine_is_well(connection) is well


def test_a_heart_outlives_a_database_that_is_away(
    database: str, wait_until: WaitUntil, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(watching, "COUNT_SECONDS", 0.05)
    with watching.heart("intake"):
        assert wait_until(lambda: parts_seen() == {"intake", "database"})
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and usename = current_user"
            )
            connection.execute("delete from portal_beat")
            # Still connected: a database that nobody uses looks like what a killed process left.
            assert wait_until(lambda: parts_seen() == {"intake", "database"})
