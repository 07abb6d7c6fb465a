"""Bills of materials as CSV, XLSX and UBL catalogue: the same parts from each; all rows or none; hostile files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

import pytest

from machinery.made import BILL, BUILT_IN, HEADING, NOW, book, clerk, draft, table
from silkgate.kernel.fixed import format_e5
from silkgate.machinery import actions, models
from silkgate.machinery.sheets import read_bill
from silkgate.registry.api import MAX_SHEET_BYTES, RefusedError, SheetError

NAMESPACES = (
    'xmlns="urn:oasis:names:specification:ubl:schema:xsd:Catalogue-2"'
    ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
    ' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)
UNIT_CODES = {"001": "001", "007": "C62", "030": "MTR"}


def line(
    item_no: str,
    inside: Sequence[tuple[str, str]] = (),
    about: Sequence[str] = (),
    currency: str = "USD",
) -> str:
    """A catalogue line: what it is made of (item, quantity); name, code, unit, price, serial numbers."""
    name, gcode, unit, price, serial_nos = about or ("整机", "", "", "", "")
    components = "".join(
        f"<cac:ComponentRelatedItem><cbc:ID>{escape(one)}</cbc:ID><cbc:Quantity>{escape(count)}</cbc:Quantity>"
        "</cac:ComponentRelatedItem>\n"
        for one, count in inside
    )
    priced = (
        f'<cac:RequiredItemLocationQuantity><cac:Price><cbc:PriceAmount currencyID="{currency}">{price}'
        "</cbc:PriceAmount></cac:Price></cac:RequiredItemLocationQuantity>"
    )
    serials = "".join(
        f"<cac:ItemInstance><cbc:SerialID>{one}</cbc:SerialID></cac:ItemInstance>"
        for one in serial_nos.split(";")
        if one
    )
    return (
        f"<cac:CatalogueLine><cbc:ID>1</cbc:ID><cbc:OrderableUnit>{unit}</cbc:OrderableUnit>\n{components}"
        f"{priced if price else ''}<cac:Item><cbc:Name>{name}</cbc:Name>"
        f"<cac:SellersItemIdentification><cbc:ID>{item_no}</cbc:ID></cac:SellersItemIdentification>"
        "<cac:CommodityClassification><cbc:ItemClassificationCode>"
        f"{gcode}</cbc:ItemClassificationCode></cac:CommodityClassification>{serials}</cac:Item></cac:CatalogueLine>\n"
    )


def catalogue(*lines: str) -> bytes:
    return f"<Catalogue {NAMESPACES}><cbc:UBLVersionID>2.1</cbc:UBLVersionID>\n{''.join(lines)}</Catalogue>".encode()


def as_ubl(rows: Sequence[Sequence[str]] = BILL) -> bytes:
    """The same bill as a catalogue."""
    inside: dict[str, list[tuple[str, str]]] = {}
    about: dict[str, tuple[str, ...]] = {}
    for part_no, parent, name, gcode, unit, quantity, serial_nos, value in rows:
        inside.setdefault(parent or "GP-200", []).append((part_no, quantity))
        if part_no not in about:
            about[part_no] = (name, gcode, UNIT_CODES[unit], value, serial_nos)
    return catalogue(
        line("GP-200", inside["GP-200"]), *[line(key, inside.get(key, ()), said) for key, said in about.items()]
    )


def as_xlsx(rows: Sequence[Sequence[object]] = BILL) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["零件号", "上级零件号", "名称", "商品编码", "计量单位", "数量", "序列号", "单价"])
    for row in rows:
        sheet.append(list(row))
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


FORMATS = {"bill.csv": table(), "bill.xlsx": as_xlsx(), "bill.xml": as_ubl()}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_brings_the_same_parts(firms: None, name: str) -> None:
    row = draft()
    judged = actions.import_bill(clerk(), row.pk, name, FORMATS[name], at=NOW)
    assert [(one.line, one.what.en) for one in judged.problems] == []
    parts = models.Part.objects.filter(book=row).order_by("part_no")
    assert {part.part_no: format_e5(part.quantity_e5) for part in parts} == BUILT_IN
    assert {part.part_no: part.unit for part in parts} == {
        "PMP-20": "001", "VLV-08": "007", "SEAL-3": "007", "MOT-15": "001", "HOSE": "030",
    }  # fmt: skip
    assert set(models.Serial.objects.values_list("part__part_no", "serial_no")) == {
        ("MOT-15", "M-77101"),
        ("MOT-15", "M-77102"),
    }
    assert models.Component.objects.filter(book=row, parent=None).count() == 2


def test_nothing_is_taken_unless_all_rows_pass(firms: None) -> None:
    row = draft()
    actions.import_bill(clerk(), row.pk, "bill.csv", table(), at=NOW)
    bad = [*BILL, ("X", "NONE", "零件", "12", "斤半", "0", "", "?")]
    judged = actions.import_bill(clerk(), row.pk, "bill.csv", table(bad), at=NOW)
    assert {(one.line, one.field) for one in judged.problems} == {
        (8, "gcode"), (8, "unit"), (8, "quantity"), (8, "unit_value"),
    }  # fmt: skip
    assert models.Part.objects.filter(book=row).count() == len(BUILT_IN), "what was there stays"


def test_a_second_import_takes_the_place_of_the_first(firms: None) -> None:
    row = draft()
    for content in (table(), table(BILL[:2])):
        actions.import_bill(clerk(), row.pk, "bill.csv", content, at=NOW)
    assert set(models.Part.objects.filter(book=row).values_list("part_no", flat=True)) == {"PMP-20", "VLV-08"}


def test_what_is_declared_is_not_imported_again(firms: None) -> None:
    row = book()
    with pytest.raises(RefusedError, match="stays as it is"):
        actions.import_bill(clerk(), row.pk, "bill.csv", table(BILL[:2]), at=NOW)
    assert models.Part.objects.filter(book=row).count() == len(BUILT_IN)


def faults(content: bytes) -> list[str]:
    """What reading a catalogue finds."""
    return [f"{one.field}: {one.what.en}" for one in read_bill("bill.xml", content, "USD").problems]


PART = ("阀", "8481400000", "C62", "10", "")


def test_a_catalogue_is_told_where_it_is_wrong() -> None:
    machine = line("M", [("A", "1"), ("B", "1")])
    assert faults(catalogue(machine, line("A", (), PART))) == ["part_no: No CatalogueLine describes B."]
    both = [line("A", (), PART), line("B", (), PART)]
    assert faults(catalogue(machine, *both)) == []
    assert "has A" in faults(catalogue(machine, *both, line("A", (), PART)))[0]
    assert "no SellersItemIdentification" in faults(catalogue(machine, *both, line("", (), PART)))[0]
    two_tops = catalogue(machine, *both, line("N", [("A", "1")]))
    assert "there are: M, N" in faults(two_tops)[0]
    circle = catalogue(line("A", [("B", "1")], PART), line("B", [("A", "1")], PART))
    assert "no machine" in faults(circle)[0]
    other_currency = catalogue(machine, line("A", (), PART, "EUR"), line("B", (), PART))
    assert "in EUR; it has to be in USD" in faults(other_currency)[0]


def test_rows_of_a_catalogue_are_its_lines(firms: None) -> None:
    """A fault names the line of the file on which the component stands."""
    content = catalogue(line("M", [("A", "1"), ("B", "minus one")]), line("A", (), PART), line("B", (), PART))
    judged = actions.import_bill(clerk(), draft().pk, "bill.xml", content, at=NOW)
    (problem,) = judged.problems
    assert (problem.field, content.splitlines()[(problem.line or 0) - 1]) == (
        "quantity",
        b"<cac:ComponentRelatedItem><cbc:ID>B</cbc:ID><cbc:Quantity>minus one</cbc:Quantity>"
        b"</cac:ComponentRelatedItem>",
    )


EXPANDING = b"<!DOCTYPE c [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;'>]>" + catalogue(line("&b;"))
HOSTILE = {
    "empty.csv": b"",
    "empty.xml": b"",
    "no.xml": b"not xml",
    "invoice.xml": b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>',
    "empty-catalogue.xml": catalogue(),
    "entities.xml": EXPANDING,
    "include.xml": b'<C xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/></C>',
    "utf16.xml": catalogue(line("M", [("A", "1")])).decode().encode("utf-16"),
    "deep.xml": b"<a>" * 500 + b"</a>" * 500,
    "many.xml": catalogue(line("M", [("A", "1")] * 5_001)),
    "large.xml": b" " * (MAX_SHEET_BYTES + 1),
    "large.csv": b" " * (MAX_SHEET_BYTES + 1),
    "bill.pdf": b"%PDF-1.7",
    "bill.xlsm": as_xlsx(),
    "renamed.xlsx": table(),
    "renamed.csv": as_xlsx(),
    "binary.csv": bytes(range(256)),
    "unknown.csv": table(heading=("part_no", "price_of_everything")),
    "twice.csv": table(heading=("part_no", "零件号")),
    "heading.csv": table(()),
    "long.csv": table([("A", "", "n", "8413910000", "007", "1", "", "1")] * 5_002),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_bill_is_refused_in_words(name: str) -> None:
    with pytest.raises(SheetError) as refused:
        read_bill(name, HOSTILE[name], "USD")
    assert all(refused.value.text)


def test_formulas_are_no_values(firms: None) -> None:
    rows = [("A", "", '=HYPERLINK("http://x")', "8413910000", "007", "=1+1", "", "1")]
    for name, content in (("bill.csv", table(rows)), ("bill.xlsx", as_xlsx(rows))):
        judged = actions.import_bill(clerk(), draft(contract_no=name).pk, name, content, at=NOW)
        assert {(one.line, one.field) for one in judged.problems} == {(2, "name"), (2, "quantity")}


def test_the_heading_is_that_of_the_template() -> None:
    assert set(HEADING) == set(read_bill("bill.csv", table(), "USD").rows[0].values) | {"parent", "serial_nos"}
