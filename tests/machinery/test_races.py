"""Several at once on a real PostgreSQL: the last part is sent once, a number stands for one shipment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection, connections

from machinery.made import NOW, book, clerk, part, send, serial
from silkgate.ledger import api as ledger
from silkgate.machinery import actions, models, queries
from silkgate.machinery.domain import CANCELLED, FREE, REFUSED

AT_ONCE = 6


def outcomes(act: Callable[[int], models.Shipment]) -> list[tuple[int, str]]:
    """Number and state of what came of `act`, begun by several at the same moment."""
    said: list[tuple[int, str]] = []
    start = threading.Barrier(AT_ONCE)

    def run(number: int) -> None:
        try:
            start.wait()
            row = act(number)
            said.append((row.pk, row.state))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == AT_ONCE
    return said


def books_agree() -> bool:
    with connection.cursor() as cursor:
        return ledger.audit(cursor) == []


def test_of_many_that_want_the_last_part_one_takes_it(firms: None) -> None:
    row = book()
    send(part("VLV-08", "3"), number="before")
    said = [state for _, state in outcomes(lambda number: send(part("VLV-08"), number=f"SP-{number}"))]
    assert sorted(said) == [FREE] + [REFUSED] * (AT_ONCE - 1)
    assert queries.left_e5(row, ["VLV-08"]) == {"VLV-08": 0}
    refused = models.Shipment.objects.filter(state=REFUSED)
    assert all(one.findings == [["spare.quantity", "quantity", "1", "0", 1]] for one in refused)
    assert books_agree()


def test_of_many_that_replace_one_part_one_does(firms: None) -> None:
    book()
    said = [state for _, state in outcomes(lambda number: send(serial("M-77101"), number=f"SP-{number}"))]
    assert said.count(FREE) == 1
    assert books_agree()


def test_the_same_number_at_once_is_one_shipment(firms: None) -> None:
    row = book()
    said = outcomes(lambda number: send(part("VLV-08")))
    assert len({pk for pk, _ in said}) == models.Shipment.objects.count() == 1
    assert queries.left_e5(row, ["VLV-08"]) == {"VLV-08": 300_000}


def test_cancelling_at_once_gives_back_once(firms: None) -> None:
    row = book()
    made = send(part("VLV-08", "2"), serial("M-77101"))
    said = outcomes(lambda number: actions.cancel(clerk(), made.pk, at=NOW))
    assert {state for _, state in said} == {CANCELLED}
    assert queries.left_e5(row, ["VLV-08", "MOT-15"]) == {"VLV-08": 400_000, "MOT-15": 200_000}
    assert books_agree()


def test_opposite_orders_of_the_same_parts_do_not_lock_each_other(firms: None) -> None:
    book()
    lines = [part("VLV-08", "0.5"), part("SEAL-3"), part("HOSE", "0.1")]
    said = outcomes(lambda number: send(*lines[:: 1 if number % 2 else -1], number=f"SP-{number}"))
    assert [state for _, state in said] == [FREE] * AT_ONCE
    assert books_agree()
