"""The audit of the verifiable log: everything computed again from the rows and held against what the log says.

First the leaves, batch by batch; then every tile of the tree; then every checkpoint that was ever signed. It stops at
the first difference, because nothing after it can be trusted to mean what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import psycopg

from silkgate.exchange.sealing import BATCHES_AT_ONCE, batch_groups, newest_batch, prepared
from silkgate.journal import api as journal
from silkgate.kernel.text import Text
from silkgate.standards.tlog.merkle import HASH_BYTES, ProofError, leaf_hash, perfect_root
from silkgate.standards.tlog.note import read_key
from silkgate.standards.tlog.proof import read_checkpoint
from silkgate.standards.tlog.tiles import ENTRIES, HEIGHT, WIDTH, MissingTileError, hashes_of, width_in

TILES_AT_ONCE = 64
CHECKPOINTS_AT_ONCE = 500

Progress = Callable[[int, int], None]
"""Called with how many leaves were checked, and of how many."""


class Audited(NamedTuple):
    """What an audit looked at, and the first thing that is not as it was."""

    leaves: int
    batches: int
    events: int
    checkpoints: int
    waiting_batches: int
    """Decided, and not in the log yet."""
    difference: Text | None


class _DifferenceError(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class _Audit:
    def __init__(self, cursor: psycopg.Cursor, state: journal.LogState, progress: Progress) -> None:
        self.cursor, self.state, self.progress = cursor, state, progress
        self.batches = self.events = self.checkpoints = 0

    # -- leaves ------------------------------------------------------------------------------------------------------

    def leaves(self) -> None:
        """Every leaf is what its rows say, and every batch up to the last sealed one has its leaves."""
        index = batch = item_id = event_id = 0
        for run in self._runs():
            if run[0].kind == journal.EVENT:
                groups = [self._person(one) for one in run]
                self.events += len(run)
            else:
                if run[0].number != batch + 1:
                    raise _DifferenceError(f"第{batch + 1}批不在日志中。", f"Batch {batch + 1} is not in the log.")
                batch = run[-1].number
                try:
                    groups, item_id, event_id = batch_groups(
                        self.cursor, self.state.salt_key, run[0].number, batch, item_id, event_id
                    )
                except journal.LogError as error:
                    raise _DifferenceError(
                        f"第{run[0].number}至{batch}批的记录不完整或次序不对：{error}。",
                        f"The rows of batches {run[0].number} to {batch} are not complete or not in order: {error}.",
                    ) from error
                self.batches += len(run)
            for place, group in zip(run, groups, strict=True):
                if place.first_index != index:
                    raise _DifferenceError(
                        f"日志第{index}条记录的归属缺失。", f"Nothing says what entry {index} of the log is of."
                    )
                self._compare(place, group)
                index += place.leaves
            self.progress(index, self.state.size)
        state = self.state
        if (index, batch, item_id, event_id) != (state.size, state.batch_no, state.item_id, state.event_id):
            raise _DifferenceError(
                f"日志应有{self.state.size}条记录，由数据重算为{index}条，或最后的回执、事件不同。",
                f"The log has {self.state.size} entries, the rows make {index}, or end in other receipts or events.",
            )

    def _runs(self) -> Iterator[list[journal.Range]]:
        """The ranges of the log in order; batches that follow each other come together."""
        run: list[journal.Range] = []
        for one in self._ranges():
            joins = run and one.kind == run[0].kind and one.number == run[-1].number + 1
            if run and (not joins or len(run) == BATCHES_AT_ONCE):
                yield run
                run = []
            run.append(one)
        if run:
            yield run

    def _ranges(self) -> Iterator[journal.Range]:
        after = 0
        while found := journal.log_ranges(self.cursor, after, limit=1_000):
            yield from found
            after = found[-1].first_index + 1

    def _person(self, place: journal.Range) -> journal.Group:
        try:
            return journal.event_group(self.cursor, place.number, self.state.salt_key)
        except journal.LogError as error:
            raise _DifferenceError(
                f"日志第{place.first_index}条记录所指的事件{place.number}不存在了。",
                f"Event {place.number}, entry {place.first_index} of the log, is gone.",
            ) from error

    def _compare(self, place: journal.Range, group: journal.Group) -> None:
        stored = hashes_of(journal.log_entries(self.cursor, place.first_index, place.first_index + place.leaves))
        computed = list(group.entries)
        if stored == computed and place.first_item == group.first_item:
            return
        if len(computed) != place.leaves:
            raise _DifferenceError(
                f"第{place.number}批在日志中有{place.leaves}条记录，由数据重算为{len(computed)}条。",
                f"Batch {place.number} has {place.leaves} entries in the log, the rows make {len(computed)}.",
            )
        offset = next(
            (i for i, entry in enumerate(computed) if i >= len(stored) or stored[i] != entry), len(computed) - 1
        )
        at = place.first_index + offset
        if place.kind == journal.EVENT:
            what = Text(f"事件{place.number}", f"event {place.number}")
        elif offset == len(computed) - 1:
            what = Text(f"第{place.number}批的事件", f"the journal events of batch {place.number}")
        else:
            number = place.first_item + offset
            what = Text(f"第{place.number}批的回执{number}", f"receipt {number} of batch {place.number}")
        raise _DifferenceError(f"{what.zh}与日志第{at}条记录不符。", f"Entry {at} of the log does not fit {what.en}.")

    # -- tree --------------------------------------------------------------------------------------------------------

    def tree(self) -> None:
        """Every tile is what the tiles below it say, and none is too many."""
        size = self.state.size
        expected = [ENTRIES]
        level = 0
        while size >> (HEIGHT * level):
            expected.append(level)
            level += 1
        found = list(journal.log_levels(self.cursor))
        if found != (expected if size else []):
            raise _DifferenceError(
                f"日志的层次为{found}，应为{expected}。", f"The log has the levels {found}, not {expected}."
            )
        for level in expected if size else []:
            self._level(level)

    def _level(self, level: int) -> None:
        size, number = self.state.size, 0
        while True:
            tiles = journal.log_tiles(self.cursor, level, number, limit=TILES_AT_ONCE)
            for place, hashes in tiles:
                if place != number or len(hashes) != HASH_BYTES * width_in(size, level, number):
                    break
                if level != ENTRIES and hashes_of(hashes) != self._below(level, number):
                    break
                number += 1
            else:
                if tiles:
                    continue
                if width_in(size, level, number) == 0:
                    return
            raise _DifferenceError(
                f"日志第{level}层第{number}块与其下层不符、缺失或多余。",
                f"Tile {level}/{number} of the log does not fit what is below it, is missing, or is too many.",
            )

    def _below(self, level: int, number: int) -> list[bytes]:
        """The hashes that a tile must have, from the level below."""
        if level == 0:
            tiles = journal.log_tiles(self.cursor, ENTRIES, number, limit=1)
            return [leaf_hash(entry) for entry in hashes_of(tiles[0][1])] if tiles else []
        made: list[bytes] = []
        for start in range(number * WIDTH, (number + 1) * WIDTH, TILES_AT_ONCE):
            for place, hashes in journal.log_tiles(self.cursor, level - 1, start, limit=TILES_AT_ONCE):
                if place < start + TILES_AT_ONCE and len(hashes) == WIDTH * HASH_BYTES:
                    made.append(perfect_root(hashes_of(hashes)))
        return made

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def signed(self) -> None:
        """Every checkpoint says the root of its size and carries the signature of a key of ours."""
        keys = [read_key(key) for key in journal.log_keys(self.cursor)]
        size = 0
        while rows := journal.log_checkpoints(self.cursor, size, limit=CHECKPOINTS_AT_ONCE):
            for size, root, note in rows:
                self._checkpoint(size, root, note, keys)
                self.checkpoints += 1
        if size != self.state.size:
            raise _DifferenceError(
                f"最后的检查点有{size}条记录，日志有{self.state.size}条。",
                f"The last checkpoint has {size} entries, the log {self.state.size}.",
            )

    def _checkpoint(self, size: int, root: bytes, note: str, keys: list) -> None:
        try:
            checkpoint, opened = read_checkpoint(note.encode(), keys)
            if not opened.verified:
                raise ProofError("no key of ours has signed it")
            computed = journal.log_tree(self.cursor, size).root()
            if (checkpoint.size, checkpoint.root, root) != (size, computed, computed):
                raise ProofError("its root is not that of its size")
        except (ProofError, MissingTileError) as error:
            raise _DifferenceError(
                f"{size}条记录的检查点不成立：{error}。", f"The checkpoint of {size} entries does not hold: {error}."
            ) from error

    def outside(self, raw: bytes) -> None:
        """A checkpoint that was kept elsewhere is one of this log's."""
        try:
            checkpoint, _ = read_checkpoint(raw)
        except ProofError as error:
            raise _DifferenceError(
                f"给出的检查点无法读取：{error}。", f"The checkpoint that was given cannot be read: {error}."
            ) from error
        size = checkpoint.size
        if size > self.state.size or journal.log_tree(self.cursor, size).root() != checkpoint.root:
            raise _DifferenceError(
                f"给出的检查点（{size}条记录）不是本日志的：本日志被改写或回退过，或检查点属于别处。",
                f"The checkpoint that was given ({size} entries) is not of this log: the log was rewritten or rolled "
                "back, or the checkpoint is another’s.",
            )


def audit(
    connection: psycopg.Connection, progress: Progress = lambda done, total: None, outside: bytes | None = None
) -> Audited:
    """Compute the whole log again from the rows, in one snapshot, and compare.

    `outside` is a checkpoint that was kept elsewhere: it must be one of this log's.
    """
    prepared(connection)
    with connection.transaction(), connection.cursor() as cursor:
        state = journal.log_state(cursor) or journal.LogState(0, 0, 0, 0, bytes(32))
        work = _Audit(cursor, state, progress)
        difference = None
        try:
            work.leaves()
            work.tree()
            work.signed()
            if outside is not None:
                work.outside(outside)
        except _DifferenceError as found:
            difference = found.text
        waiting = max(newest_batch(cursor) - state.batch_no, 0)
    return Audited(state.size, work.batches, work.events, work.checkpoints, waiting, difference)
