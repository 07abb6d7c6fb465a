"""Whatever is done in whatever order: entered = declared + drawn and not declared + stock, in quantity, value and
guarantee; never below zero. The oracle is a list of single pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bonded import kept
from bonded.kept import BOOK, CLERK, NOW, OWNER, WAREHOUSE, line
from silkgate.bonded.storage import actions, queries
from silkgate.bonded.storage.domain import EXPORT, IMPORT, NewDraw, NewLot, RefusedError, Wanted
from silkgate.bonded.storage.models import StorageDeclaration, StorageLine, StorageTaking
from silkgate.kernel.findings import Finding
from silkgate.kernel.fixed import e5
from silkgate.ledger import api as ledger

ITEMS = st.sampled_from(["A", "B"])
PIECES = st.integers(1, 7)
DIRECTIONS = st.sampled_from([IMPORT, EXPORT])
PIECE_E5 = 100_000
COVER_CENTS = 100_000


def refusal(act: Callable[[], object]) -> Finding | None:
    """The one rule that an act breaks; None: it is done."""
    try:
        with transaction.atomic():
            act()
    except RefusedError as refused:
        (finding,) = refused.findings
        return finding
    return None


class Storage(RuleBasedStateMachine):
    """Lots, orders and declarations of one owner, beside pieces that are crossed off one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.stock: dict[str, list[int]] = {"A": [], "B": []}
        """Lot numbers of the pieces that are there, the first one first."""
        self.open: dict[str, list[str]] = {IMPORT: [], EXPORT: []}
        """Items of the pieces that are drawn and not declared."""
        self.declared = {"A": 0, "B": 0}
        self.numbers = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @initialize()
    def cover(self) -> None:
        kept.lodge(COVER_CENTS // 100)

    def number(self) -> str:
        self.numbers += 1
        return f"N{self.numbers}"

    @rule(item=ITEMS, pieces=PIECES, cents=st.integers(1, 90_000))
    def enter(self, item: str, pieces: int, cents: int) -> None:
        number = self.number()
        new = NewLot(number, OWNER, WAREHOUSE, BOOK, (line(item, pieces, value_cents=cents),))
        found = queries.cover(OWNER)
        assert found is not None
        refused = refusal(lambda: actions.enter_lot(CLERK, new, at=NOW))
        if refused is None:
            self.stock[item] += [self.numbers] * pieces
            return
        assert refused.code == "storage.guarantee"
        assert e5(refused.needed) > e5(refused.found)
        assert e5(refused.found) == (found.capacity - found.used) * 1_000

    @rule(item=ITEMS, pieces=PIECES, direction=DIRECTIONS, again=st.booleans())
    def draw(self, item: str, pieces: int, direction: str, again: bool) -> None:
        self._draw(item, pieces, direction, "", again)

    @rule(item=ITEMS, pieces=PIECES, place=st.integers(0, 50))
    def draw_of_a_lot(self, item: str, pieces: int, place: int) -> None:
        if self.stock[item]:
            self._draw(item, pieces, EXPORT, f"N{self.stock[item][place % len(self.stock[item])]}", False)

    def _draw(self, item: str, pieces: int, direction: str, lot: str, again: bool) -> None:
        fitting = [number for number in self.stock[item] if lot in {"", f"N{number}"}]
        wanted = (Wanted(item, "001", pieces * PIECE_E5, lot),)
        new = NewDraw(self.number(), OWNER, BOOK, direction, wanted)
        refused = refusal(lambda: actions.draw(CLERK, new, at=NOW))
        assert (refused is None) == (pieces <= len(fitting))
        if refused is not None:
            assert refused[:4] == ("storage.insufficient", "quantity", str(pieces), str(len(fitting)))
            return
        for number in fitting[:pieces]:
            self.stock[item].remove(number)
        self.open[direction] += [item] * pieces
        if again:
            actions.draw(CLERK, new, at=NOW)

    @rule(direction=DIRECTIONS)
    def declare(self, direction: str) -> None:
        def act() -> StorageDeclaration:
            return actions.declare(CLERK, OWNER, BOOK, direction, date(2026, 11, 1), at=NOW)

        if not self.open[direction]:
            assert refusal(act) == Finding("storage.nothing", "month", "0", ">0")
            return
        made = act()
        assert sum(e5(one["quantity"]) for one in made.data["lines"]) == len(self.open[direction]) * PIECE_E5
        assert sum(e5(one["value"]) for one in made.data["lines"]) == made.value_cents * 1_000
        for item in self.open[direction]:
            self.declared[item] += 1
        self.open[direction] = []

    @invariant()
    def in_is_out_and_stock(self) -> None:
        for found in queries.book(OWNER):
            drawn = [*self.open[IMPORT], *self.open[EXPORT]].count(found.item_no)
            assert found.stock_e5 == len(self.stock[found.item_no]) * PIECE_E5
            assert found.drawn_e5 == drawn * PIECE_E5
            assert found.declared_e5 == self.declared[found.item_no] * PIECE_E5
            assert found.entered_e5 == found.stock_e5 + found.drawn_e5 + found.declared_e5
            assert found.stock_cents >= 0
            # However small the parts were that it left in, nothing of its value stays behind.
            assert found.stock_e5 or not found.stock_cents

    @invariant()
    def values_and_guarantee_are_kept_to_the_cent(self) -> None:
        found = queries.cover(OWNER)
        if found is None:
            return
        released = sum(StorageDeclaration.objects.values_list("guarantee_cents", flat=True))
        assert found.used == sum(one.guarantee_cents for one in StorageLine.objects.all()) - released
        if not any((*self.stock.values(), *self.open.values())):
            assert found.used == 0
        declared = sum(StorageDeclaration.objects.values_list("value_cents", flat=True))
        taken = StorageTaking.objects.exclude(declaration=None).values_list("value_cents", flat=True)
        assert declared == sum(taken)
        with connection.cursor() as cursor:
            assert ledger.audit(cursor) == []


def test_nothing_is_lost_or_made(database: str) -> None:
    kept.firms()
    run_state_machine_as_test(
        Storage,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
