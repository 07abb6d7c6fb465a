"""What the pages of storage ask for, read into the room's own words; the rules judge it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from silkgate.bonded.storage.domain import DIRECTIONS, NewDraw, NewLine, NewLot, Problem, Wanted
from silkgate.bonded.storage.queries import Shelf
from silkgate.bonded.storage.rules import MOST_LINES
from silkgate.kernel.fixed import e5
from silkgate.kernel.text import Text
from silkgate.registry.api import MAX_SHEET_BYTES, SheetError, read_sheet
from silkgate.tariff.api import codes
from silkgate.ui.forms import Judged
from silkgate.ui.words import spoken

COLUMNS = {
    "item_no": Text("货号", "Item"),
    "gcode": Text("商品编码", "Commodity code"),
    "name": Text("商品名称", "Name"),
    "unit": Text("计量单位", "Unit"),
    "quantity": Text("数量", "Quantity"),
    "statutory": Text("法定数量", "Statutory quantity"),
    "origin": Text("原产国（地区）", "Country of origin"),
    "value": Text("货值（元）", "Value (CNY)"),
}
"""Of a line of a lot; a table has the same."""
FIRST_ROWS, MORE_ROWS, MOST_ROWS = 1, 3, 40
_CHOOSE = spoken("请选择", "Choose")


def quantity_e5(given: str) -> int:
    """A quantity that was typed, in 0.00001; 0 for what is none."""
    plain = given.replace(",", "").strip()
    return e5(plain) if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,5})?", plain, re.ASCII) else 0


def cents(given: str) -> int:
    """An amount of money that was typed, in cents; 0 for what is none."""
    plain = given.replace(",", "").strip()
    return e5(plain) // 1_000 if re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,2})?", plain, re.ASCII) else 0


def _choices(table: str) -> list[tuple[str, Any]]:
    return [("", _CHOOSE), *((code, spoken(words.zh, words.en)) for code, words in codes(table).items())]


def _text(zh: str, en: str, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=spoken(zh, en),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": 60}),
        **more,
    )


class LotForm(Judged):
    """A lot: its head, its lines one by one, or all of them as a table."""

    number = _text("批次编号", "Number of the lot", help_text=spoken("企业自己的编号", "Your own"))
    warehouse_code = _text("仓库企业代码", "Code of the warehouse")
    ems_no = _text("账册号", "Account book", help_text=spoken("12位", "12 characters"))
    table = forms.FileField(
        label=spoken("商品表格（选填）", "Table of goods (optional)"),
        help_text=spoken(
            "XLSX或CSV，第一行是列名；上传表格时，不看上面逐项填写的商品。",
            "XLSX or CSV, the first line names the columns; with a table the lines above are not looked at.",
        ),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def __init__(self, given: QueryDict | None = None, files: Any = None, rows: int = FIRST_ROWS) -> None:
        super().__init__(given, files)
        self.rows = rows
        for place in range(rows):
            for key, words in COLUMNS.items():
                self.fields[f"lines/{place}/{key}"] = self._control(key, words)

    @staticmethod
    def _control(key: str, words: Text) -> forms.CharField:
        label = spoken(words.zh, words.en)
        if key in {"unit", "origin"}:
            chosen = forms.Select(choices=_choices("units" if key == "unit" else "countries"))
            return forms.CharField(label=label, required=False, widget=chosen)
        attrs = {"autocomplete": "off", "maxlength": 250, "size": 30 if key == "name" else 14}
        return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs))

    def heads(self) -> list[Any]:
        """Bound fields of the head."""
        return [self[name] for name in ("number", "warehouse_code", "ems_no")]

    def groups(self) -> list[tuple[int, list[Any]]]:
        """Bound fields of each line, counted from 1."""
        return [(place + 1, [self[f"lines/{place}/{key}"] for key in COLUMNS]) for place in range(self.rows)]

    def new(self, owner_code: str) -> NewLot:
        """The lot as it was typed. Lines of which nothing was filled in are left out; SheetError for a bad table."""
        given = self.answers()
        upload = self.files.get("table")
        if upload:
            lines = lines_of_table(upload.name or "", bytes(upload.read(MAX_SHEET_BYTES + 1)))
        else:
            rows = [{key: given.get(f"lines/{place}/{key}", "") for key in COLUMNS} for place in range(self.rows)]
            lines = tuple(_line(row) for row in rows if any(row.values()))
        return NewLot(
            given.get("number", ""), owner_code, given.get("warehouse_code", ""), given.get("ems_no", ""), lines
        )

    def told(self, problems: Iterable[Problem], *, of_table: bool) -> None:
        """Show problems at their fields; of a table, on top with their row."""
        if not of_table:
            self.tell(problems)
            return
        self.tell(_in_row(problem) for problem in problems)


def _in_row(problem: Problem) -> Problem:
    first, _, rest = problem.field.partition("/")
    place, _, key = rest.partition("/")
    if first != "lines" or not place:
        return problem
    row, words = int(place) + 2, COLUMNS[key]
    return Problem(
        "table", Text(f"第{row}行{words.zh}：{problem.what.zh}", f"Row {row}, {words.en}: {problem.what.en}")
    )


def lines_of_table(name: str, content: bytes) -> tuple[NewLine, ...]:
    """Lines of an uploaded table, whose columns are those of `COLUMNS`. Raises SheetError."""
    sheet = read_sheet(name, content, COLUMNS)
    if sheet.problems:
        first = sheet.problems[0]
        raise SheetError(f"第{first.line}行：{first.what.zh}", f"Row {first.line}: {first.what.en}")
    return tuple(_line(row.values) for row in sheet.rows)


def _line(row: Mapping[str, str]) -> NewLine:
    return NewLine(
        row.get("item_no", ""),
        row.get("gcode", ""),
        row.get("name", ""),
        _coded("units", row.get("unit", "")),
        quantity_e5(row.get("quantity", "")),
        quantity_e5(row.get("statutory", "")),
        _coded("countries", row.get("origin", "")),
        cents(row.get("value", "")),
    )


def _coded(table: str, given: str) -> str:
    """The customs code of what was given as code or name."""
    known = codes(table)
    if given in known:
        return given
    return next((code for code, words in known.items() if given.lower() in {words.zh.lower(), words.en.lower()}), given)


class DrawForm(Judged):
    """An order: what it takes of each item that is there."""

    number = _text("订单或出库单编号", "Number of the order", help_text=spoken("企业自己的编号", "Your own"))
    direction = forms.CharField(
        label=spoken("货物去向", "Where the goods go"),
        required=False,
        widget=forms.RadioSelect(choices=[(key, spoken(words.zh, words.en)) for key, words in DIRECTIONS.items()]),
    )

    def __init__(self, shelves: Iterable[Shelf], given: QueryDict | None = None) -> None:
        super().__init__(given)
        self.shelves = {_taking(shelf.item_no, shelf.unit): shelf for shelf in shelves}
        # What has been used up since the page was made is asked for all the same: the rules say that none is left.
        for name in [name for name in given or {} if name.startswith(_TAKE) and name not in self.shelves][:MOST_LINES]:
            item_no, _, unit = name.removeprefix(_TAKE).rpartition("/")
            self.shelves[name] = Shelf(item_no[:40], unit[:10], item_no[:40], 0)
        for name, shelf in self.shelves.items():
            label = spoken(f"提取{shelf.item_no}的数量", f"Quantity of {shelf.item_no}")
            attrs = {"size": 8, "autocomplete": "off", "inputmode": "decimal"}
            self.fields[name] = forms.CharField(
                label=label, required=False, widget=forms.TextInput(attrs={**attrs, "aria-label": label})
            )

    def rows(self) -> list[tuple[Shelf, Any]]:
        """Items with their bound fields."""
        return [(shelf, self[name]) for name, shelf in self.shelves.items()]

    def names(self) -> list[str]:
        """Fields in which anything was asked for; the lines of the order in their order."""
        given = self.answers()
        return [name for name in self.shelves if name in given]

    def new(self, owner_code: str, ems_no: str) -> NewDraw:
        """The order as it was typed."""
        given = self.answers()
        lines = tuple(
            Wanted(self.shelves[name].item_no, self.shelves[name].unit, quantity_e5(given[name]))
            for name in self.names()
        )
        return NewDraw(given.get("number", ""), owner_code, ems_no, given.get("direction", ""), lines)

    def at_rows(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems of the order's lines at the rows of the page."""
        names = self.names()
        moved = []
        for problem in problems:
            first, _, rest = problem.field.partition("/")
            place = rest.partition("/")[0]
            moved.append(problem._replace(field=names[int(place)]) if first == "lines" and place else problem)
        return moved


_TAKE = "take/"


def _taking(item_no: str, unit: str) -> str:
    """The field in which a quantity of an item is asked for."""
    return f"{_TAKE}{item_no}/{unit}"


class LetterForm(Judged):
    """A letter of guarantee."""

    owner_code = _text("货主企业代码", "Code of the owner")
    letter = _text("保函编号", "Number of the letter")
    amount = _text("金额（元）", "Amount (CNY)")
