"""Messages that must not get in, and streams with some of them among honest ones.

None of them touches a parcel of the stream: what is refused carries documents of its own or copies under a new guid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random

from silkgate.site.traffic import samples
from silkgate.site.traffic.documents import render
from silkgate.site.traffic.enterprises import Enterprise
from silkgate.site.traffic.keys import sign_plain
from silkgate.site.traffic.messages import SIGNED, Traffic, new_guid, write_message
from silkgate.site.traffic.zone import Zone

_XINCLUDE = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
_LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def _order(zone: Zone, guid: str, number: int) -> bytes:
    order = samples.order(number)
    return write_message(zone, "311", zone.enterprise(order.ebp_code), [render(order)], guid)


def _declaration(zone: Zone, guid: str, number: int, sign: bool) -> bytes:
    declaration = samples.declaration(number)
    return write_message(zone, "621", zone.enterprise(declaration.agent_code), [render(declaration)], guid, sign)


def _doctype(raw: bytes, subset: bytes) -> bytes:
    head, root = raw.split(b"\n", 1)
    return head + b"\n<!DOCTYPE x [" + subset + b"]>\n" + root


def cut_off(zone: Zone, guid: str, number: int) -> bytes:
    return _order(zone, guid, number)[:-200]


def entity_bomb(zone: Zone, guid: str, number: int) -> bytes:
    raw = _doctype(_order(zone, guid, number), b'<!ENTITY l0 "lol">' + _LAUGHS)
    return raw.replace("面霜".encode(), b"&l9;", 1)


def external_entity(zone: Zone, guid: str, number: int) -> bytes:
    raw = _doctype(_order(zone, guid, number), b'<!ENTITY x SYSTEM "file:///etc/passwd">')
    return raw.replace("面霜".encode(), b"&x;", 1)


def xinclude(zone: Zone, guid: str, number: int) -> bytes:
    return _order(zone, guid, number).replace("面霜".encode(), _XINCLUDE, 1)


def unknown_kind(zone: Zone, guid: str, number: int) -> bytes:
    return _order(zone, guid, number).replace(b"CEB311Message", b"CEB999Message")


def receipt_to_us(zone: Zone, guid: str, number: int) -> bytes:
    return _order(zone, guid, number).replace(b"CEB311Message", b"CEB312Message")


def no_order_number(zone: Zone, guid: str, number: int) -> bytes:
    return _order(zone, guid, number).replace(b"orderNo>", b"orderNumber>")


def too_many(zone: Zone, guid: str, number: int) -> bytes:
    order = samples.order(number)
    body = [render(order._replace(order_no=f"{order.order_no}-{n}")) for n in range(101)]
    return write_message(zone, "311", zone.enterprise(order.ebp_code), body, guid)


def unsigned(zone: Zone, guid: str, number: int) -> bytes:
    return _declaration(zone, guid, number, sign=False)


def changed_after_signing(zone: Zone, guid: str, number: int) -> bytes:
    raw = _declaration(zone, guid, number, sign=True)
    return raw.replace(b"<ceb:totalPrice>100.00<", b"<ceb:totalPrice>10.00<", 1)


def signed_by_another(zone: Zone, guid: str, number: int) -> bytes:
    thief = zone.in_role("agent")[1]
    return sign_plain(_declaration(zone, guid, number, sign=False), zone.key(thief.code), thief.key)


def unknown_sender(zone: Zone, guid: str, number: int) -> bytes:
    stranger = Enterprise("4101969999", "查无此企业有限公司", ("ebp",), "D", "DXPENT0000000000", "")
    return write_message(zone, "311", stranger, [render(samples.order(number))], guid)


def foreign_document(zone: Zone, guid: str, number: int) -> bytes:
    return write_message(zone, "311", zone.in_role("logistics")[0], [render(samples.order(number))], guid)


HOSTILE: dict[str, tuple[str, str, Callable[[Zone, str, int], bytes]]] = {
    "cut off": ("Unknown", "format.xml", cut_off),
    "entity bomb": ("Unknown", "format.xml", entity_bomb),
    "external entity": ("Unknown", "format.xml", external_entity),
    "xinclude": ("Unknown", "format.xml", xinclude),
    "unknown kind": ("Unknown", "format.unknown", unknown_kind),
    "receipt sent to us": ("Unknown", "format.unknown", receipt_to_us),
    "no order number": ("CEB311Message", "format.schema", no_order_number),
    "too many documents": ("CEB311Message", "format.schema", too_many),
    "unsigned": ("CEB621Message", "sign.missing", unsigned),
    "changed after signing": ("CEB621Message", "sign.invalid", changed_after_signing),
    "signed by another": ("CEB621Message", "sign.certificate", signed_by_another),
    "unknown sender": ("CEB311Message", "party.unknown", unknown_sender),
    "foreign document": ("CEB311Message", "party.sender", foreign_document),
}
"""By name: kind as far as it can be told, the reason it is rejected for, and its maker.

A maker is given the zone, a guid and the number of a sample.
"""


def hostile(zone: Zone, name: str, random: Random) -> Traffic:
    """The hostile message of that name, under a new guid."""
    kind, reason, make = HOSTILE[name]
    raw = make(zone, new_guid(random), random.randrange(1, 10_000))
    return Traffic(kind, raw, 0, "", "rejected", reason)


def tampered(original: Traffic, random: Random) -> Traffic:
    """A signed message sent again by a thief: other guid, other bytes, the old signature."""
    guid = original.raw.index(b' guid="') + 7
    raw = original.raw[:guid] + new_guid(random).encode() + original.raw[guid + 36 :]
    return original._replace(raw=raw, outcome="rejected", reason="sign.invalid")


def reused_guid(original: Traffic) -> Traffic:
    """The guid of a message on other bytes."""
    raw = original.raw.replace(b"\n  <ceb:BaseTransfer>", b"\n\n  <ceb:BaseTransfer>", 1)
    return original._replace(raw=raw, outcome="rejected", reason="message.guid_reused")


def disturbed(
    traffic: Iterable[Traffic],
    zone: Zone,
    *,
    seed: int = 1,
    tampering: float = 0.001,
    duplicates: float = 0.001,
    reuse: float = 0.0,
    hostility: float = 0.0,
) -> Iterator[Traffic]:
    """`traffic` with others after some of its messages; shares are of all messages, `tampering` of signed ones.

    `duplicates` are the same bytes again, `reuse` the same guid on other bytes, `hostility` the messages of `HOSTILE`.
    """
    random = Random(f"disturbed:{zone.seed}:{seed}")  # noqa: S311 - repeatable is what is wanted
    for item in traffic:
        yield item
        if random.random() < duplicates:
            yield item._replace(outcome="duplicate")
        if item.raw.find(b"<dxp:", 0, 200) < 0:
            if item.kind[3:6] in SIGNED and random.random() < tampering:
                yield tampered(item, random)
            if random.random() < reuse:
                yield reused_guid(item)
        if random.random() < hostility:
            yield hostile(zone, random.choice(list(HOSTILE)), random)
