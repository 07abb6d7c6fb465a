"""Bodies of the REST interface of machine books, and how things are told in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import format_cents, format_e5
from silkgate.machinery import models, queries, shown
from silkgate.machinery.domain import FREE, MAX_LINES, warranty_end
from silkgate.registry.api import Problem, RefusedError
from silkgate.tariff.api import cards
from silkgate.ui.problems import Fault, ProblemError
from silkgate.ui.schemas import In, Out

FOUND_CHARACTERS = 60
"""Of what was found, in the report of a fault."""
MOST_FAULTS = 200
"""In one answer."""

Short = Annotated[str, Field(max_length=300)]
Code = Annotated[str, Field(min_length=1, max_length=40, description="企业代码 code of the enterprise")]


class MachineBookIn(In):
    """A contract and the machines that went under it. Its bill of materials follows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "contract_no": "ZZ-2026-118",
                    "buyer_name": "Nordic Pulp AS",
                    "buyer_country": "502",
                    "name": "齿轮泵组",
                    "model": "GP-200",
                    "gcode": "8413602190",
                    "serial_nos": ["GP200-0001", "GP200-0002"],
                    "value": "86000.00",
                    "currency": "USD",
                    "declaration_no": "461220260000001234",
                    "export_day": "2026-06-30",
                    "warranty_months": 12,
                }
            ]
        }
    )
    organisation: Code
    contract_no: Short
    buyer_name: Short
    buyer_country: Short
    """Customs code."""
    name: Short
    """Of the machine."""
    model: Short
    gcode: Short
    """Ten digits, in the tariff of the day."""
    serial_nos: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=200)]
    """One for each machine."""
    value: Short
    """Of all machines: a decimal in units of the currency."""
    currency: Short
    """ISO 4217."""
    declaration_no: Short
    """Of the export declaration."""
    export_day: Short
    """Such as 2026-06-30."""
    warranty_months: Annotated[int, Field(ge=1, le=240, strict=True)]
    """As the contract says."""


class MachineBookOut(Out):
    """A book as it stands."""

    id: int
    organisation: str
    contract_no: str
    buyer_name: str
    buyer_country: str
    name: str
    model: str
    gcode: str
    serial_nos: list[str]
    value: str
    currency: str
    declaration_no: str
    export_day: date
    warranty_months: int
    warranty_until: date
    """Last day, included."""
    state: Literal["draft", "declared"]
    made_at: datetime
    declared_at: datetime | None
    href: str
    parts_href: str
    components_href: str


class BillOut(Out):
    """What came of a bill of materials."""

    book: int
    rows: int
    parts: int
    """Kinds of part, wherever they are built in."""


class MachinePartOut(Out):
    """A part of a book. Quantities are decimals in `unit`, a customs code."""

    part_no: str
    name: str
    gcode: str
    unit: str
    unit_value: str
    built_in: str
    """In all machines of the book, over all places."""
    left: str
    """What may still be sent without tax; 0 while the book is prepared."""
    by_serial: bool
    """Whether each piece has its serial number."""


class MachineComponentOut(Out):
    """One row of a bill of materials."""

    parent: str
    """Empty: the machine."""
    part_no: str
    quantity: str
    """In one parent."""


class SpareLineIn(In):
    """So much of a part, or the one that takes the place of the part with this serial number."""

    part_no: Short = ""
    serial_no: Short = ""
    """Of the part that is replaced."""
    quantity: Short = ""
    """A decimal; may be left out with a serial number."""


class SpareShipmentIn(In):
    """Spare parts that are to leave without tax."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organisation": "91410100MA00000019",
                    "number": "SP-2026-001",
                    "contract_no": "ZZ-2026-118",
                    "day": "2026-12-01",
                    "lines": [{"part_no": "VLV-08", "quantity": "2"}, {"serial_no": "M-77101"}],
                }
            ]
        }
    )
    organisation: Code
    number: Short
    """The sender's own; the same again gets the same answer."""
    contract_no: Short
    day: Short
    """On which it leaves, today or later."""
    lines: Annotated[list[SpareLineIn], Field(min_length=1, max_length=MAX_LINES)]


class SpareFindingOut(Out):
    """A rule that the decision rests on: where, what was found and needed, what to do instead, in both languages."""

    code: str
    line: int | None
    """From 1; null: the whole shipment."""
    field: str
    found: str
    needed: str
    zh: str
    en: str
    mend_zh: str
    mend_en: str
    law_zh: str
    law_en: str
    verified: bool
    """False: no notice that carries this out was read; it is policy of the zone."""
    help: str
    """Address of the page that explains the rule."""


class SpareLineOut(Out):
    """One line of a shipment."""

    line: int
    part_no: str
    """As found in the book, where only the serial number was given."""
    serial_no: str
    quantity: str


class SpareShipmentLine(Out):
    """A shipment in a list."""

    id: int
    organisation: str
    number: str
    contract_no: str
    book: int | None
    day: date
    state: Literal["free", "refused", "cancelled"]
    made_at: datetime
    cancelled_at: datetime | None
    href: str


class SpareShipmentOut(SpareShipmentLine):
    """A shipment with what was decided, and why."""

    without_tax: bool
    reasons: list[SpareFindingOut]
    lines: list[SpareLineOut]


class MachineHitOut(Out):
    """Something whose number begins with what was looked for."""

    kind: Literal["contract", "machine", "part", "serial"]
    number: str
    part_no: str
    contract_no: str
    organisation: str
    href: str


# --- As they are told -------------------------------------------------------------------------------------------------


def book(row: models.Book) -> dict[str, Any]:
    """A `MachineBookOut`."""
    same = [
        *("contract_no", "buyer_name", "buyer_country", "name", "model", "gcode", "serial_nos", "currency"),
        *("declaration_no", "export_day", "warranty_months", "state", "made_at", "declared_at"),
    ]
    href = f"/api/v1/machinery/books/{row.pk}"
    return {
        "id": row.pk,
        "organisation": row.enterprise_code,
        "value": format_cents(row.value_cents),
        "warranty_until": warranty_end(row.export_day, row.warranty_months),
        "href": href,
        "parts_href": f"{href}/parts",
        "components_href": f"{href}/components",
        **{name: getattr(row, name) for name in same},
    }


def parts(row: models.Book, found: Sequence[models.Part]) -> list[dict[str, Any]]:
    """`MachinePartOut`s."""
    left = queries.left_e5(row, [part.part_no for part in found])
    return [
        {
            "built_in": format_e5(part.quantity_e5),
            "left": format_e5(left[part.part_no]),
            "unit_value": format_cents(part.unit_value_cents),
            "by_serial": part.has_serials,
            **{name: getattr(part, name) for name in ("part_no", "name", "gcode", "unit")},
        }
        for part in found
    ]


def component(row: models.Component) -> dict[str, Any]:
    """A `MachineComponentOut`."""
    return {
        "parent": row.parent.part_no if row.parent else "",
        "part_no": row.part.part_no,
        "quantity": format_e5(row.quantity_e5),
    }


def shipment_line(row: models.Shipment) -> dict[str, Any]:
    """A `SpareShipmentLine`."""
    return {
        "id": row.pk,
        "organisation": row.enterprise_code,
        "book": row.book_id,
        "href": f"/api/v1/machinery/shipments/{row.pk}",
        **{name: getattr(row, name) for name in ("number", "contract_no", "day", "state", "made_at", "cancelled_at")},
    }


def shipment(row: models.Shipment) -> dict[str, Any]:
    """A `SpareShipmentOut`."""
    return {
        **shipment_line(row),
        "without_tax": row.state == FREE,
        "reasons": [finding(found) for found in shown.basis(row)],
        "lines": [
            {
                "line": line.number,
                "part_no": line.part.part_no if line.part else line.part_no,
                "serial_no": line.serial_no,
                "quantity": format_e5(line.quantity_e5),
            }
            for line in queries.lines(row)
        ],
    }


def finding(found: Finding) -> dict[str, Any]:
    """A `SpareFindingOut`."""
    card = cards()[found.code]
    told, advice = card.tell(found), card.advise(found)
    return {
        **found._asdict(),
        "zh": told.zh,
        "en": told.en,
        "mend_zh": advice.zh,
        "mend_en": advice.en,
        "law_zh": card.law_text.zh,
        "law_en": card.law_text.en,
        "verified": card.verified,
        "help": f"/help/{found.code}",
    }


def hit(found: queries.Hit) -> dict[str, Any]:
    """A `MachineHitOut`."""
    return {
        "kind": found.kind,
        "number": found.number,
        "part_no": found.part.part_no if found.part else "",
        "contract_no": found.book.contract_no,
        "organisation": found.book.enterprise_code,
        "href": f"/api/v1/machinery/books/{found.book.pk}",
    }


# --- Refusals ---------------------------------------------------------------------------------------------------------


def row_faults(problems: Sequence[Problem]) -> list[Fault]:
    """What is wrong with a table, each at its row and column; a long list is cut."""
    return [Fault(f"#/rows/{one.line or 0}/{one.field}".rstrip("/"), "", one.what) for one in problems[:MOST_FAULTS]]


@contextmanager
def refusals(found: Callable[[Problem], str] = lambda problem: "") -> Iterator[None]:
    """Refusals as problem documents: 409 where it is how things stand, else 422; `found`: what was written there."""
    try:
        yield
    except RefusedError as refused:
        if all(not problem.field and problem.line is None for problem in refused.problems):
            raise ProblemError("request.conflict", refused.text) from refused
        faults = [
            Fault(_pointer(problem), found(problem)[:FOUND_CHARACTERS], problem.what) for problem in refused.problems
        ]
        raise ProblemError("request.invalid", refused.problems[0].what, errors=faults[:MOST_FAULTS]) from refused


def _pointer(problem: Problem) -> str:
    return f"#/{problem.field}" if problem.line is None else f"#/lines/{problem.line - 1}/{problem.field}"
