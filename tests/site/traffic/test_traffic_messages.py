"""Made messages pass the official schema, are in plain form, and are signed so that their signatures verify."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

from silkgate.site.traffic import samples
from silkgate.site.traffic.documents import (
    LAYOUTS,
    Document,
    plain_declaration,
    plain_order,
    plain_payment,
    plain_waybill,
    render,
)
from silkgate.site.traffic.keys import sign_plain
from silkgate.site.traffic.messages import Traffic, messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone
from silkgate.standards import safexml
from silkgate.standards.ceb.catalogue import MESSAGES
from silkgate.standards.ceb.read import Reader
from silkgate.standards.ceb.recognise import Recogniser
from silkgate.standards.dxp import unwrap
from silkgate.standards.xmldsig import Verdict, verify

SPECIMENS = Path(__file__).parents[2] / "specimens"
INVT_NO = "46122026I000000001"
EVERY_KIND: dict[str, Callable[[], Document]] = {
    "311": samples.order,
    "411": samples.payment,
    "511": samples.waybill,
    "513": samples.waybill_status,
    "621": samples.declaration,
    "623": lambda: samples.cancel(INVT_NO),
    "625": lambda: samples.return_request(INVT_NO),
    "711": samples.delivery,
}
WANTED = {
    code: (
        [field.name for field in MESSAGES[code].head_fields],
        [field.name for field in MESSAGES[code].line_fields],
    )
    for code in EVERY_KIND
}


@cache
def official_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SPECIMENS / "ceb" / "xsd" / "import-202205.xsd"))


def check(raw: bytes) -> None:
    """Valid, and read the same by the quick reader of plain form and by the reference."""
    root = safexml.parse(raw)
    assert official_schema().validate(root), official_schema().error_log
    quick = Recogniser(WANTED).recognise(raw)
    assert quick is not None
    assert quick.documents == Reader(WANTED).read(root).documents


@pytest.mark.parametrize("code", EVERY_KIND)
def test_every_kind_is_valid_and_plain(code: str) -> None:
    check(samples.message(code, None, [EVERY_KIND[code]()]))


def test_a_declaration_of_direct_mode_is_valid_and_plain() -> None:
    check(samples.message("621", None, [samples.declaration(bonded=False)]))


@pytest.mark.parametrize("per_message", [1, 100])
def test_generated_messages_are_valid_and_plain(per_message: int) -> None:
    zone = samples.zone()
    for item in messages(islice(Parcels(zone, faults=0.5, scarce=0.1, dear=0.1), 120), zone, per_message=per_message):
        check(item.raw)


def test_documents_are_written_the_same_way_quickly_and_carefully() -> None:
    for parcel in islice(Parcels(samples.zone(), faults=0.5), 100):
        assert plain_order(parcel.order) == render(parcel.order)
        assert plain_payment(parcel.payment) == render(parcel.payment)
        assert plain_waybill(parcel.waybill) == render(parcel.waybill)
        assert plain_declaration(parcel.declaration) == render(parcel.declaration)


def test_what_is_none_is_left_out_and_what_is_special_is_escaped() -> None:
    text = render(samples.order(buyer_name="A & <B>", pay_code=None)).decode()
    assert "<ceb:buyerName>A &amp; &lt;B&gt;</ceb:buyerName>" in text
    assert "payCode" not in text


def test_a_sample_differs_in_what_was_said_and_nothing_else() -> None:
    assert samples.order(3) == samples.order(3)
    changed = samples.order(3, actural_paid="99.99")
    assert [a for a, b in zip(samples.order(3), changed, strict=True) if a != b] == ["100.00"]


def test_the_guid_of_a_sample_message_follows_from_its_content() -> None:
    def guid(document: Document) -> bytes:
        return samples.message("311", None, [document])[:300].split(b'guid="')[1][:36]

    assert guid(samples.order(1)) == guid(samples.order(1)) != guid(samples.order(2))
    assert re.fullmatch(rb"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", guid(samples.order()))


@pytest.mark.parametrize("kind", ["rsa", "sm2"])
@pytest.mark.parametrize("canonical", [True, False])
def test_a_signature_verifies_with_the_filed_certificate_and_no_other(kind: str, canonical: bool) -> None:
    zone = samples.zone()
    agent, other = (next(firm for firm in zone.in_role("agent") if firm.key == k) for k in (kind, "rsa"))
    declaration = samples.declaration(agent_code=agent.code, agent_name=agent.name)
    raw = samples.message("621", agent, [declaration])
    filed = [zone.key(agent.code).certificate]
    assert verify(raw, filed, canonical=canonical) is Verdict.VALID
    assert verify(raw.replace(b"100.00", b"100.01"), filed, canonical=canonical) is Verdict.INVALID
    stolen = sign_plain(samples.message("621", agent, [declaration], sign=False), zone.key("41019600E1"), other.key)
    assert verify(stolen, filed, canonical=canonical) is Verdict.CERTIFICATE


@pytest.mark.parametrize("code", ["623", "625", "711"])
def test_what_must_be_signed_is_signed(code: str) -> None:
    document = EVERY_KIND[code]()
    sender = getattr(document, "operator_code", "") or getattr(document, "agent_code", "")
    filed = [samples.zone().key(sender).certificate]
    assert verify(samples.message(code, None, [document]), filed) is Verdict.VALID
    assert verify(samples.message(code, None, [document], sign=False), filed) is Verdict.ABSENT


def test_messages_are_full_and_of_one_sender_who_is_party_to_every_document() -> None:
    zone = samples.zone()
    party = {
        "311": ("ebp_code", "ebc_code"),
        "411": ("pay_code",),
        "511": ("logistics_code",),
        "621": ("agent_code", "ebc_code"),
    }
    found: dict[str, int] = dict.fromkeys(party, 0)
    for item in messages(islice(Parcels(zone), 300), zone, per_message=10, sign=False):
        code = item.kind[3:6]
        root = safexml.parse(item.raw)
        documents = [
            child for child in root if etree.QName(child).localname == LAYOUTS[type(EVERY_KIND[code]())].element
        ]
        assert len(documents) == item.documents <= 10
        assert root.findtext("{*}BaseTransfer/{*}copCode") == item.sender
        for document in documents:
            names = ["".join(w.capitalize() if n else w for n, w in enumerate(f.split("_"))) for f in party[code]]
            assert item.sender in [document.findtext(f".//{{*}}{name}") for name in names]
        found[code] += len(documents)
    missing = sum(bool(parcel.missing) for parcel in islice(Parcels(zone), 300))
    assert found["621"] == 300
    assert sum(found.values()) == 1_200 - missing


def place(traffic: list[Traffic], code: str, key: str) -> int:
    return next(n for n, item in enumerate(traffic) if item.kind == f"CEB{code}Message" and key.encode() in item.raw)


def test_a_late_companion_comes_after_its_declaration_and_a_missing_one_never() -> None:
    zone = samples.zone()
    parcels = list(islice(Parcels(zone, faults=0.2, late=0.3, only=["waiting.order"]), 60))
    traffic = list(messages(parcels, zone, per_message=1, sign=False, late_by=5))
    late = [parcel for parcel in parcels if parcel.late == "order"]
    missing = [parcel for parcel in parcels if parcel.missing == "order"]
    assert late
    assert missing
    for parcel in late:
        assert place(traffic, "311", parcel.order.order_no) > place(traffic, "621", parcel.order.order_no)
    sent = b"".join(item.raw for item in traffic if item.kind == "CEB311Message")
    assert not any(parcel.order.order_no.encode() in sent for parcel in missing)


def test_an_envelope_holds_the_message_as_it_was_signed() -> None:
    zone = samples.zone()
    parcels = [samples.parcel(n) for n in range(1, 4)]
    bare = list(messages(parcels, zone, per_message=1, enveloped=0.0, sign=False))
    for item in messages(parcels, zone, per_message=1, enveloped=1.0, sign=False):
        envelope = unwrap(safexml.parse(item.raw))
        assert envelope.msg_type == item.kind
        assert envelope.sender_id == zone.enterprise(item.sender).dxp_id
        body = envelope.data.split(b'version="1.0">', 1)[1]
        assert body in [other.raw.split(b'version="1.0">', 1)[1] for other in bare]


def test_the_same_arguments_give_the_same_bytes() -> None:
    def run(seed: int) -> list[bytes]:
        zone = Zone(seed=seed)
        return [
            item.raw for item in messages(islice(Parcels(zone, seed), 40), zone, per_message=10, seed=seed, sign=False)
        ]

    assert run(3) == run(3)
    assert not set(run(3)) & set(run(4))
