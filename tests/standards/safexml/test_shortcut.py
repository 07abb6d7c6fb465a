"""The shortcut must prove what it claims: what `parse` takes, the full scan takes too."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from silkgate.standards import safexml
from silkgate.standards.safexml import Limits, XmlRefused, parse

SMALL = Limits(max_depth=3, max_elements=6, max_attributes_per_element=2, max_attributes=3,
               max_namespace_declarations=2, max_name_chars=5, max_text_chars=8)
PIECES = st.sampled_from([
    "<a>", "</a>", "<b>", "</b>", "<c/>", "<abcdef/>", "<abcde/>", "<a b='1'>", "<a b=\"1\" c='2'/>",
    "<a b='' c='' d=''/>",
    "<a abcdef='1'/>", "<a abcdef ='1'/>", "<a xmlns='u'>", "<p:a xmlns:p='u'/>", "<p:a xmlns:p = 'v'/>",
    "<a xmlns='http://www.w3.org/2001/XInclude'/>", "<a xmlns='http://www.w3.org/2001/&#88;Include'/>",
    "<a b='>'>", "<a b='123456789'/>", "12345678", "123456789", "=", "==", "='", "&amp;", "&#65;", "订",
    "xmlns", "XInclude", "<!-- -->", "<!--<x-->", "<![CDATA[x]]>", "<!DOCTYPE a>", "<?x y?>", "<?xml version='1.0'?>",
    " ", "\n", "!", "?",
    "'", '"',
])


def _accepts(reader: object, raw: bytes) -> bool:
    try:
        reader(raw, SMALL)  # type: ignore[operator]
    except XmlRefused:
        return False
    return True


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=8).map("".join))
@example("<a><b><c/></b></a>")
@example("<a><b><b><c/></b></b></a>")
@example("<a abcdef ='1'/>")
@example("<a>" + "<c/>" * 6 + "</a>")
def test_what_is_taken_by_the_shortcut_passes_the_scan(text: str) -> None:
    inside = f"<a>{text}</a>"
    for whole in (text, inside, f"<?xml version='1.0' encoding='utf-8'?>{inside}"):
        if _accepts(parse, whole.encode()):
            assert _accepts(safexml._scan, whole.encode())


def test_ordinary_messages_take_the_shortcut() -> None:
    """Otherwise the scan would cost more than the parser."""
    message = b'<?xml version="1.0" encoding="UTF-8"?>\n<c:M xmlns:c="u" guid="1"><c:a>x=1 &amp; y</c:a></c:M>'
    assert safexml._is_plain(message, Limits())
    assert safexml._is_plain(message.replace(b"x=1 &amp; y", b"A" * 300 + b"=="), Limits())
    assert not safexml._is_plain(message.replace(b"x=1", b"<!-- -->"), Limits())
