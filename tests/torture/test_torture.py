"""Everything is killed, cut, paused and filled up while messages come in: nothing acknowledged is lost or doubled.

`make torture` is the same for minutes, and the figures are kept in `docs/reliability.md`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lxml import etree

from clearance.rig import Connect, Record, connector, record, take_in
from clearance.test_determinism import answers
from oracles import output
from silkgate.clearance.api import Engine
from silkgate.exchange import api as exchange
from silkgate.site.scratch import private_database
from torture import checks, report
from torture.faults import SHARES, deck
from torture.run import Aftermath, Plan, tortured
from torture.senders import CUT_IN_REQUEST, Acknowledged, Sending

FAULTS = 16


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    with tortured(Plan(FAULTS, seed=1, least_messages=700)) as found:
        yield found


@pytest.fixture(scope="module")
def found(aftermath: Aftermath) -> Record:
    return checks.recorded(aftermath)


def test_enough_was_done_and_enough_was_sent(aftermath: Aftermath) -> None:
    done = Counter(fault.kind for fault in aftermath.faults)
    assert done.total() == FAULTS
    assert set(done) == set(deck(FAULTS, Random(1), with_disk=aftermath.with_disk))
    assert len(aftermath.senders.acknowledged) > 100
    assert len(aftermath.senders.dropped) > 20
    assert aftermath.senders.twice
    assert aftermath.senders.later


def test_nothing_is_lost_doubled_or_different(aftermath: Aftermath) -> None:
    """Messages, answers, transfers, receipts, ledger, second reader, log, oracle: see `checks`."""
    verdict = checks.judge(aftermath)
    assert verdict.findings == []
    assert verdict.answered >= len(aftermath.senders.acknowledged) > 0


def test_every_fault_was_over_within_a_minute(aftermath: Aftermath) -> None:
    """A bound that the operator is promised, not a measure: the times themselves are in docs/reliability.md."""
    assert [(kind, took) for kind, took in aftermath.recoveries() if took >= report.RESTART_SECONDS] == []


def test_who_is_not_taken_is_told_when_to_come_again(aftermath: Aftermath) -> None:
    told = {answer.partition(" ")[2] for answer in aftermath.senders.told}
    assert told <= {"exchange.disk", "exchange.unavailable", "exchange.quota", "exchange.full"}
    if aftermath.with_disk:
        assert "exchange.disk" in told


def test_numbers_are_given_once_and_without_gaps(aftermath: Aftermath) -> None:
    rows = aftermath.service.ask("select invt_no from clearance_declaration where invt_no is not null")
    assert sorted(int(str(number)[-9:]) for (number,) in rows) == list(range(1, len(rows) + 1))


def test_each_accepted_declaration_took_its_set_of_transfers_once(aftermath: Aftermath) -> None:
    ask = aftermath.service.ask
    accepted = ask("select id, dutiable_cents from clearance_declaration where invt_no is not null")
    taken = ask(
        "select t.reference_id, sum(t.amount), count(*) from ledger_transfer t join ledger_account a"
        " on a.id = t.account_id where a.kind = 'allowance' and t.kind = 'reserve' group by t.reference_id"
    )
    assert sorted((number, int(str(amount))) for number, amount, _ in taken) == sorted(accepted)
    assert {count for _, _, count in taken} == {1}


def undisturbed(case: Path, server: str) -> tuple[Record, list[tuple[Any, ...]]]:
    """The same messages in the recorded order, through an engine that nobody disturbs."""
    with private_database(server) as url:
        connect = connector(url)
        inbox = take_in(case, connect)
        with Engine(connect, lambda: inbox.as_of) as engine:
            engine.drain()
        return record(connect, inbox), events(connect)


def events(connect: Connect) -> list[tuple[Any, ...]]:
    """What the journal says of declarations and messages, without what depends on numbers of messages."""
    with connect() as connection:
        return connection.execute(
            "select kind, subject_id, law_version from journal_event where subject_kind = 'declaration'"
            " order by subject_id, id"
        ).fetchall()


def test_everything_is_as_if_nothing_had_happened(aftermath: Aftermath, found: Record, database_server: str) -> None:
    """Declarations, balances, answers, receipts, journal: as the undisturbed engine has them."""
    calm, calm_events = undisturbed(aftermath.case, database_server)
    assert found.outcome == calm.outcome
    assert answers(found) == answers(calm)
    assert events(aftermath.service.connect) == calm_events
    states = Counter(row["status"] for row in found.outcome.declarations)
    assert {"800", "cancelled"} <= set(states)
    assert Counter(row["outcome"] for row in found.outcome.messages)["duplicate"] > 0


def test_the_receipts_are_whole(aftermath: Aftermath) -> None:
    """No receipt was cut off, and none has a number twice."""
    with aftermath.service.connect() as connection:
        receipts = exchange.all_receipts(connection, 0)
    assert [receipt.id for receipt in receipts] == list(range(1, len(receipts) + 1))
    guids = [guid for receipt in receipts for guid in etree.fromstring(receipt.body).xpath("//@guid")]
    assert len(guids) == len(set(guids)) == len(receipts)


# --- The checks themselves -------------------------------------------------------------------------------------------


def test_an_acknowledged_message_that_is_not_there_is_noticed(aftermath: Aftermath) -> None:
    one = aftermath.senders.acknowledged[0]
    other = f"{one.number + 10_000_000}-{one.name.partition('-')[2]}"
    senders = aftermath.senders.acknowledged
    senders.append(Acknowledged(other, one.raw, one.at))
    senders.append(Acknowledged(one.name, b"other bytes", one.at))
    aftermath.senders.dropped["none.xml"] = Sending(0, "folder", [b"never dropped"])
    try:
        verdict = checks.judge(aftermath)
    finally:
        del senders[-2:], aftermath.senders.dropped["none.xml"]
    assert verdict.lost == [
        f"{other}: acknowledged, not there",
        "none.xml: taken from the folder, not there",
        f"{one.name}: other bytes",
    ]
    assert verdict.doubled == [f"message {one.name} stands for 2 messages"]
    assert verdict.wrong == ["folder: none.xml was not moved"]


def test_the_second_reader_notices_a_balance_that_does_not_follow_from_the_journal(
    aftermath: Aftermath, found: Record, tmp_path: Path
) -> None:
    """Once where the ledger has another figure, once where the zone began with another one."""
    books = checks.second_books(aftermath)
    assert output.differences(books, found.outcome.balances, "balances") == []
    kinds = Counter(row["kind"] for row in books)
    assert set(kinds) == {"allowance_used", "book_qty", "guarantee_balance"}
    forged = [dict(row) for row in found.outcome.balances]
    forged[0]["balance"] += "1"
    assert len(output.differences(books, forged, "balances")) == 2
    shutil.copytree(aftermath.case, tmp_path / "case")
    guarantees = tmp_path / "case" / "guarantees.csv"
    lines = guarantees.read_text(encoding="utf-8").splitlines()
    guarantees.write_text("\n".join([lines[0], lines[1].replace(",", ",1", 1), *lines[2:]]) + "\n", encoding="utf-8")
    moved = checks.second_books(aftermath._replace(case=tmp_path / "case"))
    assert len(output.differences(moved, found.outcome.balances, "balances")) == 2


@pytest.mark.parametrize("with_disk", [True, False])
def test_a_deck_has_every_kind_that_can_be_done(with_disk: bool) -> None:
    drawn = deck(300, Random(7), with_disk=with_disk)
    assert len(drawn) == 300
    assert set(SHARES) - set(drawn) == (set() if with_disk else {"disk full", "disk almost full"})
    assert drawn == deck(300, Random(7), with_disk=with_disk)
    assert CUT_IN_REQUEST in deck(len(SHARES), Random(2), with_disk=with_disk)


def test_the_page_has_a_place_for_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(report.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    report.refresh(page, "torture", "figures")
    assert "<!-- torture: begin -->\nfigures\n<!-- torture: end -->" in page.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="elsewhere"):
        report.refresh(page, "elsewhere", "figures")
