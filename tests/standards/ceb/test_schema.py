"""Our schema, made from the catalogue, says of every message what the official schema says; with its one exception."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from silkgate.standards.ceb.catalogue import (
    EXTEND_FIELDS,
    MESSAGES,
    NAMESPACE,
    SUBSCRIBE_FIELDS,
    TRANSFER_FIELDS,
    MessageKind,
)
from silkgate.standards.ceb.schema import compiled, import_schema, schema_text
from standards.ceb.generator import SIGNATURE, Node, draft
from standards.ceb.mutants import ODD_VALUES, mutate_tree
from standards.ceb.signatures import (
    FILLERS,
    KEY_INFOS,
    RICH_KEY_INFO,
    SIGNATURE_EDITS,
    edited_signature,
    with_key_info,
)

SPECIMENS = Path(__file__).parents[2] / "specimens" / "ceb"
MUTANTS_PER_KIND = int(os.environ.get("SILKGATE_CEB_MUTANTS", "0")) or 300
KINDS = list(MESSAGES.values())
SIGNED_KINDS = [kind for kind in KINDS if kind.signature == "required"]


@cache
def official() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SPECIMENS / "xsd" / "import-202205.xsd"))


@cache
def ours_strict() -> etree.XMLSchema:
    return compiled(schema_text(signature_required=True))


def parsed(text: str) -> etree._Element | None:
    try:
        return etree.fromstring(text.encode("utf-8", "surrogatepass"))
    except etree.XMLSyntaxError:
        return None


def verdicts(root: etree._Element) -> tuple[bool, bool, bool]:
    """Official, ours with the official rule on signatures, ours; asserted to agree as they should."""
    judged = official().validate(root), ours_strict().validate(root), import_schema().validate(root)
    assert judged[0] == judged[1], (etree.tostring(root, encoding="unicode"), official().error_log, judged)
    unsigned = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is None
    if judged[0] != judged[2]:
        kind = MESSAGES.get(etree.QName(root).localname[3:6])
        assert kind in SIGNED_KINDS
        assert unsigned
        assert judged[2]
        root.append(etree.fromstring(SIGNATURE))
        assert official().validate(root), "only the missing Signature may make the difference"
    return judged


@pytest.mark.parametrize("path", sorted(SPECIMENS.glob("import/*.xml")), ids=lambda path: path.stem)
def test_official_samples_are_valid(path: Path) -> None:
    assert verdicts(etree.parse(path).getroot()) == (True, True, True)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_same_verdict_on_generated_messages_and_mutants(kind: MessageKind) -> None:
    random = Random(f"schema {kind.code}")
    seen = {True: 0, False: 0}
    for _ in range(MUTANTS_PER_KIND):
        made = draft(random, kind)
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            mutate_tree(random, made)
        root = parsed(made.text())
        if root is not None:
            seen[verdicts(root)[0]] += 1
    assert min(seen.values()) > MUTANTS_PER_KIND / 10, seen


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_unchanged_drafts_are_valid(kind: MessageKind) -> None:
    random = Random(f"valid {kind.code}")
    for _ in range(20):
        made = draft(random, kind, subscribers_max=5)
        assert verdicts(parsed(made.text())) == (True, True, True)


@pytest.mark.parametrize("kind", SIGNED_KINDS, ids=lambda kind: kind.code)
def test_a_signature_is_optional_here_and_required_there(kind: MessageKind) -> None:
    made = draft(Random(1), kind, subscribers_max=5)
    made.signature = ""
    assert verdicts(parsed(made.text())) == (False, False, True)


def test_same_verdict_on_every_edited_signature() -> None:
    """Each edit alone, and each content of KeyInfo with each filler."""
    seen = {True: 0, False: 0}
    signatures = [edited_signature(SIGNATURE, edit) for edit in SIGNATURE_EDITS]
    signatures += [
        with_key_info(SIGNATURE, content.replace("{}", filler))
        for content in KEY_INFOS
        for filler in (FILLERS if "{}" in content else FILLERS[:1])
    ]
    for code in ("411", "623"):
        made = draft(Random(code), MESSAGES[code], subscribers_max=5)
        made.xsi = True
        for signature in signatures:
            made.signature = signature
            root = parsed(made.text())
            if root is not None:
                seen[verdicts(root)[0]] += 1
    assert min(seen.values()) > 40, seen


def test_same_verdict_on_every_change_of_every_signature_element() -> None:
    """A signature with every element there is; each of them changed in each way."""
    made = draft(Random(2), MESSAGES["411"], subscribers_max=1)
    made.signature = with_key_info(SIGNATURE, RICH_KEY_INFO)
    whole = parsed(made.text())
    assert whole is not None
    assert verdicts(whole) == (True, True, True)
    seen = {True: 0, False: 0}
    count = len(list(whole[-1].iter(etree.Element)))
    for place in range(count):
        for change in CHANGES:
            root = copy.deepcopy(whole)
            change(next(islice(root[-1].iter(etree.Element), place, None)))
            seen[verdicts(root)[0]] += 1
    assert min(seen.values()) > 2 * count, seen


def _say(text: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        element.text = text

    return change


def _tell(name: str, value: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        element.set(name, value)

    return change


def _remove(element: etree._Element) -> None:
    element.getparent().remove(element)


def _double(element: etree._Element) -> None:
    element.addnext(copy.deepcopy(element))


def _swap(element: etree._Element) -> None:
    if element.getnext() is not None:
        element.addprevious(element.getnext())


def _add(tag: str) -> Callable[[etree._Element], None]:
    def change(element: etree._Element) -> None:
        etree.SubElement(element, tag)

    return change


def _rename(element: etree._Element) -> None:
    element.tag += "x"


def _strip(element: etree._Element) -> None:
    element.attrib.clear()


CHANGES = (
    *(_say("text"), _say(""), _say(" \n"), _say("AB=="), _say("AQ=="), _say("!"), _say("12")),
    *(_tell("Id", "a"), _tell("Id", "1"), _tell("URI", "%zz"), _tell("Type", "%zz"), _tell("Algorithm", "%zz")),
    *(_tell("URI", "u"), _tell("Type", "t"), _tell("Algorithm", "a"), _tell("Other", "o")),
    *(_add("{urn:x}x"), _add("x"), _add("{http://www.w3.org/2000/09/xmldsig#}KeyName")),
    *(_add("{http://www.w3.org/2000/09/xmldsig#}XPath"), _add(f"{{{NAMESPACE}}}OrderHead")),
    *(_remove, _double, _swap, _rename, _strip),
)


def test_same_verdict_on_private_data() -> None:
    """Whatever stands in ExtendMessage is passed over, but for there being one element of it at most."""
    made = draft(Random(2), MESSAGES["411"], subscribers_max=1)
    children = made.root.content
    assert isinstance(children, list)
    place = next(n for n, child in enumerate(children) if child.name == "BaseTransfer") + 1
    seen = {True: 0, False: 0}
    for content in ODD_VALUES["any"]:
        parts = [Node("name", "n"), Node("version", "1"), Node("Message", content)]
        made.root.content = [*children[:place], Node("ExtendMessage", parts)]
        seen[verdicts(parsed(made.text()))[0]] += 1
    assert min(seen.values()) >= 2, seen


@pytest.mark.parametrize(
    ("code", "documents", "lines", "valid"),
    [
        ("411", 100, 0, True),
        ("411", 101, 0, False),
        ("311", 1, 99, True),
        ("311", 1, 100, False),
        ("312", 101, 0, False),
        ("621", 1, 100, False),
        ("625", 1, 99, True),
        ("711", 2, 1, False),
        ("711", 1, 150, True),
        ("816", 101, 1, True),
        ("816", 1, 100, False),
        ("818", 101, 0, True),
        ("900", 2, 0, False),
    ],
)
def test_numbers_of_documents_and_lines(code: str, documents: int, lines: int, valid: bool) -> None:
    made = draft(Random(code), MESSAGES[code], documents=1, lines=1, subscribers_max=5)
    children = made.root.content
    assert isinstance(children, list)
    document = children[0]
    if lines:
        assert isinstance(document.content, list)
        document.content[1:] = [document.content[1]] * lines
    made.root.content = [document] * documents + children[1:]
    assert verdicts(parsed(made.text()))[0] is valid


def test_the_catalogue_has_the_facets_of_the_official_schema() -> None:
    xs = "{http://www.w3.org/2001/XMLSchema}"
    root = etree.parse(SPECIMENS / "xsd" / "import-202205.xsd").getroot()

    def facets(element: etree._Element) -> tuple[object, ...]:
        found = {
            etree.QName(facet).localname: int(facet.get("value"))
            for facet in element.iterfind(f"{xs}simpleType/{xs}restriction/*")
            if facet.get("value")
        }
        exact = found.get("length")
        digits = found.get("totalDigits"), found.get("fractionDigits")
        required = element.get("minOccurs") != "0"
        low, high = found.get("minLength", exact or 0), found.get("maxLength", exact)
        return element.get("name"), low, high, *digits, required, element.get("fixed") or ""

    there = {
        part.get("name"): [facets(element) for element in part.iterfind(f"{xs}complexType/{xs}sequence/{xs}element")]
        for part in root.iterchildren(f"{xs}element")
        if not part.get("name").startswith("CEB")
    }
    here = {
        name: [
            (f.name, f.min_length, f.max_length, f.total_digits, f.fraction_digits, f.required, f.fixed) for f in fields
        ]
        for name, fields in (
            ("BaseTransfer", TRANSFER_FIELDS),
            ("BaseSubscribe", SUBSCRIBE_FIELDS),
            ("ExtendMessage", EXTEND_FIELDS),
            *((kind.head or kind.document, kind.head_fields) for kind in KINDS),
            *((kind.line, kind.line_fields) for kind in KINDS if kind.line),
        )
    }
    assert here == there


def test_the_schema_reads_nothing_outside_the_package() -> None:
    foreign = schema_text().replace("silkgate:signature.xsd", "file:///etc/hostname")
    with pytest.raises((ValueError, etree.XMLSchemaParseError)):
        compiled(foreign)
    assert f'targetNamespace="{NAMESPACE}"' in schema_text()
