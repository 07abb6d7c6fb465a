"""Our schemas, made from the catalogue, say of every message what the official ones say; with their one exception."""

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
    GUID_LENGTH,
    MESSAGES,
    NAMESPACE,
    TRADES,
    VERSION_MAX_LENGTH,
    MessageKind,
    Trade,
    kinds_of,
)
from silkgate.standards.ceb.schema import compiled, message_schema, schema_text
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
def official(trade: Trade) -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SPECIMENS / "xsd" / f"{trade}-202205.xsd"))


@cache
def ours_strict(trade: Trade) -> etree.XMLSchema:
    return compiled(schema_text(trade, signature_required=True))


def parsed(text: str) -> etree._Element | None:
    try:
        return etree.fromstring(text.encode("utf-8", "surrogatepass"))
    except etree.XMLSyntaxError:
        return None


def verdicts(root: etree._Element) -> tuple[bool, bool, bool]:
    """Official, ours with the official rule on signatures, ours; asserted to agree as they should."""
    kind = MESSAGES.get(etree.QName(root).localname[3:6])
    trade = kind.trade if kind else "import"
    theirs, schemas = official(trade), (ours_strict(trade), message_schema(trade))
    judged = theirs.validate(root), schemas[0].validate(root), schemas[1].validate(root)
    assert judged[0] == judged[1], (etree.tostring(root, encoding="unicode"), theirs.error_log, judged)
    unsigned = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is None
    if judged[0] != judged[2]:
        assert kind in SIGNED_KINDS
        assert unsigned
        assert judged[2]
        root.append(etree.fromstring(SIGNATURE))
        assert theirs.validate(root), "only the missing Signature may make the difference"
    return judged


@pytest.mark.parametrize("path", sorted(SPECIMENS.glob("*port/*.xml")), ids=lambda path: path.stem)
def test_official_samples_are_valid(path: Path) -> None:
    valid = path.stem != "CEB792Message"
    assert verdicts(etree.parse(path).getroot()) == (valid, valid, valid)


def test_the_official_sample_of_792_lacks_what_202205_added_to_its_lines() -> None:
    root = etree.parse(SPECIMENS / "export" / "CEB792Message.xml").getroot()
    for number, gnum in enumerate(root.iter(f"{{{NAMESPACE}}}gnum"), start=1):
        gnum.addprevious(etree.fromstring(f'<gseqno xmlns="{NAMESPACE}">{number}</gseqno>'))
    assert verdicts(root) == (True, True, True)


@pytest.mark.parametrize("trade", TRADES)
def test_a_message_of_the_other_trade_is_unknown(trade: Trade) -> None:
    for kind in KINDS:
        root = parsed(draft(Random(1), kind, subscribers_max=5).text())
        assert message_schema(trade).validate(root) is official(trade).validate(root) is (kind.trade == trade)


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
    for code in ("411", "623", "603"):
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


@pytest.mark.parametrize("code", ["411", "605"])
def test_same_verdict_on_private_data(code: str) -> None:
    """Whatever stands in ExtendMessage is passed over, but for there being one element of it at most."""
    made = draft(Random(2), MESSAGES[code], subscribers_max=1)
    children = made.root.content
    assert isinstance(children, list)
    place = next(n for n, child in enumerate(children) if child.name == "BaseTransfer") + 1
    seen = {True: 0, False: 0}
    for content in ODD_VALUES["any"]:
        parts = [Node("name", "n"), Node("version", "1"), Node("Message", content)]
        made.root.content = [*children[:place], Node("ExtendMessage", parts)]
        seen[verdicts(parsed(made.text()))[0]] += 1
    assert min(seen.values()) >= 2, seen


@pytest.mark.parametrize(("code", "last"), [("411", "Signature"), ("621", "Signature"), ("605", "ExtendMessage")])
def test_the_order_of_signature_and_private_data_is_that_of_the_trade(code: str, last: str) -> None:
    made = draft(Random(2), MESSAGES[code], subscribers_max=1)
    children = made.root.content
    assert isinstance(children, list)
    children = [child for child in children if child.name not in ("BaseSubscribe", "ExtendMessage")]
    made.root.content = [
        *children,
        Node("ExtendMessage", [Node("name", "n"), Node("version", "1"), Node("Message", "")]),
    ]
    made.signature = SIGNATURE
    root = parsed(made.text())
    assert root is not None
    assert etree.QName(root[-1]).localname == last
    assert verdicts(root) == (True, True, True)
    root.append(root[-2])
    assert verdicts(root) == (False, False, False)


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
        ("303", 100, 100, True),
        ("303", 1, 101, False),
        ("304", 101, 0, False),
        ("603", 1, 100, True),
        ("603", 101, 1, False),
        ("213", 1, 101, False),
        ("507", 1, 150, True),
        ("509", 1, 150, True),
        ("607", 101, 1, False),
        ("701", 1, 150, True),
        ("792", 100, 150, True),
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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.line], ids=lambda kind: kind.code)
def test_documents_without_lines(kind: MessageKind) -> None:
    made = draft(Random(4), kind, documents=1, subscribers_max=5)
    children = made.root.content
    assert isinstance(children, list)
    document = children[0]
    assert isinstance(document.content, list)
    del document.content[1:]
    assert verdicts(parsed(made.text()))[0] is (kind.code in ("507", "701", "792"))


XS = "{http://www.w3.org/2001/XMLSchema}"


def facets(element: etree._Element) -> dict[str, str]:
    restriction = element.iterfind(f"{XS}simpleType/{XS}restriction/*")
    return {etree.QName(facet).localname: facet.get("value") for facet in restriction if facet.get("value")}


def number(text: str | None) -> int | None:
    return None if text is None else int(text)


@pytest.mark.parametrize("trade", TRADES)
def test_the_catalogue_has_the_facets_of_the_official_schema(trade: Trade) -> None:
    root = etree.parse(SPECIMENS / "xsd" / f"{trade}-202205.xsd").getroot()

    def declared(element: etree._Element) -> tuple[object, ...]:
        found = facets(element)
        exact = found.get("length")
        return (
            element.get("name"),
            int(found.get("minLength", exact or 0)),
            number(found.get("maxLength", exact)),
            number(found.get("totalDigits")),
            number(found.get("fractionDigits")),
            found.get("whiteSpace") == "collapse",
            element.get("minOccurs") != "0",
            element.get("default") or "",
            element.get("fixed") or "",
        )

    # Only parts that hold fields: in the export schema, documents with a head are declared beside them.
    there = {
        part.get("name"): [declared(element) for element in part.iterfind(f"{XS}complexType/{XS}sequence/{XS}element")]
        for part in root.iterchildren(f"{XS}element")
        if part.find(f"{XS}complexType/{XS}sequence/{XS}element[@name]/{XS}annotation") is not None
    }
    here = {
        name: [
            (
                *(f.name, f.min_length, f.max_length, f.total_digits, f.fraction_digits),
                *(f.collapsed, f.required, f.default, f.fixed),
            )
            for f in fields
        ]
        for kind in kinds_of(trade)
        for name, fields in kind.parts.items()
    }
    assert here == there


@pytest.mark.parametrize("trade", TRADES)
def test_every_root_of_the_official_schema_is_in_the_catalogue_with_its_attributes(trade: Trade) -> None:
    root = etree.parse(SPECIMENS / "xsd" / f"{trade}-202205.xsd").getroot()
    roots = [one for one in root.iterchildren(f"{XS}element") if one.get("name").startswith("CEB")]
    assert {one.get("name") for one in roots} == {kind.root for kind in kinds_of(trade)}
    for one in roots:
        attributes = {attribute.get("name"): attribute for attribute in one.iterfind(f"{XS}complexType/{XS}attribute")}
        assert {name: attribute.get("use") for name, attribute in attributes.items()} == {
            "guid": "required",
            "version": "required",
        }
        guid, version = facets(attributes["guid"]), facets(attributes["version"])
        assert guid.get("length", guid.get("maxLength")) == str(GUID_LENGTH)
        assert version["maxLength"] == str(VERSION_MAX_LENGTH)


@pytest.mark.parametrize("trade", TRADES)
def test_the_schema_reads_nothing_outside_the_package(trade: Trade) -> None:
    foreign = schema_text(trade).replace("silkgate:signature.xsd", "file:///etc/hostname")
    with pytest.raises((ValueError, etree.XMLSchemaParseError)):
        compiled(foreign)
    assert f'targetNamespace="{NAMESPACE}"' in schema_text(trade)
