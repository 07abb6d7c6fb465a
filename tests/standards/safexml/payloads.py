"""Hostile and merely odd messages. Ids XA-… are those of the intake's payload list, XL-… are against slow paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

SIZE = "format.size"
XML = "format.xml"
TAKEN = "taken"

_MIB = 1024 * 1024


class Place(NamedTuple):
    """Where a payload tries to reach: a file with a secret in it and a listening address."""

    file_uri: str
    http_url: str


class Payload(NamedTuple):
    id: str
    expected: str
    """`format.size`, `format.xml`, or `taken`: harmless as XML, and its text is handed on unchanged."""
    why: str
    build: Callable[[Place], bytes]


def _message(body: str = "", *, before: str = "", root_attributes: str = "") -> bytes:
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n{before}"
        f'<ceb:CEB311Message xmlns:ceb="http://www.chinaport.gov.cn/ceb"{root_attributes}>{body}</ceb:CEB311Message>'
    ).encode()


def _fixed(raw: bytes) -> Callable[[Place], bytes]:
    return lambda place: raw


def _repeated(head: bytes, unit: bytes, times: int = 0, tail: bytes = b"") -> Callable[[Place], bytes]:
    """Built when asked for; without `times` as long as a message may be."""
    return lambda place: head + unit * (times or (10 * _MIB - len(head)) // len(unit)) + tail


def _in_note(text: str, times: int, around: tuple[str, str] = ("<n>", "</n>")) -> Callable[[Place], bytes]:
    return lambda place: _message(around[0] + text * times + around[1])


def _doctype(subset: str, body: str = "") -> bytes:
    return _message(body, before=f"<!DOCTYPE m [{subset}]>\n")


def _laughs() -> bytes:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return _doctype(f'<!ENTITY a0 "ha">{levels}', "&a9;")


def _parameter_bomb() -> bytes:
    levels = "".join(f'<!ENTITY % p{n} "{f"&#37;p{n - 1};" * 10}">' for n in range(1, 8))
    return _doctype(f'<!ENTITY % p0 "x">{levels}%p7;')


def _cut(tenths: int) -> bytes:
    whole = _message("<ceb:Order><ceb:note>一二三</ceb:note></ceb:Order>" * 5)
    return whole[: len(whole) * tenths // 10]


_MANY_NAMESPACES = (
    "<r " + " ".join(f'xmlns:n{n}="u{n}"' for n in range(500)) + ">" + "<c/>" * 5000 + "</r>"
).encode()

REFUSED = [
    Payload("XA-01 billion laughs", XML, "DOCTYPE", _fixed(_laughs())),
    Payload("XA-02 quadratic blow-up", XML, "DOCTYPE",
            _fixed(_doctype(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 20_000))),
    Payload("XA-03 entity recursion", XML, "DOCTYPE", _fixed(_doctype('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"))),
    Payload("XA-04 parameter-entity bomb", XML, "DOCTYPE", _fixed(_parameter_bomb())),
    Payload("XA-05 external entity, file", XML, "DOCTYPE",
            lambda place: _doctype(f'<!ENTITY s SYSTEM "{place.file_uri}">', "&s;")),
    Payload("XA-06 external entity, loopback", XML, "DOCTYPE",
            lambda place: _doctype(f'<!ENTITY s SYSTEM "{place.http_url}">', "&s;")),
    Payload("XA-06 external entity, link-local", XML, "DOCTYPE",
            _fixed(_doctype('<!ENTITY s SYSTEM "http://169.254.169.254/latest/meta-data/">', "&s;"))),
    Payload("XA-07 external parameter entity", XML, "DOCTYPE",
            lambda place: _doctype(f'<!ENTITY % e SYSTEM "{place.http_url}"> %e;')),
    Payload("XA-08 external DTD only", XML, "DOCTYPE",
            lambda place: _message(before=f'<!DOCTYPE m SYSTEM "{place.http_url}">')),
    Payload("XA-08 public DTD", XML, "DOCTYPE",
            lambda place: _message(before=f'<!DOCTYPE m PUBLIC "-//x" "{place.http_url}">')),
    Payload("XA-09 default attribute", XML, "DOCTYPE", _fixed(_doctype('<!ATTLIST m guid CDATA "forged">'))),
    Payload("XA-10 XInclude as text", XML, "XInclude", lambda place: _message(
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{place.file_uri}"/>')),
    Payload("XA-10 XInclude as xml", XML, "XInclude", lambda place: _message(
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{place.http_url}"/>')),
    Payload("XA-10 XInclude declared on the root", XML, "XInclude", _fixed(
        _message(root_attributes=' xmlns:xi="http://www.w3.org/2001/XInclude"'))),
    Payload("XA-10 XInclude written with references", XML, "XInclude", lambda place: _message(
        f'<x:include xmlns:x="http://www.w3.org/2001/&#88;Include" href="{place.file_uri}"/>')),
    Payload("XA-11 xml-stylesheet", XML, "processing instruction", lambda place: _message(
        before=f'<?xml-stylesheet type="text/xsl" href="{place.http_url}"?>')),
    Payload("XA-11 processing instruction inside", XML, "processing instruction", _fixed(_message("<?php evil()?>"))),
    Payload("XA-11 processing instruction at the end", XML, "processing instruction", _fixed(_message() + b"<?x y?>")),
    Payload("XA-13 depth 100 000", XML, "depth", _fixed(b"<a>" * 100_000 + b"</a>" * 100_000)),
    Payload("XA-13 depth 65", XML, "depth", _fixed(b"<a>" * 65 + b"</a>" * 65)),
    Payload("XA-13 depth 65 beside many attributes", XML, "depth",
            _fixed(b"<a>" * 65 + b"</a>" * 64 + b"<b c='1'/>" * 70 + b"</a>")),
    Payload("XA-14 100 000 attributes", XML, "attributes of one element", _fixed(
        ("<a " + " ".join(f'b{n}="1"' for n in range(100_000)) + "/>").encode())),
    Payload("XA-14 64 attributes on each of 20 000 elements", XML, "attributes in all", _repeated(
        b"<r>", b"<a " + b" ".join(b'b%d="1"' % n for n in range(64)) + b"/>", 20_000, b"</r>")),
    Payload("XA-15 500 namespaces, 5 000 elements", XML, "attributes, namespaces", _fixed(_MANY_NAMESPACES)),
    Payload("XA-15 33 namespaces on 33 elements", XML, "namespaces", _fixed(
        ("<r>" + "".join(f'<a{n} xmlns="u{n}"/>' for n in range(33)) + "</r>").encode())),
    Payload("XA-16 11 MB of text", SIZE, "size", _in_note("x", 11_000_000)),
    Payload("XA-16 1 000 001 characters of text", XML, "text", _in_note("x", 1_000_001)),
    Payload("XA-16 the same, cut by comments", XML, "text",
            _in_note("x" * 100 + "<!-- -->", 10_001)),
    Payload("XA-16 the same, as CDATA", XML, "text",
            _in_note("x", 1_000_001, ("<n><![CDATA[", "]]></n>"))),
    Payload("XA-16 the same, as an attribute", XML, "text",
            _in_note("x", 1_000_001, ('<n a="', '"/>'))),
    Payload("XA-17 10 million empty elements", SIZE, "size", _repeated(b"<a>", b"<b/>", 10_000_000, b"</a>")),
    Payload("XA-17 2.6 million empty elements", XML, "elements", _repeated(b"<a>", b"<b/>", 2_600_000, b"</a>")),
    Payload("XA-18 element name of 1 MB", XML, "name", _fixed(b"<" + b"n" * 1_000_000 + b"/>")),
    Payload("XA-18 element name of 257", XML, "name", _fixed(b"<" + b"n" * 257 + b"/>")),
    Payload("XA-18 attribute name of 257", XML, "name", _fixed(b"<a " + b"n" * 257 + b"='1'/>")),
    Payload("XA-18 attribute name of 257, then a space", XML, "name", _fixed(b"<a " + b"n" * 257 + b" ='1'/>")),
    Payload("XA-19 UTF-7", XML, "encoding",
            _fixed(b"<?xml version='1.0' encoding='UTF-7'?><a>+ADw-script+AD4-</a>")),
    Payload("XA-20 UTF-16 little endian", XML, "encoding", _fixed("<a/>".encode("utf-16"))),
    Payload("XA-20 UTF-16 big endian, no mark", XML, "encoding", _fixed("<a/>".encode("utf-16-be"))),
    Payload("XA-20 UTF-32", XML, "encoding", _fixed("<a/>".encode("utf-32"))),
    Payload("XA-20 declared UTF-16", XML, "encoding", _fixed(b"<?xml version='1.0' encoding='UTF-16'?><a/>")),
    Payload("XA-21 declared GBK", XML, "encoding",
            _fixed("<?xml version='1.0' encoding='GBK'?><a>订单</a>".encode("gbk"))),
    Payload("XA-21 declared UTF-8, GBK bytes", XML, "not UTF-8", _fixed(b"<a>" + "订单".encode("gbk") + b"</a>")),
    Payload("XA-22 overlong UTF-8", XML, "not UTF-8", _fixed(b"<a>\xc0\xaf</a>")),
    Payload("XA-22 surrogate in UTF-8", XML, "not UTF-8", _fixed(b"<a>\xed\xa0\x80</a>")),
    Payload("XA-23 NUL", XML, "not a character of XML", _fixed(b"<a>\x00</a>")),
    Payload("XA-23 C0 control", XML, "not a character of XML", _fixed(b"<a>\x0b</a>")),
    Payload("XA-23 C0 control as a reference", XML, "not a character of XML", _fixed(b"<a>&#11;</a>")),
    Payload("XA-23 U+FFFE", XML, "not a character of XML", _fixed("<a>\ufffe</a>".encode())),
    Payload("XA-24 two documents", XML, "one root", _fixed(_message() + _message())),
    Payload("XA-24 text after the root", XML, "one root", _fixed(_message() + b"x")),
    Payload("XA-24 two byte-order marks", XML, "mark in mid-stream", _fixed(b"\xef\xbb\xbf" * 2 + _message())),
    Payload("XA-24 declaration in mid-stream", XML, "declaration not first", _fixed(b"\n" + _message())),
    *(Payload(f"XA-25 cut at {tenths}0 %", XML, "not well-formed", _fixed(_cut(tenths))) for tenths in range(10)),
    Payload("XA-28 prefix that is not declared", XML, "namespaces", _fixed(b"<ceb:a/>")),
    Payload("XA-28 one attribute under two prefixes", XML, "namespaces",
            _fixed(b'<a xmlns:p="u" xmlns:q="u" p:x="1" q:x="2"/>')),
    Payload("XA-29 guid twice on one element", XML, "not well-formed",
            _fixed(_message(root_attributes=' guid="1" guid="2"'))),
    Payload("version 1.1", XML, "other rules for characters and line ends", _fixed(b"<?xml version='1.1'?><a/>")),
    Payload("entity without declaration", XML, "not well-formed", _fixed(b"<a>&nbsp;</a>")),
    Payload("empty", XML, "not well-formed", _fixed(b"")),
    Payload("blank", XML, "not well-formed", _fixed(b" \n")),
    Payload("not XML", XML, "not well-formed", _fixed(b'{"guid": 1}')),
    *(
        Payload(f"XL-{number:02d} {len(unit)} bytes repeated: {unit[:12]!r}", XML, "must stay linear",
                _repeated(head, unit))
        for number, (head, unit) in enumerate([
            (b"", b"<"), (b"", b"<a"), (b"", b"<a "), (b"<a", b"="), (b"<a>", b"="), (b"<a ", b"xmlns"),
            (b"<a>", b"xmlns"), (b"<a ", b"xmlns:a='"), (b"<a>", b"&"), (b"<a>", b"&amp;"), (b"<a>", b"<!"),
            (b"<a>", b"<!---->"), (b"<a>", b"<![CDATA[]]>"), (b"<a>", b"<?"), (b"", b"<!DOCTYPE "), (b"<a>", b"\n"),
            (b"<a>", b"<b>\n</b>"), (b"<a>", b"]]"), (b"<a b='", b"<"), (b"<a b='", b"\n"), (b"<a ", b"b "),
            (b"<a>", b"<b c=''/>"), (b"<", b"a"), (b"<?xml ", b" "), (b"<?xml version='1.0'", b" "), (b"", b" "),
        ], start=1)
    ),
]

_TEXTS = {
    "XA-30 homoglyphs, bidi and zero-width characters": "河\u200b南\u202e豫见\u2066 Аррӏе",
    "XA-31 numbers": "1e400 NaN -0 " + "9" * 400 + " １２ +5",
    "XA-32 dates": "00000000000000 99991231235959 20261399",
    "XA-33 formula": "=cmd|'/C calc'!A0 +1 -1 @SUM(A1)",
}

HARMLESS = [
    Payload("XA-12 schemaLocation", TAKEN, "validation uses our schemas alone", lambda place: _message(
        root_attributes=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="http://www.chinaport.gov.cn/ceb {place.http_url}"')),
    Payload("XA-28 default namespace rebound", TAKEN, "names are compared with their namespace",
            _fixed(b'<a xmlns="u"><b xmlns="v"/><c/></a>')),
    Payload("XA-29 the same Id twice", TAKEN, "nothing here resolves an Id",
            _fixed(_message('<n Id="1" xml:id="i"/><n Id="1" xml:id="i"/>'))),
    *(Payload(id, TAKEN, "well-formed: field checks and pages' escaping judge it", _fixed(_message(f"<n>{text}</n>")))
      for id, text in _TEXTS.items()),
    Payload("XA-34 markup in free text", TAKEN, "text stays text",
            _fixed(_message("<n>&lt;script&gt;alert(1)&lt;/script&gt;<![CDATA[<img src=x onerror=alert(1)>]]></n>"))),
    Payload("depth 64", TAKEN, "the cap itself is allowed", _fixed(b"<a>" * 64 + b"</a>" * 64)),
    Payload("64 attributes", TAKEN, "the cap itself is allowed", _fixed(
        ("<a " + " ".join(f'b{n}="1"' for n in range(64)) + "/>").encode())),
    Payload("name of 256", TAKEN, "the cap itself is allowed", _fixed(b"<" + b"n" * 256 + b"/>")),
    Payload("1 000 000 characters", TAKEN, "the cap itself is allowed", _in_note("字", 1_000_000)),
    Payload("299 996 elements with text", TAKEN, "the cap itself is allowed",
            _repeated(b"<a>", b"<b c=''>x</b>\n" + b"<b>x</b>\n" * 4, 299_999 // 5, b"</a>")),
    Payload("10 MiB in an envelope", TAKEN, "the Data of an envelope is held to the message's size alone", _repeated(
        b'<d:DxpMsg xmlns:d="http://www.chinaport.gov.cn/dxp"><d:Data>', b"QUJD", 2_621_000, b"</d:Data></d:DxpMsg>")),
    Payload("byte-order mark", TAKEN, "official samples begin with one", _fixed(b"\xef\xbb\xbf" + _message())),
    Payload("comment before and after the root", TAKEN, "an official sample has one; comments are dropped",
            _fixed(b"<!-- a -->" + b"<a/>" + b"\n<!-- <!DOCTYPE x> -->\n")),
    Payload("standalone, lower-case utf-8", TAKEN, "official samples say so",
            _fixed(b"<?xml version='1.0' encoding=\"utf-8\" standalone='yes'?><a/>")),
    Payload("no declaration", TAKEN, "UTF-8 is the default of XML", _fixed(b"\n<a/>\n")),
]
