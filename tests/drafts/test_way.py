"""The way of documents typed by hand: form, draft, signature, exchange, receipt."""

from __future__ import annotations

import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, connections
from django.test import Client, override_settings

from drafts.made import FIRM, ORDER, changed, decide, posted, prepared, signature, trade
from identity.made import member
from silkgate.drafts import actions, queries
from silkgate.drafts.models import Draft
from silkgate.exchange import api as exchange
from silkgate.exchange.models import Message
from silkgate.identity import api as identity
from silkgate.identity.api import Actor
from silkgate.site.traffic.keys import certificate_pem, made_key
from silkgate.site.traffic.zone import Zone


def test_an_order_is_typed_signed_elsewhere_sent_and_answered(zone: Zone, clerk: Client, database: str) -> None:
    blank = clerk.get(f"/drafts/new?kind=311&organisation={FIRM}").content.decode()
    assert f'value="{FIRM}"' in blank
    draft = prepared(clerk, "311", ORDER)
    sent = clerk.post(f"/drafts/{draft.pk}/send", signature(zone.key(FIRM), clerk, draft.pk))
    assert sent.status_code == 302, sent.content.decode()
    draft.refresh_from_db()
    assert draft.message_id is not None
    decide(database)
    stored = exchange.stored_message(draft.message_id)
    assert stored is not None
    assert stored.line.outcome == "accepted"
    shown = clerk.get(f"/drafts/{draft.pk}").content.decode()
    assert f"/messages/{draft.message_id}" in shown
    assert "CEB312" in clerk.get(f"/messages/{draft.message_id}").content.decode()


def test_a_whole_trade_typed_by_hand_is_released(zone: Zone, database: str) -> None:
    for kind, (sender, content) in trade(zone).items():
        key = zone.key(FIRM) if sender == FIRM else made_key(sender, "rsa")
        if sender != FIRM:
            with connection.cursor() as cursor:
                identity.file_certificate(cursor, sender, certificate_pem(key))
        clerk = member(f"clerk-{sender}", sender, "declarant")
        draft = prepared(clerk, kind, content, organisation=sender)
        sent = clerk.post(f"/drafts/{draft.pk}/send", signature(key, clerk, draft.pk))
        assert sent.status_code == 302, sent.content.decode()
        # The receiver keeps certificates for a moment; a firm that has just filed one begins a new one.
        exchange.forget_shared_receiver()
    decide(database)
    with connection.cursor() as cursor:
        cursor.execute("select state, reasons from clearance_declaration")
        assert cursor.fetchall() == [("800", "")]


def test_two_clicks_send_once(zone: Zone, clerk: Client, database: str) -> None:
    draft = prepared(clerk, "311", ORDER)
    given = signature(zone.key(FIRM), clerk, draft.pk)
    fingerprint, value = given["certificate"], given["signature"].encode()
    sent: list[int | None] = []

    def click() -> None:
        done = actions.send(Actor("chen"), draft.pk, fingerprint, value, origin="", at=datetime.now(UTC))
        sent.append(done.message_id)
        connections.close_all()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert len(sent) == 4
    assert len(set(sent)) == 1
    assert Message.objects.count() == 1
    assert clerk.post(f"/drafts/{draft.pk}/send", given)["Location"] == f"/drafts/{draft.pk}"


def test_what_was_signed_and_not_taken_is_sent_again_as_it_is(zone: Zone, clerk: Client) -> None:
    draft = prepared(clerk, "311", ORDER)
    given = signature(zone.key(FIRM), clerk, draft.pk)
    # No disk is as large as this.
    with override_settings(MIN_FREE_DISK_BYTES=1 << 62):
        refused = clerk.post(f"/drafts/{draft.pk}/send", given)
    assert refused.status_code == 503
    assert "存储空间将满" in refused.content.decode()
    draft.refresh_from_db()
    assert draft.signed is not None
    assert draft.message_id is None
    assert clerk.post(f"/drafts/{draft.pk}", posted("311", ORDER, version="1"))["Location"] == f"/drafts/{draft.pk}"
    assert "再次发送" in clerk.get(f"/drafts/{draft.pk}").content.decode()
    number = ORDER.head["orderNo"]
    assert "已签名，未送达" in clerk.get("/drafts").content.decode().split("<tbody>")[1]
    assert [number in clerk.get(f"/drafts?state={state}").content.decode() for state in queries.STATES] == [
        state == queries.SIGNED for state in queries.STATES
    ]
    exchange.forget_shared_receiver()
    assert clerk.post(f"/drafts/{draft.pk}/send").status_code == 302
    assert number in clerk.get(f"/drafts?state={queries.SENT}").content.decode()
    again = Draft.objects.get(pk=draft.pk)
    with exchange.connect() as inbox:
        assert exchange.received_bytes(inbox, again.message_id or 0) == bytes(draft.signed)


def test_a_signature_that_does_not_fit_sends_nothing(zone: Zone, clerk: Client) -> None:
    draft = prepared(clerk, "311", ORDER)
    given = signature(zone.key(FIRM), clerk, draft.pk)
    for wrong, told in (
        ({"signature": ""}, "没有签名"),
        ({"signature": "AAAA"}, "签名与所选证书或本单证不符"),
        ({"certificate": "f" * 64}, "没有这张证书"),
        ({"signature": "A" * 5000}, "文件太大"),
    ):
        refused = clerk.post(f"/drafts/{draft.pk}/send", given | wrong)
        assert refused.status_code == 422
        assert told in refused.content.decode()
    assert not Message.objects.exists()
    # Changed after it was signed: the old signature is worth nothing.
    clerk.post(f"/drafts/{draft.pk}", posted("311", changed(ORDER, {"orderNo": "SL-2"}), version="1"))
    assert clerk.post(f"/drafts/{draft.pk}/send", given).status_code == 422
    assert not Message.objects.exists()


def test_openssl_signs_what_the_page_says(zone: Zone, clerk: Client, tmp_path: Path) -> None:
    draft = prepared(clerk, "311", ORDER)
    page = clerk.get(f"/drafts/{draft.pk}/sign").content.decode()
    command = "openssl dgst -sha256 -sign key.pem -out signature.bin signedinfo.xml"
    assert command in page
    (tmp_path / "key.pem").write_bytes(zone.key(FIRM).to_pem())
    (tmp_path / "signedinfo.xml").write_bytes(clerk.get(f"/drafts/{draft.pk}/signedinfo.xml").content)
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    with (tmp_path / "signature.bin").open("rb") as file:
        fingerprint = zone.key(FIRM).certificate.fingerprint
        sent = clerk.post(f"/drafts/{draft.pk}/send", {"certificate": fingerprint, "signature_file": file})
    assert sent.status_code == 302, sent.content.decode()


def test_an_sm2_key_signs_with_the_der_of_openssl(zone: Zone, clerk: Client, tmp_path: Path) -> None:
    key = made_key(FIRM, "sm2")
    with connection.cursor() as cursor:
        identity.file_certificate(cursor, FIRM, certificate_pem(key))
    draft = prepared(clerk, "311", ORDER)
    fingerprint = key.certificate.fingerprint
    page = clerk.get(f"/drafts/{draft.pk}/sign?certificate={fingerprint}").content.decode()
    command = (
        "openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678"
        " -inkey key.pem -in signedinfo.xml -out signature.bin"
    )
    assert command in page
    assert "data-sign " not in page
    (tmp_path / "key.pem").write_bytes(key.to_pem())
    octets = clerk.get(f"/drafts/{draft.pk}/signedinfo.xml?certificate={fingerprint}").content
    (tmp_path / "signedinfo.xml").write_bytes(octets)
    subprocess.run(command.split(), cwd=tmp_path, check=True)
    with (tmp_path / "signature.bin").open("rb") as file:
        sent = clerk.post(f"/drafts/{draft.pk}/send", {"certificate": fingerprint, "signature_file": file})
    assert sent.status_code == 302, sent.content.decode()


def test_a_firm_without_a_certificate_is_told_what_to_do(zone: Zone) -> None:
    clerk = member("wu", "41019800Y1", "declarant")
    sender, content = trade(zone)["411"]
    member("wu", sender, "declarant")
    draft = prepared(clerk, "411", content, organisation=sender)
    page = clerk.get(f"/drafts/{draft.pk}/sign").content.decode()
    assert "还没有可用的签名证书" in page
    assert "/certificates" in page
    assert clerk.get(f"/drafts/{draft.pk}/signedinfo.xml")["Location"] == f"/drafts/{draft.pk}/sign"


def test_a_copy_is_a_new_document(zone: Zone, clerk: Client, database: str) -> None:
    draft = prepared(clerk, "311", ORDER)
    clerk.post(f"/drafts/{draft.pk}/send", signature(zone.key(FIRM), clerk, draft.pk))
    made = clerk.post(f"/drafts/{draft.pk}/copy")
    copy = Draft.objects.exclude(pk=draft.pk).get()
    assert made["Location"] == f"/drafts/{copy.pk}"
    assert (copy.head, copy.lines) == (draft.head, draft.lines)
    assert copy.guid != draft.guid
    assert copy.document_guid != draft.document_guid
    assert clerk.post(f"/drafts/{draft.pk}/discard", {"version": draft.version}).status_code == 302
    assert Draft.objects.filter(pk=draft.pk).exists()
    assert clerk.post(f"/drafts/{copy.pk}/discard", {"version": copy.version}).status_code == 302
    assert not Draft.objects.filter(pk=copy.pk).exists()


def test_the_xml_of_a_draft_is_its_message(zone: Zone, clerk: Client) -> None:
    draft = prepared(clerk, "311", ORDER)
    given = clerk.get(f"/drafts/{draft.pk}.xml")
    assert given["Content-Disposition"] == f'attachment; filename="CEB311-draft-{draft.pk}.xml"'
    assert exchange.examine(given.content, lambda code: (), max_message_bytes=10**6).found.kind == "CEB311Message"
    bad = clerk.post("/drafts/new", posted("311", changed(ORDER, {"goodsValue": "x"})))
    number = int(bad["Location"].split("/")[2].split("?")[0])
    refused = clerk.get(f"/drafts/{number}.xml")
    assert refused.status_code == 409
    assert "商品价格应为数字" in refused.content.decode()


def test_old_drafts_are_listed_as_stale_and_stay(zone: Zone, clerk: Client) -> None:
    draft = prepared(clerk, "311", ORDER)
    Draft.objects.filter(pk=draft.pk).update(changed_at=datetime.now(UTC) - timedelta(days=31))
    assert ORDER.head["orderNo"] in clerk.get("/drafts?state=stale").content.decode()
    assert ORDER.head["orderNo"] not in clerk.get("/drafts?state=open").content.decode()
    assert Draft.objects.filter(pk=draft.pk).exists()
