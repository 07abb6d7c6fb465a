"""Sentences of contract §2 that the example cases do not show, one situation each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import keys, messages, signatures, zone
from .parcels import again, cancel, line, parcel, signed_for, stored_in, with_item
from .situations import COMPANIONS, FIRST, SECOND, answers, changed, last, new, outcome_of, send_parcel, states
from .zone import AGENT, AGENT_SM2, CARRIER, PLATFORM, SHOP, CaseWriter

ORDER = parcel(1)["311"]
PAYMENT = parcel(1)["411"]
WAYBILL = parcel(1)["511"]
DECLARATION = parcel(1)["621"]
GUID = "0A000000-0000-4000-8000-00000000000A"


def replaced(old: bytes, fresh: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, fresh, 1)

    return change


# --- Item 2: what can be read --------------------------------------------------------------------------------------


def without_documents(data: bytes) -> bytes:
    return data[: data.index(b"  <ceb:Order>")] + data[data.index(b"  <ceb:BaseTransfer>") :]


def wrapped(data: bytes, message_type: str = "CEB311Message") -> bytes:
    return messages.enveloped(data, zone.dxp_id_of(PLATFORM), message_type)


UNREADABLE: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("nothing", lambda data: b"", "format.xml"),
    ("not XML", lambda data: b"order no. 1", "format.xml"),
    ("cut off", lambda data: data[:-10], "format.xml"),
    ("more after the end", lambda data: data + b"<more/>", "format.xml"),
    ("a DTD", replaced(b"<ceb:CEB", b"<!DOCTYPE x><ceb:CEB"), "format.xml"),
    ("a receipt", lambda data: data.replace(b"CEB311Message", b"CEB312Message"), "format.unknown"),
    ("another vocabulary", lambda data: b"<Invoice xmlns='urn:x'/>", "format.unknown"),
    ("no namespace", lambda data: b"<CEB311Message guid='x' version='1.0'/>", "format.unknown"),
    ("no document", without_documents, "format.schema"),
    ("a short guid", replaced(GUID.encode(), b"1"), "format.schema"),
    ("six decimals", replaced(b"<ceb:qty>1<", b"<ceb:qty>1.000001<"), "format.schema"),
    ("no number", replaced(b"<ceb:qty>1<", b"<ceb:qty><"), "format.schema"),
    ("a field unknown", replaced(b"<ceb:qty>", b"<ceb:colour>red</ceb:colour><ceb:qty>"), "format.schema"),
    ("an envelope in an envelope", lambda data: wrapped(wrapped(data)), "format.unknown"),
    ("an envelope of a DTD", lambda data: wrapped(b"<!DOCTYPE x><x/>"), "format.xml"),
    ("an envelope without its type", lambda data: wrapped(data, "y" * 31), "format.schema"),
]


@pytest.mark.parametrize(("name", "change", "reason"), UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_what_cannot_be_read(tmp_path: Path, name: str, change: Callable[[bytes], bytes], reason: str) -> None:
    writer = new(tmp_path)
    good = writer.message([ORDER], guid=GUID)
    writer.put(change(good))
    writer.put(good)
    assert answers(outcome_of(writer)) == [f"rejected {reason}", "accepted"], "and it has not claimed the guid"


@pytest.mark.parametrize(("spare_bytes", "expected"), [(0, "accepted"), (-1, "rejected format.size")])
def test_the_size_limit_comes_before_parsing(tmp_path: Path, spare_bytes: int, expected: str) -> None:
    writer = new(tmp_path)
    data = writer.message([ORDER])
    writer.policy = {"max_message_bytes": len(data) + spare_bytes}
    writer.put(data)
    writer.put(b"<" * (len(data) + 1))
    assert answers(outcome_of(writer)) == [expected, "rejected format.size"]


@pytest.mark.parametrize(("count", "expected"), [(100, "accepted"), (101, "rejected format.schema")])
def test_a_hundred_documents_are_enough(tmp_path: Path, count: int, expected: str) -> None:
    writer = new(tmp_path)
    writer.send(*(parcel(number)["411"] for number in range(1, count + 1)))
    assert last(outcome_of(writer)) == expected


def test_comments_do_not_change_a_message(tmp_path: Path) -> None:
    writer = new(tmp_path)
    data = writer.message([ORDER])
    writer.put(data.replace(b"<ceb:buyerName>", b"<!-- b --><ceb:buyerName><!-- c -->"))
    send_parcel(writer, parcel(1), ("411", "511"))
    assert states(outcome_of(writer)) == {"1": "800"}


def test_processing_instructions_are_refused(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.put(writer.message([ORDER]).replace(b"<ceb:buyerName>", b"<?x y?><ceb:buyerName>"))
    assert last(outcome_of(writer)) == "rejected format.xml"


# --- Item 3: the same again ----------------------------------------------------------------------------------------


def test_the_same_bytes_are_a_duplicate_in_and_out_of_an_envelope(tmp_path: Path) -> None:
    writer = new(tmp_path)
    data = writer.message([ORDER])
    writer.put(data)
    writer.put(messages.enveloped(data, zone.dxp_id_of(PLATFORM), "CEB311Message"))
    writer.put(data.replace(b"</ceb:CEB311Message>", b"</ceb:CEB311Message >"))
    assert answers(outcome_of(writer)) == ["accepted", "duplicate", "rejected message.guid_reused"]


def test_a_guid_is_claimed_by_what_was_refused_later_and_per_type(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(ORDER, guid=GUID, sender="nobody")
    writer.send(ORDER, guid=GUID)
    writer.send(PAYMENT, guid=GUID)
    assert answers(outcome_of(writer)) == ["rejected party.unknown", "rejected message.guid_reused", "accepted"]


def test_a_refused_message_again_is_a_duplicate(tmp_path: Path) -> None:
    writer = new(tmp_path)
    data = writer.message([ORDER], sender="nobody")
    writer.put(data)
    writer.put(data)
    assert answers(outcome_of(writer)) == ["rejected party.unknown", "duplicate"]


# --- Item 4: signatures --------------------------------------------------------------------------------------------

STOLEN_NAME = {"key": keys.key(SHOP), "certificate": keys.key(AGENT)}
SIGNED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # name, document fields, how it is sent, answer
    ("rsa-sha256", {}, {}, "accepted"),
    ("rsa-sha1", {}, {"method": "rsa-sha1"}, "accepted"),
    ("sm2", {"agentCode": AGENT_SM2}, {}, "accepted"),
    ("sm2, none embedded", {"agentCode": AGENT_SM2}, {"embed": False}, "accepted"),
    ("none embedded", {}, {"embed": False}, "accepted"),
    ("none embedded, another's key", {}, {"embed": False, "key": keys.key(SHOP)}, "rejected sign.invalid"),
    ("another's key and certificate", {}, {"key": keys.key(SHOP)}, "rejected sign.certificate"),
    ("another's certificate", {}, {"certificate": keys.key(SHOP)}, "rejected sign.invalid"),
    ("another's key, one's own certificate", {}, STOLEN_NAME, "rejected sign.invalid"),
    ("the agent's for the shop's message", {}, {"sender": SHOP, "key": keys.key(AGENT)}, "rejected sign.certificate"),
    ("a part", {}, {"uri": "#x"}, "rejected sign.invalid"),
    ("no enveloped transform", {}, {"transforms": [signatures.C14N]}, "rejected sign.invalid"),
    ("no signature", {}, {"sign": False}, "rejected sign.missing"),
    ("no signature, and no party", {}, {"sign": False, "sender": CARRIER}, "rejected sign.missing"),
    ("no signature of an unknown sender", {}, {"sender": "nobody"}, "rejected party.unknown"),
    ("a draft needs none", {"appStatus": "1"}, {"sign": False}, "accepted"),
    ("a draft's is judged", {"appStatus": "1"}, {"key": keys.key(SHOP)}, "rejected sign.certificate"),
    ("nothing filed, one embedded", {}, {"sender": CARRIER, "key": keys.key(AGENT)}, "rejected sign.certificate"),
]


@pytest.mark.parametrize(("name", "fields", "options", "expected"), SIGNED, ids=[row[0] for row in SIGNED])
def test_signatures(tmp_path: Path, name: str, fields: dict[str, Any], options: dict[str, Any], expected: str) -> None:
    writer = new(tmp_path)
    writer.send(again(DECLARATION, **fields), **options)
    assert answers(outcome_of(writer)) == [expected]


@pytest.mark.parametrize(
    ("old", "fresh", "expected"),
    [
        (b"<ceb:packNo>1<", b"<ceb:packNo>2<", "rejected sign.invalid"),
        (b'guid="', b'  guid="', "accepted"),
        (b"\n  <ceb:BaseTransfer>", b"\n\n  <ceb:BaseTransfer>", "rejected sign.invalid"),
        (b"<ceb:note></ceb:note>", b"<ceb:note/>", "accepted"),
        (b"<ceb:packNo>1<", b"<ceb:packNo><!-- c -->1<", "accepted"),
        (b"<ds:KeyInfo>", b"<ds:KeyInfo><ds:KeyName>1</ds:KeyName>", "accepted"),
        (b"<ds:Transforms>", b"\n<ds:Transforms>", "rejected sign.invalid"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "rejected sign.invalid"),
        (b"TR/2001/REC-xml-c14n-20010315", b"2001/10/xml-exc-c14n#", "rejected sign.invalid"),
    ],
)
@pytest.mark.parametrize("agent", [AGENT, AGENT_SM2])
def test_a_signature_covers_the_bytes_up_to_canonical_form(
    tmp_path: Path, agent: str, old: bytes, fresh: bytes, expected: str
) -> None:
    writer = new(tmp_path)
    writer.put(replaced(old, fresh)(writer.message([again(DECLARATION, agentCode=agent)])))
    assert answers(outcome_of(writer)) == [expected]


@pytest.mark.parametrize(("key", "expected"), [(zone.PAYER, "accepted"), (SHOP, "rejected sign.certificate")])
def test_signatures_on_other_messages_are_judged_where_present(tmp_path: Path, key: str, expected: str) -> None:
    writer = new(tmp_path)
    writer.send(PAYMENT, key=keys.key(key))
    assert answers(outcome_of(writer)) == [expected]


# --- Item 5: senders -----------------------------------------------------------------------------------------------

OTHER_ORDER = again(parcel(2)["311"], ebpCode=zone.PLATFORM_2)


@pytest.mark.parametrize(
    ("documents", "sender", "expected"),
    [
        ([ORDER], SHOP, "accepted"),
        ([ORDER], zone.PAYER, "rejected party.sender"),
        ([ORDER, OTHER_ORDER], SHOP, "accepted"),
        ([ORDER, OTHER_ORDER], PLATFORM, "rejected party.sender"),
        ([WAYBILL], zone.CARRIER_2, "rejected party.sender"),
        ([signed_for(WAYBILL)], PLATFORM, "rejected party.sender"),
        ([signed_for(WAYBILL)], CARRIER, "accepted"),
        ([stored_in([WAYBILL])], zone.OPERATOR, "accepted"),
        ([stored_in([WAYBILL])], AGENT, "rejected party.sender"),
        ([DECLARATION], SHOP, "accepted"),
        ([DECLARATION], AGENT_SM2, "rejected party.sender"),
    ],
)
def test_senders(tmp_path: Path, documents: list[dict[str, Any]], sender: str, expected: str) -> None:
    writer = new(tmp_path)
    writer.send(*documents, sender=sender)
    outcome = outcome_of(writer)
    assert answers(outcome) == [expected]
    assert expected == "accepted" or not outcome.declarations


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"dxp_id": "DXPENT0000000000"}, "rejected party.sender"),
        ({"envelope": True, "sender_id": "DXPENT0000000000"}, "rejected party.sender"),
        ({"envelope": True}, "accepted"),
    ],
)
def test_addresses(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    writer = new(tmp_path)
    writer.send(ORDER, **options)
    assert answers(outcome_of(writer)) == [expected]


def test_where_no_address_is_filed_any_will_do_but_the_envelopes_is_the_same(tmp_path: Path) -> None:
    writer = new(tmp_path)
    for number, sender_id in ((1, "A"), (2, "B")):
        waybill = parcel(number, carrier=zone.CARRIER_2)["511"]
        writer.send(waybill, dxp_id="A", envelope=True, sender_id=sender_id)
    assert answers(outcome_of(writer)) == ["accepted", "rejected party.sender"]


# --- Item 6: documents ---------------------------------------------------------------------------------------------

DUPLICATE = {
    "311": "duplicate.order",
    "411": "duplicate.payment",
    "511": "duplicate.waybill",
    "621": "duplicate.declaration",
}


@pytest.mark.parametrize("kind", DUPLICATE)
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # appType, appStatus, appTime of each step; the answers
        ("1 2 50, 1 2 60", "accepted, duplicate"),
        ("1 2 50, 1 1 60", "accepted, duplicate"),
        ("1 2 50, 1 2 40", "accepted, duplicate"),
        ("1 2 50, 2 2 50, 2 2 49", "accepted, accepted, document.stale"),
        ("1 2 50, 3 2 49, 3 2 50, 1 2 10", "accepted, document.stale, accepted, accepted"),
        ("2 2 50, 3 2 50", "document.unknown, document.unknown"),
        ("1 1 50, 1 2 40, 1 2 60", "accepted, accepted, duplicate"),
        ("1 1 50, 1 1 40, 2 2 30, 2 2 20", "accepted, accepted, accepted, document.stale"),
        ("1 1 50, 3 2 40, 2 2 60", "accepted, accepted, document.unknown"),
        ("1 2 50, 2 1 60, 1 2 10", "accepted, accepted, accepted"),
        ("1 2 50, 3 1 60, 1 2 70", "accepted, accepted, duplicate"),
    ],
)
def test_new_changed_deleted_draft(tmp_path: Path, kind: str, steps: str, expected: str) -> None:
    writer = new(tmp_path)
    for step in steps.split(", "):
        app_type, status, at = step.split()
        time = f"202606180700{at}"
        writer.send(again(parcel(1)[kind], appType=app_type, appStatus=status, appTime=time))
    found = [
        answer.removeprefix("rejected ").replace(DUPLICATE[kind], "duplicate") for answer in answers(outcome_of(writer))
    ]
    assert ", ".join(found).replace(DUPLICATE[kind], "duplicate") == expected


@pytest.mark.parametrize("subject", [ORDER, DECLARATION, stored_in([WAYBILL])], ids=lambda subject: subject["kind"])
@pytest.mark.parametrize("status", ["1", "2"])
def test_repeated_item_numbers(tmp_path: Path, subject: dict[str, Any], status: str) -> None:
    writer = new(tmp_path)
    twice = [subject["items"][0], {**subject["items"][0], "gnum": "01"}]
    writer.send(again(subject, items=twice, appStatus=status))
    outcome = outcome_of(writer)
    assert answers(outcome) == ["rejected document.items"]
    assert not outcome.declarations


@pytest.mark.parametrize("kind", COMPANIONS)
def test_a_document_in_use_is_left_alone_until_the_declaration_is_cancelled(tmp_path: Path, kind: str) -> None:
    writer = new(tmp_path)
    subject = parcel(1, at=50)
    send_parcel(writer, subject)
    writer.send(again(subject[kind], appType="2", appTime="20260618070000"))
    writer.send(again(subject[kind], appType="3", appTime="20260618070100"))
    writer.send(cancel(subject["621"], FIRST))
    writer.send(again(subject[kind], appType="3", appTime="20260618070100"))
    assert answers(outcome_of(writer))[4:] == [
        "rejected document.in_use",
        "rejected document.in_use",
        "accepted",
        "accepted",
    ]


def test_a_payment_that_is_not_the_one_used_may_be_taken_back(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    spare = again(subject["411"], payTransactionId="spare")
    writer.send(spare)
    send_parcel(writer, subject)
    writer.send(again(spare, appType="3"))
    writer.send(again(subject["411"], appType="3"))
    assert answers(outcome_of(writer))[-2:] == ["accepted", "rejected document.in_use"]


def test_a_refused_declaration_binds_nothing(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = changed(parcel(1), "411", amountPaid="1")
    send_parcel(writer, subject)
    writer.send(again(parcel(1)["411"], appType="2"))
    writer.send(again(subject["621"], appTime="20260618070100"))
    assert states(outcome_of(writer)) == {"1": "800"}


@pytest.mark.parametrize("app_type", ["2", "3"])
@pytest.mark.parametrize(("price", "first"), [("100", "800"), ("6000.01", "-621005 limit.single")])
def test_a_declaration_that_waits_no_more_is_not_changed(tmp_path: Path, app_type: str, price: str, first: str) -> None:
    writer = new(tmp_path)
    subject = parcel(1, [line("nappies", "2", price)])
    send_parcel(writer, subject)
    writer.send(again(subject["621"], appType=app_type))
    outcome = outcome_of(writer)
    assert last(outcome) == "rejected document.in_use"
    assert states(outcome) == {"1": first}


def test_a_waiting_declaration_may_be_changed_deleted_and_made_a_draft(tmp_path: Path) -> None:
    writer = new(tmp_path)
    for number in (1, 2, 3, 4):
        writer.send(changed(parcel(number), "621", buyerName="x")["621"])
    writer.send(again(parcel(1)["621"], appType="2"))
    writer.send(again(parcel(2)["621"], appType="3"))
    writer.send(again(parcel(3)["621"], appType="2", appStatus="1"))
    writer.send(again(parcel(4)["621"], appType="2", agentCode=SHOP), sender=SHOP)
    for number in (1, 2, 3, 4):
        writer.send(*[parcel(number)["311"]])
        writer.send(*[parcel(number)["411"]])
        writer.send(*[parcel(number)["511"]])
    assert states(outcome_of(writer)) == {"1": "800", "3": "1", "4": "-10101 party.role"}


def test_declared_again_after_a_refusal_the_row_starts_empty(tmp_path: Path) -> None:
    writer = new(tmp_path)
    subject = parcel(1)
    send_parcel(writer, subject)
    writer.send(cancel(subject["621"], FIRST))
    writer.send(again(subject["621"], appTime="20260618080000", logisticsNo="elsewhere"))
    outcome = outcome_of(writer)
    assert outcome.declarations == [
        {
            "ebp_code": PLATFORM,
            "order_no": "D26060000001",
            "logistics_no": "elsewhere",
            "invt_no": "",
            "status": "2",
            "reasons": "waiting.waybill",
            "dutiable_value": "",
            "customs_tax": "",
            "value_added_tax": "",
            "consumption_tax": "",
        }
    ]


def test_documents_of_one_message_are_taken_in_one_after_the_other_and_cleared_together(tmp_path: Path) -> None:
    writer = new(tmp_path)
    one, two = parcel(1), parcel(2)
    for kind in COMPANIONS:
        writer.send(one[kind], two[kind])
    wrong = again(one["621"], buyerName="x")
    writer.send(
        wrong,
        again(two["621"], appStatus="1"),
        again(one["621"], appType="2"),
        two["621"],
        again(two["621"], buyerName="y"),
        with_item(again(one["621"], appType="2"), 1, gnum="7"),
        again(two["621"], appType="3", appTime="20260618060000"),
    )
    outcome = outcome_of(writer)
    assert last(outcome) == "accepted document.stale;duplicate.declaration"
    assert states(outcome) == {"1": "100 match.items", "2": "800"}


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (signed_for(WAYBILL), ["rejected document.unknown", "accepted", "accepted", "accepted", "accepted"]),
        (stored_in([WAYBILL]), ["rejected document.unknown", "accepted", "accepted", "accepted", "accepted"]),
    ],
)
def test_statuses_and_warehouse_lists_know_no_duplicate(
    tmp_path: Path, subject: dict[str, Any], expected: list[str]
) -> None:
    writer = new(tmp_path)
    for app_type in ("2", "1", "1", "2", "3"):
        writer.send(again(subject, appType=app_type))
    assert answers(outcome_of(writer)) == expected


def test_one_reason_of_several_documents_is_given_once(tmp_path: Path) -> None:
    writer = new(tmp_path)
    writer.send(parcel(1)["311"], parcel(2)["311"])
    writer.send(parcel(1)["311"], again(parcel(3)["311"], appType="2"), parcel(2)["311"])
    assert last(outcome_of(writer)) == "rejected document.unknown;duplicate.order"


def test_the_number_counts_acceptances(tmp_path: Path) -> None:
    writer: CaseWriter = new(tmp_path)
    send_parcel(writer, parcel(1))
    send_parcel(writer, changed(parcel(2), "621", buyerName="x"))
    send_parcel(writer, parcel(3))
    found = [row["invt_no"] for row in outcome_of(writer).declarations]
    assert found == [FIRST, "", SECOND]
