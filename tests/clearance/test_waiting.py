"""Thousands of declarations that wait for one waybill, or payments for one order: sent again, they move nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clearance.made import declaration, law, order, payment, waybill
from silkgate.clearance.domain import WAITING, DeclarationEntry, DocumentEntry, Party
from silkgate.clearance.engine.answer import Answering
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.settle import Settling, Zone
from silkgate.clearance.engine.state import State
from silkgate.clearance.engine.take import Taking
from silkgate.exchange.api import ABSENT, Found
from silkgate.kernel.findings import Finding
from silkgate.risk.api import Selection
from silkgate.tariff.api import cards

AT = datetime(2026, 6, 18, 2, tzinfo=UTC)
PARCEL = ("LOG", "KG1")
LATER = "20260618100000"
WAITERS = 50
FILED = {code: Party(code, frozenset(), "") for code in ("LOG", "PAY", "EBP")}


class Waiting:
    """Declarations D0, D1, … of one waybill; it and the payments have arrived as told, the orders have not."""

    def __init__(self, *, waybill_arrived: bool, paid: bool) -> None:
        state = self.state = State()
        missing = ["waiting.order"]
        missing += [] if paid else ["waiting.payment"]
        missing += [] if waybill_arrived else ["waiting.waybill"]
        state.waybills.now[PARCEL] = DocumentEntry(waybill(), 1, 0, LATER, draft=False) if waybill_arrived else None
        listed = state.declarations_of.now[PARCEL] = []
        for number in range(WAITERS):
            key = ("EBP", f"D{number}")
            record = declaration(order_no=key[1])
            entry = DeclarationEntry(number + 1, key, PARCEL, record, 1, number, record.app_time, draft=False)
            entry.state, entry.stored, entry.reasons = WAITING, True, tuple(missing)
            entry.findings = [Finding(slug, "", "", "") for slug in missing]
            state.declarations.now[key] = entry
            state.orders.now[key] = None
            state.payments_of.now[key] = []
            if paid:
                first = DocumentEntry(payment(order_no=key[1]), 1, number, LATER, draft=False)
                first.order_key = key
                state.payments_of.now[key].append(first)
            listed.append(entry)
        self.entries = listed
        self._message_id = 10

    def take(self, code: str, document: Any) -> Effects:
        """One message of one document, in a batch of its own."""
        self._message_id += 1
        sender = {"311": "EBP", "411": "PAY", "511": "LOG"}[code]
        found = Found(
            f"CEB{code}Message", code, str(self._message_id), bytes(32), sender, "", None, "", ABSENT, b"", False, 1
        )
        self.state.claims.now[(found.guid, found.kind)] = None
        effects = Effects(self._message_id, AT)
        answering = Answering(self.state, effects, cards())
        zone = Zone("", "4612", False, b"")
        settling = Settling(self.state, zone, law(), FILED, Selection(()), effects, answering)
        Taking(self.state, FILED, effects, settling, answering).message(self._message_id, found, [document])
        assert [answer.outcome for answer in effects.answers] == ["accepted"]
        return effects

    def reasons(self) -> set[tuple[str, ...]]:
        return {entry.reasons for entry in self.entries}


def test_a_waybill_that_is_replaced_is_no_news_for_those_who_wait_for_something_else() -> None:
    scene = Waiting(waybill_arrived=True, paid=False)
    effects = scene.take("511", waybill(app_type="2", app_time=LATER, freight_e5="7"))
    assert not effects.declarations
    assert not effects.tally["state.2"]
    assert scene.reasons() == {("waiting.order", "waiting.payment")}


@pytest.mark.parametrize("app_status", ["2", "1"], ids=["deleted", "replaced by a draft"])
def test_a_waybill_that_goes_and_comes_is_told_to_all(app_status: str) -> None:
    scene = Waiting(waybill_arrived=True, paid=False)
    app_type = "3" if app_status == "2" else "2"
    gone = scene.take("511", waybill(app_type=app_type, app_time=LATER, app_status=app_status))
    assert len(gone.declarations) == WAITERS
    assert scene.reasons() == {("waiting.order", "waiting.payment", "waiting.waybill")}
    back = scene.take("511", waybill(app_type="1" if app_status == "2" else "2", app_time=LATER))
    assert len(back.declarations) == WAITERS
    assert scene.reasons() == {("waiting.order", "waiting.payment")}
    assert not gone.tally["state.2"] + back.tally["state.2"]


def test_a_further_payment_is_no_news_the_first_one_is() -> None:
    scene = Waiting(waybill_arrived=True, paid=False)
    for turn, touched in enumerate((1, 0, 0)):
        scene.state.payments.now[("PAY", f"P{turn}")] = None
        effects = scene.take("411", payment(order_no="D7", pay_transaction_id=f"P{turn}"))
        assert len(effects.declarations) == touched
    assert scene.entries[7].reasons == ("waiting.order",)


def test_the_last_payment_that_goes_is_missed() -> None:
    scene = Waiting(waybill_arrived=True, paid=False)
    for number in "AB":
        scene.state.payments.now[("PAY", number)] = None
        scene.take("411", payment(order_no="D7", pay_transaction_id=number))
    for number, reasons in {"A": ("waiting.order",), "B": ("waiting.order", "waiting.payment")}.items():
        scene.take("411", payment(order_no="D7", pay_transaction_id=number, app_type="3", app_time=LATER))
        assert scene.entries[7].reasons == reasons


def test_who_gets_the_last_that_was_missing_is_cleared_the_others_wait_on() -> None:
    scene = Waiting(waybill_arrived=True, paid=True)
    scene.state.accounts.now[("allowance", f"{declaration().buyer_id_number}/2026")] = None
    effects = scene.take("311", order(order_no="D7", app_status="1"))
    assert not effects.declarations
    filed = scene.entries[7]
    effects = scene.take("311", order(order_no="D7"))
    assert list(effects.declarations) == [filed.id]
    assert filed.state != WAITING  # refused here: nobody of this declaration is filed in a role
    assert {entry.state for entry in scene.entries if entry is not filed} == {WAITING}
