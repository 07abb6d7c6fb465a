"""An officer's decision is an input like any message: carried out once, in order, answered by CEB622, and recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from lxml import etree

from clearance.rig import Inbox, connector, official_schema, take_in
from silkgate.clearance.actions import NotDecidableError, instruct
from silkgate.clearance.api import Engine
from silkgate.exchange import api as exchange
from silkgate.journal import api as journal
from silkgate.ledger import api as ledger
from silkgate.site.traffic.case import write_case
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone


class Held(NamedTuple):
    """A database in which declarations are held, and its connections."""

    connection: psycopg.Connection
    inbox: Inbox
    url: str
    numbers: list[int]

    def decide(self, cache_capacity: int = 60_000) -> None:
        """A new engine carries out what there is."""
        with Engine(connector(self.url), self.clock, cache_capacity=cache_capacity) as engine:
            engine.drain()

    def clock(self) -> datetime:
        return self.inbox.as_of + timedelta(hours=1)

    def instruct(self, number: int, action: str, state: str) -> int:
        return instruct(number, action, state, "查验相符，同意", officer="guan", at=self.clock())

    def state(self, number: int) -> tuple[str, str]:
        row = self.connection.execute(
            "select state, reasons from clearance_declaration where id = %s", (number,)
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def used(self) -> dict[tuple[str, str], int]:
        return {(b.kind, b.key): b.used for b in ledger.all_balances(self.connection.cursor())}

    def answers(self, number: int) -> list[tuple[str, str]]:
        """Kind and returnStatus of every document that answers a declaration, in order."""
        (invt_no,) = self.connection.execute(
            "select invt_no from clearance_declaration where id = %s", (number,)
        ).fetchone() or ("",)
        return [
            (receipt.kind[3:6], document.findtext(".//{*}returnStatus") or "")
            for receipt in exchange.all_receipts(self.connection, 0)
            for document in etree.fromstring(receipt.body)
            if document.findtext(".//{*}invtNo") == invt_no
        ]


@pytest.fixture
def held(database: str, tmp_path: Path) -> Iterator[Held]:
    """A zone where the dear and the scarce are looked at: some declarations stand in 300 and 500."""
    zone = Zone()
    write_case(tmp_path / "case", zone, islice(Parcels(zone, 3, faults=0, late=0, dear=0), 300), per_message=50)
    inbox = take_in(tmp_path / "case", connector(database))
    with psycopg.connect(database, autocommit=True) as connection:
        with Engine(connector(database), lambda: inbox.as_of) as engine:
            engine.drain()
        rows = connection.execute("select id from clearance_declaration where state in ('300', '500') order by id")
        numbers = [row[0] for row in rows.fetchall()]
        assert len(numbers) >= 3
        yield Held(connection, inbox, database, numbers)


CACHES = pytest.mark.parametrize("cache_capacity", [60_000, 1], ids=["remembering", "forgetful"])


@CACHES
def test_release_is_800_with_a_tax_bill_and_takes_nothing_more(held: Held, cache_capacity: int) -> None:
    number, before = held.numbers[0], held.used()
    was = held.state(number)[0]
    held.instruct(number, "release", "800")
    held.decide(cache_capacity)
    assert held.state(number) == ("800", "")
    assert held.answers(number) == [("622", "120"), ("622", was), ("622", "800"), ("816", "")]
    assert held.used() == before


@CACHES
@pytest.mark.parametrize("state", ["501", "502", "503", "599"])
def test_detained_goods_keep_what_they_took(held: Held, cache_capacity: int, state: str) -> None:
    number, before = held.numbers[1], held.used()
    held.instruct(number, "detain", state)
    held.decide(cache_capacity)
    assert held.state(number) == (state, "officer.detain")
    assert held.answers(number)[-1] == ("622", state)
    assert held.used() == before
    held.instruct(number, "release", "800")
    held.decide(cache_capacity)
    assert held.state(number)[0] == "800"


@CACHES
def test_sent_back_gives_everything_back(held: Held, cache_capacity: int) -> None:
    number, before = held.numbers[2], held.used()
    rows = held.connection.execute(
        "select a.kind, a.key, sum(t.amount)::bigint from ledger_transfer t"
        " join ledger_account a on a.id = t.account_id"
        " where t.reference_id = %s and t.reference_kind = 'declaration' group by 1, 2",
        (number,),
    ).fetchall()
    taken = {(kind, key): amount for kind, key, amount in rows}
    assert min(taken.values()) > 0
    held.instruct(number, "send_back", "100")
    held.decide(cache_capacity)
    assert held.state(number) == ("100", "officer.send_back")
    assert held.answers(number)[-1] == ("622", "100")
    assert held.used() == {key: used - taken.get(key, 0) for key, used in before.items()}
    assert ledger.audit(held.connection.cursor()) == []


def test_every_decision_is_recorded_with_who_and_why_and_its_receipts_are_official(held: Held) -> None:
    decisions = (("release", "800"), ("detain", "501"), ("send_back", "100"))
    chosen = dict(zip(held.numbers, (action for action, _ in decisions), strict=False))
    for number, (action, state) in zip(held.numbers, decisions, strict=False):
        held.instruct(number, action, state)
    held.decide()
    kinds = {"release": "declaration.released", "detain": "declaration.detained", "send_back": "declaration.sent_back"}
    for number, action in chosen.items():
        event = journal.of_subject(held.connection.cursor(), "declaration", number)[-1]
        assert (event.kind, event.actor, event.detail["reason"]) == (kinds[action], "guan", "查验相符，同意")
        assert event.at == held.clock()
    schema = official_schema()
    for receipt in exchange.all_receipts(held.connection, 0):
        schema.assertValid(etree.fromstring(receipt.body))
    open_rows = held.connection.execute("select count(*) from clearance_instruction where batch_no is null")
    assert open_rows.fetchone() == (0,)


def test_one_decision_at_a_time_and_only_on_what_is_held(held: Held) -> None:
    number = held.numbers[0]
    held.instruct(number, "release", "800")
    with pytest.raises(NotDecidableError, match="already"):
        held.instruct(number, "send_back", "100")
    held.decide()
    with pytest.raises(NotDecidableError, match="not held"):
        held.instruct(number, "detain", "501")
    for action, state, reason in (
        ("burn", "800", "查验相符"),
        ("release", "501", "查验相符"),
        ("detain", "800", "查验相符"),
        ("detain", "501", "   短  "),
        ("detain", "501", "长" * 501),
    ):
        with pytest.raises(NotDecidableError):
            instruct(held.numbers[1], action, state, reason, officer="guan", at=held.clock())
    with pytest.raises(NotDecidableError):
        held.instruct(10**9, "release", "800")


def test_a_cancellation_that_came_first_wins_over_the_instruction(held: Held) -> None:
    """The instruction finds nothing to decide, says so, and changes nothing."""
    number = held.numbers[0]
    given = held.instruct(number, "release", "800")
    held.connection.execute("update clearance_declaration set state = 'cancelled' where id = %s", (number,))
    held.decide()
    outcome = held.connection.execute("select outcome from clearance_instruction where id = %s", (given,)).fetchone()
    assert outcome == ("not held any more: cancelled",)
    assert held.state(number)[0] == "cancelled"
