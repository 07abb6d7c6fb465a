"""Sealing: what the engine has committed becomes leaves of the verifiable log, outside the engine's transaction.

For every batch of decisions, in their order: a leaf for each receipt, then one leaf over the batch's journal events.
An event that a person or a loader caused has a leaf of its own. Everything comes from rows that are committed and never
change, so a sealer that dies continues where the database says; what was not committed was never published.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from silkgate.exchange.outbox import receipt_bodies
from silkgate.journal import api as journal
from silkgate.standards.tlog import statement
from silkgate.standards.tlog.merkle import ProofError
from silkgate.standards.tlog.note import Signer
from silkgate.standards.tlog.proof import Checkpoint, Proof, read_checkpoint

log = logging.getLogger("silkgate.log")

SEALER_LOCK = 0x51_4B_47_06
BATCHES_AT_ONCE = 16
EVENTS_AT_ONCE = 1_000
SEAL_SECONDS = 1.0
"""Between two checkpoints, so that a busy second signs one and not hundreds."""
RETRY_SECONDS = 1.0

Connect = Callable[[], psycopg.Connection]


class SealerBusyError(Exception):
    """Another sealer is at work on this database."""


class LogRolledBackError(Exception):
    """The database holds less of the log, or another one, than was signed and published before."""

    def __init__(self, published: Checkpoint, size: int) -> None:
        super().__init__(
            f"日志{published.origin}曾公布{published.size}条记录的检查点，而数据库中的日志只有{size}条或内容不同"
            "（恢复过较早的备份？）。为不出具互相矛盾的检查点，已停止签署：见docs/log.md"
            f" / the log {published.origin} has published a checkpoint of {published.size} entries, and the database"
            f" has {size} or others (an older backup restored?). Nothing more is signed: see docs/log.md"
        )


# --- Leaves -----------------------------------------------------------------------------------------------------------


class _Receipt(NamedTuple):
    id: int
    message_id: int
    batch_no: int
    offset: int
    length: int
    kind: str
    recipient: str
    message_sha256: bytes | None

    def statement(self, body: bytes, salt_key: bytes) -> bytes:
        """What the log says of it; `body` is that of its whole segment."""
        return statement.receipt(
            self.id,
            self.batch_no,
            self.kind,
            self.recipient,
            self.message_id,
            self.message_sha256 or b"",
            body[self.offset : self.offset + self.length],
            statement.salt(salt_key, f"receipt {self.id}"),
        )


_RECEIPTS = """select r.id, r.message_id, r.segment_id, r."offset", r.length, r.kind, r.recipient, m.sha256
 from exchange_receipt r left join exchange_message m on m.id = r.message_id"""


def newest_batch(cursor: psycopg.Cursor) -> int:
    """The last batch that the engine has committed, as far as it left anything for the log."""
    cursor.execute(
        "select greatest((select max(id) from exchange_receiptsegment),"
        " (select batch_no from journal_event where batch_no is not null order by id desc limit 1), 0)"
    )
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def batch_groups(
    cursor: psycopg.Cursor, salt_key: bytes, first: int, last: int, after_item: int, after_event: int
) -> tuple[list[journal.Group], int, int]:
    """The leaves of batches `first` to `last`, all committed, with the last receipt and the last event among them.

    Their receipts have numbers above `after_item`, their events above `after_event`. Raises journal.LogError where rows
    stand in an order that the engine does not write.
    """
    digests, event_id = journal.digests(cursor, after_event, first, last)
    by_batch = _receipts(cursor, first, last, after_item)
    groups = []
    item_id = after_item
    for batch in range(first, last + 1):
        found = by_batch.get(batch, [])
        entries = list(_entries(cursor, batch, found, salt_key))
        events = digests.get(batch) or journal.Digest(0, "")
        said = statement.batch(
            batch, len(found), events.events, events.sha256, statement.salt(salt_key, f"batch {batch}")
        )
        groups.append(journal.Group(journal.BATCH, batch, item_id + 1, [*entries, statement.entry(said)]))
        item_id += len(found)
    return groups, item_id, event_id


def _receipts(cursor: psycopg.Cursor, first: int, last: int, after_item: int) -> dict[int, list[_Receipt]]:
    cursor.execute(
        "select id from exchange_receipt where segment_id > %s and id > %s order by id limit 1", (last, after_item)
    )
    beyond = cursor.fetchone()
    bound, values = ("and r.id < %s", [after_item, beyond[0]]) if beyond else ("", [after_item])
    cursor.execute(f"{_RECEIPTS} where r.id > %s {bound} order by r.id", values, binary=True)
    found = {}
    number = after_item
    for batch, rows in groupby(map(_Receipt._make, cursor), key=lambda row: row.batch_no):
        listed = list(rows)
        number += len(listed)
        if not first <= batch <= last or batch in found or listed[-1].id != number:
            raise journal.LogError(f"receipt {listed[-1].id} of batch {batch} does not stand where it belongs")
        found[batch] = listed
    return found


def _entries(cursor: psycopg.Cursor, batch: int, receipts: Sequence[_Receipt], salt_key: bytes) -> Iterator[bytes]:
    if not receipts:
        return
    body = receipt_bodies(cursor, [batch]).get(batch)
    if body is None:
        raise journal.LogError(f"the receipts of batch {batch} are gone")
    for receipt in receipts:
        yield statement.entry(receipt.statement(body, salt_key))


# --- The sealer -------------------------------------------------------------------------------------------------------


class Sealer:
    """Writes the log, the only one to do so. Use as a context manager; raises SealerBusyError where there is another.

    `published` is a file beside the database that remembers the last published checkpoint: a log that was rolled back
    is not signed again under the same name. The clock tells when a checkpoint was signed.
    """

    def __init__(self, connect: Connect, signer: Signer, clock: Callable[[], datetime], published: Path) -> None:
        self._connect, self._signer, self._clock, self._published = connect, signer, clock, published
        self._behind = False

    def __enter__(self) -> Sealer:
        self._connection = prepared(self._connect())
        row = self._connection.execute("select pg_try_advisory_lock(%s)", (SEALER_LOCK,)).fetchone()
        assert row is not None
        if not row[0]:
            self._connection.close()
            raise SealerBusyError("another sealer is at work on this database")
        self._check_published()
        return self

    def __exit__(self, *exception: object) -> None:
        if not self._connection.closed and exception[0] is None:
            # The server may take a moment to notice that a session has ended; the next sealer need not wait.
            self._connection.execute("select pg_advisory_unlock(%s)", (SEALER_LOCK,))
        self._connection.close()

    def run(self, stop: threading.Event) -> None:
        """Seal what is decided until `stop` is set, at most once in `SEAL_SECONDS` where nothing has piled up."""
        while not stop.is_set():
            self.seal()
            if not self._behind:
                stop.wait(SEAL_SECONDS)

    def drain(self) -> int:
        """Seal everything that is committed now; how many leaves that made."""
        total = 0
        while made := self.seal():
            total += made
        return total

    def seal(self) -> int:
        """Seal the next batches in one transaction; how many leaves that made, 0 where nothing was left."""
        connection = self._connection
        with connection.transaction(), connection.cursor() as cursor:
            stand = journal.log_begin(cursor)
            newest = newest_batch(cursor)
            last = min(newest, stand.batch_no + BATCHES_AT_ONCE)
            self._behind = last < newest
            groups: list[journal.Group] = []
            item_id, event_id = stand.item_id, stand.event_id
            if last > stand.batch_no:
                groups, item_id, event_id = batch_groups(
                    cursor, stand.salt_key, stand.batch_no + 1, last, item_id, event_id
                )
            for number in journal.events_of_people(cursor, limit=EVENTS_AT_ONCE):
                groups.append(journal.event_group(cursor, number, stand.salt_key))
            if not groups:
                return 0
            checkpoint = journal.log_append(
                cursor, stand, groups, batch_no=max(last, stand.batch_no), event_id=event_id, item_id=item_id,
                signer=self._signer, at=self._clock(),
            )  # fmt: skip
        self._remember(checkpoint)
        return checkpoint.size - stand.size

    # -- what was published ------------------------------------------------------------------------------------------

    def _check_published(self) -> None:
        """What was published under our name begins what the database holds. Raises LogRolledBackError."""
        try:
            published, _ = read_checkpoint(self._published.read_bytes())
        except FileNotFoundError:
            return
        except ProofError:
            log.warning("%s: 无法读取，不作核对 / cannot be read, is passed over", self._published)
            return
        if published.origin != self._signer.key.name:
            return
        with self._connection.cursor() as cursor:
            stand = journal.log_state(cursor)
            size = stand.size if stand else 0
            if size < published.size or journal.log_tree(cursor, published.size).root() != published.root:
                raise LogRolledBackError(published, size)

    def _remember(self, checkpoint: Checkpoint) -> None:
        fresh = self._published.with_name(f"{self._published.name}.{os.getpid()}")
        fresh.write_text(self._signer.sign(checkpoint.text()), encoding="utf-8")
        fresh.replace(self._published)


def prepared(connection: psycopg.Connection) -> psycopg.Connection:
    """A session that sees one moment for a whole transaction and looks up rows by their keys."""
    connection.autocommit = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    for words in journal.LOG_SESSION:
        connection.execute(words)
    for method in ("seqscan", "hashjoin", "mergejoin"):
        connection.execute(f"set enable_{method} = off")
    return connection


def run_sealer(
    stop: threading.Event, connect: Connect, signer: Callable[[], Signer | None], clock: Callable[[], datetime],
    published: Path,
) -> None:  # fmt: skip
    """Be the sealer of this database until `stop`. Waits while another one is, or while there is no zone to name it."""
    told = False
    while not stop.is_set():
        signing = signer()
        if signing is not None:
            try:
                with Sealer(connect, signing, clock, published) as sealer:
                    sealer.run(stop)
                return
            except SealerBusyError:
                if not told:
                    log.warning("另一个日志进程正在工作，等待中 / another sealer is at work, waiting")
                    told = True
            except LogRolledBackError as error:
                if not told:
                    log.error("%s", error)
                    told = True
        stop.wait(RETRY_SECONDS)


# --- Proofs -----------------------------------------------------------------------------------------------------------


def newest_sealed_receipt(connection: psycopg.Connection) -> int:
    """The last receipt that the log has: up to it each has a proof. 0: none has."""
    with connection.cursor() as cursor:
        stand = journal.log_state(cursor)
        cursor.execute(
            "select id from exchange_receipt where segment_id <= %s order by id desc limit 1",
            (stand.batch_no if stand else 0,),
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def receipt_proof(connection: psycopg.Connection, number: int, size: int | None = None) -> Proof | None:
    """The proof for receipt `number`, to the newest checkpoint or to that of `size`; None where it is not in there."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_RECEIPTS} where r.id = %s", (number,), binary=True)
        row = cursor.fetchone()
        stand = journal.log_state(cursor)
        if row is None or stand is None:
            return None
        receipt = _Receipt._make(row)
        place = journal.log_place(cursor, journal.BATCH, receipt.batch_no)
        if place is None:
            return None
        said = receipt.statement(receipt_bodies(cursor, [receipt.batch_no])[receipt.batch_no], stand.salt_key)
        return journal.log_proof(cursor, place.first_index + number - place.first_item, said, size)


__all__: Sequence[Any] = [
    "LogRolledBackError", "Sealer", "SealerBusyError", "batch_groups", "newest_batch", "newest_sealed_receipt",
    "receipt_proof", "run_sealer",
]  # fmt: skip
