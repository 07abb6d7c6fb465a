"""A second reader: all balances anew from the journal, without a look at the ledger's tables or the engine's amounts.

The journal says which declaration was released or held, cancelled, sent back, and what was returned of it. What that
took and gave back is reckoned by the oracle's own arithmetic from the declaration as it was received and from the
zone's tables. The journal's details hold no amounts; so of the engine's tables one thing is read, in which message and
at which place a declaration of a given number stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from oracles import afterwards, checks, clearing, intake, output

_QTY_E5 = Decimal(100_000)
_ACCEPTED = ("declaration.released", "declaration.selected")
_UNDONE = ("declaration.cancelled", "declaration.sent_back")
_RETURNED = ("declaration.returned", "declaration.part_returned")

Bytes = Callable[[int], bytes]
"""A received message by its number."""


def balances_from_journal(connection: psycopg.Connection, case: Path, received: Bytes) -> list[output.Row]:
    """Rows of the table of balances, as they follow from the journal. `case` has the tables of the zone."""
    world = clearing.new_world(case)
    events = connection.execute(
        "select kind, subject_id, detail from journal_event where subject_kind = 'declaration' order by id"
    ).fetchall()
    places = dict(_places(connection))
    accepted: dict[int, dict[str, Any]] = {}
    for kind, number, detail in events:
        if kind in _ACCEPTED and number not in accepted:
            accepted[number] = _take(_declaration(received, world, *places[number]), world)
        elif kind in _UNDONE:
            for line in accepted[number]["assessed"].values():
                afterwards.move(accepted[number], line, _left(line), world, direction=1)
        elif kind in _RETURNED:
            _return(accepted[number], json.loads(detail)["lines"], world)
    return output.balance_rows(world)


def _places(connection: psycopg.Connection) -> list[tuple[int, tuple[int, int]]]:
    rows = connection.execute("select id, message_id, position from clearance_declaration").fetchall()
    return [(number, (message, position)) for number, message, position in rows]


def _declaration(received: Bytes, world: dict[str, Any], message: int, position: int) -> dict[str, Any]:
    found = intake.read_message(received(message), world["policy"], None)
    return dict(found["documents"][position])


def _take(declaration: dict[str, Any], world: dict[str, Any]) -> dict[str, Any]:
    values = clearing.dutiable_values(declaration)
    declaration.update(
        assessed=clearing.assess(declaration, values, world),
        bonded=checks.mode_of(declaration["head"], world["policy"]) == "1210",
    )
    for line in declaration["assessed"].values():
        afterwards.move(declaration, line, line["taken"], world, direction=-1)
    return declaration


def _left(line: dict[str, Any]) -> dict[str, Decimal]:
    return {name: amount - line["back"][name] for name, amount in line["taken"].items()}


def _return(declaration: dict[str, Any], lines: list[tuple[int, int]], world: dict[str, Any]) -> None:
    for gnum, qty_e5 in lines:
        line, qty = declaration["assessed"][gnum], Decimal(qty_e5) / _QTY_E5
        amounts = {name: afterwards.portion(line, name, qty) for name in ("value", *afterwards.TAXES)}
        amounts["qty"] = qty
        afterwards.move(declaration, line, amounts, world, direction=1)
        for name, amount in amounts.items():
            line["back"][name] += amount
