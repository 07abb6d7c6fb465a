"""What must be true of a service after all that was done to it. Every finding is a line; none is what is wanted."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from clearance.rig import Inbox, Record, record
from oracles import output
from oracles.clearing import run_case as oracle
from silkgate.exchange import api as exchange
from torture.books import balances_from_journal
from torture.run import AS_OF, Aftermath


class Verdict(NamedTuple):
    """Counts of messages, and what is wrong, a line each."""

    acknowledged: int
    """Over HTTP, by the acknowledgement; in the folder, by having been moved to `taken`."""
    answered: int
    lost: list[str]
    doubled: list[str]
    wrong: list[str]
    """Everything else: books, log, oracle, answers that senders got."""

    @property
    def findings(self) -> list[str]:
        """All of them."""
        return [*self.lost, *self.doubled, *self.wrong]


def judge(aftermath: Aftermath) -> Verdict:
    """Look at everything."""
    lost, answered = _lost(aftermath)
    found = recorded(aftermath)
    books = second_books(aftermath)
    wrong = [
        *aftermath.senders.wrong,
        *[f"second reader: {line}" for line in output.differences(books, found.outcome.balances, "balances")],
        *[f"oracle: {line}" for line in output.compare(oracle(aftermath.case), found.outcome)],
        *_log(aftermath),
        *_drop(aftermath),
    ]
    acknowledged = len(aftermath.senders.acknowledged) + len(_of_folder(aftermath))
    return Verdict(acknowledged, answered, lost, _doubled(aftermath), wrong)


def recorded(aftermath: Aftermath) -> Record:
    """What the service came to; the ledger's own audit is part of it."""
    files = sorted((aftermath.case / "inbox").iterdir())
    return record(aftermath.service.connect, Inbox(AS_OF, files, [int(file.stem) for file in files]))


def second_books(aftermath: Aftermath) -> list[output.Row]:
    """All balances, from the journal and what was received."""

    def received(number: int) -> bytes:
        return (aftermath.case / "inbox" / f"{number:012d}.xml").read_bytes()

    with aftermath.service.connect() as connection:
        return balances_from_journal(connection, aftermath.case, received)


def _of_folder(aftermath: Aftermath) -> list[bytes]:
    return [raw for sending in aftermath.senders.dropped.values() for raw in sending.raws]


def _lost(aftermath: Aftermath) -> tuple[list[str], int]:
    """Acknowledged messages without a row or an answer, and how many were answered."""
    rows = aftermath.service.ask(
        "select m.id, m.sha256, a.outcome from exchange_message m left join exchange_answer a on a.message_id = m.id"
    )
    kept = {f"{number}-{bytes(digest).hex()[:16]}": outcome for number, digest, outcome in rows}
    digests = {bytes(digest) for _, digest, _ in rows}
    sent = aftermath.senders.acknowledged
    lost = [f"{one.name}: acknowledged, not there" for one in sent if one.name not in kept]
    lost += [f"{name}: not answered" for name, outcome in kept.items() if not outcome]
    lost += [
        f"{name}: taken from the folder, not there"
        for name, sending in aftermath.senders.dropped.items()
        for raw in sending.raws
        if sha256(raw).digest() not in digests
    ]
    lost += [f"{one.name}: other bytes" for one in sent if sha256(one.raw).hexdigest()[:16] not in one.name]
    return lost, sum(outcome is not None for outcome in kept.values())


def _doubled(aftermath: Aftermath) -> list[str]:
    """Anything that was done twice for the same thing."""
    ask = aftermath.service.ask
    names = Counter(one.name for one in aftermath.senders.acknowledged)
    twice = [f"message {name} stands for {count} messages" for name, count in names.items() if count > 1]
    for what, query in {
        "answers to one message": "select message_id, count(*) from exchange_answer group by 1 having count(*) > 1",
        "messages accepted under one guid": "select kind || ' ' || guid, count(*) from exchange_answer"
        " where outcome = 'accepted' and claims group by 1 having count(*) > 1",
        "reservations of one declaration": "select t.reference_id, count(*) from ledger_transfer t join ledger_account"
        " a on a.id = t.account_id where a.kind = 'allowance' and t.kind = 'reserve' group by 1 having count(*) > 1",
        "declarations with one number": "select invt_no, count(*) from clearance_declaration where invt_no is not null"
        " group by 1 having count(*) > 1",
        "releases of one declaration": "select subject_id, count(*) from journal_event"
        " where kind = 'declaration.released' group by 1 having count(*) > 1",
    }.items():
        twice += [f"{what}: {key}, {count}" for key, count in ask(query)]
    ((answers, messages),) = ask(
        "select (select count(*) from exchange_answer), (select count(*) from exchange_message)"
    )
    if answers != messages:
        twice.append(f"{answers} answers to {messages} messages")
    return twice


def _log(aftermath: Aftermath) -> list[str]:
    """`silkgate log audit`, also against the checkpoint that was published last."""
    published = (aftermath.service.home / ".log_published").read_bytes()
    with aftermath.service.connect() as connection:
        audited = exchange.audit(connection, outside=published)
    if audited.difference is not None:
        return [f"log: {audited.difference.en}"]
    return [f"log: {audited.waiting_batches} batches are not sealed"] if audited.waiting_batches else []


def _drop(aftermath: Aftermath) -> list[str]:
    """Every file was moved once; every receipt for it was written once, whole."""
    drop = aftermath.service.home / "drop"
    taken = {path.name: path.read_bytes() for path in (drop / "taken").rglob("*.*")}
    dropped = aftermath.senders.dropped
    wrong = [f"folder: {name} was not moved" for name in dropped.keys() - taken.keys()]
    wrong += [f"folder: {name} was not dropped" for name in taken.keys() - dropped.keys()]
    written = {int(path.name.split("-")[0]): path for path in _receipts(drop)}
    if len(written) != len(_receipts(drop)):
        wrong.append("folder: a receipt was written twice")
    with aftermath.service.connect() as connection:
        rows = connection.execute("select id from exchange_message where channel = 'folder'").fetchall()
        came = {number for (number,) in rows}
        expected = {one.id: one.body for one in exchange.all_receipts(connection, 0) if one.message_id in came}
    wrong += [f"folder: receipt {number} is missing" for number in expected.keys() - written.keys()]
    wrong += [f"folder: receipt {number} is nobody's" for number in written.keys() - expected.keys()]
    both = expected.keys() & written.keys()
    return wrong + [
        f"folder: receipt {number} is not whole" for number in both if written[number].read_bytes() != expected[number]
    ]


def _receipts(drop: Path) -> list[Path]:
    return sorted((drop / "receipts").rglob("*.xml"))
