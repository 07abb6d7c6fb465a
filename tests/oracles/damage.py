"""Other ways to write the same message, and ways to break it."""

from __future__ import annotations

import random
from collections.abc import Callable

Change = Callable[[bytes], bytes]
XINCLUDE = (
    b"<ceb:ExtendMessage><ceb:name>E</ceb:name><ceb:version>1</ceb:version><ceb:Message>"
    b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="x"/></ceb:Message></ceb:ExtendMessage>'
)


def swap(old: bytes, fresh: bytes, count: int = -1) -> Change:
    return lambda data: data.replace(old, fresh, count)


# The same message to any reader of XML: applied before signing.
STYLES: dict[str, Change] = {
    "plain": lambda data: data,
    "default namespace": lambda data: (
        data.replace(b"<ceb:", b"<").replace(b"</ceb:", b"</").replace(b"xmlns:ceb=", b"xmlns=")
    ),
    "another prefix": lambda data: data.replace(b"<ceb:", b"<c:").replace(b"</ceb:", b"</c:").replace(b":ceb=", b":c="),
    "more namespaces": swap(b' guid="', b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" guid="', 1),
    "indented": swap(b"><ceb:", b">\n    <ceb:"),
    "carriage returns": swap(b"\n", b"\r\n"),
    "comments": swap(b"<ceb:orderNo>", b"<!-- no. --><ceb:orderNo><!-- here -->"),
    "no declaration": swap(b'<?xml version="1.0" encoding="UTF-8"?>\n', b""),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "character references": swap(b">142<", b">&#49;&#x34;2<"),
    "character data": swap(b"<ceb:currency>142<", b"<ceb:currency><![CDATA[142]]><"),
    "spaces around numbers": lambda data: data.replace(b"<ceb:qty>", b"<ceb:qty> ").replace(
        b"</ceb:qty>", b"\n</ceb:qty>"
    ),
    "apostrophes": swap(b'version="1.0">', b"version='1.0' >"),
}

# Not acceptable (contract §2, item 2).
BROKEN: dict[str, Change] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) * 2 // 3],
    "wrong end": swap(b"</ceb:BaseTransfer>", b"</ceb:BaseTransfers>"),
    "DTD": swap(b"<ceb:CEB", b'<!DOCTYPE m [<!ENTITY e "x">]>\n<ceb:CEB', 1),
    "entity": swap(b"<ceb:copName>", b"<ceb:copName>&nothing;"),
    "XInclude": swap(b"</ceb:BaseTransfer>", b"</ceb:BaseTransfer>" + XINCLUDE),
    "unknown kind": swap(b"Message", b"Massage"),
    "receipt": lambda data: (
        data.replace(b"CEB311M", b"CEB312M")
        .replace(b"CEB621M", b"CEB622M")
        .replace(b"CEB603M", b"CEB604M")
        .replace(b"11M", b"12M")
    ),
    "other namespace": swap(b"gov.cn/ceb", b"gov.cn/bec"),
    "no currency": swap(b"<ceb:currency>142</ceb:currency>", b"", 1),
    "long code": swap(b"<ceb:appType>", b"<ceb:appType>1", 1),
    "letters": swap(b"<ceb:appStatus>", b"<ceb:appStatus>2222", 1),
    "no name": swap(b"<ceb:copName>", b"<ceb:copNames>", 1),
    "order of fields": swap(b"<ceb:dxpMode>DXP</ceb:dxpMode>", b""),
    "short guid": lambda data: data.replace(b'guid="', b'guid="X', 1),
    "stray text": swap(b"<ceb:BaseTransfer>", b"<ceb:BaseTransfer>text"),
}

# Well-formed and true to the schema, but no longer what was signed; applied after signing.
TAMPERED: dict[str, Change] = {
    "value": swap(b"<ceb:packNo>1<", b"<ceb:packNo>2<", 1),
    "space": swap(b"  <ceb:BaseTransfer>", b"   <ceb:BaseTransfer>", 1),
    "digest": swap(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", 1),
    "signature": swap(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", 1),
    "method": swap(b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-sha512", 1),
    "exclusive": swap(b"TR/2001/REC-xml-c14n-20010315", b"2001/10/xml-exc-c14n#", 1),
    "part": swap(b'URI=""', b'URI="#a"', 1),
}


def one_of(chance: random.Random, table: dict[str, Change], data: bytes) -> bytes:
    """The message changed in one way of the table; a way that changes nothing is passed over."""
    names = chance.sample(sorted(table), len(table))
    return next((changed for name in names if (changed := table[name](data)) != data), data)
