"""Spare parts held against the book of their contract: what leaves without tax, and why anything else does not."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection

from machinery.made import (
    BILL,
    DAY,
    EXPORTER,
    NOW,
    OTHER,
    TODAY,
    asked,
    book,
    clerk,
    draft,
    firm,
    part,
    rules_of,
    send,
    serial,
)
from silkgate.journal.api import of_subject
from silkgate.kernel.fixed import e5, format_e5
from silkgate.ledger import api as ledger
from silkgate.machinery import actions, models, queries
from silkgate.machinery.domain import ACCOUNT, CANCELLED, FREE, REFUSED, warranty_end
from silkgate.registry import models as registry
from silkgate.registry.api import RefusedError
from silkgate.tariff.api import cards


def left(row: models.Book, part_no: str) -> str:
    return format_e5(queries.left_e5(row, [part_no])[part_no])


def audited() -> list[str]:
    with connection.cursor() as cursor:
        return ledger.audit(cursor)


@pytest.fixture
def declared(firms: None) -> models.Book:
    return book()


# --- Books ------------------------------------------------------------------------------------------------------------


def test_a_declared_book_promises_what_is_built_in(declared: models.Book) -> None:
    assert {part_no: left(declared, part_no) for part_no in ("PMP-20", "VLV-08", "SEAL-3", "HOSE")} == {
        "PMP-20": "2", "VLV-08": "4", "SEAL-3": "12", "HOSE": "3",
    }  # fmt: skip
    actions.declare_book(clerk(), declared.pk, at=NOW)
    assert left(declared, "VLV-08") == "4", "declaring it again opens nothing"


def test_a_book_needs_an_exporter_on_file_and_a_contract_of_its_own(firms: None) -> None:
    draft()
    with pytest.raises(RefusedError, match="has a book"):
        draft()
    draft(OTHER)
    registry.Enterprise.objects.filter(code=OTHER).delete()
    with pytest.raises(RefusedError, match="on file"):
        draft(OTHER, contract_no="ZZ-2")


def test_a_book_without_parts_is_not_declared(firms: None) -> None:
    with pytest.raises(RefusedError, match="bill of materials first"):
        actions.declare_book(clerk(), draft().pk, at=NOW)


WRONG = {
    "contract_no": ("", "two words", "x" * 61, "a\0b"),
    "buyer_name": ("", "x" * 201, "a\0b"),
    "buyer_country": ("", "ZZ"),
    "gcode": ("", "84136021", "9999999999"),
    "serial_nos": ("", "A A", " ".join(f"S{n}" for n in range(201))),
    "value": ("", "0", "1.001", "-5", "1e9"),
    "currency": ("", "XAU"),
    "declaration_no": ("",),
    "export_day": ("", "2026-02-30", (TODAY + DAY).isoformat()),
    "warranty_months": ("", "0", "241", "1.5", "twelve"),
}


@pytest.mark.parametrize(("field", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_what_is_wrong_with_a_book_is_told_at_its_field(firms: None, field: str, value: str) -> None:
    with pytest.raises(RefusedError) as refused:
        draft(**{field: value})
    assert [problem.field for problem in refused.value.problems] == [field]


# --- What leaves ------------------------------------------------------------------------------------------------------


def test_spare_parts_of_the_contract_leave_without_tax(declared: models.Book) -> None:
    row = send(part("VLV-08", "3"), serial("M-77101"), part("HOSE", "0.5"))
    assert (row.state, row.findings) == (FREE, [])
    assert (left(declared, "VLV-08"), left(declared, "MOT-15"), left(declared, "HOSE")) == ("1", "1", "2.5")
    assert models.Serial.objects.get(serial_no="M-77101").replaced_by == row
    assert audited() == []


REFUSALS = [
    ("another contract", {"contract_no": "ZZ-2026-119"}, [part("VLV-08")], ["spare.contract"]),
    ("a part that is not in it", {}, [part("VLV-09")], ["spare.unknown_part"]),
    ("more than is built in", {}, [part("VLV-08", "4.00001")], ["spare.quantity"]),
    ("more than is built in, in two lines", {}, [part("VLV-08", "3"), part("VLV-08", "2")], ["spare.quantity"]),
    ("a serial number of nobody", {}, [serial("M-99999")], ["spare.serial"]),
    ("that of another part", {}, [serial("M-77101", "VLV-08")], ["spare.serial"]),
    ("of an unknown part", {}, [serial("M-77101", "X")], ["spare.unknown_part"]),
    ("none, where parts have one", {}, [part("MOT-15")], ["spare.serial_missing"]),
    ("the same one twice", {}, [serial("M-77101"), serial("M-77101", "MOT-15")], ["spare.replaced"]),
    ("late and too much", {"day": date(2027, 7, 1)}, [part("SEAL-3", "13")], ["spare.warranty", "spare.quantity"]),
    ("one good line among bad ones", {}, [part("VLV-08"), part("X"), part("Y")], ["spare.unknown_part"] * 2),
]


@pytest.mark.parametrize(("given", "lines", "found"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS])
def test_anything_else_is_told_why_not(
    declared: models.Book, given: dict[str, object], lines: list[dict[str, str]], found: list[str]
) -> None:
    row = send(*lines, **given)
    assert (row.state, rules_of(row)) == (REFUSED, found)
    assert all(code in cards() for code in found)
    assert left(declared, "VLV-08") == "4", "nothing is taken"
    assert not models.Serial.objects.exclude(replaced_by=None).exists()


def test_a_finding_names_its_line(declared: models.Book) -> None:
    row = send(part("VLV-08"), part("X"), part("SEAL-3", "13"))
    assert [found[3:] + found[:3] for found in row.findings] == [
        ["ZZ-2026-118", 2, "spare.unknown_part", "part_no", "X"],
        ["12", 3, "spare.quantity", "quantity", "13"],
    ]


def test_a_book_that_is_not_declared_promises_nothing(firms: None) -> None:
    draft()
    assert rules_of(send(part("VLV-08"))) == ["spare.contract"]


def test_a_contract_of_another_exporter_is_not_found(declared: models.Book) -> None:
    assert rules_of(send(part("VLV-08"), code=OTHER)) == ["spare.contract"]


def test_a_replaced_part_is_not_replaced_again(declared: models.Book) -> None:
    send(serial("M-77101"), number="SP-1")
    row = send(serial("M-77101"), number="SP-2")
    assert row.findings == [["spare.replaced", "serial_no", "M-77101", "SP-1", 1]]


def test_two_parts_may_share_a_serial_number(firms: None) -> None:
    rows = [
        ("A", "", "甲", "8413910000", "007", "1", "1;2", "1"),
        ("B", "", "乙", "8413910000", "007", "1", "1;2", "1"),
    ]
    book(rows=rows)
    assert rules_of(send(serial("1"))) == ["spare.serial_shared"]
    assert send(serial("1", "A"), serial("1", "B"), number="SP-2").state == FREE


@pytest.mark.parametrize(
    ("day", "free"),
    [
        (date(2026, 11, 23), True),
        (date(2027, 6, 29), True),
        (date(2027, 6, 30), True),
        (date(2027, 7, 1), False),
        (date(2030, 1, 1), False),
    ],
    ids=str,
)
def test_the_warranty_holds_to_its_last_day(declared: models.Book, day: date, free: bool) -> None:
    assert warranty_end(declared.export_day, declared.warranty_months) == date(2027, 6, 30)
    row = send(part("VLV-08"), day=day)
    assert rules_of(row) == ([] if free else ["spare.warranty"])


def test_a_shipment_is_announced_before_it_leaves(declared: models.Book) -> None:
    with pytest.raises(RefusedError, match="before it leaves"):
        send(part("VLV-08"), day=TODAY - DAY)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({}, "part_no"),
        ({"part_no": "x" * 61, "quantity": "1"}, "part_no"),
        ({"part_no": "a\0", "quantity": "1"}, "part_no"),
        ({"part_no": "VLV-08"}, "quantity"),
        ({"part_no": "VLV-08", "quantity": "0"}, "quantity"),
        ({"part_no": "VLV-08", "quantity": "-1"}, "quantity"),
        ({"serial_no": "M-77101", "quantity": "2"}, "quantity"),
    ],
    ids=str,
)
def test_what_cannot_be_a_line_is_refused_before_it_is_judged(firms: None, line: dict[str, str], field: str) -> None:
    with pytest.raises(RefusedError) as refused:
        asked(part("VLV-08"), line)
    assert (field, 2) in [(problem.field, problem.line) for problem in refused.value.problems]


def test_a_shipment_has_lines() -> None:
    for lines in ([], [part("A")] * 501):
        with pytest.raises(RefusedError) as refused:
            asked(*lines)
        assert [problem.field for problem in refused.value.problems] == ["lines"]


# --- Again, and back --------------------------------------------------------------------------------------------------


def test_the_same_again_gets_the_same_answer_and_takes_nothing(declared: models.Book) -> None:
    first = send(part("VLV-08", "4"))
    assert send(part("VLV-08", "4")).pk == first.pk
    assert send(part("VLV-08", "4"), at=NOW + 400 * DAY).pk == first.pk, "also when its day is long over"
    with pytest.raises(RefusedError, match="something else"):
        send(part("VLV-08", "3"))
    firm(OTHER)
    assert send(part("VLV-08", "1"), code=OTHER).pk != first.pk, "numbers are each sender’s own"
    assert left(declared, "VLV-08") == "0"


def test_a_cancelled_shipment_gives_back(declared: models.Book) -> None:
    row = send(part("VLV-08", "4"), serial("M-77101"))
    for _ in range(2):
        assert actions.cancel(clerk(), row.pk, at=NOW).state == CANCELLED
    assert (left(declared, "VLV-08"), left(declared, "MOT-15")) == ("4", "2")
    assert send(part("VLV-08", "4"), serial("M-77101"), number="SP-2").state == FREE
    assert audited() == []
    assert send(part("VLV-08", "4"), serial("M-77101")).state == CANCELLED, "its number stays its own"


def test_what_has_left_or_never_could_is_not_cancelled(declared: models.Book) -> None:
    row, refused = send(part("VLV-08")), send(part("X"), number="SP-2")
    with pytest.raises(RefusedError, match="is over"):
        actions.cancel(clerk(), row.pk, at=NOW + DAY)
    with pytest.raises(RefusedError, match="nothing to cancel"):
        actions.cancel(clerk(), refused.pk, at=NOW)
    assert left(declared, "VLV-08") == "3"


def test_accounts_are_kept_by_book(declared: models.Book) -> None:
    """The same part number under two contracts: two accounts."""
    second = book(rows=BILL, contract_no="ZZ-2026-200")
    send(part("VLV-08", "4"))
    assert (left(declared, "VLV-08"), left(second, "VLV-08")) == ("0", "4")
    with connection.cursor() as cursor:
        found = ledger.balances(cursor, [(ACCOUNT, f"{second.pk}/VLV-08")])
    assert [balance.capacity for balance in found.values()] == [e5("4")]


def test_what_happens_is_in_the_journal(declared: models.Book) -> None:
    row = send(part("VLV-08"))
    refused = send(part("X"), number="SP-2")
    actions.cancel(clerk(), row.pk, at=NOW)
    with connection.cursor() as cursor:
        books = of_subject(cursor, "machine_book", declared.pk)
        events = [*of_subject(cursor, "spare_shipment", row.pk), *of_subject(cursor, "spare_shipment", refused.pk)]
    assert [event.kind for event in books] == ["machinebook.opened", "machinebook.parts", "machinebook.declared"]
    assert [event.kind for event in events] == ["spares.free", "spares.cancelled", "spares.refused"]


def test_searching_finds_contracts_machines_parts_and_serial_numbers(declared: models.Book) -> None:
    book(OTHER, contract_no="ZZ-OTHER")

    def hits(typed: str, codes: list[str] | None) -> list[tuple[str, str]]:
        return [(hit.kind, hit.number) for hit in queries.search(typed, codes)]

    assert hits("zz-2026", [EXPORTER]) == [("contract", "ZZ-2026-118")]
    assert hits("vlv", [EXPORTER]) == [("part", "VLV-08")]
    assert hits("m-7710", [EXPORTER]) == [("serial", "M-77101"), ("serial", "M-77102")]
    assert hits("GP200-0001", [EXPORTER]) == [("machine", "GP200-0001")]
    assert hits("ZZ-", [OTHER]) == [("contract", "ZZ-OTHER")]
    assert len(hits("VLV-08", None)) == 2, "officers see all"
    assert hits("%", None) == hits("_", None) == hits("", None) == hits("VLV-08", []) == []
