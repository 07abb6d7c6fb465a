"""A rolling upgrade under traffic: senders are never refused while tables, web and engine change beneath them.

The previous release runs as it was, from the history of the repository. In a copy without history its place is taken by
tables in the state in which that release left them, with this release's intake before them: that shows the same of
tables and restarts, and nothing of the other release's code; the test says so where it leaves the former out.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from silkgate.exchange import api as exchange
from silkgate.kernel.clock import CHINA
from silkgate.ledger import api as ledger
from silkgate.site import application, web
from silkgate.site.database import url_of
from silkgate.site.problem import Problem
from silkgate.site.scratch import drop
from silkgate.site.traffic.messages import messages
from silkgate.site.traffic.parcels import Parcels
from silkgate.site.traffic.zone import Zone

WaitUntil = Callable[[Callable[[], bool]], bool]

ROOT = Path(__file__).parents[2]
PREVIOUS = "d95e617"
"""The last commit of release 0.2.0."""
PREVIOUS_TABLES = {
    "bonded": "0001_initial",
    "clearance": "0003_engine_lease",
    "exchange": "0003_carriers",
    "identity": "0001_initial",
    "journal": "0003_log",
    "ledger": "0004_transfers_of_an_account",
    "portal": "0001_initial",
    "registry": "0001_initial",
    "risk": "0001_initial",
    "tariff": "0001_rates",
}
"""Its last migration in each room that it had."""
SENDERS = 2


class Installation:
    """Processes of two releases on one database, and the socket that all their web processes share."""

    def __init__(self, home: Path, url: str, listening: socket.socket) -> None:
        self.home, self.url, self.listening = home, url, listening
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SILKGATE_", "DATABASE_URL"))
        } | {"SILKGATE_HOME": str(home), "DATABASE_URL": url, "SILKGATE_LANG": "en"}
        self.output = (home / "output.log").open("ab")

    def _words(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "silkgate", *words]

    def do(self, release: Path, *words: str) -> None:
        """A command of a release, to its end."""
        subprocess.run(
            self._words(words), env=self._of(release), cwd=release, stdout=self.output, stderr=self.output, check=True
        )

    def start(self, release: Path, *words: str) -> subprocess.Popen[bytes]:
        """A process of a release."""
        return subprocess.Popen(
            self._words(words),
            env=self._of(release),
            cwd=release,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
            pass_fds=[self.listening.fileno()],
        )

    def web(self, release: Path) -> subprocess.Popen[bytes]:
        """A web process on the shared socket, as `silkgate run` starts them."""
        return self.start(release, "serve", "--descriptor", str(self.listening.fileno()))

    def engine(self, release: Path) -> subprocess.Popen[bytes]:
        """The engine."""
        return self.start(release, "worker", "--role", "engine")

    def _of(self, release: Path) -> Mapping[str, str]:
        return self._environment | {"PYTHONPATH": str(release / "src")}

    def one(self, query: str) -> int:
        """A number from the database."""
        with psycopg.connect(self.url) as asked:
            row = asked.execute(query).fetchone()
            assert row is not None
            return int(row[0])

    def answered(self) -> int:
        """How many messages are answered."""
        return self.one("select count(*) from exchange_answer")


class Sender(threading.Thread):
    """Sends one message after the other, each once, and notes whatever is not its acknowledgement."""

    def __init__(self, address: tuple[str, int], zone: Zone, number: int) -> None:
        super().__init__(daemon=True)
        self._address, self._zone, self._number = address, zone, number
        self.stop = threading.Event()
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.slowest_seconds = 0.0

    def run(self) -> None:
        """Until `stop`."""
        for start in count(1 + self._number * 100_000, 50):
            parcels = list(islice(Parcels(self._zone, self._number, start=start), 50))
            for item in messages(parcels, self._zone, per_message=1, seed=start):
                if self.stop.is_set():
                    return
                self._send(item.raw)

    def _send(self, raw: bytes) -> None:
        began = time.monotonic()
        request = http.client.HTTPConnection(*self._address, timeout=60)
        try:
            request.request("POST", "/api/v1/messages", raw, {"Content-Type": "application/xml"})
            answer = request.getresponse()
            body = answer.read()
            if answer.status == http.HTTPStatus.ACCEPTED:
                self.acknowledged += [taken["id"] for taken in json.loads(body)["messages"]]
            else:
                self.refused.append(f"{answer.status} {body[:300]!r}")
        except (OSError, http.client.HTTPException) as error:
            self.refused.append(repr(error))
        finally:
            request.close()
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The previous release's checkout, from the history of the repository."""
    words = ["git", "-C", str(ROOT), "archive", PREVIOUS, "src", "reference", "pyproject.toml"]
    archived = subprocess.run(words, capture_output=True, check=False)
    if archived.returncode != 0:
        pytest.skip(f"the history of this copy does not reach back to {PREVIOUS}")
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
        archive.extractall(tmp_path / "previous", filter="data")
    return tmp_path / "previous"


@pytest.fixture
def installation(database_server: str, open_folder: Path) -> Iterator[Installation]:
    """Nothing but an empty database and a socket."""
    name = f"silkgate_upgrade_{uuid4().hex[:12]}"
    with psycopg.connect(database_server, autocommit=True) as server, ExitStack() as opened:
        server.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        opened.callback(drop, server, name, force=True)
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        made = Installation(open_folder, url_of(database_server, name), listening)
        opened.callback(made.output.close)
        yield made


@contextmanager
def ended(*processes: subprocess.Popen[bytes]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Whatever processes the list holds at the end are killed."""
    listed = list(processes)
    try:
        yield listed
    finally:
        for process in listed:
            process.kill()
            process.wait()


def test_a_sender_notices_nothing_of_an_upgrade(
    previous: Path, installation: Installation, tmp_path: Path, wait_until: WaitUntil
) -> None:
    """Tables, engine, web one by one, then web and engine once more, and both engine's processes killed."""
    zone = Zone(as_of=datetime.now(CHINA))
    zone.write(tmp_path / "zone")
    installation.do(previous, "migrate")
    installation.do(previous, "load", str(tmp_path / "zone"))

    with ended() as processes:
        webs = [installation.web(previous) for _ in range(2)]
        engine = installation.engine(previous)
        processes += [*webs, engine]
        host, port = installation.listening.getsockname()[:2]
        senders = [Sender((host, port), zone, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()

        def sent_more() -> bool:
            """A good deal more than now: what was changed is in use."""
            marks = [len(sender.acknowledged) + 20 for sender in senders]

            def passed() -> bool:
                pairs = zip(senders, marks, strict=True)
                return all(len(sender.acknowledged) >= mark or sender.refused for sender, mark in pairs)

            return wait_until(passed)

        assert sent_more()
        assert wait_until(lambda: installation.answered() > 0)
        installation.do(ROOT, "migrate")
        assert sent_more()
        terminated(engine)
        assert sent_more()
        engine = installation.engine(ROOT)
        processes.append(engine)
        for old in webs:
            terminated(old)
            processes.append(installation.web(ROOT))
            assert sent_more()
        caught_up = installation.answered()
        assert wait_until(lambda: installation.answered() > caught_up)

        terminated(processes[-1])
        processes.append(installation.web(ROOT))
        os.kill(child_of(engine.pid), signal.SIGKILL)
        assert engine.wait(60) != 0, "an engine whose commits are lost ends, to begin where the database is"
        engine = installation.engine(ROOT)
        processes.append(engine)
        assert sent_more()
        engine.kill()
        processes.append(installation.engine(ROOT))
        assert sent_more()

        for sender in senders:
            sender.stop.set()
        for sender in senders:
            sender.join(60)
        assert [sender.refused for sender in senders] == [[]] * SENDERS, words_of(installation)
        sent = sum(len(sender.acknowledged) for sender in senders)
        assert sent == installation.one("select count(*) from exchange_message")
        assert wait_until(lambda: installation.answered() == sent), words_of(installation)
    with psycopg.connect(installation.url) as asked, asked.cursor() as cursor:
        assert ledger.audit(cursor) == []
        assert cursor.execute("select count(*) from clearance_declaration where state = '800'").fetchone() != (0,)
        names = {name for sender in senders for name in sender.acknowledged}
        kept = cursor.execute("select id, sha256 from exchange_message").fetchall()
        assert names == {f"{number}-{bytes(digest).hex()[:16]}" for number, digest in kept}
        assert exchange.answers_for(asked, [number for number, _ in kept]).keys() == {n for n, _ in kept}


def terminated(process: subprocess.Popen[bytes]) -> None:
    """End a process as a supervisor does."""
    process.terminate()
    process.wait(30)


def child_of(pid: int) -> int:
    """The engine's one child: it commits."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text(encoding="ascii").split():
            return int(child)
    raise AssertionError(f"process {pid} has no child")


def words_of(installation: Installation) -> str:
    """What the processes said last."""
    return (installation.home / "output.log").read_text(encoding="utf-8", errors="replace")[-4000:]


# --- A web server that ends ------------------------------------------------------------------------------------------


def test_who_is_about_to_ask_when_the_server_ends_is_answered(database: str, wait_until: WaitUntil) -> None:
    """Three connections: one that asked and may ask again, one that is about to ask, one that never does."""
    asking = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    server = web.server()
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as opened:
        address = listening.getsockname()[:2]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        idle, late, silent = [
            opened.enter_context(socket.create_connection(address, timeout=30)) for _ in ("idle", "late", "silent")
        ]
        idle.sendall(asking)
        answer = b""
        while not answer.endswith(b'{"status": "ok"}'):  # head and body may come apart
            answer += idle.recv(65536)
        assert wait_until(lambda: len(server.server_state.connections) == 3)
        server.should_exit = True
        assert idle.recv(65536) == b""
        late.sendall(asking)
        answer = b"".join(iter(lambda: late.recv(65536), b""))
        assert b"200 OK" in answer
        assert silent.recv(65536) == b""
        thread.join(30)
        assert not thread.is_alive()


# --- What a migration may do ------------------------------------------------------------------------------------------

OF_INTAKE = re.compile(r'"?exchange_(message|segment)"?\b')
HARMLESS = re.compile(
    # A text that stays one is not written anew.
    r"ALTER TABLE \S+ ALTER COLUMN \S+ TYPE text;|COMMENT ON |ALTER TABLE \S+ ADD COLUMN |ALTER TABLE \S+ SET \(",
    re.IGNORECASE,
)


def steps(loader: MigrationLoader) -> list[str]:
    """Statements of the migrations that the previous release did not have."""
    later = [key for key in loader.graph.nodes if key[0] in PREVIOUS_TABLES and key[1] > PREVIOUS_TABLES[key[0]]]
    return [" ".join(line.split()) for key in later for line in loader.collect_sql([(loader.graph.nodes[key], False)])]


def hinders(statement: str) -> bool:
    """Whether the previous release's intake would fail after it, or wait long while it runs."""
    if not OF_INTAKE.search(statement) or statement.startswith("--"):
        return False
    added = re.match(r"ALTER TABLE \S+ ADD COLUMN (.*)", statement, re.IGNORECASE)
    if added and "NOT NULL" in added[1].upper():
        return "DEFAULT" not in added[1].upper()
    return not HARMLESS.match(statement)


def test_no_step_of_a_migration_hinders_the_intake_of_the_release_before(database: str) -> None:
    """On the tables that intake writes: new columns that need no value, nothing removed, no index built."""
    found = steps(MigrationLoader(connection))
    assert any("exchange" in statement for statement in found)
    assert [statement for statement in found if hinders(statement)] == []


@pytest.mark.parametrize(
    ("statement", "does"),
    [
        ('ALTER TABLE "exchange_message" ADD COLUMN "priority" integer NULL;', False),
        ('ALTER TABLE "exchange_message" ADD COLUMN "priority" integer DEFAULT 0 NOT NULL;', False),
        ('ALTER TABLE "exchange_message" ADD COLUMN "priority" integer NOT NULL;', True),
        ('ALTER TABLE "exchange_message" DROP COLUMN "guid";', True),
        ('CREATE INDEX "i" ON "exchange_message" ("guid");', True),
        ('ALTER TABLE "exchange_segment" ADD CONSTRAINT "c" CHECK (messages > 0);', True),
        ('CREATE INDEX "i" ON "exchange_answer" ("guid");', False),
    ],
)
def test_a_step_that_hinders_is_known(statement: str, does: bool) -> None:
    assert hinders(statement) is does


def forget_the_last_step(writer: psycopg.Connection) -> None:
    """The database as before the ledger's migration 0004."""
    writer.execute("delete from django_migrations where app = 'ledger' and name = '0004_transfers_of_an_account'")
    writer.execute("drop index ledger_transfer_of_account")
    writer.execute("create index ledger_transfer_account on ledger_transfer (account_id)")


def test_a_step_that_waits_for_its_table_lets_writers_pass(
    database: str, monkeypatch: pytest.MonkeyPatch, wait_until: WaitUntil
) -> None:
    """A long reader keeps the table; whoever writes is held up for a moment only; then the step succeeds."""
    monkeypatch.setattr(application, "LOCK_SECONDS", 1)
    with psycopg.connect(database) as reader, psycopg.connect(database, autocommit=True) as writer:
        forget_the_last_step(writer)
        reader.execute("select count(*) from ledger_transfer")  # its transaction stays open
        migrating = threading.Thread(target=application.migrate)
        migrating.start()
        assert wait_until(lambda: waiting_for_a_lock(database))
        began = time.monotonic()
        writer.execute(
            "insert into ledger_transfer (account_id, kind, amount, reference_kind, reference_id, at)"
            " values (1, 'reserve', 1, 'test', 1, '2026-01-01')"
        )
        assert time.monotonic() - began < 30
        assert migrating.is_alive()
        reader.rollback()
        migrating.join(60)
        assert not migrating.is_alive()
        row = writer.execute("select to_regclass('ledger_transfer_of_account') is not null").fetchone()
        assert row == (True,)


def test_a_table_that_stays_taken_is_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "LOCK_SECONDS", 1)
    monkeypatch.setattr(application, "_ATTEMPTS", 2)
    with psycopg.connect(database) as reader, psycopg.connect(database, autocommit=True) as writer:
        forget_the_last_step(writer)
        reader.execute("select count(*) from ledger_transfer")
        with pytest.raises(Problem, match="stayed in use"):
            application.migrate()


def waiting_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as asked:
        row = asked.execute("select count(*) from pg_locks where not granted and locktype = 'relation'").fetchone()
        return row is not None and row[0] > 0
