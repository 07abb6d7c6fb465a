"""The folder drop: files put here are messages; receipts come back into a folder beside it.

A file is read once its name ends in .xml or .zip (write it under another name and rename it). It is moved to `taken/`
after its messages are durable, so a crash in between makes at worst a duplicate, which is answered as one. Files of a
sender that has its share waiting stay where they are until there is room. Receipts for messages that came this way are
written to `receipts/<sender>/`.
"""

from __future__ import annotations

import heapq
import logging
import os
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from silkgate.exchange import outbox
from silkgate.exchange.backlog import Place, Refused, charge
from silkgate.exchange.domain import Received
from silkgate.exchange.receiver import Receiver, connect, max_message_bytes, now
from silkgate.standards.archives import ArchiveRefused, unpack_zip

log = logging.getLogger("silkgate.intake")

POLL_SECONDS = 0.2
FILES_AT_ONCE = 500
BYTES_AT_ONCE = 64 * 2**20
LOOKS_AT_ONCE = 5_000
"""Of so many files that were not seen before it is looked who sent them, where there are too many to take at once."""
RECEIPTS_AT_ONCE = 500
WHOLE_FILE_FACTOR = 8
"""A file beyond the size limit is still kept and answered up to this many times the limit; above it is set aside."""

_HEAD_BYTES, _TAIL_BYTES = 2_048, 8_192
_ENVELOPE_SENDER = re.compile(rb"<(?:[\w.-]+:)?SenderId>([^<]{1,64})<")
_SENDER = re.compile(rb"<(?:[\w.-]+:)?copCode>([^<]{1,64})<")


def watch(drop: Path, stop: threading.Event) -> None:
    """Take files in and write receipts out until `stop`."""
    for folder in (drop / "taken", drop / "refused", drop / "receipts"):
        folder.mkdir(parents=True, exist_ok=True)
    receiver = Receiver()
    try:
        with connect() as connection:
            files = DropFolder(drop, receiver)
            writer = ReceiptWriter(drop / "receipts", connection)
            while not stop.is_set():
                busy = files.take()
                busy += writer.write_new()
                if not busy:
                    stop.wait(POLL_SECONDS)
    finally:
        receiver.close()


@dataclass
class _Batch:
    """Files that are taken in together."""

    names: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    size_bytes: int = 0
    set_aside: int = 0


class DropFolder:
    """Takes files in by name; where there are many, senders take turns. The order of one sender's files is kept."""

    def __init__(self, drop: Path, receiver: Receiver) -> None:
        self.drop, self._receiver = drop, receiver
        self._accounts: dict[str, tuple[str, ...]] = {}
        """Who sent files that are still there: as it seems, or as examining them has shown."""

    def take(self) -> int:
        """Take in or set aside what is there and finds room; how many files."""
        names = self._names()
        self._accounts = {name: self._accounts[name] for name in names if name in self._accounts}
        chosen = names if len(names) <= FILES_AT_ONCE else self._in_turn(names)
        with self._receiver.backlog.place() as place:
            batch = self._fill(place, chosen)
            if batch.names:
                place.kept(self._receiver.keep(batch.received))
                self._move(batch.names)
        return len(batch.names) + batch.set_aside

    def _fill(self, place: Place, chosen: Sequence[str]) -> _Batch:
        """Those of the chosen files that find room. Who finds none is passed over from there on, as order asks."""
        batch = _Batch()
        full: set[str] = set()
        for name in chosen:
            accounts = self._accounts.get(name, ())
            if full.isdisjoint(accounts):
                examined = self._examine(name)
                if not examined:
                    batch.set_aside += 1
                    continue
                charges = [charge(item) for item in examined]
                accounts = self._accounts[name] = tuple(dict.fromkeys([account for account, _ in charges]))
                try:
                    if full.isdisjoint(accounts):
                        place.take(charges)
                        batch.names.append(name)
                        batch.received += examined
                        batch.size_bytes += sum([len(item.raw) for item in examined])
                        if batch.size_bytes >= BYTES_AT_ONCE:
                            break
                        continue
                except Refused as refused:
                    if refused.account is None:
                        break
            full.update(accounts)
        return batch

    def _names(self) -> list[str]:
        with os.scandir(self.drop) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.name.endswith((".xml", ".zip")) and entry.is_file(follow_symlinks=False)
            )

    def _in_turn(self, names: Sequence[str]) -> list[str]:
        """As many as are taken at once: the first file of every sender, then the second; in the order of names."""
        looks = 0
        turns: Counter[tuple[str, ...]] = Counter()
        ranked = []
        for name in names:
            accounts = self._accounts.get(name)
            if accounts is None:
                if looks == LOOKS_AT_ONCE:
                    break
                looks += 1
                accounts = self._accounts[name] = (likely_sender(self.drop / name),)
            ranked.append((turns[accounts], name))
            turns[accounts] += 1
        return sorted(name for _, name in heapq.nsmallest(FILES_AT_ONCE, ranked))

    def _examine(self, name: str) -> list[Received]:
        """The messages of a file; none where it was set aside."""
        file = self.drop / name
        if file.stat().st_size > WHOLE_FILE_FACTOR * max_message_bytes():
            self._set_aside(file, "文件过大 / the file is too large")
            return []
        raws = [file.read_bytes()]
        if file.suffix == ".zip":
            try:
                raws = [member for _, member in unpack_zip(raws[0])]
            except ArchiveRefused as refused:
                self._set_aside(file, f"{refused.detail.zh} / {refused.detail.en}")
                return []
            if not raws:
                self._set_aside(file, "压缩包中没有报文 / there is no message in the archive")
        return [self._receiver.examine(raw, "folder") for raw in raws]

    def _move(self, names: Sequence[str]) -> None:
        day = self.drop / "taken" / now().strftime("%Y%m%d")
        day.mkdir(parents=True, exist_ok=True)
        for name in names:
            (self.drop / name).replace(day / name)

    def _set_aside(self, file: Path, why: str) -> None:
        log.warning("%s: %s", file.name, why)
        target = self.drop / "refused" / file.name
        target.parent.mkdir(exist_ok=True)
        file.replace(target)
        target.with_suffix(target.suffix + ".txt").write_text(why + "\n", encoding="utf-8")


def likely_sender(file: Path) -> str:
    """Who seems to have sent a file, by its first and last bytes: good enough for taking turns, not for a share."""
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
        opened.seek(max(0, os.fstat(opened.fileno()).st_size - _TAIL_BYTES))
        found = _ENVELOPE_SENDER.search(head) or _SENDER.search(opened.read(_TAIL_BYTES))
    return found.group(1).decode("utf-8", "replace") if found else ""


class ReceiptWriter:
    """Writes receipts for messages of the folder drop as files, each once; its place is kept in a file."""

    def __init__(self, folder: Path, connection: psycopg.Connection) -> None:
        self.folder, self.connection = folder, connection
        self._place = folder / ".place"
        self._after = int(self._place.read_text(encoding="ascii")) if self._place.exists() else 0

    def write_new(self) -> int:
        """Write what is new; how many receipts."""
        receipts = outbox.all_receipts(self.connection, self._after, limit=RECEIPTS_AT_ONCE)
        if not receipts:
            return 0
        came = self._from_folder({receipt.message_id for receipt in receipts})
        for receipt in receipts:
            if receipt.message_id in came:
                folder = self.folder / (safe_name(receipt.recipient) or "unknown")
                folder.mkdir(exist_ok=True)
                partial = folder / f".{receipt.id}.part"
                partial.write_bytes(receipt.body)
                partial.replace(folder / f"{receipt.id:012d}-{receipt.kind}.xml")
        self._after = receipts[-1].id
        fresh = self._place.with_suffix(".new")
        fresh.write_text(str(self._after), encoding="ascii")
        fresh.replace(self._place)
        return len(receipts)

    def _from_folder(self, message_ids: set[int]) -> set[int]:
        rows = self.connection.execute(
            "select id from exchange_message where id = any(%s) and channel = 'folder'", (list(message_ids),)
        ).fetchall()
        return {row[0] for row in rows}


def safe_name(text: str) -> str:
    """A code as a file name: letters, digits, hyphen and underscore only."""
    return "".join([c for c in text if c.isascii() and (c.isalnum() or c in "-_")])[:40]
