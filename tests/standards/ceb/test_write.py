"""Writers: valid under the official schemas, the same content from both, and read back as it was given."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from silkgate.standards.ceb.catalogue import MESSAGES, Field, MessageKind, Trade
from silkgate.standards.ceb.message import Transfer
from silkgate.standards.ceb.read import Reader, Wanted
from silkgate.standards.ceb.recognise import Recogniser
from silkgate.standards.ceb.write import Content, compose, fitted, write, writer, writer_with_lines
from standards.ceb.generator import guid, valid_value

SPECIMENS = Path(__file__).parents[2] / "specimens" / "ceb"
RECEIPTS = [kind for kind in MESSAGES.values() if not kind.inbound]
INBOUND = [kind for kind in MESSAGES.values() if kind.inbound]
ALL: Wanted = {
    kind.code: ([field.name for field in kind.head_fields], [field.name for field in kind.line_fields])
    for kind in MESSAGES.values()
}
READER = Reader(ALL)
GUID = "4CDE1CFD-EDED-46B1-946C-B8022E42FC94"
SPECIAL = ("&", "<", ">", "]]>", "\r\n", "\t", "&amp;", "'\"")


@cache
def official(trade: Trade = "import") -> etree.XMLSchema:
    return etree.XMLSchema(file=str(SPECIMENS / "xsd" / f"{trade}-202205.xsd"))


def value(random: Random, field: Field, special: bool) -> str:
    made = valid_value(random, field)
    if special and field.type == "string" and not field.fixed and made:
        mark = random.choice(SPECIAL)
        marked = (made[: len(made) - len(mark)] + mark)[: len(made)] if len(made) >= len(mark) else made
        made = marked if len(field.normalised(marked)) >= field.min_length else made
    return str(int(made)) if field.type == "int" else made


def part(random: Random, fields: tuple[Field, ...], special: bool) -> dict[str, str]:
    return {field.name: value(random, field, special) for field in fields if field.required or random.random() < 0.6}


def contents(random: Random, kind: MessageKind, special: bool = False) -> list[Content]:
    return [
        (
            part(random, kind.head_fields, special),
            [part(random, kind.line_fields, special) for _ in range(random.randint(kind.lines_min, 3))]
            if kind.line
            else [],
        )
        for _ in range(random.randint(1, kind.documents_max or 3) if random.random() < 0.1 else 1)
    ]


def expected(kind: MessageKind, documents: list[Content]) -> list[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]]:
    def row(fields: tuple[Field, ...], values: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(field.normalised(values.get(field.name, "")) for field in fields)

    return [
        (row(kind.head_fields, head), tuple(row(kind.line_fields, line) for line in lines)) for head, lines in documents
    ]


@pytest.mark.parametrize("special", [False, True], ids=["plain", "special"])
@pytest.mark.parametrize("kind", RECEIPTS, ids=lambda kind: kind.code)
def test_receipts_from_both_writers(kind: MessageKind, special: bool) -> None:
    random = Random(f"receipts {kind.code}")
    names = [field.name for field in kind.head_fields]
    line_names = [field.name for field in kind.line_fields]
    random.shuffle(names)
    random.shuffle(line_names)
    for _ in range(40):
        documents = contents(random, kind, special)
        raw = write(kind.code, GUID, documents)
        official(kind.trade).assertValid(etree.fromstring(raw))
        message = READER.read(etree.fromstring(raw))
        assert message.guid == GUID
        assert message.documents == expected(kind, documents)
        rows = [[head.get(name, "") for name in names] for head, _ in documents]
        if kind.line:
            lines = [[[line.get(name, "") for name in line_names] for line in of] for _, of in documents]
            fast = writer_with_lines(kind.code, names, line_names)(GUID, list(zip(rows, lines, strict=True)))
        else:
            fast = writer(kind.code, names)(GUID, rows)
        assert fast == raw


@pytest.mark.parametrize("kind", INBOUND, ids=lambda kind: kind.code)
def test_composed_messages(kind: MessageKind) -> None:
    random = Random(f"compose {kind.code}")
    sender = Transfer("4101980B01", "河南通衢报关有限公司", "DXP", "DXPENT0000410007")
    recogniser = Recogniser(ALL)
    for special in (False, True):
        for _ in range(20):
            documents = contents(random, kind, special)
            raw = compose(kind.code, guid(random), sender, documents)
            message = READER.read(etree.fromstring(raw))
            assert message.documents == expected(kind, documents)
            assert message.transfer == sender
            if not special and not any(len(line.get("gnum", "").lstrip("-")) > 9 for _, of in documents for line in of):
                assert recogniser.recognise(raw) == message._replace(canonical=True)


def test_a_document_without_lines_may_be_its_head_alone() -> None:
    head = part(Random(1), MESSAGES["312"].head_fields, special=False)
    assert write("312", GUID, [head]) == write("312", GUID, [(head, [])])


@pytest.mark.parametrize(
    "original",
    ["<a/>", "a]]>b", "]]>]]>", "a\r\nb\rc", "]]]>", "&amp;<![CDATA[x]]>", "河南", ""],
)
def test_the_original_of_a_900_is_kept_to_the_letter(original: str) -> None:
    head = {
        "guid": GUID,
        "returnStatus": "-1",
        "returnInfo": "format.schema",
        "returnTime": "20260618070039123",
        "oriMessageType": "Unknown",
        "oriBizMessage": original,
    }
    raw = write("900", GUID, [head])
    assert b"<oriBizMessage><![CDATA[" in raw
    root = etree.fromstring(raw)
    official().assertValid(root)
    assert root[0][-1].text or original == ""
    assert READER.read(root).documents[0].head[-1] == original


def test_characters_that_xml_forbids_are_replaced() -> None:
    head = part(Random(1), MESSAGES["312"].head_fields, special=False)
    odd = "a\x00b\x1fc\ud800d\ufffee\uffff"
    raw = write("312", GUID, [head | {"returnInfo": odd}])
    assert raw == writer("312", list(head))(GUID, [list((head | {"returnInfo": odd}).values())])
    assert etree.fromstring(raw)[0][-1].text == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"


GOOD = {
    "guid": GUID,
    "ebpCode": "4101960P01",
    "ebcCode": "4101960E01",
    "orderNo": "D1",
    "returnStatus": "120",
    "returnTime": "20260618070039123",
    "returnInfo": "入库",
}


@pytest.mark.parametrize(
    "change",
    [
        {"orderNo": ""},
        {"orderNo": "9" * 61},
        {"returnTime": "20260618"},
        {"unknownField": "1"},
        {"returnInfo": "x" * 1001},
    ],
)
def test_what_the_catalogue_does_not_allow_is_not_written(change: dict[str, str]) -> None:
    assert write("312", GUID, [GOOD])
    with pytest.raises(ValueError, match=next(iter(change))):
        write("312", GUID, [GOOD | change])


BILL = {"invtNo": "46122026I000000001", "taxNo": "1", "status": "1", "guid": GUID, "returnTime": "20260618070039123"}
TAXES = {"customsTax": "0", "valueAddedTax": "9.1", "consumptionTax": "0"}


@pytest.mark.parametrize(
    ("field", "text", "good"),
    [
        ("valueAddedTax", "12345678901234.12345", True),
        ("valueAddedTax", "1234567890123456789", True),
        ("valueAddedTax", "12345678901234567890", False),
        ("valueAddedTax", "1.123456", False),
        ("valueAddedTax", "1e5", False),
        ("valueAddedTax", "", False),
        ("valueAddedTax", "-0.5", True),
        ("gnum", "2147483647", True),
        ("gnum", "2147483648", False),
        ("gnum", "1.0", False),
        ("gnum", "", False),
    ],
)
def test_numbers_written(field: str, text: str, good: bool) -> None:
    line = TAXES | {"gnum": "1", "gcode": "3304990029", "taxPrice": "100"}
    documents = [(BILL | TAXES, [line | {field: text}])]
    if good:
        official().assertValid(etree.fromstring(write("816", GUID, documents)))
    else:
        with pytest.raises(ValueError, match=field):
            write("816", GUID, documents)


def test_numbers_of_documents_and_lines() -> None:
    with pytest.raises(ValueError, match="101 OrderReturn"):
        write("312", GUID, [GOOD] * 101)
    with pytest.raises(ValueError, match="0 OrderReturn"):
        write("312", GUID, [])
    with pytest.raises(ValueError, match="0 TaxListRd"):
        write("816", GUID, [(BILL | TAXES, [])])
    fast = writer("312", list(GOOD))
    with pytest.raises(ValueError, match="101 OrderReturn"):
        fast(GUID, [list(GOOD.values())] * 101)


def test_a_writer_is_made_for_the_fields_of_its_message() -> None:
    for fields in (["guid"], [*GOOD, "unknown"], [*GOOD, "guid"]):
        with pytest.raises(ValueError, match="fields of this message"):
            writer("312", fields)
    for code in ("311", "303"):
        with pytest.raises(ValueError, match="not a receipt"):
            writer(code, [])
    with pytest.raises(ValueError, match="has lines"):
        writer("816", [])
    with pytest.raises(ValueError, match="no lines"):
        writer_with_lines("312", list(GOOD), [])


@pytest.mark.parametrize("bad", ["short", "x" * 35 + '"', "x" * 35 + "<"])
def test_the_guid_of_a_message(bad: str) -> None:
    with pytest.raises(ValueError, match="guid"):
        write("312", bad, [GOOD])
    with pytest.raises(ValueError, match="guid"):
        writer("312", list(GOOD))(bad, [list(GOOD.values())])


def test_fitted() -> None:
    assert fitted("312", "returnInfo", "x" * 1000) == "x" * 1000
    assert fitted("312", "returnInfo", "x" * 1001) == "x" * 999 + "…"
    assert fitted("900", "oriBizMessage", "x" * 9999) == "x" * 9999
