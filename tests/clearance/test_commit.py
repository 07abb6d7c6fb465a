"""Batches are written beside the engine, by a thread or a process: what happens when one of them is stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from clearance.rig import Inbox, Record, connector, record, take_in
from oracles.random_case import write_random_case
from silkgate.clearance.engine.commit import CommitError, CommitProcess
from silkgate.clearance.engine.run import Engine
from silkgate.site.scratch import private_database

PARCELS = 25


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_case(tmp_path_factory.mktemp("commit") / "case", 4, PARCELS)


@pytest.fixture(scope="module")
def undisturbed(case: Path, database_server: str) -> Record:
    with private_database(database_server) as url:
        inbox = take_in(case, connector(url), (5,))
        with Engine(connector(url), lambda: inbox.as_of) as engine:
            engine.drain()
        return record(connector(url), inbox)


def finished(url: str, inbox: Inbox) -> Record:
    """What is there when another engine has done what was left."""
    with Engine(connector(url), lambda: inbox.as_of) as engine:
        engine.drain()
    return record(connector(url), inbox)


def test_the_engine_is_told_when_the_process_that_commits_is_killed(
    case: Path, undisturbed: Record, database: str
) -> None:
    inbox = take_in(case, connector(database), (5,))
    with Engine(connector(database), lambda: inbox.as_of, commit_process=True) as engine:
        assert engine.step()
        assert isinstance(engine._committer, CommitProcess)
        os.kill(engine._committer._process.pid, signal.SIGKILL)
        with pytest.raises(CommitError, match=r"has ended \(-9\)"):
            engine.drain()
    assert finished(database, inbox).outcome == undisturbed.outcome


def test_the_engine_is_told_what_the_database_says(case: Path, undisturbed: Record, database: str) -> None:
    inbox = take_in(case, connector(database), (5,))
    with Engine(connector(database), lambda: inbox.as_of, commit_process=True) as engine:
        with connector(database)() as other:
            other.execute("update clearance_enginecursor set batch_no = 7")
        with pytest.raises(CommitError, match="AnotherEngineError: batch 1, lease 1: another engine has taken over"):
            engine.drain()
    with connector(database)() as other:
        other.execute("update clearance_enginecursor set batch_no = 0")
    assert finished(database, inbox).outcome == undisturbed.outcome


def test_the_process_leaves_with_its_engine(case: Path, database: str) -> None:
    inbox = take_in(case, connector(database), (5,))
    with Engine(connector(database), lambda: inbox.as_of, commit_process=True) as engine:
        assert isinstance(engine._committer, CommitProcess)
        process = engine._committer._process
        engine.drain()
        assert process.poll() is None
    assert process.poll() == 0
