"""The way of a document typed by hand: form, draft, signature, exchange, receipt."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from clearance.rig import connector
from drafts.made import FIRM, ORDER, posted
from silkgate.clearance import api as clearance
from silkgate.drafts.models import Draft
from silkgate.exchange import api as exchange
from silkgate.site.traffic.zone import Zone
from silkgate.standards.xmldsig import Method


def signature(zone: Zone, client: Client, number: int, firm: str = FIRM) -> bytes:
    """The value that the firm's own key gives for what the page lets one download."""
    octets = client.get(f"/drafts/{number}/signedinfo.xml")
    assert octets.status_code == 200, octets.content
    key = zone.key(firm)
    method = Method.SM2_SM3 if key.certificate.is_sm2 else Method.RSA_SHA256
    return key.value(method, octets.content)


def test_an_order_is_typed_signed_elsewhere_sent_and_answered(zone: Zone, clerk: Client, database: str) -> None:
    blank = clerk.get(f"/drafts/new?kind=311&organisation={FIRM}")
    assert blank.status_code == 200
    saved = clerk.post("/drafts/new", posted("311", ORDER, do="sign"))
    draft = Draft.objects.get()
    assert saved.status_code == 302, saved.content.decode()
    assert saved["Location"] == f"/drafts/{draft.pk}/sign"
    page = clerk.get(saved["Location"])
    assert page.status_code == 200
    value = signature(zone, clerk, draft.pk)
    import base64

    fingerprint = zone.key(FIRM).certificate.fingerprint
    sent = clerk.post(
        f"/drafts/{draft.pk}/send", {"certificate": fingerprint, "signature": base64.b64encode(value).decode()}
    )
    assert sent.status_code == 302, sent.content.decode()
    draft.refresh_from_db()
    assert draft.message_id is not None
    with clearance.Engine(connector(database), lambda: datetime.now(UTC)) as engine:
        engine.drain()
    stored = exchange.stored_message(draft.message_id)
    assert stored is not None
    assert stored.line.outcome == "accepted", stored
    shown = clerk.get(f"/drafts/{draft.pk}").content.decode()
    assert f"/messages/{draft.message_id}" in shown
    receipt = clerk.get(f"/messages/{draft.message_id}").content.decode()
    assert "CEB312" in receipt
