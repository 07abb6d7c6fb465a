"""The verifiable log: leaves in, tiles, signed checkpoints and proofs out.

Who seals decides what the leaves are of; here they are entries of 32 bytes that belong to a batch or to an event.
Cursors are psycopg's or Django's; whoever appends does so in one transaction, in a snapshot that does not change.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from silkgate.standards.tlog import statement
from silkgate.standards.tlog.note import Signer
from silkgate.standards.tlog.proof import Checkpoint, Consistency, Proof
from silkgate.standards.tlog.tiles import ENTRIES, HEIGHT, WIDTH, Tile, Tree, grown, width_in

BATCH = "batch"
EVENT = "event"
_EVENTS = "select batch_no, id, at, actor, kind, subject_kind, subject_id, law_version, detail from journal_event"
SESSION = ("set timezone to 'UTC'", "set datestyle to 'ISO'", "set intervalstyle to 'postgres'")
"""A session that reads events for the log: their text must be the same in every installation."""


class LogError(Exception):
    """The log and what it is a log of do not fit; says where."""


class State(NamedTuple):
    """How far the log has come: leaves, last batch, its last journal event, its last receipt; the key of the salts."""

    size: int
    batch_no: int
    event_id: int
    item_id: int
    salt_key: bytes


class Group(NamedTuple):
    """The entries of a batch or of an event, in order; `first_item` is its first receipt's number, or the event's."""

    kind: str
    number: int
    first_item: int
    entries: Sequence[bytes]


class Range(NamedTuple):
    """Which leaves belong to a batch or an event."""

    first_index: int
    leaves: int
    kind: str
    number: int
    first_item: int


class Digest(NamedTuple):
    """The journal events of a batch: how many, SHA-256 of their rows in hexadecimal."""

    events: int
    sha256: str


# --- Journal events as the log sees them -----------------------------------------------------------------------------


def digests(cursor: Any, after_id: int, first_batch: int, last_batch: int) -> tuple[dict[int, Digest], int]:
    """The events of batches `first_batch` to `last_batch`, which have numbers above `after_id`, and the last number.

    A row is a line of COPY's text with the columns batch_no, id, at, actor, kind, subject_kind, subject_id,
    law_version, detail, in a session as `SESSION`. Raises LogError for an event of an earlier batch: it came too late.
    """
    cursor.execute(
        "select id from journal_event where batch_no > %s and id > %s order by id limit 1", (last_batch, after_id)
    )
    beyond = cursor.fetchone()
    bound = f"and id < {int(beyond[0])}" if beyond else ""
    found: dict[int, Digest] = {}
    last_id, number = after_id, first_batch - 1
    lines: list[bytes] = []
    rows = f"{_EVENTS} where id > {int(after_id)} {bound} and batch_no is not null order by id"
    with cursor.copy(f"copy ({rows}) to stdout") as copy:
        prefix = b"-"
        for chunk in copy:
            line = bytes(chunk)
            if not line.startswith(prefix):
                batch = int(line[: line.index(b"\t")])
                if not number < batch <= last_batch:
                    raise LogError(f"a journal event names batch {batch}, after batch {number}: {line[:100]!r}")
                if lines:
                    found[number] = _digest(lines)
                number, lines, prefix = batch, [], b"%d\t" % batch
            lines.append(line)
        if lines:
            found[number] = _digest(lines)
            last_id = int(lines[-1].split(b"\t", 2)[1])
    return found, last_id


def _digest(lines: list[bytes]) -> Digest:
    return Digest(len(lines), sha256(b"".join(lines)).hexdigest())


def events_of_people(cursor: Any, *, limit: int) -> list[int]:
    """Numbers of events that no batch caused and that are not in the log yet, in order."""
    cursor.execute(
        "select id from journal_event e where batch_no is null"
        " and not exists (select 1 from journal_logrange r where r.kind = 'event' and r.number = e.id)"
        " order by id limit %s",
        (limit,),
    )
    return [row[0] for row in cursor.fetchall()]


def event_group(cursor: Any, number: int, salt_key: bytes) -> Group:
    """The entry of one event that no batch caused. Raises LogError where the event is gone."""
    with cursor.copy(f"copy ({_EVENTS} where id = {int(number)}) to stdout") as copy:
        line = b"".join(bytes(chunk) for chunk in copy)
    if not line:
        raise LogError(f"journal event {number} is gone")
    salted = statement.salt(salt_key, f"event {number}")
    said = statement.event(number, sha256(line).hexdigest(), salted)
    return Group(EVENT, number, number, [statement.entry(said)])


# --- Growth ----------------------------------------------------------------------------------------------------------


def state(cursor: Any) -> State | None:
    """How far the log has come; None before it was begun."""
    cursor.execute("select size, batch_no, event_id, item_id, salt_key from journal_logstate where id = 1")
    row = cursor.fetchone()
    return State(row[0], row[1], row[2], row[3], bytes(row[4])) if row else None


def begin(cursor: Any) -> State:
    """The state of a log that may just have been begun."""
    begun = state(cursor)
    if begun is not None:
        return begun
    cursor.execute(
        "insert into journal_logstate (id, size, batch_no, event_id, item_id, salt_key) values (1, 0, 0, 0, 0, %s)"
        " on conflict do nothing",
        (secrets.token_bytes(statement.SALT_KEY_BYTES),),
    )
    begun = state(cursor)
    assert begun is not None
    return begun


def append(
    cursor: Any, stand: State, groups: Sequence[Group], *, batch_no: int, event_id: int, item_id: int, signer: Signer,
    at: datetime,
) -> Checkpoint:  # fmt: skip
    """Put the leaves of `groups` behind `stand` and sign the result, all in the caller's transaction.

    Raises LogError where another writer has moved the log on meanwhile.
    """
    entries = [entry for group in groups for entry in group.entries]
    made = grown(stand.size, entries, lambda level, number: _hashes(cursor, level, number))
    size = stand.size + len(entries)
    cursor.execute(
        "update journal_logstate set size = %s, batch_no = %s, event_id = %s, item_id = %s where id = 1 and size = %s",
        (size, batch_no, event_id, item_id, stand.size),
    )
    if cursor.rowcount != 1:
        raise LogError(f"the log does not have {stand.size} leaves any more: another one is sealing")
    cursor.executemany(
        "insert into journal_logtile (level, number, hashes) values (%s, %s, %b)"
        " on conflict (level, number) do update set hashes = excluded.hashes",
        [(level, number, hashes) for (level, number), hashes in made.items()],
    )
    _write_ranges(cursor, stand.size, groups)
    tree = Tree(size, lambda level, number: made.get((level, number)) or _hashes(cursor, level, number))
    checkpoint = Checkpoint(signer.key.name, size, tree.root())
    cursor.execute(
        "insert into journal_logcheckpoint (size, root, note, signed_at) values (%s, %s, %s, %s)",
        (size, checkpoint.root, signer.sign(checkpoint.text()), at),
    )
    cursor.execute(
        "insert into journal_logkey (vkey, since_size) values (%s, %s) on conflict do nothing", (str(signer.key), size)
    )
    return checkpoint


def _write_ranges(cursor: Any, first_index: int, groups: Sequence[Group]) -> None:
    rows = []
    for group in groups:
        rows.append((first_index, len(group.entries), group.kind, group.number, group.first_item))
        first_index += len(group.entries)
    columns = [list(column) for column in zip(*rows, strict=True)]
    cursor.execute(
        "insert into journal_logrange (first_index, leaves, kind, number, first_item)"
        " select * from unnest(%s::bigint[], %s::int[], %s::text[], %s::bigint[], %s::bigint[])",
        columns,
    )


# --- Reading ---------------------------------------------------------------------------------------------------------


def _hashes(cursor: Any, level: int, number: int) -> bytes:
    cursor.execute("select hashes from journal_logtile where level = %s and number = %s", (level, number))
    row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def newest_checkpoint(cursor: Any) -> str | None:
    """The signed note over the newest state; None where nothing was signed yet."""
    cursor.execute("select note from journal_logcheckpoint order by size desc limit 1")
    row = cursor.fetchone()
    return row[0] if row else None


def signed_size(cursor: Any, size: int | None = None) -> tuple[int, str] | None:
    """Size and note of the newest checkpoint, or of the one of `size`; None where there is none."""
    if size is None:
        cursor.execute("select size, note from journal_logcheckpoint order by size desc limit 1")
    else:
        cursor.execute("select size, note from journal_logcheckpoint where size = %s", (size,))
    row = cursor.fetchone()
    return (row[0], row[1]) if row else None


def signed_at(cursor: Any) -> datetime | None:
    """When the newest checkpoint was signed; None where there is none."""
    cursor.execute("select signed_at from journal_logcheckpoint order by size desc limit 1")
    row = cursor.fetchone()
    return row[0] if row else None


def tile(cursor: Any, wanted: Tile) -> bytes | None:
    """The hashes of a tile, full or of the width asked for; None where the signed log has no such tile."""
    newest = signed_size(cursor)
    if newest is None or width_in(newest[0], wanted.level, wanted.number) < wanted.width:
        return None
    return _hashes(cursor, wanted.level, wanted.number)[: wanted.width * 32]


def tree(cursor: Any, size: int) -> Tree:
    """The tree of the first `size` leaves."""
    return Tree(size, lambda level, number: _hashes(cursor, level, number))


def place(cursor: Any, kind: str, number: int) -> Range | None:
    """The leaves of a batch or an event; None where they are not in the log yet."""
    cursor.execute(
        "select first_index, leaves, kind, number, first_item from journal_logrange where kind = %s and number = %s",
        (kind, number),
    )
    row = cursor.fetchone()
    return Range(*row) if row else None


def proof(cursor: Any, index: int, said: bytes, size: int | None = None) -> Proof | None:
    """The proof for leaf `index`, whose statement is `said`, to the newest checkpoint or to that of `size`.

    None where there is no such checkpoint, or where it does not reach as far as the leaf.
    """
    signed = signed_size(cursor, size)
    if signed is None or index >= signed[0]:
        return None
    return Proof(said, index, tuple(tree(cursor, signed[0]).inclusion(index)), signed[1].encode())


def consistency(cursor: Any, old: int) -> Consistency | None:
    """The proof that the log of `old` leaves begins the newest one; None where it is not that long."""
    signed = signed_size(cursor)
    if signed is None or old > signed[0]:
        return None
    return Consistency(old, tuple(tree(cursor, signed[0]).consistency(old)), signed[1].encode())


def keys(cursor: Any) -> tuple[str, ...]:
    """Public keys that checkpoints were signed with, newest first; each begins with the name of the log."""
    cursor.execute("select vkey from journal_logkey order by since_size desc")
    return tuple(row[0] for row in cursor.fetchall())


# --- For an audit ----------------------------------------------------------------------------------------------------


def ranges(cursor: Any, after_index: int, *, limit: int) -> list[Range]:
    """The ranges that begin at or above leaf `after_index`, in order."""
    cursor.execute(
        "select first_index, leaves, kind, number, first_item from journal_logrange where first_index >= %s"
        " order by first_index limit %s",
        (after_index, limit),
    )
    return [Range(*row) for row in cursor.fetchall()]


def stored_entries(cursor: Any, start: int, end: int) -> bytes:
    """The entries of the leaves [start, end) as the log holds them, one after the other; fewer where some are gone."""
    parts = [_hashes(cursor, ENTRIES, number) for number in range(start >> HEIGHT, (end + WIDTH - 1) >> HEIGHT)]
    skipped = (start >> HEIGHT << HEIGHT) * 32
    return b"".join(parts)[start * 32 - skipped : end * 32 - skipped]


def stored_tiles(cursor: Any, level: int, first: int, *, limit: int) -> list[tuple[int, bytes]]:
    """Number and hashes of the tiles of a level from number `first` on."""
    cursor.execute(
        "select number, hashes from journal_logtile where level = %s and number >= %s order by number limit %s",
        (level, first, limit),
    )
    return [(row[0], bytes(row[1])) for row in cursor.fetchall()]


def checkpoints(cursor: Any, after_size: int, *, limit: int) -> list[tuple[int, bytes, str]]:
    """Size, root and note of the checkpoints above `after_size`, in order."""
    cursor.execute(
        "select size, root, note from journal_logcheckpoint where size > %s order by size limit %s", (after_size, limit)
    )
    return [(row[0], bytes(row[1]), row[2]) for row in cursor.fetchall()]


def levels(cursor: Any) -> Iterator[int]:
    """The levels that have tiles."""
    cursor.execute("select distinct level from journal_logtile order by level")
    return iter([row[0] for row in cursor.fetchall()])
