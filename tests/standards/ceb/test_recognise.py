"""A recogniser takes nothing that the reference refuses, gives the same values, and what it takes is canonical.

Every message here goes through the regular expressions and, where it is built, through the compiled recogniser.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lxml import etree

from silkgate.standards.ceb.catalogue import MESSAGES, MessageKind
from silkgate.standards.ceb.fast import fast_recogniser
from silkgate.standards.ceb.message import Message
from silkgate.standards.ceb.read import Reader, Refused, Wanted
from silkgate.standards.ceb.recognise import Recogniser, patterns
from standards.ceb.generator import SIGNATURE, Draft, Node, draft
from standards.ceb.mutants import ODD_VALUES, mutate_bytes, mutate_tree, odd_value
from standards.ceb.packing import SHAPES, packed
from standards.ceb.signatures import KEY_INFOS, SIGNATURE_EDITS, edited_signature, with_key_info

SPECIMENS = Path(__file__).parents[2] / "specimens" / "ceb"
MUTANTS_PER_KIND = {"import": 800, "export": 300}
if "SILKGATE_CEB_MUTANTS" in os.environ:
    MUTANTS_PER_KIND = dict.fromkeys(MUTANTS_PER_KIND, int(os.environ["SILKGATE_CEB_MUTANTS"]))
KINDS = list(MESSAGES.values())
ALL: Wanted = {
    kind.code: ([field.name for field in kind.head_fields], [field.name for field in kind.line_fields])
    for kind in KINDS
}
READER, RECOGNISER, FAST = Reader(ALL), Recogniser(ALL), fast_recogniser(SHAPES)
SIGNATURE_TAG = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def reference(raw: bytes) -> Message | None:
    """What parser, schema and reference reader make of it; None where one of them refuses."""
    try:
        return READER.read(etree.fromstring(raw))
    except (etree.XMLSyntaxError, Refused):
        return None


def octets_without_signature(raw: bytes) -> bytes:
    """The root element as received, without prolog and without its Signature."""
    root = raw[raw.index(b"<ceb:CEB") :].rstrip(b" \t\n")
    return re.sub(rb"<ds:Signature .*</ds:Signature>", b"", root, flags=re.DOTALL)


def canonical_without_signature(raw: bytes) -> bytes:
    """C14N 1.0 (inclusive) of the root element without its Signature, by lxml."""
    root = etree.fromstring(raw)
    for signature in root.findall(SIGNATURE_TAG):
        before = signature.getprevious()
        before.tail = (before.tail or "") + (signature.tail or "")
        root.remove(signature)
    return etree.tostring(root, method="c14n", exclusive=False, with_comments=True)


def assert_guarantees(raw: bytes) -> bool:
    """Checks both guarantees for both recognisers; whether it was recognised."""
    found = RECOGNISER.recognise(raw)
    if FAST is not None:
        assert FAST.recognise(raw) == (packed(found, raw) if found is not None else None), raw
    if found is None:
        return False
    assert found.canonical
    assert reference(raw) == found._replace(canonical=False), raw
    assert octets_without_signature(raw) == canonical_without_signature(raw), raw
    return True


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_mutants(kind: MessageKind) -> None:
    """SILKGATE_CEB_MUTANTS sets how many for each message kind; the quick suite makes 800 of import, 300 of export."""
    random = Random(f"recognise {kind.code}")
    seen: Counter[bool] = Counter()
    mutants = MUTANTS_PER_KIND[kind.trade]
    for _ in range(mutants):
        made = draft(random, kind)
        if random.random() < 0.4:
            mutate_tree(random, made)
        raw = made.text().encode("utf-8", "surrogatepass")
        for _ in range(random.choice((0, 1, 1, 2))):
            raw = mutate_bytes(random, raw)
        seen[assert_guarantees(raw)] += 1
    assert seen[True] > mutants / 20, seen
    assert seen[False] > mutants / 20, seen


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_plain_drafts_are_recognised(kind: MessageKind) -> None:
    """Whatever the spacing, the optional fields, the characters and the bounds, so long as the form is plain."""
    random = Random(f"plain {kind.code}")
    for space in ("", "pretty", "\n", "\t", " \n\t "):
        for declaration in ("", "\n ", "<?xml version='1.0' encoding='UTF-8'?>\n", '<?xml version="1.0"?>'):
            made = plain_draft(random, kind)
            made.space, made.declaration = space, declaration
            assert assert_guarantees(made.text().encode())


def with_lines(code: str) -> Draft:
    """A plain draft whose first document has a line."""
    return next(
        made for made in (plain_draft(Random(seed), MESSAGES[code]) for seed in count(7)) if len(_first(made)) > 1
    )


def _first(made: Draft) -> list[Node]:
    children = made.root.content
    assert isinstance(children, list)
    assert isinstance(children[0].content, list)
    return children[0].content


def plain_draft(random: Random, kind: MessageKind) -> Draft:
    made = draft(random, kind, subscribers_max=1)
    children = made.root.content
    assert isinstance(children, list)
    made.root.content = [child for child in children if child.name not in ("BaseSubscribe", "ExtendMessage")]
    for leaf in made.root.leaves():
        if made.fields[id(leaf)].type == "int" and len(str(leaf.content).lstrip("-")) > 9:
            leaf.content = "7"  # longer ones are left to the reference
    return made


@pytest.mark.parametrize("documents", [1, 100, 101])
def test_at_most_a_hundred_documents(documents: int) -> None:
    made = plain_draft(Random(3), MESSAGES["411"])
    children = made.root.content
    assert isinstance(children, list)
    made.root.content = [children[0]] * documents + [children[-1]]
    raw = made.text().encode()
    assert assert_guarantees(raw) is (documents <= 100)


@pytest.mark.parametrize(
    ("code", "lines", "taken"),
    [
        *(("311", 0, False), ("311", 1, True), ("311", 99, True), ("311", 100, False)),
        *(("711", 100, True), ("711", 101, False), ("603", 0, False), ("603", 100, True), ("603", 101, False)),
        *(("507", 0, True), ("507", 1, True), ("507", 100, True), ("507", 101, False), ("792", 0, True)),
    ],
)
def test_numbers_of_lines(code: str, lines: int, taken: bool) -> None:
    """As many as the schema allows, and no more than a hundred: longer ones are left to the reference."""
    made = with_lines(code)
    document = _first(made)
    document[1:] = document[1:2] * lines
    assert assert_guarantees(made.text().encode()) is taken


NOT_PLAIN = {
    "byte-order mark": ("<?xml", "\ufeff<?xml"),
    "other encoding named": ("UTF-8", "GB18030"),
    "XML 1.1": ('version="1.0" enc', 'version="1.1" enc'),
    "document type": (r"\?>", "?><!DOCTYPE a>"),
    "comment": ("</ceb:orderNo>", "<!-- c --></ceb:orderNo>"),
    "processing instruction": ("<ceb:orderNo>", "<?p i?><ceb:orderNo>"),
    "CDATA": ("<ceb:orderNo>", "<ceb:orderNo><![CDATA[1]]>"),
    "reference": ("<ceb:orderNo>", "<ceb:orderNo>&#49;"),
    "carriage return": ("</ceb:orderNo>", "</ceb:orderNo>\r"),
    "tab in a value": ("</ceb:orderNo>", "\t</ceb:orderNo>"),
    "control character": ("</ceb:orderNo>", "\x01</ceb:orderNo>"),
    "no character": ("</ceb:orderNo>", "\ufffe</ceb:orderNo>"),
    "greater-than": ("</ceb:orderNo>", "></ceb:orderNo>"),
    "attribute": ("<ceb:orderNo>", '<ceb:orderNo a="1">'),
    "space in a tag": ("<ceb:orderNo>", "<ceb:orderNo >"),
    "space in an end tag": ("</ceb:orderNo>", "</ceb:orderNo >"),
    "other prefix": ("ceb:", "c:"),
    "no prefix": ("ceb:", ""),
    "attributes in another order": (r'( guid="[^"]*")( version="1.0")', r"\2\1"),
    "text between elements": ("</ceb:orderNo>", "</ceb:orderNo>x"),
    "fields in another order": (r"(<ceb:orderNo>.*?</ceb:orderNo>\s*)(<ceb:ebpCode>.*?</ceb:ebpCode>)", r"\2\1"),
    "field twice": (r"(<ceb:orderNo>.*?</ceb:orderNo>)", r"\1\1"),
    "field missing": (r"<ceb:orderNo>.*?</ceb:orderNo>", ""),
    "value too long": ("<ceb:orderNo>", "<ceb:orderNo>" + "9" * 60),
    "value empty": (r"<ceb:orderNo>.*?<", "<ceb:orderNo><"),
    "empty-element tag": (r"<ceb:orderNo>.*?</ceb:orderNo>", "<ceb:orderNo/>"),
    "number with a plus sign": ("<ceb:amountPaid>", "<ceb:amountPaid>+"),
    "number with spaces": ("<ceb:amountPaid>", "<ceb:amountPaid> "),
    "number with six decimals": (r"(<ceb:amountPaid>).*?<", r"\g<1>1.123456<"),
    "number without digits before the point": (r"(<ceb:amountPaid>).*?<", r"\g<1>.5<"),
    "number in other digits": (r"(<ceb:amountPaid>).*?<", r"\g<1>１<"),
    "other currency": (">142<", ">502<"),
    "two senders": (r"(<ceb:BaseTransfer>.*</ceb:BaseTransfer>)", r"\1\1"),
    "something after the root": (r"\Z", "<!-- c -->"),
    "signature twice": (r"(<ds:Signature.*</ds:Signature>)", r"\1\1"),
    "namespace declared once more": ("<ceb:Payment>", '<ceb:Payment xmlns:a="urn:a">'),
}


@pytest.mark.parametrize(("pattern", "replacement"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_not_plain_goes_to_the_reference(pattern: str, replacement: str) -> None:
    made = plain_draft(Random(5), MESSAGES["411"])
    made.signature = SIGNATURE
    made.root.attributes = f' guid="{"A" * 36}" version="1.0"'
    text = made.text()
    assert assert_guarantees(text.encode())
    changed = re.sub(pattern, replacement, text, flags=re.DOTALL)
    assert changed != text
    assert RECOGNISER.recognise(changed.encode()) is None


def test_signatures() -> None:
    """Each edit of a signature and each content of KeyInfo, recognised or not; both occur."""
    made = plain_draft(Random(6), MESSAGES["621"])
    seen: Counter[bool] = Counter()
    signatures = [edited_signature(SIGNATURE, edit) for edit in SIGNATURE_EDITS]
    signatures += [with_key_info(SIGNATURE, content) for content in KEY_INFOS]
    for signature in signatures:
        made.signature = signature
        seen[assert_guarantees(made.text().encode())] += 1
    assert min(seen.values()) >= 3, seen


@pytest.mark.parametrize("code", ["311", "511", "621", "816", "900", "303", "505", "607", "792"])
def test_odd_values_in_every_field(code: str) -> None:
    random = Random(code)
    made = plain_draft(random, MESSAGES[code])
    seen: Counter[bool] = Counter()
    for leaf in made.root.leaves():
        usual, field = leaf.content, made.fields[id(leaf)]
        for odd in (*ODD_VALUES[field.type], *(odd_value(random, field) for _ in range(10))):
            leaf.content = odd
            seen[assert_guarantees(made.text().encode("utf-8", "surrogatepass"))] += 1
        leaf.content = usual
    assert min(seen.values()) > 50, seen


def test_empty_methods_may_be_written_with_an_end_tag() -> None:
    made = plain_draft(Random(6), MESSAGES["621"])
    made.signature = re.sub(r"<(ds:\w+)([^>]*)/>", r"<\1\2></\1>", SIGNATURE)
    assert "/>" not in made.signature
    assert assert_guarantees(made.text().encode())


@pytest.mark.parametrize("path", sorted(SPECIMENS.glob("*port/*.xml")), ids=lambda path: path.stem)
def test_official_samples(path: Path) -> None:
    assert_guarantees(path.read_bytes())


def test_values_come_in_the_order_wanted() -> None:
    raw = plain_draft(Random(8), MESSAGES["311"]).text().encode()
    wanted: Wanted = {"311": (["orderNo", "guid", "payCode", "ebpCode"], ["totalPrice", "gnum"])}
    found = Recogniser(wanted).recognise(raw)
    assert found is not None
    assert found == Reader(wanted).read(etree.fromstring(raw))._replace(canonical=True)
    everything = RECOGNISER.recognise(raw)
    assert everything is not None
    names = list(ALL["311"][0])
    assert found.documents[0].head == tuple(
        everything.documents[0].head[names.index(name)] for name in wanted["311"][0]
    )


def test_a_message_that_is_not_wanted_is_not_recognised() -> None:
    raw = plain_draft(Random(8), MESSAGES["411"]).text().encode()
    assert Recogniser({"311": (["guid"], [])}).recognise(raw) is None
    assert Recogniser({"411": (["guid"], [])}).recognise(raw) is not None


def test_no_pattern_can_backtrack() -> None:
    """Every repeat is possessive, or of a fixed number: time is linear whatever a message contains."""

    def repeats(tree: Any) -> Iterator[tuple[str, int, int]]:
        for operation, argument in tree:
            name = str(operation)
            if name in ("MAX_REPEAT", "MIN_REPEAT"):
                yield name, argument[0], argument[1]
            for part in argument if isinstance(argument, tuple | list) else (argument,):
                if isinstance(part, re._parser.SubPattern):  # type: ignore[attr-defined]
                    yield from repeats(part)
                elif isinstance(part, list):
                    for branch in part:
                        if isinstance(branch, re._parser.SubPattern):  # type: ignore[attr-defined]
                            yield from repeats(branch)

    seen = list(repeats(re._parser.parse("(?:a*b|[ab]{2,3}?)+")))  # type: ignore[attr-defined]
    assert len(seen) == 3, "the search itself must find repeats"
    for kind in KINDS:
        for pattern in patterns(kind.code, *ALL[kind.code]):
            tree = re._parser.parse(pattern)  # type: ignore[attr-defined]
            assert all(low == high for _, low, high in repeats(tree)), pattern
