"""Everything is killed, over and over, while messages come in: nothing acknowledged is lost, nothing is doubled.

`SILKGATE_CRASH_KILLS=500 SILKGATE_CRASH_SEED=7` makes it longer and other.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from lxml import etree

from clearance.crashing import Service
from clearance.rig import Connect, Inbox, Record, connector, record, take_in
from clearance.test_determinism import answers
from oracles.clearing import run_case as oracle
from oracles.output import compare
from silkgate.clearance.api import Engine, load_zone
from silkgate.exchange import api as exchange
from silkgate.kernel.clock import CHINA
from silkgate.site.application import migrate
from silkgate.site.database import use_database
from silkgate.site.postgres import EmbeddedPostgres
from silkgate.site.scratch import private_database
from silkgate.site.traffic.player import Mix, day
from silkgate.site.traffic.zone import Zone

KILLS = int(os.environ.get("SILKGATE_CRASH_KILLS", "36"))
SEED = int(os.environ.get("SILKGATE_CRASH_SEED", "1"))
AS_OF = datetime(2026, 6, 18, 10, tzinfo=CHINA)
VICTIMS = ("engine",) * 6 + ("commit",) * 4 + ("web",) * 4 + ("intake",) * 3 + ("backend",) * 3 + ("database",) * 2
LONGEST_PAUSE_SECONDS = 0.6
SENDERS = 3
LEAST_MESSAGES = 400
MIX = Mix(faults=0.1, late=0.1, scarce=0.1, duplicates=0.1, hostile=0.1, cancels=0.4, returns=0.4, signed_for=0.2)


class Aftermath(NamedTuple):
    """What was sent and acknowledged, and the service's state when all was quiet again."""

    service: Service
    case: Path
    """The zone; its inbox holds what was received, in the recorded order."""
    acknowledged: dict[str, bytes]
    """Bytes by the name that the service gave."""
    dropped: dict[str, bytes]
    killed: Counter[str]


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    # As root the database runs as another account, which has to pass through.
    home = Path(tempfile.mkdtemp(prefix="silkgate-crash-", dir="/tmp"))
    home.chmod(0o711)
    old = os.environ.get("DATABASE_URL")
    try:
        with EmbeddedPostgres(home / "postgres", {"shared_buffers": "32MB"}) as server:
            use_database(server.url)
            migrate()
            zone = Zone(seed=SEED, as_of=AS_OF, scarce_stock=3)
            zone.write(home / "case")
            load_zone(home / "case", selection_key=bytes(32))
            with Service(home, server, AS_OF) as service:
                yield disturb(service, zone)
    finally:
        use_database("postgresql:///the_crashed_database_is_gone?host=/nonexistent")
        os.environ.pop("DATABASE_URL")
        if old:
            os.environ["DATABASE_URL"] = old
        shutil.rmtree(home, ignore_errors=True)


def disturb(service: Service, zone: Zone) -> Aftermath:
    """Send a lively day's traffic through both doors until enough has been killed; then wait until all is quiet."""
    work: queue.Queue[tuple[str, bytes] | None] = queue.Queue(maxsize=2 * SENDERS)
    acknowledged: dict[str, bytes] = {}
    dropped: dict[str, bytes] = {}
    killed: Counter[str] = Counter()
    over = threading.Event()
    random = Random(SEED)
    failures: list[BaseException] = []
    (service.home / "drop").mkdir(exist_ok=True)

    def send() -> None:
        try:
            while (item := work.get()) is not None:
                name, raw = item
                if name:
                    service.drop(name, raw)
                    dropped[name] = raw
                else:
                    acknowledged[service.post(raw)] = raw
        except BaseException as error:
            failures.append(error)
            raise

    def kill() -> None:
        try:
            while not failures and sum(killed.values()) < KILLS:
                over.wait(random.uniform(0.0, LONGEST_PAUSE_SECONDS))
                victim = random.choice(VICTIMS)
                killed[victim] += service.kill(victim, random)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            over.set()

    def put(item: tuple[str, bytes] | None) -> None:
        while not failures:
            with suppress(queue.Full):
                work.put(item, timeout=1)
                return

    threads = [threading.Thread(target=send, daemon=True) for _ in range(SENDERS)]
    killer = threading.Thread(target=kill, daemon=True)
    for thread in (*threads, killer):
        thread.start()
    stream = day(zone, AS_OF, rate_per_second=5, seed=SEED, mix=MIX, find_invt_no=lambda *key: invt_no(service, *key))
    number = 0
    for bundle in stream:
        for item in bundle:
            number += 1
            by_folder = random.random() < 0.3
            put((f"{number:06d}" if by_folder else "", item.raw))
        if (over.is_set() and number >= LEAST_MESSAGES) or failures:
            break
    for _ in threads:
        put(None)
    for thread in threads if not failures else []:
        thread.join()
    killer.join()
    if failures:
        raise failures[0]
    service.wait_until_quiet()
    keep_inbox(service, service.home / "case" / "inbox")
    return Aftermath(service, service.home / "case", acknowledged, dropped, killed)


def invt_no(service: Service, ebp_code: str, order_no: str) -> str | None:
    """As the enterprise would know it from its receipts."""
    rows = service.ask(
        "select invt_no from clearance_declaration where ebp_code = %s and order_no = %s and current",
        ebp_code,
        order_no,
    )
    return str(rows[0][0]) if rows and rows[0][0] else None


def keep_inbox(service: Service, folder: Path) -> None:
    """What was received, in the recorded order, as the inbox of a case."""
    folder.mkdir()
    with service.connect() as connection:
        for (number,) in connection.execute("select id from exchange_message order by id").fetchall():
            raw = exchange.received_bytes(connection, number)
            assert raw is not None
            (folder / f"{number:012d}.xml").write_bytes(raw)


def test_enough_was_killed_and_enough_was_sent(aftermath: Aftermath) -> None:
    assert sum(aftermath.killed.values()) == KILLS
    assert set(aftermath.killed) == set(VICTIMS)
    assert len(aftermath.acknowledged) > KILLS
    assert len(aftermath.dropped) > KILLS // 2


def test_every_acknowledged_message_is_there_with_one_answer(aftermath: Aftermath) -> None:
    ask = aftermath.service.ask
    rows = ask(
        "select m.id, m.sha256, a.outcome from exchange_message m left join exchange_answer a on a.message_id = m.id"
    )
    kept = {f"{number}-{bytes(digest).hex()[:16]}": outcome for number, digest, outcome in rows}
    assert {name for name in aftermath.acknowledged if name not in kept} == set()
    assert {name for name, outcome in kept.items() if not outcome} == set()
    assert len(kept) == len(rows)
    received = Counter(bytes(digest) for _, digest, _ in rows)
    sent = [*aftermath.acknowledged.values(), *aftermath.dropped.values()]
    assert {raw for raw in sent if not received[sha256(raw).digest()]} == set()
    assert set(received) == {sha256(raw).digest() for raw in sent}


def test_every_dropped_file_is_moved_once(aftermath: Aftermath) -> None:
    drop = aftermath.service.home / "drop"
    taken = {path.stem: path.read_bytes() for path in (drop / "taken").rglob("*.xml")}
    assert taken == aftermath.dropped
    assert list(drop.glob("*.xml")) == []


def test_receipts_for_the_folder_are_written_once(aftermath: Aftermath) -> None:
    written = sorted((aftermath.service.home / "drop" / "receipts").rglob("*.xml"))
    with aftermath.service.connect() as connection:
        rows = connection.execute("select id from exchange_message where channel = 'folder'").fetchall()
        came = {number for (number,) in rows}
        expected = {
            receipt.id: receipt.body for receipt in exchange.all_receipts(connection, 0) if receipt.message_id in came
        }
    assert {int(path.name.split("-")[0]): path.read_bytes() for path in written} == expected
    assert len(written) == len(expected) > 0


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


def test_everything_is_as_if_nothing_had_happened(aftermath: Aftermath, database_server: str) -> None:
    """Declarations, balances, answers, receipts, journal: as the undisturbed engine and as the oracle have them."""
    service = aftermath.service
    files = sorted((aftermath.case / "inbox").iterdir())
    found = record(service.connect, Inbox(AS_OF, files, [int(file.stem) for file in files]))
    calm, calm_events = undisturbed(aftermath.case, database_server)
    assert found.outcome == calm.outcome
    assert answers(found) == answers(calm)
    assert events(service.connect) == calm_events
    assert compare(oracle(aftermath.case), found.outcome) == []
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
