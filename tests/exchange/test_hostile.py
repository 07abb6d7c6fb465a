"""Hostile input through the real door: kept, answered with a coded receipt, and nothing of this machine in the answer.

The payloads are those of the parser's own tests (XA-01 to XA-34); here each goes the whole way, from the socket to the
receipt, and leaves its record. XA-35 to XA-39 (archives) and XA-44 are in `test_http`, XA-43 in the body guard's tests.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from lxml import etree

from clearance.rig import official_schema
from exchange.conftest import Firms
from exchange.door import Door
from silkgate.site.traffic.hostile import HOSTILE, hostile
from standards.safexml.payloads import HARMLESS, REFUSED, SIZE, TAKEN, XML, Place

SECRET = "the secret of this machine, 本机的秘密"
MAX_REPLY_BYTES = 100_000


class Attack(NamedTuple):
    """What payloads may try to reach, and whether they did."""

    place: Place
    reached: list[str]


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """A file with a secret in it, and a listening address that writes down who comes."""
    file: Path = tmp_path_factory.mktemp("secret") / "secret.txt"
    file.write_text(SECRET, encoding="utf-8")
    reached: list[str] = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_error(404)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield Attack(Place(file.as_uri(), f"http://127.0.0.1:{server.server_port}/dtd"), reached)
    server.shutdown()
    server.server_close()
    thread.join()


EXPECTED = {SIZE: {"format.size"}, XML: {"format.xml"}, TAKEN: {"format.schema", "format.unknown"}}
"""The parser hands harmless payloads on; none of them is a whole message, which the next stages say."""


def test_every_payload_is_kept_answered_and_recorded(
    firms: Firms, live_server: str, decide: Callable[[], int], database: str, attack: Attack
) -> None:
    door = Door(live_server)
    schema = official_schema()
    sent = []
    for payload in (*REFUSED, *HARMLESS):
        raw = payload.build(attack.place)
        if not raw:
            continue  # an empty body is no message: 400, as `test_http` says
        (taken,) = door.post(raw).taken()
        assert taken["refusal"] in EXPECTED[payload.expected], payload.id
        sent.append((payload, raw, taken))
    assert len(sent) > 60
    assert decide() == len(sent)
    for payload, _, taken in sent:
        decided, (receipt,) = door.receipts(taken)
        assert decided, payload.id
        assert receipt["kind"] == "CEB900Message", payload.id
        schema.assertValid(etree.fromstring(receipt["xml"].encode()))
        assert taken["refusal"] in receipt["xml"], payload.id
        assert SECRET not in receipt["xml"], payload.id
        assert len(receipt["xml"].encode()) < MAX_REPLY_BYTES, payload.id
    assert attack.reached == []
    with psycopg.connect(database) as connection:
        kept, answered, told = connection.execute(
            "select (select count(*) from exchange_message), (select count(*) from exchange_answer where outcome ="
            " 'rejected'), (select count(distinct subject_id) from journal_event where kind = 'message.refused')"
        ).fetchone() or (0, 0, 0)
    assert kept == answered == told == len(sent)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_made_hostile_messages(
    name: str, firms: Firms, live_server: str, decide: Callable[[], int], database: str
) -> None:
    """Tampered, unsigned, signed by others, sent by others: kept and answered, with the reason that was meant."""
    door = Door(live_server)
    made = hostile(firms.zone, name, firms.random)
    (taken,) = door.post(made.raw).taken()
    assert decide() == 1
    decided, receipts = door.receipts(taken)
    assert decided
    assert receipts
    assert all(made.reason in receipt["xml"] for receipt in receipts)
    with psycopg.connect(database) as connection:
        assert connection.execute("select outcome, reasons from exchange_answer").fetchall() == [
            (made.outcome, made.reason)
        ]
        assert connection.execute("select count(*) from clearance_order").fetchone() == (0,)


ODD = (
    "<script>alert(1)</script>",
    "=cmd|'/C calc'!A0",
    "Аррӏе\u202e\u200b",
    "'; drop table journal_event; --",
    "\\N\t\\.",
)


def test_odd_texts_in_fields_stay_texts(
    firms: Firms, live_server: str, decide: Callable[[], int], database: str
) -> None:
    """XA-30, XA-33, XA-34 in a message that is taken: what went in is what a receipt says, and nothing else happens."""
    door = Door(live_server)
    raw = firms.parcel()[0]
    order_no = etree.fromstring(raw).findtext(".//{*}orderNo") or ""
    for number, odd in enumerate(ODD):
        escaped = odd.replace("&", "&amp;").replace("<", "&lt;").replace("\t", "&#9;").encode()
        guid = f"0A000000-0000-4000-8000-{number:012d}"
        root = etree.fromstring(raw)
        changed = raw.replace(f">{order_no}<".encode(), b">" + escaped + b"<").replace(
            f'guid="{root.get("guid")}"'.encode(), f'guid="{guid}"'.encode()
        )
        (taken,) = door.post(changed).taken()
        assert taken["refusal"] == ""
        assert decide() == 1
        _, (receipt,) = door.receipts(taken)
        assert etree.fromstring(receipt["xml"].encode()).findtext(".//{*}orderNo") == odd
        assert etree.fromstring(receipt["xml"].encode()).findtext(".//{*}returnStatus") == "120"
    with psycopg.connect(database) as connection:
        stored = {row[0] for row in connection.execute("select order_no from clearance_order").fetchall()}
    assert stored == set(ODD)
