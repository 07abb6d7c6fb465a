"""Replay: the same law gives the same bytes, a changed law the changes that it must, and nothing is ever written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection as django_connection

from clearance import exported
from clearance.rig import CASES, Connect, connector, take_in
from oracles import casefolder
from oracles.clearing import run_case as oracle
from oracles.output import Outcome as OracleOutcome
from oracles.random_case import KINDS, write_random_case
from silkgate.clearance.actions import DETAIN, RELEASE, SEND_BACK, instruct
from silkgate.clearance.api import NothingToReplayError, replay
from silkgate.clearance.engine import answer, assess, settle
from silkgate.clearance.engine import run as engine_module
from silkgate.clearance.engine.run import Engine
from silkgate.clearance.engine.state import State
from silkgate.clearance.replay.run import Replayed
from silkgate.kernel.clock import china_day
from silkgate.site.traffic.case import write_case
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone
from silkgate.tariff import api as tariff

PER_SEGMENT = (1, 9, 4, 2)
TINY = 3
DECISIONS = ((RELEASE, "800"), (DETAIN, "501"), (SEND_BACK, "100"))
REASON = "已核对货物与单证"
TRIALS = tariff.REFERENCE / "trials"


def lived(
    case: Path,
    connect: Connect,
    *,
    a_batch: timedelta = timedelta(seconds=1),
    officers: bool = True,
    per_segment: Sequence[int] = PER_SEGMENT,
) -> None:
    """The history of a case: small batches, one every `a_batch`, and officers who decide on what is held."""
    inbox = take_in(case, connect, per_segment)
    ticks = count()
    with Engine(connect, lambda: inbox.as_of + next(ticks) * a_batch) as engine:
        more = True
        while more:
            more = bool(engine.step())
            engine.settle()
            if officers:
                decide_what_is_held(connect, inbox.as_of)
        engine.drain()


def decide_what_is_held(connect: Connect, at: datetime) -> None:
    """Every second declaration that is held is released, detained or sent back in turn; detained ones stay so."""
    with connect() as connection:
        held = connection.execute(
            "select id from clearance_declaration d where state in ('300', '500') and id % 2 = 0 and not exists"
            " (select 1 from clearance_instruction i where i.declaration_id = d.id)"
        ).fetchall()
    for (number,) in held:
        action, state = DECISIONS[number // 2 % len(DECISIONS)]
        instruct(number, action, state, REASON, officer="officer", at=at)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "SEGMENTS_PER_BATCH", 2)


def random_history(seed: int) -> Callable[[Path], Path]:
    return lambda folder: write_random_case(folder, seed, 50)


def made_history(folder: Path) -> Path:
    """Traffic in which buyers share limits and much is held."""
    zone = Zone(scarce_stock=2)
    parcels = islice(Parcels(zone, 7, faults=0.2, late=0.2, scarce=0.2, dear=0.05, buyers=15), 80)
    write_case(folder, zone, parcels, per_message=4)
    return folder


HISTORIES = {
    **{f"random {seed}": random_history(seed) for seed in (3, 12, 31)},
    "traffic": made_history,
    "exports": exported.tell,
}
AFTERWARDS = frozenset(("cancel", "return"))
EMPTY_TRIAL = 'title = { zh = "不变", en = "Nothing changed" }\n'


# --- The law of their day ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_the_same_law_gives_the_same_bytes(history: Callable[[Path], Path], database: str, tmp_path: Path) -> None:
    """Whatever of the past is in memory and whatever left it; and a trial that changes nothing changes nothing."""
    connect = connector(database)
    lived(history(tmp_path / "case"), connect, per_segment=(1,) if history is exported.tell else PER_SEGMENT)
    for capacity in (60_000, TINY):
        replayed = replay(connect, capacity=capacity)
        assert list(replayed.compared.differences) == []
        assert replayed.compared.difference_count == 0
        assert replayed.to_the_present
        assert not replayed.other_law
        assert (replayed.batches, replayed.messages, replayed.declarations) == recorded_counts(connect)
    unchanged = tried(connect, tmp_path, "", capacity=TINY).compared
    assert (unchanged.changes, unchanged.changed, unchanged.message_changes) == ([], [], [])
    assert unchanged.tax_recorded_cents == unchanged.tax_replayed_cents > 0


def recorded_counts(connect: Connect) -> tuple[int, int, int]:
    with connect() as connection:
        row = connection.execute(
            "select count(*), sum(messages), (select count(*) from clearance_declaration) from clearance_batch"
        ).fetchone()
    assert row is not None
    assert row[0] > 10
    return row[0], row[1], row[2]


def test_officers_have_decided_in_these_histories(database: str, tmp_path: Path) -> None:
    """So that what the tests above replay is not only messages."""
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect)
    with connect() as connection:
        rows = connection.execute("select distinct state from clearance_instruction where outcome = 'done'").fetchall()
    assert {state for (state,) in rows} == {"800", "501", "100"}


@pytest.mark.parametrize("capacity", [60_000, TINY], ids=["in memory", "left memory"])
def test_a_span_in_the_middle(capacity: int, database: str, tmp_path: Path) -> None:
    """Days before are replayed in silence, days after are left alone, and the clock is that of each batch."""
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect, a_batch=timedelta(hours=20))
    with connect() as connection:
        days = [china_day(at) for (at,) in connection.execute("select at from clearance_batch order by no").fetchall()]
    assert len(set(days)) > 5
    first, last = days[2], days[-3]
    replayed = replay(connect, first=first, last=last, capacity=capacity)
    assert list(replayed.compared.differences) == []
    assert replayed.batches == sum(first <= day <= last for day in days) < len(days)
    assert not replayed.to_the_present
    with pytest.raises(NothingToReplayError) as nothing:
        replay(connect, first=days[-1] + timedelta(days=1))
    assert nothing.value.days == (days[0], days[-1])


@pytest.mark.parametrize(("valid_from", "other"), [("2030-01-01", False), ("", True)], ids=["later", "from ever on"])
def test_a_tariff_that_grew_since(valid_from: str, other: bool, database: str, tmp_path: Path) -> None:
    """Law is asked for the day of each batch. What came into force afterwards is another day's; what is entered for
    days gone by is told, and here nobody traded in it."""
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect)
    row = dict.fromkeys(("consumption_rate", "duty_rate"), "0") | {"vat_rate": "0.13", "unit1": "035", "unit2": ""}
    row |= {"gcode": "0101210010", "name": "马", "listed_modes": "1210", "valid_from": valid_from, "valid_to": ""}
    assert tariff.load_tariff([row], "new.csv").added == 1
    replayed = replay(connect)
    assert replayed.other_law == (replayed.batches if other else 0)
    assert replayed.compared.difference_count == 0


def test_nothing_decided_yet(database: str) -> None:
    with pytest.raises(NothingToReplayError) as nothing:
        replay(connector(database))
    assert nothing.value.days is None


# --- Nothing is written --------------------------------------------------------------------------------------------


def test_nothing_is_written(database: str, tmp_path: Path) -> None:
    """It works on a database that refuses to be written, and leaves every table as it was."""
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect)
    before = contents(connect)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"alter database {connection.info.dbname} set default_transaction_read_only = on")
    django_connection.close()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connect() as connection:
        connection.execute("update clearance_enginecursor set at = null")
    assert replay(connect).compared.difference_count == 0
    assert replay(connect, trial=tariff.read_trial(TRIALS / "single-limit-2000.toml")).compared.changes
    assert contents(connect) == before


def contents(connect: Connect) -> dict[str, tuple[int, ...]]:
    """Rows and a digest of every table of ours, and where every sequence stands."""
    with connect() as connection:
        names = connection.execute(
            "select c.relname, c.relkind = 'S' from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'public' and c.relkind in ('r', 'S') order by 1"
        ).fetchall()
        found = {}
        for name, is_sequence in names:
            what = "last_value" if is_sequence else "count(*), sum(hashtext(t::text)::bigint)"
            row = connection.execute(f'select {what} from "{name}" t').fetchone()
            assert row is not None
            found[name] = row
    assert len(found) > 20
    return found


# --- What a replay must find ----------------------------------------------------------------------------------------


def wrong_tax(monkeypatch: pytest.MonkeyPatch) -> None:
    right = assess.assess_lines

    def a_cent_more(*given: object, **named: object) -> list[object]:
        lines = right(*given, **named)  # type: ignore[arg-type]
        lines[0].value_added_tax_cents += 1
        return lines

    monkeypatch.setattr(settle.assess, "assess_lines", a_cent_more)


def wrong_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "RELEASED_INFO", "放行。")


def wrong_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "invt_no", lambda self, entry, head: f"{head}{entry.id:09d}")


def wrong_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "_granted", lambda complete: tuple(-part for part in complete[1]))


def wrong_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    right = assess.limits
    monkeypatch.setattr(
        settle.assess, "limits", lambda declared, total, used, law: right(declared, total, used + 1_000_000, law)
    )


SABOTAGE = {
    wrong_tax: {"receipt", "declaration", "balance"},
    wrong_words: {"receipt"},
    wrong_numbers: {"receipt", "declaration"},
    wrong_order: {"event", "receipt"},
    wrong_limit: {"event", "receipt", "balance"},
}
"""What is done to the engine, and some of where that shows."""


@pytest.mark.parametrize("sabotage", SABOTAGE, ids=lambda function: function.__name__)
def test_another_engine_is_found_out(
    sabotage: Callable[[pytest.MonkeyPatch], None], database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect)
    sabotage(monkeypatch)
    compared = replay(connect, examples=10_000).compared
    assert compared.difference_count == len(compared.differences)
    shown = {difference.what for difference in compared.differences}
    assert shown >= SABOTAGE[sabotage]
    assert all(difference.recorded != difference.replayed for difference in compared.differences)


CHANGED_SINCE = {
    "update clearance_declaration set duty_cents = duty_cents + 1 where state = '800'": "declaration",
    "update clearance_declaration set current = false where state = '800'": "declaration",
    "delete from clearance_declaration where state = '800'": "declaration",
    "update ledger_account set used = used + 1 where kind = 'allowance' and used > 0": "balance",
    "update exchange_answer set reasons = 'match.amount' where outcome = 'accepted'": "answer",
    "delete from exchange_answer where message_id % 5 = 0": "answer",
    "update exchange_receipt set recipient = 'nobody'": "receipt",
    "delete from exchange_receipt where kind = 'CEB816Message'": "receipt",
    "update clearance_instruction set outcome = 'gone' where outcome = 'done'": "instruction",
}
"""What somebody, or a migration, did to what was recorded, and where that shows."""


@pytest.mark.parametrize("statement", CHANGED_SINCE)
def test_what_was_changed_since_is_found_out(statement: str, database: str, tmp_path: Path) -> None:
    connect = connector(database)
    lived(made_history(tmp_path / "case"), connect)
    with connect() as connection:
        assert connection.execute(statement).rowcount
    compared = replay(connect).compared
    assert CHANGED_SINCE[statement] in {difference.what for difference in compared.differences}


# --- A changed law --------------------------------------------------------------------------------------------------


HAND_MADE = {
    "a lower limit for one purchase": (
        "06-limits-at-the-boundary",
        "[retail_import]\nsingle_limit = 2000",
        {"01": ("800", "", 455_00, "-621005", "limit.single", 0)},
    ),
    "a lower limit for the year": (
        "06-limits-at-the-boundary",
        "[retail_import]\nannual_limit = 20000",
        {
            "03": ("800", "", 91_00, "-621018", "limit.annual", 0),
            "06": ("800", "", 27_30, "-621018", "limit.annual", 0),
            "08": ("800", "", 18_20, "-621018", "limit.annual", 0),
        },
    ),
    "a higher limit: the reduced taxes, and what was refused": (
        "07-single-item-over-limit",
        "[retail_import]\nsingle_limit = 6500",
        {
            "01": ("800", "", 3_153_00, "800", "", 1_732_50),
            "02": ("800", "", 650_00, "800", "", 455_00),
            "03": ("-621005", "limit.single", 0, "800", "", 1_732_50),
            "04": ("-621005", "limit.single", 0, "800", "", 1_588_13),
        },
    ),
    "taxes in full": (
        "11-cancel-and-return",
        "[retail_import]\nvat_ct_factor = 1",
        {
            "04": ("part_returned", "", 57_51, "part_returned", "", 82_16),
            "05": ("800", "", 46_12, "800", "", 65_88),
        },
    ),
    "what is refused cannot be cancelled or returned": (
        "11-cancel-and-return",
        "[retail_import]\nsingle_limit = 245",
        {
            "01": ("cancelled", "", 0, "-621005", "limit.single", 0),
            "02": ("returned", "", 0, "-621005", "limit.single", 0),
            "04": ("part_returned", "", 57_51, "-621005", "limit.single", 0),
        },
    ),
    "everything inspected": (
        "10-selection",
        "[policy]\nrandom_inspection_rate = 1",
        {
            "01": ("800", "", 13_65, "500", "", 13_65),
            "03": ("300", "", 13_65, "500", "", 13_65),
            "05": ("300", "", 8_18, "500", "", 8_18),
        },
    ),
}
"""Example case, what is changed, and by the end of the order number: state, reasons and tax in cents, then and now."""


@pytest.mark.parametrize(("name", "law", "expected"), HAND_MADE.values(), ids=HAND_MADE)
def test_a_changed_law(
    name: str, law: str, expected: dict[str, tuple[object, ...]], database: str, tmp_path: Path
) -> None:
    connect = connector(database)
    lived(CASES / name, connect, officers=False)
    compared = tried(connect, tmp_path, law).compared
    assert {one.order_no[-2:]: (*one.recorded, *one.replayed) for one in compared.changed} == expected
    assert sum(change.declarations for change in compared.changes) == len(expected)
    then, now = sum(change[2] for change in expected.values()), sum(change[5] for change in expected.values())
    assert compared.tax_replayed_cents - compared.tax_recorded_cents == now - then
    assert (compared.difference_count, list(compared.differences)) == (0, [])


def tried(connect: Connect, folder: Path, law: str, **named: Any) -> Replayed:
    """A replay under a trial law of these lines."""
    file = folder / "trial.toml"
    file.write_text(EMPTY_TRIAL + law + "\n", encoding="utf-8")
    return replay(connect, trial=tariff.read_trial(file), examples=100_000, **named)


def test_messages_whose_outcome_changed(database: str, tmp_path: Path) -> None:
    connect = connector(database)
    lived(CASES / "11-cancel-and-return", connect, officers=False)
    changes = tried(connect, tmp_path, "[retail_import]\nsingle_limit = 245").compared.message_changes
    assert Counter({change[:4]: change.messages for change in changes}) == {
        ("accepted", "", "rejected", "declaration.unknown"): 3,
        ("rejected", "declaration.state", "rejected", "declaration.unknown"): 2,
        ("rejected", "return.quantity", "rejected", "declaration.unknown"): 1,
    }


def test_only_what_the_law_changes_changes(database: str, tmp_path: Path) -> None:
    """Random inspection, officers' decisions and aftercare stay with the declarations that they were about."""
    connect = connector(database)
    zone = Zone(policy=(("random_inspection_rate", 0.3),))
    write_case(tmp_path / "case", zone, islice(Parcels(zone, 3, faults=0.1, late=0.2), 150), per_message=4)
    lived(tmp_path / "case", connect)
    replayed = tried(connect, tmp_path, "[retail_import]\nsingle_limit = 300", capacity=TINY)
    changed = replayed.compared.changed
    assert {one.recorded.state for one in changed} >= {"100", "500", "501", "800"}
    assert {one.replayed.state for one in changed if one.replayed.reasons == "limit.single"} == {"-621005"}
    # A single item may cost more, at full rates; nothing else changed about it.
    dear = [one for one in changed if one.replayed.reasons != "limit.single"]
    assert all(one.replayed[:2] == one.recorded[:2] for one in dear)
    assert all(one.replayed.tax_cents > one.recorded.tax_cents for one in dear)
    assert dear


def test_the_law_changes_only_within_the_span(database: str, tmp_path: Path) -> None:
    connect = connector(database)
    days = timedelta(hours=40)
    lived(CASES / "02-happy-direct-9610", connect, a_batch=days, officers=False, per_segment=(1,))
    with connect() as connection:
        row = connection.execute("select decided_at from clearance_declaration where order_no like '%0002'").fetchone()
    assert row is not None
    second = china_day(row[0])
    law = "[retail_import]\nvat_ct_factor = 1"
    for span, changed in (({}, "1 2 3"), ({"first": second}, "2 3"), ({"first": second, "last": second}, "2")):
        compared = tried(connect, tmp_path, law, **span).compared
        assert [one.order_no[-1:] for one in compared.changed] == changed.split()
        assert compared.decided == len(changed.split())


@pytest.mark.parametrize("seed", [6, 21])
def test_a_changed_law_is_what_the_oracle_would_have_decided(
    seed: int, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing goes by the number of a declaration the second account of the contract can say all of it."""
    case = write_random_case(tmp_path / "case", seed, 60, kinds=KINDS - AFTERWARDS)
    connect = connector(database)
    lived(case, connect, officers=False)
    then = outcomes(oracle(case))
    monkeypatch.setattr(casefolder, "limits_in_force", lambda day: (Decimal(1200), Decimal(9000)))
    now = outcomes(oracle(case))
    compared = tried(connect, tmp_path, "[retail_import]\nsingle_limit = 1200\nannual_limit = 9000").compared
    expected = {key: (then[key], now[key]) for key in then if then[key] != now[key]}
    assert len(expected) > 5
    assert {(one.ebp_code, one.order_no): (one.recorded, one.replayed) for one in compared.changed} == expected


def outcomes(outcome: OracleOutcome) -> dict[tuple[str, str], tuple[str, str, int]]:
    """State, reasons and tax in cents of each declaration that was decided."""
    found = {}
    for row in outcome.declarations:
        waits = row["status"] in ("1", "2")
        amounts = [row[name] for name in ("customs_tax", "value_added_tax", "consumption_tax") if row[name]]
        tax_cents = int(sum(map(Decimal, amounts)) * 100)
        found[row["ebp_code"], row["order_no"]] = ("", "", 0) if waits else (row["status"], row["reasons"], tax_cents)
    return found
