"""The folder drop: files put here are messages; receipts come back into a folder beside it.

A file is read once its name ends in .xml or .zip (write it under another name and rename it). It is moved to `taken/`
after its messages are durable, so a crash in between makes at worst a duplicate, which is answered as one. Receipts
for messages that came this way are written to `receipts/<sender>/`.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import psycopg

from silkgate.exchange import outbox
from silkgate.exchange.receiver import Receiver, connect, max_message_bytes, now
from silkgate.standards.archives import ArchiveRefused, unpack_zip

log = logging.getLogger("silkgate.intake")

POLL_SECONDS = 0.2
FILES_AT_ONCE = 500
RECEIPTS_AT_ONCE = 500
WHOLE_FILE_FACTOR = 8
"""A file beyond the size limit is still kept and answered up to this many times the limit; above it is set aside."""


def watch(drop: Path, stop: threading.Event) -> None:
    """Take files in and write receipts out until `stop`."""
    for folder in (drop / "taken", drop / "refused", drop / "receipts"):
        folder.mkdir(parents=True, exist_ok=True)
    receiver = Receiver()
    try:
        with connect() as connection:
            writer = ReceiptWriter(drop / "receipts", connection)
            while not stop.is_set():
                busy = take(drop, receiver)
                busy += writer.write_new()
                if not busy:
                    stop.wait(POLL_SECONDS)
    finally:
        receiver.close()


def take(drop: Path, receiver: Receiver) -> int:
    """Take in the files that are there, in the order of their names; how many."""
    files = sorted(file for file in drop.iterdir() if file.suffix in (".xml", ".zip") and file.is_file())[
        :FILES_AT_ONCE
    ]
    raws: list[bytes] = []
    kept: list[Path] = []
    for file in files:
        if file.stat().st_size > WHOLE_FILE_FACTOR * max_message_bytes():
            _set_aside(file, drop, "文件过大 / the file is too large")
            continue
        raw = file.read_bytes()
        if file.suffix == ".zip":
            try:
                raws.extend([member for _, member in unpack_zip(raw)])
            except ArchiveRefused as refused:
                _set_aside(file, drop, f"{refused.detail.zh} / {refused.detail.en}")
                continue
        else:
            raws.append(raw)
        kept.append(file)
    if raws:
        receiver.receive(raws, "folder")
    stamp = now().strftime("%Y%m%d")
    for file in kept:
        day = drop / "taken" / stamp
        day.mkdir(exist_ok=True)
        file.replace(day / file.name)
    return len(files)


def _set_aside(file: Path, drop: Path, why: str) -> None:
    log.warning("%s: %s", file.name, why)
    target = drop / "refused" / file.name
    file.replace(target)
    target.with_suffix(target.suffix + ".txt").write_text(why + "\n", encoding="utf-8")


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
