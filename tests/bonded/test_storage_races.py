"""Several at once over connections of their own: one after the other, never below zero."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection, connections

from bonded import kept
from bonded.kept import BOOK, CLERK, NOW, OWNER, drawn, enter, line, lot, order
from silkgate.bonded.storage import actions, queries, workflows
from silkgate.bonded.storage.domain import EXPORT, RefusedError
from silkgate.bonded.storage.models import StorageDeclaration, StorageDraw, StorageLot
from silkgate.casework.models import CaseRow
from silkgate.ledger import api as ledger

AT_ONCE = 6


def outcomes(act: Callable[[int], object]) -> list[str]:
    """What became of each, begun at the same moment: done, or the rule that it broke."""
    said: list[str] = []
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        try:
            start.wait()
            act(number)
            said.append("done")
        except RefusedError as refused:
            said.append(refused.findings[0].code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection.cursor() as cursor:
        assert ledger.audit(cursor) == []
    return sorted(said)


def test_orders_at_once_never_take_more_than_there_is(storage: None) -> None:
    number = enter()
    said = outcomes(lambda place: drawn(order(f"SO-{place}", 40)))
    assert said == ["done"] * 2 + ["storage.insufficient"] * (AT_ONCE - 2)
    assert queries.lines_of(number)[0].left_e5 == 2_000_000


def test_one_order_sent_at_once_is_drawn_once(storage: None) -> None:
    number = enter()
    assert outcomes(lambda place: drawn()) == ["done"] * AT_ONCE
    assert queries.lines_of(number)[0].left_e5 == 7_000_000
    assert StorageDraw.objects.count() == 1


def test_lots_at_once_never_bind_more_than_the_guarantee(storage: None) -> None:
    said = outcomes(lambda place: enter(lot(f"LOT-{place}", line(yuan=20_000))))
    assert said == ["done"] * 2 + ["storage.guarantee"] * (AT_ONCE - 2)
    assert StorageLot.objects.count() == 2


def test_one_lot_sent_at_once_enters_once(database: str) -> None:
    kept.firms()
    free = lot("LOT-1", line("DRILL-18V", gcode=kept.FREE))
    assert outcomes(lambda place: enter(free)) == ["done"] * AT_ONCE
    assert StorageLot.objects.count() == 1


def test_one_month_is_declared_once(storage: None) -> None:
    enter()
    drawn()
    month = NOW.date().replace(day=1)
    said = outcomes(lambda place: actions.declare(CLERK, OWNER, BOOK, EXPORT, month, at=NOW))
    assert said == ["done"] + ["storage.nothing"] * (AT_ONCE - 1)
    assert StorageDeclaration.objects.count() == 1


def test_letters_lodged_at_once_all_count(database: str) -> None:
    kept.firms()
    assert outcomes(lambda place: kept.lodge(100, letter=f"BOC-{place}")) == ["done"] * AT_ONCE
    found = queries.cover(OWNER)
    assert found is not None
    assert found.capacity == AT_ONCE * 10_000


def test_watches_at_once_raise_one_case_each(storage: None) -> None:
    enter()
    drawn()
    later = NOW.replace(year=2027, month=12)
    outcomes(lambda place: workflows.raise_cases(later))
    assert sorted(CaseRow.objects.values_list("workflow", flat=True)) == ["bonded.late", "bonded.overstay"]
