"""Judges of machine books: what is filled in, and what a shipment of spare parts is entitled to. Facts in, problems or
findings out; no database.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import E5, format_e5
from silkgate.kernel.text import Text
from silkgate.machinery import bill
from silkgate.machinery.domain import (
    CURRENCIES,
    LINE_COLUMNS,
    MAX_LINES,
    MAX_MACHINES,
    Asked,
    Line,
    Machine,
    warranty_end,
)
from silkgate.registry.api import Problem, RefusedError
from silkgate.tariff.api import Law

MAX_WARRANTY_MONTHS = 240
_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff〔〕\[\]()（）/._#-]{1,60}")
_WHEN = "请填写日期，如2026-12-31。", "Give a day, such as 2026-12-31."


class _Given:
    """Answers read one by one; what is wrong is gathered."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers, self.problems = answers, list[Problem]()

    def wrong(self, field: str, zh: str, en: str) -> None:
        self.problems.append(Problem(field, Text(zh, en)))

    def text(self, field: str, longest: int) -> str:
        value = self.answers.get(field, "").strip()
        if not 1 <= len(value) <= longest or unwritable(value):
            self.wrong(field, f"请填写1至{longest}字。", f"Write 1 to {longest} characters.")
        return value

    def number(self, field: str) -> str:
        value = self.answers.get(field, "").strip()
        if not _NUMBER.fullmatch(value):
            self.wrong(
                field,
                "应为1至60个字母、数字或常用符号。",
                "Give 1 to 60 letters, digits or common signs, without spaces.",
            )
        return value

    def choice(self, field: str, allowed: Collection[str]) -> str:
        value = self.answers.get(field, "")
        if value not in allowed:
            self.wrong(field, "请选择一项。", "Choose one.")
        return value

    def day(self, field: str) -> date:
        try:
            return date.fromisoformat(self.answers.get(field, "").strip())
        except ValueError:
            self.wrong(field, *_WHEN)
            return date.max

    def end(self) -> None:
        if self.problems:
            raise RefusedError(self.problems)


def unwritable(value: str) -> bool:
    """Whether a text holds control characters or halves of characters, which nobody typed and no table keeps."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)


def machine(answers: Mapping[str, str], today: date, law: Law, countries: Collection[str]) -> Machine:
    """What a book says, of its answers: the members of `Machine`, serial numbers separated by spaces or commas, `value`
    in units of the currency. Raises RefusedError with all that is wrong.
    """
    given = _Given(answers)
    gcode, value = answers.get("gcode", "").strip(), bill.money_cents(answers.get("value", "").strip())
    if told := bill.gcode_fault(gcode, law):
        given.wrong("gcode", f"{told.zh}。", f"The code {told.en}.")
    if not value:
        given.wrong("value", "请填写大于0的金额，最多两位小数。", "Give an amount above 0, with at most two decimals.")
    serial_nos = bill.serials(answers.get("serial_nos", ""))
    if not 1 <= len(serial_nos) <= MAX_MACHINES or any(
        len(number) > bill.MAX_SERIAL_CHARS or unwritable(number) for number in serial_nos
    ):
        given.wrong(
            "serial_nos",
            f"请填写1至{MAX_MACHINES}个序列号，每台一个，用空格或逗号分开。",
            f"Give 1 to {MAX_MACHINES} serial numbers, one for each machine, separated by spaces or commas.",
        )
    elif len(set(serial_nos)) < len(serial_nos):
        given.wrong("serial_nos", "序列号有重复。", "A serial number is given twice.")
    export_day = given.day("export_day")
    if export_day > today and export_day != date.max:
        given.wrong("export_day", "出口日期不能晚于今天。", "The machine cannot have left later than today.")
    months = answers.get("warranty_months", "").strip()
    if not re.fullmatch(r"[0-9]{1,3}", months) or not 0 < int(months) <= MAX_WARRANTY_MONTHS:
        given.wrong(
            "warranty_months",
            f"请填写1至{MAX_WARRANTY_MONTHS}的整数。",
            f"Give a whole number from 1 to {MAX_WARRANTY_MONTHS}.",
        )
        months = "1"
    made = Machine(
        contract_no=given.number("contract_no"),
        buyer_name=given.text("buyer_name", 200),
        buyer_country=given.choice("buyer_country", countries),
        name=given.text("name", 250),
        model=given.text("model", 100),
        gcode=gcode,
        serial_nos=serial_nos,
        value_cents=value or 0,
        currency=given.choice("currency", CURRENCIES),
        declaration_no=given.number("declaration_no"),
        export_day=export_day,
        warranty_months=int(months),
    )
    given.end()
    return made


# --- Shipments --------------------------------------------------------------------------------------------------------


def shipment(answers: Mapping[str, str], rows: Sequence[bill.Row]) -> Asked:
    """A shipment of its answers (`number`, `contract_no`, `day`) and rows (`LINE_COLUMNS`; lines as the caller counts).

    Raises RefusedError with all that is wrong. Whether it leaves without tax is not judged here.
    """
    given = _Given(answers)
    day = given.day("day")
    lines = []
    for row in rows:
        line, problems = _line(row)
        lines.append(line)
        given.problems += problems
    if not 1 <= len(rows) <= MAX_LINES:
        given.wrong("lines", f"请填写1至{MAX_LINES}项零配件。", f"Give 1 to {MAX_LINES} lines of spare parts.")
    asked = Asked(given.number("number"), given.number("contract_no"), day, tuple(lines))
    given.end()
    return asked


def _line(row: bill.Row) -> tuple[Line, list[Problem]]:
    given = {key: row.values.get(key, "").strip() for key in LINE_COLUMNS}
    problems = []
    if not given["part_no"] and not given["serial_no"]:
        told = Text("请填写零件号或序列号。", "Give the part number or the serial number.")
        problems.append(Problem("part_no", told, row.line))
    for key in ("part_no", "serial_no"):
        if len(given[key]) > bill.LENGTHS["part_no"] or unwritable(given[key]):
            told = Text("至多60个字，不含控制字符。", "At most 60 characters, no control characters.")
            problems.append(Problem(key, told, row.line))
    quantity_e5 = E5 if given["serial_no"] and not given["quantity"] else bill.quantity(given["quantity"])
    if not quantity_e5:
        told = Text(
            "数量应为大于零的数字，至多五位小数。", "The quantity is a number above zero with at most five decimals."
        )
        problems.append(Problem("quantity", told, row.line))
    elif given["serial_no"] and quantity_e5 != E5:
        told = Text("一个序列号只对应一件，数量应为1。", "A serial number stands for one piece: the quantity is 1.")
        problems.append(Problem("quantity", told, row.line))
    return Line(given["part_no"], given["serial_no"], quantity_e5), problems


def punctual(asked: Asked, today: date) -> None:
    """Raises RefusedError for a shipment that is announced after it has left."""
    if asked.day < today:
        told = Text(
            "出运日期不能早于今天：请在出运前申报。", "It cannot leave before today: announce it before it leaves."
        )
        raise RefusedError([Problem("day", told)])


class Kept(NamedTuple):
    """A part of a book, with what may still be sent of it."""

    left_e5: int
    has_serials: bool


class Built(NamedTuple):
    """A built-in part with a serial number."""

    part_no: str
    replaced_by: str
    """Number of the shipment that took its place; empty: none has."""


class Promised(NamedTuple):
    """What the book of a contract says of what was asked for."""

    export_day: date
    warranty_months: int
    parts: Mapping[str, Kept]
    """By part number."""
    serials: Mapping[str, Sequence[Built]]
    """By serial number, which parts of different makers may share."""

    @property
    def last_day(self) -> date:
        """Of the warranty."""
        return warranty_end(self.export_day, self.warranty_months)


class Judged(NamedTuple):
    """What was found against a shipment (nothing: it leaves without tax), and the part of each line, where known."""

    findings: tuple[Finding, ...]
    part_nos: tuple[str, ...]


def judge(asked: Asked, promised: Promised | None) -> Judged:
    """Hold a shipment against the book of its contract: everything that keeps it from leaving without tax."""
    if promised is None:
        return Judged((Finding("spare.contract", "contract_no", asked.contract_no),), ("",) * len(asked.lines))
    findings = []
    if not promised.export_day <= asked.day <= promised.last_day:
        needed = f"{promised.export_day} – {promised.last_day}"
        findings.append(Finding("spare.warranty", "day", asked.day.isoformat(), needed))
    part_nos = []
    taken_e5: dict[str, int] = {}
    taken_serials = set[tuple[str, str]]()
    for number, line in enumerate(asked.lines, 1):
        part_no, found = _part_of(line, asked.contract_no, promised)
        if found is None and line.serial_no:
            if (part_no, line.serial_no) in taken_serials:
                found = Finding("spare.replaced", "serial_no", line.serial_no, asked.number)
            taken_serials.add((part_no, line.serial_no))
        if found is None:
            left_e5 = promised.parts[part_no].left_e5 - taken_e5.get(part_no, 0)
            taken_e5[part_no] = taken_e5.get(part_no, 0) + line.quantity_e5
            if line.quantity_e5 > left_e5:
                quantity, left = format_e5(line.quantity_e5), format_e5(max(left_e5, 0))
                found = Finding("spare.quantity", "quantity", quantity, left)
        if found is not None:
            findings.append(found._replace(line=number))
        part_nos.append(part_no)
    return Judged(tuple(findings), tuple(part_nos))


def _part_of(line: Line, contract_no: str, promised: Promised) -> tuple[str, Finding | None]:
    """The part that a line is about (empty: unknown), and what is wrong with naming it so."""
    if not line.serial_no:
        if line.part_no not in promised.parts:
            return "", Finding("spare.unknown_part", "part_no", line.part_no, contract_no)
        if promised.parts[line.part_no].has_serials:
            return line.part_no, Finding("spare.serial_missing", "serial_no", line.part_no)
        return line.part_no, None
    if line.part_no and line.part_no not in promised.parts:
        return "", Finding("spare.unknown_part", "part_no", line.part_no, contract_no)
    built = [one for one in promised.serials.get(line.serial_no, ()) if line.part_no in {"", one.part_no}]
    if not built:
        return line.part_no, Finding("spare.serial", "serial_no", line.serial_no, contract_no)
    if len(built) > 1:
        named = ", ".join(sorted(one.part_no for one in built))
        return "", Finding("spare.serial_shared", "part_no", line.serial_no, named)
    if built[0].replaced_by:
        return built[0].part_no, Finding("spare.replaced", "serial_no", line.serial_no, built[0].replaced_by)
    return built[0].part_no, None
