"""Words of casework: what a person decides, step by step, by whom and until when. No database here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from silkgate.kernel.text import Text

OFFICER, APPLICANT = "officer", "applicant"
SIDES = {OFFICER: Text("承办部门", "The agency"), APPLICANT: Text("申请人", "The applicant")}
"""Who moves a case, and whom it waits for."""

SHORTEST_REASON, LONGEST_REASON = 4, 2_000
"""Characters of a reason."""
LONGEST_RULE = 300
"""Characters of the rule that a decision rests on."""


class State(NamedTuple):
    """Where a case may stand."""

    words: Text
    open: bool = True
    """False: decided or given up. A closed case may still have moves, such as an appeal."""
    working_days: int | None = None
    """Deadline, counted from the day on which the state is entered; None: there is none."""
    waits_for: str = ""
    """`OFFICER`, `APPLICANT` or nobody. While it waits for the applicant, the officer's deadline stands still."""
    mark: str = ""
    """Which of the marks of `ui.states.MARKS` pages show beside the words; empty: by whom it waits for."""


class Move(NamedTuple):
    """One way from state to state, and who may go it."""

    name: str
    words: Text
    sources: frozenset[str]
    target: str
    by: str
    """`APPLICANT` or `OFFICER`."""
    duty: str = ""
    """That the officer has to be charged with, of `identity.DUTIES`."""
    four_eyes: bool = False
    """Not by the officer who made the last officer's move."""
    reason: bool = True
    """A reason must be given."""
    evidence: bool = False
    """At least one file must have been added since the last move."""
    within_working_days: int | None = None
    """Only so long after its state was entered; None: at any time."""
    page: str = ""
    """Address name (given the case's number) of a page of its own for the move; empty: the common form."""


class Workflow(NamedTuple):
    """A kind of case: its states, its moves, and who acts as applicant for the organisation that the case is about."""

    name: str
    words: Text
    first: str
    states: Mapping[str, State]
    moves: tuple[Move, ...]
    roles: frozenset[str]
    """Members of the organisation in any of these (a representative always)."""
    scopes: frozenset[str]
    """Agents and clients to whom the organisation has given any of these."""

    def move(self, name: str) -> Move | None:
        """A move by its name; None where there is none."""
        return next((move for move in self.moves if move.name == name), None)

    def moves_from(self, state: str) -> tuple[Move, ...]:
        """The moves that leave a state, whoever makes them."""
        return tuple(move for move in self.moves if state in move.sources)

    @property
    def duties(self) -> frozenset[str]:
        """Officers charged with any of these see its cases."""
        return frozenset(move.duty for move in self.moves if move.by == OFFICER)


class Case(NamedTuple):
    """One case as it stands."""

    id: int
    workflow: str
    state: str
    organisation_code: str
    subject: str
    """What it is about, as the room that opened it names things."""
    title: Text
    data: dict[str, Any]
    opened_at: datetime
    opened_by: str
    entered_at: datetime
    """When it came into its state."""
    due_on: date | None
    """Last day for whoever it waits for; None: no deadline."""
    officer_state: str
    """While it waits for the applicant: the officer's state that was left."""
    officer_days_left: int | None
    """While it waits for the applicant: working days that the officer will have; below zero: late already."""
    last_officer: str
    """User name of the officer who made the last officer's move; empty: none has."""
    version: int
    """Number of its moves so far, opening included. A page that was made for an older one is refused."""
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Neither decided nor given up."""
        return self.closed_at is None


class Step(NamedTuple):
    """One move that was made. Never changed."""

    id: int
    case_id: int
    number: int
    """1 is the opening."""
    source: str
    """Empty for the opening."""
    target: str
    move: str
    """Empty for the opening."""
    actor: str
    agency: str
    """Of the officer; empty: the applicant acted."""
    at: datetime
    reason: str
    rule: str
    data: dict[str, Any]


class Evidence(NamedTuple):
    """One file of a case. Its bytes are kept by their SHA-256."""

    id: int
    case_id: int
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    verdict: str
    """`CLEAN`: a virus scanner let it pass; `UNSCANNED`: there is no scanner here."""
    by: str
    agency: str
    """Of the officer who added it; empty: the applicant did."""
    at: datetime
    case_version: int
    """Version of the case when it was added."""


CLEAN, UNSCANNED = "clean", "unscanned"
VERDICTS = {
    CLEAN: Text("已查毒，未发现问题", "Scanned, nothing found"),
    UNSCANNED: Text("未查毒", "Not scanned"),
}


class Line(NamedTuple):
    """One line of a list: the case, and what the reader may do with it now."""

    case: Case
    moves: tuple[Move, ...]
    late: bool


class Page(NamedTuple):
    """One page of a list; `after` is what asks for the next one, empty where the list ends."""

    lines: tuple[Line, ...]
    after: str


class Refused(ValueError):  # noqa: N818 - a refusal is an outcome
    """Something is not done; `text` says why and what to do, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class MoveRefused(Refused):
    """A move is not made."""


class EvidenceRefused(Refused):
    """A file is not taken."""


class NotYours(LookupError):  # noqa: N818 - says nothing about whether it is there
    """There is no such thing for whoever asks: it does not exist, or it is not theirs to see."""
