"""The engine is whoever holds the lease: others wait, whoever stands still loses it and cannot write any more."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from clearance.rig import Record, connector, record, take_in
from oracles.random_case import write_random_case
from silkgate.clearance.api import Engine, EngineBusyError, read_zone_folder
from silkgate.clearance.engine.claim import AnotherEngineError, claim, leave, renew
from silkgate.exchange import api as exchange
from silkgate.site.scratch import private_database

PARCELS = 25
LEASE_SECONDS = 1
PATIENCE_SECONDS = 60
PUT_OUT = re.compile("terminating connection due to|server closed the connection|CommitError|AnotherEngineError")
"""What an engine hears that was overtaken, depending on where in its work it was stopped."""

ENGINE = """
import sys, threading
from datetime import datetime
import psycopg
from silkgate.site.application import set_up
set_up()
from silkgate.clearance.api import Engine
url, at, lease_seconds, commit_process = sys.argv[1:]
at = datetime.fromisoformat(at)
with Engine(
    lambda: psycopg.connect(url), lambda: at, lease_seconds=int(lease_seconds), commit_process=commit_process == "yes"
) as engine:
    engine.run(threading.Event())
"""
"""An engine on another host, as far as the database can tell."""


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_case(tmp_path_factory.mktemp("claim") / "case", 9, PARCELS)


@pytest.fixture(scope="module")
def undisturbed(case: Path, database_server: str) -> Record:
    with private_database(database_server) as url:
        inbox = take_in(case, connector(url), (5,))
        with Engine(connector(url), lambda: inbox.as_of) as engine:
            engine.drain()
        return record(connector(url), inbox)


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def until(condition: Callable[[], object], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.02)


# --- The lease ----------------------------------------------------------------------------------------------------


def test_numbers_only_grow_and_the_place_is_kept(database: str) -> None:
    epochs = []
    for _ in range(3):
        with connected(database) as connection:
            held = claim(connection)
            epochs.append(held.epoch)
            connection.execute("update clearance_enginecursor set batch_no = batch_no + 1")
            leave(connection, held)
    assert epochs == [1, 2, 3]
    assert held.batch_no == 2


def test_a_second_engine_waits_while_the_first_one_is_heard_of(database: str) -> None:
    with connected(database) as first, connected(database) as second:
        held = claim(first, LEASE_SECONDS)
        for _ in range(5):
            with pytest.raises(EngineBusyError):
                claim(second, LEASE_SECONDS)
            renew(first, held, datetime.now().astimezone())
        leave(first, held)
        assert claim(second, LEASE_SECONDS).epoch == held.epoch + 1


def test_an_engine_whose_session_ended_is_followed_at_once(database: str) -> None:
    with connected(database) as second:
        with connected(database) as first:
            held = claim(first, lease_seconds=3600)
        until(lambda: not second.execute("select 1 from pg_locks where locktype = 'advisory'").fetchone())
        assert claim(second).epoch == held.epoch + 1


def test_whoever_is_not_heard_of_is_followed_and_put_out(database: str) -> None:
    with connected(database) as first, connected(database) as second:
        held = claim(first, lease_seconds=0)
        until(lambda: second.execute("select leased_until < clock_timestamp() from clearance_enginecursor").fetchone())
        next_held = claim(second)
        assert next_held.epoch == held.epoch + 1
        with pytest.raises(psycopg.OperationalError):  # its session was ended: nothing that it holds is in the way
            renew(first, held, datetime.now().astimezone())
        with connected(database) as again, pytest.raises(AnotherEngineError):
            renew(again, held, datetime.now().astimezone())
        renew(second, next_held, datetime.now().astimezone())


# --- An engine that stands still ------------------------------------------------------------------------------------


@contextmanager
def elsewhere(url: str, at: datetime, commit_process: str) -> Iterator[subprocess.Popen[bytes]]:
    """An engine in another process group, with its commit process."""
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINE, url, at.isoformat(), str(LEASE_SECONDS), commit_process],
        stderr=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": url},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("commit_process", ["no", "yes"])
def test_an_engine_paused_beyond_its_lease_can_no_longer_write(
    case: Path, undisturbed: Record, database: str, commit_process: str
) -> None:
    """It is stopped in the middle of work, another one takes over and finishes; woken again, it ends with an error."""
    with elsewhere(database, read_zone_folder(case).as_of, commit_process) as paused:
        with connected(database) as watching:
            until(lambda: watching.execute("select 1 from clearance_enginecursor where epoch = 1").fetchone(), paused)
        inbox = take_in(case, connector(database), (5,))
        with connected(database) as watching:
            until(
                lambda: watching.execute("select 1 from clearance_enginecursor where batch_no > 0").fetchone(), paused
            )
        os.killpg(paused.pid, signal.SIGSTOP)
        try:
            with following(database, inbox.as_of) as engine:
                engine.drain()
                outcome = record(connector(database), inbox)
                os.killpg(paused.pid, signal.SIGCONT)
                _, said = paused.communicate(timeout=PATIENCE_SECONDS)
        finally:
            if paused.poll() is None:
                os.killpg(paused.pid, signal.SIGCONT)
        assert paused.returncode == 1, said.decode()
        assert PUT_OUT.search(said.decode())
    assert outcome.outcome == undisturbed.outcome
    assert record(connector(database), inbox) == outcome


@contextmanager
def following(url: str, at: datetime) -> Iterator[Engine]:
    """The engine that takes over, as soon as it may."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        engine = Engine(connector(url), lambda: at)
        try:
            engine.__enter__()
            break
        except EngineBusyError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    with engine._opened:
        yield engine
        engine.settle()


def test_messages_of_an_engine_that_is_gone_are_decided_by_the_next(
    case: Path, undisturbed: Record, database: str
) -> None:
    inbox = take_in(case, connector(database), (5,))
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        engine.step()
    with Engine(connector(database), lambda: inbox.as_of) as engine:
        engine.drain()
    with connected(database) as connection:
        assert exchange.segments_after(connection, engine.state.segment_id, limit=1) == []
    assert record(connector(database), inbox).outcome == undisturbed.outcome
