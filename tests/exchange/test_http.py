"""Messages over HTTP, through a real socket, into a real database: taken means durable, and every error is told."""

from __future__ import annotations

import hashlib
import http.client
import random
import stat
import threading
import zipfile
from collections.abc import Callable
from io import BytesIO

import psycopg
import pytest
from django.conf import settings
from lxml import etree

from exchange.conftest import Firms
from exchange.door import MESSAGES, Door, zipped
from silkgate.site.traffic.messages import write_envelope
from silkgate.standards.netstrings import as_netstrings

XML, ZIP, NETSTRINGS = "application/xml", "application/zip", "application/vnd.silkgate.netstrings"


@pytest.fixture
def door(firms: Firms, live_server: str) -> Door:
    return Door(live_server)


def kept(database: str) -> list[tuple[int, bytes]]:
    """What the inbox holds: number and SHA-256, in the recorded order."""
    with psycopg.connect(database) as connection:
        rows = connection.execute("select id, sha256 from exchange_message order by id").fetchall()
    return [(number, bytes(digest)) for number, digest in rows]


def digests(raws: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(raw).digest() for raw in raws]


# --- What is taken -----------------------------------------------------------------------------------------------


def test_one_message(firms: Firms, door: Door, database: str) -> None:
    (raw,) = firms.orders(firms.platforms()[0], 1, per_message=3)
    (taken,) = door.post(raw).taken()
    number, digest = kept(database)[0]
    assert digests([raw]) == [digest]
    name = f"{number}-{digest.hex()[:16]}"
    assert taken == {
        "id": name,
        "sha256": digest.hex(),
        "kind": "CEB311Message",
        "guid": etree.fromstring(raw).get("guid"),
        "documents": 3,
        "refusal": "",
        "href": f"{MESSAGES}/{name}",
        "receipts": f"{MESSAGES}/{name}/receipts",
    }
    assert door.get(f"{taken['href']}/content").body == raw


def test_media_types_of_one_message(firms: Firms, door: Door) -> None:
    for kind in (XML, "text/xml", "application/octet-stream", "", "Application/XML; charset=utf-8"):
        (raw,) = firms.orders(firms.platforms()[0], 1)
        assert [taken["kind"] for taken in door.post(raw, kind).taken()] == ["CEB311Message"], kind


def test_an_envelope_is_one_message_and_its_bytes_are_kept_whole(
    firms: Firms, door: Door, decide: Callable[[], int]
) -> None:
    sender = firms.zone.enterprise(firms.platforms()[0])
    (raw,) = firms.orders(sender.code, 1)
    envelope = write_envelope(raw, "CEB311Message", sender, "0" * 36, firms.zone.as_of)
    (taken,) = door.post(envelope).taken()
    assert (taken["kind"], taken["refusal"]) == ("CEB311Message", "")
    assert door.get(f"{taken['href']}/content").body == envelope
    assert decide() == 1
    (again,) = door.post(raw).taken()  # the same business message, out of its envelope
    assert decide() == 1
    assert door.receipts(again) == door.receipts(taken)


@pytest.mark.parametrize("way", ["netstrings", "zip", "multipart", "zip and message in multipart"])
def test_many_messages_in_one_request_keep_their_order(firms: Firms, door: Door, database: str, way: str) -> None:
    raws = [raw for code in firms.platforms()[:3] for raw in firms.orders(code, 3)]
    random.Random(1).shuffle(raws)
    archive = zipped((f"{number:03d}.xml", raw) for number, raw in enumerate(raws[:-1]))
    if way == "zip":
        answer = door.post(zipped((f"{number:03d}.xml", raw) for number, raw in enumerate(raws)), ZIP)
    elif way == "netstrings":
        answer = door.post(as_netstrings(raws), NETSTRINGS)
    elif way == "multipart":
        answer = door.post_parts(raws)
    else:
        answer = door.post_parts([archive, raws[-1]])
    taken = answer.taken()
    assert [item["sha256"] for item in taken] == [digest.hex() for digest in digests(raws)]
    assert [digest for _, digest in kept(database)] == digests(raws)
    assert [item["id"].partition("-")[0] for item in taken] == [str(number) for number, _ in kept(database)]


# --- What comes of it --------------------------------------------------------------------------------------------


def test_receipts_follow_the_decision(firms: Firms, door: Door, decide: Callable[[], int]) -> None:
    taken = [item for raw in firms.parcel() for item in door.post(raw).taken()]
    assert [door.receipts(item) for item in taken] == [(False, [])] * 4
    assert decide() == 4
    kinds = {item["kind"]: [receipt["kind"] for receipt in door.receipts(item)[1]] for item in taken}
    assert kinds == {
        "CEB311Message": ["CEB312Message"],
        "CEB411Message": ["CEB412Message"],
        "CEB511Message": ["CEB512Message"],
        "CEB621Message": ["CEB622Message", "CEB816Message"],
    }
    for item in taken:
        decided, receipts = door.receipts(item)
        assert decided
        assert all(receipt["kind"] in receipt["xml"] for receipt in receipts)


@pytest.mark.parametrize("decided_between", [True, False], ids=["answered already", "not answered yet"])
def test_the_same_message_again_gets_the_same_receipts(
    firms: Firms, door: Door, decide: Callable[[], int], database: str, decided_between: bool
) -> None:
    raw = firms.parcel()[0]
    (first,) = door.post(raw).taken()
    if decided_between:
        decide()
    (second,) = door.post(raw).taken()
    decide()
    assert first["id"] != second["id"]
    assert door.receipts(second) == door.receipts(first)
    assert len(door.receipts(first)[1]) == 1
    with psycopg.connect(database) as connection:
        outcomes = connection.execute("select outcome from exchange_answer order by message_id").fetchall()
    assert outcomes == [("accepted",), ("duplicate",)]


def test_the_same_guid_with_other_bytes_is_told_apart(firms: Firms, door: Door, decide: Callable[[], int]) -> None:
    (raw,) = firms.orders(firms.platforms()[0], 1)
    door.post(raw).taken()
    (other,) = door.post(raw.replace(b"Message>", b"Message >")).taken()
    decide()
    (receipt,) = door.receipts(other)[1]
    assert "message.guid_reused" in receipt["xml"]


def test_a_message_is_found_by_its_whole_name_only(firms: Firms, door: Door) -> None:
    first, second = (door.post(raw).taken()[0]["id"] for raw in firms.orders(firms.platforms()[0], 2))
    number, _, digest = first.partition("-")
    for name in (
        number,
        f"{number}-",
        f"{number}-{second.partition('-')[2]}",
        f"{number}-{digest[:-1]}",
        f"{number}-{digest}0",
        f"{number}-{'_' * 16}",
        f"{number}-{'%' * 16}",
        f"{int(number) + 7}-{digest}",
        f"-{digest}",
        f"9{'9' * 30}-{digest}",
        f"٣-{digest}",
        "nothing",
        "..%2F..%2Fetc%2Fpasswd",
    ):
        for what in ("receipts", "content"):
            assert door.get(f"{MESSAGES}/{name.encode('unicode_escape').decode()}/{what}").status == 404, name
    assert door.get(f"{MESSAGES}/{first}/content").status == 200
    assert door.get(f"{MESSAGES}/{number}-{'0' * 16}/receipts").problem() == "exchange.no_message"


# --- What is not taken -------------------------------------------------------------------------------------------


def test_other_media_types_are_415(door: Door, database: str) -> None:
    for kind in ("application/json", "text/html", "application/x-www-form-urlencoded", "nonsense"):
        answer = door.post(b"<a/>", kind)
        assert (answer.status, answer.problem()) == (415, "exchange.media_type"), kind
    assert kept(database) == []


def test_nothing_in_the_request_is_400(door: Door) -> None:
    for answer in (door.post(b""), door.post(zipped([]), ZIP), door.post_parts([b""]), door.post_parts([])):
        assert (answer.status, answer.problem()) == (400, "exchange.empty")


def test_more_messages_than_a_request_may_carry_are_400(door: Door, database: str) -> None:
    answer = door.post_parts(b"<a>%d</a>" % number for number in range(1_001))
    assert (answer.status, answer.problem()) == (400, "exchange.too_many")
    assert kept(database) == []


def test_a_body_above_the_limit_is_413(door: Door, database: str) -> None:
    connection = http.client.HTTPConnection(door.host, door.port, timeout=30)
    connection.putrequest("POST", MESSAGES)
    connection.putheader("Content-Type", XML)
    connection.putheader("Content-Length", str(settings.MAX_REQUEST_BODY_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413  # told before the body was sent
    connection.close()
    assert kept(database) == []


def test_a_message_above_the_size_limit_is_kept_and_answered(
    firms: Firms, door: Door, decide: Callable[[], int], database: str
) -> None:
    """The limit of one message is a rule of intake with a receipt; the limit of a request is the server's."""
    raw = firms.orders(firms.platforms()[0], 1)[0] + b" " * 10_485_760
    (taken,) = door.post(raw).taken()
    assert taken["refusal"] == "format.size"
    assert [digest for _, digest in kept(database)] == digests([raw])
    decide()
    assert [receipt["kind"] for receipt in door.receipts(taken)[1]] == ["CEB900Message"]


def test_broken_netstrings_are_told(firms: Firms, door: Door, database: str) -> None:
    (raw,) = firms.orders(firms.platforms()[0], 1)
    whole = as_netstrings([raw])
    for body, code in (
        (whole[:-1], "exchange.netstrings"),
        (whole + b"x", "exchange.netstrings"),
        (raw, "exchange.netstrings"),
        (b"0:,", "exchange.empty"),
        (b"", "exchange.empty"),
        (as_netstrings([b"x"] * 1_001), "exchange.too_many"),
    ):
        answer = door.post(body, NETSTRINGS)
        assert (answer.status, answer.problem()) == (400, code), body[:20]
    assert not kept(database)


def test_broken_multipart_is_told(door: Door, database: str) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        for body in (b"", b"no part", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data"):
            answer = door.post(body, kind)
            assert (answer.status, answer.problem()) in ((400, "exchange.multipart"), (400, "exchange.empty"))
    assert kept(database) == []


def bomb() -> bytes:
    return zipped([("bomb.xml", b"<a>" + b" " * 15_000_000 + b"</a>")])


def linked() -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("link.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return made.getvalue()


HOSTILE_ARCHIVES = {
    "bomb": bomb(),
    "members": zipped([(f"{number}.xml", b"<a/>") for number in range(1_001)]),
    "zip-slip": zipped([("../../outside.xml", b"<a/>")]),
    "absolute": zipped([("/etc/outside.xml", b"<a/>")]),
    "nested": zipped([("inner.zip", zipped([("a.xml", b"<a/>")]))]),
    "link": linked(),
    "cut": zipped([("a.xml", b"<a/>")])[:-5],
    "prefixed": b"<a/>" + zipped([("a.xml", b"<a/>")]),
    "same name": zipped([("a.xml", b"<a/>"), ("A.xml", b"<b/>")]),
    "no archive": b"not a zip",
}


def test_hostile_archives_are_refused_whole(door: Door, database: str) -> None:
    for name, archive in HOSTILE_ARCHIVES.items():
        answers = [door.post(archive, ZIP)]
        if archive.startswith(b"PK"):  # a part that is no archive is a message
            answers.append(door.post_parts([b"<good/>", archive]))
        for answer in answers:
            assert (answer.status, answer.problem()) == (400, "format.archive"), name
    assert kept(database) == []


# --- Many at once ------------------------------------------------------------------------------------------------

SENDERS, EACH = 8, 12


def test_all_that_was_acknowledged_is_in_the_inbox_in_one_order(
    firms: Firms, door: Door, database: str, decide: Callable[[], int]
) -> None:
    """Eight threads post at once, messages one by one and several together; each one's order is kept."""
    codes = firms.platforms()
    work = [firms.orders(codes[number % len(codes)], EACH) for number in range(SENDERS)]
    acknowledged: list[list[str]] = [[] for _ in range(SENDERS)]
    failures: list[BaseException] = []

    def post(number: int) -> None:
        try:
            raws = work[number]
            for start in range(0, EACH, 1 + number % 3):
                piece = raws[start : start + 1 + number % 3]
                answer = door.post(piece[0]) if len(piece) == 1 else door.post_parts(piece)
                acknowledged[number].extend(item["id"] for item in answer.taken())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    inbox = kept(database)
    named = {f"{number}-{digest.hex()[:16]}": place for place, (number, digest) in enumerate(inbox)}
    assert sorted(named) == sorted(name for names in acknowledged for name in names)
    for number, names in enumerate(acknowledged):
        places = [named[name] for name in names]
        assert places == sorted(places)
        assert [inbox[place][1] for place in places] == digests(work[number])
    assert decide() == SENDERS * EACH
