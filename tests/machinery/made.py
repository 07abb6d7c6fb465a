"""A made-up exporter with its machine, a bill of materials and shipments. No firm and no person in it exists."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from silkgate.identity import models as identity
from silkgate.identity.api import PERSON, Actor
from silkgate.kernel.clock import CHINA, china_day
from silkgate.machinery import actions, models, rules
from silkgate.machinery.domain import Asked, Machine
from silkgate.machinery.sheets import Row
from silkgate.registry import models as registry
from silkgate.standards import uscc
from silkgate.tariff.api import codes, law_of

NOW = datetime(2026, 11, 23, 10, tzinfo=CHINA)
TODAY = NOW.date()
DAY = timedelta(days=1)
EXPORTER, OTHER = (first + uscc.check_character(first) for first in ("91410100MA3XM0301", "91410100MA3XM0302"))
NAMES = {EXPORTER: "中原泵业机械有限公司", OTHER: "郑州旁观机械公司"}

MACHINE = {
    "contract_no": "ZZ-2026-118",
    "buyer_name": "Nordic Pulp AS",
    "buyer_country": "502",
    "name": "齿轮泵组",
    "model": "GP-200",
    "gcode": "8413602190",
    "serial_nos": "GP200-0001, GP200-0002",
    "value": "86000.00",
    "currency": "USD",
    "declaration_no": "461220260000001234",
    "export_day": "2026-06-30",
    "warranty_months": "12",
}

HEADING = ("part_no", "parent", "name", "gcode", "unit", "quantity", "serial_nos", "unit_value")
BILL: Sequence[Sequence[str]] = (
    ("PMP-20", "", "泵体总成", "8413910000", "001", "1", "", "9000"),
    ("VLV-08", "PMP-20", "安全阀", "8481400000", "007", "2", "", "150.50"),
    ("SEAL-3", "PMP-20", "密封圈", "4016991090", "007", "4", "", "3.2"),
    ("SEAL-3", "VLV-08", "", "", "", "1", "", ""),
    ("MOT-15", "", "驱动单元", "8431390000", "001", "1", "M-77101;M-77102", "4200"),
    ("HOSE", "MOT-15", "软管", "3926909090", "030", "1.5", "", "8"),
)
"""Of two machines: 2 bodies, 4 valves, 8 + 4 seals, 2 drives with serial numbers, 3 m of hose."""
BUILT_IN = {"PMP-20": "2", "VLV-08": "4", "SEAL-3": "12", "MOT-15": "2", "HOSE": "3"}


def table(rows: Iterable[Sequence[str]] = BILL, heading: Sequence[str] = HEADING) -> bytes:
    """Rows as CSV."""
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue().encode()


def firm(code: str) -> None:
    """A registered organisation that is on file."""
    identity.Organisation.objects.get_or_create(
        code=code, defaults={"name": NAMES.get(code, code), "registered_at": NOW}
    )
    registry.Enterprise.objects.update_or_create(
        code=code, defaults={"name": NAMES.get(code, code), "roles": ["ebc"], "credit_class": "B"}
    )


def firms() -> None:
    """Both."""
    firm(EXPORTER)
    firm(OTHER)


def clerk(code: str = EXPORTER, role: str = "declarant") -> Actor:
    """A member of an organisation."""
    return Actor(f"clerk-{code[-4:]}", PERSON, 1, roles={code: frozenset({role})})


def machine(at: datetime = NOW, **changes: str) -> Machine:
    """What a book says."""
    day = china_day(at)
    return rules.machine({**MACHINE, **changes}, day, law_of(day), codes("countries"))


def draft(code: str = EXPORTER, at: datetime = NOW, **changes: str) -> models.Book:
    """A book without parts."""
    return actions.open_book(clerk(code), code, machine(at, **changes), at=at)


def book(code: str = EXPORTER, rows: Iterable[Sequence[str]] = BILL, at: datetime = NOW, **changes: str) -> models.Book:
    """A declared book."""
    row = draft(code, at, **changes)
    judged = actions.import_bill(clerk(code), row.pk, "bill.csv", table(rows), at=at)
    assert judged.problems == ()
    actions.declare_book(clerk(code), row.pk, at=at)
    row.refresh_from_db()
    return row


def asked(
    *lines: Mapping[str, str], number: str = "SP-1", day: date = TODAY, contract_no: str = MACHINE["contract_no"]
) -> Asked:
    """A shipment of lines such as `{"part_no": "VLV-08", "quantity": "1"}`."""
    answers = {"number": number, "contract_no": contract_no, "day": day.isoformat()}
    return rules.shipment(answers, [Row(place, line) for place, line in enumerate(lines, 1)])


def send(*lines: Mapping[str, str], code: str = EXPORTER, at: datetime = NOW, **given: object) -> models.Shipment:
    """Announce a shipment of these lines."""
    return actions.announce(clerk(code), code, asked(*lines, **given), at=at)  # type: ignore[arg-type]


def part(part_no: str, quantity: str = "1") -> dict[str, str]:
    """A line by part number."""
    return {"part_no": part_no, "quantity": quantity}


def serial(serial_no: str, part_no: str = "") -> dict[str, str]:
    """A line by serial number."""
    return {"part_no": part_no, "serial_no": serial_no}


def rules_of(row: models.Shipment) -> list[str]:
    """Codes of what was found against a shipment."""
    return [found[0] for found in row.findings]
