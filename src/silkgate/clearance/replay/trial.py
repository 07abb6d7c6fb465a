"""A changed law: the outcome of each order beside the recorded one, and what both come to in sum.

With a changed law other declarations are accepted, so numbers would be given in another order. Cancellations, returns
and random inspection go by the number; a declaration that was accepted therefore keeps the number that it was given.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from silkgate.clearance.domain import ON_THE_WAY, DeclarationEntry, Key, OfficerInstruction
from silkgate.clearance.engine.effects import Effects
from silkgate.clearance.engine.needs import Messages
from silkgate.clearance.replay.past import PastState
from silkgate.clearance.replay.recall import Recall
from silkgate.clearance.replay.recorded import Rows

OWES_NOTHING = frozenset(("", "cancelled", "returned"))
STATES = {
    "declaration.released": "800",
    "declaration.cancelled": "cancelled",
    "declaration.part_returned": "part_returned",
    "declaration.returned": "returned",
    "declaration.departed": "899",
}
"""State that an event leads to, where its detail does not say."""
PENDING = 20_000

_NUMBERS_GIVEN = (
    "select d.message_id, d.position, d.invt_no from unnest(%s::text[], %s::text[]) as k(logistics_code, logistics_no)"
    " join clearance_declaration d on hashtextextended(d.logistics_no, 0) = hashtextextended(k.logistics_no, 0)"
    " and d.logistics_no = k.logistics_no and d.logistics_code = k.logistics_code where d.invt_no is not null"
)
_KEYS = "select id, ebp_code, order_no from clearance_declaration where id = any(%s)"


class TrialState(PastState):
    """A state in which a declaration gets the number that it was given then."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.given: dict[tuple[int, int], str] = {}
        """Recorded numbers of declarations that this batch may accept, by place in the inbox."""

    def invt_no(self, entry: DeclarationEntry, head: str) -> str:
        return self.given.get(entry.place) or super().invt_no(entry, head)


class TrialRecall(Recall):
    """A recall that also brings the numbers given then."""

    state: TrialState

    def __init__(self, connection: psycopg.Connection, state: TrialState) -> None:
        super().__init__(connection, state)
        self._named: list[Key] = []

    def __call__(self, messages: Messages, **wanted: Any) -> None:
        self._named = []
        super().__call__(messages, **wanted)
        keys = list(dict.fromkeys(self._named))
        with self.connection.cursor(binary=True) as cursor:
            cursor.execute(_NUMBERS_GIVEN, ([key[0] for key in keys], [key[1] for key in keys]))
            self.state.given = {(row[0], row[1]): row[2] for row in cursor}

    def _listed(self, cursor: Any, cache: Any, keys: Sequence[Key], query: str, make: Any) -> None:
        if cache is self.state.declarations_of:
            self._named += keys  # of every declaration that the batch may accept
        super()._listed(cursor, cache, keys, query, make)

    def translated(self, instructions: Sequence[OfficerInstruction]) -> list[OfficerInstruction]:
        """The instructions on what stands now under the order that they were about."""
        if not instructions:
            return []
        numbers = [instruction.declaration_id for instruction in instructions]
        keys = {row[0]: (row[1], row[2]) for row in self.connection.execute(_KEYS, (numbers,))}
        known = [number for number in numbers if number in keys]
        current = dict(zip(known, self.current([keys[number] for number in known]), strict=True))
        return [
            OfficerInstruction(one.id, entry.id if entry else 0, one.state, one.reason, one.officer)
            for one in instructions
            for entry in (current.get(one.declaration_id),)
        ]


class Outcome(NamedTuple):
    """What an order came to: the last decision on its declaration. Empty: none in the span."""

    state: str
    reasons: str
    tax_cents: int
    """Taxes owed: as assessed, nothing where it was refused, sent back, cancelled or wholly returned."""


class Change(NamedTuple):
    """Declarations whose outcome changed in the same way."""

    state_recorded: str
    reasons_recorded: str
    state_replayed: str
    reasons_replayed: str
    declarations: int
    tax_recorded_cents: int
    tax_replayed_cents: int


class Changed(NamedTuple):
    """One declaration whose outcome changed."""

    ebp_code: str
    order_no: str
    recorded: Outcome
    replayed: Outcome


class MessageChange(NamedTuple):
    """Messages whose outcome or reasons changed in the same way."""

    outcome_recorded: str
    reasons_recorded: str
    outcome_replayed: str
    reasons_replayed: str
    messages: int


class Outcomes:
    """Both outcomes of every order, in a private file of this process."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = off", "synchronous = off", "cache_size = -65536"):
            self._file.execute(f"pragma {setting}")
        side = "{0}_state text not null default '', {0}_reasons text not null default '', {0}_tax integer default 0"
        self._file.execute(
            "create table outcome (ebp_code text, order_no text, "
            f"{side.format('then')}, {side.format('now')}, unique (order_no, ebp_code))"
        )
        self._pending: dict[str, dict[Key, Outcome]] = {"then": {}, "now": {}}
        self._messages: Counter[tuple[str, str, str, str]] = Counter()

    def close(self) -> None:
        self._file.close()

    def add(self, decisions: Rows, answers: Rows, effects: Effects) -> None:
        """What was recorded of a batch (`Recorded.decisions`, `Recorded.answers`) and what it does now."""
        then, now = self._pending["then"], self._pending["now"]
        for _, ebp_code, order_no, kind, detail, tax_cents in decisions:
            if kind not in ON_THE_WAY:
                then[ebp_code, order_no] = outcome(kind, json.loads(detail), tax_cents)
        for event in effects.events:
            if event.subject_kind == "declaration" and event.kind not in ON_THE_WAY:
                entry = effects.declarations[event.subject_id][0]
                assessment = entry.assessment
                tax = sum([line.tax_cents for line in assessment.lines]) if assessment else 0
                now[entry.key] = outcome(event.kind, event.detail, tax)
        answered = {row[1]: (row[6], row[7]) for row in answers}
        for answer in effects.answers:
            was, is_now = answered.get(answer.message_id, ("", "")), (answer.outcome, answer.reasons)
            if was != is_now:
                self._messages[*was, *is_now] += 1
        if len(then) + len(now) > PENDING:
            self._write()

    def _write(self) -> None:
        self._file.execute("begin")
        for side, found in self._pending.items():
            self._file.executemany(
                f"insert into outcome (ebp_code, order_no, {side}_state, {side}_reasons, {side}_tax)"  # noqa: S608
                f" values (?, ?, ?, ?, ?) on conflict do update set {side}_state = excluded.{side}_state,"
                f" {side}_reasons = excluded.{side}_reasons, {side}_tax = excluded.{side}_tax",
                [(*key, *came_to) for key, came_to in found.items()],
            )
            found.clear()
        self._file.execute("commit")

    def totals(self) -> tuple[int, int, int]:
        """Declarations decided, taxes recorded, taxes replayed."""
        self._write()
        row = self._file.execute("select count(*), total(then_tax), total(now_tax) from outcome").fetchone()
        return row[0], int(row[1]), int(row[2])

    def message_changes(self) -> list[MessageChange]:
        """Messages whose outcome changed, by kind of change, the most frequent first."""
        return [MessageChange(*change, count) for change, count in self._messages.most_common()]

    def changes(self) -> list[Change]:
        """Changed outcomes by kind of change, the most frequent first."""
        self._write()
        rows = self._file.execute(
            "select then_state, then_reasons, now_state, now_reasons, count(*), sum(then_tax), sum(now_tax)"
            " from outcome where (then_state, then_reasons, then_tax) <> (now_state, now_reasons, now_tax)"
            " group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4"
        )
        return [Change(*row) for row in rows]

    def changed(self, limit: int) -> list[Changed]:
        """The first changed declarations, in the order in which they were decided."""
        self._write()
        rows = self._file.execute(
            "select * from outcome where (then_state, then_reasons, then_tax) <> (now_state, now_reasons, now_tax)"
            " order by rowid limit ?",
            (limit,),
        )
        return [Changed(row[0], row[1], Outcome(*row[2:5]), Outcome(*row[5:8])) for row in rows]


def outcome(kind: str, detail: dict[str, Any], tax_cents: int | None) -> Outcome:
    """The outcome that a journal event tells of."""
    state = STATES.get(kind) or str(detail["state"])
    refused = kind in ("declaration.refused", "declaration.sent_back")
    reasons = ";".join(sorted({finding[0] for finding in detail.get("findings", ())}))
    owed = 0 if refused or state in OWES_NOTHING else tax_cents or 0
    return Outcome(state, reasons, owed)
