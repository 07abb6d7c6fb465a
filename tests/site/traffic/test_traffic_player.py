"""The player keeps its pace, waits for a service that is not there, and never repeats itself."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import pytest

from silkgate.kernel.clock import CHINA
from silkgate.site.traffic import samples
from silkgate.site.traffic.player import Mix, ServiceBusyError, day, first_number, http_sender, play
from silkgate.site.traffic.zone import Zone

START = datetime(2026, 11, 23, 9, tzinfo=CHINA)


@contextmanager
def service(port: int, statuses: list[int]) -> Iterator[list[tuple[str, str, bytes]]]:
    """A server that notes what it gets and answers with `statuses` in turn, then 202."""
    got: list[tuple[str, str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], body))
            self.send_response(statuses.pop(0) if statuses else 202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keys(start: datetime, parcels: int) -> set[tuple[bytes, ...]]:
    """Every guid and order number of the day's beginning."""
    played = day(Zone(), start, rate_per_second=3, seed=1, mix=Mix(duplicates=0), find_invt_no=None)
    raw = b"".join(item.raw for bundle in islice(played, parcels) for item in bundle if item.outcome == "accepted")
    return set(re.findall(rb'guid="([^"]{36})|<ceb:guid>(.{36})|<ceb:orderNo>([^<]+)', raw))


def test_a_later_run_repeats_no_key() -> None:
    assert not keys(START, 30) & keys(START + timedelta(seconds=1), 30)
    assert first_number(START + timedelta(seconds=1)) - first_number(START) == 1_000


def test_the_same_start_plays_the_same_day() -> None:
    assert keys(START, 20) == keys(START, 20)


def test_a_message_is_posted_as_it_is() -> None:
    port = free_port()
    raw = samples.message("311", None, [samples.order()])
    with service(port, []) as got:
        http_sender(f"http://127.0.0.1:{port}")(raw)
    assert got == [("/api/v1/messages", "application/xml", raw)]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_an_answer(status: int) -> None:
    port = free_port()
    with service(port, [status]):
        http_sender(f"http://127.0.0.1:{port}")(b"<x/>")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_service_is_asked_again(status: int) -> None:
    port = free_port()
    with service(port, [status]), pytest.raises(ServiceBusyError):
        http_sender(f"http://127.0.0.1:{port}")(b"<x/>")


def test_nobody_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="refused"):
        http_sender(f"http://127.0.0.1:{free_port()}")(b"<x/>")


def test_the_player_waits_for_the_service_and_loses_nothing() -> None:
    stop = threading.Event()
    tried: list[bytes] = []
    taken: list[bytes] = []

    def send(raw: bytes) -> None:
        tried.append(raw)
        if len(tried) <= 2:
            raise ConnectionRefusedError("not yet")
        taken.append(raw)
        if len(taken) == 20:
            stop.set()

    assert play(send, Zone(), 1_000, stop, seed=1, start=START) == 20
    assert tried[0] == tried[1] == taken[0]
    assert len(set(taken)) == len(taken)


def test_the_player_stops_while_nobody_answers() -> None:
    stop = threading.Event()

    def send(raw: bytes) -> None:
        stop.set()
        raise ConnectionRefusedError("never")

    assert play(send, Zone(), 1, stop, start=START) == 0
