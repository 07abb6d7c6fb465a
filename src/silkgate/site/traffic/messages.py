"""Messages in plain form: documents under one sender, signed where they must be, and streams of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import NamedTuple

from silkgate.site.traffic.documents import (
    LAYOUTS,
    Document,
    plain_declaration,
    plain_order,
    plain_payment,
    plain_waybill,
    render,
)
from silkgate.site.traffic.drawing import Parcel
from silkgate.site.traffic.enterprises import Enterprise
from silkgate.site.traffic.keys import sign_plain
from silkgate.site.traffic.zone import Zone
from silkgate.standards.dxp import wrap

SIGNED = frozenset({"621", "623", "625", "711"})
"""Messages that must carry a signature when they declare."""
CUSTOMS_DXP_ID = "DXPEDCCEB0000002"

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ceb:CEB{code}Message xmlns:ceb="http://www.chinaport.gov.cn/ceb" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" guid="{guid}" version="1.0">
"""
_TAIL = """  <ceb:BaseTransfer>
    <ceb:copCode>{sender.code}</ceb:copCode>
    <ceb:copName>{sender.name}</ceb:copName>
    <ceb:dxpMode>DXP</ceb:dxpMode>
    <ceb:dxpId>{sender.dxp_id}</ceb:dxpId>
  </ceb:BaseTransfer>
</ceb:CEB{code}Message>"""


class Traffic(NamedTuple):
    """One message: `kind` as `CEB311Message`, its bytes, how many documents, who sends it, how it is to be taken in.

    `outcome` is accepted, duplicate or rejected; `reason` the slug where it is rejected.
    """

    kind: str
    raw: bytes
    documents: int
    sender: str
    outcome: str = "accepted"
    reason: str = ""


def new_guid(random: Random) -> str:
    """36 characters, letters upper case, of 122 random bits."""
    bits = random.getrandbits(122)
    return (
        f"{bits >> 90:08X}-{bits >> 74 & 0xFFFF:04X}-4{bits >> 62 & 0xFFF:03X}-"
        f"B{bits >> 48 & 0xFFF:03X}-{bits & 0xFFFFFFFFFFFF:012X}"
    )


def write_message(
    zone: Zone, code: str, sender: Enterprise, documents: Sequence[bytes], guid: str, sign: bool = True
) -> bytes:
    """The message around rendered documents; signed by its sender where its kind must be and `sign` says so."""
    head, tail = _HEAD.format(code=code, guid=guid), _TAIL.format(code=code, sender=sender)
    raw = b"".join((head.encode(), *documents, tail.encode()))
    return sign_plain(raw, zone.key(sender.code), sender.key) if sign and code in SIGNED else raw


def write_envelope(raw: bytes, kind: str, sender: Enterprise, guid: str, created: datetime) -> bytes:
    """`raw` in a DXP envelope from its sender to customs' import system."""
    return wrap(
        raw,
        cop_msg_id=guid,
        sender_id=sender.dxp_id,
        receiver_ids=[CUSTOMS_DXP_ID],
        created=created,
        msg_type=kind,
    )


class Senders:
    """Who sends which document: most orders come from platforms and most declarations from agents, some from shops."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self.orders = {shop.ebc.code: shop.ebc.code for shop in zone.shops if shop.sends_orders}
        self.declarations = {shop.ebc.code: shop.ebc.code for shop in zone.shops if shop.declares}

    def of(self, document: Document) -> Enterprise:
        """The enterprise that would send this document."""
        code = LAYOUTS[type(document)].code
        field = {"311": "ebp_code", "411": "pay_code", "511": "logistics_code", "513": "logistics_code"}.get(code)
        field = field or ("operator_code" if code == "711" else "agent_code")
        own = self.orders if code == "311" else self.declarations if code in ("621", "623", "625") else {}
        shop = own.get(getattr(document, "ebc_code", ""))
        return self._zone.enterprise(shop or getattr(document, field))


def message(
    zone: Zone,
    documents: Sequence[Document],
    *,
    sender: Enterprise | None = None,
    guid: str,
    sign: bool = True,
) -> bytes:
    """A message of documents of one kind, from the first one's sender where none is given."""
    body = [render(document) for document in documents]
    return write_message(
        zone, LAYOUTS[type(documents[0])].code, sender or Senders(zone).of(documents[0]), body, guid, sign
    )


def messages(
    parcels: Iterable[Parcel],
    zone: Zone,
    *,
    per_message: int = 100,
    seed: int = 1,
    sign: bool = True,
    enveloped: float = 0.0,
    late_by: int = 200,
    created: datetime | None = None,
) -> Iterator[Traffic]:
    """The messages that carry `parcels`, each sent when it is full and the rest at the end.

    `enveloped` is the share that travels in DXP envelopes, `created` their time. A late companion goes out `late_by`
    parcels later. The order within a parcel is 311, 411, 511, 621 as far as `per_message` lets it be seen.
    """
    writer = _Writer(zone, per_message, seed, sign, enveloped, created or zone.as_of)
    waiting: list[tuple[int, str, str, bytes]] = []
    orders, declarations = writer.senders.orders, writer.senders.declarations
    for count, parcel in enumerate(parcels):
        order, payment, waybill, declaration = parcel.order, parcel.payment, parcel.waybill, parcel.declaration
        parts = [
            ("311", orders.get(order.ebc_code, order.ebp_code), plain_order(order)),
            ("411", payment.pay_code, plain_payment(payment)),
            ("511", waybill.logistics_code, plain_waybill(waybill)),
            ("621", declarations.get(declaration.ebc_code, declaration.agent_code), plain_declaration(declaration)),
        ]
        if parcel.missing or parcel.late:
            held = parts.pop(_COMPANIONS.index(parcel.missing or parcel.late))
            if parcel.late:
                waiting.append((count + late_by, *held))
        while waiting and waiting[0][0] <= count:
            parts.append(waiting.pop(0)[1:])
        for part in parts:
            full = writer.add(*part)
            if full is not None:
                yield full
    for _, code, sender, text in waiting:
        full = writer.add(code, sender, text)
        if full is not None:
            yield full
    yield from writer.rest()


_COMPANIONS = ("order", "payment", "waybill")


class _Writer:
    """Collects rendered documents by kind and sender and writes a message when one is full."""

    def __init__(
        self, zone: Zone, per_message: int, seed: int, sign: bool, enveloped: float, created: datetime
    ) -> None:
        self.senders = Senders(zone)
        self._zone, self._per_message, self._sign, self._enveloped = zone, per_message, sign, enveloped
        self._created = created
        self._random = Random(f"messages:{zone.seed}:{seed}")  # noqa: S311 - repeatable is what is wanted
        self._open: dict[tuple[str, str], list[bytes]] = {}

    def add(self, code: str, sender: str, text: bytes) -> Traffic | None:
        """Takes a document; the message, where this one fills it."""
        texts = self._open.setdefault((code, sender), [])
        texts.append(text)
        return self._written(code, sender, texts) if len(texts) == self._per_message else None

    def rest(self) -> Iterator[Traffic]:
        """What is not full yet, declarations last."""
        for (code, sender), texts in sorted(self._open.items()):
            if texts:
                yield self._written(code, sender, texts)

    def _written(self, code: str, sender: str, texts: list[bytes]) -> Traffic:
        enterprise, guid, count = self._zone.enterprise(sender), new_guid(self._random), len(texts)
        raw = write_message(self._zone, code, enterprise, texts, guid, self._sign)
        texts.clear()
        kind = f"CEB{code}Message"
        if self._random.random() < self._enveloped:
            raw = write_envelope(raw, kind, enterprise, new_guid(self._random), self._created)
        return Traffic(kind, raw, count, sender)
