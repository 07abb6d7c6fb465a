"""Store first, declare together: what enters, what orders take, what is declared, until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import connection

from bonded import kept
from bonded.kept import (
    ANOTHER,
    BOOK,
    CLERK,
    DAY,
    DRILL,
    NOW,
    OTHER,
    OWNER,
    PHONE,
    WAREHOUSE,
    WINE,
    drawn,
    enter,
    line,
    lot,
    order,
)
from silkgate.bonded.storage import actions, queries
from silkgate.bonded.storage.domain import EXPORT, IMPORT, NewLot, RefusedError, Wanted
from silkgate.bonded.storage.models import StorageDraw, StorageLot, StorageTaking
from silkgate.kernel.clock import CHINA
from silkgate.kernel.findings import Finding
from silkgate.ledger import api as ledger
from silkgate.registry import models as registry

MONTH = date(2026, 11, 1)


def bound() -> int:
    """What of the guarantee is bound, in cents."""
    found = queries.cover(OWNER)
    return found.used if found else 0


def declared(direction: str = EXPORT, month: date = MONTH, at: datetime = NOW):
    return actions.declare(CLERK, OWNER, BOOK, direction, month, at=at)


def audited() -> list[str]:
    with connection.cursor() as cursor:
        return ledger.audit(cursor)


def findings_of(act: Callable[[], object]) -> tuple[Finding, ...]:
    """What an act is refused with."""
    with pytest.raises(RefusedError) as refusal:
        act()
    assert not refusal.value.problems
    return refusal.value.findings


# --- Entering ---------------------------------------------------------------------------------------------------------


def test_a_lot_binds_what_would_fall_due_and_holds_its_goods(storage: None) -> None:
    number = enter(lot("LOT-1", line(), line("PHONE-X", 10, 500, gcode=PHONE)))
    drill, phone = queries.lines_of(number)
    assert (drill.duty_cents, drill.value_added_tax_cents, drill.left_e5) == (8_000, 14_040, 10_000_000)
    assert (phone.duty_cents, phone.value_added_tax_cents) == (0, 6_500)
    assert bound() == 8_000 + 14_040 + 6_500
    made = queries.lot(number)
    assert made is not None
    assert (made.entered_on, made.limit_on) == (date(2026, 11, 23), date(2027, 11, 23))
    assert audited() == []


def test_a_lot_sent_again_is_the_lot_that_is_there(storage: None) -> None:
    assert enter() == enter(at=NOW + DAY)
    assert StorageLot.objects.count() == 1
    changed = lot("LOT-1", line(pieces=99))
    assert findings_of(lambda: enter(changed)) == (Finding("storage.duplicate", "number", "LOT-1"),)


def _party(field: str, code: str, zh: str, en: str) -> Finding:
    return Finding("storage.party", field, f"{code}没有以“{zh}”的身份有效备案", f"{code} is not on file as {en}")


SELLER, KEEPER = ("电商企业", "e-commerce enterprise"), ("区内仓储企业", "bonded warehouse operator")
REFUSED: dict[str, tuple[NewLot, Finding]] = {
    "owner not on file": (lot(owner_code="4101000000"), _party("owner_code", "4101000000", *SELLER)),
    "warehouse on file as something else": (lot(warehouse_code=OTHER), _party("warehouse_code", OTHER, *KEEPER)),
    "code of no tariff": (
        lot("L", line(), line(gcode="9999999999")),
        Finding("storage.goods", "gcode", "9999999999", line=2),
    ),
    "more than the guarantee": (
        lot("L", line(yuan=45_373)),
        Finding("storage.guarantee", "guarantee", "10000.00", "10000.21"),
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_what_may_not_enter_changes_nothing(storage: None, case: str) -> None:
    new, finding = REFUSED[case]
    assert findings_of(lambda: enter(new)) == (finding,)
    assert (StorageLot.objects.count(), bound()) == (0, 0)


def test_a_suspended_trader_stores_and_draws_nothing_and_declares_all_the_same(storage: None) -> None:
    enter()
    drawn()
    registry.Version.objects.create(
        enterprise_code=OWNER, number=1, roles=["ebc"], data={}, standing="suspended", since=NOW, reason="", rule=""
    )
    suspended = (_party("owner_code", OWNER, *SELLER),)
    assert findings_of(lambda: enter(lot("LOT-2"))) == suspended
    assert findings_of(lambda: drawn(order("SO-2"))) == suspended
    assert declared().value_cents == 30_000


def test_a_book_belongs_to_one_warehouse(storage: None) -> None:
    enter()
    elsewhere = lot("LOT-2", warehouse_code=ANOTHER)
    assert findings_of(lambda: enter(elsewhere)) == (Finding("storage.book", "ems_no", BOOK, WAREHOUSE),)


UNREADABLE: dict[str, tuple[NewLot, str]] = {
    "number": (lot("带空格 的"), "number"),
    "book": (lot(ems_no="T1"), "ems_no"),
    "no line": (lot()._replace(lines=()), "lines"),
    "code": (lot("L", line(gcode="84672")), "lines/0/gcode"),
    "unit": (lot("L", line(), line(unit="999")), "lines/1/unit"),
    "quantity": (lot("L", line(quantity_e5=0)), "lines/0/quantity"),
    "value": (lot("L", line(value_cents=-1)), "lines/0/value"),
    "name with a control character": (lot("L", line(name="a\x00b")), "lines/0/name"),
    "origin": (lot("L", line(origin="ZZZ")), "lines/0/origin"),
}


@pytest.mark.parametrize("case", UNREADABLE, ids=list(UNREADABLE))
def test_what_cannot_be_read_is_told_where_it_is(storage: None, case: str) -> None:
    new, field = UNREADABLE[case]
    with pytest.raises(RefusedError) as refusal:
        enter(new)
    assert [one.field for one in refusal.value.problems] == [field]


def test_guarantees_add_up_and_a_letter_counts_once(storage: None) -> None:
    kept.lodge(500, letter="BOC-2026-002")
    found = queries.cover(OWNER)
    assert found is not None
    assert found.capacity == 1_050_000
    with pytest.raises(RefusedError) as refusal:
        kept.lodge(500, owner=OTHER, letter="BOC-2026-002")
    assert [one.field for one in refusal.value.problems] == ["letter"]
    with pytest.raises(RefusedError) as refusal:
        kept.lodge(0, owner="nobody", letter="x")
    assert [one.field for one in refusal.value.problems] == ["owner_code", "letter", "amount"]


# --- Drawing ----------------------------------------------------------------------------------------------------------


def left(*numbers: int) -> list[int]:
    """Pieces left in lots of one line."""
    return [queries.lines_of(number)[0].left_e5 // 100_000 for number in numbers]


def test_what_came_first_leaves_first(storage: None) -> None:
    first, second = enter(), enter(lot("LOT-2"), at=NOW + DAY)
    drawn(order(pieces=130))
    assert left(first, second) == [0, 70]
    drawn(order("SO-2", lines=(Wanted("DRILL-18V", "001", 5_000_000, "LOT-2"),)))
    assert left(first, second) == [0, 20]


def test_a_named_lot_is_drawn_on_alone(storage: None) -> None:
    first, second = enter(), enter(lot("LOT-2"), at=NOW + DAY)
    drawn(order(lines=(Wanted("DRILL-18V", "001", 6_000_000, "LOT-2"),)))
    assert left(first, second) == [100, 40]
    asked = order("SO-2", lines=(Wanted("DRILL-18V", "001", 6_000_000, "LOT-2"),))
    assert findings_of(lambda: drawn(asked)) == (Finding("storage.insufficient", "quantity", "60", "40", 1),)


def test_an_order_sent_again_draws_nothing_twice(storage: None) -> None:
    number = enter()
    assert drawn() == drawn(at=NOW + DAY)
    assert left(number) == [70]
    assert findings_of(lambda: drawn(order(pieces=31))) == (Finding("storage.duplicate", "number", "SO-1"),)


SHORT: dict[str, tuple[tuple[Wanted, ...], Finding]] = {
    "too many": (
        (Wanted("DRILL-18V", "001", 10_100_000),),
        Finding("storage.insufficient", "quantity", "101", "100", 1),
    ),
    "together too many": (
        (Wanted("DRILL-18V", "001", 6_000_000), Wanted("DRILL-18V", "001", 5_000_000)),
        Finding("storage.insufficient", "quantity", "50", "40", 2),
    ),
    "another unit": ((Wanted("DRILL-18V", "035", 100_000),), Finding("storage.insufficient", "quantity", "1", "0", 1)),
    "not there": ((Wanted("NO-SUCH", "001", 100_000),), Finding("storage.insufficient", "quantity", "1", "0", 1)),
    "one of two": (
        (Wanted("DRILL-18V", "001", 100_000), Wanted("NO-SUCH", "001", 100_000)),
        Finding("storage.insufficient", "quantity", "1", "0", 2),
    ),
}


@pytest.mark.parametrize("case", SHORT, ids=list(SHORT))
def test_an_order_is_filled_whole_or_told_what_is_left(storage: None, case: str) -> None:
    number = enter()
    lines, finding = SHORT[case]
    assert findings_of(lambda: drawn(order(lines=lines))) == (finding,)
    assert left(number) == [100]
    assert not StorageDraw.objects.exists()


def test_another_owners_goods_are_not_there(storage: None) -> None:
    enter()
    asked = order(owner_code=OTHER)
    assert findings_of(lambda: drawn(asked)) == (Finding("storage.insufficient", "quantity", "30", "0", 1),)


# --- Declaring --------------------------------------------------------------------------------------------------------


def test_a_month_is_declared_together_and_its_guarantee_released(storage: None) -> None:
    enter()
    enter(lot("LOT-2", line(), line("PHONE-X", 10, 500, gcode=PHONE)))
    assert bound() == 22_040 + 22_040 + 6_500
    drawn(order(pieces=130))
    drawn(order("SO-2", 4, "PHONE-X"))
    made = declared()
    assert [(one["gcode"], one["quantity"], one["value"]) for one in made.data["lines"]] == [
        (DRILL, "130", "1300.00"),
        (PHONE, "4", "200.00"),
    ]
    assert made.data["draws"] == ["SO-1", "SO-2"]
    assert (made.value_cents, made.tax_cents, made.guarantee_cents) == (150_000, 0, 28_652 + 2_600)
    assert bound() == 22_040 * 2 + 6_500 - made.guarantee_cents
    assert audited() == []
    assert findings_of(declared) == (Finding("storage.nothing", "month", "0", ">0"),)


def test_the_home_market_pays_by_the_tariff_of_the_day_of_declaration(storage: None) -> None:
    december, january = NOW.replace(month=12), datetime(2027, 1, 5, 9, tzinfo=CHINA)
    enter()
    drawn(order(direction=IMPORT))
    assert declared(IMPORT).tax_cents == 2_400 + 4_212
    drawn(order("SO-2", direction=IMPORT), at=december)
    made = declared(IMPORT, date(2026, 12, 1), at=january)
    assert made.data["lines"][0]["duty_rate"] == "0.06"
    assert made.tax_cents == 1_800 + 4_134
    assert (made.due_on, made.declared_on) == (date(2026, 12, 31), date(2027, 1, 5))
    # What was bound when it entered is released, whatever is due now.
    assert made.guarantee_cents == 6_612


def test_origins_and_units_stay_apart(storage: None) -> None:
    enter(lot("LOT-1", line(), line(origin="502"), line("DRILL-12V", 10, 70)))
    drawn(order(pieces=200))
    drawn(order("SO-2", 10, "DRILL-12V"))
    lines = declared().data["lines"]
    assert [(one["origin"], one["quantity"], one["items"]) for one in lines] == [
        ("142", "110", ["DRILL-12V", "DRILL-18V"]),
        ("502", "100", ["DRILL-18V"]),
    ]


def test_directions_are_declared_apart(storage: None) -> None:
    enter()
    drawn()
    drawn(order("SO-2", 10, direction=IMPORT))
    assert declared(IMPORT).data["draws"] == ["SO-2"]
    assert declared(EXPORT).data["draws"] == ["SO-1"]


def test_a_code_that_the_tariff_no_longer_has_is_told(storage: None) -> None:
    enter(lot("LOT-1", line("RED", 10, 100, gcode=WINE, unit="095")))
    drawn(order(lines=(Wanted("RED", "095", 100_000),)))
    january = datetime(2027, 1, 5, 9, tzinfo=CHINA)
    assert findings_of(lambda: declared(at=january)) == (Finding("storage.goods", "gcode", WINE, line=1),)
    assert not StorageTaking.objects.exclude(declaration=None).exists()


def test_what_was_previewed_is_declared_or_nothing(storage: None) -> None:
    enter()
    drawn()
    seen = actions.digest(actions.preview(OWNER, BOOK, EXPORT, MONTH, day=NOW.date()))
    drawn(order("SO-2", 1))
    with pytest.raises(RefusedError) as refusal:
        actions.declare(CLERK, OWNER, BOOK, EXPORT, MONTH, seen=seen, at=NOW)
    assert "since the preview" in refusal.value.problems[0].what.en
    seen = actions.digest(actions.preview(OWNER, BOOK, EXPORT, MONTH, day=NOW.date()))
    assert actions.declare(CLERK, OWNER, BOOK, EXPORT, MONTH, seen=seen, at=NOW).data["draws"] == ["SO-1", "SO-2"]


def test_the_storage_book_adds_up(storage: None) -> None:
    enter(lot("LOT-1", line(pieces=3, yuan=100)))
    drawn(order(pieces=1))
    declared()
    drawn(order("SO-2", 1))
    (found,) = queries.book(OWNER)
    assert (found.entered_e5, found.declared_e5, found.drawn_e5, found.stock_e5) == (300_000, 100_000, 100_000, 100_000)
    assert (found.entered_cents, found.declared_cents, found.drawn_cents, found.stock_cents) == (
        10_000,
        3_333,
        3_334,
        3_333,
    )
