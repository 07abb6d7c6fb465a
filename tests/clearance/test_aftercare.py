"""Cancellation and return (contract §7): what was taken goes back, to the cent and to the piece, and never twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearance.made import cents, e5, law
from silkgate.clearance.domain import AssessedLine, Assessment, Cancel, DeclarationEntry, DocumentEntry, Return
from silkgate.clearance.engine.aftercare import Aftercare
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.state import Account, State
from silkgate.exchange.api import Found, ReturnLine
from silkgate.kernel.clock import CHINA
from silkgate.tariff.api import cards

RELEASED_AT = datetime(2026, 6, 18, 10, tzinfo=CHINA)
INVT_NO = "46122026I000000001"
ENOUGH = 10**12


class Line(NamedTuple):
    """A line as it was assessed."""

    qty: str
    value: str
    duty: str = "0"
    consumption: str = "0"
    vat: str = "0"


class Released:
    """A declaration that was released, with the accounts that it was taken from."""

    def __init__(
        self, lines: Sequence[Line], *, bonded: bool = True, guaranteed: bool = True, state: str = "800"
    ) -> None:
        assessed = [
            AssessedLine(
                gnum, f"G{gnum}", e5(line.qty), e5(line.qty), cents(line.value), cents(line.duty),
                cents(line.consumption), cents(line.vat), 0, 0, 0, 0, f"R{gnum}" if bonded else "",
            )
            for gnum, line in enumerate(lines, start=1)
        ]  # fmt: skip
        self.entry = entry = DeclarationEntry(1, ("EBP", "D1"), ("LOG", "KG1"), None, 4096, 0, "20260618090000", False)
        entry.ebc_code, entry.agent_code, entry.invt_no, entry.state = "EBC", "AGENT", INVT_NO, state
        entry.pre_no, entry.released_at = "B1", RELEASED_AT
        entry.assessment = Assessment(
            assessed,
            False,
            "0.70",
            "ID/2026",
            "G" if guaranteed else "",
            "EMS" if bonded else "",
            "PAY",
            "P1",
            "C1",
            "4612",
            [],
        )
        self.state = State()
        self.state.by_invt_no.now = {INVT_NO: entry, "46122026I000000002": None}
        self.state.statuses.now = {entry.waybill_key: None}
        keys = [("allowance", "ID/2026"), ("guarantee", "G"), *(("stock", f"EMS/R{line.gnum}") for line in assessed)]
        amounts = [entry.assessment.dutiable_cents, sum(line.tax_cents for line in assessed)] + [
            line.qty_e5 for line in assessed
        ]
        self.accounts = {
            key: Account(number, ENOUGH, amount) for number, (key, amount) in enumerate(zip(keys, amounts, strict=True))
        }
        self.state.accounts.now = dict(self.accounts)
        self.effects = Effects(1, RELEASED_AT)
        self.aftercare = Aftercare(self.state, law(), self.effects, Answering(self.state, self.effects, cards()))

    def give_back(self, *lines: tuple[int, str], at: datetime = RELEASED_AT, **changes: Any) -> list[str]:
        """A return of quantities by line number; the reasons where it is refused."""
        asked = [ReturnLine(gnum, changes.get("gcode", f"G{gnum}"), e5(qty)) for gnum, qty in lines]
        request = Return(*self.head(at, **changes), asked)
        return self.codes(self.aftercare.give_back(8192, self.found("625"), request))

    def cancel(self, **changes: Any) -> list[str]:
        """A cancellation; the reasons where it is refused."""
        return self.codes(self.aftercare.cancel(8192, self.found("623"), Cancel(*self.head(RELEASED_AT, **changes))))

    @staticmethod
    def head(at: datetime, **changes: Any) -> list[str]:
        head = {
            "app_type": "1", "app_time": at.strftime("%Y%m%d%H%M%S"), "app_status": "2", "customs_code": "4612",
            "order_no": "D1", "ebp_code": "EBP", "ebc_code": "EBC", "cop_no": "X1", "invt_no": INVT_NO,
            "agent_code": "AGENT",
        }  # fmt: skip
        return [*(head | {name: value for name, value in changes.items() if name in head}).values()]

    @staticmethod
    def found(code: str) -> Found:
        return Found(f"CEB{code}Message", code, "", b"", "AGENT", "", None, "", "valid", b"", False, 1)

    @staticmethod
    def codes(findings: Any) -> list[str]:
        return [finding.code for finding in findings or []]

    def left(self) -> dict[str, int]:
        """What is still used of each account: cents, or 0.00001 of the unit."""
        return {"/".join(key): account.used for key, account in self.accounts.items()}


ONE = Line("3", "100", "10", "20.01", "0.05")


def left_of(value: str, tax: str, qty: str) -> dict[str, int]:
    return {"allowance/ID/2026": cents(value), "guarantee/G": cents(tax), "stock/EMS/R1": e5(qty)}


# --- Proportions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "parts", "left"),
    [
        # thirds: each amount on its own, half up; the last takes what is left
        (ONE, ["1"], left_of("66.67", "20.04", "2")),
        (ONE, ["1", "1"], left_of("33.34", "10.02", "1")),
        (ONE, ["1", "1", "1"], left_of("0", "0", "0")),
        (ONE, ["2"], left_of("33.33", "10.02", "1")),
        (ONE, ["2", "1"], left_of("0", "0", "0")),
        (ONE, ["3"], left_of("0", "0", "0")),
        # half a cent comes back whole, and then nothing is left for the last
        (Line("2", "0.01"), ["1"], left_of("0", "0", "1")),
        (Line("2", "0.01"), ["1", "1"], left_of("0", "0", "0")),
        # less than half a cent each: all with the last
        (Line("3", "0.01"), ["1", "1"], left_of("0.01", "0", "1")),
        # many parts of a tiny amount never give back more than there was
        (Line("10", "0.05"), ["1"] * 7, left_of("0", "0", "3")),
        # fractions of a unit
        (Line("1.33333", "10"), ["0.66666"], left_of("5.00", "0", "0.66667")),
        (Line("0.00002", "1"), ["0.00001"], left_of("0.50", "0", "0.00001")),
    ],
)
def test_what_comes_back(line: Line, parts: list[str], left: dict[str, int]) -> None:
    released = Released([line])
    for qty in parts:
        assert released.give_back((1, qty)) == []
    assert released.left() == left
    assert released.entry.state == ("returned" if left["stock/EMS/R1"] == 0 else "part_returned")


AMOUNTS = st.integers(0, 10**7)
WHOLE = st.integers(1, 10**7)


@given(amounts=st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), parts=st.lists(WHOLE, min_size=1, max_size=12))
def test_in_whatever_parts_all_of_it_comes_back_and_nothing_more(
    amounts: tuple[int, int, int, int], parts: list[int]
) -> None:
    total = sum(parts)
    value, duty, consumption, vat = (f"{amount}E-2" for amount in amounts)
    released = Released([Line(f"{total}E-5", value, duty, consumption, vat)])
    before = released.left()
    for part in parts:
        assert released.give_back((1, f"{part}E-5")) == []
        now = released.left()
        assert all(0 <= now[key] <= before[key] for key in now)
        before = now
    assert set(before.values()) == {0}
    assert released.entry.state == "returned"
    assert released.give_back((1, "0.00001")) == ["return.quantity"]


def test_returned_means_every_line() -> None:
    released = Released([ONE, Line("1", "5")])
    assert released.give_back((2, "1"), (1, "1")) == []
    assert released.entry.state == "part_returned"
    assert released.give_back((1, "2")) == []
    assert released.entry.state == "returned"
    assert set(released.left().values()) == {0}


def test_a_line_may_be_named_once_only_as_far_as_there_is_anything_left() -> None:
    released = Released([ONE])
    before = released.left()
    assert released.give_back((1, "1"), (9, "1")) == ["return.quantity"]
    assert released.give_back((1, "3.00001")) == ["return.quantity"]
    assert released.give_back((1, "0")) == ["return.quantity"]
    assert released.give_back((1, "-1")) == ["return.quantity"]
    assert released.give_back((1, "1"), gcode="G2") == ["return.quantity"]
    assert released.left() == before
    assert released.entry.state == "800"


def test_direct_goods_have_no_stock_and_without_guarantees_none_comes_back() -> None:
    released = Released([ONE], bonded=False, guaranteed=False)
    before = released.left()
    assert released.give_back((1, "1")) == []
    assert released.left() == {**before, "allowance/ID/2026": cents("66.67")}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(days=30), []),
        (timedelta(days=30, seconds=1), ["return.late"]),
        (timedelta(days=-1), []),
    ],
)
def test_thirty_days_of_24_hours(after: timedelta, expected: list[str]) -> None:
    assert Released([ONE]).give_back((1, "1"), at=RELEASED_AT + after) == expected


def test_late_and_too_much_are_both_told() -> None:
    late = RELEASED_AT + timedelta(days=31)
    assert Released([ONE]).give_back((1, "4"), at=late) == ["return.late", "return.quantity"]


# --- Who may, and when -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["cancel", "give_back"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"invt_no": "46122026I000000002"}, ["declaration.unknown"]),
        ({"order_no": "D2"}, ["declaration.unknown"]),
        ({"ebp_code": "?"}, ["declaration.unknown"]),
        ({"ebc_code": "?"}, ["declaration.unknown"]),
        ({"agent_code": "?"}, ["declaration.unknown"]),
        ({"app_type": "2"}, ["document.unknown"]),
        ({"app_type": "3"}, ["document.unknown"]),
        ({"app_status": "1"}, []),
        ({"app_status": "1", "order_no": "D2"}, []),
    ],
)
def test_requests_that_change_nothing(what: str, changes: dict[str, str], expected: list[str]) -> None:
    """Named otherwise than declared, no new request, or a draft."""
    released = Released([ONE])
    before = released.left()
    found = released.cancel(**changes) if what == "cancel" else released.give_back((1, "1"), **changes)
    assert found == expected
    assert released.left() == before
    assert released.entry.state == "800"


STATES = ("300", "500", "800", "part_returned", "returned", "cancelled", "100", "-621005", "501", "599")


@pytest.mark.parametrize("state", STATES)
def test_states_that_can_be_cancelled(state: str) -> None:
    released = Released([ONE], state=state)
    if state in ("300", "500", "800"):
        assert released.cancel() == []
        assert released.entry.state == "cancelled"
        assert set(released.left().values()) == {0}
        assert released.cancel() == ["declaration.state"]
        assert released.give_back((1, "1")) == ["declaration.state"]
    else:
        assert released.cancel() == ["declaration.state"]
        assert released.entry.state == state


@pytest.mark.parametrize("state", STATES)
def test_states_that_can_be_returned(state: str) -> None:
    released = Released([ONE], state=state)
    expected = [] if state in ("800", "part_returned", "returned") else ["declaration.state"]
    assert released.give_back((1, "1")) == expected


@pytest.mark.parametrize(("draft", "expected"), [(False, ["declaration.state"]), (True, [])])
def test_what_was_signed_for_is_not_cancelled(draft: bool, expected: list[str]) -> None:
    released = Released([ONE])
    released.state.statuses.now[released.entry.waybill_key] = DocumentEntry(None, 8191, 0, "20260618093000", draft)
    assert released.cancel() == expected


def test_the_tax_bill_becomes_void_with_what_it_was_for() -> None:
    """818, status 3: after a cancellation of what was released and after a complete return; not before release."""
    for released, kinds in (
        (Released([ONE]), {"624", "818"}),
        (Released([ONE], state="500"), {"624"}),
    ):
        released.cancel()
        assert {code for _, code in released.effects.receipts} == kinds
    part, whole = Released([ONE]), Released([ONE])
    part.give_back((1, "1"))
    whole.give_back((1, "3"))
    assert {code for _, code in part.effects.receipts} == {"626"}
    assert {code for _, code in whole.effects.receipts} == {"626", "818"}
