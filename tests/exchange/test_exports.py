"""Export messages at the door: taken like those of import; the one that is not is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from lxml import etree

from exchange.conftest import Firms
from exchange.door import Door
from silkgate.exchange import api as exchange
from silkgate.exchange.documents import KINDS
from silkgate.exchange.domain import Found
from silkgate.site.traffic.messages import write_envelope
from silkgate.standards.ceb.catalogue import MESSAGES, NAMESPACE, MessageKind, kinds_of
from silkgate.standards.xmldsig import Certificate

SPECIMENS = Path(__file__).parents[1] / "specimens" / "ceb" / "export"
OFFICIAL = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "specimens" / "ceb" / "xsd" / "export-202205.xsd"))
SENT = [kind for kind in kinds_of("export") if kind.inbound]
TAKEN = [kind for kind in SENT if kind.code in exchange.EXPORTS]
NOT_YET = [kind for kind in SENT if kind.code in exchange.CHECKED]
BY_CUSTOMS = [kind for kind in MESSAGES.values() if not kind.inbound]


def sample(code: str) -> bytes:
    return (SPECIMENS / f"CEB{code}Message.xml").read_bytes()


def found(raw: bytes, *, checking: bool = False) -> Found:
    def none(code: str) -> tuple[Certificate, ...]:
        return ()

    return exchange.examine(raw, none, max_message_bytes=1 << 22, checking=checking).found


def test_every_message_is_taken_or_checked_or_sent_by_customs() -> None:
    assert set(exchange.EXPORTS) | set(exchange.CHECKED) == {kind.code for kind in SENT}
    assert set(KINDS) | set(exchange.CHECKED) | {kind.code for kind in BY_CUSTOMS} == set(MESSAGES)
    assert set(exchange.EXPORTS) < set(KINDS)
    assert not set(KINDS) & set(exchange.CHECKED)


@pytest.mark.parametrize("kind", NOT_YET, ids=lambda kind: kind.code)
def test_the_service_refuses_what_it_does_not_take_and_says_what_to_do(kind: MessageKind) -> None:
    answer = found(sample(kind.code))
    assert (answer.refusal, answer.kind, answer.code) == ("format.unknown", kind.root, "")
    assert (answer.documents, answer.document_count, answer.records()) == (b"", 0, [])
    assert answer.guid
    assert answer.excerpt
    for word in (kind.root, kind.name.zh, "暂不受理", "silkgate check", "测试台"):
        assert word in answer.detail_zh
    for word in (kind.root, kind.name.en, "is not taken by this zone's service yet", "silkgate check", "test bench"):
        assert word in answer.detail_en


@pytest.mark.parametrize("kind", BY_CUSTOMS, ids=lambda kind: kind.code)
@pytest.mark.parametrize("checking", [False, True])
def test_what_customs_sends_is_refused_whoever_reads(kind: MessageKind, checking: bool) -> None:
    """The receipts of export as those of import."""
    raw = f'<ceb:{kind.root} xmlns:ceb="{NAMESPACE}" guid="{"A" * 36}" version="1.0"/>'.encode()
    answer = found(raw, checking=checking)
    assert (answer.refusal, answer.kind, answer.guid) == ("format.unknown", kind.root, "A" * 36)
    assert answer.detail_zh == f"报文类型为{kind.root}"
    assert answer.detail_en == f"its kind is {kind.root}"


@pytest.mark.parametrize("kind", SENT, ids=lambda kind: kind.code)
def test_the_official_samples_are_read(kind: MessageKind) -> None:
    raw = sample(kind.code)
    root = etree.fromstring(raw)
    answer = found(raw, checking=kind in NOT_YET)
    assert (answer.refusal, answer.kind, answer.code) == ("", kind.root, kind.code)
    assert answer.sender == root.findtext(f".//{{{NAMESPACE}}}copCode")
    records = answer.records()
    assert answer.document_count == len(records) == len(root.findall(f"{{{NAMESPACE}}}{kind.document}")) == 10
    assert {record.app_status for record in records} <= {"1", "2"}
    numbered = [one for one in kind.line_fields if one.name == "gnum"]
    lines = [len(one.findall(f"{{{NAMESPACE}}}{kind.line}")) for one in root] if numbered else []
    assert [len(record.lines) for record in records if numbered] == lines[:10]


@pytest.mark.parametrize(
    ("code", "old", "new", "words"),
    [
        ("603", "<ceb:gcode>", "<ceb:gcode>1", "gcode"),
        ("603", "<ceb:fFlag>3", "<ceb:fFlag>1", "fFlag"),
        ("303", "<ceb:qty>", "<ceb:qty>a", "qty"),
        ("507", "<ceb:msgCount>", "<ceb:msgCount>x", "msgCount"),
        ("701", "<ceb:summaryFlag>1", "<ceb:summaryFlag>", "summaryFlag"),
    ],
)
def test_a_breach_of_the_schema_is_told(code: str, old: str, new: str, words: str) -> None:
    raw = sample(code)
    broken = raw.replace(old.encode(), new.encode(), 1)
    assert broken != raw
    answer = found(broken, checking=True)
    assert (answer.refusal, answer.kind) == ("format.schema", f"CEB{code}Message")
    assert words in answer.detail_zh
    assert words in answer.detail_en
    assert found(broken).refusal == ("format.unknown" if code in exchange.CHECKED else "format.schema")


def test_at_the_door_what_is_not_taken_is_kept_answered_with_a_900_and_changes_nothing_else(
    firms: Firms, live_server: str, database: str, decide: Callable[[], int]
) -> None:
    """Between the messages of a parcel, raw and in an envelope: the parcel is released as if it had come alone."""
    door = Door(live_server)
    sender = firms.zone.enterprise(firms.platforms()[0])
    order, *others = firms.parcel()
    enveloped = write_envelope(sample("701"), "CEB701Message", sender, "E" * 36, firms.zone.as_of)
    sent = [order, sample("701"), enveloped, sample("604"), *others]
    taken = [one for raw in sent for one in door.post(raw).taken()]
    assert [one["refusal"] for one in taken] == ["", *["format.unknown"] * 3, *[""] * len(others)]
    assert [one["kind"] for one in taken[1:4]] == [f"CEB{code}Message" for code in ("701", "701", "604")]
    assert decide() == len(sent)
    for raw, one in zip(sent, taken, strict=True):
        assert door.get(f"{one['href']}/content").body == raw
    for one, said in zip(taken[1:4], ("暂不受理", "暂不受理", "报文类型为CEB604Message"), strict=True):
        decided, receipts = door.receipts(one)
        assert decided
        (receipt,) = receipts
        assert receipt["kind"] == "CEB900Message"
        told = etree.fromstring(receipt["xml"].encode()).findtext(f".//{{{NAMESPACE}}}returnInfo") or ""
        assert told.startswith("[format.unknown] 不受理的报文：")
        assert said in told
        assert " / Message not taken: " in told
        outcome = door.get(one["href"]).json()
        assert (outcome["outcome"], outcome["reasons"]) == ("rejected", ["format.unknown"])
    with psycopg.connect(database) as connection:
        states = connection.execute("select state from clearance_declaration").fetchall()
    assert states == [("800",)]


@pytest.mark.parametrize("kind", TAKEN, ids=lambda kind: kind.code)
def test_official_samples_are_answered_with_the_receipt_of_their_kind(
    kind: MessageKind, firms: Firms, live_server: str, decide: Callable[[], int]
) -> None:
    """Their senders are filed nowhere here, which each of their ten documents is told."""
    door = Door(live_server)
    (one,) = door.post(sample(kind.code)).taken()
    assert (one["refusal"], one["kind"]) == ("", kind.root)
    assert decide() == 1
    decided, receipts = door.receipts(one)
    assert decided
    (receipt,) = receipts
    root = etree.fromstring(receipt["xml"].encode())
    assert etree.QName(root).localname == f"CEB{int(kind.code) + 1}Message"
    OFFICIAL.assertValid(root)
    told = [document.findtext(f"{{{NAMESPACE}}}returnInfo") or "" for document in root]
    assert len(told) == 10
    assert all(text.startswith("[party.unknown]") for text in told)
