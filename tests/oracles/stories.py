"""Example cases that say beside everything they send what must come of it, and why.

What is said is written by hand from docs/exports.md. `Story.finish` holds the oracle to it line by line before it
writes `expected/` and README.md: a case is two accounts that agree before the engine sees it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import clearing, output
from .parcels import Document
from .zone import CaseWriter, default_sender

Parcel = dict[str, Document]
COMPANIONS = ("303", "505")
SPECIFICATION = "message specification for enterprises (企业对接报文规范), 202205 edition"


class Sale(NamedTuple):
    """A parcel that is declared: its documents, `status reason;reason` at the end, and the rule behind it."""

    parcel: Parcel
    status: str
    why: str


class Story:
    """Writes one case; every sentence of it is checked at the end."""

    def __init__(self, folder: Path, title: str, sources: str, **tables: Any) -> None:
        self.writer = CaseWriter(folder, seed=sum(folder.name.encode()))
        self.writer.as_of = tables.pop("as_of", self.writer.as_of)
        self.writer.policy = tables.pop("policy", {})
        self.writer.tables.update(allowances=None, guarantees=None, prohibited=None)
        self.writer.tables.update(tables)
        self.title, self.sources = title, sources
        self.messages: dict[str, tuple[str, str]] = {}
        self.lists: dict[tuple[str, str], tuple[str, str]] = {}

    def send(self, *documents: Document, why: str, answer: str = "accepted", **options: Any) -> bytes:
        """Send documents of one kind as one message; `answer`: `outcome reason;reason`. The bytes that were sent."""
        return self.sent(self.writer.send(*documents, **options), why, answer)

    def put(self, data: bytes, why: str, answer: str, name: str = "message") -> bytes:
        """Send bytes as they are."""
        return self.sent(self.writer.put(data, name), why, answer)

    def sent(self, file: str, why: str, answer: str) -> bytes:
        self.messages[file] = (answer, why)
        return (self.writer.folder / "inbox" / file).read_bytes()

    def sell(self, *sales: Sale, kinds: Sequence[str] = COMPANIONS) -> None:
        """Documents of several parcels kind by kind, as few messages as there are senders; the lists last."""
        for kind in (*kinds, "603"):
            by_sender: dict[str, list[Document]] = {}
            for sale in sales:
                by_sender.setdefault(default_sender(sale.parcel[kind]), []).append(sale.parcel[kind])
            for sender, documents in by_sender.items():
                self.send(*documents, why=f"CEB{kind}", sender=sender)
        for sale in sales:
            self.expect(sale.parcel["603"], sale.status, sale.why)

    def expect(self, declaration: Document, status: str, why: str) -> None:
        """What becomes of a declaration in the end; said again, the later word counts."""
        head = declaration["head"]
        platform = head["ebpCode"] if head["ebpCode"] != "无" else f"无/{head['ebcCode']}"
        self.lists[platform, head["orderNo"]] = (status, why)

    def finish(self, stock: dict[str, str]) -> None:
        """Hold the oracle to every word, then write what is expected. `stock`: what is left of records touched."""
        folder = self.writer.finish()
        outcome = clearing.run_case(folder)
        said = {file: answer for file, (answer, _) in self.messages.items()}
        agree({row["file"]: spoken(row["outcome"], row["reasons"]) for row in outcome.messages}, said, folder)
        found = {
            (row["ebp_code"], row["order_no"]): spoken(row["status"], row["reasons"]) for row in outcome.declarations
        }
        agree(found, {key: status for key, (status, _) in self.lists.items()}, folder)
        books = {f"{row['ems_no']}/{row['item_record_no']}": row["qty"] for row in self.writer.tables["books"] or []}
        books.update({key: stock[key[-4:]] for key in books if key[-4:] in stock})
        agree({row["key"]: row["balance"] for row in outcome.balances if row["kind"] == "book_qty"}, books, folder)
        write_tables(folder / "expected", outcome)
        (folder / "README.md").write_text(self.page(), encoding="utf-8")

    def page(self) -> str:
        """What the case shows, for people."""
        lists = [
            f"| {'/'.join(key)} | {status.replace(';', ' ')} | {why} |" for key, (status, why) in self.lists.items()
        ]
        told = [
            f"| {file} | {answer.replace(';', ' ')} | {why} |"
            for file, (answer, why) in self.messages.items()
            if not why.startswith("CEB")
        ]
        parts = [f"# {self.title}", f"Sources: {self.sources}"]
        if lists:
            parts.append("\n".join(["| list | in the end | rule |", "|---|---|---|", *lists]))
        if told:
            parts.append("\n".join(["| message | answer | rule |", "|---|---|---|", *told]))
        return "\n\n".join(parts) + "\n"


def spoken(*words: str) -> str:
    return " ".join(word for word in words if word)


def agree(found: dict[Any, str], said: dict[Any, str], folder: Path) -> None:
    """Every line that one side has and the other has not."""
    lines = [
        f"{folder.name}: {key}: the oracle finds {found.get(key)!r}, the rules say {said.get(key)!r}"
        for key in sorted({*found, *said})
        if found.get(key) != said.get(key)
    ]
    if lines:
        raise AssertionError("\n".join(lines))


def write_tables(folder: Path, outcome: output.Outcome) -> None:
    """`expected/`, or an output folder like it."""
    folder.mkdir(exist_ok=True)
    for table, rows in zip(output.TABLES, outcome, strict=True):
        if table == "messages" and any(row["reasons"] in output.UNREADABLE for row in rows):
            # Type and guid of what cannot be read are nobody's promise.
            rows = [{name: row[name] for name in ("file", "outcome", "reasons")} for row in rows]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(rows[0]) if rows else ["file"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
