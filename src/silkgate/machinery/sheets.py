"""Bills of materials as they are brought: CSV and XLSX by the registry's reader, UBL 2.1 catalogues. Rows out."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from silkgate.kernel.text import Text
from silkgate.machinery.domain import COLUMNS, LINE_COLUMNS
from silkgate.registry.api import MAX_ROWS, MAX_SHEET_BYTES, Problem, SheetError, read_sheet
from silkgate.standards.safexml import Limits, XmlRefused
from silkgate.standards.ubl import Catalogue, Item, UblRefused, read_catalogue

UNITS = {
    "C62": "007",
    "H87": "007",
    "EA": "007",
    "PCE": "007",
    "NAR": "007",
    "SET": "006",
    "KGM": "035",
    "MTR": "030",
    "LTR": "095",
    "KMT": "147",
}
"""Customs unit by code of UN/ECE Recommendation 20; a customs code may stand there as well."""
_LIMITS = Limits(max_bytes=MAX_SHEET_BYTES, max_elements=200_000, max_text_chars=10_000)


class Row(NamedTuple):
    """One row: its line in the file, its values by column key."""

    line: int
    values: Mapping[str, str]


class Sheet(NamedTuple):
    """The rows of a file, and what cannot be a value."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read_bill(name: str, content: bytes, currency: str) -> Sheet:
    """The rows of a bill of materials in a file called `name`; amounts have to be in `currency` (ISO 4217).

    Raises SheetError for what is no table and no catalogue, is too large, or carries anything but values.
    """
    if name.lower().endswith(".xml"):
        return _of_catalogue(content, currency)
    if not name.lower().endswith((".csv", ".xlsx")):
        raise SheetError("只接收XLSX、CSV和UBL（XML）文件。", "Only XLSX, CSV and UBL (XML) files are taken.")
    sheet = read_sheet(name, content, COLUMNS)
    return Sheet(tuple(Row(row.line, row.values) for row in sheet.rows), sheet.problems)


def read_lines(name: str, content: bytes) -> Sheet:
    """The rows of a shipment's table. Raises SheetError."""
    sheet = read_sheet(name, content, LINE_COLUMNS)
    return Sheet(tuple(Row(row.line, row.values) for row in sheet.rows), sheet.problems)


def template(columns: Mapping[str, Text], language: str) -> str:
    """An empty table as CSV with a byte order mark."""
    out = io.StringIO()
    csv.writer(out).writerow([words.in_language(language) for words in columns.values()])
    return "\ufeff" + out.getvalue()


# --- UBL --------------------------------------------------------------------------------------------------------------


def _of_catalogue(content: bytes, currency: str) -> Sheet:
    try:
        catalogue = read_catalogue(content, _LIMITS)
    except (XmlRefused, UblRefused) as refused:
        raise SheetError(
            f"文件不能作为UBL目录读取：{refused.detail.zh}。",
            f"It cannot be read as a UBL catalogue: {refused.detail.en}.",
        ) from refused
    if len(catalogue.components) > MAX_ROWS:
        raise SheetError(f"组成部件超过{MAX_ROWS:,}个。", f"There are more than {MAX_ROWS:,} components.")
    if not catalogue.components:
        raise SheetError(
            "目录中没有组成部件（ComponentRelatedItem）。", "The catalogue names no components (ComponentRelatedItem)."
        )
    items, problems = _by_id(catalogue)
    machine, wrong = _machine(catalogue, items)
    currency_problems = _of_other_currency(catalogue.items, currency)
    rows, first = [], set[str]()
    for component in catalogue.components:
        item = items.get(component.item_id)
        if item is None:
            told = Text(
                f"目录中没有{component.item_id[:60] or '这个部件'}的CatalogueLine。",
                f"No CatalogueLine describes {component.item_id[:60] or 'this component'}.",
            )
            problems.append(Problem("part_no", told, component.line))
            continue
        values = {
            "part_no": component.item_id,
            "parent": "" if component.parent_id == machine else component.parent_id,
            "quantity": component.quantity,
        }
        if component.item_id not in first:
            first.add(component.item_id)
            values |= _about(item, component.unit)
        rows.append(Row(component.line, values))
    return Sheet(tuple(rows), (*problems, *wrong, *currency_problems))


def _about(item: Item, unit: str) -> dict[str, str]:
    unit = item.unit or unit
    return {
        "name": item.name,
        "gcode": item.commodity_code,
        "unit": UNITS.get(unit, unit),
        "serial_nos": " ".join(item.serial_ids),
        "unit_value": item.price,
    }


def _by_id(catalogue: Catalogue) -> tuple[dict[str, Item], list[Problem]]:
    """Items by their identifier, and lines that have none, or one that another has."""
    items: dict[str, Item] = {}
    problems = []
    for item in catalogue.items:
        if not item.id:
            told = Text(
                "CatalogueLine没有SellersItemIdentification/ID。",
                "The CatalogueLine has no SellersItemIdentification/ID.",
            )
            problems.append(Problem("part_no", told, item.line))
        elif items.setdefault(item.id, item) is not item:
            told = Text(
                f"第{items[item.id].line}行已有{item.id[:60]}。", f"Line {items[item.id].line} has {item.id[:60]}."
            )
            problems.append(Problem("part_no", told, item.line))
    return items, problems


def _machine(catalogue: Catalogue, items: Mapping[str, Item]) -> tuple[str, list[Problem]]:
    """The machine: the one item with components that is no component itself."""
    inside = {component.item_id for component in catalogue.components}
    tops = [key for key in dict.fromkeys(one.parent_id for one in catalogue.components) if key not in inside]
    if len(tops) == 1:
        return tops[0], []
    if not tops:
        told = Text("没有最上级的整机：每个部件都在另一个之中。", "There is no machine: every item is inside another.")
    else:
        named = ", ".join(key[:40] for key in tops[:5])
        told = Text(f"最上级应只有整机一项，现有：{named}。", f"Only the machine may stand on top; there are: {named}.")
    line = items[tops[0]].line if tops and tops[0] in items else None
    return "", [Problem("parent", told, line)]


def _of_other_currency(items: Sequence[Item], currency: str) -> list[Problem]:
    return [
        Problem(
            "unit_value",
            Text(
                f"单价的币种为{item.currency[:3] or '空'}，应与账册的{currency}相同。",
                f"The price is in {item.currency[:3] or 'no currency'}; it has to be in {currency}, as the book is.",
            ),
            item.line,
        )
        for item in items
        if item.price and item.currency != currency
    ]
