"""The verifiable log over what the engine left: every receipt provable, nothing changed unseen, nothing forked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from random import Random

import psycopg
import pytest

from exchange.logbook import AT, NAME, SEED, decide, open_database, sealing, signer
from silkgate.exchange import api as exchange
from silkgate.exchange.auditing import audit
from silkgate.exchange.sealing import SEALER_LOCK, LogRolledBackError, SealerBusyError
from silkgate.journal import api as journal
from silkgate.site.scratch import private_database
from silkgate.standards.tlog.merkle import verify_consistency
from silkgate.standards.tlog.note import read_key
from silkgate.standards.tlog.proof import read_checkpoint
from silkgate.standards.tlog.verify import verify_receipt

CASE = "14-senders-and-redeclaration"
KEY = str(signer().key)
IN_THE_WAY = "alter table {0} disable trigger all; {1}; alter table {0} enable trigger all"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def sealed(database: str, published: Path) -> Iterator[psycopg.Connection]:
    """A case that was decided and sealed, with an event of a person."""
    decide(database, CASE)
    with open_database(database) as connection:
        person(connection, "one")
        with sealing(database, published) as sealer:
            assert sealer.drain() > 0
        yield connection


TABLES = (
    "journal_event", "exchange_receipt", "exchange_receiptsegment", "exchange_message",
    "journal_logtile", "journal_logrange", "journal_logcheckpoint", "journal_logkey", "journal_logstate",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(database_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    """The same for all tests that leave it as it was; what its tables hold is kept beside them."""
    with private_database(database_server) as url, open_database(url) as connection:
        decide(url, CASE)
        person(connection, "one")
        with sealing(url, tmp_path_factory.mktemp("log") / "published") as sealer:
            assert sealer.drain() > 0
        for table in TABLES:
            connection.execute(f"create table kept_{table} as table {table}")
        yield connection


@pytest.fixture
def changeable(shared: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A sealed case that may be changed; afterwards everything is put back."""
    yield shared
    with shared.transaction():
        for table in TABLES:
            words = f"delete from {table}; insert into {table} select * from kept_{table}"
            shared.execute(IN_THE_WAY.format(table, words))


def person(connection: psycopg.Connection, name: str) -> None:
    """An event that no batch caused."""
    with connection.cursor() as cursor:
        journal.record(cursor, at=AT, actor=name, kind="zone.loaded", subject=("zone", 1), detail={"name": name})


def size(connection: psycopg.Connection) -> int:
    state = journal.log_state(connection.cursor())
    return state.size if state else 0


# --- Proofs -----------------------------------------------------------------------------------------------------------


def test_every_receipt_has_a_proof_that_anybody_can_check(shared: psycopg.Connection) -> None:
    checkpoint = journal.log_checkpoint(shared.cursor())
    assert checkpoint is not None
    receipts = exchange.all_receipts(shared, 0)
    assert len(receipts) > 10
    places = set()
    for receipt in receipts:
        proof = exchange.receipt_proof(shared, receipt.id)
        assert proof is not None
        verdict = verify_receipt(receipt.body, proof.text().encode(), checkpoint.encode(), [KEY])
        assert verdict.holds, verdict.text
        assert verdict.said is not None
        assert (verdict.said["receipt"], verdict.said["kind"]) == (receipt.id, receipt.kind)
        (digest,) = shared.execute(
            "select encode(sha256, 'hex') from exchange_message where id = %s", (receipt.message_id,)
        ).fetchone()
        assert (verdict.said["message"], verdict.said["message_sha256"]) == (receipt.message_id, digest)
        places.add(proof.leaf_index)
        assert not verify_receipt(receipt.body + b" ", proof.text().encode(), checkpoint.encode(), [KEY]).holds
    assert len(places) == len(receipts)


def test_all_is_covered_once(shared: psycopg.Connection) -> None:
    """As many leaves as receipts, batches, and events of people; the digests count every other event."""
    (receipts, batches, people), *_ = shared.execute(
        "select (select count(*) from exchange_receipt), (select count(*) from clearance_batch),"
        " (select count(*) from journal_event where batch_no is null)"
    ).fetchall()
    assert people >= 2
    assert size(shared) == receipts + batches + people
    result = audit(shared)
    assert result == (size(shared), batches, people, 1, 0, None)


def test_what_is_not_sealed_has_no_proof_yet(database: str) -> None:
    decide(database, CASE)
    with open_database(database) as connection:
        assert exchange.receipt_proof(connection, 1) is None
        assert journal.log_checkpoint(connection.cursor()) is None
        assert journal.log_consistency(connection.cursor(), 0) is None
        result = audit(connection)
        assert (result.leaves, result.difference) == (0, None)
        assert result.waiting_batches > 0


def test_the_log_only_grows(database: str, published: Path) -> None:
    """Sealed after every batch: each checkpoint begins the next, an early proof links to the last."""
    with sealing(database, published) as sealer, open_database(database) as connection:
        cursor = connection.cursor()
        decide(database, CASE, step=sealer.seal)
        checkpoints = journal.log_checkpoints(cursor, 0, limit=1000)
        assert len(checkpoints) > 5
        for (old, old_root, _), (new, new_root, note) in pairwise(checkpoints):
            path = journal.log_tree(cursor, new).consistency(old)
            verify_consistency(old, new, path, old_root, new_root)
            checkpoint, opened = read_checkpoint(note.encode(), [read_key(KEY)])
            assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (NAME, new, new_root)
            assert opened.verified
        first, last = checkpoints[2][0], checkpoints[-1][0]
        receipt = exchange.all_receipts(connection, 0)[0]
        proof = exchange.receipt_proof(connection, receipt.id, first)
        link = journal.log_consistency(cursor, first)
        newest = journal.log_checkpoint(cursor)
        assert proof is not None
        assert link is not None
        assert newest is not None
        assert f"\n{last}\n" in newest
        shown = proof.text().encode()
        assert not verify_receipt(receipt.body, shown, newest.encode(), [KEY]).holds
        assert verify_receipt(receipt.body, shown, newest.encode(), [KEY], link.text().encode()).holds
        assert exchange.receipt_proof(connection, receipt.id, last + 1) is None
        assert audit(connection).difference is None


def test_sealing_again_changes_nothing(sealed: psycopg.Connection, database: str, published: Path) -> None:
    before = journal.log_checkpoint(sealed.cursor())
    with sealing(database, published) as sealer:
        assert sealer.drain() == 0
    assert journal.log_checkpoint(sealed.cursor()) == before


def test_the_leaves_are_the_same_however_they_are_sealed(
    database: str, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one go or batch by batch; only events of people stand elsewhere, because they come in when they are seen."""
    decide(database, CASE)
    with sealing(database, published) as sealer:
        sealer.drain()
    with open_database(database) as connection:
        cursor = connection.cursor()
        state = journal.log_state(cursor)
        assert state is not None
        whole = _leaves(connection)
        _forget(connection)
        connection.execute("update journal_logstate set salt_key = %s", (state.salt_key,))
        published.unlink()
        with sealing(database, published) as sealer:
            monkeypatch.setattr("silkgate.exchange.sealing.BATCHES_AT_ONCE", 1)
            sealer.drain()
        rows = journal.log_checkpoints(cursor, 0, limit=1000)
        assert len(rows) > 5
        assert rows[-1][0] == state.size
        assert _leaves(connection) == whole
        assert audit(connection).difference is None


def _leaves(connection: psycopg.Connection) -> dict[tuple[str, int], bytes]:
    """The entries of each batch and event."""
    cursor = connection.cursor()
    return {
        (one.kind, one.number): journal.log_entries(cursor, one.first_index, one.first_index + one.leaves)
        for one in journal.log_ranges(cursor, 0, limit=10_000)
    }


def _forget(connection: psycopg.Connection) -> None:
    for table in ("logtile", "logrange", "logcheckpoint", "logkey"):
        connection.execute(IN_THE_WAY.format(f"journal_{table}", f"delete from journal_{table}"))
    connection.execute("update journal_logstate set size = 0, batch_no = 0, event_id = 0, item_id = 0")


# --- Tampering --------------------------------------------------------------------------------------------------------

_AN_EVENT = "(select min(id) from journal_event where batch_no > 3)"
_COPIED = "batch_no, actor, kind, subject_kind, subject_id, law_version, detail, at"
_TURNED = "set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)"
_ZEROES = "decode(repeat('00', 32), 'hex')"

TAMPERED = {
    "an event's actor": (
        "journal_event", f"set actor = 'nobody' where id = {_AN_EVENT}", "the journal events of batch"),
    "an event gone": ("journal_event", f"delete where id = {_AN_EVENT}", "the journal events of batch"),
    "an event more": (
        "journal_event", f"insert ({_COPIED}) select {_COPIED} from journal_event where id = {_AN_EVENT}",
        "not in order"),
    "a person's event": ("journal_event", "set detail = '{}' where actor = 'one'", "does not fit event"),
    "a person's event gone": ("journal_event", "delete where actor = 'one'", "is gone"),
    "a receipt's recipient": ("exchange_receipt", "set recipient = 'X' where id = 5", "receipt 5 of batch"),
    "a receipt's place": ("exchange_receipt", 'set "offset" = "offset" + 1 where id = 5', "receipt 5 of batch"),
    "a receipt gone": ("exchange_receipt", "delete where id = 5", "not in order"),
    "receipts of a batch gone": ("exchange_receiptsegment", "delete where id = 2", "are gone"),
    "a message's digest": (
        "exchange_message", "set sha256 = '\\x00' where id = (select message_id from exchange_receipt where id = 5)",
        "fit receipt"),
    "an entry": ("journal_logtile", f"{_TURNED} where level = -1", "Entry 1 of the log"),
    "a hash": ("journal_logtile", f"{_TURNED} where level = 0", "Tile 0/0"),
    "a tile gone": ("journal_logtile", "delete where level = 0", "levels"),
    "a tile too many": ("journal_logtile", "insert select 0, 7, hashes from journal_logtile limit 1", "Tile 0/1"),
    "a tile too long": ("journal_logtile", f"set hashes = hashes || {_ZEROES} where level = 0", "Tile 0/0"),
    "a checkpoint's root": ("journal_logcheckpoint", f"set root = {_ZEROES}", "does not hold"),
    "a checkpoint's note": ("journal_logcheckpoint", "set note = replace(note, 'gate', 'fake')", "does not hold"),
    "a checkpoint gone": ("journal_logcheckpoint", "delete", "last checkpoint has 0"),
    "a range gone": ("journal_logrange", "delete where kind = 'batch' and number = 2", "Batch 2 is not in the log"),
    "the salts": ("journal_logstate", f"set salt_key = {_ZEROES}", "Entry 0"),
    "the state": ("journal_logstate", "set item_id = item_id + 1", "end in other receipts"),
}  # fmt: skip
_VERBS = {"set": "update {} set", "delete": "delete from {}", "insert": "insert into {}"}


@pytest.mark.parametrize(("table", "words", "told"), TAMPERED.values(), ids=TAMPERED)
def test_what_was_changed_behind_the_log_is_found(
    changeable: psycopg.Connection, table: str, words: str, told: str
) -> None:
    assert audit(changeable).difference is None
    verb, _, rest = words.partition(" ")
    changeable.execute(IN_THE_WAY.format(table, f"{_VERBS[verb].format(table)} {rest}"))
    difference = audit(changeable).difference
    assert difference is not None
    assert told in difference.en
    assert difference.zh


def test_a_receipt_whose_bytes_were_changed_is_found(changeable: psycopg.Connection) -> None:
    from silkgate.exchange.outbox import _compress, receipt_bodies

    body = receipt_bodies(changeable, [2])[2]
    forged = _compress.compress(body.replace(b"<returnInfo>", b"<returninfo>", 1))
    changeable.execute("update exchange_receiptsegment set body = %s where id = 2", (forged,))
    difference = audit(changeable).difference
    assert difference is not None
    assert "receipt" in difference.en
    assert "batch 2" in difference.en


@pytest.mark.parametrize(
    "words",
    [
        "update journal_logtile set hashes = decode(repeat('00', 32), 'hex')",
        "update journal_logtile set number = number + 1",
        "delete from journal_logtile",
        "truncate journal_logtile",
        "update journal_logcheckpoint set note = ''",
        "delete from journal_logrange",
        "truncate journal_logkey",
    ],
)
def test_no_statement_changes_what_was_sealed(shared: psycopg.Connection, words: str) -> None:
    with pytest.raises(psycopg.errors.IntegrityError, match="only ever added"):
        shared.execute(words)


def test_rows_that_the_engine_did_not_write_stop_the_sealer(
    sealed: psycopg.Connection, database: str, published: Path
) -> None:
    sealed.execute(
        "insert into journal_event (at, batch_no, actor, kind, subject_kind, subject_id, law_version, detail)"
        " values (now(), 2, 'x', 'x', 'x', 1, '', ''), (now(), 1000, 'x', 'x', 'x', 1, '', '')"
    )
    with sealing(database, published) as sealer, pytest.raises(journal.LogError, match="names batch 2"):
        sealer.drain()


# --- Checkpoints kept elsewhere ---------------------------------------------------------------------------------------


def test_a_checkpoint_kept_elsewhere_shows_a_log_that_was_written_anew(
    sealed: psycopg.Connection, database: str, published: Path
) -> None:
    """Whoever rewrites rows, tree and signatures alike passes the audit, but not the copy that somebody kept."""
    kept = journal.log_checkpoint(sealed.cursor())
    assert kept is not None
    assert audit(sealed, outside=kept.encode()).difference is None
    sealed.execute(IN_THE_WAY.format("journal_event", "update journal_event set actor = 'nobody' where batch_no = 3"))
    _forget(sealed)
    published.unlink()
    with sealing(database, published) as sealer:
        sealer.drain()
    assert audit(sealed).difference is None
    difference = audit(sealed, outside=kept.encode()).difference
    assert difference is not None
    assert "rewritten" in difference.en


def test_a_log_that_was_rolled_back_is_not_signed_again(
    sealed: psycopg.Connection, database: str, published: Path
) -> None:
    _forget(sealed)
    with pytest.raises(LogRolledBackError, match=r"docs/log\.md"), sealing(database, published):
        pass
    assert size(sealed) == 0
    # Under another name it is another log, which has published nothing yet.
    with sealing(database, published, signer("silkgate/second")) as sealer:
        assert sealer.drain() > 0
    assert journal.log_keys(sealed.cursor()) == (str(signer("silkgate/second").key),)


def test_there_is_one_sealer(sealed: psycopg.Connection, database: str, published: Path) -> None:
    with sealing(database, published):  # noqa: SIM117 - the second is refused while the first is at work
        with pytest.raises(SealerBusyError), sealing(database, published):
            pass
    with sealing(database, published):
        pass


# --- Killed -----------------------------------------------------------------------------------------------------------

_CHILDREN = """
import os, sys, datetime, pathlib, psycopg
from silkgate.site.application import set_up
set_up()
from silkgate.exchange import sealing
from silkgate.standards.tlog.note import Signer
sealing.BATCHES_AT_ONCE = 1
url, published, name, seed = sys.argv[1:]
signer = Signer(name, bytes.fromhex(seed))
at = datetime.datetime(2026, 6, 18, 12, tzinfo=datetime.timezone.utc)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        with sealing.Sealer(lambda: psycopg.connect(url), signer, lambda: at, pathlib.Path(published)) as sealer:
            print("ready", os.getpid(), flush=True)
            while sealer.seal():
                print("sealed", flush=True)
        os._exit(0)
    print("ended", os.waitpid(pid, 0)[1], flush=True)
"""
"""Makes sealers by forking, one after the other: they are up in milliseconds, so that many can be killed."""


@contextmanager
def _children(url: str, published: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", _CHILDREN, url, str(published), NAME, SEED.hex()]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as zygote:
        yield zygote


def _run_and_kill(zygote: subprocess.Popen[str], seals: int, seconds: float) -> bool:
    """A sealer that is killed so many seals and seconds later; whether that struck it at work."""
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    zygote.stdin.write("\n")
    ready, pid = zygote.stdout.readline().split()
    assert ready == "ready"
    said = ready
    child = os.pidfd_open(int(pid))  # names this child for ever: the number of a dead one may be a stranger's
    while seals and said != "ended":
        said, seals = zygote.stdout.readline().split()[0], seals - 1
    time.sleep(seconds)
    if said != "ended":
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child, signal.SIGKILL)
    os.close(child)
    status = "0"
    while said != "ended":
        said, _, status = zygote.stdout.readline().strip().partition(" ")
    return status == str(int(signal.SIGKILL))


def test_killed_in_the_middle_it_continues_where_the_database_says(database: str, published: Path) -> None:
    """SIGKILL at any moment, over and over: nothing twice, nothing left out, no two checkpoints that differ."""
    decide(database, CASE, per_batch=1)
    random = Random(7)
    kills = 0
    roots: dict[int, bytes] = {}
    with open_database(database) as connection, _children(database, published) as zygote:
        cursor = connection.cursor()
        for _ in range(60):
            struck = _run_and_kill(zygote, random.randrange(3), random.random() / 50)
            kills += struck
            for length, root, _ in journal.log_checkpoints(cursor, 0, limit=10_000):
                assert roots.setdefault(length, root) == root
            _wait_until_unlocked(connection)
            if not struck:
                break
        assert kills > 3
        with sealing(database, published) as sealer:
            sealer.drain()
        result = audit(connection)
        assert (result.difference, result.waiting_batches) == (None, 0)
        assert result.leaves == size(connection)


def _wait_until_unlocked(connection: psycopg.Connection) -> None:
    """The server notices a moment later that the session of a killed process has ended."""
    for _ in range(1_000):
        found = connection.execute(
            "select count(*) from pg_locks where locktype = 'advisory' and objid = %s", (SEALER_LOCK,)
        ).fetchone()
        if found == (0,):
            return
        time.sleep(0.01)
    raise AssertionError("the lock of a killed sealer stays")
