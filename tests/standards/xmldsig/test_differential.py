"""The two ways to a verdict are one: on mutated messages in plain form, raw octets and the tree say the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from silkgate.standards import safexml
from silkgate.standards.xmldsig import Certificate, Method, SigningKey, Verdict, fast, sign, verify
from silkgate.standards.xmldsig.algorithms import C14N, DSIG, ENVELOPED
from silkgate.standards.xmldsig.claim import Claim
from silkgate.standards.xmldsig.verify import _claim
from standards.xmldsig.forge import METHODS, c14n, key, key_for, message

CASES = Path(__file__).resolve().parents[2] / "cases" / "clearing"
MUTANTS = 1_500
"""In plain form, per method."""
_ROOT = re.compile(
    rb"(?:<\?xml [^>]*\?>)?\s*(<ceb:CEB\d{3}Message xmlns:ceb=\"[^\"]*\"(?: xmlns:xsi=\"[^\"]*\")?"
    rb" guid=\"[^\"<&]*\" version=\"[^\"<&]*\">)"
)


def in_plain_form(raw: bytes, root: etree._Element) -> bool:
    """Whether a caller could honestly promise `canonical=True`."""
    start = _ROOT.match(raw)
    if start is None:
        return False
    signature, end = raw.rfind(b"<ds:Signature "), raw.rfind(b"</ds:Signature>") + 15
    signed = signature >= 0 and end > signature and re.fullmatch(rb"</ceb:\w+>\s*", raw[end:]) is not None
    rest = (raw[start.start(1) : signature] + raw[end:] if signed else raw[start.start(1) :]).rstrip(b" \t\r\n")
    if DSIG.encode() in rest or len(root.findall(f"{{{DSIG}}}Signature")) != signed:
        return False
    try:
        return c14n(etree.fromstring(rest)) == rest
    except etree.XMLSyntaxError:
        return False


PIECES = [
    b"", b" ", b"\n", b"<x/>", b"<!-- -->", b"&#65;", b"A", b"=", b"==", b"0", b'"', b"<", b">", b"/", b"&amp;",
    b"\xe5\xbc\xa0", b"\xff", b"\x00", b"]]>", b"#WithComments", b' Id="a"', b"xmldsig#",
    C14N.encode(), ENVELOPED.encode(), DSIG.encode(),
    b'<ds:Transform Algorithm="%s"/>' % C14N.encode(), b'<ds:Transform Algorithm="%s"></ds:Transform>' % C14N.encode(),
    *(uri.encode() for method in Method for uri in (method.uri, method.digest_uri)),
]
TOKENS = re.compile(rb"<[^>]*>|\"[^\"]*\"|[^<]+")


def mutate(random: Random, raw: bytes) -> bytes:
    """One to three changes, most in the Signature: a token doubled, dropped, moved or replaced, a byte changed."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        start = raw.rfind(b"<ds:Signature ") if random.random() < 0.85 else 0
        area = raw[max(0, start) :]
        tokens = [match.span() for match in TOKENS.finditer(area)]
        first, last = random.choice(tokens)
        piece = random.choice(PIECES)
        other = random.choice(tokens)
        change = random.randrange(6)
        if change == 0:
            area = area[:first] + area[last:]
        elif change == 1:
            area = area[:last] + area[first:last] + area[last:]
        elif change == 2:
            area = area[:first] + piece + area[last:]
        elif change == 3:
            at = random.randrange(first, last + 1)
            area = area[:at] + piece + area[at:]
        elif change == 4:
            area = area[:first] + area[other[0] : other[1]] + area[last:]
        else:
            at = random.randrange(len(area))
            area = area[:at] + bytes([random.randrange(256)]) + area[at + 1 :]
        raw = raw[: max(0, start)] + area
    return raw


def _both(raw: bytes, filed: list[Certificate]) -> Verdict | None:
    """The verdict of both ways, None where the message is not in plain form."""
    try:
        root = safexml.parse(raw)
    except safexml.XmlRefused:
        return None
    if not in_plain_form(raw, root):
        return None
    by_tree = verify(raw, filed, root=root)
    assert verify(raw, filed, root=root, canonical=True) is by_tree, raw
    claim = fast.raw_octets(raw)
    if isinstance(claim, Claim):
        signature = root.find(f"{{{DSIG}}}Signature")
        assert signature is not None
        assert claim == _claim(root, signature), raw
    return by_tree


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
def test_mutated_messages(method: Method) -> None:
    random = Random(f"20220501 {method.title}")
    signed = [sign(message(xsi=xsi), key_for(method), method) for xsi in (False, True)]
    filed = [key_for(method).certificate]
    verdicts: Counter[Verdict] = Counter()
    while verdicts.total() < MUTANTS:
        verdict = _both(mutate(random, random.choice(signed)), filed)
        if verdict is not None:
            verdicts[verdict] += 1
    assert verdicts[Verdict.INVALID] > MUTANTS / 2, verdicts
    assert verdicts[Verdict.VALID] > MUTANTS / 20, verdicts
    assert verdicts[Verdict.CERTIFICATE], verdicts


def test_spliced_messages() -> None:
    """Two messages, cut at tokens and put together: no splice is VALID unless its content is that of a whole one."""
    random = Random(20220502)
    method = Method.RSA_SHA256
    mine: SigningKey = key()
    genuine = sign(message(), mine, method)
    others = [sign(message(documents=2), mine, method), sign(message(xsi=True), key("rsa other"), method), message()]
    seen: Counter[Verdict | None] = Counter()
    for _ in range(1_000):
        other = random.choice(others)
        cut = random.choice(list(TOKENS.finditer(genuine)))
        same = [match.start() for match in TOKENS.finditer(other) if match[0] == cut[0]]
        raw = genuine[: cut.start()] + other[random.choice(same) :] if same else b""
        verdict = _both(raw, [mine.certificate])
        seen[verdict] += 1
        if verdict is Verdict.VALID:
            root = safexml.parse(raw)
            assert any(
                [c14n(element) for element in root if element.tag != f"{{{DSIG}}}Signature"]
                == [c14n(element) for element in safexml.parse(source) if element.tag != f"{{{DSIG}}}Signature"]
                for source in (genuine, *others)
            )
    assert all(seen[verdict] for verdict in Verdict), seen


def test_the_messages_of_the_cases_take_the_fast_way() -> None:
    """All but those made to be refused for their form."""
    taken: Counter[str] = Counter()
    for path in sorted(CASES.glob("*/inbox/*.xml")):
        raw = path.read_bytes()
        if b"<ds:Signature " in raw:
            taken[type(fast.raw_octets(raw)).__name__] += 1
            _both(raw, [])
    assert taken["Claim"] >= 40, taken
    assert taken["NoneType"] <= 4, taken
    assert not taken["Unsigned"]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000])
def test_many_number_signs_before_the_signature(count: int) -> None:
    """Addresses have them (3#楼); the search for a second signature must not be misled or slowed down by them."""
    raw = message().replace("张雨欣".encode(), "3#楼".encode() * count)
    assert fast.raw_octets(raw) is fast.UNSIGNED
    assert isinstance(fast.raw_octets(sign(raw, key(), Method.RSA_SHA256)), Claim)
    named = raw.replace(b"<ceb:preNo>", b'<ceb:preNo xmlns:d="%s">' % DSIG.encode()).replace(
        b"499", "3#楼".encode() * count)
    assert fast.raw_octets(named) is None
