"""Reads tables that strangers upload, CSV and XLSX, within bounds: rows of text with their line numbers. No database.

A table is data, never a program: formulas, macros, links to other files and active parts are refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from silkgate.kernel.text import Text
from silkgate.registry.domain import Problem
from silkgate.standards.archives import ArchiveRefused, Limits, unpack_zip

MAX_SHEET_BYTES = 4 * 2**20
MAX_ROWS = 5_000
MAX_COLUMNS = 30
MAX_CELL_CHARS = 2_000
_LIMITS = Limits(max_bytes=MAX_SHEET_BYTES, max_members=200, max_total_bytes=48 * 2**20, max_ratio=100)
_ACTIVE = ("vbaproject", "activex", "externallinks/", "embeddings/", "macrosheets/", "dialogsheets/", "connections.xml")
_FORMULA_STARTS = ("=", "@", "+", "\t")

_SAVE_AGAIN = Text(
    "请用表格软件另存为XLSX或UTF-8编码的CSV后再上传", "save it again as XLSX or UTF-8 CSV and upload that"
)


class SheetError(ValueError):
    """A file cannot be read as a table at all; `text` says why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        self.text = Text(zh, en)
        super().__init__(en)


class Row(NamedTuple):
    """One row of a table: its line (the heading is line 1), its values by column key."""

    line: int
    values: dict[str, str]


class Sheet(NamedTuple):
    """The rows of a table that are not empty, and cells that cannot be values."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read_sheet(name: str, content: bytes, columns: dict[str, Text]) -> Sheet:
    """The rows of an uploaded table whose columns have the words (either language) or the keys of `columns`.

    A table may have as many columns as are known, and 30 where fewer are.
    Raises SheetError for what is no table, is too large, or carries anything but values.
    """
    if not content:
        raise SheetError("文件是空的，请检查后重新上传。", "The file is empty. Check it and upload it again.")
    if len(content) > MAX_SHEET_BYTES:
        limit = MAX_SHEET_BYTES // 2**20
        raise SheetError(
            f"文件超过{limit}MB，请分成几份上传。", f"The file has more than {limit} MB. Upload it in several parts."
        )
    most = max(MAX_COLUMNS, len(columns))
    if name.lower().endswith(".xlsx"):
        return _assemble(_xlsx_rows(content, most), columns)
    if name.lower().endswith(".csv"):
        return _assemble(_csv_rows(content, most), columns)
    raise SheetError(f"只接收XLSX和CSV文件；{_SAVE_AGAIN.zh}。", f"Only XLSX and CSV are taken; {_SAVE_AGAIN.en}.")


Cells = Sequence[tuple[str, bool]]
"""Values of a row as text, each with whether it is a formula."""


def _assemble(rows: Iterator[Cells], columns: dict[str, Text]) -> Sheet:
    heading = next(rows, None)
    if heading is None:
        raise SheetError("表格是空的：第一行应为列名。", "The table is empty: its first line must name the columns.")
    keys = _keys([value for value, _ in heading], columns)
    found, problems = [], []
    for line, cells in enumerate(rows, 2):
        if line > 20 * MAX_ROWS:
            raise _too_long()
        values = {}
        for place, (value, formula) in enumerate(cells):
            key = keys[place] if place < len(keys) else ""
            if not value:
                continue
            if not key:
                letters = _letters(place + 1)
                told = Text(
                    f"第{letters}列没有列名，请去掉或补上列名。",
                    f"Column {letters} has no name; remove it or name it.",
                )
                problems.append(Problem("", told, line))
            elif wrong := _cell_fault(value, formula):
                problems.append(Problem(key, wrong, line))
                values[key] = value[:60]
            else:
                values[key] = value
        if values:
            found.append(Row(line, values))
        if len(found) > MAX_ROWS:
            raise _too_long()
    if not found:
        raise SheetError("表格只有列名，没有数据。", "The table has a heading and nothing else.")
    return Sheet(tuple(found), tuple(problems))


def _letters(column: int) -> str:
    # Loaded with the reader of workbooks, see there.
    from openpyxl.utils import get_column_letter

    return get_column_letter(column)


def _too_long() -> SheetError:
    return SheetError(
        f"表格超过{MAX_ROWS:,}行，请分成几份上传。", f"The table has more than {MAX_ROWS:,} rows. Upload it in parts."
    )


def _cell_fault(value: str, formula: bool) -> Text | None:
    if formula or value.startswith(_FORMULA_STARTS):
        return Text(
            "不能是公式，也不能以=、@、+开头；请改成值。", "No formulas, and no value that begins with =, @ or +."
        )
    if len(value) > MAX_CELL_CHARS:
        return Text(f"至多{MAX_CELL_CHARS}个字。", f"At most {MAX_CELL_CHARS} characters.")
    if any(ord(character) < 32 and character not in "\r\n\t" for character in value):
        return Text("含有控制字符，请重新输入。", "It holds control characters; type it again.")
    return None


def _keys(heading: list[str], columns: dict[str, Text]) -> list[str]:
    """The column key of each place. Raises SheetError for unknown, doubled or missing names."""
    named = {name: key for key, words in columns.items() for name in (key, words.zh, words.en.lower())}
    while heading and not heading[-1]:
        heading.pop()
    keys = [named.get(name, named.get(name.lower(), "")) for name in heading]
    unknown = [name[:40] for name, key in zip(heading, keys, strict=True) if name and not key]
    if unknown:
        known = "、".join(words.zh for words in columns.values()), ", ".join(words.en for words in columns.values())
        raise SheetError(
            f"不认识的列名：{'、'.join(unknown)}。可用的列：{known[0]}。",
            f"Unknown columns: {', '.join(unknown)}. The columns are: {known[1]}.",
        )
    twice = sorted({key for key in keys if key and keys.count(key) > 1})
    if twice:
        raise SheetError(
            f"列名重复：{'、'.join(columns[key].zh for key in twice)}。",
            f"Columns given twice: {', '.join(columns[key].en for key in twice)}.",
        )
    if not any(keys):
        raise SheetError("第一行应为列名。", "The first line must name the columns.")
    return keys


# --- CSV ------------------------------------------------------------------------------------------------------------


def _csv_rows(content: bytes, most: int) -> Iterator[Cells]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetError(f"文件不是文本；{_SAVE_AGAIN.zh}。", f"The file is no text; {_SAVE_AGAIN.en}.")
    if "\0" in text or content.startswith(b"PK\x03\x04"):
        raise SheetError(f"文件不是CSV；{_SAVE_AGAIN.zh}。", f"The file is no CSV; {_SAVE_AGAIN.en}.")
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        for row in reader:
            if len(row) > most and any(cell.strip() for cell in row[most:]):
                raise _too_wide(most)
            yield [(cell.strip(), False) for cell in row[:most]]
    except csv.Error as error:
        raise SheetError(
            f"第{reader.line_num}行不是CSV：{error}；{_SAVE_AGAIN.zh}。",
            f"Line {reader.line_num} is no CSV: {error}; {_SAVE_AGAIN.en}.",
        ) from error


def _too_wide(most: int) -> SheetError:
    return SheetError(f"表格超过{most}列。", f"The table has more than {most} columns.")


# --- XLSX -----------------------------------------------------------------------------------------------------------


def _xlsx_rows(content: bytes, most: int) -> Iterator[Cells]:
    _check_package(content)
    # Every process has this module, few ever read a workbook: its reader takes 12 MiB of memory.
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        sheet = book.worksheets[0]
        # What the file says of its own size is not believed.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_col=most + 1)
    except _BROKEN as error:
        raise _no_xlsx() from error
    while True:
        try:
            row = next(rows, None)
        except _BROKEN as error:
            raise _no_xlsx() from error
        if row is None:
            return
        if len(row) > most and row[most].value is not None:
            raise _too_wide(most)
        yield [(_plain(cell.value), getattr(cell, "data_type", "") == "f") for cell in row[:most]]


_BROKEN = (KeyError, ValueError, IndexError, TypeError, AttributeError, SyntaxError, OSError)
"""What the library raises for files that are not what they say; lxml's and expat's errors are SyntaxErrors."""


def _no_xlsx() -> SheetError:
    return SheetError(f"文件不是完整的XLSX；{_SAVE_AGAIN.zh}。", f"The file is no whole XLSX; {_SAVE_AGAIN.en}.")


def _check_package(content: bytes) -> None:
    """Refuse archives that are bombs, carry programs or links, or hold XML with a DTD. Raises SheetError."""
    try:
        parts = unpack_zip(content, _LIMITS)
    except ArchiveRefused as error:
        raise SheetError(
            f"文件不能作为XLSX打开：{error.detail.zh}", f"The file cannot be opened as XLSX: {error.detail.en}"
        ) from error
    names = {name.lower() for name, _ in parts}
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise _no_xlsx()
    for name, part in parts:
        lowered, head = name.lower(), part[:4_096]
        if any(word in lowered for word in _ACTIVE) or (
            lowered == "[content_types].xml" and b"macroenabled" in part.lower()
        ):
            raise SheetError(
                f"表格含有宏、外部链接或者嵌入对象（{name[:60]}），不接收；请另存为不含宏的XLSX或CSV。",
                f"The table carries macros, links or embedded objects ({name[:60]}); save it as plain XLSX or CSV.",
            )
        if lowered.endswith((".xml", ".rels")) and (b"\0" in head or b"<!DOCTYPE" in part or b"<!ENTITY" in part):
            raise _no_xlsx()


def _plain(value: Any) -> str:
    """A cell as the text that people see. Numbers keep all their digits.

    A spreadsheet keeps a day as its midnight: such a cell is a day, any other moment is written to the second.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        # Moments are kept as floats, which miss the second by a little.
        value = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    # A spreadsheet keeps every number as a float: 10.0 is written 10.
    text = format(value, ".15g") if isinstance(value, float) else str(value)
    return text.strip()
